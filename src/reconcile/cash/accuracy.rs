//! Whether payers paid the right amount for the right invoices at once, and whether what was claimed
//! is what was invoiced and paid.

use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::book::CashBook;
use super::error::CashError;
use super::exact::{minus, plus};
use super::invoice::{LedgerInvoice, MovementKind};
use super::payment::LedgerPayment;
use super::tolerance::cash_limit;
use crate::config::ToleranceConfig;
use crate::currency::Currency;
use crate::fault::Failure;
use crate::money::{ratio, times};

/// How accurate the payments of a period are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentAccuracy {
    /// Payments that were received in the period; what took another back is none.
    #[serde(default)]
    pub payments: u64,
    /// Of these, those by the right payer, with the right amount within tolerance, for sure invoices,
    /// at the first attempt and not taken back within the days of correction.
    #[serde(default)]
    pub accurate: u64,
    /// Accurate / payments.
    pub count_rate: Option<Decimal>,
    /// 1 − sum of errors / sum of what was due, not below 0.
    pub value_rate: Option<Decimal>,
    /// The share that can still be taken back within the days of correction.
    pub provisional_share: Option<Decimal>,
    /// Invoices that were issued in the period, neither drafts nor void ones.
    #[serde(default)]
    pub invoices: u64,
    /// Of these, those that a credit memo names.
    #[serde(default)]
    pub corrected_invoices: u64,
    /// Invoices that needed no correction / invoices issued.
    #[serde(default)]
    pub invoice_accuracy: Option<Decimal>,
    /// Lines that were claimed in the period.
    #[serde(default)]
    pub claim_lines: u64,
    /// Of these, the share that is invoiced as it was claimed and paid as it was invoiced.
    #[serde(default)]
    pub claim_line_rate: Option<Decimal>,
}

/// A claimed line beside what was invoiced and paid for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimLine {
    /// The day of the claim.
    pub on: Date,
    /// The branch.
    pub branch: Option<String>,
    /// The currency.
    pub currency: Currency,
    /// What was claimed for the same product of the same invoice, all claims together.
    pub claimed: Decimal,
    /// What was invoiced of it.
    pub invoiced: Decimal,
    /// What was paid of that.
    pub paid: Decimal,
}

/// What accuracy is measured by.
pub struct AccuracyInput<'a> {
    /// Invoices and payments after cash application.
    pub book: &'a CashBook,
    /// The claimed lines, of whatever day.
    pub claims: &'a [ClaimLine],
    /// The tolerances; `cash` is used.
    pub tolerance: &'a ToleranceConfig,
    /// Within how many days a correction makes a payment inaccurate.
    pub correction_days: u16,
    /// The first and the last day of the period.
    pub days: (Date, Date),
    /// The day of the question.
    pub today: Date,
    /// Only this branch.
    pub branch: Option<&'a str>,
    /// The currency of the sums.
    pub currency: Currency,
    /// The rate of a day: (from, into, day).
    pub rate_on: &'a dyn Fn(Currency, Currency, Date) -> Option<Decimal>,
}

/// Measures the payments and claims of a period as they stand on the day of the question.
pub fn payment_accuracy(input: &AccuracyInput<'_>) -> Result<PaymentAccuracy, Failure> {
    Ok(measure(input)?)
}

fn measure(input: &AccuracyInput<'_>) -> Result<PaymentAccuracy, CashError> {
    let mut found = PaymentAccuracy::default();
    let (mut errors, mut dues) = (Decimal::ZERO, Decimal::ZERO);
    let mut provisional = 0_u64;
    for payment in input.book.payments().iter().filter(|one| input.takes(one)) {
        let judged = input.judge(payment)?;
        found.payments += 1;
        found.accurate += u64::from(judged.is_accurate);
        provisional += u64::from(judged.is_provisional);
        // A currency without a rate is in no sum; its payments are counted all the same.
        if let Some(rate) = input.rate(payment.currency) {
            errors = plus(errors, times(judged.error, rate)?)?;
            dues = plus(dues, times(judged.due, rate)?)?;
        }
    }
    let share = |part: u64, whole: u64| ratio(Decimal::from(part), Decimal::from(whole));
    found.count_rate = share(found.accurate, found.payments).map(|rate| rate.normalize());
    found.provisional_share = share(provisional, found.payments).map(|rate| rate.normalize());
    found.value_rate =
        ratio(errors, dues).map(|wrong| (Decimal::ONE - wrong).max(Decimal::ZERO).normalize());
    for invoice in input.book.invoices().iter().filter(|one| input.issued(one)) {
        found.invoices += 1;
        let is_corrected = invoice.corrected_on.is_some_and(|on| on <= input.today);
        found.corrected_invoices += u64::from(is_corrected);
    }
    found.invoice_accuracy = share(found.invoices - found.corrected_invoices, found.invoices)
        .map(|rate| rate.normalize());
    let mut right = 0_u64;
    for claim in input
        .claims
        .iter()
        .filter(|one| input.is_in_period(one.on) && input.is_in_branch(one.branch.as_deref()))
    {
        found.claim_lines += 1;
        right += u64::from(is_claim_right(claim, input.tolerance)?);
    }
    found.claim_line_rate = share(right, found.claim_lines).map(|rate| rate.normalize());
    Ok(found)
}

