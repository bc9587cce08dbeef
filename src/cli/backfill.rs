//! `crossfoot backfill`.

use clap::Args;

use super::context::Context;
use super::output::{self, Table};
use crate::fault::{Exit, Failure};
use crate::money::decimal_text;
use crate::period::Period;
use crate::scheduler::jobs::{BackfillRequest, backfill_periods, with_run};
use crate::store::{Access, RunState};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  crossfoot backfill --from 2025-01 --to 2025-12\n  crossfoot \
                        backfill --from 2025-01 --to 2025-03 --source billing --dry-run\n\nA call \
                        that was killed goes on where it stopped when it is made again."
)]
pub(super) struct BackfillArguments {
    /// The first period
    #[arg(long, value_name = "YYYY-MM")]
    from: Period,
    /// The last period
    #[arg(long, value_name = "YYYY-MM")]
    to: Period,
    /// Only pull these sources; all by default
    #[arg(long)]
    source: Vec<String>,
    /// Only say which periods would be recomputed
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(context: &Context, arguments: &BackfillArguments) -> Result<Exit, Failure> {
    let access = if arguments.dry_run {
        Access::Read
    } else {
        Access::Write
    };
    let env = context.open(access).await?;
    let request = BackfillRequest {
        first: arguments.from,
        last: arguments.to,
        sources: arguments.source.clone(),
    };
    request.check(&env)?;
    if arguments.dry_run {
        let periods: Vec<Period> = request.periods().collect();
        if context.json() {
            output::json(&periods)?;
        } else {
            output::line(format!("{} periods would be recomputed", periods.len()))?;
        }
        return Ok(Exit::Done);
    }
    let summary = with_run(&env, "cli:backfill", None, async |run_id: String| {
        let summary = backfill_periods(&env, &run_id, &request).await?;
        let state = if summary.incomplete {
            RunState::Incomplete
        } else {
            RunState::Done
        };
        Ok((summary, state))
    })
    .await?;
    if context.json() {
        output::json(&summary.periods)?;
    } else {
        let mut table = Table::new(&[
            "period",
            ">reported net",
            ">restated net",
            ">adjustments",
            ">gross",
            ">receivables",
            "state",
        ]);
        for one in &summary.periods {
            let shown = |value: &Option<rust_decimal::Decimal>| {
                value.map_or_else(|| "n/a".to_owned(), decimal_text)
            };
            table.row(vec![
                one.period.to_string(),
                shown(&one.reported.as_ref().and_then(|figures| figures.net)),
                shown(&one.restated.as_ref().and_then(|figures| figures.net)),
                one.adjustments.count.to_string(),
                shown(&one.adjustments.gross),
                shown(&one.receivables_gross),
                if one.resumed {
                    "done before"
                } else {
                    "computed"
                }
                .to_owned(),
            ]);
        }
        table.print("no period lies between --from and --to")?;
    }
    Ok(if summary.incomplete {
        Exit::Incomplete
    } else {
        Exit::Done
    })
}
