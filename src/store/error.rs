//! What the store refuses, and what to do about it.

use std::path::PathBuf;

use rust_decimal::Decimal;

use crate::fault::{Exit, Fault, Retry};
use crate::money::MoneyError;

/// Why the store could not be opened, read or written. Never holds a password.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The url names no store.
    #[error(
        "the store's url is neither `sqlite:<path>` nor `postgres://<user>@<host>/<database>`: {0}"
    )]
    Url(String),
    /// The url holds a password.
    #[error("the store's url must not hold a password: {0}")]
    InlinePassword(String),
    /// This build has no Postgres.
    #[error("this build of crossfoot was made without Postgres: {0}")]
    NoPostgres(String),
    /// Another process writes to the store.
    #[error("another process holds the store `{path}`: {holder}")]
    Held {
        /// The store's file.
        path: PathBuf,
        /// What that process wrote of itself.
        holder: String,
    },
    /// There is no store yet.
    #[error("there is no store yet: {0}")]
    Missing(String),
    /// The store is older than this build, and this access does not change it.
    #[error("the store has schema version {found} and this build needs {needed}: {store}")]
    Outdated {
        /// The store, without its password.
        store: String,
        /// The newest migration that it has.
        found: i64,
        /// The newest migration of this build.
        needed: i64,
    },
    /// The store was written by a newer build.
    #[error("the store has schema version {found} and this build knows only {known}: {store}")]
    Newer {
        /// The store, without its password.
        store: String,
        /// The newest migration that it has.
        found: i64,
        /// The newest migration of this build.
        known: i64,
    },
    /// The file is no sound database.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// Others than the owner can read the file.
    #[error("the store `{path}` can be read by others (mode {mode:o})")]
    Exposed {
        /// The store's file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file or folder of the store could not be used.
    #[error("cannot {action} `{path}`")]
    File {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: std::io::Error,
    },
    /// The database could not be reached, or the connection broke.
    #[error("the store cannot be reached: {what}")]
    Unreachable {
        /// What was tried: a store or a query.
        what: String,
        /// What the driver said.
        #[source]
        cause: sqlx::Error,
    },
    /// Somebody else held what was needed for too long.
    #[error("the store was busy for too long: {query}")]
    Busy {
        /// The query.
        query: &'static str,
        /// What the database said.
        #[source]
        cause: sqlx::Error,
    },
    /// No space is left.
    #[error("no space is left for the store: {query}")]
    Full {
        /// The query.
        query: &'static str,
        /// What the database said.
        #[source]
        cause: sqlx::Error,
    },
    /// The database refused a query for another reason.
    #[error("the store refused a query: {query}")]
    Query {
        /// The query.
        query: &'static str,
        /// What the database said.
        #[source]
        cause: sqlx::Error,
    },
    /// A migration did not run; nothing of it was kept.
    #[error("the store could not be migrated: {store}")]
    Migration {
        /// The store, without its password.
        store: String,
        /// What the database said.
        #[source]
        cause: sqlx::migrate::MigrateError,
    },
    /// A column holds what crossfoot never writes.
    #[error("column `{column}` of the store holds what crossfoot never writes: {found}")]
    Unreadable {
        /// The column.
        column: &'static str,
        /// What stands there, or why it cannot be read.
        found: String,
    },
    /// An amount cannot be kept exactly.
    #[error("`{column}` cannot be kept exactly: {amount}")]
    Amount {
        /// The column.
        column: &'static str,
        /// The amount.
        amount: Decimal,
        /// Why not.
        #[source]
        cause: MoneyError,
    },
    /// A count is larger than a column can hold.
    #[error("`{column}` is too large to be kept: {count}")]
    Count {
        /// The column.
        column: &'static str,
        /// The count.
        count: u64,
    },
    /// An item is not in the state that the change starts from.
    #[error("discrepancy `{id}` is not {expected} any more: {found}")]
    Conflict {
        /// The item.
        id: String,
        /// The state that the change starts from.
        expected: String,
        /// Its state in the store.
        found: String,
    },
    /// Two changes of one item came together.
    #[error("two changes of one discrepancy in one write: {0}")]
    Twice(String),
    /// A person's change came without the event that says who made it.
    #[error("a change of a discrepancy by a person has no event: {0}")]
    Silent(String),
    /// A landed file that was to be replaced does not count any more.
    #[error("a landed file was replaced by somebody else meanwhile")]
    Replaced,
    /// The store was opened for reading.
    #[error("the store was opened for reading only: {0}")]
    ReadOnly(String),
    /// The process ends, or a write of the store broke off.
    #[error("a write to the store broke off before its end: {0}")]
    Interrupted(String),
    /// A value could not be written as JSON.
    #[error("`{column}` cannot be written as JSON")]
    Json {
        /// The column.
        column: &'static str,
        /// Why not.
        #[source]
        cause: serde_json::Error,
    },
    /// Postgres is backed up with its own tools.
    #[error("crossfoot does not back up Postgres: {0}")]
    NoBackup(String),
    /// The backup's file is there already.
    #[error("the backup would overwrite a file: {0}")]
    BackupExists(PathBuf),
}

