//! The planner over a store: what is due, what was missed, and whose it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crossfoot::config::{CatchUp, JobConfig};
use crossfoot::scheduler::{DueFire, Planner, next_fires, plans};
use crossfoot::store::{RunState, RunStore as _};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::fake_store::FakeStore;

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn job(schedule: &str, catch_up: &str) -> JobConfig {
    let text = format!("schedule = \"{schedule}\"\ncatch_up = \"{catch_up}\"\ntimeout = \"10m\"");
    toml::from_str(&text).unwrap()
}

fn planner_of(store: &Arc<FakeStore>, name: &str, config: JobConfig, owner: &str) -> Planner {
    let jobs = BTreeMap::from([(name.to_owned(), config)]);
    let store: Arc<FakeStore> = Arc::clone(store);
    Planner::new(store, plans(&jobs, &TimeZone::UTC).unwrap(), owner.into())
}

async fn tick(planner: &Planner, now: &str) -> Vec<DueFire> {
    let tick = planner.tick(at(now), &BTreeSet::new()).await;
    assert!(tick.failures.is_empty(), "{:?}", tick.failures);
    tick.due
}

fn fire_of(due: &[DueFire]) -> Vec<Timestamp> {
    due.iter().filter_map(|due| due.ticket.fire_at).collect()
}

async fn finish(store: &FakeStore, due: &DueFire, state: RunState, now: &str) {
    store
        .finish_run(&due.ticket.run_id, state, at(now), None, None)
        .await
        .unwrap();
}

/// Goal: the first start ever makes up for nothing, and a fire runs once whatever ticks twice.
/// Method: ticks before, at, at again and after a fire.
#[tokio::test]
async fn a_fire_runs_once() {
    let store = Arc::new(FakeStore::default());
    let planner = planner_of(&store, "nightly", job("30 1 * * *", "all"), "one");
    assert!(tick(&planner, "2026-11-20T12:00:00Z").await.is_empty());
    assert!(tick(&planner, "2026-11-21T01:29:59Z").await.is_empty());
    let due = tick(&planner, "2026-11-21T01:30:00Z").await;
    assert_eq!(fire_of(&due), [at("2026-11-21T01:30:00Z")]);
    assert!(tick(&planner, "2026-11-21T01:30:00Z").await.is_empty());
    finish(&store, &due[0], RunState::Done, "2026-11-21T01:31:00Z").await;
    assert!(tick(&planner, "2026-11-21T01:31:01Z").await.is_empty());
    let schedule = store.schedule("nightly").unwrap();
    assert_eq!(schedule.next_fire_at, Some(at("2026-11-22T01:30:00Z")));
    assert_eq!(schedule.last_fire_at, Some(at("2026-11-21T01:30:00Z")));
}

/// Goal: nine missed nights are made up for as configured.
/// Method: a run, nine nights off, then ticks until nothing is due, for each policy.
#[tokio::test]
async fn missed_fires_are_caught_up_by_policy() {
    for (policy, expected) in [("skip", 0), ("last", 1), ("all", 9)] {
        let store = Arc::new(FakeStore::default());
        let planner = planner_of(&store, "nightly", job("30 1 * * *", policy), "one");
        tick(&planner, "2026-11-01T00:00:00Z").await;
        let due = tick(&planner, "2026-11-01T01:30:00Z").await;
        finish(&store, &due[0], RunState::Done, "2026-11-01T01:40:00Z").await;

        let restarted = planner_of(&store, "nightly", job("30 1 * * *", policy), "two");
        let mut caught_up = Vec::new();
        for second in 0..20 {
            let now = at("2026-11-10T08:00:00Z")
                .checked_add(SignedDuration::from_secs(second))
                .unwrap();
            let due = restarted.tick(now, &BTreeSet::new()).await.due;
            assert!(due.len() <= 1);
            caught_up.extend(fire_of(&due));
            if let Some(due) = due.first() {
                finish(&store, due, RunState::Done, &now.to_string()).await;
            }
        }
        assert_eq!(caught_up.len(), expected, "{policy}");
        let skipped: Vec<_> = store
            .all_runs()
            .into_iter()
            .filter(|run| run.state == RunState::Skipped)
            .collect();
        match policy {
            "skip" => {
                assert_eq!(skipped.len(), 1);
                assert!(
                    skipped[0]
                        .error
                        .as_ref()
                        .unwrap()
                        .starts_with("9 fires skipped")
                );
            }
            "last" => assert_eq!(caught_up, [at("2026-11-10T01:30:00Z")]),
            _ => {
                assert_eq!(caught_up[0], at("2026-11-02T01:30:00Z"));
                assert_eq!(caught_up[8], at("2026-11-10T01:30:00Z"));
            }
        }
        assert_eq!(
            store.schedule("nightly").unwrap().next_fire_at,
            Some(at("2026-11-11T01:30:00Z"))
        );
    }
}

