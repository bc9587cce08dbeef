//! Pulls, files, cursors and tokens.

use std::sync::Arc;

use crossfoot::canonical::Entity;
use crossfoot::store::{FileFilter, PullState, RateBudget, RotatedToken, Store};

use crate::store::sample::{file, minute, pull};

/// Goal: a pull, its files and the cursor are read back as they were written. Method: commit two.
pub(crate) async fn a_pull_is_committed_whole(store: Arc<dyn Store>) {
    let first = pull("p1", "erp", 0, PullState::Ok);
    let files = [
        file("b.parquet", &first, Entity::InvoiceLines),
        file("a.parquet", &first, Entity::Invoices),
    ];
    store
        .commit_pull(&first, &files, Some("page-2"))
        .await
        .unwrap();
    let second = pull("p2", "erp", 5, PullState::Partial);
    store.commit_pull(&second, &[], None).await.unwrap();
    assert_eq!(
        store.pulls_of_run("run-1").await.unwrap(),
        [first.clone(), second]
    );
    let known = store.files(&FileFilter::default()).await.unwrap();
    assert_eq!(known, [files[1].clone(), files[0].clone()]);
    let place = store.cursor("erp", "invoices").await.unwrap();
    assert_eq!(place.as_deref(), Some("page-2"));
    assert_eq!(store.cursor("erp", "payments").await.unwrap(), None);
}

/// Goal: a failed pull moves nothing. Method: fail one after a good one.
pub(crate) async fn a_failed_pull_leaves_the_cursor(store: Arc<dyn Store>) {
    let good = pull("p1", "erp", 0, PullState::Ok);
    store.commit_pull(&good, &[], Some("one")).await.unwrap();
    let failed = pull("p2", "erp", 5, PullState::Failed);
    store.commit_pull(&failed, &[], None).await.unwrap();
    let place = store.cursor("erp", "invoices").await.unwrap();
    assert_eq!(place.as_deref(), Some("one"));
    let newer = pull("p3", "erp", 9, PullState::Ok);
    store.commit_pull(&newer, &[], Some("two")).await.unwrap();
    let place = store.cursor("erp", "invoices").await.unwrap();
    assert_eq!(place.as_deref(), Some("two"));
}

