//! A payment, what was made of it, and how that is shown.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::config::CashRule;
use crate::currency::Currency;

/// What decided where a payment went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchedBy {
    /// A remittance names the payment and its invoices.
    Remittance,
    /// The payment's reference is the number or id of an invoice.
    Reference,
    /// One open invoice has the payment's amount.
    MatchSingle,
    /// All open invoices of the account together do.
    ClearAccount,
    /// All past-due ones together do.
    ClearPastDue,
    /// All past-due ones of one payment term together do.
    ClearPastDueByTerm,
    /// One combination of open invoices does, and no other.
    Combo,
    /// What combinations do is proposed; nothing is applied.
    SubsetProposals,
    /// The oldest were paid first.
    OldestFirst,
    /// A person said so.
    Manual,
    /// It takes an earlier payment back.
    Reversal,
}

impl From<CashRule> for MatchedBy {
    fn from(rule: CashRule) -> Self {
        match rule {
            CashRule::MatchSingle => Self::MatchSingle,
            CashRule::ClearAccount => Self::ClearAccount,
            CashRule::ClearPastDue => Self::ClearPastDue,
            CashRule::ClearPastDueByTerm => Self::ClearPastDueByTerm,
            CashRule::Combo => Self::Combo,
            CashRule::SubsetProposals => Self::SubsetProposals,
            CashRule::OldestFirst => Self::OldestFirst,
        }
    }
}

/// How a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// All of it is applied.
    Matched,
    /// Some of it is applied.
    Partial,
    /// Nothing is applied; the customer is known.
    Unapplied,
    /// Several invoices, or combinations of them, stood equally near: a person should look. Of single
    /// invoices the earliest due was taken; of combinations none.
    Ambiguous,
    /// Nothing is applied; nobody knows whose it is.
    Suspense,
    /// It was taken back, or it is what took another back.
    Reversed,
}

/// A dated part of a payment at one invoice. Negative parts undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) on: Date,
    pub(super) invoice: usize,
    pub(super) amount: Decimal,
}

/// A payment in scope: neither pending nor failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerPayment {
    /// `source:id`.
    pub key: String,
    /// The source's name.
    pub source: String,
    /// The source's id.
    pub id: String,
    /// The golden account's id: its own, else that of the invoice that it was found to pay.
    pub account: Option<String>,
    /// Its branch, else its account's.
    pub branch: Option<String>,
    /// When it was received.
    pub received_on: Date,
    /// How much; negative for a reversal.
    pub amount: Decimal,
    /// The currency.
    pub currency: Currency,
    /// What the payer wrote.
    pub reference: Option<String>,
    /// The payment that this one takes back, as its source names it.
    pub reversal_of: Option<String>,
    /// What decided where it went.
    pub rule: Option<MatchedBy>,
    /// Whether several invoices, or combinations of them, stood equally near.
    pub ambiguous: bool,
    /// What it could be for: the source's ids of the invoices.
    pub proposals: Vec<Vec<String>>,
    /// Why there may be more combinations than were found, in one sentence.
    pub search_stopped: Option<String>,
    /// Whether it takes an earlier payment back.
    pub is_reversal: bool,
    /// What of it was applied, and what of that was undone.
    pub(super) applied: Vec<Part>,
    /// Residuals within tolerance that were written off with it.
    pub(super) written_off: Vec<Part>,
    /// Residuals above tolerance that it left as deductions.
    pub(super) deducted: Vec<Part>,
    /// Later payments that took this one back: the day, and how much (positive).
    pub(super) reversed: Vec<(Date, Decimal)>,
    /// What application left of it.
    pub(super) left: Decimal,
}

/// A part of a payment that was applied to an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AppliedPart {
    /// The invoice, by its source's id.
    pub invoice: String,
    /// How much; negative where a reversal restored it.
    pub amount: Decimal,
}

/// A payment as it is listed. Received = applied + unapplied + on account + suspense.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CashPayment {
    /// The payment, by its source's id.
    pub payment: String,
    /// The golden account's id.
    pub account: Option<String>,
    /// When it was received.
    pub received_on: Date,
    /// How much.
    pub amount: Decimal,
    /// The currency.
    pub currency: Currency,
    /// How it stands.
    pub state: PaymentState,
    /// What decided where it went.
    pub rule: Option<MatchedBy>,
    /// Whether several invoices stood equally near.
    pub ambiguous: bool,
    /// Where it went.
    pub applied: Vec<AppliedPart>,
    /// What was written off with it, within tolerance.
    pub write_off: Decimal,
    /// What it left short, above tolerance, of invoices that it names.
    pub deduction: Decimal,
    /// Early-payment discounts; crossfoot grants none by itself, so this is zero.
    pub discount: Decimal,
    /// What is left of a known customer's money.
    pub unapplied: Decimal,
    /// What a person put on account; nobody can yet, so this is zero.
    pub on_account: Decimal,
    /// What is left of money whose owner is unknown.
    pub suspense: Decimal,
    /// What it could be for, where that is a person's to say.
    pub proposals: Vec<Vec<String>>,
    /// Why there may be more combinations than were found, in one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search_stopped: Option<String>,
    /// The branch; for scopes, not listed.
    #[serde(skip)]
    pub branch: Option<String>,
    /// The source's name; for the key, not listed.
    #[serde(skip)]
    pub source: String,
}

impl LedgerPayment {
    /// What is not applied at the end of a day.
    pub(super) fn left_on(&self, day: Date) -> Decimal {
        self.amount.saturating_sub(sum_by(&self.applied, day))
    }

    /// How it stands at the end of a day.
    pub(super) fn state_on(&self, day: Date) -> PaymentState {
        let taken_back = self
            .reversed
            .iter()
            .filter(|(on, _)| *on <= day)
            .fold(Decimal::ZERO, |sum, (_, amount)| {
                sum.saturating_add(*amount)
            });
        let left = self.left_on(day);
        if self.is_reversal || (!taken_back.is_zero() && taken_back >= self.amount) {
            PaymentState::Reversed
        } else if left == self.amount && !self.amount.is_zero() {
            if self.ambiguous {
                PaymentState::Ambiguous
            } else if self.account.is_some() {
                PaymentState::Unapplied
            } else {
                PaymentState::Suspense
            }
        } else if self.ambiguous {
            PaymentState::Ambiguous
        } else if left.saturating_sub(taken_back) > Decimal::ZERO {
            PaymentState::Partial
        } else {
            PaymentState::Matched
        }
    }
}

/// The sum of the parts that are effective by a day. Application proved that it stays within the
/// payment's amount.
pub(super) fn sum_by(parts: &[Part], day: Date) -> Decimal {
    parts
        .iter()
        .filter(|part| part.on <= day)
        .fold(Decimal::ZERO, |sum, part| sum.saturating_add(part.amount))
}
