//! Errors that come back: which earlier items an item repeats.

use std::collections::{BTreeMap, BTreeSet};

use crate::env::Env;
use crate::fault::Failure;
use crate::period::Period;
use crate::reconcile::Discrepancy;
use crate::store::Recurrence;

/// The items that share a fingerprint, by fingerprint.
#[derive(Debug, Default)]
pub(super) struct Recurrences {
    by_fingerprint: BTreeMap<String, Vec<Recurrence>>,
}

impl Recurrences {
    /// Reads where else the errors of some items stood.
    pub(super) async fn of(env: &Env, items: &[Discrepancy]) -> Result<Self, Failure> {
        let fingerprints: BTreeSet<&String> = items.iter().map(|item| &item.fingerprint).collect();
        let keys: Vec<String> = fingerprints.into_iter().cloned().collect();
        let mut by_fingerprint: BTreeMap<String, Vec<Recurrence>> = BTreeMap::new();
        for one in env.store.recurrences(&keys).await? {
            by_fingerprint
                .entry(one.fingerprint.clone())
                .or_default()
                .push(one);
        }
        Ok(Self { by_fingerprint })
    }

    /// The same error in earlier periods, the newest first.
    pub(super) fn earlier(&self, item: &Discrepancy) -> Vec<&Recurrence> {
        let known = self.by_fingerprint.get(&item.fingerprint);
        known
            .into_iter()
            .flatten()
            .rev()
            .filter(|one| one.period < item.period)
            .collect()
    }

    /// In how many periods in a row the error stands, up to and with the item's own.
    pub(super) fn streak(&self, item: &Discrepancy) -> u32 {
        let periods: BTreeSet<Period> = self.earlier(item).iter().map(|one| one.period).collect();
        let mut streak = 1;
        let mut before = item.period.previous();
        while periods.contains(&before) {
            streak += 1;
            before = before.previous();
        }
        streak
    }
}
