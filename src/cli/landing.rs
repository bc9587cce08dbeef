//! `crossfoot landing`.

use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::answer;
use super::context::Context;
use super::output::{self, Table};
use crate::canonical::{Entity, Reject};
use crate::env::Env;
use crate::fault::{Exit, Failure, Fault, Retry};
use crate::landing::{LandedFile, Landing};
use crate::scheduler::jobs::{Ledger, load_ledger, query_landing};
use crate::store::{Access, FileFilter};

/// A file that nobody committed is left alone for this long: a pull may be about to.
const ORPHAN_GRACE: Duration = Duration::from_hours(24);

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
    /// Remove files that no pull committed
    Gc {
        /// Only say what would be removed
        #[arg(long)]
        dry_run: bool,
    },
    /// Ask the landed records in SQL; tables are named as the entities, amounts are exact
    #[command(
        after_help = "Example:\n  crossfoot landing query \"select currency, sum(total) from \
                            invoices group by currency\" --format csv"
    )]
    Query {
        /// The question
        sql: String,
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
    let writes = matches!(verb, LandingVerb::Gc { dry_run: false });
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
        LandingVerb::Gc { dry_run } => gc(context, &env, *dry_run).await,
        LandingVerb::Query { sql, format } => {
            let ledger: Ledger = load_ledger(&env, env.clock.now(), false).await?;
            let format = if context.json() {
                Format::Json
            } else {
                *format
            };
            let answer = query_landing(&env, &ledger, sql).await?;
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
        let landing = Landing::open_for_reading(&env.landing_root)?;
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
        for reject in rejects(file)? {
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

/// Every committed file, the quarantine's too.
async fn committed(env: &Env) -> Result<Vec<crate::landing::LandedFile>, Failure> {
    let mut files = env.store.files(&FileFilter::default()).await?;
    let quarantine = FileFilter {
        quarantine: true,
        ..FileFilter::default()
    };
    files.extend(env.store.files(&quarantine).await?);
    Ok(files)
}

async fn verify(context: &Context, env: &Env) -> Result<Exit, Failure> {
    let files = committed(env).await?;
    let landing = Landing::open_for_reading(&env.landing_root)?;
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

async fn gc(context: &Context, env: &Env, dry_run: bool) -> Result<Exit, Failure> {
    let files = committed(env).await?;
    let landing = Landing::open(&env.landing_root)?;
    let now = env.clock.now();
    let orphans = if dry_run {
        landing.orphans(&files, now, ORPHAN_GRACE)?
    } else {
        landing.remove_orphans(&files, now, ORPHAN_GRACE)?
    };
    if context.json() {
        let paths: Vec<String> = orphans
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        output::json(&json!({ "removed": !dry_run, "files": paths }))?;
    } else {
        for path in &orphans {
            output::line(path.display().to_string())?;
        }
        let verb = if dry_run {
            "would be removed"
        } else {
            "removed"
        };
        output::line(format!("{} files {verb}", orphans.len()))?;
    }
    Ok(Exit::Done)
}
