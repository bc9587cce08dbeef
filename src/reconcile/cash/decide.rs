//! The manual match: whether a person may apply a payment to invoices, and what then stands.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::book::CashBook;
use super::invoice::LedgerInvoice;
use super::payment::{LedgerPayment, MatchedBy, PaymentState};
use crate::currency::Currency;
use crate::fault::{Failure, Fault, Retry};
use crate::money::money_text;
use crate::store::CashPart;

/// What a person asks: so much of a payment for each of these invoices.
#[derive(Debug, Clone, Copy)]
pub struct MatchRequest<'r> {
    /// The payment, by its source's id or as `source:id`.
    pub payment: &'r str,
    /// The invoices, by id, by number or as `source:id`, and how much for each.
    pub parts: &'r [(String, Decimal)],
    /// The day of the question.
    pub day: Date,
}

/// A manual match that may be made.
#[derive(Debug, Clone)]
pub struct ManualMatch<'b> {
    /// The payment.
    pub payment: &'b LedgerPayment,
    /// Where it goes now.
    pub before: Vec<CashPart>,
    /// Where it goes from now on: what stood and is kept, and what was asked.
    pub parts: Vec<CashPart>,
}

/// Why a payment was not applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MatchError {
    /// No payment has that id.
    #[error("there is no payment `{0}`")]
    NoPayment(String),
    /// Several sources have a payment or invoice of that name.
    #[error("several {what} are called `{name}`: {found}")]
    Several {
        /// `payments` or `invoices`.
        what: &'static str,
        /// The name.
        name: String,
        /// Those that there are.
        found: String,
    },
    /// No invoice has that id or number.
    #[error("there is no invoice `{0}`")]
    NoInvoice(String),
    /// It is a credit memo, or was given up.
    #[error("`{name}` takes no payment: it is {what}")]
    NotPayable {
        /// The invoice.
        name: String,
        /// What it is.
        what: &'static str,
    },
    /// The payment is in another currency.
    #[error("payment `{payment}` is in {paid} and invoice `{invoice}` in {owed}")]
    Currency {
        /// The payment.
        payment: String,
        /// Its currency.
        paid: Currency,
        /// The invoice.
        invoice: String,
        /// Its currency.
        owed: Currency,
    },
    /// Nothing of the payment is left.
    #[error("payment `{payment}` is applied already: {applied}")]
    Applied {
        /// The payment.
        payment: String,
        /// Where it went.
        applied: String,
    },
    /// It was taken back, or takes another back.
    #[error("payment `{0}` was taken back, or takes another one back")]
    Reversed(String),
    /// More than is left of the payment, or than is open of the invoice.
    #[error("{asked} is more than is {rest} of {what}: {available} {currency}")]
    TooMuch {
        /// What was asked.
        asked: String,
        /// `left` or `open`.
        rest: &'static str,
        /// The payment or invoice.
        what: String,
        /// What there is.
        available: String,
        /// The currency.
        currency: Currency,
    },
    /// An amount of nothing, or less.
    #[error("the amount for invoice `{0}` is not above zero")]
    NotPositive(String),
}

impl Fault for MatchError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoPayment(_) => "XF-K024",
            Self::Several { .. } => "XF-R803",
            Self::NoInvoice(_) => "XF-R804",
            Self::NotPayable { .. } => "XF-R805",
            Self::Currency { .. } => "XF-R806",
            Self::Applied { .. } => "XF-R807",
            Self::Reversed(_) => "XF-R808",
            Self::TooMuch { .. } => "XF-R809",
            Self::NotPositive(_) => "XF-R810",
        }
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoPayment(_) => "`crossfoot cash list` shows every payment",
            Self::Several { .. } => "name it as source:id",
            Self::NoInvoice(_) => "name it by the id or the number that its source gives it",
            Self::NotPayable { .. } => "name an invoice that is still owed",
            Self::Currency { .. } => {
                "crossfoot converts no payment: take an invoice of its currency"
            }
            Self::Applied { .. } => {
                "what a rule or a person applied stays; a reversal in the billing system takes it back"
            }
            Self::Reversed(_) => "`crossfoot cash show` tells what it took back",
            Self::TooMuch { .. } => "apply less, or to further invoices",
            Self::NotPositive(_) => "write each as INVOICE=AMOUNT with an amount above zero",
        };
        Some(hint.to_owned())
    }

    fn effect(&self) -> Option<String> {
        Some("nothing was changed".into())
    }
}

