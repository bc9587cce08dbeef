//! Runs and schedules: what ran when, what is due next, and who works on it.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::fault::Failure;

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// Somebody works on it; its lease says until when that is believed.
    Running,
    /// Finished, all well.
    Done,
    /// Finished, but some source was failed, partial or stale.
    Incomplete,
    /// Ended with an error.
    Failed,
    /// Its lease ran out: the process that worked on it is gone.
    Lost,
    /// Not begun, because the same job was still running.
    Skipped,
}

impl RunState {
    /// The spelling in the store and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Incomplete => "incomplete",
            Self::Failed => "failed",
            Self::Lost => "lost",
            Self::Skipped => "skipped",
        }
    }

    /// The state of a spelling.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Running,
            Self::Done,
            Self::Incomplete,
            Self::Failed,
            Self::Lost,
            Self::Skipped,
        ]
        .into_iter()
        .find(|state| state.name() == name)
    }
}

/// A run to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    /// A UUID of version 7.
    pub run_id: String,
    /// The job's name; for verbs of the command line the verb's, as `cli:sync`.
    pub job: String,
    /// The fire that it answers; `None` when a person started it.
    pub fire_at: Option<Timestamp>,
    /// When it began.
    pub started_at: Timestamp,
    /// The process that works on it: host and process id.
    pub owner: String,
    /// Until when it is believed to be alive.
    pub lease_until: Timestamp,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub run_id: String,
    /// The job's name.
    pub job: String,
    /// The fire that it answers.
    pub fire_at: Option<Timestamp>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// How it stands.
    pub state: RunState,
    /// Who works or worked on it.
    pub owner: String,
    /// Until when it is believed to be alive.
    pub lease_until: Timestamp,
    /// What it did, as JSON.
    pub summary: Option<String>,
    /// The error that ended it, on one line.
    pub error: Option<String>,
}

/// A job's place in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The job's name.
    pub job: String,
    /// The cron text and zone that `next_fire_at` was computed from.
    pub cron: String,
    /// The zone's name.
    pub timezone: String,
    /// The next fire; `None` when the pattern has no further one.
    pub next_fire_at: Option<Timestamp>,
    /// The last fire that was planned (run, skipped or coalesced).
    pub last_fire_at: Option<Timestamp>,
}

/// A source of which nothing is asked until an instant, because its vendor said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedSource {
    /// The source's name.
    pub source: String,
    /// When it may be asked again.
    pub until: Timestamp,
    /// Why, on one line.
    pub reason: String,
    /// When that was noted.
    pub noted_at: Timestamp,
}

/// Runs, leases, schedules, and sources that wait for their vendor.
#[async_trait]
pub trait RunStore: Send + Sync {
    /// Begins a run. `false`, and nothing is written, when its fire was begun before or when a run
    /// of the same job is under way.
    async fn begin_run(&self, run: &NewRun) -> Result<bool, Failure>;

    /// Extends the lease of a run that is under way; `false` when it is not any more.
    async fn renew_lease(&self, run_id: &str, until: Timestamp) -> Result<bool, Failure>;

    /// Ends a run; a run that has ended keeps its first end.
    async fn finish_run(
        &self,
        run_id: &str,
        state: RunState,
        at: Timestamp,
        summary: Option<&str>,
        error: Option<&str>,
    ) -> Result<(), Failure>;

    /// Marks every running run whose lease ended before `now` as lost and returns them.
    async fn reap_runs(&self, now: Timestamp) -> Result<Vec<Run>, Failure>;

    /// The newest runs first, of one job or of all.
    async fn runs(&self, job: Option<&str>, limit: u32) -> Result<Vec<Run>, Failure>;

    /// All schedules, by job.
    async fn schedules(&self) -> Result<Vec<Schedule>, Failure>;

    /// Writes a schedule, whether it is new or not.
    async fn save_schedule(&self, schedule: &Schedule) -> Result<(), Failure>;

    /// Removes the schedules of jobs that are not among `jobs`.
    async fn keep_schedules(&self, jobs: &[String]) -> Result<(), Failure>;

    /// The sources that wait for their vendor, the next one first.
    async fn parked_sources(&self) -> Result<Vec<ParkedSource>, Failure>;

    /// Notes that a source waits, in place of what was noted of it before.
    async fn park_source(&self, parked: &ParkedSource) -> Result<(), Failure>;

    /// Forgets that a source waits.
    async fn unpark_source(&self, source: &str) -> Result<(), Failure>;
}
