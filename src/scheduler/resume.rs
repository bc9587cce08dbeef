//! Sources that wait for their vendor: once it lets itself be asked again, they are pulled, and not
//! only at the next fire of a job.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::planner::{Planner, Tick};
use crate::fault::Failure;
use crate::store::{ParkedSource, RunState};

/// In front of the source's name, in the name of the run that pulls it again.
const RESUME: &str = "resume:";

/// How long such a run may take: as long as a job that says nothing of it.
const TIMEOUT: Duration = Duration::from_hours(4);

/// How many of the newest runs are looked at for one that is under way.
const RECENT_RUNS_MAX: u32 = 200;

/// The job that pulls a source again.
pub fn resume_job(source: &str) -> String {
    format!("{RESUME}{source}")
}

/// The source that such a job pulls; `None` for any other job.
pub fn resumed_source(job: &str) -> Option<&str> {
    job.strip_prefix(RESUME)
}

impl Planner {
    /// Claims the pulls of sources that may be asked again at `now`. They wait while any run is
    /// under way, which may be pulling the same source.
    pub async fn tick_parked(&self, now: Timestamp, busy: &BTreeSet<String>) -> Tick {
        let mut tick = Tick::default();
        match self.resumable(now, busy).await {
            Ok(parked) => {
                for parked in parked {
                    match self.resume(&parked, now, &mut tick).await {
                        Ok(()) => {}
                        Err(failure) => tick.failures.push(failure),
                    }
                }
            }
            Err(failure) => tick.failures.push(failure),
        }
        tick
    }

    async fn resumable(
        &self,
        now: Timestamp,
        busy: &BTreeSet<String>,
    ) -> Result<Vec<ParkedSource>, Failure> {
        let mut parked = self.store.parked_sources().await?;
        parked.retain(|parked| parked.until <= now);
        if parked.is_empty() || !busy.is_empty() {
            return Ok(Vec::new());
        }
        let recent = self.store.runs(None, RECENT_RUNS_MAX).await?;
        let is_quiet = recent.iter().all(|run| run.state != RunState::Running);
        Ok(if is_quiet { parked } else { Vec::new() })
    }

    async fn resume(
        &self,
        parked: &ParkedSource,
        now: Timestamp,
        tick: &mut Tick,
    ) -> Result<(), Failure> {
        let job = resume_job(&parked.source);
        let until = parked.until;
        match self.begin(&job, TIMEOUT, until, Some(until), now).await? {
            Some(due) => tick.due.push(due),
            // It was pulled, and did not say how it stands with the source: the next job sees.
            None => self.store.unpark_source(&parked.source).await?,
        }
        Ok(())
    }
}
