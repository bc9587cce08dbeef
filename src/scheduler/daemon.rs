//! The daemon: beats in, runs out, and an orderly end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::desk::Desk;
use super::flight::Flights;
use super::heartbeat::{Heartbeat, Pulse};
use super::observer::Observer;
use super::plan::plans;
use super::planner::Planner;
use super::runner::JobRunner;
use super::signals::Signals;
use super::tempo::Tempo;
use crate::clock::Clock;
use crate::config::JobConfig;
use crate::fault::Failure;
use crate::store::{RunState, RunStore};

/// How many runs of a job are searched for its last success at the start.
const RUNS_SEARCHED_MAX: u32 = 100;

/// A failure of the planner is told again after this many rounds that all failed: an hour.
const FAILURES_BETWEEN_LOGS: u32 = 3600;

/// Work that is done again and again; it stops early when the token is cancelled.
pub type Periodic =
    Arc<dyn Fn(CancellationToken) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync>;

/// What a daemon is made of.
pub struct DaemonOptions {
    /// Runs, leases and schedules.
    pub store: Arc<dyn RunStore>,
    /// The time that schedules are read by.
    pub clock: Clock,
    /// The jobs, by name.
    pub jobs: BTreeMap<String, JobConfig>,
    /// The zone of schedules that name none.
    pub default_zone: TimeZone,
    /// Who does the work.
    pub runner: Arc<dyn JobRunner>,
    /// Who is told.
    pub observer: Arc<dyn Observer>,
    /// Ends the daemon as SIGTERM does.
    pub cancel: CancellationToken,
    /// This process, as the store names it: host and process id.
    pub owner: String,
    /// How long runs may take to stop at the end.
    pub drain: Duration,
    /// Delivers the mails that wait in the outbox, once a minute.
    pub deliver_mail: Option<Periodic>,
    /// How long it waits for what.
    pub tempo: Tempo,
}

/// How a daemon left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// All runs had ended.
    Drained,
    /// Some had not when the time to drain was over; their leases will run out.
    Abandoned,
    /// This signal came while runs were still ending.
    Impatient(u8),
}

/// Runs the schedule until SIGTERM, SIGINT or the token ends it. A second signal ends the process
/// at once, with the code that shells give to a process which that signal killed.
pub async fn daemon(options: DaemonOptions) -> Result<(), Failure> {
    let signals = Signals::listen()?;
    let heartbeat = Heartbeat::every_second().await?;
    match drive(options, heartbeat, signals).await? {
        Leaving::Drained | Leaving::Abandoned => Ok(()),
        Leaving::Impatient(signal) => std::process::exit(128 + i32::from(signal)),
    }
}

/// Runs the schedule by the beats and signals given; what [`daemon`] does without its last word.
pub async fn drive(
    options: DaemonOptions,
    mut heartbeat: Heartbeat,
    mut signals: Signals,
) -> Result<Leaving, Failure> {
    let plans = plans(&options.jobs, &options.default_zone)?;
    let stop = options.cancel.child_token();
    let planner = Planner::new(Arc::clone(&options.store), plans, options.owner);
    planner.forget_removed().await?;
    let last_success_at = last_successes(&*options.store, options.jobs.keys()).await?;
    let desk = Arc::new(Desk {
        store: options.store,
        clock: options.clock,
        planner,
        runner: options.runner,
        observer: options.observer,
        tracker: TaskTracker::new(),
        flights: Flights::default(),
        tempo: options.tempo,
        stop: stop.clone(),
        round_count: AtomicU32::new(0),
    });
    desk.observer.started(options.jobs.len(), &last_success_at);
    let mut rounds = Rounds::default();
    let mut mail = Mail::new(options.deliver_mail);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            signal = signals.next() => {
                tracing::info!("signal {signal}: no more runs begin, those under way are ended");
                break;
            }
            ended = ended(&mut rounds.task), if rounds.task.is_some() => rounds.ended(ended),
            pulse = heartbeat.next() => match pulse {
                Pulse::Beat => {
                    desk.observer.beat(desk.clock.now());
                    rounds.begin(&desk);
                    mail.deliver_when_due(&desk);
                }
                Pulse::Silence => {
                    tracing::warn!("no heartbeat for a while: it is started anew");
                    heartbeat.restart().await?;
                }
            },
        }
    }
    desk.observer.stopping();
    heartbeat.stop().await;
    stop.cancel();
    desk.tracker.close();
    Ok(tokio::select! {
        () = desk.tracker.wait() => Leaving::Drained,
        signal = signals.next() => Leaving::Impatient(signal),
        () = sleep(options.drain) => {
            let jobs: Vec<String> = desk.flights.jobs().into_iter().collect();
            tracing::warn!("left without waiting any longer for: {}", jobs.join(", "));
            Leaving::Abandoned
        }
    })
}

