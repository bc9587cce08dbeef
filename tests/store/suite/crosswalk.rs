//! The crosswalk.

use std::sync::Arc;

use crossfoot::store::{CrosswalkEntry, Store};

use crate::store::sample::{membership, minute};

async fn golden_at(store: &Arc<dyn Store>, at: i64) -> Vec<(String, String)> {
    let entries = store.crosswalk(minute(at)).await.unwrap();
    let pairs = entries.into_iter();
    pairs
        .map(|entry| (entry.source_id, entry.golden_id))
        .collect()
}

fn pair(source_id: &str, golden_id: &str) -> (String, String) {
    (source_id.into(), golden_id.into())
}

/// Goal: what held at an instant can always be asked for, and saying the same again changes
/// nothing. Method: link by machine, say it again, then move by a person.
pub(crate) async fn memberships_are_closed_and_opened(store: Arc<dyn Store>) {
    let own = [
        membership("1", "g1", "crossfoot", 0),
        membership("2", "g1", "crossfoot", 0),
    ];
    store.save_crosswalk(&own).await.unwrap();
    let again = [membership("1", "g1", "crossfoot", 5)];
    store.save_crosswalk(&again).await.unwrap();
    let moved = [membership("1", "g2", "Ann", 10)];
    store.save_crosswalk(&moved).await.unwrap();
    assert_eq!(
        golden_at(&store, 9).await,
        [pair("1", "g1"), pair("2", "g1")]
    );
    assert_eq!(
        golden_at(&store, 10).await,
        [pair("1", "g2"), pair("2", "g1")]
    );
    assert!(golden_at(&store, -1).await.is_empty());
    let closed = store.crosswalk(minute(9)).await.unwrap();
    assert_eq!(closed[0].valid_from, minute(0));
    assert_eq!(closed[0].valid_to, Some(minute(10)));
    // One entry for all that the machine did, one for the person, none for saying it again.
    let trail = store.audit_entries(0, 10).await.unwrap();
    let actions: Vec<&str> = trail
        .iter()
        .map(|entry| entry.entry.action.as_str())
        .collect();
    assert_eq!(actions, ["crosswalk.resolve", "crosswalk.link"]);
    assert_eq!(trail[1].entry.actor, "Ann");
    assert_eq!(trail[1].entry.object, "crm:1");
}

/// Goal: two memberships of one account never hold at once. Method: date a decision back before
/// earlier ones, and end one.
pub(crate) async fn a_decision_can_be_dated_back(store: Arc<dyn Store>) {
    for entry in [
        membership("1", "g1", "Ann", 0),
        membership("1", "g2", "Ann", 20),
        membership("1", "g3", "Bo", 10),
    ] {
        store.save_crosswalk(&[entry]).await.unwrap();
    }
    assert_eq!(golden_at(&store, 5).await, [pair("1", "g1")]);
    assert_eq!(golden_at(&store, 15).await, [pair("1", "g3")]);
    assert_eq!(golden_at(&store, 25).await, [pair("1", "g3")]);
    let ended = CrosswalkEntry {
        valid_to: Some(minute(40)),
        ..membership("1", "g3", "Bo", 30)
    };
    store.save_crosswalk(&[ended]).await.unwrap();
    assert_eq!(golden_at(&store, 39).await, [pair("1", "g3")]);
    assert!(golden_at(&store, 40).await.is_empty());
}

/// Goal: within one write the order counts. Method: the same new account twice, then again at the
/// same instant.
pub(crate) async fn an_account_comes_twice_in_one_write(store: Arc<dyn Store>) {
    let entries = [
        membership("1", "g1", "Ann", 0),
        membership("1", "g2", "Ann", 0),
        membership("2", "g9", "Ann", 0),
    ];
    store.save_crosswalk(&entries).await.unwrap();
    assert_eq!(
        golden_at(&store, 0).await,
        [pair("1", "g2"), pair("2", "g9")]
    );
    store
        .save_crosswalk(&[membership("1", "g3", "Ann", 0)])
        .await
        .unwrap();
    assert_eq!(
        golden_at(&store, 0).await,
        [pair("1", "g3"), pair("2", "g9")]
    );
}
