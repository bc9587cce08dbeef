//! `crossfoot landing`.

use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::json;

use super::answer;
use super::context::Context;
use super::output::{self, Table};
use crate::canonical::{Entity, Reject};
use crate::config::HumanDuration;
use crate::env::Env;
use crate::fault::{Exit, Failure, Fault, Retry};
use crate::landing::{CompactScope, LandedFile};
use crate::scheduler::jobs::{
    RetentionSummary, collect_garbage, compact_landing, every_file, query_landing, read_landing,
    retain_landing, with_run,
};
use crate::store::{Access, FileFilter, RunState};

/// Rows of the quarantine that a person is shown at once.
const REJECTS_SHOWN_MAX: usize = 100;

#[derive(Debug, Subcommand)]
pub(super) enum LandingVerb {
    /// The committed files
    List {
        /// Only this entity
        #[arg(long)]
        entity: Option<Entity>,
        /// Only this source
        #[arg(long)]
        source: Option<String>,
        /// The quarantine instead of the records: its files, and why each row did not fit
        #[arg(long)]
        quarantine: bool,
    },
    /// Prove digest, length and totals of every committed file
    Verify,
    /// Merge the many small files of an entity, source and month into one, with every version
    ///
    /// What any `--as-of` answers stays the same. The totals are tied before and after, and the new
    /// file counts in place of the old ones from one instant on; the old ones stay on the disk for a
    /// day, until `crossfoot landing gc`.
    #[command(
        after_help = "Examples:\n  crossfoot landing compact\n  crossfoot landing compact \
                      --entity invoices --source billing --older-than 30d"
    )]
    Compact {
        /// Only this entity
        #[arg(long)]
        entity: Option<Entity>,
        /// Only this source
        #[arg(long)]
        source: Option<String>,
        /// Only files that are older than this, as 30d
        #[arg(long, value_parser = parse_duration)]
        older_than: Option<Duration>,
        /// Also write every file again that is not encrypted by the present key
        #[arg(long)]
        rekey: bool,
        /// Only say what would be merged
        #[arg(long)]
        dry_run: bool,
    },
    /// Let go what is older than the retention, and remove bytes that do not count
    ///
    /// Bytes that do not count are files that no pull committed and files that others replaced, both
    /// once they are a day old.
    Gc {
        /// Only say what would be removed
        #[arg(long)]
        dry_run: bool,
    },
    /// Ask the landed records in SQL; amounts are exact
    ///
    /// Tables are named as the entities and hold the newest living version of each record;
    /// `<entity>_versions` holds every version that was landed. `golden_account(source, account_id)`
    /// and `canonical_sku(source, sku)` tell the customer and the product behind an id.
    #[command(
        after_help = "Examples:\n  crossfoot landing query \"select currency, sum(total) from \
                      invoices group by currency\" --format csv\n  crossfoot landing query \
                      \"select id, extracted_at, total from invoices_versions order by 1, 2\" \
                      --as-of 2026-11-01T00:00:00Z"
    )]
    Query {
        /// The question
        sql: String,
        /// What was known at this instant, as 2026-11-01T00:00:00Z [default: now]
        #[arg(long)]
        as_of: Option<Timestamp>,
        /// How the answer is written
        #[arg(long, value_enum, default_value_t = Format::Tsv)]
        format: Format,
    },
}

