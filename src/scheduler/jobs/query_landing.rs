//! Asks the landed records in SQL.

use jiff::Timestamp;

use super::ledger::load_ledger;
use super::reconcile_periods::entity_files;
use crate::env::Env;
use crate::fault::Failure;
use crate::reconcile::{LandingQuestion, QueryResult, query, tables_named};

/// Answers a question over the records as they were known at an instant.
pub async fn query_landing(env: &Env, sql: &str, as_of: Timestamp) -> Result<QueryResult, Failure> {
    let ledger = load_ledger(env, as_of, false).await?;
    let question = LandingQuestion {
        sql,
        files: &entity_files(&ledger, &tables_named(sql))?,
        directory: &ledger.directory,
        zone: &env.config.zone(None),
        sku_aliases: &env.config.reconcile.sku_aliases,
        memory_limit: env.config.engine.memory_limit.0,
        spill_dir: &env.spill_dir,
    };
    query(&question).await
}