/// Goal: a fire that is only seconds late is on time under every policy.
/// Method: a tick 20 seconds after the fire.
#[tokio::test]
async fn a_few_seconds_are_not_missed() {
    for policy in ["skip", "last", "all"] {
        let store = Arc::new(FakeStore::default());
        let planner = planner_of(&store, "nightly", job("30 1 * * *", policy), "one");
        tick(&planner, "2026-11-20T12:00:00Z").await;
        let due = tick(&planner, "2026-11-21T01:30:20Z").await;
        assert_eq!(fire_of(&due), [at("2026-11-21T01:30:00Z")], "{policy}");
    }
}

/// Goal: a run longer than its period overlaps nothing; the fires that it covers are recorded.
/// Method: a job of every five minutes whose run takes 22 minutes.
#[tokio::test]
async fn overlapped_fires_are_skipped_and_counted() {
    for policy in ["skip", "last", "all"] {
        let store = Arc::new(FakeStore::default());
        let planner = planner_of(&store, "often", job("*/5 * * * *", policy), "one");
        tick(&planner, "2026-11-21T00:01:00Z").await;
        let long = tick(&planner, "2026-11-21T00:05:00Z").await;
        for now in ["00:10:00", "00:15:00", "00:20:00", "00:25:00"] {
            let due = tick(&planner, &format!("2026-11-21T{now}Z")).await;
            assert!(due.is_empty(), "one run at a time");
        }
        finish(&store, &long[0], RunState::Done, "2026-11-21T00:27:00Z").await;
        assert!(tick(&planner, "2026-11-21T00:27:01Z").await.is_empty());
        let skipped: Vec<_> = store
            .all_runs()
            .into_iter()
            .filter(|run| run.state == RunState::Skipped)
            .collect();
        assert_eq!(skipped.len(), 1, "{policy}");
        let error = skipped[0].error.as_ref().unwrap();
        assert!(
            error.starts_with("4 fires skipped up to 2026-11-21T00:25:00Z"),
            "{error}"
        );
        let next = tick(&planner, "2026-11-21T00:30:00Z").await;
        assert_eq!(fire_of(&next), [at("2026-11-21T00:30:00Z")], "{policy}");
    }
}

/// Goal: a changed schedule counts from now on.
/// Method: the same job with another cron text, then with another zone; past fires of the new
/// pattern are not made up for.
#[tokio::test]
async fn a_changed_schedule_is_planned_anew() {
    let store = Arc::new(FakeStore::default());
    let before = planner_of(&store, "nightly", job("30 1 * * *", "all"), "one");
    tick(&before, "2026-11-20T12:00:00Z").await;
    let changed = planner_of(&store, "nightly", job("15 6 * * *", "all"), "one");
    assert!(tick(&changed, "2026-11-21T05:00:00Z").await.is_empty());
    assert_eq!(
        store.schedule("nightly").unwrap().next_fire_at,
        Some(at("2026-11-21T06:15:00Z"))
    );
    let moved: JobConfig =
        toml::from_str("schedule = \"15 6 * * *\"\ntimezone = \"Asia/Tokyo\"").unwrap();
    let moved = planner_of(&store, "nightly", moved, "one");
    assert!(tick(&moved, "2026-11-21T05:00:00Z").await.is_empty());
    let schedule = store.schedule("nightly").unwrap();
    assert_eq!(schedule.timezone, "Asia/Tokyo");
    assert_eq!(schedule.next_fire_at, Some(at("2026-11-21T21:15:00Z")));
}

/// Goal: a schedule of a job that is no longer configured is forgotten.
/// Method: two jobs, then one.
#[tokio::test]
async fn removed_jobs_are_forgotten() {
    let store = Arc::new(FakeStore::default());
    tick(
        &planner_of(&store, "old", job("0 1 * * *", "last"), "one"),
        "2026-11-20T12:00:00Z",
    )
    .await;
    let planner = planner_of(&store, "new", job("0 2 * * *", "last"), "one");
    planner.forget_removed().await.unwrap();
    tick(&planner, "2026-11-20T12:00:01Z").await;
    assert!(store.schedule("old").is_none());
    assert!(store.schedule("new").is_some());
}