fn is_claim_right(claim: &ClaimLine, tolerance: &ToleranceConfig) -> Result<bool, CashError> {
    let is_near = |expected: Decimal, actual: Decimal| -> Result<bool, CashError> {
        let limit = cash_limit(tolerance, claim.currency, expected)?;
        Ok(minus(actual, expected)?.abs() <= limit)
    };
    Ok(is_near(claim.claimed, claim.invoiced)? && is_near(claim.invoiced, claim.paid)?)
}

/// What became of one payment.
struct Judged {
    due: Decimal,
    error: Decimal,
    is_accurate: bool,
    is_provisional: bool,
}

impl AccuracyInput<'_> {
    fn is_in_period(&self, day: Date) -> bool {
        day >= self.days.0 && day <= self.days.1
    }

    fn is_in_branch(&self, branch: Option<&str>) -> bool {
        self.branch.is_none_or(|wanted| branch == Some(wanted))
    }

    fn takes(&self, payment: &LedgerPayment) -> bool {
        self.is_in_period(payment.received_on)
            && payment.received_on <= self.today
            && self.is_in_branch(payment.branch.as_deref())
            && !payment.is_reversal
            && payment.amount > Decimal::ZERO
    }

    fn issued(&self, invoice: &LedgerInvoice) -> bool {
        self.is_in_period(invoice.issued_on)
            && invoice.issued_on <= self.today
            && self.is_in_branch(invoice.branch.as_deref())
            && !invoice.is_credit
    }

    fn rate(&self, from: Currency) -> Option<Decimal> {
        if from == self.currency {
            return Some(Decimal::ONE);
        }
        (self.rate_on)(from, self.currency, self.days.1)
    }

    fn judge(&self, payment: &LedgerPayment) -> Result<Judged, CashError> {
        let until = payment
            .received_on
            .checked_add(i64::from(self.correction_days).days())
            .unwrap_or(Date::MAX);
        let is_taken_back = payment
            .reversed
            .iter()
            .any(|(on, _)| *on <= self.today && *on <= until);
        let mut settled: Vec<&LedgerInvoice> = Vec::new();
        for part in payment.applied.iter().filter(|part| part.on <= self.today) {
            if let Some(invoice) = self.book.invoices().get(part.invoice)
                && !settled.iter().any(|known| known.key == invoice.key)
            {
                settled.push(invoice);
            }
        }
        let mut due = Decimal::ZERO;
        let mut is_first = true;
        for invoice in &settled {
            let before = before_payment(invoice, &payment.key)?;
            due = plus(due, before.owed)?;
            is_first &= !before.was_restored;
        }
        let is_right_payer = settled
            .iter()
            .all(|invoice| payment.account.as_ref() == Some(&invoice.account));
        let is_misapplied = settled.is_empty() || is_taken_back || !is_right_payer;
        let off = minus(payment.amount, due)?.abs();
        let error = if is_misapplied {
            payment.amount
        } else if off <= cash_limit(self.tolerance, payment.currency, due)? {
            Decimal::ZERO
        } else {
            off
        };
        Ok(Judged {
            due,
            error,
            is_accurate: error.is_zero() && is_first && !payment.ambiguous,
            is_provisional: until > self.today,
        })
    }
}

/// How an invoice stood when a payment came.
struct Before {
    owed: Decimal,
    /// Whether an earlier payment of it had been taken back.
    was_restored: bool,
}

fn before_payment(invoice: &LedgerInvoice, payment: &str) -> Result<Before, CashError> {
    let mut movements: Vec<_> = invoice.movements.iter().collect();
    // What a person decided was applied first, whatever its day.
    movements.sort_by_key(|movement| movement.on);
    let mut owed = invoice.total;
    let mut was_restored = false;
    for movement in movements {
        if movement.kind == MovementKind::Cash {
            if movement.by == payment {
                break;
            }
            was_restored |= movement.amount.is_sign_negative();
        }
        owed = minus(owed, movement.amount)?;
    }
    Ok(Before { owed, was_restored })
}
