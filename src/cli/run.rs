//! `crossfoot run JOB`.

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::context::Context;
use super::{output, reconcile, sync};
use crate::fault::{Exit, Failure};
use crate::scheduler::jobs::{JobSummary, run_job, with_run};
use crate::store::{Access, RunState};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  crossfoot run nightly")]
pub(super) struct RunArguments {
    /// The job's name in the configuration
    job: String,
}

pub(super) async fn run(context: &Context, arguments: &RunArguments) -> Result<Exit, Failure> {
    let env = context.open(Access::Write).await?;
    let cancel = CancellationToken::new();
    let summary = with_run(&env, &arguments.job, None, async |run_id: String| {
        let summary = run_job(&env, &arguments.job, &run_id, &cancel).await?;
        let state = if summary.is_incomplete() {
            RunState::Incomplete
        } else {
            RunState::Done
        };
        Ok((summary, state))
    })
    .await?;
    if context.json() {
        output::json(&summary)?;
    } else {
        print_summary(&summary)?;
    }
    Ok(match summary.given_up() {
        Some(reason) => {
            output::error_line(&format!("given up: {reason}"));
            Exit::Failed
        }
        None if summary.is_incomplete() => Exit::Incomplete,
        None => Exit::Done,
    })
}

fn print_summary(summary: &JobSummary) -> Result<(), Failure> {
    if !summary.sync.is_empty() {
        sync::print_pulls(&summary.sync)?;
    }
    if !summary.reconcile.is_empty() {
        reconcile::print_periods(&summary.reconcile)?;
    }
    if let Some(collections) = &summary.collections {
        output::line(collections.sentence())?;
    }
    for report in &summary.reports {
        output::line(report.sentence())?;
    }
    if let Some(mails) = &summary.mails {
        output::line(format!(
            "mails: {} sent, {} waiting, {} given up",
            mails.sent, mails.waiting, mails.failed
        ))?;
        for reason in &mails.reasons {
            output::error_line(&format!("mail: {reason}"));
        }
    }
    Ok(())
}
