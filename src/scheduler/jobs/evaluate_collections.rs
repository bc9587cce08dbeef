//! Applies the cash that is known and evaluates the case of every invoice that is or was past due.

use serde::Serialize;

use super::blind_sources::stale_cash;
use super::ledger::{Ledger, load_ledger};
use crate::canonical::Entity;
use crate::collections::{EvaluateInput, evaluate_cases};
use crate::config::CalendarConfig;
use crate::env::Env;
use crate::fault::Failure;
use crate::period::local_day;
use crate::reconcile::cash::{CashBook, CashInput, apply_cash};

/// What the evaluation came to.
#[derive(Debug, Clone, Serialize)]
pub struct CollectionsSummary {
    /// Cases of invoices that are overdue.
    pub overdue: u64,
    /// Of these, how many reached a further level now.
    pub stepped: u64,
    /// Of these, how many are held.
    pub held: u64,
    /// Why no step was taken at all, where that is so.
    pub hold_reason: Option<String>,
}

impl CollectionsSummary {
    /// What a person reads.
    pub fn sentence(&self) -> String {
        match &self.hold_reason {
            Some(reason) => format!(
                "collections: {} overdue, every step is held: {reason}",
                self.overdue
            ),
            None => format!(
                "collections: {} overdue, {} reached a further level, {} held",
                self.overdue, self.stepped, self.held
            ),
        }
    }
}

/// Evaluates all cases for the local day of the clock. The same day evaluates to the same cases.
pub async fn evaluate_collections(env: &Env, run_id: &str) -> Result<CollectionsSummary, Failure> {
    let now = env.clock.now();
    let ledger = load_ledger(env, now, true).await?;
    let stale = stale_cash(env, &ledger);
    let standing = env.store.cases(None).await?;
    let book = cash_book(env, &ledger)?;
    let calendar = env.config.calendar.get("default").cloned();
    let cases = evaluate_cases(&EvaluateInput {
        book: &book,
        standing: &standing,
        day: local_day(now, &env.config.zone(None)),
        now,
        config: &env.config.collections,
        calendar: &calendar.unwrap_or_else(CalendarConfig::default),
        cash_stale: stale.is_some(),
    })?;
    let overdue = cases.iter().filter(|case| case.state == "overdue");
    let stepped = overdue.clone().filter(|case| {
        let before = standing
            .iter()
            .find(|earlier| earlier.invoice == case.invoice);
        before.map_or(0, |earlier| earlier.level) < case.level
    });
    let summary = CollectionsSummary {
        overdue: overdue.clone().count() as u64,
        stepped: stepped.count() as u64,
        held: overdue.filter(|case| case.action == "hold").count() as u64,
        hold_reason: stale,
    };
    if !env.config.collections.dry_run {
        env.store.save_cases(&cases, run_id).await?;
    }
    Ok(summary)
}

/// Which payment settled which invoice, by everything that is landed.
pub(crate) fn cash_book(env: &Env, ledger: &Ledger) -> Result<CashBook, Failure> {
    let golden = |source: &str, id: &str| golden_account(ledger, source, id);
    let branch = |golden: &str| account_branch(ledger, golden);
    apply_cash(&CashInput {
        invoices: &ledger.records(Entity::Invoices)?,
        payments: &ledger.records(Entity::Payments)?,
        remittances: &ledger.records(Entity::Remittances)?,
        account_of: &golden,
        branch_of: &branch,
        rules: &env.config.cash,
        tolerance: &env.config.tolerance,
        decisions: &ledger.cash_decisions,
    })
}

/// The golden account of an account reference; one that nobody is known by is an account of its own.
pub(super) fn golden_account(ledger: &Ledger, source: &str, id: &str) -> String {
    match ledger.directory.golden(source, id) {
        Some(account) => account.id.clone(),
        None => format!("unresolved:{source}:{id}"),
    }
}

/// The branch of a golden account.
pub(super) fn account_branch(ledger: &Ledger, golden: &str) -> Option<String> {
    ledger.directory.get(golden)?.branch.clone()
}
