//! Runs and schedules.

use std::sync::Arc;

use crossfoot::store::{ParkedSource, RunState, Schedule, Store};

use crate::store::sample::{minute, run};

/// Goal: no fire runs twice and no job beside itself. Method: begin runs that clash by fire or by
/// job, and some that do not.
pub(crate) async fn a_fire_is_answered_once(store: Arc<dyn Store>) {
    let fire = Some(minute(0));
    assert!(store.begin_run(&run("1", "sync", fire)).await.unwrap());
    // Under way: neither the same fire nor another run of the job.
    assert!(!store.begin_run(&run("2", "sync", fire)).await.unwrap());
    assert!(!store.begin_run(&run("3", "sync", None)).await.unwrap());
    assert!(store.begin_run(&run("4", "report", fire)).await.unwrap());
    store
        .finish_run("1", RunState::Done, minute(2), Some("{}"), None)
        .await
        .unwrap();
    // Ended: the fire stays answered, a person may start the job as often as wanted.
    assert!(!store.begin_run(&run("5", "sync", fire)).await.unwrap());
    assert!(store.begin_run(&run("6", "sync", None)).await.unwrap());
    store
        .finish_run("6", RunState::Done, minute(3), None, None)
        .await
        .unwrap();
    assert!(store.begin_run(&run("7", "sync", None)).await.unwrap());
}

/// Goal: a run whose lease ran out ends once, and its late process cannot bring it back. Method:
/// renew, reap before and after the lease, then renew and finish it again.
pub(crate) async fn a_lost_run_stays_lost(store: Arc<dyn Store>) {
    assert!(store.begin_run(&run("1", "sync", None)).await.unwrap());
    assert!(store.renew_lease("1", minute(10)).await.unwrap());
    assert!(store.reap_runs(minute(9)).await.unwrap().is_empty());
    let lost = store.reap_runs(minute(11)).await.unwrap();
    assert_eq!(lost.len(), 1);
    assert_eq!(lost[0].state, RunState::Lost);
    assert_eq!(lost[0].finished_at, Some(minute(11)));
    assert!(!store.renew_lease("1", minute(20)).await.unwrap());
    store
        .finish_run("1", RunState::Done, minute(12), Some("{}"), None)
        .await
        .unwrap();
    let runs = store.runs(None, 10).await.unwrap();
    assert_eq!(runs, lost);
    assert!(store.reap_runs(minute(99)).await.unwrap().is_empty());
}

/// Goal: what a run was and did is read back as it was written. Method: two jobs, three runs.
pub(crate) async fn runs_are_listed_newest_first(store: Arc<dyn Store>) {
    for (place, job) in ["sync", "report", "check"].into_iter().enumerate() {
        let place = i64::try_from(place).unwrap();
        let mut next = run(&format!("run-{place}"), job, Some(minute(place)));
        next.started_at = minute(place);
        assert!(store.begin_run(&next).await.unwrap());
    }
    let error = Some("XF-S001: the source is gone");
    store
        .finish_run(
            "run-1",
            RunState::Failed,
            minute(4),
            Some("{\"a\":1}"),
            error,
        )
        .await
        .unwrap();
    let all = store.runs(None, 2).await.unwrap();
    let ids: Vec<&str> = all.iter().map(|one| one.run_id.as_str()).collect();
    assert_eq!(ids, ["run-2", "run-1"]);
    assert_eq!(all[1].state, RunState::Failed);
    assert_eq!(all[1].fire_at, Some(minute(1)));
    assert_eq!(all[1].summary.as_deref(), Some("{\"a\":1}"));
    assert_eq!(all[1].error.as_deref(), error);
    assert_eq!(all[0].finished_at, None);
    assert_eq!(all[0].lease_until, minute(5));
    assert_eq!(store.runs(Some("sync"), 9).await.unwrap().len(), 1);
}

/// Goal: the schedules are those of the configured jobs. Method: write, rewrite, and keep some.
pub(crate) async fn schedules_follow_the_configuration(store: Arc<dyn Store>) {
    let schedule = |job: &str, next: Option<i64>| Schedule {
        job: job.into(),
        cron: "0 3 * * *".into(),
        timezone: "Europe/Copenhagen".into(),
        next_fire_at: next.map(minute),
        last_fire_at: None,
    };
    for job in ["sync", "report", "old"] {
        store.save_schedule(&schedule(job, Some(1))).await.unwrap();
    }
    store.save_schedule(&schedule("sync", None)).await.unwrap();
    let kept = ["sync".to_owned(), "report".to_owned(), "new".to_owned()];
    store.keep_schedules(&kept).await.unwrap();
    assert_eq!(
        store.schedules().await.unwrap(),
        [schedule("report", Some(1)), schedule("sync", None)]
    );
    store.keep_schedules(&[]).await.unwrap();
    assert!(store.schedules().await.unwrap().is_empty());
}

/// Goal: of each source the newest word counts, the next one to be asked stands first, and one that
/// answers again is forgotten. Method: park two, one twice, and forget the other.
pub(crate) async fn a_parked_source_waits_until_it_is_forgotten(store: Arc<dyn Store>) {
    let parked = |source: &str, until: i64| ParkedSource {
        source: source.into(),
        until: minute(until),
        reason: "the quota is used up".into(),
        noted_at: minute(0),
    };
    for (source, until) in [("erp", 5), ("crm", 30), ("erp", 90)] {
        store.park_source(&parked(source, until)).await.unwrap();
    }
    assert_eq!(
        store.parked_sources().await.unwrap(),
        [parked("crm", 30), parked("erp", 90)]
    );
    store.unpark_source("crm").await.unwrap();
    store.unpark_source("nobody").await.unwrap();
    assert_eq!(store.parked_sources().await.unwrap(), [parked("erp", 90)]);
}
