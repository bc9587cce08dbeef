//! What is particular to Postgres: several processes on one book.

use std::collections::BTreeSet;
use std::path::Path;

use crossfoot::secret::Secret;
use crossfoot::store::{Access, OpenStore, backup, open};

use super::sample::{mail, minute, run};
use super::suite::audit::entry;
use crate::support::postgres::database;

/// Goal: two daemons never begin one fire twice. Method: race for thirty fires from two stores.
#[tokio::test]
async fn each_fire_begins_once_among_two_daemons() {
    let Some(database) = database().await else {
        return;
    };
    let stores = [
        database.open(Access::Write).await,
        database.open(Access::Write).await,
    ];
    for fire in 0..30 {
        let job = format!("job-{fire}");
        let runs = [
            run(&format!("{fire}-a"), &job, Some(minute(fire))),
            run(&format!("{fire}-b"), &job, Some(minute(fire))),
        ];
        let (first, second) =
            tokio::join!(stores[0].begin_run(&runs[0]), stores[1].begin_run(&runs[1]));
        assert!(first.unwrap() != second.unwrap(), "fire {fire}");
    }
}

/// Goal: two daemons never claim one mail twice, and none is left. Method: claim in parallel from
/// two stores until nothing comes.
#[tokio::test]
async fn each_mail_is_claimed_once_among_two_daemons() {
    let Some(database) = database().await else {
        return;
    };
    let stores = [
        database.open(Access::Write).await,
        database.open(Access::Write).await,
    ];
    let mails: Vec<_> = (0..60)
        .map(|place| mail(&format!("m{place:02}"), 0))
        .collect();
    stores[0].enqueue_mails(&mails).await.unwrap();
    let mut seen = BTreeSet::new();
    loop {
        let (first, second) = tokio::join!(
            stores[0].claim_mails(minute(1), minute(9), 7),
            stores[1].claim_mails(minute(1), minute(9), 7)
        );
        let claimed: Vec<_> = [first.unwrap(), second.unwrap()].concat();
        if claimed.is_empty() {
            break;
        }
        for one in claimed {
            assert!(seen.insert(one.mail_key.clone()), "{} twice", one.mail_key);
        }
    }
    assert_eq!(seen.len(), 60);
}

/// Goal: two daemons make one trail. Method: append from both at once.
#[tokio::test]
async fn two_daemons_make_one_chain() {
    let Some(database) = database().await else {
        return;
    };
    let stores = [
        database.open(Access::Write).await,
        database.open(Access::Write).await,
    ];
    for place in 0..20 {
        let name = place.to_string();
        let entries = [entry(&name)];
        let (first, second) = tokio::join!(
            stores[0].append_audit(&entries),
            stores[1].append_audit(&entries)
        );
        first.unwrap();
        second.unwrap();
    }
    assert_eq!(stores[1].verify_audit().await.unwrap(), (40, None));
}

/// Goal: several daemons that start at once on an empty database all come up. Method: open five.
#[tokio::test]
async fn daemons_that_start_at_once_migrate_once() {
    let Some(database) = database().await else {
        return;
    };
    let opening = (0..5).map(|_| database.open(Access::Write));
    let stores = futures::future::join_all(opening).await;
    for store in stores {
        store.append_audit(&[entry("up")]).await.unwrap();
    }
}

/// Goal: the trail and the histories cannot be rewritten. Method: try each way.
#[tokio::test]
async fn the_trail_cannot_be_rewritten() {
    let Some(database) = database().await else {
        return;
    };
    let store = database.open(Access::Write).await;
    store.append_audit(&[entry("one")]).await.unwrap();
    let mut connection = database.connect().await;
    for forgery in [
        "update audit set actor = 'Bo'",
        "delete from audit",
        "truncate audit",
        "truncate discrepancy_events",
    ] {
        let refused = sqlx::query(forgery).execute(&mut connection).await;
        assert!(
            refused.unwrap_err().to_string().contains("append-only"),
            "{forgery}"
        );
    }
    assert_eq!(store.verify_audit().await.unwrap(), (1, None));
}

/// Goal: a reader changes nothing and makes nothing. Method: open an empty database for reading,
/// then write through a reader.
#[tokio::test]
async fn a_reader_cannot_write() {
    let Some(database) = database().await else {
        return;
    };
    let missing = open(database.request(Access::Read)).await.err().unwrap();
    assert_eq!(missing.code(), "XF-D005", "{missing}");
    let store = database.open(Access::Write).await;
    let reader = database.open(Access::Read).await;
    let error = reader.begin_run(&run("1", "sync", None)).await.unwrap_err();
    assert_eq!(error.code(), "XF-D022", "{error}");
    assert!(store.runs(None, 9).await.unwrap().is_empty());
    let refused = backup(database.request(Access::Read), Path::new("/nowhere"))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "XF-D025");
    assert!(refused.report().contains("pg_dump"));
}

/// Goal: a server that is not there is told as such, without the password. Method: a port that
/// nobody listens on.
#[tokio::test]
async fn an_absent_server_is_told() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = unused.local_addr().unwrap().port();
    drop(unused);
    let url = format!("postgres://ann@127.0.0.1:{port}/book?sslmode=disable");
    let error = open(OpenStore {
        url: &url,
        password: Some(Secret::new("hunter2".into())),
        base: Path::new("/"),
        access: Access::Write,
    })
    .await
    .err()
    .unwrap();
    assert_eq!(error.code(), "XF-D011");
    assert!(error.line().contains("postgres://ann@127.0.0.1"), "{error}");
    assert!(!error.report().contains("hunter2"));
}
