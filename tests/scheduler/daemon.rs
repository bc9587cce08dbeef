//! The daemon: heartbeat, leases, time limits, panics, and its end. The clock is set by the tests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crossfoot::clock::Clock;
use crossfoot::config::HumanDuration;
use crossfoot::fault::Failure;
use crossfoot::scheduler::{DaemonOptions, Heartbeat, Leaving, Periodic, Signals, Tempo, drive};
use crossfoot::store::{ParkedSource, Run, RunState, RunStore as _};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::fake_store::FakeStore;
use super::planner::{at, job};
use super::recorder::{Behaviour, Diary, Recorder};

/// Waiting times for tests that wait for their ends.
const HURRIED: Tempo = Tempo {
    renew_every: Duration::from_secs(15),
    stop_grace: Duration::from_millis(20),
    finish_wait: Duration::from_millis(20),
    mail_every: Duration::from_millis(1),
};

/// A daemon whose heart beats when the test says so.
struct Driven {
    store: Arc<FakeStore>,
    clock: Clock,
    recorder: Arc<Recorder>,
    diary: Arc<Diary>,
    beats: mpsc::Sender<()>,
    cancel: CancellationToken,
    task: JoinHandle<Result<Leaving, Failure>>,
}

impl Driven {
    fn start(store: &Arc<FakeStore>, now: &str, behaviour: Behaviour) -> Self {
        Self::start_with(store, now, behaviour, HURRIED, None)
    }

    fn start_with(
        store: &Arc<FakeStore>,
        now: &str,
        behaviour: Behaviour,
        tempo: Tempo,
        deliver_mail: Option<Periodic>,
    ) -> Self {
        let mut nightly = job("30 1 * * *", "last");
        if tempo == HURRIED {
            nightly.timeout = HumanDuration(Duration::from_secs(1));
        }
        let clock = Clock::set_at(at(now));
        let recorder = Arc::new(Recorder::new(behaviour));
        let diary = Arc::new(Diary::default());
        let cancel = CancellationToken::new();
        let (beats, receiver) = mpsc::channel(1);
        let options = DaemonOptions {
            store: Arc::<FakeStore>::clone(store),
            clock: clock.clone(),
            jobs: BTreeMap::from([("nightly".to_owned(), nightly)]),
            default_zone: TimeZone::UTC,
            runner: Arc::<Recorder>::clone(&recorder),
            observer: Arc::<Diary>::clone(&diary),
            cancel: cancel.clone(),
            owner: "host:1".into(),
            drain: Duration::from_millis(500),
            deliver_mail,
            tempo,
        };
        let task = tokio::spawn(drive(options, Heartbeat::driven(receiver), Signals::none()));
        Self {
            store: Arc::clone(store),
            clock,
            recorder,
            diary,
            beats,
            cancel,
            task,
        }
    }

    /// Sets the clock and beats until a whole round went by at that time.
    async fn beat(&self, now: &str) {
        self.clock.advance_to(at(now));
        self.rounds(1).await;
    }

    /// Beats until so many whole rounds went by; the clock stands.
    async fn rounds(&self, count: usize) {
        // The round that is under way may have read the clock before; one more begins when it
        // has ended.
        let enough = self.store.round_count.load(Ordering::SeqCst) + count + 2;
        while self.store.round_count.load(Ordering::SeqCst) < enough {
            self.beats.send(()).await.unwrap();
            tokio::task::yield_now().await;
        }
    }

    async fn stop(self) -> Leaving {
        self.cancel.cancel();
        self.task.await.unwrap().unwrap()
    }

    fn newest_run(&self) -> Run {
        self.store.all_runs().pop().unwrap()
    }
}

/// Waits for what happens in another task; a minute without it is a failure.
async fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..60_000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("waited in vain for {what}");
}

/// Enough rounds for the leases to be looked after.
const LEASE_ROUNDS: usize = 16;