/// Goal: a clock that jumps makes no double run, no storm and no sleep for ever.
/// Method: an hour back, two days on and back, to 2038 and back, to 1970 and back; every fire that
/// ran, ran once, and each time the next real night is run.
#[tokio::test]
async fn clock_jumps() {
    for (policy, storm_max) in [("skip", 1), ("last", 1), ("all", 100)] {
        let store = Arc::new(FakeStore::default());
        let planner = planner_of(&store, "nightly", job("30 1 * * *", policy), "one");
        let mut most_at_a_jump = 0;
        for now in [
            "2026-11-20T12:00:00Z",
            "2026-11-21T01:30:00Z",
            "2026-11-21T00:35:00Z",
            "2026-11-21T01:30:00Z",
            "2026-11-23T01:30:30Z",
            "2026-11-21T02:00:00Z",
            "2026-11-22T01:30:00Z",
            "2038-01-19T03:14:08Z",
            "2026-11-22T03:00:00Z",
            "2026-11-23T01:30:00Z",
            "2026-11-24T01:30:00Z",
            "1970-01-01T00:00:00Z",
            "2026-11-24T02:00:00Z",
            "2026-11-25T01:30:00Z",
        ] {
            let mut count_here = 0;
            for _ in 0..200 {
                for due in tick(&planner, now).await {
                    finish(&store, &due, RunState::Done, now).await;
                    count_here += 1;
                }
            }
            most_at_a_jump = most_at_a_jump.max(count_here);
        }
        assert_eq!(most_at_a_jump, storm_max, "{policy}");
        assert!(store.fires_run().len() <= 6 + storm_max, "{policy}");
        let fires = store.fires_run();
        let unique: BTreeSet<_> = fires.iter().collect();
        assert_eq!(unique.len(), fires.len(), "{policy}: {fires:?}");
        for night in ["21", "22", "23", "24", "25"] {
            let fire = at(&format!("2026-11-{night}T01:30:00Z"));
            assert!(fires.contains(&fire), "{policy}: {night} of {fires:?}");
        }
        assert_eq!(
            store.schedule("nightly").unwrap().next_fire_at,
            Some(at("2026-11-26T01:30:00Z"))
        );
    }
}

/// Goal: two daemons on one store never run a fire twice, and never a job twice at a time.
/// Method: two planners tick concurrently through a day of a five-minute job, from several tasks;
/// runs end after a while that varies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_planners_share_the_fires() {
    let store = Arc::new(FakeStore::default());
    let planners: Vec<_> = ["one", "two"]
        .map(|owner| {
            Arc::new(planner_of(
                &store,
                "often",
                job("*/5 * * * *", "all"),
                owner,
            ))
        })
        .into();
    let start = at("2026-11-21T00:00:00Z");
    planners[0].tick(start, &BTreeSet::new()).await;
    for minute in 1..=600_i64 {
        let now = start
            .checked_add(SignedDuration::from_mins(minute))
            .unwrap();
        let ticks: Vec<_> = planners
            .iter()
            .chain(&planners)
            .map(|planner| {
                let planner = Arc::clone(planner);
                tokio::spawn(async move { planner.tick(now, &BTreeSet::new()).await })
            })
            .collect();
        let mut begun = 0;
        for tick in ticks {
            let tick = tick.await.unwrap();
            assert!(tick.failures.is_empty());
            begun += tick.due.len();
        }
        assert!(begun <= 1, "at {now}: {begun}");
        if minute % 3 == 0 {
            for run in store.all_runs() {
                if run.state == RunState::Running {
                    store
                        .finish_run(&run.run_id, RunState::Done, now, None, None)
                        .await
                        .unwrap();
                }
            }
        }
    }
    let fires: Vec<_> = store
        .all_runs()
        .into_iter()
        .filter_map(|run| run.fire_at)
        .collect();
    let unique: BTreeSet<_> = fires.iter().copied().collect();
    assert_eq!(unique.len(), fires.len());
    // Every fire was run: no run of at most three minutes covers the next.
    assert_eq!(store.fires_run().len(), 120);
}

