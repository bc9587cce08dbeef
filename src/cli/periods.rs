//! `crossfoot periods`.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::context::{Context, login_name};
use super::output::{self, Table};
use crate::env::Env;
use crate::fault::{Exit, Failure, Fault, Retry};
use crate::period::Period;
use crate::reconcile::{BILLING_RULE, PeriodAct, PeriodRequest, PeriodState};
use crate::scheduler::jobs::{PeriodBook, PeriodChange, move_period, refuse_illegal, with_run};
use crate::store::{Access, PeriodClose, PeriodMove, RunState};

#[derive(Debug, Subcommand)]
pub(super) enum PeriodsVerb {
    /// Every period that was compared or moved, and where it stands
    List,
    /// What a close kept: its inputs, versions, figures and items
    #[command(
        after_help = "Examples:\n  crossfoot periods show 2026-09 --json\n  crossfoot periods show \
                      2026-09 --version 1 --json"
    )]
    Show {
        /// The period
        #[arg(value_name = "YYYY-MM")]
        period: Period,
        /// An earlier close, before a reopening [default: the newest]
        #[arg(long)]
        version: Option<u32>,
    },
    /// Keep the figures of a period: what is found later is an adjustment
    #[command(
        after_help = "Examples:\n  crossfoot periods close 2026-09 --by maria --approver jonas\n  \
                      crossfoot periods close 2026-09 --by maria --approver jonas --tax-filed\n\n\
                      Checked before: every source is up to date, all rows are accounted for, \
                      every high or critical item of the period has an owner, and two people sign. \
                      --tax-filed on a closed period marks its tax return as filed."
    )]
    Close(CloseArguments),
    /// Take a closed period out of the scheduled comparisons
    #[command(after_help = "Example:\n  crossfoot periods lock 2026-09 --by maria")]
    Lock(MoveArguments),
    /// Let the figures of a closed period change again; a locked one needs an approver
    #[command(
        after_help = "Examples:\n  crossfoot periods reopen 2026-09 --reason \"credit of INV-77 \
                      was forgotten\" --by maria --approver jonas"
    )]
    Reopen(MoveArguments),
}

#[derive(Debug, Args)]
pub(super) struct CloseArguments {
    #[command(flatten)]
    moved: MoveArguments,
    /// Close in spite of high items that nobody owns; the audit trail tells it
    #[arg(long)]
    force: bool,
    /// The tax return of the period is filed
    #[arg(long)]
    tax_filed: bool,
}

#[derive(Debug, Args)]
pub(super) struct MoveArguments {
    /// The period
    #[arg(value_name = "YYYY-MM")]
    period: Period,
    /// Who does it: the preparer of a close [default: the login name]
    #[arg(long)]
    by: Option<String>,
    /// Who approves it: the reviewer of a close
    #[arg(long)]
    approver: Option<String>,
    /// Why
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Debug, thiserror::Error)]
#[error("period {period} was never closed{version}")]
struct NeverClosed {
    period: Period,
    version: String,
}

impl Fault for NeverClosed {
    fn code(&self) -> &'static str {
        "XF-K042"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some("`crossfoot periods list` shows where each period stands".into())
    }
}

pub(super) async fn run(context: &Context, verb: PeriodsVerb) -> Result<Exit, Failure> {
    match verb {
        PeriodsVerb::List => list(context).await,
        PeriodsVerb::Show { period, version } => show(context, period, version).await,
        PeriodsVerb::Close(arguments) => close(context, arguments).await,
        PeriodsVerb::Lock(arguments) => {
            change(context, PeriodAct::Lock, arguments, false, false).await
        }
        PeriodsVerb::Reopen(arguments) => {
            change(context, PeriodAct::Reopen, arguments, false, false).await
        }
    }
}