/// Goal: a fire is run once, however often the heart beats, and told to the observer.
/// Method: many beats at the same instant.
#[tokio::test]
async fn a_double_beat_runs_once() {
    let store = Arc::new(FakeStore::default());
    let daemon = Driven::start(&store, "2026-11-20T12:00:00Z", Behaviour::Quick);
    daemon.beat("2026-11-20T12:00:00Z").await;
    daemon.beat("2026-11-21T01:30:00Z").await;
    daemon.rounds(5).await;
    until("its end", || daemon.newest_run().state == RunState::Done).await;
    daemon.rounds(5).await;
    assert_eq!(daemon.recorder.count(), 1);
    let run = daemon.newest_run();
    assert_eq!(run.summary.as_deref(), Some("{}"));
    assert_eq!(run.owner, "host:1");
    assert!(daemon.diary.count("beat") > 10);
    assert_eq!(daemon.diary.count("began nightly"), 1);
    assert_eq!(daemon.diary.count("ended nightly done"), 1);
    assert_eq!(daemon.stop().await, Leaving::Drained);
}

/// Goal: a run beyond its time limit is asked to stop, and its end says so.
/// Method: a job that stops when asked.
#[tokio::test]
async fn a_time_limit_is_kept() {
    let store = Arc::new(FakeStore::default());
    let daemon = Driven::start(&store, "2026-11-20T12:00:00Z", Behaviour::UntilAsked);
    daemon.beat("2026-11-20T12:00:00Z").await;
    daemon.beat("2026-11-21T01:30:00Z").await;
    until("its end", || daemon.newest_run().state != RunState::Running).await;
    let run = daemon.newest_run();
    assert_eq!(run.state, RunState::Failed);
    assert_eq!(
        run.error.as_deref(),
        Some("its time was up after 1s: stopped between two pages")
    );
    assert_eq!(daemon.stop().await, Leaving::Drained);
}

/// Goal: a run that does not stop is recorded as failed, is not torn apart, and is not joined by a
/// second one.
/// Method: a job that does not listen; the next night comes and goes; then it ends after all.
#[tokio::test]
async fn a_run_that_does_not_stop_is_left_alone() {
    let store = Arc::new(FakeStore::default());
    let daemon = Driven::start(&store, "2026-11-20T12:00:00Z", Behaviour::Deaf);
    daemon.beat("2026-11-20T12:00:00Z").await;
    daemon.beat("2026-11-21T01:30:00Z").await;
    until("its end", || daemon.newest_run().state != RunState::Running).await;
    let run = daemon.newest_run();
    assert_eq!(run.state, RunState::Failed);
    assert_eq!(
        run.error.as_deref(),
        Some("its time was up after 1s, and it did not stop within 0s")
    );
    daemon.beat("2026-11-22T01:30:00Z").await;
    daemon.rounds(LEASE_ROUNDS).await;
    assert_eq!(daemon.recorder.count(), 1);
    daemon.recorder.release.notify_one();
    daemon.rounds(1).await;
    while daemon.recorder.count() < 2 {
        daemon.rounds(1).await;
    }
    assert_eq!(daemon.recorder.most_at_once.load(Ordering::SeqCst), 1);
    assert_eq!(daemon.stop().await, Leaving::Abandoned);
}

/// Goal: a panic ends its run and nothing else.
/// Method: a job that panics, two nights in a row.
#[tokio::test]
async fn a_panic_is_a_failed_run() {
    let store = Arc::new(FakeStore::default());
    let daemon = Driven::start(&store, "2026-11-20T12:00:00Z", Behaviour::Panics);
    daemon.beat("2026-11-20T12:00:00Z").await;
    for (night, count) in [("21", 1), ("22", 2)] {
        daemon.beat(&format!("2026-11-{night}T01:30:00Z")).await;
        until("its end", || daemon.newest_run().state != RunState::Running).await;
        assert_eq!(daemon.recorder.count(), count);
        let run = daemon.newest_run();
        assert_eq!(run.state, RunState::Failed);
        assert_eq!(run.error.as_deref(), Some("it panicked: divided by zero"));
        let told = format!("ended nightly {}", RunState::Failed.name());
        until("the observer", || daemon.diary.count(&told) == count).await;
        daemon.rounds(1).await;
    }
    assert_eq!(daemon.stop().await, Leaving::Drained);
}

