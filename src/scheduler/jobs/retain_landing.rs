//! Lets go what has been kept for long enough, by `[landing] retention`, and says so in the audit
//! trail. A legal hold stops it; what an open period or an open item looks at is kept in any case.

use std::collections::BTreeMap;

use jiff::{Span, Timestamp};
use serde::Serialize;
use serde_json::json;

use super::open_landing::open_landing;
use super::reconcile_periods::open_periods;
use super::tend_landing::every_file;
use crate::config::Retention;
use crate::env::Env;
use crate::fault::Failure;
use crate::landing::{Horizon, LandedFile, Landing};
use crate::period::Period;
use crate::store::{
    DiscrepancyFilter, FileReplacement, KEPT_SINCE, NewAuditEntry, RAW_KEPT_SINCE, RETAINED_UNTIL,
};

/// What was let go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RetentionSummary {
    /// Whether there was anything to look at since the last time.
    pub done: bool,
    /// From this instant on every version is kept.
    pub kept_since: Option<Timestamp>,
    /// Versions that were superseded before it, and are gone.
    pub versions: u64,
    /// Superseded versions that lost the record as the source gave it.
    pub raw: u64,
    /// Rejects that are gone.
    pub rejects: u64,
    /// Sources that a legal hold keeps whole; `*` stands for all.
    pub held: Vec<String>,
    /// What kept more than the configured time asks for.
    pub kept_longer: Option<String>,
}

/// The instants of one pass.
struct Limits {
    versions: Option<Timestamp>,
    raw: Option<Timestamp>,
    raw_before: Option<Timestamp>,
    kept_longer: Option<String>,
}

/// Lets go what is old enough; looks at most once for each month that has passed. With `dry_run`
/// only says what would go.
pub async fn retain_landing(env: &Env, dry_run: bool) -> Result<RetentionSummary, Failure> {
    let mut summary = RetentionSummary::default();
    if env.config.landing.hold {
        summary.held.push("*".into());
        return Ok(summary);
    }
    let limits = limits_of(env).await?;
    summary.held = held_sources(env);
    summary.kept_since = limits.versions;
    summary.kept_longer.clone_from(&limits.kept_longer);
    // The holds are part of it: what is released is looked at again.
    let mark = format!(
        "{} {} {}",
        text_of(limits.versions),
        text_of(limits.raw),
        summary.held.join(",")
    );
    if env.store.landmark(RETAINED_UNTIL).await?.as_deref() == Some(&mark) {
        return Ok(summary);
    }
    summary.done = true;
    let landing = open_landing(env)?;
    let mut of_sources: BTreeMap<_, Vec<LandedFile>> = BTreeMap::new();
    for file in every_file(env).await? {
        if !summary.held.contains(&file.source) {
            let key = (file.source.clone(), file.entity);
            of_sources.entry(key).or_default().push(file);
        }
    }
    for files in of_sources.into_values() {
        let replacement = let_go(env, &landing, &files, &limits, (&mut summary, dry_run))?;
        if let Some(replacement) = replacement {
            env.store
                .replace_files(&replacement, env.clock.now())
                .await?;
        }
    }
    if !dry_run {
        let mut landmarks = vec![(RETAINED_UNTIL, mark)];
        landmarks.extend(
            limits
                .raw
                .map(|instant| (RAW_KEPT_SINCE, instant.to_string())),
        );
        let end = FileReplacement {
            landmarks,
            ..FileReplacement::default()
        };
        env.store.replace_files(&end, env.clock.now()).await?;
    }
    Ok(summary)
}

