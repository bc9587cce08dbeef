//! Pulls sources into the landing: each stream is pulled, landed and committed on its own, so that
//! one that fails takes nothing with it.

use std::sync::Arc;

use futures::future::join_all;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;

use super::field_watch::{FieldNews, FieldWatch, VANISHED_CODE};
use super::ledger::ALL_STREAMS;
use super::open_landing::open_landing;
use super::open_source::open_source;
use super::parked::{note_parked, parked_until};
use super::sync_scope::SyncScopeError;
use crate::canonical::Entity;
use crate::config::nearest_name;
use crate::crashpoint::crashpoint;
use crate::env::Env;
use crate::fault::{Failure, Fault, Retry};
use crate::landing::{LandedPull, PullContext};
use crate::sources::{MappedPage, PullReport, PullRequest, Seal, Source, StreamInfo};
use crate::store::{FileFilter, Pull, PullState};

/// How many mapped pages may wait for the landing: enough to hide the writing, few enough to bound
/// the memory.
const PAGES_WAITING_MAX: usize = 4;

/// The cursor of a stream that must be read in full.
const NO_CURSOR: &str = "";

/// What the pull of one stream came to.
#[derive(Debug, Clone, Serialize)]
pub struct SyncSummary {
    /// The source's name.
    pub source: String,
    /// The stream's name.
    pub stream: String,
    /// `ok`, `partial` or `failed`.
    pub state: &'static str,
    /// Rows that came.
    pub rows: u64,
    /// Rows that were landed as new versions.
    pub landed: u64,
    /// Rows equal to what was landed before.
    pub unchanged: u64,
    /// Records that are gone.
    pub deleted: u64,
    /// Rows in the quarantine.
    pub rejected: u64,
    /// Whether the window is proven complete.
    pub sealed: bool,
    /// Why it is not `ok`.
    pub reason: Option<String>,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// Until when the vendor lets nothing more be asked, where that is why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parked_until: Option<Timestamp>,
    /// The error in full, where one ended the pull.
    #[serde(skip)]
    pub error: Option<String>,
}

/// Pulls the named sources, or all when none is named, side by side. Never fails because a source
/// does: that is what the summaries say. Fails when the store or the landing does.
pub async fn sync_sources(
    env: &Env,
    run_id: &str,
    names: &[String],
    stream: Option<&str>,
    full: bool,
) -> Result<Vec<SyncSummary>, Failure> {
    for name in names {
        if !env.config.source.contains_key(name) {
            let near = nearest_name(name, env.config.source.keys().map(String::as_str));
            return Err(SyncScopeError::NoSource {
                name: name.clone(),
                near,
            }
            .into());
        }
    }
    let wanted: Vec<&String> = env
        .config
        .source
        .keys()
        .filter(|name| names.is_empty() || names.contains(name))
        .collect();
    env.progress.begin("pulling", None);
    let pulls = wanted
        .iter()
        .map(|name| sync_source(env, run_id, name, stream, full));
    let outcomes: Result<Vec<Vec<SyncSummary>>, Failure> =
        join_all(pulls).await.into_iter().collect();
    env.progress.end();
    let summaries: Vec<SyncSummary> = outcomes?.into_iter().flatten().collect();
    match stream {
        Some(stream) if summaries.is_empty() => {
            Err(SyncScopeError::NoStream(stream.to_owned()).into())
        }
        _ => Ok(summaries),
    }
}

