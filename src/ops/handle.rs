//! The daemon's state as operations see it: told by the scheduler, asked by the endpoint.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;

use super::metrics::Metrics;
use super::probe::{Counts, Probe};
use super::systemd::ServiceManager;
use crate::fault::Failure;
use crate::scheduler::{EndedRun, Observer, RunTicket};

/// A heart that was silent for longer is taken for dead.
const HEARTBEAT_AGE_MAX: Duration = Duration::from_secs(30);

/// How long the store may take to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// An answer of the store is good for this long, so that many questions make one query.
const ANSWER_AGE_MAX: Duration = Duration::from_secs(2);

/// The store's counts are good for this long.
const COUNTS_AGE_MAX: Duration = Duration::from_secs(30);

/// Whether the daemon is ready for work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It is.
    Ready,
    /// It is not, for this reason.
    NotReady(&'static str),
}

/// Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct OpsHandle {
    shared: Arc<Shared>,
}

struct Shared {
    metrics: Metrics,
    probe: Arc<dyn Probe>,
    systemd: ServiceManager,
    life: Mutex<Life>,
    heartbeat_age_max: Duration,
    answer: tokio::sync::Mutex<Option<(Instant, bool)>>,
    counts: tokio::sync::Mutex<Option<(Instant, Option<Counts>)>>,
}

#[derive(Default)]
struct Life {
    last_beat: Option<Instant>,
    job_count: usize,
    running: BTreeSet<(String, String)>,
    stopping: bool,
}

impl OpsHandle {
    /// Operations over a store.
    pub fn new(probe: Arc<dyn Probe>) -> Self {
        Self::with_heartbeat_age(probe, HEARTBEAT_AGE_MAX)
    }

    /// As [`OpsHandle::new`], with another limit for the silence of the heart.
    pub fn with_heartbeat_age(probe: Arc<dyn Probe>, heartbeat_age_max: Duration) -> Self {
        Self {
            shared: Arc::new(Shared {
                metrics: Metrics::default(),
                probe,
                systemd: ServiceManager::of_this_process(),
                life: Mutex::default(),
                heartbeat_age_max,
                answer: tokio::sync::Mutex::default(),
                counts: tokio::sync::Mutex::default(),
            }),
        }
    }

    /// Whether the heart beats and the store answers. A reason names no values.
    pub async fn health(&self) -> Health {
        {
            let life = self.life();
            if life.stopping {
                return Health::NotReady("stopping");
            }
            match life.last_beat {
                None => return Health::NotReady("starting: no heartbeat yet"),
                Some(beat) if beat.elapsed() > self.shared.heartbeat_age_max => {
                    return Health::NotReady("no heartbeat of the scheduler");
                }
                Some(_) => {}
            }
        }
        if self.store_answers().await {
            Health::Ready
        } else {
            Health::NotReady("the store does not answer")
        }
    }

    /// All figures as OpenMetrics text, the store's counts among them.
    pub async fn metrics_text(&self) -> String {
        let counts = self.counts().await;
        self.shared.metrics.counted(counts);
        self.shared.metrics.text()
    }

    async fn store_answers(&self) -> bool {
        let mut answer = self.shared.answer.lock().await;
        if let Some((at, answers)) = *answer
            && at.elapsed() < ANSWER_AGE_MAX
        {
            return answers;
        }
        let probe = Arc::clone(&self.shared.probe);
        let answers = within_wait(async move { probe.answers().await })
            .await
            .is_some();
        *answer = Some((Instant::now(), answers));
        answers
    }

    async fn counts(&self) -> Option<Counts> {
        let mut counts = self.shared.counts.lock().await;
        if let Some((at, known)) = *counts
            && at.elapsed() < COUNTS_AGE_MAX
        {
            return known;
        }
        let probe = Arc::clone(&self.shared.probe);
        let known = within_wait(async move { probe.counts().await }).await;
        *counts = Some((Instant::now(), known));
        known
    }

    fn show_status(&self) {
        let status = {
            let life = self.life();
            let jobs: BTreeSet<&str> = life.running.iter().map(|(job, _)| job.as_str()).collect();
            if jobs.is_empty() {
                format!("idle, {} jobs scheduled", life.job_count)
            } else {
                format!(
                    "running {}",
                    jobs.into_iter().collect::<Vec<_>>().join(", ")
                )
            }
        };
        self.shared.systemd.status(&status);
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.shared
            .life
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer, when it comes in time. The question itself is asked to its end in a task of its
/// own, since a query that is dropped in the middle can spoil a connection.
async fn within_wait<T, F>(question: F) -> Option<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    match tokio::time::timeout(ANSWER_WAIT, tokio::spawn(question)).await {
        Ok(Ok(Ok(answer))) => Some(answer),
        Ok(Ok(Err(failure))) => {
            tracing::warn!("the store does not answer operations: {failure}");
            None
        }
        Ok(Err(_)) | Err(_) => {
            tracing::warn!("the store does not answer operations in time");
            None
        }
    }
}

#[async_trait]
impl Observer for OpsHandle {
    fn started(&self, job_count: usize, last_success_at: &BTreeMap<String, Timestamp>) {
        for (job, at) in last_success_at {
            self.shared.metrics.succeeded(job, *at);
        }
        self.life().job_count = job_count;
        self.shared
            .systemd
            .ready(&format!("idle, {job_count} jobs scheduled"));
    }

    fn beat(&self, at: Timestamp) {
        self.life().last_beat = Some(Instant::now());
        self.shared.metrics.beat(at);
        self.shared.systemd.alive();
    }

    fn run_began(&self, ticket: &RunTicket) {
        self.life()
            .running
            .insert((ticket.job.clone(), ticket.run_id.clone()));
        self.shared.metrics.run_began(&ticket.job);
        self.show_status();
    }

    async fn run_ended(&self, ended: &EndedRun) {
        self.life()
            .running
            .remove(&(ended.job.clone(), ended.run_id.clone()));
        self.shared
            .metrics
            .run_ended(&ended.job, ended.state, ended.at, ended.elapsed);
        self.show_status();
        let (probe, run_id) = (Arc::clone(&self.shared.probe), ended.run_id.clone());
        let landed = within_wait(async move { probe.rows_landed(&run_id).await }).await;
        for (source, count) in landed.unwrap_or_default() {
            self.shared.metrics.rows_landed(&source, count);
        }
    }

    fn stopping(&self) {
        self.life().stopping = true;
        self.shared.systemd.stopping();
    }
}
