//! `crossfoot discrepancies`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::Value;

use super::context::{Context, login_name};
use super::groups::print_overview;
use super::item::{NUMBERS, csv, header, item_json};
use super::item_filter::{Filter, select};
use super::output::{self, Table};
use super::recurrence::Recurrences;
use super::show_item::{Shown, show_item};
use crate::config::Right;
use crate::env::Env;
use crate::fault::{Exit, Failure, Fault, Retry};
use crate::money::money_text;
use crate::reconcile::{
    Discrepancy, DiscrepancyEvent, DiscrepancyState, PersonMove, ResolutionCode, WaitingOn,
    as_known, move_by_person,
};
use crate::report::{SheetColumns, export_sheet};
use crate::scheduler::jobs::{load_ledger, refuse_kept, refuse_own_cash};
use crate::secret::write_private;
use crate::store::{Access, DiscrepancyChange, DiscrepancyFilter};

/// More items than these are told by what they have in common.
const LISTED_MAX: usize = 200;

#[derive(Debug, Subcommand)]
pub(super) enum DiscrepanciesVerb {
    /// The open items; --all shows every state
    #[command(
        after_help = "Examples:\n  crossfoot discrepancies list --period 2026-10\n  crossfoot \
                            discrepancies list --kind DUPLICATE --all --json\n  crossfoot \
                            discrepancies list --as-of 2026-10-31T23:59:59Z"
    )]
    List {
        #[command(flatten)]
        filter: Filter,
        /// Every item on a line of its own, however many they are
        #[arg(long)]
        full: bool,
    },
    /// One item explained in full: both sides field by field and by their own numbers, the tolerance
    /// that was applied and the smallest that would have accepted it, candidates, history
    #[command(
        visible_alias = "explain",
        after_help = "Examples:\n  crossfoot discrepancies show D-4K2M\n  crossfoot discrepancies \
                      explain D-4K2M --json\n  crossfoot discrepancies show D-4K2M --as-of \
                      2026-10-31T23:59:59Z\n\nThe records are read from the landing as they were \
                      known when the item was last seen to differ; --brief tells only what the book \
                      holds."
    )]
    Show {
        /// The item's id
        id: String,
        /// As it was known at this instant [default: now]
        #[arg(long, value_name = "RFC3339")]
        as_of: Option<Timestamp>,
        /// Only what the book holds, without reading the records
        #[arg(long)]
        brief: bool,
    },
    /// Move an item to another state
    #[command(
        after_help = "Examples:\n  crossfoot discrepancies move D-4K2M resolved --code \
                            rebilled\n  crossfoot discrepancies move D-4K2M dismissed --code \
                            false_positive --note \"free seats\"\n  crossfoot discrepancies move \
                            D-4K2M waiting --on customer"
    )]
    Move(MoveArguments),
    /// Say who works an item
    Assign {
        /// The item's id
        id: String,
        /// The owner's name
        owner: String,
        /// Who says it [default: the login name]
        #[arg(long)]
        by: Option<String>,
    },
    /// Add a note to an item's history
    Note {
        /// The item's id
        id: String,
        /// What to note
        text: String,
        /// Who says it [default: the login name]
        #[arg(long)]
        by: Option<String>,
    },
    /// Write items to a .csv or .xlsx file
    Export {
        /// The file; its ending decides the format
        #[arg(long)]
        out: PathBuf,
        #[command(flatten)]
        filter: Filter,
    },
}

#[derive(Debug, Args)]
pub(super) struct MoveArguments {
    /// The item's id
    id: String,
    /// The state to move it to
    state: DiscrepancyState,
    /// How it was resolved, or why it is dismissed
    #[arg(long)]
    code: Option<ResolutionCode>,
    /// Whom it waits for
    #[arg(long, value_name = "customer|vendor|internal")]
    on: Option<WaitingOn>,
    /// Who says it [default: the login name]
    #[arg(long)]
    by: Option<String>,
    /// Who approves it, where an approval is asked for
    #[arg(long)]
    approver: Option<String>,
    /// Why
    #[arg(long)]
    note: Option<String>,
}

#[derive(Debug, thiserror::Error)]
enum ItemError {
    #[error("there is no discrepancy `{0}`")]
    NoItem(String),
    #[error("there is no account `{0}`")]
    NoAccount(String),
    #[error("the file's ending is neither .csv nor .xlsx: {0}")]
    Ending(PathBuf),
    #[error("the file could not be written: {path}")]
    Unwritable {
        path: PathBuf,
        #[source]
        cause: std::io::Error,
    },
}

