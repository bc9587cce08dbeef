//! Keeps the landing in order after the nights: many small files are merged, and bytes that do not
//! count any more are removed.

use std::time::Duration;

use serde::Serialize;

use super::compact_landing::{CompactSummary, compact_landing};
use super::open_landing::open_landing;
use super::retain_landing::{RetentionSummary, retain_landing};
use crate::crashpoint::crashpoint;
use crate::env::Env;
use crate::fault::Failure;
use crate::landing::{CompactScope, LandedFile};
use crate::store::{FileFilter, RetiredFile};

/// Bytes that do not count are left alone for this long: a pull may be about to commit them, or
/// somebody may still be reading them.
const GRACE: Duration = Duration::from_hours(24);

/// What the removal of bytes that do not count came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct GcSummary {
    /// Files that nobody committed, as absolute paths.
    pub orphans: Vec<String>,
    /// Files that others replaced, relative to the landing.
    pub replaced: Vec<String>,
    /// Replaced files that are not old enough yet.
    pub waiting: u64,
    /// The bytes of all that was removed.
    pub bytes: u64,
}

/// What was done to the landing at the end of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TendSummary {
    /// What was let go.
    pub retention: RetentionSummary,
    /// What was merged.
    pub compaction: CompactSummary,
    /// What was removed.
    pub gc: GcSummary,
}

/// Every committed file, the quarantine's too.
pub async fn every_file(env: &Env) -> Result<Vec<LandedFile>, Failure> {
    let mut files = env.store.files(&FileFilter::default()).await?;
    let quarantine = FileFilter {
        quarantine: true,
        ..FileFilter::default()
    };
    files.extend(env.store.files(&quarantine).await?);
    Ok(files)
}

/// Lets go what is old enough, merges what has become many, and removes what is of no use any more.
pub async fn tend_landing(env: &Env) -> Result<TendSummary, Failure> {
    let mut summary = TendSummary {
        retention: retain_landing(env, false).await?,
        ..TendSummary::default()
    };
    let at_least = usize::from(env.config.landing.compact_after);
    if at_least > 0 {
        let scope = CompactScope {
            at_least,
            in_tiers: true,
            ..CompactScope::default()
        };
        summary.compaction = compact_landing(env, &scope, false).await?;
    }
    summary.gc = collect_garbage(env, false).await?;
    Ok(summary)
}

/// Removes files that nobody committed and files that others replaced, when they are old enough.
pub async fn collect_garbage(env: &Env, dry_run: bool) -> Result<GcSummary, Failure> {
    let landing = open_landing(env)?;
    let now = env.clock.now();
    let files = every_file(env).await?;
    let retired = env.store.retired_files().await?;
    let known = files.iter().map(|file| file.path.as_str());
    let known = known.chain(retired.iter().map(|file| file.path.as_str()));
    let orphans = tokio::task::block_in_place(|| landing.orphans(known, now, GRACE))?;
    let is_old = |file: &&RetiredFile| {
        Duration::try_from(now.duration_since(file.retired_at)).is_ok_and(|age| age >= GRACE)
    };
    let (old, waiting): (Vec<&RetiredFile>, Vec<_>) = retired.iter().partition(is_old);
    let mut summary = GcSummary {
        replaced: old.iter().map(|file| file.path.clone()).collect(),
        waiting: waiting.len() as u64,
        bytes: old.iter().map(|file| file.size_bytes).sum(),
        ..GcSummary::default()
    };
    for orphan in &orphans {
        summary.bytes += std::fs::metadata(orphan).map_or(0, |metadata| metadata.len());
        summary.orphans.push(orphan.display().to_string());
    }
    if !dry_run {
        tokio::task::block_in_place(|| landing.remove_orphans(&orphans))?;
        landing.remove(&summary.replaced)?;
        crashpoint!("jobs.before_forgetting");
        env.store.forget_retired(&summary.replaced).await?;
    }
    Ok(summary)
}
