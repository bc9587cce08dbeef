//! A write transaction of either database, and how values are bound to statements.

#[cfg(feature = "postgres")]
use sqlx::Postgres;
use sqlx::query::Query as Bound;
use sqlx::{
    AssertSqlSafe, Database, Encode, SqlSafeStr, SqlStr, Sqlite, SqliteConnection, Transaction,
    Type,
};

use super::queries::{Marks, Query};
use super::row::Row;
use super::value::Value;
use crate::store::error::StoreError;

/// How many values one statement binds at most: SQLite takes 32,766 and Postgres 65,535.
pub(super) const BOUND_VALUES_MAX: usize = 30_000;
/// How many rows are inserted at once; a power of two, so that what is left takes few more sizes.
const ROWS_AT_ONCE: usize = 64;

/// Rows of one statement that wait to be run together.
#[derive(Default)]
struct WaitingRows {
    rows: Vec<Vec<Value>>,
    /// The columns that any row so far had a value in: the others are not bound, since many a column
    /// of a new item is null.
    is_bound: Vec<bool>,
}

impl WaitingRows {
    fn push(&mut self, row: Vec<Value>) {
        self.is_bound.resize(row.len(), false);
        for (is_bound, value) in self.is_bound.iter_mut().zip(&row) {
            *is_bound |= !value.is_null();
        }
        self.rows.push(row);
    }

    /// Takes the values of the first rows that are to be bound.
    fn take(&mut self, row_count: usize) -> Vec<Value> {
        let mut values = Vec::with_capacity(row_count * self.is_bound.len());
        for row in self.rows.drain(..row_count) {
            let bound = row.into_iter().zip(&self.is_bound);
            values.extend(bound.filter_map(|(value, is_bound)| is_bound.then_some(value)));
        }
        values
    }
}

/// What a transaction may have for itself. SQLite has one writer anyway.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lock {
    /// The audit trail, and with it everything that is recorded in the trail.
    Trail = 1,
    /// The claims of the outbox.
    Outbox = 2,
}

impl Lock {
    /// The key of the advisory lock: "xfoot" in ASCII, then the number.
    #[cfg(feature = "postgres")]
    const fn key(self) -> i64 {
        0x0078_666f_6f74_0000 + self as i64
    }
}

/// A write transaction. Dropping it without a commit undoes it.
pub(super) enum Session {
    Sqlite(Transaction<'static, Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(Transaction<'static, Postgres>),
}

