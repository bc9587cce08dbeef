//! `crossfoot daemon`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::context::Context;
use crate::env::Env;
use crate::fault::{Exit, Failure};
use crate::ops::{OpsHandle, StoreProbe, serve};
use crate::scheduler::jobs::{deliver_mails, resume_source, run_job};
use crate::scheduler::{
    DaemonOptions, JobEnd, JobRunner, Periodic, RunTicket, Tempo, daemon, resumed_source,
};
use crate::store::{Access, RunState, RunStore};

/// How long a job may finish its page after it was asked to stop.
const DRAIN: Duration = Duration::from_mins(1);

#[derive(Debug, Args)]
#[command(
    after_help = "Runs in the foreground and logs to standard error; systemd starts it with \
                        the unit in systemd/crossfoot.service. SIGTERM lets the work under way \
                        reach its next safe point."
)]
pub(super) struct DaemonArguments {}

/// Runs configured jobs for the scheduler.
struct ConfiguredJobs {
    env: Env,
}

#[async_trait]
impl JobRunner for ConfiguredJobs {
    async fn run(&self, job: &str, ticket: &RunTicket, cancel: CancellationToken) -> JobEnd {
        let run_id = ticket.run_id.as_str();
        let ran = match resumed_source(job) {
            Some(source) => resume_source(&self.env, source, run_id, &cancel).await,
            None => run_job(&self.env, job, run_id, &cancel).await,
        };
        match ran {
            Ok(summary) => {
                let error = summary.given_up();
                let state = match (&error, summary.is_incomplete()) {
                    (Some(_), _) => RunState::Failed,
                    (None, true) => RunState::Incomplete,
                    (None, false) => RunState::Done,
                };
                JobEnd {
                    state,
                    summary: serde_json::to_string(&summary).ok(),
                    error,
                }
            }
            Err(failure) => {
                tracing::error!(job.name = job, error.code = failure.code(), "{failure}");
                JobEnd {
                    state: RunState::Failed,
                    summary: None,
                    error: Some(failure.line()),
                }
            }
        }
    }
}

pub(super) async fn run(context: &Context, _: &DaemonArguments) -> Result<Exit, Failure> {
    let config = context.config()?;
    context.begin_full_log(Some(&config));
    let env = context
        .open_with(config, Access::Write, context.clock.clone())
        .await?;
    let probe = StoreProbe(Arc::clone(&env.store));
    let ops = OpsHandle::new(Arc::new(probe));
    let cancel = CancellationToken::new();
    let server = serve(env.config.ops.listen, ops.clone(), cancel.child_token()).await?;
    tracing::info!("the operations endpoint listens on {}", server.address);
    let postman = env.clone();
    let deliver_mail: Periodic = Arc::new(move |_| {
        let env = postman.clone();
        Box::pin(async move { deliver_mails(&env).await.map(drop) })
    });
    let store: Arc<dyn RunStore> = Arc::clone(&env.store) as Arc<dyn RunStore>;
    let ended = daemon(DaemonOptions {
        store,
        clock: env.clock.clone(),
        jobs: env.config.job.clone(),
        default_zone: env.config.zone(None),
        owner: env.owner.clone(),
        runner: Arc::new(ConfiguredJobs { env }),
        observer: Arc::new(ops),
        cancel: cancel.clone(),
        drain: DRAIN,
        deliver_mail: Some(deliver_mail),
        tempo: Tempo::default(),
    })
    .await;
    cancel.cancel();
    ended?;
    Ok(Exit::Done)
}