async fn sync_source(
    env: &Env,
    run_id: &str,
    name: &str,
    only: Option<&str>,
    full: bool,
) -> Result<Vec<SyncSummary>, Failure> {
    let opened = open_source(env, name);
    let source = match opened {
        Ok(source) => source,
        Err(failure) => {
            // It could not even be opened: every figure that it feeds must know.
            let stream = StreamInfo {
                name: ALL_STREAMS.into(),
                entities: Vec::new(),
            };
            let summary = record_failure(env, run_id, name, &stream, env.clock.now(), &failure);
            return Ok(vec![summary.await?]);
        }
    };
    let selected = source.streams().into_iter().filter(|stream| {
        only.is_none_or(|only| {
            stream.name == only || stream.entities.iter().any(|entity| entity.name() == only)
        })
    });
    let mut under_way = Vec::new();
    for group in groups_of(selected) {
        under_way.push(sync_group(env, run_id, &source, group, full));
    }
    let summaries: Vec<Vec<(usize, SyncSummary)>> = stream::iter(under_way)
        .buffer_unordered(source.streams_at_once())
        .try_collect()
        .await?;
    let mut summaries: Vec<(usize, SyncSummary)> = summaries.into_iter().flatten().collect();
    summaries.sort_by_key(|(place, _)| *place);
    let summaries: Vec<SyncSummary> = summaries.into_iter().map(|(_, one)| one).collect();
    note_parked(env, name, &summaries).await?;
    Ok(summaries)
}

/// A stream with its place among those of its source.
type Placed = (usize, StreamInfo);

/// Streams that may not run side by side, since each must see what the other landed of an entity
/// that both feed.
fn groups_of(streams: impl Iterator<Item = StreamInfo>) -> Vec<Vec<Placed>> {
    let mut groups: Vec<Vec<Placed>> = Vec::new();
    for (place, stream) in streams.enumerate() {
        let shares = |group: &Vec<Placed>| {
            let mut entities = group.iter().flat_map(|(_, other)| &other.entities);
            entities.any(|entity| stream.entities.contains(entity))
        };
        let (sharing, others): (Vec<_>, Vec<_>) = groups.into_iter().partition(shares);
        let mut group: Vec<Placed> = sharing.into_iter().flatten().collect();
        group.push((place, stream));
        groups = others;
        groups.push(group);
    }
    groups
}

async fn sync_group(
    env: &Env,
    run_id: &str,
    source: &Arc<dyn Source>,
    group: Vec<Placed>,
    full: bool,
) -> Result<Vec<(usize, SyncSummary)>, Failure> {
    let mut summaries = Vec::new();
    for (place, stream) in group {
        let label = format!("{} {}", source.name(), stream.name);
        env.progress.advance(1, &label);
        let summary = sync_stream(env, run_id, source, &stream, full).await?;
        summaries.push((place, summary));
    }
    Ok(summaries)
}

async fn sync_stream(
    env: &Env,
    run_id: &str,
    source: &Arc<dyn Source>,
    stream: &StreamInfo,
    full: bool,
) -> Result<SyncSummary, Failure> {
    let started_at = env.clock.now();
    let pull_id = env.new_id();
    let landed = landed_before(env, source.name(), &stream.entities).await?;
    let context = PullContext {
        pull_id: pull_id.clone(),
        run_id: run_id.to_owned(),
        source: source.name().to_owned(),
        extracted_at: started_at,
        zone: env.config.zone(None),
    };
    let writer = open_landing(env)?.begin(context, &landed)?;
    let mapped = source.mapped_fields();
    let watch = FieldWatch::begin(env, source.name(), &stream.entities, mapped).await?;
    let cursor = env.store.cursor(source.name(), &stream.name).await?;
    let request = PullRequest {
        stream: stream.name.clone(),
        cursor,
        full,
        now: started_at,
    };

    let (pages, received) = mpsc::channel(PAGES_WAITING_MAX);
    let (verdict, awaited) = tokio::sync::oneshot::channel();
    let landing: JoinHandle<Result<Option<(LandedPull, FieldNews)>, Failure>> =
        tokio::task::spawn_blocking(move || land_pages(writer, watch, received, awaited));
    // A task of its own, so that reading one stream and another uses more than one core.
    let pulling = Arc::clone(source);
    let pulling = tokio::spawn(async move { pulling.pull(request, pages).await });
    let pulled = AbortOnDropHandle::new(pulling)
        .await
        .map_err(|cause| LandingTaskError(cause.to_string()))?;
    let sweeps = pulled
        .as_ref()
        .ok()
        .map(|report| report.full_sweeps.clone());
    // The landing may have failed already and be gone; its own error is the one that counts then.
    let landing_gone = verdict.send(sweeps).is_err();
    let landed = landing
        .await
        .map_err(|cause| LandingTaskError(cause.to_string()))?;

    match (landed, pulled) {
        (Err(failure), Ok(_)) if failure.code() == VANISHED_CODE => {
            record_failure(env, run_id, source.name(), stream, started_at, &failure).await
        }
        (Err(failure), _) => {
            record_failure(env, run_id, source.name(), stream, started_at, &failure).await?;
            Err(failure)
        }
        (Ok(_), Err(failure)) => {
            record_failure(env, run_id, source.name(), stream, started_at, &failure).await
        }
        (Ok(None), Ok(_)) => {
            let failure = Failure::from(LandingTaskError(format!("ended early: {landing_gone}")));
            record_failure(env, run_id, source.name(), stream, started_at, &failure).await
        }
        (Ok(Some((landed, news))), Ok(mut report)) => {
            report.gaps.extend(news.gap);
            report.warnings.extend(news.warnings);
            env.store.save_fields(&news.fields).await?;
            let ids = (pull_id, run_id.to_owned());
            commit(env, ids, source.name(), stream, started_at, &landed, report).await
        }
    }
}

