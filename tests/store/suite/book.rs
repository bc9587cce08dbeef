//! The book of discrepancies.

use std::sync::Arc;

use crossfoot::reconcile::{DiscrepancyState, Kind};
use crossfoot::store::{ChangeParts, DiscrepancyChange, DiscrepancyFilter, Store};
use rust_decimal::Decimal;

use crate::store::sample::{change, discrepancy, minute, reconciliation};

use DiscrepancyState::{Acknowledged, Approved, Open, Proposed, Verified};

const RULE: &str = "contract_vs_invoice";

async fn listed(store: &Arc<dyn Store>, filter: DiscrepancyFilter) -> Vec<String> {
    let items = store.discrepancies(&filter).await.unwrap();
    items.into_iter().map(|item| item.id).collect()
}

/// Goal: changes that come part by part are one record, and none of them stands unless all came.
/// Method: send two parts and stop; then send them again and finish.
pub(crate) async fn parts_count_only_together(store: Arc<dyn Store>) {
    let made = reconciliation("r1", 10);
    let part = |id| vec![change(id, None, Open, "crossfoot", 10)];
    for is_whole in [false, true] {
        let (sender, parts) = ChangeParts::channel();
        let written = store.record_reconciliation_parts(&made, parts);
        let sent = async {
            assert!(sender.send(part("d1")).await);
            assert!(sender.send(part("d2")).await);
            if is_whole {
                sender.finish().await;
            }
        };
        let (written, ()) = futures::join!(written, sent);
        assert_eq!(written.is_ok(), is_whole);
        let expected: &[&str] = if is_whole { &["d1", "d2"] } else { &[] };
        assert_eq!(listed(&store, DiscrepancyFilter::default()).await, expected);
    }
    let read = store.reconciliation(RULE, made.period, minute(10)).await;
    assert_eq!(read.unwrap(), Some(made));
    assert_eq!(store.verify_audit().await.unwrap(), (1, None));
}

/// Goal: a reconcile, its totals, its items and their history are read back as they were written.
/// Method: record one and compare every field.
pub(crate) async fn a_reconcile_is_kept_whole(store: Arc<dyn Store>) {
    let made = reconciliation("r1", 10);
    let changes = [
        change("d2", None, Open, "crossfoot", 10),
        change("d1", None, Open, "crossfoot", 10),
    ];
    store.record_reconciliation(&made, &changes).await.unwrap();
    let period = made.period;
    let read = store.reconciliation(RULE, period, minute(10)).await;
    assert_eq!(read.unwrap(), Some(made));
    assert_eq!(store.reconciled_periods(RULE).await.unwrap(), [period]);
    assert!(store.reconciled_periods("other").await.unwrap().is_empty());
    let all = store
        .discrepancies(&DiscrepancyFilter::default())
        .await
        .unwrap();
    assert_eq!(all, [discrepancy("d1", Open), discrepancy("d2", Open)]);
    assert_eq!(
        store.discrepancy_events("d1").await.unwrap(),
        changes[1].events
    );
    let all_events = store.events_between(minute(10), minute(11)).await.unwrap();
    assert_eq!(all_events.len(), 2);
    assert!(
        store
            .events_between(minute(9), minute(10))
            .await
            .unwrap()
            .is_empty()
    );
    // All of it is one entry of the trail.
    let trail = store.audit_entries(0, 10).await.unwrap();
    assert_eq!(trail.len(), 1);
    assert_eq!(trail[0].entry.action, "reconciliation.record");
    let after = trail[0].entry.after.clone().unwrap();
    assert!(after.contains("\"new to open\":2"), "{after}");
}

/// Goal: a past view is the last one that was there by then. Method: three reconciles of a period.
pub(crate) async fn the_newest_reconcile_by_an_instant_counts(store: Arc<dyn Store>) {
    for (id, at) in [("r1", 10), ("r3", 30), ("r2", 20)] {
        store
            .record_reconciliation(&reconciliation(id, at), &[])
            .await
            .unwrap();
    }
    let period = "2026-03".parse().unwrap();
    for (at, id) in [
        (9, None),
        (10, Some("r1")),
        (29, Some("r2")),
        (99, Some("r3")),
    ] {
        let found = store.reconciliation(RULE, period, minute(at)).await;
        let found_id = found.unwrap().map(|one| one.reconciliation_id);
        assert_eq!(found_id.as_deref(), id, "at minute {at}");
    }
}

