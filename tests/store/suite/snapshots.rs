//! Snapshots, versions and checkpoints.

use std::sync::Arc;

use crossfoot::store::{KpiSnapshot, ReportVersion, Store};

use crate::store::sample::minute;

/// Goal: a restatement is beside the old snapshot, and the newest counts. Method: two periods, one
/// of them restated, two scopes.
pub(crate) async fn the_newest_snapshot_of_a_period_counts(store: Arc<dyn Store>) {
    let snapshot = |id: &str, scope: &str, period: &str, at: i64| KpiSnapshot {
        snapshot_id: id.into(),
        scope: scope.into(),
        period: period.parse().unwrap(),
        as_of: minute(at),
        computed_at: minute(at),
        run_id: "run-1".into(),
        body: format!("{{\"id\":\"{id}\"}}"),
    };
    let restated = snapshot("s3", "all", "2026-02", 30);
    let other = snapshot("s2", "all", "2026-03", 20);
    for one in [
        &snapshot("s1", "all", "2026-02", 10),
        &other,
        &restated,
        &snapshot("s4", "north", "2026-02", 40),
        &snapshot("s5", "all", "2025-12", 40),
    ] {
        store.save_kpi(one).await.unwrap();
    }
    let first = "2026-01".parse().unwrap();
    let last = "2026-03".parse().unwrap();
    let newest = store.newest_kpis("all", first, last).await.unwrap();
    assert_eq!(newest, [restated, other]);
    assert!(store.save_kpi(&newest[0]).await.is_err());
}

/// Goal: a version's figures never change. Method: write a number twice.
pub(crate) async fn a_version_is_given_once(store: Arc<dyn Store>) {
    let version = |number: u32, digest: &str| ReportVersion {
        report: "weekly".into(),
        scope: "all".into(),
        period: "2026-Q1".into(),
        version: number,
        figures_digest: digest.into(),
        figures: "{}".into(),
        created_at: minute(0),
    };
    let newest = async || {
        store
            .report_version("weekly", "all", "2026-Q1")
            .await
            .unwrap()
    };
    assert_eq!(newest().await, None);
    for one in [version(2, "two"), version(1, "one"), version(2, "other")] {
        store.save_report_version(&one).await.unwrap();
    }
    assert_eq!(newest().await, Some(version(2, "two")));
}

/// Goal: a job that resumes knows what it did. Method: mark steps of two keys, forget one.
pub(crate) async fn steps_are_remembered_until_cleared(store: Arc<dyn Store>) {
    for (key, step, at) in [("a", "2", 0), ("a", "1", 1), ("b", "1", 2), ("a", "2", 3)] {
        store.save_checkpoint(key, step, minute(at)).await.unwrap();
    }
    assert_eq!(store.checkpoints("a").await.unwrap(), ["2", "1"]);
    store.clear_checkpoints("a").await.unwrap();
    assert!(store.checkpoints("a").await.unwrap().is_empty());
    assert_eq!(store.checkpoints("b").await.unwrap(), ["1"]);
}