/// Writes pages as they come; ends with the pull's files when the source says that it was complete,
/// and leaves nothing behind when it was not.
fn land_pages(
    mut writer: crate::landing::PullWriter,
    mut watch: FieldWatch,
    mut received: mpsc::Receiver<MappedPage>,
    awaited: tokio::sync::oneshot::Receiver<Option<Vec<Entity>>>,
) -> Result<Option<(LandedPull, FieldNews)>, Failure> {
    while let Some(page) = received.blocking_recv() {
        watch.note(&page);
        if let Err(failure) = writer.write(&page) {
            writer.abandon();
            return Err(failure);
        }
    }
    if let Ok(Some(sweeps)) = awaited.blocking_recv() {
        let news = match watch.finish(writer.extracted_at()) {
            Ok(news) => news,
            Err(failure) => {
                writer.abandon();
                return Err(failure);
            }
        };
        return writer.finish(&sweeps).map(|landed| Some((landed, news)));
    }
    writer.abandon();
    Ok(None)
}

#[derive(Debug, thiserror::Error)]
#[error("the landing's task ended unexpectedly: {0}")]
struct LandingTaskError(String);

impl Fault for LandingTaskError {
    fn code(&self) -> &'static str {
        "XF-J102"
    }

    fn retry(&self) -> Retry {
        Retry::NextRun
    }
}

async fn landed_before(
    env: &Env,
    source: &str,
    entities: &[Entity],
) -> Result<Vec<crate::landing::LandedFile>, Failure> {
    let mut files = Vec::new();
    for entity in entities {
        let filter = FileFilter {
            entity: Some(*entity),
            source: Some(source.to_owned()),
            ..FileFilter::default()
        };
        files.extend(env.store.files(&filter).await?);
    }
    Ok(files)
}

