//! `crossfoot reconcile`.

use std::path::PathBuf;

use clap::Args;

use super::context::Context;
use super::groups::print_groups;
use super::output::{self, Table};
use super::replay::print_replays;
use super::rules::list_rules;
use crate::fault::{Exit, Failure};
use crate::period::Period;
use crate::scheduler::jobs::{
    PeriodSummary, open_periods, reconcile_periods, replay_rules, with_run,
};
use crate::store::{Access, RunState};

/// From so many differences of a period on, they are told by what they have in common.
const GROUPED_FROM: u64 = 20;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  crossfoot reconcile\n  crossfoot reconcile --period 2026-10\n  \
                  crossfoot reconcile --rule rules/deals_vs_list_price.toml\n  crossfoot reconcile \
                  --list\n  crossfoot reconcile --dry-run --rules wider.toml --period 2026-10\n\n\
                  A dry run compares the periods that are there by the rules in force and by those \
                  of the file, and prints what would be gained, lost and changed; nothing is \
                  written. The file is a rule file, or has [tolerance], [reconcile], [identity] or \
                  [source.x] tables that are put over the configuration."
)]
pub(super) struct ReconcileArguments {
    /// The period; the open ones by default
    #[arg(long, value_name = "YYYY-MM")]
    period: Option<Period>,
    /// The rule: a name, or the path of a rule file; without it, the billing rule and `[reconcile] rules`
    #[arg(long)]
    rule: Option<String>,
    /// List the rules: what they compare, and whether every reconcile does
    #[arg(long, conflicts_with_all = ["period", "rule", "dry_run"])]
    list: bool,
    /// Only say what the rules of --rules would find that those in force do not
    #[arg(long, requires = "rules")]
    dry_run: bool,
    /// The changed rules of a dry run: a rule file, or settings to put over the configuration
    #[arg(long, value_name = "FILE", requires = "dry_run")]
    rules: Option<PathBuf>,
}

pub(super) async fn run(
    context: &Context,
    arguments: &ReconcileArguments,
) -> Result<Exit, Failure> {
    if arguments.list {
        return list_rules(context).await;
    }
    if let Some(file) = &arguments.rules {
        return dry_run(context, arguments, file).await;
    }
    let env = context.open(Access::Write).await?;
    let periods = match arguments.period {
        Some(period) => vec![period],
        None => open_periods(&env).await?,
    };
    let rule = arguments.rule.as_deref();
    let summaries = with_run(&env, "cli:reconcile", None, async |run_id: String| {
        let summaries = reconcile_periods(&env, &run_id, &periods, rule).await?;
        let complete = !summaries.iter().any(PeriodSummary::is_incomplete);
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
    if summaries.iter().any(|one| one.error.is_some()) {
        return Ok(Exit::Failed);
    }
    let complete = !summaries.iter().any(PeriodSummary::is_incomplete);
    Ok(if complete {
        Exit::Done
    } else {
        Exit::Incomplete
    })
}

async fn dry_run(
    context: &Context,
    arguments: &ReconcileArguments,
    file: &std::path::Path,
) -> Result<Exit, Failure> {
    let env = context.open(Access::Read).await?;
    let rule = arguments.rule.as_deref();
    let replays = replay_rules(&env, file, rule, arguments.period).await?;
    if context.json() {
        output::json(&replays)?;
    } else {
        print_replays(&replays)?;
    }
    Ok(Exit::Done)
}

/// The periods as a table, what many differences have in common, and what nothing can be said of on
/// standard error.
pub(super) fn print_periods(summaries: &[PeriodSummary]) -> Result<(), Failure> {
    let mut table = Table::new(&[
        "period",
        "rule",
        ">units",
        ">discrepant",
        ">within",
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
            one.within_tolerance.to_string(),
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
    for one in summaries {
        if one.discrepant >= GROUPED_FROM {
            output::line("")?;
            output::line(output::bold(&format!(
                "{} {}: {} of {} units differ",
                one.period, one.rule, one.discrepant, one.units
            )))?;
            print_groups(&one.groups)?;
        }
        if let Some(cause) = &one.likely_cause {
            output::line(format!(
                "likely cause ({} {}): {}",
                one.period,
                one.rule,
                output::without_controls(cause)
            ))?;
        }
        if let Some(error) = &one.error {
            output::error_line(&format!(
                "not compared: rule `{}` in {}: {error}",
                one.rule, one.period
            ));
        }
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
