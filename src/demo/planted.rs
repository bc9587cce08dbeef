//! The truth: what a correct run must have in its book, and how a run's book compares with it.

use rust_decimal::Decimal;

use crate::currency::Currency;
use crate::period::Period;
use crate::reconcile::{DiscrepancyState, Kind};

/// An item that the book must hold after a night.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planted {
    /// What kind of error it is.
    pub kind: Kind,
    /// The service period.
    pub period: Period,
    /// The customer, by the id of its company record in the CRM.
    pub customer: String,
    /// The product's code in the CRM; empty for what is about the customer alone.
    pub sku: String,
    /// The money, with its sign: plus is an overcharge, minus is leakage. It is the largest the item
    /// had since it was opened.
    pub impact: Decimal,
    /// What the impact is an amount of.
    pub currency: Currency,
    /// The state after that night, when no person moved it.
    pub state: DiscrepancyState,
    /// What happened, in a few words.
    pub story: &'static str,
}

/// An item as a run's book holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundItem {
    /// The item's kind.
    pub kind: Kind,
    /// The service period.
    pub period: Period,
    /// The customer, by the id of its company record in the CRM.
    pub customer: String,
    /// The product's code.
    pub sku: String,
    /// The money, with its sign.
    pub impact: Decimal,
    /// What the impact is an amount of.
    pub currency: Currency,
    /// The state.
    pub state: DiscrepancyState,
}

impl Planted {
    /// The item that a correct book would hold for it.
    pub fn item(&self) -> FoundItem {
        FoundItem {
            kind: self.kind,
            period: self.period,
            customer: self.customer.clone(),
            sku: self.sku.clone(),
            impact: self.impact,
            currency: self.currency,
            state: self.state,
        }
    }
}

/// How a book compares with the truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Planted, and found with the same kind, period, customer, product, impact and state.
    pub matched: Vec<Planted>,
    /// Planted, and not found like that.
    pub missed: Vec<Planted>,
    /// Found, and not planted like that.
    pub false_: Vec<FoundItem>,
}

impl Comparison {
    /// Whether the book is exactly what was planted.
    pub fn is_exact(&self) -> bool {
        self.missed.is_empty() && self.false_.is_empty()
    }
}

/// Compares a book with the truth. Every item answers for one planted error at most, so that an
/// error found twice is a false one. The order of neither list matters.
pub fn compare(planted: &[Planted], found: &[FoundItem]) -> Comparison {
    let mut remaining: Vec<&FoundItem> = found.iter().collect();
    let mut matched = Vec::new();
    let mut missed = Vec::new();
    for truth in planted {
        let wanted = truth.item();
        match remaining.iter().position(|item| **item == wanted) {
            Some(place) => {
                remaining.remove(place);
                matched.push(truth.clone());
            }
            None => missed.push(truth.clone()),
        }
    }
    Comparison {
        matched,
        missed,
        false_: remaining.into_iter().cloned().collect(),
    }
}
