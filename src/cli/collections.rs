//! `crossfoot collections`.

use clap::Subcommand;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::context::Context;
use super::discrepancies::golden_id;
use super::output::{self, Table};
use crate::fault::{Exit, Failure};
use crate::money::money_text;
use crate::period::Period;
use crate::scheduler::jobs::{evaluate_collections, standing_kpi, with_run};
use crate::store::{Access, Case, RunState};

#[derive(Debug, Subcommand)]
pub(super) enum CollectionsVerb {
    /// The cases of overdue invoices and their stages
    List {
        /// Only this account: a golden id or source:id
        #[arg(long)]
        account: Option<String>,
        /// The ended cases too
        #[arg(long)]
        all: bool,
    },
    /// Open amounts by days past due
    #[command(
        after_help = "Examples:\n  crossfoot collections aging\n  crossfoot collections aging \
                      --as-of 2026-09-30T23:59:59Z --json"
    )]
    Aging {
        /// As it was known at this instant [default: now]
        #[arg(long, value_name = "RFC3339")]
        as_of: Option<Timestamp>,
    },
    /// Evaluate every overdue invoice for the present day
    Run,
}

pub(super) async fn run(context: &Context, verb: &CollectionsVerb) -> Result<Exit, Failure> {
    match verb {
        CollectionsVerb::List { account, all } => list(context, account.as_deref(), *all).await,
        CollectionsVerb::Aging { as_of } => aging(context, *as_of).await,
        CollectionsVerb::Run => evaluate(context).await,
    }
}

async fn list(context: &Context, account: Option<&str>, all: bool) -> Result<Exit, Failure> {
    let env = context.open(Access::Read).await?;
    let account = match account {
        Some(text) => Some(golden_id(&env, text).await?),
        None => None,
    };
    let cases = env.store.cases(account.as_deref()).await?;
    let shown = cases.iter().filter(|case| all || case.state != "paid");
    if context.json() {
        let rows: Vec<Value> = shown.map(case_json).collect();
        output::json(&rows)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&[
        "invoice",
        "account",
        "state",
        ">level",
        ">days past due",
        ">open",
        "currency",
        "action",
        "why held",
    ]);
    for case in shown {
        table.row(vec![
            case.number.clone(),
            case.account.clone(),
            case.state.clone(),
            case.level.to_string(),
            case.days_past_due.to_string(),
            money_text(case.open, case.currency),
            case.currency.to_string(),
            case.action.clone(),
            case.hold_reason.clone().unwrap_or_default(),
        ]);
    }
    table.print("no invoice is overdue")?;
    Ok(Exit::Done)
}

/// A case as machines read it. No letter goes out in this version, and nothing can be disputed or
/// promised, so these figures are nothing as yet.
fn case_json(case: &Case) -> Value {
    let amount = |amount: Decimal| money_text(amount, case.currency);
    json!({
        "account": case.account,
        "invoice": case.invoice,
        "state": case.state,
        "level": case.level,
        "escalate": false,
        "dpd": case.days_past_due,
        "currency": case.currency,
        "open": amount(case.open),
        "disputed": amount(Decimal::ZERO),
        "promised": amount(Decimal::ZERO),
        "eligible": amount(case.eligible),
        "last_level": 0,
        "last_sent_on": null,
        "letters": [],
        "action": case.action,
        "hold_reason": case.hold_reason,
    })
}

async fn aging(context: &Context, as_of: Option<Timestamp>) -> Result<Exit, Failure> {
    let env = context.open(Access::Read).await?;
    let as_of = as_of.unwrap_or_else(|| env.clock.now());
    let period = Period::at(as_of, &env.config.zone(None));
    // What is owed on a day is no figure of a period, so it stands whether one is closed or not.
    let kpi = standing_kpi(&env, period.into(), as_of, None).await?;
    let owed = &kpi.receivables;
    if context.json() {
        output::json(&json!({
            "as_of": kpi.as_of,
            "taken_on": owed.taken_on,
            "currency": kpi.currency,
            "banner": kpi.banner,
            "open_invoices": owed.open_invoices,
            "gross": owed.gross,
            "credits": owed.credits,
            "net": owed.net,
            "aging": owed.aging,
        }))?;
        return Ok(Exit::Done);
    }
    output::line(&kpi.banner.text)?;
    let Some(aging) = &owed.aging else {
        output::line("the open amounts are withheld")?;
        return Ok(Exit::Done);
    };
    let mut table = Table::new(&["days past due", ">open", "currency"]);
    let buckets = [
        ("current", aging.current),
        ("1-30", aging.month),
        ("31-60", aging.two_months),
        ("61-90", aging.quarter),
        ("91+", aging.older),
    ];
    for (name, amount) in buckets {
        table.row(vec![
            name.into(),
            money_text(amount, kpi.currency),
            kpi.currency.to_string(),
        ]);
    }
    table.print("")?;
    Ok(Exit::Done)
}

async fn evaluate(context: &Context) -> Result<Exit, Failure> {
    let env = context.open(Access::Write).await?;
    let summary = with_run(&env, "cli:collections", None, async |run_id: String| {
        let summary = evaluate_collections(&env, &run_id).await?;
        let held = summary.hold_reason.is_some();
        Ok((
            summary,
            if held {
                RunState::Incomplete
            } else {
                RunState::Done
            },
        ))
    })
    .await?;
    if context.json() {
        output::json(&summary)?;
    } else {
        output::line(summary.sentence())?;
    }
    Ok(Exit::Done)
}