impl Fault for StoreError {
    fn code(&self) -> &'static str {
        match self {
            Self::Url(_) => "XF-D001",
            Self::InlinePassword(_) => "XF-D002",
            Self::NoPostgres(_) => "XF-D003",
            Self::Held { .. } => "XF-D004",
            Self::Missing(_) => "XF-D005",
            Self::Outdated { .. } => "XF-D006",
            Self::Newer { .. } => "XF-D007",
            Self::Damaged(_) => "XF-D008",
            Self::Exposed { .. } => "XF-D009",
            Self::File { .. } => "XF-D010",
            Self::Unreachable { .. } => "XF-D011",
            Self::Busy { .. } => "XF-D012",
            Self::Full { .. } => "XF-D013",
            Self::Query { .. } => "XF-D014",
            Self::Migration { .. } => "XF-D015",
            Self::Unreadable { .. } => "XF-D016",
            Self::Amount { .. } => "XF-D017",
            Self::Count { .. } => "XF-D018",
            Self::Conflict { .. } => "XF-D019",
            Self::Twice(_) => "XF-D020",
            Self::Silent(_) => "XF-D021",
            Self::ReadOnly(_) => "XF-D022",
            Self::Interrupted(_) => "XF-D023",
            Self::Json { .. } => "XF-D024",
            Self::NoBackup(_) => "XF-D025",
            Self::BackupExists(_) => "XF-D026",
            Self::Replaced => "XF-D031",
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::Busy { .. } => Retry::Soon,
            Self::Held { .. }
            | Self::Unreachable { .. }
            | Self::Full { .. }
            | Self::Conflict { .. }
            | Self::Replaced
            | Self::Interrupted(_) => Retry::NextRun,
            _ => Retry::Never,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Url(_) => "correct `url` under `[store]`".to_owned(),
            Self::InlinePassword(_) => {
                "take the password out of `url` and name its place in `password` under `[store]`"
                    .to_owned()
            }
            Self::NoPostgres(_) => "use a `sqlite:` url, or a build with Postgres".to_owned(),
            Self::Held { .. } => {
                "wait for that process, or stop it; commands that only read work beside it"
                    .to_owned()
            }
            Self::Missing(_) | Self::Outdated { .. } => "run `crossfoot store migrate`".to_owned(),
            Self::Newer { .. } => "use the crossfoot that wrote it, or a newer one".to_owned(),
            Self::Damaged(_) => {
                "put the last backup in its place; keep the damaged file with its `-wal`".to_owned()
            }
            Self::Exposed { path, .. } => format!("run `chmod 600 {}`", path.display()),
            Self::File { .. } => "check the path, its owner and the space on its disk".to_owned(),
            Self::Unreachable { .. } => {
                "check that the database runs, its address, its user and its password".to_owned()
            }
            Self::Full { .. } => "make room on the store's disk".to_owned(),
            Self::Conflict { .. } => "look at the item again and repeat the move".to_owned(),
            Self::NoBackup(_) => "use `pg_dump --format=custom`".to_owned(),
            Self::BackupExists(_) => "name a file that is not there yet".to_owned(),
            _ => return None,
        };
        Some(hint)
    }

    fn effect(&self) -> Option<String> {
        match self {
            Self::Conflict { .. } | Self::Twice(_) | Self::Silent(_) | Self::Amount { .. } => {
                Some("nothing of this write was kept".to_owned())
            }
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Url(_) | Self::InlinePassword(_) | Self::NoPostgres(_) => Exit::Usage,
            Self::Held { .. } => Exit::Held,
            _ => Exit::Failed,
        }
    }
}

impl StoreError {
    /// Sorts what the driver said about a query into what can be done about it.
    pub(super) fn of_query(query: &'static str, cause: sqlx::Error) -> Self {
        match &cause {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolClosed => {
                Self::Unreachable {
                    what: query.to_owned(),
                    cause,
                }
            }
            sqlx::Error::PoolTimedOut => Self::Busy { query, cause },
            sqlx::Error::Database(said) => match said.code().as_deref().map(classify) {
                Some(Trouble::Busy) => Self::Busy { query, cause },
                Some(Trouble::Full) => Self::Full { query, cause },
                Some(Trouble::Damaged) => Self::Damaged(said.message().to_owned()),
                Some(Trouble::ReadOnly) => Self::ReadOnly(query.to_owned()),
                Some(Trouble::Gone) => Self::Unreachable {
                    what: query.to_owned(),
                    cause,
                },
                _ => Self::Query { query, cause },
            },
            _ => Self::Query { query, cause },
        }
    }
}

enum Trouble {
    Busy,
    Full,
    Damaged,
    ReadOnly,
    Gone,
    Other,
}

// SQLite's codes carry the primary code in their low byte (sqlite.org/rescode.html); Postgres has
// five letters or digits (appendix A of its manual).
fn classify(code: &str) -> Trouble {
    if code.len() == 5 {
        return match code {
            "55P03" | "40001" | "40P01" | "57014" | "53300" => Trouble::Busy,
            "53100" => Trouble::Full,
            "25006" => Trouble::ReadOnly,
            "57P01" | "57P02" | "57P03" => Trouble::Gone,
            _ if code.starts_with("08") || code.starts_with("28") => Trouble::Gone,
            _ if code.starts_with("XX00") => Trouble::Damaged,
            _ => Trouble::Other,
        };
    }
    match code.parse::<i32>().map(|number| number & 0xff) {
        Ok(5 | 6) => Trouble::Busy,
        Ok(13) => Trouble::Full,
        Ok(11 | 26) => Trouble::Damaged,
        Ok(8) => Trouble::ReadOnly,
        _ => Trouble::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_both_databases_are_told_apart() {
        assert!(matches!(classify("5"), Trouble::Busy));
        assert!(matches!(classify("517"), Trouble::Busy));
        assert!(matches!(classify("13"), Trouble::Full));
        assert!(matches!(classify("26"), Trouble::Damaged));
        assert!(matches!(classify("1032"), Trouble::ReadOnly));
        assert!(matches!(classify("40P01"), Trouble::Busy));
        assert!(matches!(classify("53100"), Trouble::Full));
        assert!(matches!(classify("23505"), Trouble::Other));
    }
}
