//! `crossfoot reconcile`.

use clap::Args;

use super::context::Context;
use super::output::{self, Table};
use crate::fault::{Exit, Failure};
use crate::period::Period;
use crate::scheduler::jobs::{PeriodSummary, open_periods, reconcile_periods, with_run};
use crate::store::{Access, RunState};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  crossfoot reconcile\n  crossfoot reconcile --period 2026-10\n  \
                        crossfoot reconcile --rule rules/deals_vs_list_price.toml"
)]
pub(super) struct ReconcileArguments {
    /// The period; the open ones by default
    #[arg(long, value_name = "YYYY-MM")]
    period: Option<Period>,
    /// The rule: a name, or the path of a rule file
    #[arg(long)]
    rule: Option<String>,
}

pub(super) async fn run(
    context: &Context,
    arguments: &ReconcileArguments,
) -> Result<Exit, Failure> {
    let env = context.open(Access::Write).await?;
    let periods = match arguments.period {
        Some(period) => vec![period],
        None => open_periods(&env).await?,
    };
    let rule = arguments.rule.as_deref();
    let summaries = with_run(&env, "cli:reconcile", None, async |run_id: String| {
        let summaries = reconcile_periods(&env, &run_id, &periods, rule).await?;
        let complete = summaries
            .iter()
            .all(|period| period.blind_sources.is_empty());
        Ok((
            summaries,
            if complete {
                RunState::Done
            } else {
                RunState::Incomplete
            },
        ))
    })
    .await?;
    if context.json() {
        output::json(&summaries)?;
    } else {
        print_periods(&summaries)?;
    }
    let complete = summaries
        .iter()
        .all(|period| period.blind_sources.is_empty());
    Ok(if complete {
        Exit::Done
    } else {
        Exit::Incomplete
    })
}

/// The periods as a table, and what nothing can be said of on standard error.
pub(super) fn print_periods(summaries: &[PeriodSummary]) -> Result<(), Failure> {
    let mut table = Table::new(&[
        "period",
        "rule",
        ">units",
        ">discrepant",
        ">timing",
        ">unknown",
        ">opened",
        ">reopened",
        ">cleared",
        ">verified",
    ]);
    for one in summaries {
        table.row(vec![
            one.period.to_string(),
            one.rule.clone(),
            one.units.to_string(),
            one.discrepant.to_string(),
            one.timing.to_string(),
            one.unknown.to_string(),
            one.opened.to_string(),
            one.reopened.to_string(),
            one.self_cleared.to_string(),
            one.verified.to_string(),
        ]);
    }
    table.print("there is no period to compare")?;
    for one in summaries.iter().filter(|one| one.period_state.is_kept()) {
        output::error_line(&format!(
            "{} is {}: its figures stay as they were reported, and what was found now is an \
             adjustment; `crossfoot kpi --period {}` tells both",
            one.period, one.period_state, one.period
        ));
    }
    let mut told: Vec<&(String, String)> = Vec::new();
    for blind in summaries.iter().flat_map(|one| &one.blind_sources) {
        if !told.contains(&blind) {
            told.push(blind);
            output::error_line(&format!(
                "incomplete: what `{}` could decide is UNKNOWN: {}",
                blind.0, blind.1
            ));
        }
    }
    Ok(())
}
