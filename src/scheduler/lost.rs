//! Runs whose process is gone: marked as lost when their lease is out, and run once more.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::plan::Plan;
use super::planner::{DueFire, Planner, Tick};
use crate::fault::Failure;
use crate::store::{Run, RunState};

/// The second run of a fire stands in the store at the fire plus this, where `UNIQUE(job, fire_at)`
/// makes it happen once. Patterns fire at whole seconds, so it is no other fire's place, and it
/// says of itself that it is the last try.
const SECOND_RUN: SignedDuration = SignedDuration::from_micros(1);

impl Planner {
    /// Marks the runs whose lease is out as lost.
    pub async fn reap(&self, now: Timestamp) -> Result<(), Failure> {
        for run in self.store.reap_runs(now).await? {
            tracing::warn!(
                run.id = %run.run_id,
                job.name = %run.job,
                "run {} of job `{}` is lost: its lease ended at {}",
                run.run_id, run.job, run.lease_until
            );
        }
        Ok(())
    }

    /// Begins the second run of every job whose newest run was lost, except of those in `busy`.
    pub async fn rerun_lost(&self, now: Timestamp, busy: &BTreeSet<String>) -> Tick {
        let mut tick = Tick::default();
        for plan in self.plans.iter().filter(|plan| !busy.contains(&plan.job)) {
            match self.rerun_lost_of(plan, now).await {
                Ok(due) => tick.due.extend(due),
                Err(failure) => tick.failures.push(failure),
            }
        }
        tick
    }

    async fn rerun_lost_of(&self, plan: &Plan, now: Timestamp) -> Result<Option<DueFire>, Failure> {
        let recent = self.recent_runs(&plan.job, now).await?;
        let Some((fire, claim)) = recent
            .iter()
            .find(|run| run.state != RunState::Skipped)
            .and_then(second_run_of)
        else {
            return Ok(None);
        };
        self.begin(&plan.job, plan.timeout, claim, Some(fire), now)
            .await
    }
}

/// The fire of a lost run and the place of its second run, unless it was the second itself.
fn second_run_of(run: &Run) -> Option<(Timestamp, Timestamp)> {
    let fire = run.fire_at.filter(|_| run.state == RunState::Lost)?;
    if fire.subsec_nanosecond() != 0 {
        return None;
    }
    Some((fire, fire.checked_add(SECOND_RUN).ok()?))
}
