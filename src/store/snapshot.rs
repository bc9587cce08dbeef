//! Figures as they were reported: KPI snapshots of periods, and versions of reports.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::fault::Failure;
use crate::period::Period;

/// The KPIs of one scope and period as computed at one time. Never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KpiSnapshot {
    /// A UUID of version 7.
    pub snapshot_id: String,
    /// The branch, or `all`.
    pub scope: String,
    /// The period.
    pub period: Period,
    /// What was known: records extracted by this instant.
    pub as_of: Timestamp,
    /// When it was computed.
    pub computed_at: Timestamp,
    /// The run.
    pub run_id: String,
    /// The `kpi --json` object.
    pub body: String,
}

/// A version of a report: a new one when a printed figure changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportVersion {
    /// The report's name.
    pub report: String,
    /// The branch, or `all`.
    pub scope: String,
    /// The period's text.
    pub period: String,
    /// 1, 2, ...
    pub version: u32,
    /// Digest of the printed figures.
    pub figures_digest: String,
    /// The printed figures, as JSON, to tell what changed.
    pub figures: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Snapshots and versions.
#[async_trait]
pub trait SnapshotStore: Send + Sync {
    /// Keeps a snapshot.
    async fn save_kpi(&self, snapshot: &KpiSnapshot) -> Result<(), Failure>;

    /// Per period the newest snapshot of a scope, for periods from `first` to `last`, in order.
    async fn newest_kpis(
        &self,
        scope: &str,
        first: Period,
        last: Period,
    ) -> Result<Vec<KpiSnapshot>, Failure>;

    /// The newest version of a report.
    async fn report_version(
        &self,
        report: &str,
        scope: &str,
        period: &str,
    ) -> Result<Option<ReportVersion>, Failure>;

    /// Keeps a version; one with the same number is left as it is.
    async fn save_report_version(&self, version: &ReportVersion) -> Result<(), Failure>;

    /// Marks a step of a resumable job as done: `(job key, step)`.
    async fn save_checkpoint(&self, key: &str, step: &str, at: Timestamp) -> Result<(), Failure>;

    /// The steps of a job key that are done.
    async fn checkpoints(&self, key: &str) -> Result<Vec<String>, Failure>;

    /// Forgets a job key's steps, when the job is complete.
    async fn clear_checkpoints(&self, key: &str) -> Result<(), Failure>;
}
