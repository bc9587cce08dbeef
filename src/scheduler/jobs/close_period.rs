//! Closes, locks and reopens periods. A close keeps the figures, the items and the inputs that they
//! were made of; nothing that is found later changes them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::close_checks::{Check, checks_of, refuse_unready, unfresh};
use super::closed_item::ClosedItem;
use super::compute_kpi::{Facts, keep_kpi};
use super::ledger::{Ledger, load_ledger};
use super::period_book::PeriodBook;
use super::reconcile_periods::recompare_periods;
use crate::canonical::Entity;
use crate::config::Right;
use crate::env::Env;
use crate::fault::{Failure, Fault, Retry};
use crate::period::{Period, local_day};
use crate::reconcile::{
    BILLING_RULE, PeriodAct, PeriodError, PeriodRequest, PeriodState, WhichRule,
    decide_period_move, rules_version,
};
use crate::report::kpi::{Kpi, UnitFigures};
use crate::store::{DiscrepancyFilter, PeriodClose, PeriodMove};

/// What a close keeps of one scope.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct KeptScope {
    /// The figures.
    pub(super) kpi: Kpi,
    /// The counted units that they are made of, to tell adjustments by.
    pub(super) units: Vec<UnitFigures>,
}

/// A landed file that the figures were made of.
#[derive(Debug, Clone, Serialize)]
struct KeptInput<'a> {
    path: &'a str,
    source: &'a str,
    entity: &'a str,
    pull_id: &'a str,
    digest: &'a str,
    rows: u64,
    extracted_at: Timestamp,
}

/// What a move of a period came to.
#[derive(Debug, Clone, Serialize)]
pub struct PeriodChange {
    /// The period.
    pub period: Period,
    /// The state before.
    pub from: PeriodState,
    /// The state after.
    pub state: PeriodState,
    /// The id of what stands as its snapshot.
    pub close_id: Option<String>,
    /// The version of it.
    pub version: Option<u32>,
    /// Whether the tax return is filed.
    pub tax_filed: bool,
    /// What the checks of a close found.
    pub checks: Vec<Check>,
}

#[derive(Debug, thiserror::Error)]
#[error("what the close of {period} keeps could not be written as JSON")]
struct UnwritableClose {
    period: Period,
    #[source]
    cause: serde_json::Error,
}

impl Fault for UnwritableClose {
    fn code(&self) -> &'static str {
        "XF-J122"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }
}

/// Says why a period cannot be moved, before anything is begun.
pub async fn refuse_illegal(env: &Env, request: &PeriodRequest) -> Result<(), Failure> {
    let book = PeriodBook::read(env, Timestamp::MAX).await?;
    decide(env, request, book.state(request.period))?;
    Ok(())
}

fn decide(env: &Env, request: &PeriodRequest, from: PeriodState) -> Result<PeriodState, Failure> {
    let to = decide_period_move(request, from)?;
    // A period is of the whole company, so only those whose branches are not limited decide of it.
    env.config.check_right(&request.by, Right::Close, None)?;
    if let Some(approver) = &request.approver {
        let either = [Right::Approve, Right::Close];
        env.config.check_one_right(approver, &either, None)?;
    }
    let today = local_day(env.clock.now(), &env.config.zone(None));
    if request.act == PeriodAct::Close && today < request.period.first_day() {
        return Err(PeriodError::Unready {
            period: request.period,
            faults: "it has not begun".into(),
            hint: "close a period that is over".into(),
        }
        .into());
    }
    Ok(to)
}

/// Moves a period, or says which moves are legal and changes nothing. `force` closes in spite of
/// high items that nobody owns.
pub async fn move_period(
    env: &Env,
    run_id: &str,
    request: &PeriodRequest,
    tax_filed: bool,
    force: bool,
) -> Result<PeriodChange, Failure> {
    let (period, now) = (request.period, env.clock.now());
    let book = PeriodBook::read(env, Timestamp::MAX).await?;
    let from = book.state(period);
    let to = decide(env, request, from)?;
    let mut close = None;
    let mut checks = Vec::new();
    if request.act == PeriodAct::Close {
        let ledger = up_to_date(env, run_id, period).await?;
        checks = checks_of(env, &ledger, period).await?;
        refuse_unready(period, &checks, force)?;
        let version = u32::try_from(book.close_count(period) + 1).unwrap_or(u32::MAX);
        close = Some(keep(env, run_id, period, version, &ledger, &checks).await?);
    }
    let is_forced = checks.iter().any(|check| !check.holds && check.is_blocking);
    let close_id = match &close {
        Some(close) => Some(close.close_id.clone()),
        None => book
            .close_id(period)
            .map(str::to_owned)
            .filter(|_| to.is_kept()),
    };
    let moved = PeriodMove {
        period,
        at: now,
        from,
        to,
        actor: request.by.trim().to_owned(),
        approver: request
            .approver
            .as_deref()
            .map(|name| name.trim().to_owned()),
        reason: request.reason.clone(),
        forced: is_forced,
        tax_filed: tax_filed || request.act == PeriodAct::File || book.is_tax_filed(period),
        close_id: close_id.clone(),
    };
    env.store.record_period_move(&moved, close.as_ref()).await?;
    if let Some(close) = &close {
        keep_for_charts(env, run_id, close).await?;
    }
    tracing::info!(period = %period, "period {period}: {from} to {to}");
    Ok(PeriodChange {
        period,
        from,
        state: to,
        close_id,
        version: close.map(|close| close.version),
        tax_filed: moved.tax_filed,
        checks,
    })
}

