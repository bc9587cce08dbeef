//! The lives of periods, and errors that come back.

use std::sync::Arc;

use crossfoot::reconcile::{DiscrepancyState, PeriodState, ResolutionCode};
use crossfoot::store::{PeriodClose, PeriodMove, Store};

use crate::store::sample::{change, minute};

fn moved(from: PeriodState, to: PeriodState, at: i64, close_id: Option<&str>) -> PeriodMove {
    PeriodMove {
        period: "2026-03".parse().unwrap(),
        at: minute(at),
        from,
        to,
        actor: "ann".into(),
        approver: Some("bob".into()),
        reason: Some("because".into()),
        forced: false,
        tax_filed: to == PeriodState::Closed,
        close_id: close_id.map(str::to_owned),
    }
}

fn close(id: &str, version: u32) -> PeriodClose {
    PeriodClose {
        close_id: id.into(),
        period: "2026-03".parse().unwrap(),
        version,
        at: minute(10),
        as_of: minute(10),
        run_id: "run-1".into(),
        rules_version: "rules-1".into(),
        tolerance_version: "tolerance-1".into(),
        rates_version: "rates-1".into(),
        input_digest: "input-1".into(),
        inputs: "[]".into(),
        checks: r#"[{"check":"fresh","holds":true}]"#.into(),
        figures: r#"{"all":{"leakage":"44.00"}}"#.into(),
        items: "[]".into(),
    }
}

/// Goal: a period moves from where it stands, whole or not at all, and what a close kept stays.
/// Method: a close, a second one that claims the same start, a reopening, and a close of a version
/// that is there.
pub(crate) async fn a_period_moves_from_where_it_stands(store: Arc<dyn Store>) {
    use PeriodState::{Closed, Open};
    let first = moved(Open, Closed, 10, Some("c1"));
    let kept = close("c1", 1);
    store.record_period_move(&first, Some(&kept)).await.unwrap();
    let late = store
        .record_period_move(&first, Some(&close("c2", 2)))
        .await
        .unwrap_err();
    assert_eq!(late.code(), "XF-D019", "{late}");
    assert_eq!(store.period_close("c2").await.unwrap(), None);
    let reopened = moved(Closed, Open, 20, None);
    store.record_period_move(&reopened, None).await.unwrap();
    let again = moved(Open, Closed, 30, Some("c3"));
    let taken = store
        .record_period_move(&again, Some(&close("c3", 1)))
        .await;
    assert!(taken.is_err(), "a version is given once");
    assert_eq!(
        store.period_moves().await.unwrap(),
        [first.clone(), reopened]
    );
    assert_eq!(store.period_close("c1").await.unwrap(), Some(kept.clone()));
    let trail = store.audit_entries(0, 10).await.unwrap();
    let told: Vec<_> = trail.iter().map(|one| one.entry.action.as_str()).collect();
    assert_eq!(told, ["period.close", "period.reopen"]);
    let after = trail[0].entry.after.as_deref().unwrap();
    assert!(after.contains(&kept.digest()), "{after}");
    assert_eq!(store.verify_audit().await.unwrap(), (2, None));
}

/// Goal: an error is found again in other periods, unless it was none. Method: items of one
/// fingerprint in four states, and one of another.
pub(crate) async fn errors_are_found_again(store: Arc<dyn Store>) {
    use DiscrepancyState::{Dismissed, Open, SelfCleared};
    let item = |id: &str, period: &str, state, code| {
        let mut one = change(id, None, state, "crossfoot", 1);
        one.discrepancy.period = period.parse().unwrap();
        one.discrepancy.code = code;
        one
    };
    let mut other = item("d6", "2026-03", Open, None);
    other.discrepancy.fingerprint = "finger-2".into();
    store
        .record_changes(&[
            item("d1", "2026-03", Open, None),
            item(
                "d2",
                "2026-02",
                Dismissed,
                Some(ResolutionCode::FalsePositive),
            ),
            item(
                "d3",
                "2026-01",
                Dismissed,
                Some(ResolutionCode::AcceptedRisk),
            ),
            item("d4", "2025-12", SelfCleared, Some(ResolutionCode::Timing)),
            item("d5", "2025-11", SelfCleared, None),
            other,
        ])
        .await
        .unwrap();
    let found = store.recurrences(&["finger-1".into()]).await.unwrap();
    let ids: Vec<_> = found.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["d5", "d3", "d1"]);
    let both = ["finger-1".to_owned(), "finger-2".to_owned()];
    assert_eq!(store.recurrences(&both).await.unwrap().len(), 4);
    assert_eq!(store.recurrences(&[]).await.unwrap(), []);
}
