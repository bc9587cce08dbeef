//! Which fires are due, and whose they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::plan::Plan;
use super::runner::RunTicket;
use crate::config::CatchUp;
use crate::fault::Failure;
use crate::store::{NewRun, Run, RunState, RunStore, Schedule};

/// A run is believed to be alive for this long after its lease was last renewed.
pub(super) const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// A fire that is planned later than this is a missed one, which `catch_up` decides on.
const LATE_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// Clocks of two daemons may differ by this much; a schedule that is further ahead than its
/// pattern was planned by a clock that has been set back since.
const CLOCK_SKEW_MAX: SignedDuration = SignedDuration::from_mins(5);

/// `catch_up = "all"` runs no more than the newest this many missed fires.
const CATCH_UP_MAX: usize = 100;

/// Fires that are skipped are recorded at the last of them plus this. The fire's own place stays free:
/// a clock that ran ahead and was set back comes to it once more, and then it is to be run.
const SKIPPED_RECORD: SignedDuration = SignedDuration::from_micros(2);

/// How many of a job's newest runs are looked at: more than a clock far ahead can have begun.
const RECENT_RUNS_MAX: u32 = 200;

/// A fire that is ours to run: its run is begun in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueFire {
    /// What the job is told.
    pub ticket: RunTicket,
    /// How long it may take.
    pub timeout: Duration,
    /// Until when the store believes it to be alive.
    pub lease_until: Timestamp,
}

/// What a tick came to. A failure of one job does not keep the others from their fires.
#[derive(Debug, Default)]
pub struct Tick {
    /// The fires that are ours to run.
    pub due: Vec<DueFire>,
    /// What went wrong, by job where one was concerned.
    pub failures: Vec<Failure>,
}

/// Finds and claims due fires. Any number of planners may share a store.
pub struct Planner {
    pub(super) store: Arc<dyn RunStore>,
    pub(super) plans: Vec<Plan>,
    owner: String,
}

/// The fires of a job that are due, divided by what is done about them; each oldest first.
struct Pending {
    /// They fell due while a run of the same job was under way.
    overlapped: Vec<Timestamp>,
    /// They fell due while nobody was there to run them, and `catch_up` says to let them be.
    missed: Vec<Timestamp>,
    /// The one to run now, if any.
    run: Option<Timestamp>,
    /// The one to run after it, when each is to be run.
    then: Option<Timestamp>,
}

impl Planner {
    /// A planner of these plans that signs its runs as `owner`.
    pub fn new(store: Arc<dyn RunStore>, plans: Vec<Plan>, owner: String) -> Self {
        Self {
            store,
            plans,
            owner,
        }
    }

    /// Removes the schedules of jobs that are no longer configured.
    pub async fn forget_removed(&self) -> Result<(), Failure> {
        let jobs: Vec<String> = self.plans.iter().map(|plan| plan.job.clone()).collect();
        self.store.keep_schedules(&jobs).await
    }

    /// Claims what is due at `now`. Jobs in `busy` are being run by this process: their fires
    /// wait, and are recorded as skipped when the run has ended.
    pub async fn tick(&self, now: Timestamp, busy: &BTreeSet<String>) -> Tick {
        let mut tick = Tick::default();
        let schedules: BTreeMap<String, Schedule> = match self.store.schedules().await {
            Ok(schedules) => schedules
                .into_iter()
                .map(|schedule| (schedule.job.clone(), schedule))
                .collect(),
            Err(failure) => {
                tick.failures.push(failure);
                return tick;
            }
        };
        for plan in &self.plans {
            let stored = schedules.get(&plan.job);
            match self.tick_job(plan, stored, now, busy).await {
                Ok(due) => tick.due.extend(due),
                Err(failure) => tick.failures.push(failure),
            }
        }
        tick
    }