impl Session {
    /// Waits until no other transaction has the lock, and keeps it until this one ends.
    pub(super) async fn lock(&mut self, lock: Lock) -> Result<(), StoreError> {
        match self {
            // `begin immediate` has excluded every other writer already.
            Self::Sqlite(_) => {
                let _ = lock;
                Ok(())
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(transaction) => {
                sqlx::query("select pg_advisory_xact_lock($1)")
                    .bind(lock.key())
                    .execute(&mut **transaction)
                    .await
                    .map_err(|cause| StoreError::of_query("lock", cause))?;
                Ok(())
            }
        }
    }

    /// The connection, where it is one of SQLite.
    pub(super) fn sqlite(&mut self) -> Option<&mut SqliteConnection> {
        match self {
            Self::Sqlite(transaction) => Some(transaction),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => None,
        }
    }

    /// Runs a statement; says how many rows it touched.
    pub(super) async fn execute(
        &mut self,
        query: Query,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        self.run(query.name, query.text.into_sql_str(), values)
            .await
    }

    /// Runs an `insert .. values` with many rows, some at a time: each of the few sizes is prepared
    /// once, and what is waiting for the database stays small.
    pub(super) async fn execute_rows(
        &mut self,
        query: Query,
        rows: impl Iterator<Item = Result<Vec<Value>, StoreError>> + Send,
    ) -> Result<u64, StoreError> {
        let mut touched = 0;
        let mut waiting = WaitingRows::default();
        for row in rows {
            waiting.push(row?);
            if waiting.rows.len() == ROWS_AT_ONCE {
                touched += self.run_rows(query, &mut waiting, ROWS_AT_ONCE).await?;
            }
        }
        while let Some(power) = waiting.rows.len().checked_ilog2() {
            touched += self.run_rows(query, &mut waiting, 1 << power).await?;
        }
        Ok(touched)
    }

    /// The rows that a statement answers.
    pub(super) async fn rows(
        &mut self,
        query: Query,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.fetch(query.name, query.text.into_sql_str(), values)
            .await
    }

    /// The rows that a statement with `in (values ..)` answers for many keys.
    pub(super) async fn rows_of(
        &mut self,
        query: Query,
        keys: &[&str],
    ) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::with_capacity(keys.len());
        for some in keys.chunks(BOUND_VALUES_MAX) {
            let text = self.expanded(query, &[true], some.len())?;
            let values = some.iter().map(|key| Value::from(*key)).collect();
            rows.extend(self.fetch(query.name, text, values).await?);
        }
        Ok(rows)
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(transaction) => transaction.commit().await,
        }
        .map_err(|cause| StoreError::of_query("commit", cause))
    }

    pub(super) async fn roll_back(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => transaction.rollback().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(transaction) => transaction.rollback().await,
        }
        .map_err(|cause| StoreError::of_query("rollback", cause))
    }

    fn expanded(
        &self,
        query: Query,
        is_bound: &[bool],
        row_count: usize,
    ) -> Result<SqlStr, StoreError> {
        let marks = match self {
            Self::Sqlite(_) => Marks::Bare,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Marks::Numbered,
        };
        query
            .for_rows(marks, is_bound, row_count)
            .map(|text| AssertSqlSafe(text).into_sql_str())
            .ok_or_else(|| {
                let fault = "the statement has no tuple of values".to_owned();
                StoreError::of_query(query.name, sqlx::Error::Protocol(fault))
            })
    }

    /// Runs a statement with the first rows of those that wait.
    async fn run_rows(
        &mut self,
        query: Query,
        waiting: &mut WaitingRows,
        row_count: usize,
    ) -> Result<u64, StoreError> {
        let text = self.expanded(query, &waiting.is_bound, row_count)?;
        let values = waiting.take(row_count);
        self.run(query.name, text, values).await
    }

    async fn run(
        &mut self,
        name: &'static str,
        text: SqlStr,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(transaction) => bound::<Sqlite>(text, values)
                .execute(&mut **transaction)
                .await
                .map(|answer| answer.rows_affected()),
            #[cfg(feature = "postgres")]
            Self::Postgres(transaction) => bound::<Postgres>(text, values)
                .execute(&mut **transaction)
                .await
                .map(|answer| answer.rows_affected()),
        }
        .map_err(|cause| StoreError::of_query(name, cause))
    }

    async fn fetch(
        &mut self,
        name: &'static str,
        text: SqlStr,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(transaction) => bound::<Sqlite>(text, values)
                .fetch_all(&mut **transaction)
                .await
                .map(|rows| rows.into_iter().map(Row::Sqlite).collect()),
            #[cfg(feature = "postgres")]
            Self::Postgres(transaction) => bound::<Postgres>(text, values)
                .fetch_all(&mut **transaction)
                .await
                .map(|rows| rows.into_iter().map(Row::Postgres).collect()),
        }
        .map_err(|cause| StoreError::of_query(name, cause))
    }
}

/// A statement of one database with its values.
pub(super) fn bound<DB>(
    text: SqlStr,
    values: Vec<Value>,
) -> Bound<'static, DB, <DB as Database>::Arguments>
where
    DB: Database,
    for<'t> Option<String>: Encode<'t, DB> + Type<DB>,
    for<'t> Option<i64>: Encode<'t, DB> + Type<DB>,
    for<'t> Vec<u8>: Encode<'t, DB> + Type<DB>,
    for<'t> bool: Encode<'t, DB> + Type<DB>,
{
    let mut query = sqlx::query::<DB>(text);
    for value in values {
        query = match value {
            Value::Text(text) => query.bind(text),
            Value::Integer(number) => query.bind(number),
            Value::Bytes(bytes) => query.bind(bytes),
            Value::Flag(flag) => query.bind(flag),
        };
    }
    query
}
