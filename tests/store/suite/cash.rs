//! What people decided of payments.

use std::sync::Arc;

use crossfoot::store::{CASH_PASSED_AT, CashDecision, CashPart, CashWait, Store};

use crate::store::sample::minute;

fn part(invoice: &str, amount: &str) -> CashPart {
    CashPart {
        invoice: invoice.into(),
        amount: amount.parse().unwrap(),
    }
}

fn decision(id: &str, payment: &str, replaces: Option<&str>, at: i64) -> CashDecision {
    CashDecision {
        decision_id: id.into(),
        payment: payment.into(),
        currency: "USD".parse().unwrap(),
        decided_at: minute(at),
        actor: "ann".into(),
        reason: Some("the customer called".into()),
        replaces: replaces.map(str::to_owned),
        parts: vec![
            part("billing:i1", "12.3456789012"),
            part("billing:i2", "-0"),
        ],
    }
}

/// Goal: the newest decision of a payment stands, as it was known at any instant, and a decision that
/// was made on an older one is refused whole. Method: two decisions, and a late one.
pub(crate) async fn the_newest_decision_of_a_payment_stands(store: Arc<dyn Store>) {
    let first = decision("c1", "billing:p1", None, 10);
    let other = decision("c2", "billing:p2", None, 11);
    store.record_cash_decision(&first, &[]).await.unwrap();
    store.record_cash_decision(&other, &[]).await.unwrap();
    let mut second = decision("c3", "billing:p1", Some("c1"), 20);
    second.parts = vec![part("billing:i3", "5")];
    store
        .record_cash_decision(&second, &first.parts)
        .await
        .unwrap();
    let late = decision("c4", "billing:p1", Some("c1"), 30);
    let refused = store.record_cash_decision(&late, &[]).await.unwrap_err();
    assert_eq!(refused.code(), "XF-D019", "{refused}");

    let standing = store.cash_decisions(minute(30)).await.unwrap();
    assert_eq!(standing, [second, other.clone()]);
    let earlier = store.cash_decisions(minute(15)).await.unwrap();
    assert_eq!(earlier, [first, other]);
    assert_eq!(store.cash_decisions(minute(9)).await.unwrap(), []);

    let trail = store.audit_entries(0, 10).await.unwrap();
    let told: Vec<_> = trail
        .iter()
        .map(|one| (one.entry.action.as_str(), one.entry.actor.as_str()))
        .collect();
    assert_eq!(told, [("cash.apply", "ann"); 3]);
    let last = &trail[2].entry;
    assert!(last.before.as_deref().unwrap().contains("billing:i1"));
    assert!(last.after.as_deref().unwrap().contains("billing:i3"));
    assert_eq!(store.verify_audit().await.unwrap(), (3, None));
}

/// Goal: what a comparison last found of a waiting payment stands, waits are told as of an instant, and
/// the landmark moves with them. Method: two waits, of which one ends.
pub(crate) async fn waits_of_payments_end(store: Arc<dyn Store>) {
    let wait = |payment: &str, at: i64| CashWait {
        payment: payment.into(),
        since: minute(at),
        ended_at: None,
        is_first_pass: false,
    };
    let (one, other) = (wait("billing:p1", 10), wait("billing:p2", 20));
    let landmark = |at: i64| vec![(CASH_PASSED_AT, minute(at).to_string())];
    store
        .save_cash_waits(std::slice::from_ref(&one), landmark(10))
        .await
        .unwrap();
    let ended = CashWait {
        ended_at: Some(minute(20)),
        is_first_pass: true,
        ..one
    };
    store
        .save_cash_waits(&[other.clone(), ended.clone()], landmark(20))
        .await
        .unwrap();
    assert_eq!(store.cash_waits(minute(9)).await.unwrap(), []);
    assert_eq!(
        store.cash_waits(minute(10)).await.unwrap(),
        std::slice::from_ref(&ended)
    );
    assert_eq!(store.cash_waits(minute(20)).await.unwrap(), [ended, other]);
    let at = store.landmark(CASH_PASSED_AT).await.unwrap().unwrap();
    assert_eq!(at, minute(20).to_string());
}
