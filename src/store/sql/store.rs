//! The store itself: reads go to the pool, and every write is one transaction in a task of its own.

use std::sync::Arc;

use async_trait::async_trait;
use futures::future::BoxFuture;

use super::database::Database;
use super::queries::Query;
use super::row::Row;
use super::session::Session;
use super::value::Value;
use crate::store::close::CloseStore;
use crate::store::error::StoreError;

/// A store over SQLite or Postgres.
pub(in crate::store) struct SqlStore {
    pub(super) database: Arc<Database>,
}

impl SqlStore {
    pub(in crate::store) fn new(database: Database) -> Self {
        Self {
            database: Arc::new(database),
        }
    }

    /// Runs a write as one transaction: all of it or nothing.
    ///
    /// It runs in a task of its own, so that a caller who stops waiting cannot break it off: a
    /// `begin` that is dropped half-way would hand an open transaction to the next borrower of the
    /// connection (sqlx 0.9.0).
    pub(super) async fn write<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<T, StoreError>> + Send + 'static,
    {
        let database = Arc::clone(&self.database);
        let task = tokio::spawn(async move {
            let mut session = database.begin().await?;
            match work(&mut session).await {
                Ok(result) => {
                    session.commit().await?;
                    Ok(result)
                }
                Err(error) => {
                    if let Err(further) = session.roll_back().await {
                        tracing::warn!(error = %further, "a refused write could not be rolled back; the database undoes it");
                    }
                    Err(error)
                }
            }
        });
        task.await
            .map_err(|cause| StoreError::Interrupted(cause.to_string()))?
    }

    /// Runs one statement as a transaction; says how many rows it touched.
    pub(super) async fn write_one(
        &self,
        query: Query,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        self.write(move |session| Box::pin(session.execute(query, values)))
            .await
    }

    pub(super) async fn rows(
        &self,
        query: Query,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.database.rows(query, values).await
    }
}

#[async_trait]
impl CloseStore for SqlStore {
    async fn close(&self) {
        self.database.close().await;
    }
}
