//! Collection cases.

use std::sync::Arc;

use crossfoot::store::Store;

use crate::store::sample::case;

/// Goal: a case is read back as it was written, and the trail tells of moves only. Method: write,
/// write again unchanged, then raise one.
pub(crate) async fn cases_tell_of_their_moves(store: Arc<dyn Store>) {
    let first = [
        case("erp:2", "beta", 0),
        case("erp:1", "alpha", 0),
        case("erp:3", "alpha", 1),
    ];
    store.save_cases(&first, "run-1").await.unwrap();
    assert_eq!(store.audit_entries(0, 10).await.unwrap().len(), 3);
    store.save_cases(&first, "run-2").await.unwrap();
    assert_eq!(store.audit_entries(0, 10).await.unwrap().len(), 3);
    store
        .save_cases(&[case("erp:1", "alpha", 1)], "run-3")
        .await
        .unwrap();
    let trail = store.audit_entries(3, 10).await.unwrap();
    assert_eq!(trail.len(), 1);
    assert_eq!(trail[0].entry.object, "erp:1");
    assert!(
        trail[0]
            .entry
            .before
            .clone()
            .unwrap()
            .contains("\"level\":0")
    );
    assert!(
        trail[0]
            .entry
            .after
            .clone()
            .unwrap()
            .contains("\"level\":1")
    );
    assert_eq!(
        store.cases(Some("alpha")).await.unwrap(),
        [case("erp:1", "alpha", 1), case("erp:3", "alpha", 1)]
    );
    assert_eq!(store.cases(None).await.unwrap().len(), 3);
    store.save_cases(&[], "run-4").await.unwrap();
}
