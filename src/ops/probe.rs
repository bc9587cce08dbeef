//! What operations ask of the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::fault::Failure;
use crate::reconcile::DiscrepancyState;
use crate::store::{DiscrepancyFilter, MailState, Store};

/// What the store counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Discrepancies that are not yet claimed fixed.
    pub open_discrepancies: u64,
    /// Mails that wait for delivery.
    pub outbox_pending: u64,
}

/// Answers for the store.
#[async_trait]
pub trait Probe: Send + Sync {
    /// Whether the store answers at all.
    async fn answers(&self) -> Result<(), Failure>;

    /// What it counts.
    async fn counts(&self) -> Result<Counts, Failure>;

    /// The rows that landed in a run, by source.
    async fn rows_landed(&self, run_id: &str) -> Result<BTreeMap<String, u64>, Failure>;
}

/// The store itself.
pub struct StoreProbe(pub Arc<dyn Store>);

#[async_trait]
impl Probe for StoreProbe {
    async fn answers(&self) -> Result<(), Failure> {
        self.0.schedules().await.map(|_| ())
    }

    async fn counts(&self) -> Result<Counts, Failure> {
        let filter = DiscrepancyFilter {
            states: open_states(),
            ..DiscrepancyFilter::default()
        };
        let open = self.0.discrepancies(&filter).await?;
        let pending = self
            .0
            .mail_counts()
            .await?
            .into_iter()
            .find(|(state, _)| *state == MailState::Pending)
            .map_or(0, |(_, count)| count);
        Ok(Counts {
            open_discrepancies: open.len() as u64,
            outbox_pending: pending,
        })
    }

    async fn rows_landed(&self, run_id: &str) -> Result<BTreeMap<String, u64>, Failure> {
        let mut by_source = BTreeMap::new();
        for pull in self.0.pulls_of_run(run_id).await? {
            let count: &mut u64 = by_source.entry(pull.source).or_default();
            *count = count.saturating_add(pull.landed_count);
        }
        Ok(by_source)
    }
}

/// The states of an item that is not yet claimed fixed.
fn open_states() -> Vec<DiscrepancyState> {
    let open = |state: &DiscrepancyState| state.is_open();
    DiscrepancyState::ALL.iter().copied().filter(open).collect()
}