impl CashBook {
    /// Judges a manual match by what is known. What rules or people applied of the payment stays; only
    /// an ambiguous match by a rule, which asks for a person, gives way.
    pub fn decide(&self, request: &MatchRequest<'_>) -> Result<ManualMatch<'_>, Failure> {
        Ok(self.judge(request)?)
    }

    fn judge(&self, request: &MatchRequest<'_>) -> Result<ManualMatch<'_>, MatchError> {
        let payment = self.payment_named(request.payment, request.day)?;
        let state = payment.state_on(request.day);
        if payment.is_reversal || payment.amount <= Decimal::ZERO || !payment.reversed.is_empty() {
            return Err(MatchError::Reversed(payment.id.clone()));
        }
        let before = self.standing(payment);
        let gives_way = state == PaymentState::Ambiguous && payment.rule != Some(MatchedBy::Manual);
        let mut parts = if gives_way {
            Vec::new()
        } else {
            before.clone()
        };
        let kept = sum(&parts);
        let mut left = payment.amount.saturating_sub(kept);
        if left <= Decimal::ZERO {
            return Err(MatchError::Applied {
                payment: payment.id.clone(),
                applied: told(&before, payment.currency),
            });
        }
        for (name, amount) in request.parts {
            if *amount <= Decimal::ZERO {
                return Err(MatchError::NotPositive(name.clone()));
            }
            let invoice = self.invoice_named(name, payment)?;
            if invoice.currency != payment.currency {
                return Err(MatchError::Currency {
                    payment: payment.id.clone(),
                    paid: payment.currency,
                    invoice: invoice.id.clone(),
                    owed: invoice.currency,
                });
            }
            if *amount > left {
                return Err(too_much(*amount, "left", payment, left));
            }
            let own = |parts: &[CashPart]| {
                let of_invoice = parts.iter().filter(|part| part.invoice == invoice.key);
                of_invoice.fold(Decimal::ZERO, |sum, part| sum.saturating_add(part.amount))
            };
            // What this payment took of it is its own to give; what was just asked is taken.
            let open = invoice
                .open_on(Date::MAX)
                .saturating_add(own(&before))
                .saturating_sub(own(&parts));
            if *amount > open {
                let what = format!("invoice `{}`", invoice.id);
                return Err(MatchError::TooMuch {
                    asked: money_text(*amount, payment.currency),
                    rest: "open",
                    what,
                    available: money_text(open.max(Decimal::ZERO), payment.currency),
                    currency: payment.currency,
                });
            }
            left = left.saturating_sub(*amount);
            match parts.iter_mut().find(|part| part.invoice == invoice.key) {
                Some(part) => part.amount = part.amount.saturating_add(*amount),
                None => parts.push(CashPart {
                    invoice: invoice.key.clone(),
                    amount: *amount,
                }),
            }
        }
        Ok(ManualMatch {
            payment,
            before,
            parts,
        })
    }

    /// What of a payment is applied, by invoice.
    fn standing(&self, payment: &LedgerPayment) -> Vec<CashPart> {
        let mut parts: Vec<CashPart> = Vec::new();
        for part in &payment.applied {
            let Some(invoice) = self.invoices().get(part.invoice) else {
                continue;
            };
            match parts.iter_mut().find(|one| one.invoice == invoice.key) {
                Some(known) => known.amount = known.amount.saturating_add(part.amount),
                None => parts.push(CashPart {
                    invoice: invoice.key.clone(),
                    amount: part.amount,
                }),
            }
        }
        parts.retain(|part| part.amount > Decimal::ZERO);
        parts
    }

    fn payment_named(&self, name: &str, day: Date) -> Result<&LedgerPayment, MatchError> {
        let named: Vec<&LedgerPayment> = self
            .payments()
            .iter()
            .filter(|one| one.received_on <= day && (one.id == name || one.key == name))
            .collect();
        match named.as_slice() {
            [only] => Ok(only),
            [] => Err(MatchError::NoPayment(name.to_owned())),
            several => {
                let keys = several.iter().map(|one| one.key.as_str());
                Err(one_of("payments", name, keys))
            }
        }
    }

    /// The invoice of an id, of the payment's source where several have it, else of a number.
    fn invoice_named(
        &self,
        name: &str,
        payment: &LedgerPayment,
    ) -> Result<&LedgerInvoice, MatchError> {
        let all = self.invoices();
        let narrowed = |mut found: Vec<_>| -> Vec<&LedgerInvoice> {
            if found.len() > 1
                && found
                    .iter()
                    .any(|one: &&LedgerInvoice| one.source == payment.source)
            {
                found.retain(|one| one.source == payment.source);
            }
            found
        };
        let by_key: Vec<&LedgerInvoice> = all.iter().filter(|one| one.key == name).collect();
        let by_id = || narrowed(all.iter().filter(|one| one.id == name).collect());
        let by_number = || narrowed(all.iter().filter(|one| one.number == name).collect());
        let mut named = by_key;
        if named.is_empty() {
            named = by_id();
        }
        if named.is_empty() {
            named = by_number();
        }
        let invoice = match named.as_slice() {
            [only] => *only,
            [] => return Err(MatchError::NoInvoice(name.to_owned())),
            several => {
                let keys = several.iter().map(|one| one.key.as_str());
                return Err(one_of("invoices", name, keys));
            }
        };
        let what = if invoice.is_credit {
            "a credit memo"
        } else if invoice.charged_off {
            "given up as uncollectible"
        } else {
            return Ok(invoice);
        };
        Err(MatchError::NotPayable {
            name: name.to_owned(),
            what,
        })
    }
}

fn sum(parts: &[CashPart]) -> Decimal {
    parts
        .iter()
        .fold(Decimal::ZERO, |sum, part| sum.saturating_add(part.amount))
}

fn told(parts: &[CashPart], currency: Currency) -> String {
    let texts: Vec<String> = parts
        .iter()
        .map(|part| format!("{}={}", part.invoice, money_text(part.amount, currency)))
        .collect();
    texts.join(" ")
}

fn one_of<'k>(what: &'static str, name: &str, keys: impl Iterator<Item = &'k str>) -> MatchError {
    MatchError::Several {
        what,
        name: name.to_owned(),
        found: keys.collect::<Vec<_>>().join(", "),
    }
}

fn too_much(
    asked: Decimal,
    rest: &'static str,
    payment: &LedgerPayment,
    available: Decimal,
) -> MatchError {
    MatchError::TooMuch {
        asked: money_text(asked, payment.currency),
        rest,
        what: format!("payment `{}`", payment.id),
        available: money_text(available, payment.currency),
        currency: payment.currency,
    }
}
