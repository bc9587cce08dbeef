//! What the daemon tells of itself, to whoever shows it.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::runner::RunTicket;
use crate::store::RunState;

/// A run that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedRun {
    /// The run's id.
    pub run_id: String,
    /// The job's name.
    pub job: String,
    /// How it ended.
    pub state: RunState,
    /// When it ended.
    pub at: Timestamp,
    /// How long it took, by a clock that nobody sets.
    pub elapsed: Duration,
}

/// Told of the daemon's life. None of these may block.
#[async_trait]
pub trait Observer: Send + Sync {
    /// The schedule is read and the heart beats; every job's last success is given, where there is
    /// one.
    fn started(&self, job_count: usize, last_success_at: &BTreeMap<String, Timestamp>);

    /// The heart beat, and the planner took notice.
    fn beat(&self, at: Timestamp);

    /// A run began.
    fn run_began(&self, ticket: &RunTicket);

    /// A run ended, and the store knows.
    async fn run_ended(&self, ended: &EndedRun);

    /// No more runs are begun; those under way are asked to stop.
    fn stopping(&self);
}