async fn close(context: &Context, arguments: CloseArguments) -> Result<Exit, Failure> {
    let CloseArguments {
        moved,
        force,
        tax_filed,
    } = arguments;
    let env = context.open(Access::Write).await?;
    let book = PeriodBook::read(&env, Timestamp::MAX).await?;
    let is_kept = book.state(moved.period).is_kept();
    // A return is often filed after the close: that alone is marked then, once.
    let is_filing = tax_filed && is_kept && !book.is_tax_filed(moved.period);
    let act = if is_filing {
        PeriodAct::File
    } else {
        PeriodAct::Close
    };
    change_in(context, &env, act, moved, tax_filed, force).await
}

async fn change(
    context: &Context,
    act: PeriodAct,
    arguments: MoveArguments,
    tax_filed: bool,
    force: bool,
) -> Result<Exit, Failure> {
    let env = context.open(Access::Write).await?;
    change_in(context, &env, act, arguments, tax_filed, force).await
}

async fn change_in(
    context: &Context,
    env: &Env,
    act: PeriodAct,
    arguments: MoveArguments,
    tax_filed: bool,
    force: bool,
) -> Result<Exit, Failure> {
    let request = PeriodRequest {
        period: arguments.period,
        act,
        by: arguments.by.unwrap_or_else(login_name),
        approver: arguments.approver,
        reason: arguments.reason,
    };
    refuse_illegal(env, &request).await?;
    let changed = with_run(env, "cli:periods", None, async |run_id: String| {
        let changed = move_period(env, &run_id, &request, tax_filed, force).await?;
        Ok((changed, RunState::Done))
    })
    .await?;
    for check in changed.checks.iter().filter(|check| !check.holds) {
        output::error_line(&format!("warning: {}", check.detail));
    }
    if context.json() {
        output::json(&changed)?;
    } else {
        output::line(sentence(&changed))?;
    }
    Ok(Exit::Done)
}

fn sentence(changed: &PeriodChange) -> String {
    let kept = changed.version.map_or_else(String::new, |version| {
        format!(", version {version} is kept")
    });
    let filed = if changed.tax_filed { ", tax filed" } else { "" };
    format!(
        "{}: {} -> {}{kept}{filed}",
        changed.period, changed.from, changed.state
    )
}

