//! The pools of either database, and where a write transaction begins.

#[cfg(feature = "postgres")]
use sqlx::{PgPool, Postgres};
use sqlx::{SqlSafeStr, SqlStr, Sqlite, SqlitePool};

use super::queries::Query;
use super::row::Row;
use super::session::{Session, bound};
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
        self.rows_by(query.name, query.text.into_sql_str(), values)
            .await
    }

    pub(super) async fn rows_by(
        &self,
        name: &'static str,
        text: SqlStr,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite { reader, .. } => bound::<Sqlite>(text, values)
                .fetch_all(reader)
                .await
                .map(|rows| rows.into_iter().map(Row::Sqlite).collect()),
            #[cfg(feature = "postgres")]
            Self::Postgres { pool } => bound::<Postgres>(text, values)
                .fetch_all(pool)
                .await
                .map(|rows| rows.into_iter().map(Row::Postgres).collect()),
        }
        .map_err(|cause| StoreError::of_query(name, cause))
    }
}
