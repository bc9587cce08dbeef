//! `crossfoot kpi`.

use clap::Args;
use jiff::Timestamp;

use super::context::Context;
use super::discrepancies::figure;
use super::output::{self, Table};
use crate::fault::{Exit, Failure};
use crate::period::PeriodSpan;
use crate::report::kpi::Kpi;
use crate::scheduler::jobs::compute_kpi;
use crate::store::Access;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  crossfoot kpi --period 2026-10\n  crossfoot kpi --period \
                        2026-Q3 --as-of 2026-10-15T00:00:00Z --json"
)]
pub(super) struct KpiArguments {
    /// YYYY-MM, YYYY-Qn or YYYY
    #[arg(long)]
    period: PeriodSpan,
    /// What was known at this instant [default: now]
    #[arg(long, value_name = "RFC3339")]
    as_of: Option<Timestamp>,
    /// Only this branch
    #[arg(long)]
    branch: Option<String>,
}

pub(super) async fn run(context: &Context, arguments: &KpiArguments) -> Result<Exit, Failure> {
    let env = context.open(Access::Read).await?;
    let as_of = arguments.as_of.unwrap_or_else(|| env.clock.now());
    let kpi = compute_kpi(&env, arguments.period, as_of, arguments.branch.as_deref()).await?;
    if context.json() {
        output::json(&kpi)?;
    } else {
        print_kpi(&kpi)?;
    }
    Ok(Exit::Done)
}

fn print_kpi(kpi: &Kpi) -> Result<(), Failure> {
    output::line(output::bold(&format!(
        "{} as of {}{}",
        kpi.period,
        kpi.as_of,
        if kpi.provisional {
            " (provisional)"
        } else {
            ""
        }
    )))?;
    output::line(&kpi.banner.text)?;
    let mut table = Table::new(&["figure", ">value", "of"]);
    let mut add = |name: &str, value: String, of: &str| {
        table.row(vec![name.to_owned(), value, of.to_owned()]);
    };
    let found = &kpi.discrepancy;
    add("units compared", found.units.to_string(), "N");
    add("discrepant units", found.discrepant.to_string(), "X");
    add("count rate", figure(found.count_rate), "X / N");
    add(
        "value rate",
        figure(found.value_rate),
        "sum_X |A-E| / sum_N max(|E|,|A|)",
    );
    add(
        "gross",
        figure(found.gross),
        &format!("sum |A-E|, {}", kpi.currency),
    );
    add("leakage", figure(found.leakage), "sum max(0, E-A)");
    add("overbilling", figure(found.overbilling), "sum max(0, A-E)");
    add("net", figure(found.net), "sum A-E");
    add(
        "timing",
        found.timing.to_string(),
        "not due yet, not counted",
    );
    add(
        "unknown",
        found.unknown.to_string(),
        "a source could not say, not counted",
    );
    add(
        "within tolerance",
        found.within_tolerance.to_string(),
        "counted as matched",
    );
    let resolution = &kpi.resolution;
    add(
        "items resolved",
        resolution.n.to_string(),
        "verified, resolved in the period",
    );
    add(
        "median days",
        figure(resolution.median_days),
        "opened to last resolved",
    );
    add("open items", resolution.open.n.to_string(), "now");
    add(
        "median age of open",
        figure(resolution.open.median_age_days),
        "days",
    );
    let owed = &kpi.receivables;
    add("receivables", figure(owed.gross), "open invoices");
    add(
        "net receivables",
        figure(owed.net),
        "less credits and unapplied cash",
    );
    add("DSO", figure(owed.dso), "net / sales x days");
    add("DSO countback", figure(owed.dso_countback), "days");
    add(
        "best possible DSO",
        figure(owed.bpdso),
        "current / sales x days",
    );
    add("ADD", figure(owed.add), "DSO - best possible DSO");
    add("CEI", figure(owed.cei), "fraction");
    table.print("")
}
