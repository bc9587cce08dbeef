//! Asks the landed records in SQL.

use super::ledger::Ledger;
use super::reconcile_periods::entity_files;
use crate::env::Env;
use crate::fault::Failure;
use crate::reconcile::{QueryResult, query};

/// Answers a question over the newest living records of every entity.
pub async fn query_landing(env: &Env, ledger: &Ledger, sql: &str) -> Result<QueryResult, Failure> {
    query(
        &entity_files(ledger),
        sql,
        env.config.engine.memory_limit.0,
        &env.spill_dir,
    )
    .await
}
