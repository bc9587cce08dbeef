//! The crosswalk: which records of which systems are one customer, since when, and who decided it.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::fault::Failure;

/// One membership of one account in one golden account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrosswalkEntry {
    /// The source's name.
    pub source: String,
    /// The account's id in the source.
    pub source_id: String,
    /// The golden account's id.
    pub golden_id: String,
    /// Since when.
    pub valid_from: Timestamp,
    /// Until when; `None` while it holds.
    pub valid_to: Option<Timestamp>,
    /// A person's name, or `crossfoot`.
    pub decided_by: String,
    /// The rule: `linked_id`, `tax_id`, `alone`, `manual`.
    pub rule: String,
    /// The score from 0 to 1, as decimal text.
    pub score: String,
}

/// The crosswalk.
#[async_trait]
pub trait CrosswalkStore: Send + Sync {
    /// The memberships that hold at an instant, by source and id.
    async fn crosswalk(&self, at: Timestamp) -> Result<Vec<CrosswalkEntry>, Failure>;

    /// Closes the memberships that hold for the entries' accounts and opens the given ones, in one
    /// transaction. An entry equal to the one that holds changes nothing.
    async fn save_crosswalk(&self, entries: &[CrosswalkEntry]) -> Result<(), Failure>;
}
