//! Postgres: several processes share one book.

use std::net::IpAddr;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, PgConnection};
use url::Url;

use super::error::StoreError;
use super::migrations;
use super::sql::Database;
use crate::secret::Secret;

/// How many connections one process opens.
const CONNECTION_COUNT: u32 = 8;

/// How long a statement waits for a free connection.
const ACQUIRE_WAIT: Duration = Duration::from_secs(30);

/// How long the first connection may take.
const CONNECT_WAIT: Duration = Duration::from_secs(15);

/// Settings of every session. Recording a month is the longest statement and the longest wait for
/// its lock; warnings are turned off because the rollback after each use is mostly needless.
const SETTINGS: [(&str, &str); 6] = [
    ("statement_timeout", "300s"),
    ("lock_timeout", "60s"),
    ("idle_in_transaction_session_timeout", "120s"),
    ("synchronous_commit", "on"),
    ("client_min_messages", "error"),
    ("timezone", "UTC"),
];

/// The url without its password, for error texts.
pub(super) fn shown(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else {
        return "a url that cannot be read".to_owned();
    };
    // Cannot fail for a url that has a host; for one without it there is no password.
    let _ = parsed.set_password(None);
    parsed.set_query(None);
    parsed.to_string()
}

fn options_of(url: &str, password: Option<&Secret>) -> Result<PgConnectOptions, StoreError> {
    let wrong = || StoreError::Url(shown(url));
    let parsed = Url::parse(url).map_err(|_| wrong())?;
    let mut names = parsed.query_pairs();
    if parsed.password().is_some() || names.any(|(name, _)| name == "password") {
        return Err(StoreError::InlinePassword(shown(url)));
    }
    let mut names = parsed.query_pairs();
    let says_tls = names.any(|(name, _)| name == "sslmode" || name == "ssl-mode");
    let mut options = PgConnectOptions::from_str(url).map_err(|_| wrong())?;
    // A password must not cross a network in the clear because nobody thought of it.
    if !says_tls && !is_local(&options) {
        options = options.ssl_mode(PgSslMode::VerifyFull);
    }
    if let Some(secret) = password {
        options = options.password(secret.expose());
    }
    Ok(options
        .application_name("crossfoot")
        .options(SETTINGS)
        .disable_statement_logging())
}

fn is_local(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Opens the store for writing and brings it up to date.
pub(super) async fn open_writer(
    url: &str,
    password: Option<&Secret>,
) -> Result<Database, StoreError> {
    let options = options_of(url, password)?;
    let mut connection = connect(&options, url).await?;
    let found = version_of(&mut connection).await?;
    refuse_newer(found, url)?;
    // The migrator takes an advisory lock, so of several daemons one migrates and the others wait.
    migrations::postgres()
        .run(&mut connection)
        .await
        .map_err(|cause| StoreError::Migration {
            store: shown(url),
            cause,
        })?;
    close(connection).await?;
    Ok(pool(options))
}

/// Opens the store for reading: the server itself refuses every write of these sessions.
pub(super) async fn open_reader(
    url: &str,
    password: Option<&Secret>,
) -> Result<Database, StoreError> {
    let options = options_of(url, password)?.options([("default_transaction_read_only", "on")]);
    let mut connection = connect(&options, url).await?;
    let found = version_of(&mut connection).await?;
    close(connection).await?;
    refuse_newer(found, url)?;
    if found == 0 {
        return Err(StoreError::Missing(shown(url)));
    }
    if found < migrations::newest_version() {
        return Err(StoreError::Outdated {
            store: shown(url),
            found,
            needed: migrations::newest_version(),
        });
    }
    Ok(pool(options))
}

/// Refuses a backup: `pg_dump` knows the server's version, roles and tablespaces.
pub(super) fn back_up(url: &str, to: &Path) -> StoreError {
    StoreError::NoBackup(format!("{} to {}", shown(url), to.display()))
}

fn pool(options: PgConnectOptions) -> Database {
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTION_COUNT)
        .acquire_timeout(ACQUIRE_WAIT)
        .after_release(|connection, _| {
            Box::pin(async move {
                // Whatever was left open ends here and not with the next borrower.
                sqlx::raw_sql("rollback").execute(connection).await?;
                Ok(true)
            })
        })
        .connect_lazy_with(options);
    Database::Postgres { pool }
}

async fn connect(options: &PgConnectOptions, url: &str) -> Result<PgConnection, StoreError> {
    let unreachable = |cause| StoreError::Unreachable {
        what: shown(url),
        cause,
    };
    tokio::time::timeout(CONNECT_WAIT, options.connect())
        .await
        .map_err(|_| unreachable(sqlx::Error::PoolTimedOut))?
        .map_err(unreachable)
}

async fn close(connection: PgConnection) -> Result<(), StoreError> {
    connection
        .close()
        .await
        .map_err(|cause| StoreError::of_query("close", cause))
}

/// The newest migration that the database has; 0 for an empty one.
async fn version_of(connection: &mut PgConnection) -> Result<i64, StoreError> {
    let failed = |cause| StoreError::of_query("schema version", cause);
    let there: bool = sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null")
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    if !there {
        return Ok(0);
    }
    sqlx::query_scalar("select coalesce(max(version), 0) from _sqlx_migrations where success")
        .fetch_one(connection)
        .await
        .map_err(failed)
}

fn refuse_newer(found: i64, url: &str) -> Result<(), StoreError> {
    let known = migrations::newest_version();
    if found <= known {
        return Ok(());
    }
    Err(StoreError::Newer {
        store: shown(url),
        found,
        known,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_refused_and_never_shown() {
        for url in [
            "postgres://ann:hunter2@db.example/book",
            "postgres://ann@db.example/book?password=hunter2",
        ] {
            let error = options_of(url, None).unwrap_err();
            assert!(matches!(error, StoreError::InlinePassword(_)));
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn other_machines_are_reached_over_verified_tls() {
        let mode = |url: &str| options_of(url, None).unwrap().get_ssl_mode();
        assert!(matches!(
            mode("postgres://ann@db.example/book"),
            PgSslMode::VerifyFull
        ));
        assert!(matches!(
            mode("postgres://ann@db.example/book?sslmode=require"),
            PgSslMode::Require
        ));
        assert!(!matches!(
            mode("postgres://ann@127.0.0.1/book"),
            PgSslMode::VerifyFull
        ));
        assert!(!matches!(
            mode("postgres:///book?host=/run/postgresql"),
            PgSslMode::VerifyFull
        ));
    }
}
