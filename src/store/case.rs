//! Collection cases: one per invoice that is or was past due.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::currency::Currency;
use crate::fault::Failure;

/// A case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The invoice: `source:id`.
    pub invoice: String,
    /// The invoice's number.
    pub number: String,
    /// The golden account's id.
    pub account: String,
    /// `overdue`, `paid`, ...
    pub state: String,
    /// The level: 0 before the first step.
    pub level: u16,
    /// Days past due at the last evaluation.
    pub days_past_due: i64,
    /// The currency of the amounts.
    pub currency: Currency,
    /// What is open.
    pub open: Decimal,
    /// What may be chased: open less what is disputed or promised.
    pub eligible: Decimal,
    /// The local day of the last step.
    pub last_step_on: Option<Date>,
    /// What the last evaluation did: `sent`, `wait`, `hold` or `none`.
    pub action: String,
    /// Why it was held.
    pub hold_reason: Option<String>,
    /// The local day of the last evaluation.
    pub evaluated_on: Date,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Cases.
#[async_trait]
pub trait CaseStore: Send + Sync {
    /// All cases, by account and invoice; of one account when given.
    async fn cases(&self, account: Option<&str>) -> Result<Vec<Case>, Failure>;

    /// Writes cases, new or not, with audit entries for those whose state or level changed, in one
    /// transaction.
    async fn save_cases(&self, cases: &[Case], run_id: &str) -> Result<(), Failure>;
}
