//! `[cash]` and `[collections]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::DecimalText;

/// How payments without a remittance are applied to invoices.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CashConfig {
    /// The rules in their order; the first that finds something decides. Applied are `match_single`,
    /// `clear_account`, `clear_past_due`, `clear_past_due_by_term`, `combo` and `oldest_first`, which
    /// takes every payment that reaches it; `subset_proposals` only proposes. What could be meant in
    /// several ways goes no further: it waits for `crossfoot cash apply`.
    pub rules: Vec<CashRule>,
    /// Within how many days of its receipt a payment that is taken back was not accurate; until then
    /// its accuracy is provisional.
    pub correction_days: u16,
}

/// A rule of cash application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CashRule {
    /// One open invoice has exactly the payment's amount.
    MatchSingle,
    /// All open invoices of the account together do.
    ClearAccount,
    /// All past-due ones together do.
    ClearPastDue,
    /// All past-due ones of one payment term (days from issue to due date) together do.
    ClearPastDueByTerm,
    /// Exactly one combination of open invoices comes to exactly the amount; of several all are
    /// proposed and none is applied, as when the search had to be ended.
    Combo,
    /// Combinations of open invoices that come to exactly the amount are proposed, never applied.
    SubsetProposals,
    /// The oldest are paid first, the last one in part.
    OldestFirst,
}

impl Default for CashConfig {
    fn default() -> Self {
        use CashRule::{ClearAccount, ClearPastDue, MatchSingle, OldestFirst};
        Self {
            rules: vec![MatchSingle, ClearAccount, ClearPastDue, OldestFirst],
            correction_days: 60,
        }
    }
}

/// Whether a customer must have been sent the written policy before a level above the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PolicyNotice {
    /// It must.
    #[default]
    Required,
    /// It need not.
    Off,
}

/// A level of the collections procedure.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// Its name, as `L1`.
    pub name: String,
    /// Days past due from which it is reached.
    pub days_past_due: u16,
    /// Less than this is not chased at this level.
    #[serde(default = "nothing")]
    pub min_amount: DecimalText,
    /// Calendar days between this level's step and the next.
    #[serde(default = "a_week")]
    pub wait_days: u16,
    /// Who else is told.
    #[serde(default)]
    pub notify: Vec<String>,
    /// Whether a person must approve the step.
    #[serde(default)]
    pub approval: bool,
}

fn nothing() -> DecimalText {
    DecimalText(rust_decimal::Decimal::ZERO)
}

const fn a_week() -> u16 {
    7
}

/// How overdue invoices are chased.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CollectionsConfig {
    /// The levels in their order.
    pub level: Vec<Level>,
    /// Days that a promise may be late.
    pub promise_grace_days: u16,
    /// How much of a promise may be missing, in percent.
    pub promise_tolerance_percent: DecimalText,
    /// Whether the written policy goes first.
    pub policy_notice: PolicyNotice,
    /// Evaluate and log, and move nothing.
    pub dry_run: bool,
    /// Take steps on business days only.
    pub business_days_only: bool,
}

impl Default for CollectionsConfig {
    fn default() -> Self {
        Self {
            level: Vec::new(),
            promise_grace_days: 2,
            promise_tolerance_percent: DecimalText(rust_decimal::Decimal::from(5)),
            policy_notice: PolicyNotice::default(),
            dry_run: false,
            business_days_only: true,
        }
    }
}
