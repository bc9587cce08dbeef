//! `[job.x]`: what runs when.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{HumanDuration, ZoneName};

/// What is done about fires that were missed while crossfoot was down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CatchUp {
    /// Nothing.
    Skip,
    /// One run for all of them.
    #[default]
    Last,
    /// A run for each.
    All,
}

/// Which sources a job pulls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "\"all\", or a list of sources")]
pub enum SyncScope {
    /// `"all"`.
    All(AllWord),
    /// The named ones.
    Named(Vec<String>),
}

/// The word `all`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AllWord {
    /// All of them.
    All,
}

/// Which periods a job reconciles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReconcileScope {
    /// The current one and those before it, as `[reconcile] open_periods` says.
    OpenPeriods,
    /// The current one.
    CurrentPeriod,
    /// The one before it.
    PreviousPeriod,
}

/// Which period a job's reports are about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReportPeriod {
    /// The month before the current one.
    #[default]
    PreviousMonth,
    /// The current month.
    CurrentMonth,
}

/// A job: its schedule and its steps, always in the order sync, reconcile, collections, reports.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobConfig {
    /// Cron, with 5 fields, or 6 with seconds first.
    pub schedule: String,
    /// The zone of the schedule; the company's by default.
    pub timezone: Option<ZoneName>,
    /// The sources to pull.
    pub sync: Option<SyncScope>,
    /// The periods to reconcile.
    pub reconcile: Option<ReconcileScope>,
    /// Whether overdue invoices are evaluated.
    #[serde(default)]
    pub collections: bool,
    /// The reports to send.
    #[serde(default)]
    pub reports: Vec<String>,
    /// The period that they are about.
    #[serde(default)]
    pub period: ReportPeriod,
    /// What is done about missed fires.
    #[serde(default)]
    pub catch_up: CatchUp,
    /// How long a run may take.
    #[serde(default = "four_hours")]
    pub timeout: HumanDuration,
}

const fn four_hours() -> HumanDuration {
    HumanDuration::hours(4)
}
