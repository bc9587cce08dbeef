//! Runs and schedules in memory, by the contract of `RunStore`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use crossfoot::fault::{Failure, Fault, Retry};
use crossfoot::store::{NewRun, ParkedSource, Run, RunState, RunStore, Schedule};
use jiff::Timestamp;

/// The store is away.
#[derive(Debug, thiserror::Error)]
#[error("the store is away")]
pub(crate) struct Away;

impl Fault for Away {
    fn code(&self) -> &'static str {
        "XF-D999"
    }

    fn retry(&self) -> Retry {
        Retry::Soon
    }
}

#[derive(Default)]
struct Tables {
    runs: Vec<Run>,
    schedules: BTreeMap<String, Schedule>,
    parked: BTreeMap<String, ParkedSource>,
}

/// A store that yields at every call, so that callers interleave as they would over a network.
#[derive(Default)]
pub(crate) struct FakeStore {
    tables: Mutex<Tables>,
    pub(crate) away: AtomicBool,
    /// How many ends were refused while it was away.
    pub(crate) refused_count: AtomicUsize,
    /// How often schedules were asked for: once in each round of a daemon.
    pub(crate) round_count: AtomicUsize,
}

impl FakeStore {
    /// All runs, oldest first.
    pub(crate) fn all_runs(&self) -> Vec<Run> {
        self.tables.lock().unwrap().runs.clone()
    }

    pub(crate) fn schedule(&self, job: &str) -> Option<Schedule> {
        self.tables.lock().unwrap().schedules.get(job).cloned()
    }

    /// The fires that were run in earnest, oldest first.
    pub(crate) fn fires_run(&self) -> Vec<Timestamp> {
        let mut fires: Vec<_> = self
            .all_runs()
            .into_iter()
            .filter(|run| run.state != RunState::Skipped)
            .filter_map(|run| run.fire_at)
            .collect();
        fires.sort();
        fires
    }

    async fn tables(&self) -> Result<MutexGuard<'_, Tables>, Failure> {
        tokio::task::yield_now().await;
        if self.away.load(Ordering::SeqCst) {
            return Err(Away.into());
        }
        Ok(self.tables.lock().unwrap())
    }
}

#[async_trait]
impl RunStore for FakeStore {
    async fn begin_run(&self, run: &NewRun) -> Result<bool, Failure> {
        let mut tables = self.tables().await?;
        let taken = tables.runs.iter().any(|other| {
            let same_fire = run.fire_at.is_some() && other.fire_at == run.fire_at;
            other.job == run.job && (same_fire || other.state == RunState::Running)
        });
        if !taken {
            tables.runs.push(Run {
                run_id: run.run_id.clone(),
                job: run.job.clone(),
                fire_at: run.fire_at,
                started_at: run.started_at,
                finished_at: None,
                state: RunState::Running,
                owner: run.owner.clone(),
                lease_until: run.lease_until,
                summary: None,
                error: None,
            });
        }
        Ok(!taken)
    }

    async fn renew_lease(&self, run_id: &str, until: Timestamp) -> Result<bool, Failure> {
        let mut tables = self.tables().await?;
        let running = tables
            .runs
            .iter_mut()
            .find(|run| run.run_id == run_id && run.state == RunState::Running);
        Ok(running.map(|run| run.lease_until = until).is_some())
    }

    async fn finish_run(
        &self,
        run_id: &str,
        state: RunState,
        at: Timestamp,
        summary: Option<&str>,
        error: Option<&str>,
    ) -> Result<(), Failure> {
        if self.away.load(Ordering::SeqCst) {
            self.refused_count.fetch_add(1, Ordering::SeqCst);
        }
        let mut tables = self.tables().await?;
        let running = tables
            .runs
            .iter_mut()
            .find(|run| run.run_id == run_id && run.state == RunState::Running);
        if let Some(run) = running {
            run.state = state;
            run.finished_at = Some(at);
            run.summary = summary.map(Into::into);
            run.error = error.map(Into::into);
        }
        Ok(())
    }

    async fn reap_runs(&self, now: Timestamp) -> Result<Vec<Run>, Failure> {
        let mut tables = self.tables().await?;
        let mut lost = Vec::new();
        for run in &mut tables.runs {
            if run.state == RunState::Running && run.lease_until < now {
                run.state = RunState::Lost;
                run.finished_at = Some(now);
                lost.push(run.clone());
            }
        }
        Ok(lost)
    }

    async fn runs(&self, job: Option<&str>, limit: u32) -> Result<Vec<Run>, Failure> {
        let tables = self.tables().await?;
        let mut runs: Vec<_> = tables
            .runs
            .iter()
            .filter(|run| job.is_none_or(|job| run.job == job))
            .cloned()
            .collect();
        runs.sort_by(|one, other| {
            (other.started_at, &other.run_id).cmp(&(one.started_at, &one.run_id))
        });
        runs.truncate(limit as usize);
        Ok(runs)
    }

    async fn schedules(&self) -> Result<Vec<Schedule>, Failure> {
        self.round_count.fetch_add(1, Ordering::SeqCst);
        Ok(self.tables().await?.schedules.values().cloned().collect())
    }

    async fn save_schedule(&self, schedule: &Schedule) -> Result<(), Failure> {
        let mut tables = self.tables().await?;
        tables
            .schedules
            .insert(schedule.job.clone(), schedule.clone());
        Ok(())
    }

    async fn keep_schedules(&self, jobs: &[String]) -> Result<(), Failure> {
        let mut tables = self.tables().await?;
        tables.schedules.retain(|job, _| jobs.contains(job));
        Ok(())
    }

    async fn parked_sources(&self) -> Result<Vec<ParkedSource>, Failure> {
        let mut parked: Vec<_> = self.tables().await?.parked.values().cloned().collect();
        parked.sort_by_key(|one| one.until);
        Ok(parked)
    }

    async fn park_source(&self, parked: &ParkedSource) -> Result<(), Failure> {
        let mut tables = self.tables().await?;
        tables.parked.insert(parked.source.clone(), parked.clone());
        Ok(())
    }

    async fn unpark_source(&self, source: &str) -> Result<(), Failure> {
        self.tables().await?.parked.remove(source);
        Ok(())
    }
}
