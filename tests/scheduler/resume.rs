//! Sources that wait for their vendor are pulled once it lets itself be asked again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crossfoot::scheduler::{DueFire, Planner, plans, resume_job, resumed_source};
use crossfoot::store::{ParkedSource, RunState, RunStore as _};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::fake_store::FakeStore;
use super::planner::{at, job};

fn planner(store: &Arc<FakeStore>, owner: &str) -> Planner {
    let jobs = BTreeMap::from([("nightly".to_owned(), job("30 1 * * *", "last"))]);
    let store: Arc<FakeStore> = Arc::clone(store);
    Planner::new(store, plans(&jobs, &TimeZone::UTC).unwrap(), owner.into())
}

async fn park(store: &FakeStore, source: &str, until: &str) {
    let parked = ParkedSource {
        source: source.into(),
        until: at(until),
        reason: "the quota is used up".into(),
        noted_at: at("2026-11-21T01:31:00Z"),
    };
    store.park_source(&parked).await.unwrap();
}

async fn due(planner: &Planner, now: &str, busy: &[&str]) -> Vec<DueFire> {
    let busy: BTreeSet<String> = busy.iter().map(|&job| job.to_owned()).collect();
    let tick = planner.tick_parked(at(now), &busy).await;
    assert!(tick.failures.is_empty(), "{:?}", tick.failures);
    tick.due
}

fn told(due: &[DueFire]) -> Vec<(&str, Option<Timestamp>)> {
    due.iter()
        .map(|due| (due.ticket.job.as_str(), due.ticket.fire_at))
        .collect()
}

/// Goal: an extra pull at the moment that the vendor named, once, whoever looks; not while another
/// run is at work. Method: two daemons over one store, by a clock that the test moves.
#[tokio::test]
async fn a_parked_source_is_pulled_once_at_its_time() {
    let store = Arc::new(FakeStore::default());
    let (one, two) = (planner(&store, "one"), planner(&store, "two"));
    park(&store, "crm", "2026-11-21T09:00:00Z").await;
    assert!(due(&one, "2026-11-21T08:59:59Z", &[]).await.is_empty());
    // A job of this process, or of another one, may be pulling the same source.
    let now = "2026-11-21T09:00:00Z";
    assert!(due(&one, now, &["nightly"]).await.is_empty());

    let begun = due(&one, now, &[]).await;
    assert_eq!(told(&begun), [("resume:crm", Some(at(now)))]);
    assert_eq!(resumed_source(&begun[0].ticket.job), Some("crm"));
    assert_eq!(resume_job("crm"), "resume:crm");
    assert_eq!(resumed_source("nightly"), None);
    assert!(due(&two, "2026-11-21T09:00:01Z", &[]).await.is_empty());

    // It had to wait once more: what the run noted counts.
    park(&store, "crm", "2026-11-21T12:00:00Z").await;
    let run = &begun[0].ticket.run_id;
    let ended = at("2026-11-21T09:01:00Z");
    store
        .finish_run(run, RunState::Incomplete, ended, None, None)
        .await
        .unwrap();
    assert!(due(&two, "2026-11-21T11:59:59Z", &[]).await.is_empty());
    let again = due(&two, "2026-11-21T12:00:05Z", &[]).await;
    assert_eq!(
        told(&again),
        [("resume:crm", Some(at("2026-11-21T12:00:00Z")))]
    );
}

/// Goal: a run that was lost is not begun again and again. Method: its process dies; after its lease
/// the source is left to the next job.
#[tokio::test]
async fn a_lost_pull_is_left_to_the_next_job() {
    let store = Arc::new(FakeStore::default());
    let planner = planner(&store, "one");
    park(&store, "crm", "2026-11-21T09:00:00Z").await;
    assert_eq!(due(&planner, "2026-11-21T09:00:00Z", &[]).await.len(), 1);
    planner.reap(at("2026-11-21T09:05:00Z")).await.unwrap();
    assert!(due(&planner, "2026-11-21T09:05:00Z", &[]).await.is_empty());
    assert!(store.parked_sources().await.unwrap().is_empty());
}
