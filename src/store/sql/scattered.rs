//! A reconcile that opens more items than a good part of the book had: the indexes in whose order the
//! items do not come are left out while they are written, and made in one go behind them, which reads
//! and writes each of their pages once instead of time and again. All of it is one transaction: whoever
//! breaks it off, or reads meanwhile, has the indexes as they were.
//!
//! SQLite alone: Postgres would lock out every reader.

use sqlx::{AssertSqlSafe, Row as _, Sqlite, SqliteConnection};

use super::session::Session;
use crate::store::error::StoreError;

/// Indexes of the book by what is random to the order of ids; all others grow at their end.
const SCATTERED: &str = "select name, sql from sqlite_master where type = 'index' \
    and name in ('discrepancies_account', 'discrepancies_fingerprint')";
/// How many items the book has, or had.
const STANDING: &str = "select coalesce(max(rowid), 0) from discrepancies";

/// Fewer new items than that go into any index quickly.
const NEW_ITEMS_MIN: u64 = 16_384;
/// The indexes are made again when there is a new item for so many that stand.
const STANDING_FOR_EACH: u64 = 4;

/// The indexes that are left out at present.
#[derive(Debug, Default)]
pub(super) struct Scattered {
    new_items: u64,
    /// What makes each of them again.
    left_out: Vec<String>,
}

impl Scattered {
    /// Counts items that were inserted, and leaves out the indexes once they are so many.
    pub(super) async fn inserted(
        &mut self,
        session: &mut Session,
        count: usize,
    ) -> Result<(), StoreError> {
        let before = self.new_items;
        self.new_items += count as u64;
        let Some(connection) = session.sqlite() else {
            return Ok(());
        };
        // Asked at each doubling, so that a large book costs hardly any questions.
        let is_asked = before.checked_ilog2() != self.new_items.checked_ilog2();
        if !self.left_out.is_empty() || self.new_items < NEW_ITEMS_MIN || !is_asked {
            return Ok(());
        }
        let all: i64 = sqlx::query_scalar(STANDING)
            .fetch_one(&mut *connection)
            .await
            .map_err(|cause| StoreError::of_query("count of the book", cause))?;
        let standing = u64::try_from(all).unwrap_or_default();
        if standing.saturating_sub(self.new_items) > self.new_items * STANDING_FOR_EACH {
            return Ok(());
        }
        let indexes = sqlx::query::<Sqlite>(SCATTERED)
            .fetch_all(&mut *connection)
            .await
            .map_err(|cause| StoreError::of_query("indexes of the book", cause))?;
        for index in indexes {
            let unreadable = |cause| StoreError::of_query("indexes of the book", cause);
            let name: String = index.try_get("name").map_err(unreadable)?;
            let made_by: String = index.try_get("sql").map_err(unreadable)?;
            run(connection, format!("drop index {name}")).await?;
            self.left_out.push(made_by);
        }
        Ok(())
    }

    /// Makes the indexes again.
    pub(super) async fn complete(&mut self, session: &mut Session) -> Result<(), StoreError> {
        let Some(connection) = session.sqlite() else {
            return Ok(());
        };
        for made_by in self.left_out.drain(..) {
            run(connection, made_by).await?;
        }
        Ok(())
    }
}

async fn run(connection: &mut SqliteConnection, statement: String) -> Result<(), StoreError> {
    sqlx::query::<Sqlite>(AssertSqlSafe(statement))
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(|cause| StoreError::of_query("indexes of the book", cause))
}
