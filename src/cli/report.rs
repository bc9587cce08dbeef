//! `crossfoot report`.

use std::path::PathBuf;

use clap::Args;

use super::context::Context;
use super::output;
use crate::fault::{Exit, Failure};
use crate::period::{Period, PeriodSpan};
use crate::scheduler::jobs::{deliver_mails, send_report, with_run, write_report};
use crate::store::{Access, RunState};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  crossfoot report discrepancy-rate --period 2026-10 --out \
                        preview\n  crossfoot report collection-status --send"
)]
pub(super) struct ReportArguments {
    /// The report's name in the configuration, or a kind: discrepancy-rate, resolution-time,
    /// collection-status
    name: String,
    /// YYYY-MM, YYYY-Qn or YYYY [default: the previous month]
    #[arg(long)]
    period: Option<PeriodSpan>,
    /// Send it to its recipients, each version once
    #[arg(long, conflicts_with = "out")]
    send: bool,
    /// Write .eml, .html, .txt, .xlsx and .png files to this folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

pub(super) async fn run(context: &Context, arguments: &ReportArguments) -> Result<Exit, Failure> {
    let access = if arguments.send {
        Access::Write
    } else {
        Access::Read
    };
    let env = context.open(access).await?;
    let span = arguments.period.unwrap_or_else(|| {
        Period::at(env.clock.now(), &env.config.zone(None))
            .previous()
            .into()
    });
    if !arguments.send {
        let (paths, incomplete) = write_report(&env, &arguments.name, span, &arguments.out).await?;
        if context.json() {
            output::json(&paths)?;
        } else {
            for path in &paths {
                output::line(path.display().to_string())?;
            }
        }
        return Ok(if incomplete {
            Exit::Incomplete
        } else {
            Exit::Done
        });
    }
    let (report, mails) = with_run(&env, "cli:report", None, async |run_id: String| {
        let report = send_report(&env, &run_id, &arguments.name, span).await?;
        let mails = deliver_mails(&env).await?;
        let state = if report.incomplete {
            RunState::Incomplete
        } else {
            RunState::Done
        };
        Ok(((report, mails), state))
    })
    .await?;
    if context.json() {
        output::json(&serde_json::json!({ "report": report, "mails": mails }))?;
    } else {
        output::line(report.sentence())?;
        output::line(format!(
            "mails: {} sent, {} waiting, {} given up",
            mails.sent, mails.waiting, mails.failed
        ))?;
        for reason in &mails.reasons {
            output::error_line(&format!("mail: {reason}"));
        }
    }
    Ok(
        if mails.failed > 0 || (mails.waiting > 0 && mails.sent == 0) {
            Exit::Failed
        } else if report.incomplete {
            Exit::Incomplete
        } else {
            Exit::Done
        },
    )
}
