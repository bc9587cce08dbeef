//! `crossfoot demo`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use jiff::SignedDuration;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::context::Context;
use super::output::{self, Table};
use crate::clock::Clock;
use crate::config::{Config, MailConfig};
use crate::demo::{Comparison, DemoPlaces, FoundItem, Night, Planted, World, compare, serve};
use crate::env::Env;
use crate::fault::{Exit, Failure, Fault, Retry};
use crate::money::money_text;
use crate::reconcile::{Discrepancy, DiscrepancyState, PersonMove, ResolutionCode, move_by_person};
use crate::scheduler::jobs::{JobSummary, load_ledger, run_job, with_run};
use crate::store::{Access, DiscrepancyFilter, RunState};

/// The file that marks a folder as one that a demo made, and may be made anew.
const MARK: &str = ".crossfoot-demo";
/// From a night's run to the hour at which a person works its items.
const OFFICE_HOURS: SignedDuration = SignedDuration::from_hours(9);
/// What a demo leaves in its folder.
const LEFT: [&str; 4] = ["var", "drop", "secrets", "crossfoot.toml"];

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  crossfoot demo\n  crossfoot demo --dir demo --seed 7\n\nThe \
                        folder then holds a configuration, a store, a landing and mails that every \
                        other verb can look at: crossfoot --config DIR/crossfoot.toml status"
)]
pub(super) struct DemoArguments {
    /// The folder that it works in [default: a new one in the temporary folder]
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Another seed makes another company
    #[arg(long, default_value_t = 2026)]
    seed: u64,
}

#[derive(Debug, thiserror::Error)]
enum DemoFolderError {
    #[error("the folder is not empty and no demo made it: {0}")]
    NotOurs(PathBuf),
    #[error("the folder could not be prepared: {path}")]
    Unwritable {
        path: PathBuf,
        #[source]
        cause: std::io::Error,
    },
}

impl Fault for DemoFolderError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotOurs(_) => "XF-K008",
            Self::Unwritable { .. } => "XF-K009",
        }
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some("name an empty or a new folder with --dir".into())
    }
}

/// One night, played and compared with the truth.
struct Played {
    night: Night,
    summary: JobSummary,
    comparison: Comparison,
}

pub(super) async fn run(context: &Context, arguments: DemoArguments) -> Result<Exit, Failure> {
    context.begin_log(None);
    let folder = prepare_folder(arguments.dir)?;
    let world = Arc::new(World::generate(arguments.seed));
    let servers = serve(Arc::clone(&world)).await?;
    let places = DemoPlaces::prepare(&folder, &world, &servers.crm_url, &servers.billing_url)?;
    let config = Config::load(&places.config)?;
    let mails = mail_folder(&config);
    let clock = Clock::set_at(Night::First.at());
    let env = context.open_with(config, Access::Write, clock).await?;
    if !context.json() {
        output::line(format!(
            "a company from seed {}, in {}",
            arguments.seed,
            folder.display()
        ))?;
    }

    let worked = worked_items(&world);
    let mut nights = Vec::new();
    for night in Night::ALL {
        servers.set_night(night);
        env.clock.advance_to(night.at());
        world.write_usage(&places.usage, night)?;
        let summary = play(&env, "nightly").await?;
        play(&env, "reports").await?;
        let found = found_items(&env).await?;
        let comparison = compare(&expected(&world, night, &worked), &found);
        let played = Played {
            night,
            summary,
            comparison,
        };
        if !context.json() {
            tell_night(&played)?;
        }
        nights.push(played);
        if night == Night::First {
            env.clock.advance_to(night.at() + OFFICE_HOURS);
            work(&env, &worked).await?;
        }
    }
    tell_end(context, &nights, &folder, &mails)
}

