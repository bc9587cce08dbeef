//! `crossfoot landing query`: a person's own question to the landed tables.

use std::path::Path;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::execution::context::SQLOptions;

use crate::canonical::Entity;
use crate::fault::Failure;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::input::EntityFiles;

use super::session::{Session, engine_error};

/// An answer, as Arrow columns: amounts are exact decimals in it.
#[derive(Debug, Clone)]
pub struct QueryResult {
    /// The columns.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
}

/// Answers one SQL query. Tables are named as entities and hold the newest living versions;
/// `<entity>_versions` holds every version. Anything but a query is refused.
pub async fn query(
    files: &EntityFiles,
    sql: &str,
    memory_limit: u64,
    spill_dir: &Path,
) -> Result<QueryResult, Failure> {
    let lower_case = sql.to_lowercase();
    let named: Vec<Entity> = Entity::ALL
        .iter()
        .copied()
        .filter(|entity| lower_case.contains(entity.name()))
        .collect();
    let session = Session::open(&named, files, None, memory_limit, spill_dir).await?;
    let read_only = SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false);
    let refused = |error: datafusion::error::DataFusionError| ReconcileError::Statement {
        statement: sql.split_whitespace().collect::<Vec<_>>().join(" "),
        source: Box::new(error),
    };
    let frame = session
        .context
        .sql_with_options(sql, read_only)
        .await
        .map_err(refused)?;
    let schema = std::sync::Arc::new(frame.schema().as_arrow().clone());
    let batches = frame
        .collect()
        .await
        .map_err(|error| engine_error("answering a query", error))?;
    Ok(QueryResult { schema, batches })
}
