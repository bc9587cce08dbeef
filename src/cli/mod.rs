//! The command line: one file per verb. A verb opens what it needs, asks a job or the store, and
//! says what came of it: answers on standard output, logs and progress on standard error.

mod accounts;
mod answer;
mod audit;
mod backfill;
mod cash;
mod check;
mod collections;
mod config;
mod context;
mod corrections;
mod daemon;
mod demo;
mod discrepancies;
mod explain;
mod groups;
mod init;
mod item;
mod item_filter;
mod kpi;
mod landing;
mod output;
mod periods;
mod progress;
mod reconcile;
mod recurrence;
mod replay;
mod report;
mod rules;
mod run;
mod schedule;
mod show_item;
mod status;
mod store;
mod sync;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, Parser, Subcommand};
use jiff::Timestamp;

use crate::fault::{Exit, Failure};
use context::Context;

/// Compares what was sold, used, billed and paid; keeps every discrepancy until it is proven fixed.
#[derive(Debug, Parser)]
#[command(name = "crossfoot", version, about, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 finished but \
                        some source was failed, partial or stale, 4 a --fail-on threshold was \
                        crossed, 75 another process holds the store.\n\nStart with `crossfoot \
                        demo`, then `crossfoot init`."
)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

/// What every verb takes, before or after its name.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Global {
    /// The configuration file [default: crossfoot.toml, then /etc/crossfoot/crossfoot.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The present instant, for a replay or a test, as 2026-11-21T01:30:00Z
    #[arg(long, global = true, value_name = "RFC3339", env = "CROSSFOOT_NOW")]
    now: Option<Timestamp>,
    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
    /// Only errors in the log
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// More in the log; twice for everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The main job, self-contained: three nights over a CRM and a billing API with known discrepancies
    Demo(demo::DemoArguments),
    /// Write a starter configuration
    Init(init::InitArguments),
    /// Parse and validate the configuration, and probe every source, the store, the landing and the mail server
    Check(check::CheckArguments),
    /// Run the schedule until told to stop
    Daemon(daemon::DaemonArguments),
    /// Run one job now
    Run(run::RunArguments),
    /// Pull sources into the landing
    Sync(sync::SyncArguments),
    /// Compare the open periods, or one
    Reconcile(reconcile::ReconcileArguments),
    /// Recompute a range of past periods; a second call goes on where a killed one stopped
    Backfill(backfill::BackfillArguments),
    /// Make a report: show it in files, or send it
    Report(report::ReportArguments),
    /// Sources and their freshness, last runs, open items, the outbox
    Status,
    /// The next fires of every job, in its zone
    Schedule(schedule::ScheduleArguments),
    /// The figures of a period
    Kpi(kpi::KpiArguments),
    /// List, show and work the discrepancies
    #[command(subcommand)]
    Discrepancies(discrepancies::DiscrepanciesVerb),
    /// What would put the discrepancies right, for people to do
    #[command(subcommand)]
    Corrections(corrections::CorrectionsVerb),
    /// Customers, and which records of which systems they are
    #[command(subcommand)]
    Accounts(accounts::AccountsVerb),
    /// Which payment settled which invoice, and why
    #[command(subcommand)]
    Cash(cash::CashVerb),
    /// Overdue invoices and their stages
    #[command(subcommand)]
    Collections(collections::CollectionsVerb),
    /// Where each period stands: close, lock and reopen it
    #[command(subcommand)]
    Periods(periods::PeriodsVerb),
    /// The Parquet files: list, verify, clean up, query
    #[command(subcommand)]
    Landing(landing::LandingVerb),
    /// The audit trail
    #[command(subcommand)]
    Audit(audit::AuditVerb),
    /// The store: migrate, back up
    #[command(subcommand)]
    Store(store::StoreVerb),
    /// The configuration: its JSON Schema, and what is in force
    #[command(subcommand)]
    Config(config::ConfigVerb),
    /// What a discrepancy kind means
    Explain(explain::ExplainArguments),
}

/// Runs the command line of this process to its exit code.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let shown = error.print();
            let code = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            };
            return ExitCode::from(if shown.is_err() {
                Exit::Failed.code()
            } else {
                code.code()
            });
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("crossfoot")
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            output::error_line(&format!("error: the runtime could not start: {error}"));
            return ExitCode::from(Exit::Failed.code());
        }
    };
    let context = Context::new(arguments.global);
    let ended = runtime.block_on(async {
        let ended = Box::pin(dispatch(&context, arguments.verb)).await;
        context.close().await;
        ended
    });
    let exit = match ended {
        Ok(exit) => exit,
        Err(failure) => {
            if !output::is_closed_pipe(&failure) {
                output::error_line(failure.report().trim_end());
            }
            failure.exit()
        }
    };
    ExitCode::from(exit.code())
}

async fn dispatch(context: &Context, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Demo(arguments) => Box::pin(demo::run(context, arguments)).await,
        Verb::Init(arguments) => init::run(context, &arguments),
        Verb::Check(arguments) => check::run(context, &arguments).await,
        Verb::Daemon(arguments) => daemon::run(context, &arguments).await,
        Verb::Run(arguments) => run::run(context, &arguments).await,
        Verb::Sync(arguments) => sync::run(context, &arguments).await,
        Verb::Reconcile(arguments) => reconcile::run(context, &arguments).await,
        Verb::Backfill(arguments) => backfill::run(context, &arguments).await,
        Verb::Report(arguments) => report::run(context, &arguments).await,
        Verb::Status => status::run(context).await,
        Verb::Schedule(arguments) => schedule::run(context, &arguments).await,
        Verb::Kpi(arguments) => kpi::run(context, &arguments).await,
        Verb::Discrepancies(verb) => Box::pin(discrepancies::run(context, verb)).await,
        Verb::Corrections(verb) => corrections::run(context, verb).await,
        Verb::Accounts(verb) => accounts::run(context, &verb).await,
        Verb::Cash(verb) => Box::pin(cash::run(context, &verb)).await,
        Verb::Collections(verb) => collections::run(context, &verb).await,
        Verb::Periods(verb) => periods::run(context, verb).await,
        Verb::Landing(verb) => landing::run(context, &verb).await,
        Verb::Audit(verb) => audit::run(context, &verb).await,
        Verb::Store(verb) => store::run(context, &verb).await,
        Verb::Config(verb) => config::run(context, &verb),
        Verb::Explain(arguments) => explain::run(context, &arguments).await,
    }
}