/// The landing as it is now, compared: where something landed since the newest comparison of the
/// period, or a rule changed, it is compared once more, so that what is kept was made of the inputs
/// that are named beside it.
async fn up_to_date(env: &Env, run_id: &str, period: Period) -> Result<Ledger, Failure> {
    let now = env.clock.now();
    let ledger = load_ledger(env, now, true).await?;
    let newest = env.store.reconciliation(BILLING_RULE, period, now).await?;
    let is_current = newest.is_some_and(|one| {
        one.input_digest == ledger.snapshot.digest()
            && one.rules_version == rules_version(&env.config, WhichRule::Billing)
    });
    // Over a source that cannot be trusted nothing would be decided; the checks say so.
    if !is_current && unfresh(&ledger).is_empty() {
        recompare_periods(env, run_id, &[period]).await?;
    }
    Ok(ledger)
}

async fn keep(
    env: &Env,
    run_id: &str,
    period: Period,
    version: u32,
    ledger: &Ledger,
    checks: &[Check],
) -> Result<PeriodClose, Failure> {
    let now = env.clock.now();
    let unwritable = |cause| UnwritableClose { period, cause };
    let facts = Facts::read(env, now).await?;
    let branches = env.config.branch.keys().map(|name| Some(name.as_str()));
    let mut figures = BTreeMap::new();
    for branch in std::iter::once(None).chain(branches) {
        let mut kpi = facts.compute(env, period.into(), branch).await?;
        kpi.provisional = false;
        let units = facts.units(env, period, branch, kpi.currency, now).await?;
        figures.insert(scope_name(branch), KeptScope { kpi, units });
    }
    let items: Vec<ClosedItem> = env
        .store
        .discrepancies(&DiscrepancyFilter::default())
        .await?
        .iter()
        .filter(|item| item.period == period || item.state.is_listed())
        .map(ClosedItem::of)
        .collect();
    let newest = env.store.reconciliation(BILLING_RULE, period, now).await?;
    let tolerance = serde_json::to_string(&env.config.tolerance).map_err(unwritable)?;
    Ok(PeriodClose {
        close_id: env.new_id(),
        period,
        version,
        at: now,
        as_of: now,
        run_id: run_id.to_owned(),
        rules_version: newest.map_or_else(
            || rules_version(&env.config, WhichRule::Billing),
            |newest| newest.rules_version,
        ),
        tolerance_version: blake3::hash(tolerance.as_bytes()).to_hex().to_string(),
        rates_version: facts.rates_version(),
        input_digest: ledger.snapshot.digest(),
        inputs: serde_json::to_string(&inputs_of(ledger)).map_err(unwritable)?,
        checks: serde_json::to_string(checks).map_err(unwritable)?,
        figures: serde_json::to_string(&figures).map_err(unwritable)?,
        items: serde_json::to_string(&items).map_err(unwritable)?,
    })
}

fn inputs_of(ledger: &Ledger) -> Vec<KeptInput<'_>> {
    Entity::ALL
        .iter()
        .flat_map(|entity| ledger.snapshot.files(*entity))
        .map(|file| KeptInput {
            path: &file.path,
            source: &file.source,
            entity: file.entity.name(),
            pull_id: &file.pull_id,
            digest: &file.digest,
            rows: file.totals.rows,
            extracted_at: file.extracted_at,
        })
        .collect()
}

/// The charts of later reports show what was reported.
async fn keep_for_charts(env: &Env, run_id: &str, close: &PeriodClose) -> Result<(), Failure> {
    for kept in kept_scopes(close)?.into_values() {
        keep_kpi(env, run_id, close.period, &kept.kpi).await?;
    }
    Ok(())
}

/// The scopes that a close kept, by the branch's name or `all`.
///
/// What cannot be read is an error and never nothing: figures that were reported would silently be
/// computed anew.
pub(super) fn kept_scopes(close: &PeriodClose) -> Result<BTreeMap<String, KeptScope>, Failure> {
    let read = serde_json::from_str(&close.figures);
    Ok(read.map_err(|source| UnreadableClose {
        period: close.period,
        version: close.version,
        source,
    })?)
}

/// What a close kept is not what this version reads.
#[derive(Debug, thiserror::Error)]
#[error("the figures that version {version} of the close of {period} kept cannot be read")]
struct UnreadableClose {
    period: Period,
    version: u32,
    #[source]
    source: serde_json::Error,
}

impl Fault for UnreadableClose {
    fn code(&self) -> &'static str {
        "XF-J128"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some(
            "they are in the table period_closes as they were written; ask with the version of \
             crossfoot that closed the period"
                .into(),
        )
    }

    fn effect(&self) -> Option<String> {
        Some(
            "what was reported of the period cannot be told, and nothing else is told in its place"
                .into(),
        )
    }
}

/// The name of a scope in what is kept.
pub(super) fn scope_name(branch: Option<&str>) -> String {
    branch.unwrap_or("all").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Goal: figures that a close kept and that cannot be read are an error, and never no figures, which
    // would silently be computed anew. Method: a text that is no object of scopes.
    #[test]
    fn unreadable_figures_are_an_error() {
        let close = |figures: &str| PeriodClose {
            close_id: "c".into(),
            period: "2026-03".parse().unwrap(),
            version: 2,
            at: Timestamp::UNIX_EPOCH,
            as_of: Timestamp::UNIX_EPOCH,
            run_id: "r".into(),
            rules_version: String::new(),
            tolerance_version: String::new(),
            rates_version: String::new(),
            input_digest: String::new(),
            inputs: "[]".into(),
            checks: "[]".into(),
            figures: figures.into(),
            items: "[]".into(),
        };
        assert!(kept_scopes(&close("{}")).unwrap().is_empty());
        let refused = kept_scopes(&close(r#"{"all": {"kpi": 1}}"#)).unwrap_err();
        assert_eq!(refused.code(), "XF-J128");
        assert!(
            refused
                .to_string()
                .contains("version 2 of the close of 2026-03")
        );
    }
}