fn prepare_folder(named: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let Some(folder) = named else {
        let made = tempfile::Builder::new().prefix("crossfoot-demo-").tempdir();
        let made = made.map_err(|cause| DemoFolderError::Unwritable {
            path: std::env::temp_dir(),
            cause,
        })?;
        let folder = made.keep();
        mark(&folder)?;
        return Ok(folder);
    };
    let unwritable = |cause| DemoFolderError::Unwritable {
        path: folder.clone(),
        cause,
    };
    std::fs::create_dir_all(&folder).map_err(unwritable)?;
    let mut entries = std::fs::read_dir(&folder).map_err(unwritable)?;
    if entries.next().is_some() {
        if !folder.join(MARK).exists() {
            return Err(DemoFolderError::NotOurs(folder).into());
        }
        for name in LEFT {
            let path = folder.join(name);
            let removed = if path.is_dir() {
                std::fs::remove_dir_all(&path)
            } else if path.exists() {
                std::fs::remove_file(&path)
            } else {
                Ok(())
            };
            removed.map_err(unwritable)?;
        }
    }
    mark(&folder)?;
    Ok(folder)
}

fn mark(folder: &Path) -> Result<(), DemoFolderError> {
    std::fs::write(folder.join(MARK), "made by `crossfoot demo`\n").map_err(|cause| {
        DemoFolderError::Unwritable {
            path: folder.to_owned(),
            cause,
        }
    })
}

/// Where the demo's mails lie.
fn mail_folder(config: &Config) -> PathBuf {
    let url = config
        .mail
        .as_ref()
        .map_or("file:var/mail", |mail: &MailConfig| mail.url.as_str());
    config.resolve(Path::new(url.strip_prefix("file:").unwrap_or(url)))
}

async fn play(env: &Env, job: &str) -> Result<JobSummary, Failure> {
    let cancel = CancellationToken::new();
    with_run(env, job, None, async |run_id: String| {
        let summary = run_job(env, job, &run_id, &cancel).await?;
        let state = if summary.is_incomplete() {
            RunState::Incomplete
        } else {
            RunState::Done
        };
        Ok((summary, state))
    })
    .await
}

/// The items that a person works by day: every second one of those that are fixed at the source by
/// the second night. The others clear themselves.
fn worked_items(world: &World) -> Vec<FoundItem> {
    let fixed = world.planted(Night::Second).into_iter();
    fixed
        .filter(|item| item.state == DiscrepancyState::SelfCleared)
        .step_by(2)
        .map(|item| FoundItem {
            state: DiscrepancyState::Open,
            ..item.item()
        })
        .collect()
}

/// What the book must hold after a night: what was planted, and where a person claimed a fix, its
/// proof.
fn expected(world: &World, night: Night, worked: &[FoundItem]) -> Vec<Planted> {
    let mut planted = world.planted(night);
    for item in &mut planted {
        let was_worked = worked.iter().any(|one| {
            one.kind == item.kind
                && one.period == item.period
                && one.customer == item.customer
                && one.sku == item.sku
        });
        if was_worked && item.state == DiscrepancyState::SelfCleared {
            item.state = DiscrepancyState::Verified;
        }
    }
    planted
}

/// Moves items from open to resolved, as an analyst and her controller would.
async fn work(env: &Env, worked: &[FoundItem]) -> Result<(), Failure> {
    use DiscrepancyState::{Acknowledged, Approved, InProgress, Proposed, Resolved};
    let items = env
        .store
        .discrepancies(&DiscrepancyFilter::default())
        .await?;
    let found = found_items(env).await?;
    for (item, named) in items.into_iter().zip(found) {
        if !worked.contains(&named) {
            continue;
        }
        let mut item = item;
        for state in [Acknowledged, InProgress, Proposed, Approved, Resolved] {
            let code = matches!(state, Proposed | Approved | Resolved)
                .then_some(ResolutionCode::BillingCorrected);
            let step = PersonMove {
                to: state,
                code,
                waiting_on: None,
                by: "maria".into(),
                approver: Some("jonas".into()),
                note: None,
            };
            let change = move_by_person(&item, step, env.clock.now())?;
            env.store
                .record_changes(std::slice::from_ref(&change))
                .await?;
            item = change.discrepancy;
        }
    }
    Ok(())
}

