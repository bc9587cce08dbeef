//! Migrations.

use std::path::Path;

use crossfoot::store::Access;
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, SqliteConnection};

use super::sample::{minute, run};
use crate::support::postgres;
use crate::support::store::open_sqlite;

async fn steps(database: &str) -> Migrator {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("migrations")
        .join(database);
    let found = Migrator::new(folder).await.unwrap();
    let list = found.iter().map(|step| {
        // As the binary names them, so that both see one history.
        let name = format!("{:04}_{}", step.version, step.description);
        sqlx::migrate::Migration::new(
            step.version,
            name.into(),
            step.migration_type,
            step.sql.clone(),
            false,
        )
    });
    Migrator::with_migrations(list.collect())
}

fn last(steps: &Migrator) -> i64 {
    steps.iter().map(|step| step.version).max().unwrap()
}

const A_RUN: &str = "insert into runs (run_id, job, started_at, state, owner, lease_until) values \
    ('old', 'sync', '2026-04-01T00:00:00.000000Z', 'done', 'h', '2026-04-01T00:05:00.000000Z')";

/// Goal: each step works on a store that is in use. Method: stop after every step in turn, put
/// data in, and let the binary do the rest; the data is there and the store works.
#[tokio::test]
async fn a_store_in_use_is_migrated_on_sqlite() {
    let steps = steps("sqlite").await;
    for stop in 1..=last(&steps) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crossfoot.db");
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true);
        std::fs::write(&path, "").unwrap();
        make_private(&path);
        let mut connection: SqliteConnection = options.connect().await.unwrap();
        steps.run_to(stop, &mut connection).await.unwrap();
        sqlx::query(A_RUN).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        if stop < last(&steps) {
            let early = open_sqlite(folder.path(), Access::Read)
                .await
                .err()
                .unwrap();
            assert_eq!(early.code(), "XF-D006", "{early}");
            assert!(early.report().contains("crossfoot store migrate"));
        }
        let store = open_sqlite(folder.path(), Access::Write).await.unwrap();
        assert_eq!(store.runs(None, 9).await.unwrap()[0].run_id, "old");
        assert!(store.begin_run(&run("new", "sync", None)).await.unwrap());
    }
}

/// Goal and method as on SQLite.
#[tokio::test]
async fn a_store_in_use_is_migrated_on_postgres() {
    let steps = steps("postgres").await;
    for stop in [1, last(&steps) - 1] {
        let Some(database) = postgres::database().await else {
            return;
        };
        let mut connection: PgConnection = database.connect().await;
        steps.run_to(stop, &mut connection).await.unwrap();
        sqlx::query(A_RUN).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let early = crossfoot::store::open(database.request(Access::Read)).await;
        assert_eq!(early.err().unwrap().code(), "XF-D006");
        let store = database.open(Access::Write).await;
        assert_eq!(store.runs(None, 9).await.unwrap()[0].run_id, "old");
        assert!(store.begin_run(&run("new", "sync", None)).await.unwrap());
    }
}

/// Goal: an old binary leaves a newer store alone. Method: pretend that a later step was applied.
#[tokio::test]
async fn a_newer_store_is_refused() {
    let (folder, store) = crate::support::store::sqlite_store().await;
    store
        .save_checkpoint("key", "step", minute(0))
        .await
        .unwrap();
    drop(store);
    let path = folder.path().join("crossfoot.db");
    let mut connection = SqliteConnectOptions::new()
        .filename(&path)
        .connect()
        .await
        .unwrap();
    sqlx::query(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
         values (9999, 'later', true, x'00', 0)",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
    for access in [Access::Write, Access::Read] {
        let error = open_sqlite(folder.path(), access).await.err().unwrap();
        assert_eq!(error.code(), "XF-D007", "{error}");
    }
}

fn make_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
