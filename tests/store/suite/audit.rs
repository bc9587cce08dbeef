//! The audit trail.

use std::sync::Arc;

use crossfoot::store::{NewAuditEntry, Store};

use crate::store::sample::minute;

pub(crate) fn entry(object: &str) -> NewAuditEntry {
    NewAuditEntry {
        at: minute(0),
        actor: "Ann".into(),
        action: "config.change".into(),
        object: object.into(),
        before: Some("{\"a\":\"1\"}".into()),
        after: None,
        reason: Some("ordered\nin two lines".into()),
        approval: None,
    }
}

/// Goal: entries have places without a gap and are bound to each other. Method: append in two
/// writes and read them in stretches.
pub(crate) async fn the_trail_is_one_chain(store: Arc<dyn Store>) {
    assert_eq!(store.verify_audit().await.unwrap(), (0, None));
    store
        .append_audit(&[entry("one"), entry("two")])
        .await
        .unwrap();
    store.append_audit(&[]).await.unwrap();
    store.append_audit(&[entry("three")]).await.unwrap();
    let all = store.audit_entries(0, 99).await.unwrap();
    let places: Vec<i64> = all.iter().map(|one| one.sequence).collect();
    assert_eq!(places, [1, 2, 3]);
    assert_eq!(all[0].previous_hash, "");
    assert_eq!(all[1].previous_hash, all[0].hash);
    assert_eq!(all[2].previous_hash, all[1].hash);
    assert_eq!(all[1].entry, entry("two"));
    for one in &all {
        let id: uuid::Uuid = one.event_id.parse().unwrap();
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(one.hash.len(), 64);
    }
    assert_eq!(store.audit_entries(1, 1).await.unwrap(), [all[1].clone()]);
    assert_eq!(store.verify_audit().await.unwrap(), (3, None));
}

/// Goal: appends at the same time never fork the chain. Method: twenty at once.
pub(crate) async fn writers_at_once_make_one_chain(store: Arc<dyn Store>) {
    let mut tasks = Vec::new();
    for place in 0..20 {
        let store = Arc::clone(&store);
        tasks.push(tokio::spawn(async move {
            let entries = [entry(&format!("{place}a")), entry(&format!("{place}b"))];
            store.append_audit(&entries).await.unwrap();
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(store.verify_audit().await.unwrap(), (40, None));
}

/// Goal: a caller who stops waiting breaks nothing. Method: drop many writes at their first, second
/// and later steps, then see that the chain holds and the store still writes.
pub(crate) async fn a_dropped_write_is_finished_or_undone(store: Arc<dyn Store>) {
    for place in 0..60_u64 {
        let name = place.to_string();
        let entries = [entry(&name), entry(&name)];
        let patience = std::time::Duration::from_micros(place * 40);
        // Whether it was in time does not matter here: both are allowed, half of it is not.
        let _ = tokio::time::timeout(patience, store.append_audit(&entries)).await;
    }
    store.append_audit(&[entry("last")]).await.unwrap();
    let (count, fault) = store.verify_audit().await.unwrap();
    assert_eq!(fault, None);
    assert_eq!(count % 2, 1, "two at a time and the last one: {count}");
}