    async fn tick_job(
        &self,
        plan: &Plan,
        stored: Option<&Schedule>,
        now: Timestamp,
        busy: &BTreeSet<String>,
    ) -> Result<Option<DueFire>, Failure> {
        let last_fire_at = stored.and_then(|schedule| schedule.last_fire_at);
        let unchanged = stored.filter(|schedule| {
            schedule.cron == plan.cron.text() && schedule.timezone == plan.cron.zone_name()
        });
        let next_fire_at = unchanged.and_then(|schedule| schedule.next_fire_at);
        match next_fire_at {
            Some(next) if next <= now => {
                if busy.contains(&plan.job) {
                    return Ok(None);
                }
                self.settle(plan, next, last_fire_at, now).await
            }
            Some(next) if !is_ahead_of_its_pattern(plan, next, now) => Ok(None),
            _ => {
                // New, changed, or planned by a clock that has been set back: from here on.
                let planned = plan.cron.next_after(now);
                if planned.is_some() || unchanged.is_none() {
                    self.save(plan, planned, last_fire_at).await?;
                }
                Ok(None)
            }
        }
    }

    /// Decides on the fires from `next` to `now`, and begins the run of one of them.
    async fn settle(
        &self,
        plan: &Plan,
        next: Timestamp,
        last_fire_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Option<DueFire>, Failure> {
        let recent = self.recent_runs(&plan.job, now).await?;
        if recent.iter().any(|run| run.state == RunState::Running) {
            return Ok(None);
        }
        let before_next = next
            .checked_sub(SignedDuration::from_micros(1))
            .unwrap_or(next);
        let mut fires = plan.cron.newest_between(before_next, now, CATCH_UP_MAX);
        if let Some(last) = last_fire_at.filter(|last| next <= *last) {
            // The clock went back behind what was planned and came forward again: what was decided
            // on the first time is no missed fire now.
            fires.retain(|fire| *fire > last || !is_late(*fire, now));
        }
        let pending = divide(plan.catch_up, fires, &recent, now);
        if let Some(fire) = pending.overlapped.last() {
            let reason = "the run before was still under way";
            self.record_skipped(plan, *fire, now, pending.overlapped.len(), reason)
                .await?;
        }
        if let Some(fire) = pending.missed.last() {
            let reason = "no daemon was there, and catch_up says not to make up for it";
            self.record_skipped(plan, *fire, now, pending.missed.len(), reason)
                .await?;
        }
        let due = match pending.run {
            Some(fire) => {
                let due = self
                    .begin(&plan.job, plan.timeout, fire, Some(fire), now)
                    .await?;
                if due.is_none() && !self.was_begun(plan, fire, now).await? {
                    // Another run of the job came between; the fire waits for its end.
                    return Ok(None);
                }
                due
            }
            None => None,
        };
        let planned = pending.then.or_else(|| plan.cron.next_after(now));
        let settled = [
            pending.run,
            pending.overlapped.last().copied(),
            pending.missed.last().copied(),
        ]
        .into_iter()
        .flatten()
        .filter(|fire| planned.is_none_or(|planned| *fire < planned))
        .max();
        if let Err(failure) = self.save(plan, planned, settled.or(last_fire_at)).await {
            // The run is begun all the same; the next tick finds its fire taken and moves on.
            if due.is_none() {
                return Err(failure);
            }
            tracing::warn!(job.name = %plan.job, "the schedule was not moved on: {failure}");
        }
        Ok(due)
    }

    /// Begins a run in the store; `None` when somebody else did, or is at the same job.
    pub(super) async fn begin(
        &self,
        job: &str,
        timeout: Duration,
        claim: Timestamp,
        fire_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Option<DueFire>, Failure> {
        let lease_until = now.checked_add(LEASE).unwrap_or(Timestamp::MAX);
        let run = NewRun {
            run_id: new_run_id(now),
            job: job.to_owned(),
            fire_at: Some(claim),
            started_at: now,
            owner: self.owner.clone(),
            lease_until,
        };
        Ok(self.store.begin_run(&run).await?.then_some(DueFire {
            ticket: RunTicket {
                run_id: run.run_id,
                job: run.job,
                fire_at,
            },
            timeout,
            lease_until,
        }))
    }

    /// Records fires that are not run, as one skipped run at the last of them.
    async fn record_skipped(
        &self,
        plan: &Plan,
        fire: Timestamp,
        now: Timestamp,
        count: usize,
        reason: &str,
    ) -> Result<(), Failure> {
        let place = fire.checked_add(SKIPPED_RECORD).unwrap_or(fire);
        let Some(skipped) = self
            .begin(&plan.job, plan.timeout, place, Some(fire), now)
            .await?
        else {
            return Ok(());
        };
        let summary = serde_json::json!({ "skipped_fires": count }).to_string();
        let error = format!("{count} fires skipped up to {fire}: {reason}");
        tracing::warn!(job.name = %plan.job, "job `{}`: {error}", plan.job);
        self.store
            .finish_run(
                &skipped.ticket.run_id,
                RunState::Skipped,
                now,
                Some(&summary),
                Some(&error),
            )
            .await
    }

    async fn was_begun(
        &self,
        plan: &Plan,
        fire: Timestamp,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let recent = self.recent_runs(&plan.job, now).await?;
        let begun = recent.iter().any(|run| run.fire_at == Some(fire));
        Ok(begun || !recent.iter().any(|run| run.state == RunState::Running))
    }

    /// The newest runs of a job, without those that a clock far ahead has left behind.
    pub(super) async fn recent_runs(&self, job: &str, now: Timestamp) -> Result<Vec<Run>, Failure> {
        let mut recent = self.store.runs(Some(job), RECENT_RUNS_MAX).await?;
        let newest = now.checked_add(CLOCK_SKEW_MAX).unwrap_or(now);
        recent.retain(|run| run.state == RunState::Running || run.started_at <= newest);
        Ok(recent)
    }

    async fn save(
        &self,
        plan: &Plan,
        next_fire_at: Option<Timestamp>,
        last_fire_at: Option<Timestamp>,
    ) -> Result<(), Failure> {
        self.store
            .save_schedule(&Schedule {
                job: plan.job.clone(),
                cron: plan.cron.text().into(),
                timezone: plan.cron.zone_name().into(),
                next_fire_at,
                last_fire_at,
            })
            .await
    }
}

/// Whether a fire of the pattern lies well before the one that is planned.
fn is_ahead_of_its_pattern(plan: &Plan, next: Timestamp, now: Timestamp) -> bool {
    let ahead = now
        .checked_add(CLOCK_SKEW_MAX)
        .ok()
        .and_then(|from| plan.cron.next_after(from))
        .is_some_and(|expected| expected < next);
    if ahead {
        tracing::warn!(
            job.name = %plan.job,
            "the clock was set back: job `{}` was planned for {next} and is planned anew",
            plan.job
        );
    }
    ahead
}

/// Divides the due fires of a job by what is done about them.
fn divide(catch_up: CatchUp, fires: Vec<Timestamp>, recent: &[Run], now: Timestamp) -> Pending {
    let (overlapped, waiting): (Vec<_>, Vec<_>) = fires
        .into_iter()
        .partition(|fire| recent.iter().any(|run| covers(run, *fire)));
    let (run, then, missed) = match catch_up {
        CatchUp::Last => (waiting.last().copied(), None, Vec::new()),
        CatchUp::All => (
            waiting.first().copied(),
            waiting.get(1).copied(),
            Vec::new(),
        ),
        CatchUp::Skip => {
            let (missed, on_time): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|fire| is_late(*fire, now));
            (on_time.last().copied(), None, missed)
        }
    };
    Pending {
        overlapped,
        missed,
        run,
        then,
    }
}

/// Whether a fire is so old that it was missed.
fn is_late(fire: Timestamp, now: Timestamp) -> bool {
    now.duration_since(fire) > LATE_AFTER
}

/// Whether a fire fell due while this run was at work.
fn covers(run: &Run, fire: Timestamp) -> bool {
    let worked = matches!(
        run.state,
        RunState::Done | RunState::Incomplete | RunState::Failed
    );
    worked && run.started_at < fire && run.finished_at.is_some_and(|end| fire <= end)
}

/// A run id whose time part is `now`, so that ids sort as the runs do, in a replay too.
fn new_run_id(now: Timestamp) -> String {
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    let nanoseconds = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
    let time = uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanoseconds);
    Uuid::new_v7(time).to_string()
}