async fn commit(
    env: &Env,
    (pull_id, run_id): (String, String),
    source: &str,
    stream: &StreamInfo,
    started_at: Timestamp,
    landed: &LandedPull,
    report: PullReport,
) -> Result<SyncSummary, Failure> {
    let unsealed = match &report.seal {
        Seal::Sealed => None,
        Seal::Unsealed(reason) => Some(format!("not proven complete: {reason}")),
    };
    let rejected = (landed.rejected_count > 0)
        .then(|| format!("{} rows are in the quarantine", landed.rejected_count));
    let unknown = (landed.unknown_count > 0).then(|| {
        let count = landed.unknown_count;
        format!("not proven complete: {count} records exist that no pull has brought")
    });
    let sealed = unsealed.is_none() && unknown.is_none();
    // The next pull then reads everything.
    let cursor = match &unknown {
        Some(_) => Some(NO_CURSOR.to_owned()),
        None => report.cursor,
    };
    let gaps = report.gaps.iter().cloned();
    let reasons: Vec<String> = [unsealed, unknown, rejected]
        .into_iter()
        .flatten()
        .chain(gaps)
        .collect();
    let state = if reasons.is_empty() {
        PullState::Ok
    } else {
        PullState::Partial
    };
    let reason = (!reasons.is_empty()).then(|| reasons.join("; "));
    let pull = Pull {
        pull_id,
        run_id,
        source: source.to_owned(),
        stream: stream.name.clone(),
        entities: stream.entities.clone(),
        started_at,
        finished_at: env.clock.now(),
        state,
        sealed,
        row_count: landed.row_count,
        landed_count: landed.new_count + landed.tombstone_count,
        rejected_count: landed.rejected_count,
        reported_count: report.reported_rows,
        listed_count: report.listed_rows,
        reason: reason.clone(),
    };
    crashpoint!("jobs.before_commit");
    env.store
        .commit_pull(&pull, &landed.files, cursor.as_deref())
        .await?;
    for warning in &report.warnings {
        tracing::warn!(
            source.name = source,
            source.stream = stream.name,
            "{warning}"
        );
    }
    tracing::info!(
        source.name = source,
        source.stream = stream.name,
        row.count = landed.row_count,
        landed.count = pull.landed_count,
        rejected.count = landed.rejected_count,
        "pulled {source} {}: {}",
        stream.name,
        state.name(),
    );
    Ok(SyncSummary {
        source: source.to_owned(),
        stream: stream.name.clone(),
        state: state.name(),
        rows: landed.row_count,
        landed: landed.new_count,
        unchanged: landed.unchanged_count,
        deleted: landed.tombstone_count,
        rejected: landed.rejected_count,
        sealed,
        reason,
        warnings: report.warnings,
        parked_until: None,
        error: None,
    })
}

/// A failed pull is a fact of its own: without it the source would only look old.
async fn record_failure(
    env: &Env,
    run_id: &str,
    source: &str,
    stream: &StreamInfo,
    started_at: Timestamp,
    failure: &Failure,
) -> Result<SyncSummary, Failure> {
    tracing::error!(
        source.name = source,
        source.stream = stream.name,
        error.code = failure.code(),
        "pull of {source} {} failed: {failure}",
        stream.name,
    );
    let pull = Pull {
        pull_id: env.new_id(),
        run_id: run_id.to_owned(),
        source: source.to_owned(),
        stream: stream.name.clone(),
        entities: stream.entities.clone(),
        started_at,
        finished_at: env.clock.now(),
        state: PullState::Failed,
        sealed: false,
        row_count: 0,
        landed_count: 0,
        rejected_count: 0,
        reported_count: None,
        listed_count: None,
        reason: Some(failure.line()),
    };
    env.store.commit_pull(&pull, &[], None).await?;
    Ok(SyncSummary {
        source: source.to_owned(),
        stream: stream.name.clone(),
        state: PullState::Failed.name(),
        rows: 0,
        landed: 0,
        unchanged: 0,
        deleted: 0,
        rejected: 0,
        sealed: false,
        reason: Some(failure.line()),
        warnings: Vec::new(),
        parked_until: parked_until(failure, env.clock.now()),
        error: Some(failure.report()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Goal: streams run side by side unless they feed one entity, also by way of a third. Method:
    // four streams, of which the last joins two that have nothing in common.
    #[test]
    fn streams_of_one_entity_run_one_after_the_other() {
        let stream = |name: &str, entities: &[Entity]| StreamInfo {
            name: name.into(),
            entities: entities.to_vec(),
        };
        let streams = [
            stream("a", &[Entity::Accounts]),
            stream("b", &[Entity::Invoices, Entity::InvoiceLines]),
            stream("c", &[Entity::Payments]),
            stream("d", &[Entity::InvoiceLines, Entity::Payments]),
        ];
        let groups = groups_of(streams.into_iter());
        let names: Vec<Vec<&str>> = groups
            .iter()
            .map(|group| group.iter().map(|(_, one)| one.name.as_str()).collect())
            .collect();
        assert_eq!(names, [vec!["a"], vec!["b", "c", "d"]]);
    }
}
