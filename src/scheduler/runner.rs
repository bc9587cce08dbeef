//! What the daemon asks of a job, and what it is told at the end.

use async_trait::async_trait;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::store::RunState;

/// A run that is begun in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunTicket {
    /// The run's id.
    pub run_id: String,
    /// The job's name.
    pub job: String,
    /// The fire that it answers, also when it is run once more because its first run was lost;
    /// `None` when a person started it.
    pub fire_at: Option<Timestamp>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobEnd {
    /// Done, incomplete or failed.
    pub state: RunState,
    /// What it did, as JSON.
    pub summary: Option<String>,
    /// The error that ended it, on one line.
    pub error: Option<String>,
}

/// Does the work of jobs.
#[async_trait]
pub trait JobRunner: Send + Sync {
    /// Runs a job to its end. When `cancel` is cancelled it stops at the next place where nothing
    /// is half done and returns; it is not dropped in the middle.
    async fn run(&self, job: &str, run: &RunTicket, cancel: CancellationToken) -> JobEnd;
}
