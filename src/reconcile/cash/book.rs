//! What came of applying the cash: open invoices, payments and credits as of any day.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::error::CashError;
use super::exact::{minus, plus};
use super::invoice::{LedgerInvoice, MovementKind};
use super::payment::{AppliedPart, CashPayment, LedgerPayment, MatchedBy, PaymentState, sum_by};
use crate::currency::Currency;

/// Invoices and payments after cash application. Its constructor proves that every receipt is
/// applied plus left, that every invoice is taken off plus open, and that nothing was paid twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashBook {
    invoices: Vec<LedgerInvoice>,
    payments: Vec<LedgerPayment>,
}

/// An invoice with something open.
#[derive(Debug, Clone, Copy)]
pub struct OpenInvoice<'a> {
    /// The invoice.
    pub invoice: &'a LedgerInvoice,
    /// What of it is open; more than zero.
    pub open: Decimal,
}

/// What an attempt to place a payment came to.
#[derive(Debug, Clone)]
pub struct CashPass<'a> {
    /// The payment: `source:id`.
    pub payment: &'a str,
    /// Whether all of it is applied, for sure.
    pub is_placed: bool,
    /// Whether a person said where it goes.
    pub is_manual: bool,
    /// The invoices that it is applied to: `source:id`.
    pub invoices: Vec<&'a str>,
}

/// Where a credit comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreditKind {
    /// Money of a known customer that is not applied.
    UnappliedCash,
    /// A credit memo that is not used up.
    CreditMemo,
}

/// What a customer has to its credit. Money in suspense is nobody's credit.
#[derive(Debug, Clone, Copy)]
pub struct OpenCredit<'a> {
    /// The golden account's id.
    pub account: &'a str,
    /// The branch.
    pub branch: Option<&'a str>,
    /// The currency.
    pub currency: Currency,
    /// Where it comes from.
    pub kind: CreditKind,
    /// How much, positive. Negative where more was refunded than had been received.
    pub amount: Decimal,
}

impl CashBook {
    /// Proves the conservation of cash; `open` is what application says is open of each invoice.
    pub(super) fn prove(
        invoices: Vec<LedgerInvoice>,
        payments: Vec<LedgerPayment>,
        open: &[Decimal],
    ) -> Result<Self, CashError> {
        let mut cash_taken = Decimal::ZERO;
        for (invoice, open) in invoices.iter().zip(open) {
            let mut taken = Decimal::ZERO;
            for movement in &invoice.movements {
                taken = plus(taken, movement.amount)?;
                if movement.kind == MovementKind::Cash {
                    cash_taken = plus(cash_taken, movement.amount)?;
                }
            }
            let rest = if invoice.is_credit {
                plus(invoice.total, taken)?
            } else {
                minus(invoice.total, taken)?
            };
            let is_within = rest.is_zero() || rest.is_sign_negative() == invoice.is_credit;
            if rest != *open || !is_within || taken < Decimal::ZERO {
                return Err(CashError::Untied(format!("invoice {}", invoice.key)));
            }
        }
        let mut cash_applied = Decimal::ZERO;
        for payment in &payments {
            let mut applied = Decimal::ZERO;
            for part in &payment.applied {
                applied = plus(applied, part.amount)?;
            }
            if plus(applied, payment.left)? != payment.amount {
                return Err(CashError::Untied(format!("payment {}", payment.key)));
            }
            cash_applied = plus(cash_applied, applied)?;
        }
        if cash_applied != cash_taken {
            return Err(CashError::Untied(format!(
                "{cash_applied} applied against {cash_taken} taken off"
            )));
        }
        Ok(Self { invoices, payments })
    }

    /// All invoices and credit memos in scope, by id and source.
    pub fn invoices(&self) -> &[LedgerInvoice] {
        &self.invoices
    }

    /// All payments in scope, by id and source.
    pub fn payments(&self) -> &[LedgerPayment] {
        &self.payments
    }