/// Goal: a move starts from what stands, or nothing of the write is kept. Method: good changes
/// beside a stale one, a new one that is there already, and an item that comes twice.
pub(crate) async fn a_stale_move_is_refused(store: Arc<dyn Store>) {
    let opened = [change("d1", None, Open, "crossfoot", 10)];
    store
        .record_reconciliation(&reconciliation("r1", 10), &opened)
        .await
        .unwrap();
    let stale = [
        change("new", None, Open, "crossfoot", 11),
        change("d1", Some(Acknowledged), Verified, "crossfoot", 11),
    ];
    let error = store
        .record_reconciliation(&reconciliation("r2", 11), &stale)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "XF-D019");
    assert!(error.line().contains("`d1`") && error.line().contains("open"));
    let again = store.record_changes(&opened).await.unwrap_err();
    assert_eq!(again.code(), "XF-D019");
    let absent = [change("none", Some(Open), Acknowledged, "Ann", 11)];
    assert_eq!(
        store.record_changes(&absent).await.unwrap_err().code(),
        "XF-D019"
    );
    let twice = [
        change("d1", Some(Open), Acknowledged, "Ann", 11),
        change("d1", Some(Open), Verified, "Ann", 11),
    ];
    assert_eq!(
        store.record_changes(&twice).await.unwrap_err().code(),
        "XF-D020"
    );
    assert_eq!(listed(&store, DiscrepancyFilter::default()).await, ["d1"]);
    assert_eq!(store.discrepancy_events("d1").await.unwrap().len(), 1);
    assert_eq!(store.audit_entries(0, 10).await.unwrap().len(), 1);
    let period = "2026-03".parse().unwrap();
    let newest = store.reconciliation(RULE, period, minute(99)).await;
    assert_eq!(newest.unwrap().unwrap().reconciliation_id, "r1");
}

/// Goal: whoever moves an item is named, with what it was and became. Method: a person
/// acknowledges, another approves; a silent change is refused.
pub(crate) async fn a_person_is_named_in_the_trail(store: Arc<dyn Store>) {
    let opened = [change("d1", None, Proposed, "crossfoot", 10)];
    store
        .record_reconciliation(&reconciliation("r1", 10), &opened)
        .await
        .unwrap();
    let mut approved = change("d1", Some(Proposed), Approved, "Bo", 12);
    approved.discrepancy.owner = Some("Ann".into());
    approved.approver = Some("Cy".into());
    store.record_changes(&[approved]).await.unwrap();
    let trail = store.audit_entries(1, 10).await.unwrap();
    assert_eq!(trail.len(), 1);
    let entry = &trail[0].entry;
    assert_eq!(entry.actor, "Bo");
    assert_eq!(entry.action, "discrepancy.moved");
    assert_eq!(entry.object, "d1");
    assert_eq!(entry.reason.as_deref(), Some("because"));
    assert_eq!(entry.approval.as_deref(), Some("Cy"));
    let before = entry.before.clone().unwrap();
    assert!(before.contains("\"proposed\"") && before.contains("\"owner\":null"));
    let after = entry.after.clone().unwrap();
    assert!(after.contains("\"approved\"") && after.contains("\"owner\":\"Ann\""));
    let silent = DiscrepancyChange {
        events: Vec::new(),
        ..change("d1", Some(Approved), Open, "Bo", 13)
    };
    let error = store.record_changes(&[silent]).await.unwrap_err();
    assert_eq!(error.code(), "XF-D021");
}

