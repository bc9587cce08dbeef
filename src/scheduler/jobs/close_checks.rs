//! The checklist of a close.

use serde::Serialize;

use super::evaluate_collections::cash_book;
use super::ledger::Ledger;
use crate::env::Env;
use crate::fault::Failure;
use crate::money::decimal_text;
use crate::period::{Period, local_day};
use crate::reconcile::cash::PaymentState;
use crate::reconcile::{BILLING_RULE, PeriodError, Severity};
use crate::report::kpi::FreshnessState;
use crate::store::DiscrepancyFilter;

/// How many things a sentence names.
const NAMED_MAX: usize = 5;

/// The check that `--force` passes over.
const OWNED: &str = "high_items_owned";

/// One line of the checklist.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// Its name.
    pub check: &'static str,
    /// Whether it holds.
    pub holds: bool,
    /// Whether the close waits for it.
    #[serde(rename = "blocking")]
    pub is_blocking: bool,
    /// What was found.
    pub detail: String,
}

/// What each check of a period finds now.
pub(super) async fn checks_of(
    env: &Env,
    ledger: &Ledger,
    period: Period,
) -> Result<Vec<Check>, Failure> {
    Ok(vec![
        ended(env, period),
        fresh(ledger),
        complete(env, period).await?,
        owned(env, period).await?,
        suspense(env, ledger, period)?,
    ])
}

/// Refuses a close whose checklist does not hold.
pub(super) fn refuse_unready(
    period: Period,
    checks: &[Check],
    force: bool,
) -> Result<(), PeriodError> {
    let failing: Vec<&Check> = checks
        .iter()
        .filter(|check| check.is_blocking && !check.holds)
        .filter(|check| !(force && check.check == OWNED))
        .collect();
    if failing.is_empty() {
        return Ok(());
    }
    let faults: Vec<&str> = failing.iter().map(|check| check.detail.as_str()).collect();
    let hint = if failing.iter().all(|check| check.check == OWNED) {
        "`crossfoot discrepancies assign ID OWNER`, or close with --force, which the audit trail tells"
    } else {
        "sync and reconcile until every source is complete, then close again"
    };
    Err(PeriodError::Unready {
        period,
        faults: faults.join("; "),
        hint: hint.into(),
    })
}

/// The sources that are not up to date.
pub(super) fn unfresh(ledger: &Ledger) -> Vec<String> {
    let told = ledger
        .freshness
        .iter()
        .filter(|source| source.state != FreshnessState::Ok);
    told.map(|source| {
        let why = source.reason.as_deref().unwrap_or("it was never pulled");
        format!("source `{}` is not up to date: {why}", source.source)
    })
    .collect()
}

/// A month that is not over can be closed, though what is billed in the rest of it will be an
/// adjustment; whoever closes is told.
fn ended(env: &Env, period: Period) -> Check {
    let today = local_day(env.clock.now(), &env.config.zone(None));
    let holds = today > period.last_day();
    Check {
        check: "period_ended",
        holds,
        is_blocking: false,
        detail: if holds {
            format!("the period ended on {}", period.last_day())
        } else {
            format!(
                "the period ends on {}: what comes in until then will be an adjustment",
                period.last_day()
            )
        },
    }
}

fn fresh(ledger: &Ledger) -> Check {
    let faults = unfresh(ledger);
    Check {
        check: "sources_fresh",
        holds: faults.is_empty(),
        is_blocking: true,
        detail: if faults.is_empty() {
            format!("{} sources are up to date", ledger.freshness.len())
        } else {
            faults.join("; ")
        },
    }
}

async fn complete(env: &Env, period: Period) -> Result<Check, Failure> {
    let newest = env
        .store
        .reconciliation(BILLING_RULE, period, env.clock.now())
        .await?;
    let (holds, detail) = match newest {
        None => (false, "the period was never reconciled".to_owned()),
        Some(newest) => {
            let untied: Vec<String> = newest
                .completeness
                .iter()
                .filter(|one| !one.holds)
                .map(|one| format!("{} {}", one.source, one.entity))
                .collect();
            let blind: Vec<String> = newest
                .blind_sources
                .iter()
                .map(|(source, reason)| format!("`{source}` {reason}"))
                .collect();
            if !untied.is_empty() {
                (false, format!("rows do not tie: {}", untied.join(", ")))
            } else if !blind.is_empty() {
                let told = format!("the comparison could not see {}", blind.join(", "));
                (false, told)
            } else {
                let rows: u64 = newest.completeness.iter().map(|one| one.extracted).sum();
                (true, format!("all {rows} rows are accounted for"))
            }
        }
    };
    Ok(Check {
        check: "completeness_holds",
        holds,
        is_blocking: true,
        detail,
    })
}

/// Every high or critical item of the period that is somebody's work has an owner.
async fn owned(env: &Env, period: Period) -> Result<Check, Failure> {
    let filter = DiscrepancyFilter {
        periods: vec![period],
        ..DiscrepancyFilter::default()
    };
    let items = env.store.discrepancies(&filter).await?;
    let high = items
        .iter()
        .filter(|item| item.severity >= Severity::High && item.state.is_listed());
    let unowned: Vec<&str> = high
        .clone()
        .filter(|item| {
            item.owner
                .as_deref()
                .is_none_or(|owner| owner.trim().is_empty())
        })
        .map(|item| item.id.as_str())
        .collect();
    let named: Vec<&str> = unowned.iter().copied().take(NAMED_MAX).collect();
    let more = unowned.len() - named.len();
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    Ok(Check {
        check: OWNED,
        holds: unowned.is_empty(),
        is_blocking: true,
        detail: if unowned.is_empty() {
            format!("{} high or critical items have an owner", high.count())
        } else {
            format!(
                "{} high or critical items have no owner: {}{rest}",
                unowned.len(),
                named.join(", ")
            )
        },
    })
}

/// Cash of the period, or of before, whose owner is unknown. Told, and no reason to wait: nobody can
/// explain it here as yet.
fn suspense(env: &Env, ledger: &Ledger, period: Period) -> Result<Check, Failure> {
    let last_day = period
        .last_day()
        .min(local_day(env.clock.now(), &env.config.zone(None)));
    let book = cash_book(env, ledger)?;
    let parked: Vec<String> = book
        .payments_on(last_day)
        .iter()
        .filter(|one| one.state == PaymentState::Suspense)
        .map(|one| {
            format!(
                "{} {} {}",
                one.payment,
                decimal_text(one.suspense),
                one.currency
            )
        })
        .collect();
    let more = parked.len().saturating_sub(NAMED_MAX);
    let named: Vec<&str> = parked.iter().take(NAMED_MAX).map(String::as_str).collect();
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    Ok(Check {
        check: "suspense_cleared",
        holds: parked.is_empty(),
        is_blocking: false,
        detail: if parked.is_empty() {
            "no cash is in suspense".to_owned()
        } else {
            format!("cash in suspense: {}{rest}", named.join(", "))
        },
    })
}
