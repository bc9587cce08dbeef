//! Files that take the place of others, and what is true of the whole store.

use std::sync::Arc;

use crossfoot::canonical::Entity;
use crossfoot::landing::LandedFile;
use crossfoot::store::{
    FileFilter, FileReplacement, KEPT_SINCE, KnownField, NewAuditEntry, PullState, RetiredFile,
    STORE_ID, Store,
};

use crate::store::sample::{file, minute, pull};

async fn paths(store: &Arc<dyn Store>, as_of: Option<i64>) -> Vec<String> {
    let filter = FileFilter {
        as_of: as_of.map(minute),
        ..FileFilter::default()
    };
    let files = store.files(&filter).await.unwrap();
    files.into_iter().map(|file| file.path).collect()
}

/// Two files of two pulls, and the one that holds their rows.
async fn two_and_one(store: &Arc<dyn Store>) -> ([LandedFile; 2], LandedFile) {
    let early = pull("p1", "erp", 0, PullState::Ok);
    let late = pull("p2", "erp", 60, PullState::Ok);
    let files = [
        file("a.parquet", &early, Entity::Invoices),
        file("b.parquet", &late, Entity::Invoices),
    ];
    for (pull, file) in [(&early, &files[0]), (&late, &files[1])] {
        let landed = std::slice::from_ref(file);
        store.commit_pull(pull, landed, None).await.unwrap();
    }
    let mut merged = file("m.parquet", &late, Entity::Invoices);
    merged.first_extracted_at = early.started_at;
    merged.key_id = Some("0123456789abcdef".into());
    (files, merged)
}

/// Goal: a replacement is all or nothing, and happens once. Method: replace two files, then try it
/// again, and with a file that is not there.
pub(crate) async fn files_are_replaced_as_one(store: Arc<dyn Store>) {
    let (files, merged) = two_and_one(&store).await;
    let replacement = FileReplacement {
        retired: files.to_vec(),
        added: vec![merged.clone()],
        reason: "compacted",
        audit: Some(NewAuditEntry {
            at: minute(90),
            actor: "crossfoot@test".into(),
            action: "landing.retention".into(),
            object: "landing".into(),
            before: None,
            after: None,
            reason: None,
            approval: None,
        }),
        landmarks: vec![(KEPT_SINCE, "2020-01-01T00:00:00Z".into())],
    };
    assert!(store.replace_files(&replacement, minute(90)).await.unwrap());
    let known = store.files(&FileFilter::default()).await.unwrap();
    assert_eq!(known, std::slice::from_ref(&merged));
    let retired = store.retired_files().await.unwrap();
    assert_eq!(retired.len(), 2);
    let first = RetiredFile {
        path: "a.parquet".into(),
        size_bytes: files[0].size_bytes,
        retired_at: minute(90),
        reason: "compacted".into(),
    };
    assert_eq!(retired[0], first);
    let since = store.landmark(KEPT_SINCE).await.unwrap();
    assert_eq!(since.as_deref(), Some("2020-01-01T00:00:00Z"));
    assert_eq!(store.audit_entries(0, 9).await.unwrap().len(), 1);

    // Again: somebody was faster, and nothing of it is kept.
    let late = FileReplacement {
        retired: vec![merged.clone(), files[0].clone()],
        added: vec![file(
            "n.parquet",
            &pull("p2", "erp", 60, PullState::Ok),
            Entity::Invoices,
        )],
        reason: "compacted",
        ..FileReplacement::default()
    };
    assert!(!store.replace_files(&late, minute(95)).await.unwrap());
    assert_eq!(paths(&store, None).await, ["m.parquet"]);
    assert_eq!(store.retired_files().await.unwrap().len(), 2);

    let gone = ["a.parquet".to_owned()];
    store.forget_retired(&gone).await.unwrap();
    store.forget_retired(&[]).await.unwrap();
    assert_eq!(store.retired_files().await.unwrap()[0].path, "b.parquet");
}

/// Goal: a merged file belongs to every instant from its first row on. Method: ask before, within
/// and after.
pub(crate) async fn a_merged_file_is_known_from_its_first_row_on(store: Arc<dyn Store>) {
    let (files, merged) = two_and_one(&store).await;
    assert_eq!(paths(&store, Some(30)).await, ["a.parquet"]);
    let replacement = FileReplacement {
        retired: files.to_vec(),
        added: vec![merged],
        reason: "compacted",
        ..FileReplacement::default()
    };
    store.replace_files(&replacement, minute(90)).await.unwrap();
    assert!(paths(&store, Some(-1)).await.is_empty());
    assert_eq!(paths(&store, Some(30)).await, ["m.parquet"]);
    assert_eq!(paths(&store, Some(60)).await, ["m.parquet"]);
}

/// Goal: a landing can tell to which store it belongs. Method: a new store has an id, which stays.
pub(crate) async fn a_store_has_a_name_of_its_own(store: Arc<dyn Store>) {
    let id = store.landmark(STORE_ID).await.unwrap().unwrap();
    assert_eq!(id.len(), 32, "{id}");
    assert_eq!(store.landmark(STORE_ID).await.unwrap(), Some(id));
    assert_eq!(store.landmark("no such thing").await.unwrap(), None);
}

/// Goal: what is known of a field is the newest count, and the first sight of it. Method: keep two,
/// then one of them again.
pub(crate) async fn fields_are_known_with_their_counts(store: Arc<dyn Store>) {
    let field = |path: &str, at: i64, records: u64| KnownField {
        source: "erp".into(),
        entity: Entity::Invoices,
        path: path.into(),
        first_seen_at: minute(at),
        last_seen_at: minute(at),
        records,
        present: records / 2,
    };
    let both = [field("amount", 0, 10), field("due", 0, 10)];
    store.save_fields(&both).await.unwrap();
    store.save_fields(&[]).await.unwrap();
    store.save_fields(&[field("due", 5, 30)]).await.unwrap();
    let known = store.known_fields("erp").await.unwrap();
    assert_eq!(known[0], both[0]);
    assert_eq!((known[1].records, known[1].present), (30, 15));
    assert_eq!(
        (known[1].first_seen_at, known[1].last_seen_at),
        (minute(0), minute(5))
    );
    assert!(store.known_fields("crm").await.unwrap().is_empty());
}
