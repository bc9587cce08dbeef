//! `crossfoot sync`.

use clap::Args;

use super::context::Context;
use super::output::{self, Table};
use crate::fault::{Exit, Failure};
use crate::scheduler::jobs::{SyncSummary, sync_sources, tend_landing, with_run};
use crate::store::{Access, RunState};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  crossfoot sync\n  crossfoot sync crm billing\n  crossfoot sync \
                        billing --stream invoices --full"
)]
pub(super) struct SyncArguments {
    /// The sources to pull; all by default
    sources: Vec<String>,
    /// Only this stream or entity
    #[arg(long)]
    stream: Option<String>,
    /// Read everything, not only what changed
    #[arg(long)]
    full: bool,
}

pub(super) async fn run(context: &Context, arguments: &SyncArguments) -> Result<Exit, Failure> {
    let env = context.open(Access::Write).await?;
    let stream = arguments.stream.as_deref();
    let pulls = with_run(&env, "cli:sync", None, async |run_id: String| {
        let pulls = sync_sources(&env, &run_id, &arguments.sources, stream, arguments.full).await?;
        let complete = pulls.iter().all(|pull| pull.state == "ok");
        let state = if complete {
            RunState::Done
        } else {
            RunState::Incomplete
        };
        // What was pulled is landed, whatever becomes of the files it is in.
        if let Err(failure) = tend_landing(&env).await {
            output::error_line(&format!(
                "warning: the landing was not put in order\n{}",
                failure.report()
            ));
        }
        Ok((pulls, state))
    })
    .await?;
    if context.json() {
        output::json(&pulls)?;
    } else {
        print_pulls(&pulls)?;
    }
    let complete = pulls.iter().all(|pull| pull.state == "ok");
    Ok(if complete {
        Exit::Done
    } else {
        Exit::Incomplete
    })
}

/// The pulls as a table, and every error in its full form on standard error.
pub(super) fn print_pulls(pulls: &[SyncSummary]) -> Result<(), Failure> {
    let mut table = Table::new(&[
        "source",
        "stream",
        "state",
        ">rows",
        ">new",
        ">unchanged",
        ">deleted",
        ">quarantined",
        "sealed",
    ]);
    for pull in pulls {
        table.row(vec![
            pull.source.clone(),
            pull.stream.clone(),
            pull.state.to_owned(),
            pull.rows.to_string(),
            pull.landed.to_string(),
            pull.unchanged.to_string(),
            pull.deleted.to_string(),
            pull.rejected.to_string(),
            if pull.sealed { "yes" } else { "no" }.to_owned(),
        ]);
    }
    table.print("no source is configured")?;
    for pull in pulls {
        for warning in &pull.warnings {
            output::error_line(&format!(
                "warning: {} {}: {warning}",
                pull.source, pull.stream
            ));
        }
        if let Some(error) = &pull.error {
            output::error_line(error.trim_end());
        } else if let Some(reason) = &pull.reason {
            output::error_line(&format!(
                "partial: {} {}: {reason}",
                pull.source, pull.stream
            ));
        }
    }
    if pulls.iter().any(|pull| pull.rejected > 0) {
        output::error_line("hint: `crossfoot landing list --quarantine` shows each row and why");
    }
    Ok(())
}