async fn list(context: &Context) -> Result<Exit, Failure> {
    let env = context.open(Access::Read).await?;
    let book = PeriodBook::read(&env, env.clock.now()).await?;
    let reconciled = env.store.reconciled_periods(BILLING_RULE).await?;
    let periods: BTreeSet<Period> = reconciled.into_iter().chain(book.periods()).collect();
    let mut rows = Vec::new();
    for period in periods {
        rows.push(row_of(&env, &book, period).await?);
    }
    if context.json() {
        output::json(&rows)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&[
        "period",
        "state",
        ">version",
        "closed at",
        "prepared by",
        "reviewed by",
        "tax filed",
        "compared since",
    ]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let yes = |value: &Value| if *value == true { "yes" } else { "" }.to_owned();
    for row in &rows {
        table.row(vec![
            text(&row["period"]),
            text(&row["state"]),
            row["version"]
                .as_u64()
                .map(|one| one.to_string())
                .unwrap_or_default(),
            text(&row["closed_at"]),
            text(&row["prepared_by"]),
            text(&row["reviewed_by"]),
            yes(&row["tax_filed"]),
            yes(&row["recomputed"]),
        ]);
    }
    table.print("no period was compared yet")?;
    Ok(Exit::Done)
}

async fn row_of(env: &Env, book: &PeriodBook, period: Period) -> Result<Value, Failure> {
    let now = env.clock.now();
    let state = book.state(period);
    let closing = book.closing(period);
    let newest = env.store.reconciliation(BILLING_RULE, period, now).await?;
    let compared_at = newest.map(|newest| newest.at);
    let last = |to: PeriodState| -> Option<&PeriodMove> {
        let mut moves = book.moves(period).iter().rev();
        moves.find(|one| one.to == to && one.from != to)
    };
    let locking = last(PeriodState::Locked).filter(|_| state == PeriodState::Locked);
    let reopening = last(PeriodState::Open);
    Ok(json!({
        "period": period,
        "state": state,
        "provisional": !state.is_kept(),
        "version": state.is_kept().then(|| book.close_count(period)),
        "close_id": book.close_id(period),
        "closed_at": closing.map(|one| one.at),
        "prepared_by": closing.map(|one| one.actor.clone()),
        "reviewed_by": closing.and_then(|one| one.approver.clone()),
        "forced": closing.is_some_and(|one| one.forced),
        "locked_at": locking.map(|one| one.at),
        "locked_by": locking.map(|one| one.actor.clone()),
        "reopened_at": reopening.map(|one| one.at),
        "reopen_reason": reopening.and_then(|one| one.reason.clone()),
        "tax_filed": book.is_tax_filed(period),
        "compared_at": compared_at,
        "recomputed": closing.is_some_and(|one| compared_at.is_some_and(|at| at > one.at)),
    }))
}

async fn show(context: &Context, period: Period, version: Option<u32>) -> Result<Exit, Failure> {
    let env = context.open(Access::Read).await?;
    let book = PeriodBook::read(&env, env.clock.now()).await?;
    let closes: Vec<&str> = book
        .moves(period)
        .iter()
        .filter(|one| one.from == PeriodState::Open)
        .filter_map(|one| one.close_id.as_deref())
        .collect();
    let wanted = match version {
        Some(version) => usize::try_from(version)
            .ok()
            .and_then(|version| version.checked_sub(1))
            .and_then(|at| closes.get(at)),
        None => closes.last(),
    };
    let never = || NeverClosed {
        period,
        version: version.map_or_else(String::new, |version| format!(" {version} times")),
    };
    let id = wanted.ok_or_else(never)?;
    let close = env.store.period_close(id).await?.ok_or_else(never)?;
    if context.json() {
        output::json(&close_json(&close))?;
    } else {
        print_close(&close, book.state(period))?;
    }
    Ok(Exit::Done)
}

fn close_json(close: &PeriodClose) -> Value {
    // What is no JSON is shown as it stands: it is what was kept.
    let parsed = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    let figures = parsed(&close.figures);
    let kpis: serde_json::Map<String, Value> = figures
        .as_object()
        .into_iter()
        .flatten()
        .map(|(scope, kept)| (scope.clone(), kept["kpi"].clone()))
        .collect();
    json!({
        "close_id": close.close_id,
        "period": close.period,
        "version": close.version,
        "closed_at": close.at,
        "as_of": close.as_of,
        "run_id": close.run_id,
        "rules_version": close.rules_version,
        "tolerance_version": close.tolerance_version,
        "rates_version": close.rates_version,
        "input_digest": close.input_digest,
        "digest": close.digest(),
        "checks": parsed(&close.checks),
        "inputs": parsed(&close.inputs),
        "figures": kpis,
        "items": parsed(&close.items),
    })
}

fn print_close(close: &PeriodClose, state: PeriodState) -> Result<(), Failure> {
    let shown = close_json(close);
    output::line(output::bold(&format!(
        "{} version {}, closed {}; the period is {state} now",
        close.period, close.version, close.at
    )))?;
    let count = |name: &str| shown[name].as_array().map_or(0, Vec::len);
    output::line(format!(
        "{} landed files, {} items; rules {}, tolerances {}, rates {}, inputs {}",
        count("inputs"),
        count("items"),
        short(&close.rules_version),
        short(&close.tolerance_version),
        short(&close.rates_version),
        short(&close.input_digest),
    ))?;
    let mut table = Table::new(&["check", "holds", "what was found"]);
    for check in shown["checks"].as_array().into_iter().flatten() {
        table.row(vec![
            check["check"].as_str().unwrap_or_default().to_owned(),
            if check["holds"] == true { "yes" } else { "no" }.to_owned(),
            check["detail"].as_str().unwrap_or_default().to_owned(),
        ]);
    }
    output::line("")?;
    table.print("nothing was checked")
}

/// The start of a digest, as people compare it.
fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}