/// Goal: a commit is all or nothing. Method: the second file's path is taken, so the write breaks
/// after the pull and a file were written.
pub(crate) async fn a_pull_that_breaks_leaves_nothing(store: Arc<dyn Store>) {
    let good = pull("p1", "erp", 0, PullState::Ok);
    let taken = [file("a.parquet", &good, Entity::Invoices)];
    store.commit_pull(&good, &taken, Some("one")).await.unwrap();
    let broken = pull("p2", "erp", 5, PullState::Ok);
    let files = [
        file("new.parquet", &broken, Entity::Invoices),
        file("a.parquet", &broken, Entity::Invoices),
    ];
    let error = store
        .commit_pull(&broken, &files, Some("two"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "XF-D014", "{error}");
    assert_eq!(store.pulls_of_run("run-1").await.unwrap(), [good]);
    assert_eq!(store.files(&FileFilter::default()).await.unwrap(), taken);
    let place = store.cursor("erp", "invoices").await.unwrap();
    assert_eq!(place.as_deref(), Some("one"));
}

/// Goal: each condition of the filter takes what it says. Method: files that differ in one thing.
pub(crate) async fn files_are_known_from_their_extraction_on(store: Arc<dyn Store>) {
    let early = pull("p1", "erp", 0, PullState::Ok);
    let late = pull("p2", "crm", 60, PullState::Ok);
    let mut rejects = file("q.parquet", &early, Entity::Invoices);
    rejects.quarantine = true;
    let early_files = [
        file("a.parquet", &early, Entity::Invoices),
        file("b.parquet", &early, Entity::InvoiceLines),
        rejects,
    ];
    let late_files = [file("c.parquet", &late, Entity::Invoices)];
    store.commit_pull(&early, &early_files, None).await.unwrap();
    store.commit_pull(&late, &late_files, None).await.unwrap();
    let paths = async |filter: FileFilter| -> Vec<String> {
        let files = store.files(&filter).await.unwrap();
        files.into_iter().map(|file| file.path).collect()
    };
    let all = FileFilter::default();
    assert_eq!(
        paths(all.clone()).await,
        ["a.parquet", "b.parquet", "c.parquet"]
    );
    let of_entity = FileFilter {
        entity: Some(Entity::Invoices),
        ..all.clone()
    };
    assert_eq!(paths(of_entity).await, ["a.parquet", "c.parquet"]);
    let of_source = FileFilter {
        source: Some("crm".into()),
        ..all.clone()
    };
    assert_eq!(paths(of_source).await, ["c.parquet"]);
    let by_then = FileFilter {
        as_of: Some(minute(0)),
        ..all.clone()
    };
    assert_eq!(paths(by_then).await, ["a.parquet", "b.parquet"]);
    let quarantined = FileFilter {
        quarantine: true,
        ..all
    };
    assert_eq!(paths(quarantined).await, ["q.parquet"]);
}

/// Goal: freshness is the newest pull, and the newest that was complete. Method: a good pull, then a
/// partial and a failed one, seen from several instants.
pub(crate) async fn freshness_is_told_by_pulls(store: Arc<dyn Store>) {
    let good = pull("p1", "erp", 0, PullState::Ok);
    let partial = pull("p0", "erp", 8, PullState::Partial);
    let failed = pull("p2", "erp", 10, PullState::Failed);
    let other = pull("p3", "crm", 5, PullState::Ok);
    for one in [&good, &partial, &failed, &other] {
        store.commit_pull(one, &[], None).await.unwrap();
    }
    let newest = store.newest_pulls(minute(99)).await.unwrap();
    assert_eq!(newest, [other.clone(), failed]);
    assert_eq!(
        store.newest_pulls(minute(4)).await.unwrap(),
        std::slice::from_ref(&good)
    );
    let committed = store.newest_committed_pulls(minute(99)).await.unwrap();
    assert_eq!(committed, [other, good]);
    // It began by then, but had not ended.
    assert!(
        store
            .newest_committed_pulls(minute(0))
            .await
            .unwrap()
            .is_empty()
    );
}

/// Goal: only the newest token counts. Method: rotate twice.
pub(crate) async fn a_rotated_token_replaces_the_last(store: Arc<dyn Store>) {
    assert_eq!(store.token("erp").await.unwrap(), None);
    let mut token = RotatedToken {
        source: "erp".into(),
        sealed: vec![0, 1, 2, 255],
        received_at: minute(0),
    };
    store.save_token(&token).await.unwrap();
    token.sealed = vec![9; 64];
    token.received_at = minute(1);
    store.save_token(&token).await.unwrap();
    assert_eq!(store.token("erp").await.unwrap(), Some(token));
}

/// Goal: what is left of a budget is known to the next process. Method: keep it, and keep it again
/// with less in it.
pub(crate) async fn a_budget_is_what_was_kept_last(store: Arc<dyn Store>) {
    assert_eq!(store.budget("0a1b").await.unwrap(), None);
    let mut budget = RateBudget {
        budget: "0a1b".into(),
        paid_at: Some(minute(2)),
        not_before: Some(minute(60)),
        reason: Some("the quota is used up".into()),
        saved_at: minute(0),
    };
    store.save_budget(&budget).await.unwrap();
    assert_eq!(store.budget("0a1b").await.unwrap(), Some(budget.clone()));
    budget.not_before = None;
    budget.reason = None;
    budget.saved_at = minute(1);
    store.save_budget(&budget).await.unwrap();
    assert_eq!(store.budget("0a1b").await.unwrap(), Some(budget));
}
