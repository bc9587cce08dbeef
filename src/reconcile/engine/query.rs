//! `crossfoot landing query`: a person's own question to the landed tables.

use std::collections::BTreeMap;
use std::path::Path;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use jiff::tz::TimeZone;

use crate::canonical::Entity;
use crate::fault::Failure;
use crate::reconcile::catalog::SkuCatalog;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::identity::AccountDirectory;
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

/// A question to the landed records.
#[derive(Debug, Clone, Copy)]
pub struct LandingQuestion<'q> {
    /// In SQL.
    pub sql: &'q str,
    /// The files of the entities that [`tables_named`] gives.
    pub files: &'q EntityFiles,
    /// Which account of which source is which customer.
    pub directory: &'q AccountDirectory,
    /// The zone of the books.
    pub zone: &'q TimeZone,
    /// Product codes that stand for others.
    pub sku_aliases: &'q BTreeMap<String, String>,
    /// How much memory it may take before it spills to disk.
    pub memory_limit: u64,
    /// Where it spills.
    pub spill_dir: &'q Path,
}

/// The function that tells the product behind a code.
const SKU_FUNCTION: &str = "canonical_sku";

/// The entities that a question may be about: those whose names it holds, and the products where it
/// asks for theirs.
pub fn tables_named(sql: &str) -> Vec<Entity> {
    let lower_case = sql.to_lowercase();
    let asks_for_products = lower_case.contains(SKU_FUNCTION);
    let is_named = |entity: &Entity| {
        lower_case.contains(entity.name()) || (asks_for_products && *entity == Entity::Products)
    };
    Entity::ALL.iter().copied().filter(is_named).collect()
}

/// Answers one SQL query. Tables are named as entities and hold the newest living versions;
/// `<entity>_versions` holds every version that was known. Anything but a query is refused.
pub async fn query(question: &LandingQuestion<'_>) -> Result<QueryResult, Failure> {
    let sql = question.sql;
    let named = tables_named(sql);
    let session = Session::open(
        &named,
        question.files,
        question.memory_limit,
        question.spill_dir,
    )
    .await?;
    session.know_accounts(question.directory);
    session.know_zone(question.zone);
    let products = if named.contains(&Entity::Products) {
        session.records(Entity::Products).await?
    } else {
        Vec::new()
    };
    session.know_products(&SkuCatalog::new(&products, question.sku_aliases));
    let read_only = SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false);
    let refused = |error: DataFusionError| ReconcileError::Statement {
        statement: sql.split_whitespace().collect::<Vec<_>>().join(" "),
        source: said_by(&error).into(),
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

/// What the engine says is wrong with a statement, once and without the list of everything that would
/// be right.
fn said_by(error: &DataFusionError) -> String {
    let text = error.find_root().to_string();
    let line = text.lines().next().unwrap_or_default();
    line.split_once(" error: ")
        .map_or(line, |(_, said)| said)
        .replace("datafusion.public.", "")
}