/// Goal: a lease is renewed for as long as the run goes on, so that nobody takes it for lost.
/// Method: half-minute steps of the clock over five minutes, with rounds that look for lost runs.
#[tokio::test]
async fn a_lease_is_renewed() {
    let store = Arc::new(FakeStore::default());
    let tempo = Tempo {
        renew_every: Duration::from_millis(2),
        ..HURRIED
    };
    let daemon = Driven::start_with(&store, "2026-11-20T12:00:00Z", Behaviour::Deaf, tempo, None);
    daemon.beat("2026-11-20T12:00:00Z").await;
    daemon.beat("2026-11-21T01:30:00Z").await;
    for half_minute in 1..=10_i64 {
        let now = at("2026-11-21T01:30:00Z")
            .checked_add(SignedDuration::from_secs(30 * half_minute))
            .unwrap();
        daemon.clock.advance_to(now);
        let renewed = now.checked_add(SignedDuration::from_secs(60)).unwrap();
        until("the renewal", || daemon.newest_run().lease_until == renewed).await;
        daemon.rounds(LEASE_ROUNDS).await;
        assert_eq!(daemon.newest_run().state, RunState::Running);
    }
    daemon.recorder.release.notify_one();
    until("its end", || daemon.newest_run().state == RunState::Done).await;
    assert_eq!(daemon.recorder.count(), 1);
    assert_eq!(daemon.stop().await, Leaving::Drained);
}

/// Goal: after a pause of the process, its run goes on when nobody took it over, and stops when
/// somebody did.
/// Method: an hour that no timer saw; once as it is, once with the run reaped by another meanwhile.
#[tokio::test]
async fn a_pause_of_the_process() {
    for reaped_by_another in [false, true] {
        let store = Arc::new(FakeStore::default());
        let tempo = Tempo::default();
        let daemon = Driven::start_with(
            &store,
            "2026-11-20T12:00:00Z",
            Behaviour::UntilAsked,
            tempo,
            None,
        );
        daemon.beat("2026-11-20T12:00:00Z").await;
        daemon.beat("2026-11-21T01:30:00Z").await;
        let resumed = at("2026-11-21T02:30:00Z");
        if reaped_by_another {
            store.reap_runs(resumed).await.unwrap();
        }
        daemon.clock.advance_to(resumed);
        daemon.rounds(LEASE_ROUNDS).await;
        let first = store.all_runs().remove(0);
        if reaped_by_another {
            assert_eq!(first.state, RunState::Lost);
            // It stopped, and only then the fire was begun once more.
            while daemon.recorder.count() < 2 {
                daemon.rounds(LEASE_ROUNDS).await;
            }
            assert_eq!(daemon.recorder.most_at_once.load(Ordering::SeqCst), 1);
        } else {
            assert_eq!(first.state, RunState::Running);
            assert!(first.lease_until > resumed);
            assert_eq!(daemon.recorder.count(), 1);
        }
        assert_eq!(daemon.stop().await, Leaving::Drained);
    }
}

