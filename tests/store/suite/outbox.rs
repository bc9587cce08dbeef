//! The outbox.

use std::sync::Arc;

use crossfoot::store::{MailState, Store};

use crate::store::sample::{mail, minute};

/// Goal: a mail's bytes are those of its first rendering. Method: enqueue its key again with
/// other bytes.
pub(crate) async fn a_mail_is_enqueued_once(store: Arc<dyn Store>) {
    let first = mail("a", 0);
    assert_eq!(
        store
            .enqueue_mails(std::slice::from_ref(&first))
            .await
            .unwrap(),
        1
    );
    let mut second = mail("a", 5);
    second.eml = vec![1];
    assert_eq!(
        store.enqueue_mails(&[second, mail("b", 5)]).await.unwrap(),
        1
    );
    let claimed = store.claim_mails(minute(1), minute(9), 10).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].eml, first.eml);
    assert_eq!(claimed[0].message_id, first.message_id);
    let listed = store.mails(10).await.unwrap();
    let keys: Vec<&str> = listed.iter().map(|one| one.mail_key.as_str()).collect();
    assert_eq!(keys, ["b", "a"]);
    assert!(listed.iter().all(|one| one.eml.is_empty()));
}

/// Goal: a mail that was given up is not lost: asked for again, it goes again, with its own bytes.
/// Method: fail it for good, enqueue its key with other bytes, and claim.
pub(crate) async fn a_mail_that_was_given_up_goes_again(store: Arc<dyn Store>) {
    let first = mail("a", 0);
    store
        .enqueue_mails(std::slice::from_ref(&first))
        .await
        .unwrap();
    let (at, never) = (minute(1), minute(1));
    store
        .record_attempt("a", MailState::Failed, at, never, Some("550 no"))
        .await
        .unwrap();
    assert!(
        store
            .claim_mails(minute(9), minute(10), 9)
            .await
            .unwrap()
            .is_empty()
    );
    let mut again = mail("a", 5);
    again.eml = vec![1];
    assert_eq!(store.enqueue_mails(&[again]).await.unwrap(), 1);
    let claimed = store.claim_mails(minute(9), minute(10), 9).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].eml, first.eml);
    assert_eq!(claimed[0].message_id, first.message_id);
}

/// Goal: a claimed mail is nobody else's until the claim ends. Method: claim twice at once, and
/// again after the claim's end; the oldest come first.
pub(crate) async fn a_claimed_mail_is_left_alone(store: Arc<dyn Store>) {
    let mails = [mail("c", 2), mail("a", 0), mail("b", 1), mail("later", 60)];
    store.enqueue_mails(&mails).await.unwrap();
    let take = async |at: i64, until: i64, limit: u32| -> Vec<String> {
        let claimed = store.claim_mails(minute(at), minute(until), limit).await;
        claimed
            .unwrap()
            .into_iter()
            .map(|one| one.mail_key)
            .collect()
    };
    assert_eq!(take(5, 10, 2).await, ["a", "b"]);
    assert_eq!(take(5, 10, 9).await, ["c"]);
    assert!(take(9, 20, 9).await.is_empty());
    assert_eq!(take(10, 20, 9).await, ["a", "b", "c"]);
}

/// Goal: attempts are counted, and a sent mail is never sent again. Method: fail, send, and then
/// report a late failure.
pub(crate) async fn a_sent_mail_stays_sent(store: Arc<dyn Store>) {
    store
        .enqueue_mails(&[mail("a", 0), mail("b", 0)])
        .await
        .unwrap();
    let record = async |key: &str, state: MailState, at: i64, error: Option<&str>| {
        store
            .record_attempt(key, state, minute(at), minute(at + 10), error)
            .await
            .unwrap();
    };
    record("a", MailState::Pending, 1, Some("450 later")).await;
    assert!(
        store
            .claim_mails(minute(10), minute(10), 9)
            .await
            .unwrap()
            .iter()
            .all(|one| one.mail_key == "b")
    );
    record("a", MailState::Sent, 11, None).await;
    record("a", MailState::Pending, 12, Some("too late")).await;
    record("b", MailState::Failed, 12, Some("550 no such user")).await;
    let listed = store.mails(9).await.unwrap();
    let sent = listed.iter().find(|one| one.mail_key == "a").unwrap();
    assert_eq!(sent.state, MailState::Sent);
    assert_eq!(sent.attempt_count, 2);
    assert_eq!(sent.sent_at, Some(minute(11)));
    assert_eq!(sent.last_error, None);
    let failed = listed.iter().find(|one| one.mail_key == "b").unwrap();
    assert_eq!(failed.state, MailState::Failed);
    assert_eq!(failed.last_error.as_deref(), Some("550 no such user"));
    assert_eq!(failed.sent_at, None);
    assert_eq!(
        store.mail_counts().await.unwrap(),
        [
            (MailState::Pending, 0),
            (MailState::Sent, 1),
            (MailState::Failed, 1)
        ]
    );
}
