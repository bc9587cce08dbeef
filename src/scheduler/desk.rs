//! What the tasks of a daemon share, and the round that each beat asks for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::flight::Flights;
use super::observer::Observer;
use super::planner::{LEASE, Planner, Tick};
use super::runner::JobRunner;
use super::supervise::supervise;
use super::tempo::Tempo;
use crate::clock::Clock;
use crate::fault::Failure;
use crate::store::RunStore;

/// Leases are looked after, and lost runs looked for, at every this many rounds: 15 seconds.
const ROUNDS_BETWEEN_REAPS: u32 = 15;

/// The shared part of a daemon.
pub(super) struct Desk {
    pub(super) store: Arc<dyn RunStore>,
    pub(super) clock: Clock,
    pub(super) planner: Planner,
    pub(super) runner: Arc<dyn JobRunner>,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) tracker: TaskTracker,
    pub(super) flights: Flights,
    pub(super) tempo: Tempo,
    /// Cancelled when the daemon is to end.
    pub(super) stop: CancellationToken,
    pub(super) round_count: AtomicU32,
}

impl Desk {
    /// One round: own leases first, then the lost, then the due, each of which gets its task.
    pub(super) async fn round(self: Arc<Self>) -> Result<(), Failure> {
        let now = self.clock.now();
        // After a pause of this process its own runs look lost; whoever took one over meanwhile
        // is found out here, before this process takes anything itself.
        for run_id in self.flights.overdue(now) {
            self.renew(&run_id).await;
        }
        let round = self.round_count.fetch_add(1, Ordering::Relaxed);
        let reaps = round.is_multiple_of(ROUNDS_BETWEEN_REAPS);
        let mut failures = Vec::new();
        if reaps && let Err(failure) = self.planner.reap(now).await {
            failures.push(failure);
        }
        let mut busy = self.flights.jobs();
        let due = self.planner.tick(now, &busy).await;
        busy.extend(due.due.iter().map(|due| due.ticket.job.clone()));
        failures.extend(self.begin_runs(due));
        let resumed = self.planner.tick_parked(now, &busy).await;
        busy.extend(resumed.due.iter().map(|due| due.ticket.job.clone()));
        failures.extend(self.begin_runs(resumed));
        if reaps {
            let lost = self.planner.rerun_lost(now, &busy).await;
            failures.extend(self.begin_runs(lost));
        }
        failures.into_iter().next().map_or(Ok(()), Err)
    }

    fn begin_runs(self: &Arc<Self>, tick: Tick) -> Vec<Failure> {
        for due in tick.due {
            self.tracker.spawn(supervise(Arc::clone(self), due));
        }
        tick.failures
    }

    /// Renews a run's lease. A run that the store no longer holds for ours, or whose lease went out
    /// while the store could not be asked, is asked to stop.
    pub(super) async fn renew(&self, run_id: &str) {
        let Some(flight) = self.flights.get(run_id) else {
            return;
        };
        let now = self.clock.now();
        let until = now.checked_add(LEASE).unwrap_or(now);
        match self.store.renew_lease(run_id, until).await {
            Ok(true) => self.flights.renewed(run_id, until),
            Ok(false) => {
                tracing::error!(
                    run.id = %run_id,
                    "run {run_id} of job `{}` is no longer ours and is asked to stop",
                    flight.job
                );
                flight.cancel.cancel();
            }
            Err(failure) => {
                tracing::warn!(run.id = %run_id, "the lease was not renewed: {failure}");
                if flight.lease_until < now {
                    flight.cancel.cancel();
                }
            }
        }
    }
}
