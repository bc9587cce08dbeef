//! The pools of either database, and where a write transaction begins.

use futures::TryStreamExt;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr, Sqlite, SqlitePool};
#[cfg(feature = "postgres")]
use sqlx::{PgPool, Postgres};

use super::queries::{Marks, Query};
use super::row::Row;
use super::session::{BOUND_VALUES_MAX, Session, bound};
use super::value::Value;
use crate::store::error::StoreError;
use crate::store::lock::WriterLock;

/// An open database.
pub(in crate::store) enum Database {
    /// One writer, which the lock proves, and readers beside it.
    Sqlite {
        /// One connection; `None` when the store was opened for reading.
        writer: Option<(SqlitePool, WriterLock)>,
        /// Read-only connections.
        reader: SqlitePool,
    },
    /// Any number of processes; what must not happen twice is locked in the database.
    #[cfg(feature = "postgres")]
    Postgres {
        /// All connections.
        pool: PgPool,
    },
}

impl Database {
    /// Closes every connection; the last one of a SQLite store folds its log into the file.
    pub(in crate::store) async fn close(&self) {
        match self {
            Self::Sqlite { writer, reader } => {
                reader.close().await;
                if let Some((pool, _)) = writer {
                    pool.close().await;
                }
            }
            #[cfg(feature = "postgres")]
            Self::Postgres { pool } => pool.close().await,
        }
    }

    pub(super) async fn begin(&self) -> Result<Session, StoreError> {
        match self {
            Self::Sqlite { writer: None, .. } => Err(StoreError::ReadOnly("begin".to_owned())),
            // A deferred transaction that reads first and then writes is refused at once when
            // another writer was quicker; an immediate one waits its turn.
            Self::Sqlite {
                writer: Some((pool, _)),
                ..
            } => pool
                .begin_with("begin immediate")
                .await
                .map(Session::Sqlite)
                .map_err(|cause| StoreError::of_query("begin", cause)),
            #[cfg(feature = "postgres")]
            Self::Postgres { pool } => pool
                .begin()
                .await
                .map(Session::Postgres)
                .map_err(|cause| StoreError::of_query("begin", cause)),
        }
    }

    pub(super) async fn rows(
        &self,
        query: Query,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.read_by(query.name, query.text.into_sql_str(), values, Ok)
            .await
    }

    /// The rows that a statement with `in (values ..)` answers for many keys.
    pub(super) async fn rows_of(
        &self,
        query: Query,
        keys: &[&str],
    ) -> Result<Vec<Row>, StoreError> {
        let marks = match self {
            Self::Sqlite { .. } => Marks::Bare,
            #[cfg(feature = "postgres")]
            Self::Postgres { .. } => Marks::Numbered,
        };
        let mut rows = Vec::new();
        for some in keys.chunks(BOUND_VALUES_MAX) {
            let text = query.for_rows(marks, &[true], some.len()).ok_or_else(|| {
                let fault = "the statement has no tuple of values".to_owned();
                StoreError::of_query(query.name, sqlx::Error::Protocol(fault))
            })?;
            let values = some.iter().map(|key| Value::from(*key)).collect();
            let text = AssertSqlSafe(text).into_sql_str();
            rows.extend(self.read_by(query.name, text, values, Ok).await?);
        }
        Ok(rows)
    }

    /// What the rows that a statement answers are read as. Each is read before the next one comes, since
    /// rows themselves take several times as much memory, and there may be very many.
    pub(super) async fn read_by<T>(
        &self,
        name: &'static str,
        text: SqlStr,
        values: Vec<Value>,
        read: impl Fn(Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let failed = |cause| StoreError::of_query(name, cause);
        let mut found = Vec::new();
        match self {
            Self::Sqlite { reader, .. } => {
                let mut rows = bound::<Sqlite>(text, values).fetch(reader);
                while let Some(row) = rows.try_next().await.map_err(failed)? {
                    found.push(read(Row::Sqlite(row))?);
                }
            }
            #[cfg(feature = "postgres")]
            Self::Postgres { pool } => {
                let mut rows = bound::<Postgres>(text, values).fetch(pool);
                while let Some(row) = rows.try_next().await.map_err(failed)? {
                    found.push(read(Row::Postgres(row))?);
                }
            }
        }
        Ok(found)
    }
}
