//! Every statement is understood by both databases.

use std::path::{Path, PathBuf};

use crossfoot::store::Access;
use sqlx::{AssertSqlSafe, Connection, Executor, SqlSafeStr, SqliteConnection};

use crate::support::{postgres, store};

fn statements() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/queries");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect();
    found.sort();
    assert!(found.len() > 40);
    found
}

/// Goal: no statement drifts from the schema of either database. Method: prepare each file against
/// a migrated SQLite store and a migrated Postgres.
#[tokio::test]
async fn every_statement_is_prepared_by_both() {
    let (folder, _store) = store::sqlite_store().await;
    let url = format!("sqlite://{}", folder.path().join("crossfoot.db").display());
    let mut sqlite = SqliteConnection::connect(&url).await.unwrap();
    for (path, text) in statements() {
        let prepared = sqlite.prepare(AssertSqlSafe(text).into_sql_str()).await;
        assert!(prepared.is_ok(), "{}: {:?}", path.display(), prepared.err());
    }
    let Some(database) = postgres::database().await else {
        return;
    };
    let _store = database.open(Access::Write).await;
    let mut connection = database.connect().await;
    for (path, text) in statements() {
        let prepared = connection.prepare(AssertSqlSafe(text).into_sql_str()).await;
        assert!(prepared.is_ok(), "{}: {:?}", path.display(), prepared.err());
    }
}

/// Goal: the files read as the house's do. Method: each opens with why, is lower-case outside
/// comments and texts, and is one statement.
#[test]
fn every_statement_says_why() {
    for (path, text) in statements() {
        let shown = path.display();
        assert!(text.starts_with("-- "), "{shown} does not open with why");
        let body: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with("--"))
            .collect();
        let body = body.join("\n");
        assert!(!body.contains(';'), "{shown} is more than a statement");
        assert_eq!(body, body.to_lowercase(), "{shown} is not lower-case");
        assert!(
            text.lines().all(|line| line.len() <= 100),
            "{shown} is wide"
        );
    }
}