/// What is let go of one source and entity: one replacement, so that a record that died goes with
/// all of its versions or not at all.
fn let_go(
    env: &Env,
    landing: &Landing,
    files: &[LandedFile],
    limits: &Limits,
    (summary, dry_run): (&mut RetentionSummary, bool),
) -> Result<Option<FileReplacement>, Failure> {
    let old_rejects = limits.raw.or(limits.versions);
    let is_old = |file: &&LandedFile| {
        file.quarantine && old_rejects.is_some_and(|instant| file.extracted_at < instant)
    };
    let rejects: Vec<LandedFile> = files.iter().filter(is_old).cloned().collect();
    let reject_count: u64 = rejects.iter().map(|file| file.totals.rows).sum();
    let horizon = Horizon {
        versions: limits.versions,
        raw: limits.raw,
        raw_before: limits.raw_before,
    };
    let (plan, let_go) = tokio::task::block_in_place(|| landing.plan_retention(files, horizon))?;
    summary.versions += let_go.rows;
    summary.raw += let_go.raw;
    summary.rejects += reject_count;
    if dry_run || (plan.is_empty() && rejects.is_empty()) {
        return Ok(None);
    }
    let id = env.new_id();
    let (mut retired, added) = tokio::task::block_in_place(|| landing.retain(plan, &id))?;
    retired.extend(rejects);
    let rows = |files: &[LandedFile]| files.iter().map(|file| file.totals.rows).sum::<u64>();
    let said = |files: &[LandedFile]| {
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        json!({ "files": paths, "rows": rows(files) }).to_string()
    };
    let config = &env.config.landing;
    let audit = NewAuditEntry {
        at: env.clock.now(),
        actor: format!("crossfoot@{}", env!("CARGO_PKG_VERSION")),
        action: "landing.retention".into(),
        object: files
            .first()
            .map(|file| format!("{} {}", file.source, file.entity))
            .unwrap_or_default(),
        before: Some(said(&retired)),
        after: Some(said(&added)),
        reason: Some(format!(
            "retention {}, raw records {}: {} versions superseded before {}, {} raw records and \
             {} rejects of before {}",
            config.retention,
            config.raw_retention.unwrap_or(config.retention),
            let_go.rows,
            text_of(limits.versions),
            let_go.raw,
            reject_count,
            text_of(old_rejects),
        )),
        approval: None,
    };
    let landmarks = limits
        .versions
        .map(|instant| (KEPT_SINCE, instant.to_string()));
    Ok(Some(FileReplacement {
        retired,
        added,
        reason: "retention",
        audit: Some(audit),
        landmarks: landmarks.into_iter().collect(),
    }))
}

fn text_of(instant: Option<Timestamp>) -> String {
    instant.map_or_else(|| "never".to_owned(), |instant| instant.to_string())
}

fn held_sources(env: &Env) -> Vec<String> {
    let sources = env.config.source.iter();
    sources
        .filter(|(_, source)| source.hold)
        .map(|(name, _)| name.clone())
        .collect()
}

async fn limits_of(env: &Env) -> Result<Limits, Failure> {
    let config = &env.config.landing;
    let mut versions = month_before(env, config.retention);
    let mut raw = config
        .raw_retention
        .and_then(|span| month_before(env, span));
    let mut kept_longer = None;
    if let Some((needed, why)) = needed_since(env).await? {
        for limit in [&mut versions, &mut raw] {
            if limit.is_some_and(|instant| instant > needed) {
                *limit = Some(needed);
                kept_longer = Some(why.clone());
            }
        }
    }
    let raw_before = env.store.landmark(RAW_KEPT_SINCE).await?;
    Ok(Limits {
        versions,
        // What goes whole needs no second look.
        raw: raw.filter(|raw| versions.is_none_or(|versions| *raw > versions)),
        raw_before: raw_before.and_then(|text| text.parse().ok()),
        kept_longer,
    })
}

/// The beginning of the month in which something was that is now as old as a span.
fn month_before(env: &Env, span: Retention) -> Option<Timestamp> {
    let span = match span {
        Retention::Forever => return None,
        Retention::Months(months) => Span::new().try_months(months).ok()?,
        Retention::Days(days) => Span::new().try_days(days).ok()?,
    };
    let zone = env.config.zone(None);
    let then = env
        .clock
        .now()
        .to_zoned(zone.clone())
        .checked_sub(span)
        .ok()?;
    Some(Period::of(then.date()).bounds(&zone).0)
}

/// The instant from which on open periods and open items need every version, and which it is.
async fn needed_since(env: &Env) -> Result<Option<(Timestamp, String)>, Failure> {
    let zone = env.config.zone(None);
    let open = open_periods(env).await?.first().copied();
    let of_period = open.map(|period| {
        let why = format!("period {period} is open");
        (period.bounds(&zone).0, why)
    });
    let items = env
        .store
        .discrepancies(&DiscrepancyFilter::default())
        .await?;
    let of_item = items
        .iter()
        .filter(|item| item.state.is_listed())
        .min_by_key(|item| item.opened_at)
        .map(|item| {
            let why = format!("discrepancy {} of {} is open", item.id, item.opened_at);
            (item.opened_at, why)
        });
    Ok(of_period
        .into_iter()
        .chain(of_item)
        .min_by_key(|(at, _)| *at))
}