impl Fault for ItemError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoItem(_) => "XF-K020",
            Self::NoAccount(_) => "XF-K021",
            Self::Ending(_) => "XF-K022",
            Self::Unwritable { .. } => "XF-K023",
        }
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoItem(_) => Some("`crossfoot discrepancies list --all` shows every id".into()),
            Self::NoAccount(_) => Some("`crossfoot accounts list` shows every account".into()),
            Self::Ending(_) => Some("name a file as items.csv or items.xlsx".into()),
            Self::Unwritable { .. } => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Ending(_) => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}

pub(super) async fn run(context: &Context, verb: DiscrepanciesVerb) -> Result<Exit, Failure> {
    let writes = matches!(
        verb,
        DiscrepanciesVerb::Move(_)
            | DiscrepanciesVerb::Assign { .. }
            | DiscrepanciesVerb::Note { .. }
    );
    let env = context
        .open(if writes { Access::Write } else { Access::Read })
        .await?;
    match verb {
        DiscrepanciesVerb::List { filter, full } => {
            let items = select(&env, &filter).await?;
            if items.len() > LISTED_MAX && !full && !context.json() {
                return print_overview(&env, &items).await;
            }
            print_list(context, &env, &items, filter.at(&env)).await
        }
        DiscrepanciesVerb::Show { id, as_of, brief } => {
            let shown = known_at(&env, &id, as_of).await?;
            show_item(context, &env, &shown, brief).await
        }
        DiscrepanciesVerb::Move(arguments) => move_item(context, &env, arguments).await,
        DiscrepanciesVerb::Assign { id, owner, by } => {
            let mut item = find(&env, &id).await?;
            item.owner = Some(owner.clone());
            annotate(context, &env, item, "assigned", owner, by).await
        }
        DiscrepanciesVerb::Note { id, text, by } => {
            let item = find(&env, &id).await?;
            annotate(context, &env, item, "noted", text, by).await
        }
        DiscrepanciesVerb::Export { out, filter } => {
            let items = select(&env, &filter).await?;
            export(&env, &items, filter.at(&env), &out).await
        }
    }
}

/// The golden id of an account that is named by it or as `source:id`.
pub(super) async fn golden_id(env: &Env, text: &str) -> Result<String, Failure> {
    let ledger = load_ledger(env, env.clock.now(), false).await?;
    let found = ledger
        .directory
        .find(text)
        .map(|account| account.id.clone());
    found.ok_or_else(|| ItemError::NoAccount(text.to_owned()).into())
}

async fn find(env: &Env, id: &str) -> Result<Discrepancy, Failure> {
    let filter = DiscrepancyFilter {
        id: Some(id.to_owned()),
        ..DiscrepancyFilter::default()
    };
    let found = env.store.discrepancies(&filter).await?.into_iter().next();
    found.ok_or_else(|| ItemError::NoItem(id.to_owned()).into())
}

async fn print_list(
    context: &Context,
    env: &Env,
    items: &[Discrepancy],
    at: Timestamp,
) -> Result<Exit, Failure> {
    let recurrences = Recurrences::of(env, items).await?;
    if context.json() {
        let rows: Vec<Value> = items
            .iter()
            .map(|item| item_json(item, at, &recurrences))
            .collect();
        output::json(&rows)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&[
        "id",
        "kind",
        "state",
        "period",
        "account",
        "product",
        ">expected",
        ">actual",
        ">impact",
        "currency",
        "severity",
        ">streak",
        "owner",
    ]);
    for item in items {
        table.row(vec![
            item.id.clone(),
            item.kind.to_string(),
            item.state.to_string(),
            item.period.to_string(),
            item.account_name.clone(),
            item.sku.clone(),
            item.expected.clone().unwrap_or_default(),
            item.actual.clone().unwrap_or_default(),
            money_text(item.impact, item.currency),
            item.currency.to_string(),
            item.severity.to_string(),
            recurrences.streak(item).to_string(),
            item.owner.clone().unwrap_or_default(),
        ]);
    }
    table.print("no discrepancy is open here")?;
    Ok(Exit::Done)
}