/// Every item of the book, named as the truth names it: by the customer's record in the CRM.
async fn found_items(env: &Env) -> Result<Vec<FoundItem>, Failure> {
    let ledger = load_ledger(env, env.clock.now(), false).await?;
    let crm_id = |golden: &str| {
        let mut accounts = ledger.directory.accounts();
        let account = accounts.find(|one| one.account.id == golden)?;
        account
            .members
            .iter()
            .find(|(source, _)| source == "crm")
            .map(|(_, id)| id.clone())
    };
    let items = env
        .store
        .discrepancies(&DiscrepancyFilter::default())
        .await?;
    let found = |item: Discrepancy| FoundItem {
        kind: item.kind,
        period: item.period,
        customer: crm_id(&item.account).unwrap_or(item.account),
        sku: item.sku,
        impact: item.impact,
        currency: item.currency,
        state: item.state,
    };
    Ok(items.into_iter().map(found).collect())
}

fn tell_night(played: &Played) -> Result<(), Failure> {
    output::line("")?;
    output::line(output::bold(&format!("night of {}", played.night.day())))?;
    for pull in played.summary.sync.iter().filter(|pull| pull.state != "ok") {
        let reason = pull.reason.as_deref().unwrap_or("without a reason");
        output::line(format!(
            "  source `{}` {}: {reason}",
            pull.source, pull.state
        ))?;
    }
    for one in &played.summary.reconcile {
        output::line(format!(
            "  {}: {} units compared, {} discrepant, {} not due yet, {} unknown; {} opened, {} \
             cleared, {} came back",
            one.period,
            one.units,
            one.discrepant,
            one.timing,
            one.unknown,
            one.opened,
            one.self_cleared,
            one.reopened
        ))?;
    }
    if let Some(collections) = &played.summary.collections {
        output::line(format!("  {}", collections.sentence()))?;
    }
    let comparison = &played.comparison;
    output::line(format!(
        "  in the book: {} planted, {} of them found as planted, {} missed, {} false",
        comparison.matched.len() + comparison.missed.len(),
        comparison.matched.len(),
        comparison.missed.len(),
        comparison.false_.len()
    ))
}

fn tell_end(
    context: &Context,
    nights: &[Played],
    folder: &Path,
    mails: &Path,
) -> Result<Exit, Failure> {
    let missed: usize = nights
        .iter()
        .map(|played| played.comparison.missed.len())
        .sum();
    let false_: usize = nights
        .iter()
        .map(|played| played.comparison.false_.len())
        .sum();
    let last = nights.last().map(|played| &played.comparison);
    let found = last.map_or(0, |last| last.matched.len());
    let planted = last.map_or(0, |last| last.matched.len() + last.missed.len());
    let exact = missed == 0 && false_ == 0;
    let exit = if exact { Exit::Done } else { Exit::Failed };
    if context.json() {
        output::json(&json!({
            "planted": planted,
            "found": found,
            "missed": missed,
            "false": false_,
            "folder": folder,
            "mails": mails,
        }))?;
        return Ok(exit);
    }
    if let Some(last) = last {
        output::line("")?;
        tell_items(last)?;
    }
    for played in nights.iter().filter(|played| !played.comparison.is_exact()) {
        for item in &played.comparison.missed {
            output::line(format!("  {}: missed {item:?}", played.night.day()))?;
        }
        for item in &played.comparison.false_ {
            output::line(format!("  {}: false {item:?}", played.night.day()))?;
        }
    }
    output::line("")?;
    output::line(format!("mails:  {}", mails.display()))?;
    output::line(format!(
        "more:   crossfoot --config {} --now {} discrepancies list --all",
        folder.join("crossfoot.toml").display(),
        Night::Third.at()
    ))?;
    output::line(format!(
        "planted {planted}, found {found}, missed {missed}, false {false_}"
    ))?;
    Ok(exit)
}

/// What was planted and found, with its story.
fn tell_items(comparison: &Comparison) -> Result<(), Failure> {
    let mut table = Table::new(&[
        "kind",
        "period",
        "customer",
        "product",
        ">impact",
        "currency",
        "state",
        "what happened",
    ]);
    for item in &comparison.matched {
        table.row(vec![
            item.kind.to_string(),
            item.period.to_string(),
            item.customer.clone(),
            item.sku.clone(),
            money_text(item.impact, item.currency),
            item.currency.to_string(),
            item.state.to_string(),
            item.story.to_owned(),
        ]);
    }
    table.print("nothing was planted and found")
}
