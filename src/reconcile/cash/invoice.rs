//! An invoice or credit memo with everything that was taken off it, and when.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::currency::Currency;

/// What took something off an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovementKind {
    /// A payment; negative when it was reversed.
    Cash,
    /// A credit memo. On the credit memo's own side: what it gave to an invoice.
    Credit,
    /// A residual within the cash tolerance.
    WriteOff,
}

/// Something that was taken off an invoice on a day. Never changed; a reversal is a further one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// The effective day: never before the invoice was issued.
    pub on: Date,
    /// What it was.
    pub kind: MovementKind,
    /// The payment or credit memo behind it: `source:id`.
    pub by: String,
    /// How much; negative restores.
    pub amount: Decimal,
}

/// An invoice or credit memo in scope: neither draft nor void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerInvoice {
    /// `source:id`.
    pub key: String,
    /// The source's name.
    pub source: String,
    /// The source's id.
    pub id: String,
    /// The number that people know it by.
    pub number: String,
    /// The golden account's id.
    pub account: String,
    /// Its branch, else its account's.
    pub branch: Option<String>,
    /// Whether it is a credit memo: its total is negative.
    pub is_credit: bool,
    /// When it was issued.
    pub issued_on: Date,
    /// When it is due; the day of issue where the source states no due date.
    pub due_on: Date,
    /// The currency of its amounts.
    pub currency: Currency,
    /// Its total incl. tax.
    pub total: Decimal,
    /// Whether its source gave it up as uncollectible: then nothing of it is open.
    pub charged_off: bool,
    /// What its source says is open, used only while it has no movement.
    pub source_balance: Option<Decimal>,
    /// The invoice that a credit memo credits, as the source names it.
    pub original: Option<String>,
    /// When the first credit memo that names it was issued.
    pub corrected_on: Option<Date>,
    /// What was taken off it, in the order in which it was decided.
    pub movements: Vec<Movement>,
}

impl LedgerInvoice {
    /// Whether a payment, remittance or credit memo of the landing took anything off it, on any
    /// day. An untouched invoice's open amount is what its source says.
    pub fn is_touched(&self) -> bool {
        !self.movements.is_empty()
    }

    /// What of an invoice is open at the end of a day; zero before it is issued. Of a credit memo,
    /// the credit that is not used yet, negative.
    pub fn open_on(&self, day: Date) -> Decimal {
        if day < self.issued_on || self.charged_off {
            return Decimal::ZERO;
        }
        match self.source_balance {
            Some(balance) if !self.is_touched() => balance,
            _ => {
                let taken = self.taken_by(day);
                // Application proved that what is taken off stays within the total, so these two
                // cannot leave the range of exact decimals.
                if self.is_credit {
                    self.total.saturating_add(taken)
                } else {
                    self.total.saturating_sub(taken)
                }
            }
        }
    }

    /// The day on which the last part of it was settled, where cash did some of that and nothing of it
    /// is open at the end of `day`.
    pub fn paid_on(&self, day: Date) -> Option<Date> {
        if self.is_credit || self.charged_off || !self.open_on(day).is_zero() {
            return None;
        }
        let settled = || self.movements.iter().filter(|movement| movement.on <= day);
        settled()
            .any(|movement| movement.kind == MovementKind::Cash && movement.amount > Decimal::ZERO)
            .then(|| settled().map(|movement| movement.on).max())
            .flatten()
    }

    /// Whether any of it was open at the end of some day after `due_on` and up to `day`.
    pub fn was_past_due(&self, day: Date) -> bool {
        let Ok(first_late_day) = self.due_on.tomorrow() else {
            return false;
        };
        let turning_days = self.movements.iter().map(|movement| movement.on);
        turning_days
            .chain([first_late_day.max(self.issued_on)])
            .filter(|turn| *turn > self.due_on && *turn <= day)
            .any(|turn| self.open_on(turn) > Decimal::ZERO)
    }

    fn taken_by(&self, day: Date) -> Decimal {
        self.movements
            .iter()
            .filter(|movement| movement.on <= day)
            .fold(Decimal::ZERO, |sum, movement| {
                sum.saturating_add(movement.amount)
            })
    }
}
