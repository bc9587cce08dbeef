//! The lives of periods: open, closed, locked, and what each close kept.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::fault::Failure;
use crate::period::Period;
use crate::reconcile::PeriodState;

/// A move of a period. Never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodMove {
    /// The period.
    pub period: Period,
    /// When.
    pub at: Timestamp,
    /// The state before.
    pub from: PeriodState,
    /// The state after; the same as before where a closed period was marked as filed.
    pub to: PeriodState,
    /// Who did it: the preparer of a close.
    pub actor: String,
    /// Who approved it: the reviewer of a close.
    pub approver: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Whether it was closed in spite of what its checks said.
    pub forced: bool,
    /// Whether the tax return of the period is filed from now on.
    pub tax_filed: bool,
    /// What stands as the period's snapshot from now on; `None` for an open one.
    pub close_id: Option<String>,
}

/// What a close kept. Never changed: a close after a reopening is a further version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodClose {
    /// A UUID of version 7.
    pub close_id: String,
    /// The period.
    pub period: Period,
    /// 1, and one more for each close after a reopening.
    pub version: u32,
    /// When it was closed.
    pub at: Timestamp,
    /// What was known: records extracted by this instant.
    pub as_of: Timestamp,
    /// The run that closed it.
    pub run_id: String,
    /// Digest of the rules, tolerances and settings.
    pub rules_version: String,
    /// Digest of the tolerances alone.
    pub tolerance_version: String,
    /// Digest of the exchange rates that were known.
    pub rates_version: String,
    /// Digest of the list of landed files.
    pub input_digest: String,
    /// The landed files with their digests, as JSON.
    pub inputs: String,
    /// What each check of the close found, as JSON.
    pub checks: String,
    /// The figures by scope, as JSON.
    pub figures: String,
    /// The items of the period, as JSON.
    pub items: String,
}

impl PeriodClose {
    /// A digest of everything that was kept. The audit trail has it, so that what was kept cannot
    /// be altered unseen.
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let version = self.version.to_string();
        for part in [
            &self.close_id,
            &self.period.to_string(),
            &version,
            &self.run_id,
            &self.rules_version,
            &self.tolerance_version,
            &self.rates_version,
            &self.input_digest,
            &self.inputs,
            &self.checks,
            &self.figures,
            &self.items,
        ] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// Periods.
#[async_trait]
pub trait PeriodStore: Send + Sync {
    /// Every move of every period, in the order in which they were made.
    async fn period_moves(&self) -> Result<Vec<PeriodMove>, Failure>;

    /// Records a move with what a close keeps and the audit entry, in one transaction. Refused when
    /// the period does not stand where the move claims to start from.
    async fn record_period_move(
        &self,
        moved: &PeriodMove,
        close: Option<&PeriodClose>,
    ) -> Result<(), Failure>;

    /// What a close kept.
    async fn period_close(&self, close_id: &str) -> Result<Option<PeriodClose>, Failure>;
}
