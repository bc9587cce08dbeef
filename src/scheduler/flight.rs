//! The runs that this process is at, and until when the store believes so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

/// One run under way.
#[derive(Debug, Clone)]
pub(super) struct Flight {
    pub(super) job: String,
    pub(super) lease_until: Timestamp,
    /// Asks the run to stop.
    pub(super) cancel: CancellationToken,
}

/// All runs under way, by id.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<BTreeMap<String, Flight>>);

impl Flights {
    pub(super) fn begin(&self, run_id: &str, flight: Flight) {
        self.entries().insert(run_id.into(), flight);
    }

    pub(super) fn end(&self, run_id: &str) {
        self.entries().remove(run_id);
    }

    /// The jobs that are being run.
    pub(super) fn jobs(&self) -> BTreeSet<String> {
        self.entries()
            .values()
            .map(|flight| flight.job.clone())
            .collect()
    }

    pub(super) fn get(&self, run_id: &str) -> Option<Flight> {
        self.entries().get(run_id).cloned()
    }

    pub(super) fn renewed(&self, run_id: &str, lease_until: Timestamp) {
        if let Some(flight) = self.entries().get_mut(run_id) {
            flight.lease_until = lease_until;
        }
    }

    /// The runs whose lease is out by `now`: this process was stopped, or the clock was set.
    pub(super) fn overdue(&self, now: Timestamp) -> Vec<String> {
        self.entries()
            .iter()
            .filter(|(_, flight)| flight.lease_until < now)
            .map(|(run_id, _)| run_id.clone())
            .collect()
    }

    // A panic between two of these short accesses leaves the map as whole as it was.
    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Flight>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