    /// The invoices with something open at the end of a day, by id and source.
    pub fn open_invoices(&self, day: Date) -> Vec<OpenInvoice<'_>> {
        self.invoices
            .iter()
            .filter(|invoice| !invoice.is_credit)
            .map(|invoice| OpenInvoice {
                invoice,
                open: invoice.open_on(day),
            })
            .filter(|entry| entry.open > Decimal::ZERO)
            .collect()
    }

    /// What customers have to their credit at the end of a day: payments by id, then credit memos.
    pub fn credits(&self, day: Date) -> Vec<OpenCredit<'_>> {
        let cash = self
            .payments
            .iter()
            .filter(|payment| payment.received_on <= day)
            .filter_map(|payment| {
                Some(OpenCredit {
                    account: payment.account.as_deref()?,
                    branch: payment.branch.as_deref(),
                    currency: payment.currency,
                    kind: CreditKind::UnappliedCash,
                    amount: payment.left_on(day),
                })
            });
        let memos = self
            .invoices
            .iter()
            .filter(|invoice| invoice.is_credit)
            .map(|memo| OpenCredit {
                account: &memo.account,
                branch: memo.branch.as_deref(),
                currency: memo.currency,
                kind: CreditKind::CreditMemo,
                amount: -memo.open_on(day),
            });
        cash.chain(memos)
            .filter(|credit| !credit.amount.is_zero())
            .collect()
    }

    /// The payments received up to a day as they stand at its end, by day and id.
    pub fn payments_on(&self, day: Date) -> Vec<CashPayment> {
        let mut listed: Vec<_> = self
            .payments
            .iter()
            .filter(|payment| payment.received_on <= day)
            .map(|payment| self.listed(payment, day))
            .collect();
        listed.sort_by(|one, other| {
            (one.received_on, &one.payment, &one.source).cmp(&(
                other.received_on,
                &other.payment,
                &other.source,
            ))
        });
        listed
    }

    /// How the payments received up to a day stand at its end; not what was taken back, nor what took
    /// it back.
    pub fn passes(&self, day: Date) -> impl Iterator<Item = CashPass<'_>> {
        let receipts = self.payments.iter().filter(move |payment| {
            payment.received_on <= day && payment.state_on(day) != PaymentState::Reversed
        });
        receipts.map(move |payment| CashPass {
            payment: &payment.key,
            is_placed: payment.state_on(day) == PaymentState::Matched,
            is_manual: payment.rule == Some(MatchedBy::Manual),
            invoices: payment
                .applied
                .iter()
                .filter_map(|part| Some(self.invoices.get(part.invoice)?.key.as_str()))
                .collect(),
        })
    }

    fn listed(&self, payment: &LedgerPayment, day: Date) -> CashPayment {
        let left = payment.left_on(day);
        let (unapplied, suspense) = if payment.account.is_some() {
            (left, Decimal::ZERO)
        } else {
            (Decimal::ZERO, left)
        };
        let applied = payment
            .applied
            .iter()
            .filter(|part| part.on <= day)
            .filter_map(|part| {
                Some(AppliedPart {
                    invoice: self.invoices.get(part.invoice)?.id.clone(),
                    amount: part.amount,
                })
            });
        CashPayment {
            payment: payment.id.clone(),
            account: payment.account.clone(),
            received_on: payment.received_on,
            amount: payment.amount,
            currency: payment.currency,
            state: payment.state_on(day),
            rule: payment.rule,
            ambiguous: payment.ambiguous,
            applied: applied.collect(),
            write_off: sum_by(&payment.written_off, day),
            deduction: sum_by(&payment.deducted, day),
            discount: Decimal::ZERO,
            unapplied,
            on_account: Decimal::ZERO,
            suspense,
            proposals: payment.proposals.clone(),
            search_stopped: payment.search_stopped.clone(),
            branch: payment.branch.clone(),
            source: payment.source.clone(),
        }
    }
}