/// An item with its history, as both were known at an instant, else now.
async fn known_at(env: &Env, id: &str, as_of: Option<Timestamp>) -> Result<Shown, Failure> {
    let mut item = find(env, id).await?;
    let mut events = env.store.discrepancy_events(id).await?;
    if let Some(as_of) = as_of {
        let history: Vec<&DiscrepancyEvent> = events.iter().collect();
        let known = as_known(&item, &history, as_of);
        item = known.ok_or_else(|| ItemError::NoItem(format!("{id} as of {as_of}")))?;
        events.retain(|event| event.at <= as_of);
    }
    Ok(Shown {
        at: as_of.unwrap_or_else(|| env.clock.now()),
        item,
        events,
    })
}

async fn move_item(
    context: &Context,
    env: &Env,
    arguments: MoveArguments,
) -> Result<Exit, Failure> {
    let item = find(env, &arguments.id).await?;
    let dated = format!("the move of {}", item.id);
    refuse_kept(env, env.clock.now(), &dated).await?;
    let wanted = PersonMove {
        to: arguments.state,
        code: arguments.code,
        waiting_on: arguments.on,
        by: arguments.by.unwrap_or_else(login_name),
        approver: arguments.approver,
        note: arguments.note,
    };
    let branch = item.branch.as_deref();
    env.config.check_right(&wanted.by, Right::Work, branch)?;
    if let Some(approver) = &wanted.approver {
        env.config.check_right(approver, Right::Approve, branch)?;
        if wanted.code.or(item.code) == Some(ResolutionCode::WrittenOff) {
            refuse_own_cash(env, &item.account, approver).await?;
        }
    }
    let change = move_by_person(&item, wanted, env.clock.now())?;
    env.store
        .record_changes(std::slice::from_ref(&change))
        .await?;
    if context.json() {
        print_changed(env, &change).await?;
    } else {
        output::line(format!(
            "{}: {} -> {}",
            item.id, item.state, change.discrepancy.state
        ))?;
    }
    Ok(Exit::Done)
}

async fn print_changed(env: &Env, change: &DiscrepancyChange) -> Result<(), Failure> {
    let item = &change.discrepancy;
    let recurrences = Recurrences::of(env, std::slice::from_ref(item)).await?;
    output::json(&item_json(item, env.clock.now(), &recurrences))
}

async fn annotate(
    context: &Context,
    env: &Env,
    mut item: Discrepancy,
    action: &str,
    text: String,
    by: Option<String>,
) -> Result<Exit, Failure> {
    let now = env.clock.now();
    let dated = format!("what is noted of {}", item.id);
    refuse_kept(env, now, &dated).await?;
    let by = by.unwrap_or_else(login_name);
    env.config
        .check_right(&by, Right::Work, item.branch.as_deref())?;
    item.updated_at = now;
    let event = DiscrepancyEvent {
        discrepancy_id: item.id.clone(),
        at: now,
        actor: by,
        action: action.to_owned(),
        from_state: Some(item.state),
        to_state: item.state,
        code: None,
        note: Some(text),
        run_id: None,
        worth: None,
    };
    let change = DiscrepancyChange {
        was: Some(item.state),
        discrepancy: item,
        events: vec![event],
        approver: None,
    };
    env.store
        .record_changes(std::slice::from_ref(&change))
        .await?;
    if context.json() {
        print_changed(env, &change).await?;
    } else {
        output::line(format!("{}: {action}", change.discrepancy.id))?;
    }
    Ok(Exit::Done)
}

async fn export(
    env: &Env,
    items: &[Discrepancy],
    at: Timestamp,
    out: &std::path::Path,
) -> Result<Exit, Failure> {
    let ending = out
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default();
    let recurrences = Recurrences::of(env, items).await?;
    let rows: Vec<Value> = items
        .iter()
        .map(|item| item_json(item, at, &recurrences))
        .collect();
    let bytes = match ending {
        "csv" => csv(&rows).into_bytes(),
        "xlsx" => export_sheet(
            &SheetColumns {
                title: "Discrepancies",
                names: &header(),
                numbers: NUMBERS,
            },
            &rows,
        )?,
        _ => return Err(ItemError::Ending(out.to_owned()).into()),
    };
    write_private(out, &bytes).map_err(|cause| ItemError::Unwritable {
        path: out.to_owned(),
        cause,
    })?;
    output::line(format!("wrote {} items to {}", items.len(), out.display()))?;
    Ok(Exit::Done)
}
