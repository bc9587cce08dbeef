//! What people decided of payments: the manual matches.

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

/// Manual matches.
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
}
