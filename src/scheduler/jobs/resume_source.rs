//! Pulling a source again once its vendor lets itself be asked.

use tokio_util::sync::CancellationToken;

use super::run_job::{JobSummary, unless_stopped};
use super::sync_sources::sync_sources;
use crate::env::Env;
use crate::fault::Failure;

/// Pulls one source, within a run that has begun. What it brings is compared by the next job.
pub async fn resume_source(
    env: &Env,
    source: &str,
    run_id: &str,
    cancel: &CancellationToken,
) -> Result<JobSummary, Failure> {
    let mut summary = JobSummary::default();
    if !env.config.source.contains_key(source) {
        // It was taken out of the configuration meanwhile.
        env.store.unpark_source(source).await?;
        return Ok(summary);
    }
    let names = [source.to_owned()];
    let pulling = sync_sources(env, run_id, &names, None, false);
    summary.sync = unless_stopped(cancel, "sync", pulling).await?;
    Ok(summary)
}