/// The end of a task that may not be there; only awaited when it is.
async fn ended<T>(task: &mut Option<JoinHandle<T>>) -> Result<T, JoinError> {
    match task {
        Some(task) => task.await,
        None => std::future::pending().await,
    }
}

async fn last_successes(
    store: &dyn RunStore,
    jobs: impl Iterator<Item = &String>,
) -> Result<BTreeMap<String, Timestamp>, Failure> {
    let mut last_success_at = BTreeMap::new();
    for job in jobs {
        let runs = store.runs(Some(job), RUNS_SEARCHED_MAX).await?;
        let newest = runs
            .iter()
            .filter(|run| run.state == RunState::Done)
            .filter_map(|run| run.finished_at)
            .max();
        if let Some(at) = newest {
            last_success_at.insert(job.clone(), at);
        }
    }
    Ok(last_success_at)
}

/// The planner's rounds: one at a time, however often the heart beats.
#[derive(Default)]
struct Rounds {
    task: Option<JoinHandle<Result<(), Failure>>>,
    failed_in_a_row: u32,
}

impl Rounds {
    /// A round is a task of its own: a store that does not answer stops neither the heart nor the
    /// signals, and nothing that talks to the store is ever dropped in the middle.
    fn begin(&mut self, desk: &Arc<Desk>) {
        if self.task.is_none() {
            self.task = Some(desk.tracker.spawn(Arc::clone(desk).round()));
        }
    }

    fn ended(&mut self, ended: Result<Result<(), Failure>, JoinError>) {
        self.task = None;
        let error = match ended {
            Ok(Ok(())) => {
                if self.failed_in_a_row > 0 {
                    tracing::info!("the schedule is read again");
                }
                self.failed_in_a_row = 0;
                return;
            }
            Ok(Err(failure)) => failure.line(),
            Err(panic) => panic.to_string(),
        };
        if self.failed_in_a_row.is_multiple_of(FAILURES_BETWEEN_LOGS) {
            tracing::error!(
                "what is due cannot be found out, the next second tries again: {error}"
            );
        }
        self.failed_in_a_row = self.failed_in_a_row.saturating_add(1);
    }
}

/// The delivery of waiting mails: one at a time.
struct Mail {
    deliver: Option<Periodic>,
    task: Option<JoinHandle<()>>,
    due_at: Instant,
}

impl Mail {
    fn new(deliver: Option<Periodic>) -> Self {
        Self {
            deliver,
            task: None,
            due_at: Instant::now(),
        }
    }

    fn deliver_when_due(&mut self, desk: &Desk) {
        let Some(deliver) = &self.deliver else {
            return;
        };
        let under_way = self.task.as_ref().is_some_and(|task| !task.is_finished());
        if under_way || Instant::now() < self.due_at {
            return;
        }
        self.due_at = Instant::now() + desk.tempo.mail_every;
        let delivery = deliver(desk.stop.child_token());
        self.task = Some(desk.tracker.spawn(async move {
            if let Err(failure) = delivery.await {
                tracing::warn!("waiting mails were not delivered: {failure}");
            }
        }));
    }
}