/// Goal: a run whose process is gone is run once more, and only once, by one of two daemons.
/// Method: a run without an end; both planners look before and after its lease; the second run is
/// lost too, and nothing comes after it but the next fire.
#[tokio::test]
async fn a_lost_run_is_run_once_more() {
    let store = Arc::new(FakeStore::default());
    let gone = planner_of(&store, "nightly", job("30 1 * * *", "last"), "gone");
    tick(&gone, "2026-11-20T12:00:00Z").await;
    let lost = tick(&gone, "2026-11-21T01:30:00Z").await;
    let none = BTreeSet::new();
    let planners =
        ["one", "two"].map(|owner| planner_of(&store, "nightly", job("30 1 * * *", "last"), owner));

    let before = at("2026-11-21T01:30:59Z");
    planners[0].reap(before).await.unwrap();
    assert!(planners[0].rerun_lost(before, &none).await.due.is_empty());

    let after = at("2026-11-21T01:31:30Z");
    for planner in &planners {
        planner.reap(after).await.unwrap();
    }
    let (one, two) = tokio::join!(
        planners[0].rerun_lost(after, &none),
        planners[1].rerun_lost(after, &none)
    );
    let again: Vec<_> = one.due.into_iter().chain(two.due).collect();
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].ticket.fire_at, lost[0].ticket.fire_at);
    assert_ne!(again[0].ticket.run_id, lost[0].ticket.run_id);

    let much_later = at("2026-11-21T03:00:00Z");
    planners[1].reap(much_later).await.unwrap();
    assert!(
        planners[1]
            .rerun_lost(much_later, &none)
            .await
            .due
            .is_empty()
    );
    let states: Vec<_> = store.all_runs().iter().map(|run| run.state).collect();
    assert_eq!(states, [RunState::Lost, RunState::Lost]);
    assert_eq!(tick(&planners[1], "2026-11-22T01:30:00Z").await.len(), 1);
}

/// Goal: a run that somebody started by hand is not run again when it is lost.
/// Method: a run without a fire, whose lease goes out.
#[tokio::test]
async fn a_lost_manual_run_stays_lost() {
    let store = Arc::new(FakeStore::default());
    let planner = planner_of(&store, "nightly", job("30 1 * * *", "last"), "one");
    let begun = store
        .begin_run(&crossfoot::store::NewRun {
            run_id: "by-hand".into(),
            job: "nightly".into(),
            fire_at: None,
            started_at: at("2026-11-20T12:00:00Z"),
            owner: "shell".into(),
            lease_until: at("2026-11-20T12:01:00Z"),
        })
        .await
        .unwrap();
    assert!(begun);
    let now = at("2026-11-20T13:00:00Z");
    planner.reap(now).await.unwrap();
    assert!(
        planner
            .rerun_lost(now, &BTreeSet::new())
            .await
            .due
            .is_empty()
    );
}

/// Goal: a process that is killed between claiming a fire and moving the schedule on costs nothing.
/// Method: put the schedule back behind a fire that was run; the next tick only moves it on.
#[tokio::test]
async fn a_schedule_behind_its_runs_moves_on() {
    let store = Arc::new(FakeStore::default());
    let planner = planner_of(&store, "nightly", job("30 1 * * *", "last"), "one");
    tick(&planner, "2026-11-20T12:00:00Z").await;
    let behind = store.schedule("nightly").unwrap();
    let due = tick(&planner, "2026-11-21T01:30:00Z").await;
    finish(&store, &due[0], RunState::Done, "2026-11-21T01:35:00Z").await;
    store.save_schedule(&behind).await.unwrap();
    assert!(tick(&planner, "2026-11-21T01:36:00Z").await.is_empty());
    assert_eq!(
        store.schedule("nightly").unwrap().next_fire_at,
        Some(at("2026-11-22T01:30:00Z"))
    );
}

/// Goal: `crossfoot schedule` shows what the planner would run, in the zone of the job.
/// Method: the fires around a change of clocks.
#[test]
fn the_next_fires_are_shown() {
    let config: JobConfig =
        toml::from_str("schedule = \"30 2 * * *\"\ntimezone = \"America/New_York\"").unwrap();
    assert_eq!(config.catch_up, CatchUp::Last);
    let fires = next_fires(
        "nightly",
        &config,
        &TimeZone::UTC,
        at("2026-03-07T12:00:00Z"),
        3,
    )
    .unwrap();
    assert_eq!(
        fires,
        [
            at("2026-03-08T07:00:00Z"),
            at("2026-03-09T06:30:00Z"),
            at("2026-03-10T06:30:00Z")
        ]
    );
    let wrong: JobConfig = toml::from_str("schedule = \"at night\"").unwrap();
    let failure = next_fires(
        "nightly",
        &wrong,
        &TimeZone::UTC,
        at("2026-03-07T12:00:00Z"),
        3,
    )
    .unwrap_err();
    assert_eq!((failure.code(), failure.exit().code()), ("XF-J001", 2));
}
