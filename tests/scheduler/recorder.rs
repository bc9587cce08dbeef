//! Jobs and an observer that record what happens to them.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use crossfoot::scheduler::{EndedRun, JobEnd, JobRunner, Observer, RunTicket};
use crossfoot::store::RunState;
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// What a recorded job does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Behaviour {
    /// Ends at once, all well.
    Quick,
    /// Goes on until the test releases it, whatever it is asked.
    Deaf,
    /// Waits until it is asked to stop, and stops at once.
    UntilAsked,
    /// Panics.
    Panics,
}

/// Runs every job by one behaviour.
pub(crate) struct Recorder {
    pub(crate) behaviour: Behaviour,
    pub(crate) tickets: Mutex<Vec<RunTicket>>,
    pub(crate) release: Notify,
    under_way: AtomicUsize,
    pub(crate) most_at_once: AtomicUsize,
}

impl Recorder {
    pub(crate) fn new(behaviour: Behaviour) -> Self {
        Self {
            behaviour,
            tickets: Mutex::default(),
            release: Notify::new(),
            under_way: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.tickets.lock().unwrap().len()
    }
}

#[async_trait]
impl JobRunner for Recorder {
    async fn run(&self, job: &str, run: &RunTicket, cancel: CancellationToken) -> JobEnd {
        assert_eq!(job, run.job);
        self.tickets.lock().unwrap().push(run.clone());
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        match self.behaviour {
            Behaviour::Quick => {}
            Behaviour::Deaf => self.release.notified().await,
            Behaviour::UntilAsked => cancel.cancelled().await,
            Behaviour::Panics => panic!("divided\nby zero"),
        }
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        let asked = cancel.is_cancelled();
        JobEnd {
            state: if asked {
                RunState::Failed
            } else {
                RunState::Done
            },
            summary: Some("{}".into()),
            error: asked.then(|| "stopped between two pages".into()),
        }
    }
}

/// What an observer was told.
#[derive(Default)]
pub(crate) struct Diary {
    pub(crate) lines: Mutex<Vec<String>>,
}

impl Diary {
    fn write(&self, line: String) {
        self.lines.lock().unwrap().push(line);
    }

    pub(crate) fn count(&self, start: &str) -> usize {
        let lines = self.lines.lock().unwrap();
        lines.iter().filter(|line| line.starts_with(start)).count()
    }
}

#[async_trait]
impl Observer for Diary {
    fn started(&self, job_count: usize, last_success_at: &BTreeMap<String, Timestamp>) {
        self.write(format!("started {job_count} {last_success_at:?}"));
    }

    fn beat(&self, _: Timestamp) {
        self.write("beat".into());
    }

    fn run_began(&self, ticket: &RunTicket) {
        self.write(format!("began {}", ticket.job));
    }

    async fn run_ended(&self, ended: &EndedRun) {
        self.write(format!("ended {} {}", ended.job, ended.state.name()));
    }

    fn stopping(&self) {
        self.write("stopping".into());
    }
}