/// A column that cannot be written as text.
#[derive(Debug, thiserror::Error)]
#[error("the answer has a column that cannot be written as text")]
struct AnswerError(#[source] arrow::error::ArrowError);

impl Fault for AnswerError {
    fn code(&self) -> &'static str {
        "XF-K025"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some("cast the column to text in the query".into())
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Format {
    Tsv,
    Json,
    Csv,
}

pub(super) async fn run(context: &Context, verb: &LandingVerb) -> Result<Exit, Failure> {
    let writes = matches!(
        verb,
        LandingVerb::Gc { dry_run: false } | LandingVerb::Compact { dry_run: false, .. }
    );
    let env = context
        .open(if writes { Access::Write } else { Access::Read })
        .await?;
    match verb {
        LandingVerb::List {
            entity,
            source,
            quarantine,
        } => {
            let filter = FileFilter {
                entity: *entity,
                source: source.clone(),
                as_of: None,
                quarantine: *quarantine,
            };
            list(context, &env, &filter).await
        }
        LandingVerb::Verify => verify(context, &env).await,
        LandingVerb::Compact {
            entity,
            source,
            older_than,
            rekey,
            dry_run,
        } => {
            let now = env.clock.now();
            let scope = CompactScope {
                entity: *entity,
                source: source.clone(),
                before: older_than.and_then(|age| now.checked_sub(age).ok()),
                rekey: *rekey,
                ..CompactScope::default()
            };
            compact(context, &env, &scope, *dry_run).await
        }
        LandingVerb::Gc { dry_run } => gc(context, &env, *dry_run).await,
        LandingVerb::Query { sql, as_of, format } => {
            let as_of = as_of.unwrap_or_else(|| env.clock.now());
            let format = if context.json() {
                Format::Json
            } else {
                *format
            };
            let answer = query_landing(&env, sql, as_of).await?;
            match format {
                Format::Tsv => output::line(answer::tsv(&answer).map_err(AnswerError)?)?,
                Format::Csv => {
                    output::line(answer::csv(&answer).map_err(AnswerError)?.trim_end())?;
                }
                Format::Json => output::json(&answer::json(&answer).map_err(AnswerError)?)?,
            }
            Ok(Exit::Done)
        }
    }
}

async fn list(context: &Context, env: &Env, filter: &FileFilter) -> Result<Exit, Failure> {
    let files = env.store.files(filter).await?;
    let rejects = |file: &LandedFile| {
        let landing = read_landing(env)?;
        tokio::task::block_in_place(|| landing.rejects(std::slice::from_ref(file)))
    };
    if context.json() {
        let mut rows = Vec::with_capacity(files.len());
        for file in &files {
            let mut row = json!({
                "path": file.path,
                "source": file.source,
                "entity": file.entity,
                "period": file.period,
                "rows": file.totals.rows,
                "sums": file.totals.sums,
                "size_bytes": file.size_bytes,
                "digest": file.digest,
                "extracted_at": file.extracted_at,
                "first_extracted_at": file.first_extracted_at,
                "key_id": file.key_id,
                "quarantine": file.quarantine,
            });
            if file.quarantine {
                row["rejects"] = json!(rejects(file)?);
            }
            rows.push(row);
        }
        output::json(&rows)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&[
        "entity",
        "source",
        "period",
        ">rows",
        ">bytes",
        "extracted at",
        "path",
    ]);
    for file in &files {
        table.row(vec![
            file.entity.to_string(),
            file.source.clone(),
            file.period.to_string(),
            file.totals.rows.to_string(),
            file.size_bytes.to_string(),
            file.extracted_at.to_string(),
            file.path.clone(),
        ]);
    }
    table.print("nothing is landed")?;
    if filter.quarantine && !files.is_empty() {
        output::line("")?;
        print_rejects(files.iter().rev(), rejects)?;
    }
    Ok(Exit::Done)
}

/// The rows of the newest files of the quarantine, and why they did not fit.
fn print_rejects<'f>(
    files: impl Iterator<Item = &'f LandedFile>,
    rejects: impl Fn(&LandedFile) -> Result<Vec<Reject>, Failure>,
) -> Result<(), Failure> {
    let mut table = Table::new(&["source", "entity", "id", "where", "field", "text", "why"]);
    let mut left_out = 0;
    for file in files {
        if table.len() >= REJECTS_SHOWN_MAX {
            left_out += file.totals.rows;
            continue;
        }
        // A file may be of many nights, the newest last.
        for reject in rejects(file)?.into_iter().rev() {
            if table.len() >= REJECTS_SHOWN_MAX {
                left_out += 1;
                continue;
            }
            table.row(vec![
                reject.source,
                reject.entity.to_string(),
                reject.id.unwrap_or_default(),
                reject.origin,
                reject.field,
                reject.text.unwrap_or_default(),
                reject.reason,
            ]);
        }
    }
    table.print("")?;
    if left_out > 0 {
        output::line(format!("{left_out} more, with their raw text, by --json"))?;
    }
    Ok(())
}

async fn verify(context: &Context, env: &Env) -> Result<Exit, Failure> {
    let files = every_file(env).await?;
    let landing = read_landing(env)?;
    let faults = tokio::task::block_in_place(|| landing.verify(&files));
    if context.json() {
        let shown: Vec<_> = faults
            .iter()
            .map(|fault| json!({ "path": fault.path, "reason": fault.error.to_string() }))
            .collect();
        output::json(&json!({ "files": files.len(), "faults": shown }))?;
    } else {
        for fault in &faults {
            output::line(fault.to_string())?;
        }
        output::line(format!("{} files, {} faults", files.len(), faults.len()))?;
    }
    Ok(if faults.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

async fn compact(
    context: &Context,
    env: &Env,
    scope: &CompactScope,
    dry_run: bool,
) -> Result<Exit, Failure> {
    let summary = if dry_run {
        compact_landing(env, scope, true).await?
    } else {
        with_run(env, "landing compact", None, async |_| {
            let summary = compact_landing(env, scope, false).await?;
            Ok((summary, RunState::Done))
        })
        .await?
    };
    if context.json() {
        output::json(&json!({ "dry_run": dry_run, "compaction": summary }))?;
    } else if summary.files_before == 0 {
        output::line("nothing to merge")?;
    } else if dry_run {
        output::line(format!(
            "{} files with {} rows and {} bytes would be merged",
            summary.files_before, summary.rows, summary.bytes_before
        ))?;
    } else {
        output::line(format!(
            "{} files merged into {}: {} rows before and after, {} bytes before, {} now; the old \
             files go with `crossfoot landing gc` after a day",
            summary.files_before,
            summary.files_after,
            summary.rows,
            summary.bytes_before,
            summary.bytes_after
        ))?;
        output::line(format!("digest of the new files {}", summary.digest))?;
    }
    if summary.left_to_others > 0 && !context.json() {
        output::line(format!(
            "{} partitions were replaced by another process meanwhile and left to it",
            summary.left_to_others
        ))?;
    }
    Ok(Exit::Done)
}

async fn gc(context: &Context, env: &Env, dry_run: bool) -> Result<Exit, Failure> {
    let retention = retain_landing(env, dry_run).await?;
    let summary = collect_garbage(env, dry_run).await?;
    if context.json() {
        output::json(&json!({ "removed": !dry_run, "retention": retention, "gc": summary }))?;
        return Ok(Exit::Done);
    }
    print_retention(&retention, dry_run)?;
    let replaced = summary
        .replaced
        .iter()
        .map(|path| format!("{path} (replaced)"));
    let orphans = summary
        .orphans
        .iter()
        .map(|path| format!("{path} (never committed)"));
    for line in orphans.chain(replaced) {
        output::line(line)?;
    }
    let verb = if dry_run {
        "would be removed"
    } else {
        "removed"
    };
    let count = summary.orphans.len() + summary.replaced.len();
    output::line(format!("{count} files {verb}, {} bytes", summary.bytes))?;
    if summary.waiting > 0 {
        output::line(format!(
            "{} replaced files stay until they are a day old",
            summary.waiting
        ))?;
    }
    Ok(Exit::Done)
}

fn print_retention(summary: &RetentionSummary, dry_run: bool) -> Result<(), Failure> {
    match summary.held.as_slice() {
        [] => {}
        [all] if all == "*" => output::line("a legal hold keeps everything")?,
        held => output::line(format!("a legal hold keeps {}", held.join(", ")))?,
    }
    if let (true, Some(since)) = (summary.done, summary.kept_since) {
        let verb = if dry_run { "would be let go" } else { "let go" };
        output::line(format!(
            "{} versions superseded before {since} {verb}, {} raw records, {} rejects",
            summary.versions, summary.raw, summary.rejects
        ))?;
    }
    if let Some(why) = &summary.kept_longer {
        output::line(format!("kept longer than asked for: {why}"))?;
    }
    Ok(())
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let value = serde_json::Value::String(text.to_owned());
    serde_json::from_value::<HumanDuration>(value)
        .map(|duration| duration.0)
        .map_err(|error| error.to_string())
}