/// Goal: each condition takes what it says and nothing else. Method: items that differ in one
/// field each, asked for one by one; a hostile text finds nothing.
pub(crate) async fn filters_take_what_they_say(store: Arc<dyn Store>) {
    let mut changes = [
        "base", "kind", "state", "account", "branch", "rule", "period",
    ]
    .map(|id| change(id, None, Open, "crossfoot", 10));
    changes[1].discrepancy.kind = Kind::Tax;
    changes[2].discrepancy.state = Verified;
    changes[3].discrepancy.account = "omega".into();
    changes[4].discrepancy.branch = None;
    changes[5].discrepancy.rule = "usage_vs_invoice".into();
    changes[6].discrepancy.period = "2026-02".parse().unwrap();
    changes[6].discrepancy.opened_at = minute(0);
    store
        .record_reconciliation(&reconciliation("r1", 10), &changes)
        .await
        .unwrap();
    let all = DiscrepancyFilter::default;
    let take = |filter| listed(&store, filter);
    // Opened first, then by id.
    assert_eq!(
        take(all()).await,
        [
            "period", "account", "base", "branch", "kind", "rule", "state"
        ]
    );
    let filter = DiscrepancyFilter {
        kind: Some(Kind::Tax),
        ..all()
    };
    assert_eq!(take(filter).await, ["kind"]);
    let filter = DiscrepancyFilter {
        states: vec![Verified, Approved],
        ..all()
    };
    assert_eq!(take(filter).await, ["state"]);
    let filter = DiscrepancyFilter {
        account: Some("omega".into()),
        ..all()
    };
    assert_eq!(take(filter).await, ["account"]);
    let filter = DiscrepancyFilter {
        branch: Some("north".into()),
        periods: vec!["2026-02".parse().unwrap(), "2026-01".parse().unwrap()],
        ..all()
    };
    assert_eq!(take(filter).await, ["period"]);
    let filter = DiscrepancyFilter {
        rule: Some("usage_vs_invoice".into()),
        ..all()
    };
    assert_eq!(take(filter).await, ["rule"]);
    let filter = DiscrepancyFilter {
        id: Some("base".into()),
        ..all()
    };
    assert_eq!(take(filter).await, ["base"]);
    let filter = DiscrepancyFilter {
        id: Some("' or 1 = 1 --".into()),
        ..all()
    };
    assert!(take(filter).await.is_empty());
}

/// Goal: an amount that does not fit is an error. Method: five decimals, and one that is too
/// large; the largest that fits is kept.
pub(crate) async fn amounts_are_never_rounded(store: Arc<dyn Store>) {
    let with = |id: &str, impact: Decimal| {
        let mut one = change(id, None, Open, "crossfoot", 10);
        one.discrepancy.impact = impact;
        one
    };
    let largest = Decimal::new(i64::MAX, 4);
    for wrong in [Decimal::new(1, 5), largest + Decimal::ONE] {
        let error = store
            .record_reconciliation(&reconciliation("r1", 10), &[with("d1", wrong)])
            .await
            .unwrap_err();
        assert_eq!(error.code(), "XF-D017", "{wrong}");
    }
    store
        .record_reconciliation(&reconciliation("r1", 10), &[with("d1", largest)])
        .await
        .unwrap();
    let items = store.discrepancies(&DiscrepancyFilter::default()).await;
    assert_eq!(items.unwrap()[0].impact, largest);
}

/// Goal: thousands of changes are one write and one entry of the trail. Method: open more items
/// than one statement can bind, then move all of them.
pub(crate) async fn many_changes_are_one_write(store: Arc<dyn Store>) {
    const COUNT: usize = 2_500;
    let ids: Vec<String> = (0..COUNT).map(|place| format!("d{place:05}")).collect();
    let opened: Vec<_> = ids
        .iter()
        .map(|id| change(id, None, Open, "crossfoot", 10))
        .collect();
    store
        .record_reconciliation(&reconciliation("r1", 10), &opened)
        .await
        .unwrap();
    let cured: Vec<_> = ids
        .iter()
        .map(|id| change(id, Some(Open), Verified, "crossfoot", 20))
        .collect();
    store
        .record_reconciliation(&reconciliation("r2", 20), &cured)
        .await
        .unwrap();
    let filter = DiscrepancyFilter {
        states: vec![Verified],
        ..DiscrepancyFilter::default()
    };
    assert_eq!(listed(&store, filter).await, ids);
    let events = store.events_between(minute(20), minute(21)).await.unwrap();
    assert_eq!(events.len(), COUNT);
    assert_eq!(store.verify_audit().await.unwrap(), (2, None));
}

/// Goal: a NUL in a vendor's text is told the same by both databases. Method: put one in a name,
/// an id and a list.
pub(crate) async fn a_nul_is_kept_visibly(store: Arc<dyn Store>) {
    let mut opened = change("d\0", None, Open, "crossfoot", 10);
    opened.discrepancy.account_name = "a\0b".into();
    opened.discrepancy.sides[0].label = "c\0d".into();
    store
        .record_reconciliation(&reconciliation("r1", 10), &[opened])
        .await
        .unwrap();
    let moved = change("d\0", Some(Open), Acknowledged, "An\0n", 11);
    store.record_changes(&[moved]).await.unwrap();
    let items = store.discrepancies(&DiscrepancyFilter::default()).await;
    assert_eq!(items.unwrap()[0].id, "d␀");
    assert_eq!(store.discrepancy_events("d\0").await.unwrap().len(), 2);
    assert_eq!(store.verify_audit().await.unwrap(), (2, None));
}