/// Goal: the end of the daemon asks runs to stop, waits, and leaves their fire to the next start.
/// Method: stop in the middle of a run; start again on the same store, and a third time.
#[tokio::test]
async fn a_stop_drains_and_the_next_start_takes_up() {
    let store = Arc::new(FakeStore::default());
    let daemon = Driven::start(&store, "2026-11-20T12:00:00Z", Behaviour::UntilAsked);
    daemon.beat("2026-11-20T12:00:00Z").await;
    daemon.beat("2026-11-21T01:30:00Z").await;
    let diary = Arc::clone(&daemon.diary);
    assert_eq!(daemon.stop().await, Leaving::Drained);
    assert_eq!(diary.count("stopping"), 1);
    let stopped = store.all_runs().pop().unwrap();
    assert_eq!(stopped.state, RunState::Lost);
    assert!(stopped.error.unwrap().starts_with("the daemon was stopped"));

    let again = Driven::start(&store, "2026-11-21T01:31:00Z", Behaviour::Quick);
    again.beat("2026-11-21T01:31:00Z").await;
    until("the second run", || {
        again.newest_run().state == RunState::Done
    })
    .await;
    assert_eq!(again.recorder.count(), 1);
    let ticket = again.recorder.tickets.lock().unwrap()[0].clone();
    assert_eq!(ticket.fire_at, Some(at("2026-11-21T01:30:00Z")));
    again.stop().await;

    let third = Driven::start(&store, "2026-11-21T02:00:00Z", Behaviour::Quick);
    third.beat("2026-11-21T02:00:00Z").await;
    assert_eq!(third.recorder.count(), 0);
    assert_eq!(
        third
            .diary
            .count("started 1 {\"nightly\": 2026-11-21T01:31:00Z}"),
        1
    );
    third.stop().await;
}

/// Goal: a killed daemon's run is taken up when its lease is out, not before.
/// Method: a run in the store whose daemon is gone; start again before and after the lease.
#[tokio::test]
async fn a_killed_daemon_is_survived() {
    let store = Arc::new(FakeStore::default());
    let tempo = Tempo::default();
    let killed = Driven::start_with(&store, "2026-11-20T12:00:00Z", Behaviour::Deaf, tempo, None);
    killed.beat("2026-11-20T12:00:00Z").await;
    killed.beat("2026-11-21T01:30:00Z").await;
    killed.task.abort();

    let again = Driven::start(&store, "2026-11-21T01:30:20Z", Behaviour::Quick);
    again.beat("2026-11-21T01:30:20Z").await;
    again.rounds(LEASE_ROUNDS).await;
    assert_eq!(again.recorder.count(), 0, "its lease still runs");
    again.beat("2026-11-21T01:31:20Z").await;
    again.rounds(LEASE_ROUNDS).await;
    until("the second run", || {
        again.newest_run().state == RunState::Done
    })
    .await;
    assert_eq!(again.recorder.count(), 1);
    assert_eq!(store.all_runs()[0].state, RunState::Lost);
    again.stop().await;
}

/// Goal: a store that is away costs no fire.
/// Method: away over the fire and half a minute more, then back.
#[tokio::test]
async fn a_store_that_is_away_costs_no_fire() {
    let store = Arc::new(FakeStore::default());
    let daemon = Driven::start(&store, "2026-11-20T12:00:00Z", Behaviour::Quick);
    daemon.beat("2026-11-20T12:00:00Z").await;
    store.away.store(true, Ordering::SeqCst);
    daemon.beat("2026-11-21T01:30:00Z").await;
    daemon.beat("2026-11-21T01:30:30Z").await;
    assert_eq!(daemon.recorder.count(), 0);
    store.away.store(false, Ordering::SeqCst);
    daemon.rounds(1).await;
    until("its end", || daemon.newest_run().state == RunState::Done).await;
    daemon.stop().await;
}

/// Goal: the end of a run is written when the store was away at that moment.
/// Method: away while the run ends, back when it was tried in vain.
#[tokio::test]
async fn an_end_waits_for_the_store() {
    let store = Arc::new(FakeStore::default());
    let daemon = Driven::start(&store, "2026-11-20T12:00:00Z", Behaviour::Deaf);
    daemon.beat("2026-11-20T12:00:00Z").await;
    daemon.beat("2026-11-21T01:30:00Z").await;
    until("its begin", || daemon.recorder.count() == 1).await;
    store.away.store(true, Ordering::SeqCst);
    daemon.recorder.release.notify_one();
    until("a try in vain", || {
        store.refused_count.load(Ordering::SeqCst) > 0
    })
    .await;
    store.away.store(false, Ordering::SeqCst);
    until("its end", || daemon.newest_run().state == RunState::Done).await;
    daemon.stop().await;
}

