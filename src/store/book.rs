//! The book of discrepancies, and what each reconcile counted.

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::fault::Failure;
use crate::period::Period;
use crate::reconcile::{
    Completeness, Discrepancy, DiscrepancyEvent, DiscrepancyState, Kind, UnitTotals,
};
use crate::store::error::StoreError;

/// What a reconcile of one rule and period counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// A UUID of version 7.
    pub reconciliation_id: String,
    /// The run.
    pub run_id: String,
    /// The rule.
    pub rule: String,
    /// The period.
    pub period: Period,
    /// When it was made.
    pub at: Timestamp,
    /// What was known: records extracted by this instant.
    pub as_of: Timestamp,
    /// Digest of the rules, tolerances and settings.
    pub rules_version: String,
    /// Digest of the list of input files.
    pub input_digest: String,
    /// The sources that made units unknown, with the reason.
    pub blind_sources: Vec<(String, String)>,
    /// The units that have items in the book, and that are unknown or not due yet: (account,
    /// product).
    pub undecided_units: Vec<(String, String)>,
    /// The completeness identity by source and entity.
    pub completeness: Vec<Completeness>,
    /// Counts and sums by account, branch and currency.
    pub totals: Vec<UnitTotals>,
}

/// An item as it is to be, and the events that brought it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscrepancyChange {
    /// The item, whole.
    pub discrepancy: Discrepancy,
    /// Its state before; `None` for a new item. The write is refused when it differs in the store.
    pub was: Option<DiscrepancyState>,
    /// What happened.
    pub events: Vec<DiscrepancyEvent>,
    /// The second person, where one approved it.
    pub approver: Option<String>,
}

/// The end of [`ChangeParts`] at which changes are given.
#[derive(Debug)]
pub struct ChangeSender(mpsc::Sender<Option<Vec<DiscrepancyChange>>>);

/// Changes that come part by part, so that they need not all be in memory. They count only when the
/// sender has said that it is done: whoever stops before that has changed nothing.
#[derive(Debug)]
pub struct ChangeParts(mpsc::Receiver<Option<Vec<DiscrepancyChange>>>);

/// Parts that wait to be written.
const WAITING_PARTS: usize = 2;

impl ChangeParts {
    /// Both ends.
    pub fn channel() -> (ChangeSender, Self) {
        let (sender, receiver) = mpsc::channel(WAITING_PARTS);
        (ChangeSender(sender), Self(receiver))
    }

    /// The next part, `None` after the last one; an error where the sender was dropped before its end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<DiscrepancyChange>>, StoreError> {
        match self.0.recv().await {
            Some(part) => Ok(part),
            None => Err(StoreError::Interrupted(
                "the changes of a reconcile did not come to their end".to_owned(),
            )),
        }
    }
}

impl ChangeSender {
    /// Gives a part; says whether anybody still takes it.
    pub async fn send(&self, part: Vec<DiscrepancyChange>) -> bool {
        self.0.send(Some(part)).await.is_ok()
    }

    /// Says that these were all.
    pub async fn finish(self) {
        // Where nobody takes it any more, the write has failed and says so itself.
        let _ = self.0.send(None).await;
    }
}

/// Which items to list.
#[derive(Debug, Clone, Default)]
pub struct DiscrepancyFilter {
    /// Of these periods; of all when empty.
    pub periods: Vec<Period>,
    /// Of this rule.
    pub rule: Option<String>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// In one of these states; in any when empty.
    pub states: Vec<DiscrepancyState>,
    /// Of this golden account.
    pub account: Option<String>,
    /// Of this branch.
    pub branch: Option<String>,
    /// With this id.
    pub id: Option<String>,
}

/// An item by what it has in common with items of other periods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recurrence {
    /// The item.
    pub id: String,
    /// Hash of rule, account, product, kind and field: the same over periods.
    pub fingerprint: String,
    /// The service period.
    pub period: Period,
}

/// Discrepancies and reconciliations.
#[async_trait]
pub trait BookStore: Send + Sync {
    /// Records a reconcile and the changes that it makes, with their audit entries, in one
    /// transaction.
    async fn record_reconciliation(
        &self,
        reconciliation: &Reconciliation,
        changes: &[DiscrepancyChange],
    ) -> Result<(), Failure>;

    /// The same with changes that come while they are written. Nothing is recorded unless all came.
    async fn record_reconciliation_parts(
        &self,
        reconciliation: &Reconciliation,
        parts: ChangeParts,
    ) -> Result<(), Failure>;

    /// Records the moves of a person, with their audit entries, in one transaction.
    async fn record_changes(&self, changes: &[DiscrepancyChange]) -> Result<(), Failure>;

    /// The items that a filter takes, by opening instant and then id.
    async fn discrepancies(&self, filter: &DiscrepancyFilter) -> Result<Vec<Discrepancy>, Failure>;

    /// The history of an item, in order.
    async fn discrepancy_events(&self, id: &str) -> Result<Vec<DiscrepancyEvent>, Failure>;

    /// All items with one of these fingerprints that were an error, by fingerprint and period: not
    /// those that were dismissed as a false positive or as an item that is there twice, or that
    /// cleared themselves as timing.
    async fn recurrences(&self, fingerprints: &[String]) -> Result<Vec<Recurrence>, Failure>;

    /// The events of all items at or after `from` and before `to`, in order.
    async fn events_between(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<DiscrepancyEvent>, Failure>;

    /// The newest reconciliation of a rule and period that was made at or before `as_of`.
    async fn reconciliation(
        &self,
        rule: &str,
        period: Period,
        as_of: Timestamp,
    ) -> Result<Option<Reconciliation>, Failure>;

    /// The periods that a rule was ever reconciled for, in order.
    async fn reconciled_periods(&self, rule: &str) -> Result<Vec<Period>, Failure>;
}
