//! Merges the many small files that nights leave, one partition at a time: the new file is written
//! and proven, then the store takes it in place of the old ones in one transaction. Whatever happens
//! in between, each row counts once.

use serde::Serialize;

use super::open_landing::open_landing;
use super::tend_landing::every_file;
use crate::crashpoint::crashpoint;
use crate::env::Env;
use crate::fault::Failure;
use crate::landing::{CompactScope, LandedFile, Landing};
use crate::store::FileReplacement;

/// What a compaction came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CompactSummary {
    /// Files that were merged, or would be.
    pub files_before: u64,
    /// Files that hold the same rows now.
    pub files_after: u64,
    /// Rows in them, the same before and after.
    pub rows: u64,
    /// Bytes before.
    pub bytes_before: u64,
    /// Bytes now.
    pub bytes_after: u64,
    /// Partitions that somebody else was merging too, and which were left to them.
    pub left_to_others: u64,
    /// A digest of the new files.
    pub digest: String,
}

/// Merges what a scope takes. With `dry_run` nothing is written, and the summary says what would be
/// merged.
pub async fn compact_landing(
    env: &Env,
    scope: &CompactScope,
    dry_run: bool,
) -> Result<CompactSummary, Failure> {
    let landing = open_landing(env)?;
    let groups = landing.plan_compaction(&every_file(env).await?, scope);
    let mut summary = CompactSummary::default();
    let mut hasher = blake3::Hasher::new();
    env.progress
        .begin("merging files", u64::try_from(groups.len()).ok());
    for group in groups {
        if let Some(first) = group.first() {
            env.progress.advance(
                0,
                &format!("{} {} {}", first.source, first.entity, first.period),
            );
        }
        summary.files_before += group.len() as u64;
        summary.bytes_before += bytes_of(&group);
        summary.rows += rows_of(&group);
        if !dry_run {
            match merge(env, &landing, &group).await? {
                Some(merged) => {
                    summary.files_after += merged.len() as u64;
                    summary.bytes_after += bytes_of(&merged);
                    for file in &merged {
                        hasher.update(file.digest.as_bytes());
                    }
                }
                None => summary.left_to_others += 1,
            }
        }
        env.progress.advance(1, "");
    }
    env.progress.end();
    if summary.files_after > 0 {
        summary.digest = hasher.finalize().to_hex().to_string();
        tracing::info!(
            before.count = summary.files_before,
            after.count = summary.files_after,
            row.count = summary.rows,
            "merged {} files of the landing into {}",
            summary.files_before,
            summary.files_after,
        );
    }
    Ok(summary)
}

/// Merges a group; `None` where somebody else replaced one of its files meanwhile.
async fn merge(
    env: &Env,
    landing: &Landing,
    group: &[LandedFile],
) -> Result<Option<Vec<LandedFile>>, Failure> {
    let id = env.new_id();
    let merged = tokio::task::block_in_place(|| landing.merge(group, &id))?;
    let replacement = FileReplacement {
        retired: group.to_vec(),
        added: merged.clone(),
        reason: "compacted",
        ..FileReplacement::default()
    };
    crashpoint!("jobs.before_replacement");
    let replaced = env.store.replace_files(&replacement, env.clock.now()).await;
    crashpoint!("jobs.after_replacement");
    match replaced {
        Ok(true) => Ok(Some(merged)),
        Ok(false) => {
            landing.discard(&merged);
            Ok(None)
        }
        // Whether the store has it is unknown: an orphan is harmless, a missing file is not.
        Err(failure) => Err(failure),
    }
}

fn bytes_of(files: &[LandedFile]) -> u64 {
    files.iter().map(|file| file.size_bytes).sum()
}

fn rows_of(files: &[LandedFile]) -> u64 {
    files.iter().map(|file| file.totals.rows).sum()
}