/// Goal: waiting mails are delivered again and again, one delivery at a time, failures or not.
/// Method: deliveries that fail, and take longer than the time between two.
#[tokio::test]
async fn waiting_mails_are_delivered() {
    let (count, under_way) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, busy) = (Arc::clone(&count), Arc::clone(&under_way));
    let deliver: Periodic = Arc::new(move |_| {
        let (counted, busy) = (Arc::clone(&counted), Arc::clone(&busy));
        Box::pin(async move {
            assert_eq!(busy.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
            tokio::time::sleep(Duration::from_millis(5)).await;
            busy.fetch_sub(1, Ordering::SeqCst);
            counted.fetch_add(1, Ordering::SeqCst);
            Err(super::fake_store::Away.into())
        })
    });
    let store = Arc::new(FakeStore::default());
    let daemon = Driven::start_with(
        &store,
        "2026-11-20T12:00:00Z",
        Behaviour::Quick,
        HURRIED,
        Some(deliver),
    );
    while count.load(Ordering::SeqCst) < 4 {
        daemon.rounds(1).await;
    }
    assert_eq!(daemon.stop().await, Leaving::Drained);
    assert_eq!(under_way.load(Ordering::SeqCst), 0, "the end waits for it");
}

/// Goal: a wrong schedule is told at the start, with what to do.
/// Method: a schedule of four fields.
#[tokio::test]
async fn a_wrong_schedule_ends_the_start() {
    let (_beats, receiver) = mpsc::channel(1);
    let options = DaemonOptions {
        store: Arc::new(FakeStore::default()),
        clock: Clock::set_at(at("2026-11-20T12:00:00Z")),
        jobs: BTreeMap::from([("nightly".to_owned(), job("30 1 * *", "last"))]),
        default_zone: TimeZone::UTC,
        runner: Arc::new(Recorder::new(Behaviour::Quick)),
        observer: Arc::new(Diary::default()),
        cancel: CancellationToken::new(),
        owner: "host:1".into(),
        drain: Duration::from_secs(1),
        deliver_mail: None,
        tempo: Tempo::default(),
    };
    let failure = drive(options, Heartbeat::driven(receiver), Signals::none())
        .await
        .unwrap_err();
    assert_eq!((failure.code(), failure.exit().code()), ("XF-J001", 2));
    assert!(
        failure.report().contains("hint: write minute, hour"),
        "{}",
        failure.report()
    );
}

/// Goal: the daemon itself pulls a parked source at the moment that its vendor named, once, between
/// two fires of its jobs. Method: a source that waits until nine; the clock passes nine.
#[tokio::test]
async fn a_parked_source_is_pulled_between_two_fires() {
    let store = Arc::new(FakeStore::default());
    let parked = ParkedSource {
        source: "crm".into(),
        until: at("2026-11-21T09:00:00Z"),
        reason: "the quota is used up".into(),
        noted_at: at("2026-11-21T01:31:00Z"),
    };
    store.park_source(&parked).await.unwrap();
    let daemon = Driven::start(&store, "2026-11-21T02:00:00Z", Behaviour::Quick);
    daemon.beat("2026-11-21T08:59:59Z").await;
    assert_eq!(daemon.recorder.count(), 0);
    daemon.beat("2026-11-21T09:00:00Z").await;
    until("its end", || daemon.newest_run().state == RunState::Done).await;
    daemon.rounds(5).await;
    assert_eq!(daemon.recorder.count(), 1);
    let run = daemon.newest_run();
    assert_eq!(
        (run.job.as_str(), run.fire_at),
        ("resume:crm", Some(parked.until))
    );
    assert_eq!(daemon.stop().await, Leaving::Drained);
}
