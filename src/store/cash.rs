//! What people decided of payments, and which payments rules did not place at the first attempt.

use async_trait::async_trait;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::currency::Currency;
use crate::fault::Failure;

/// A part of a payment, and the invoice that it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CashPart {
    /// The invoice: `source:id`.
    pub invoice: String,
    /// How much of the payment.
    pub amount: Decimal,
}

/// Where a payment goes by the word of a person: all of it, so that the newest decision stands alone.
/// Never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashDecision {
    /// A UUID of version 7.
    pub decision_id: String,
    /// The payment: `source:id`.
    pub payment: String,
    /// The currency of the amounts.
    pub currency: Currency,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// Who decided it.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// The decision that stood before.
    pub replaces: Option<String>,
    /// The invoices that the payment is for.
    pub parts: Vec<CashPart>,
}

/// A payment that rules did not place in a comparison that saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashWait {
    /// The payment: `source:id`.
    pub payment: String,
    /// The first comparison that did not place it.
    pub since: Timestamp,
    /// The comparison that placed it.
    pub ended_at: Option<Timestamp>,
    /// Whether that was the first one that saw all of its invoices too.
    pub is_first_pass: bool,
}

/// The landmark that says from which instant on it is kept what comparisons did not place.
pub const CASH_PASSES_SINCE: &str = "cash_passes_since";
/// The landmark of the last comparison that kept it.
pub const CASH_PASSED_AT: &str = "cash_passed_at";

/// Manual matches and waiting payments.
#[async_trait]
pub trait CashStore: Send + Sync {
    /// The decisions that stood at an instant, one per payment, by payment.
    async fn cash_decisions(&self, as_of: Timestamp) -> Result<Vec<CashDecision>, Failure>;

    /// Records a decision with the audit entry, in one transaction. Refused when another one than it
    /// claims to replace stands by now. `before` is where the payment went until then, for the trail.
    async fn record_cash_decision(
        &self,
        decision: &CashDecision,
        before: &[CashPart],
    ) -> Result<(), Failure>;

    /// The payments that had waited by an instant, by payment; a wait that ended later is told as
    /// ended all the same.
    async fn cash_waits(&self, as_of: Timestamp) -> Result<Vec<CashWait>, Failure>;

    /// Keeps waits, in place of what was known of the same payments, and landmarks with them, in one
    /// transaction.
    async fn save_cash_waits(
        &self,
        waits: &[CashWait],
        landmarks: Vec<(&'static str, String)>,
    ) -> Result<(), Failure>;
}
