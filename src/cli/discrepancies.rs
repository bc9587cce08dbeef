//! `crossfoot discrepancies`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::context::{Context, login_name};
use super::groups::print_groups;
use super::item::{csv, header, item_json};
use super::output::{self, Table};
use crate::env::Env;
use crate::fault::{Exit, Failure, Fault, Retry};
use crate::money::money_text;
use crate::period::Period;
use crate::reconcile::{
    Discrepancy, DiscrepancyEvent, DiscrepancyState, Glance, Kind, PersonMove, ResolutionCode,
    WaitingOn, group_findings, likely_cause_of_items, move_by_person,
};
use crate::report::export_sheet;
use crate::scheduler::jobs::load_ledger;
use crate::secret::write_private;
use crate::store::{Access, DiscrepancyChange, DiscrepancyFilter};

/// More items than these are told by what they have in common.
const LISTED_MAX: usize = 200;

#[derive(Debug, Subcommand)]
pub(super) enum DiscrepanciesVerb {
    /// The open items; --all shows every state
    #[command(
        after_help = "Examples:\n  crossfoot discrepancies list --period 2026-10\n  crossfoot \
                            discrepancies list --kind DUPLICATE --all --json"
    )]
    List {
        #[command(flatten)]
        filter: Filter,
        /// Every item on a line of its own, however many they are
        #[arg(long)]
        full: bool,
    },
    /// One item: both sides by their own numbers, and its history
    Show {
        /// The item's id
        id: String,
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
pub(super) struct Filter {
    /// Only this period
    #[arg(long, value_name = "YYYY-MM")]
    period: Option<Period>,
    /// Only this kind, as QUANTITY
    #[arg(long)]
    kind: Option<Kind>,
    /// Only this state, as open
    #[arg(long)]
    state: Option<DiscrepancyState>,
    /// Only this account: a golden id or source:id
    #[arg(long)]
    account: Option<String>,
    /// Every state, the ended ones too
    #[arg(long)]
    all: bool,
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
            print_list(context, &env, &items)
        }
        DiscrepanciesVerb::Show { id } => show(context, &env, &id).await,
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
            export(&env, &items, &out)
        }
    }
}

async fn select(env: &Env, filter: &Filter) -> Result<Vec<Discrepancy>, Failure> {
    let states = match (filter.state, filter.all) {
        (Some(state), _) => vec![state],
        (None, true) => Vec::new(),
        (None, false) => DiscrepancyState::ALL
            .iter()
            .copied()
            .filter(|state| state.is_listed())
            .collect(),
    };
    let account = match &filter.account {
        Some(text) => Some(golden_id(env, text).await?),
        None => None,
    };
    let wanted = DiscrepancyFilter {
        periods: filter.period.into_iter().collect(),
        kind: filter.kind,
        states,
        account,
        ..DiscrepancyFilter::default()
    };
    env.store.discrepancies(&wanted).await
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

/// Many items by what they have in common, with a cause that explains nearly all of them.
async fn print_overview(env: &Env, items: &[Discrepancy]) -> Result<Exit, Failure> {
    output::line(output::bold(&format!("{} items", items.len())))?;
    print_groups(&group_findings(items.iter().map(Glance::from)))?;
    let ledger = load_ledger(env, env.clock.now(), false).await?;
    if let Some(cause) = likely_cause_of_items(items, &ledger.directory) {
        output::line(format!(
            "likely cause: {}",
            output::without_controls(&cause)
        ))?;
    }
    output::line(
        "too many to read: narrow them with --period, --kind, --account, list them all with --full \
         or --json, or write them to a file with `discrepancies export`",
    )?;
    Ok(Exit::Done)
}

fn print_list(context: &Context, env: &Env, items: &[Discrepancy]) -> Result<Exit, Failure> {
    if context.json() {
        let rows: Vec<Value> = items.iter().map(|item| item_json(item, env)).collect();
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
            item.owner.clone().unwrap_or_default(),
        ]);
    }
    table.print("no discrepancy is open here")?;
    Ok(Exit::Done)
}

async fn show(context: &Context, env: &Env, id: &str) -> Result<Exit, Failure> {
    let item = find(env, id).await?;
    let events = env.store.discrepancy_events(id).await?;
    if context.json() {
        let mut shown = item_json(&item, env);
        shown["sides"] = json!(item.sides);
        shown["history"] = json!(events);
        output::json(&shown)?;
        return Ok(Exit::Done);
    }
    output::line(output::bold(&format!(
        "{} {} {}",
        item.id, item.kind, item.state
    )))?;
    output::line(format!(
        "{} | {} | {} | rule {}",
        output::plain(&item.account_name),
        output::plain(&item.sku),
        item.period,
        item.rule
    ))?;
    output::line(format!(
        "{}: expected {}, actual {}; the unit: expected {}, actual {}; impact {} {}",
        item.field,
        item.expected.as_deref().unwrap_or("nothing"),
        item.actual.as_deref().unwrap_or("nothing"),
        money_text(item.unit_expected, item.currency),
        money_text(item.unit_actual, item.currency),
        money_text(item.impact, item.currency),
        item.currency
    ))?;
    let mut sides = Table::new(&[
        "side",
        "source",
        "entity",
        "id",
        "label",
        ">quantity",
        ">unit price",
        ">amount",
    ]);
    for side in &item.sides {
        let shown = |text: &Option<String>| text.clone().unwrap_or_default();
        sides.row(vec![
            side.side.clone(),
            side.source.clone(),
            side.entity.clone(),
            side.id.clone(),
            side.label.clone(),
            shown(&side.quantity),
            shown(&side.unit_price),
            shown(&side.amount),
        ]);
    }
    output::line("")?;
    sides.print("no record stands on either side")?;
    let mut history = Table::new(&["at", "who", "what", "from", "to", "code", "note"]);
    for event in &events {
        history.row(vec![
            event.at.to_string(),
            event.actor.clone(),
            event.action.clone(),
            event
                .from_state
                .map(|state| state.to_string())
                .unwrap_or_default(),
            event.to_state.to_string(),
            event.code.map(|code| code.to_string()).unwrap_or_default(),
            event.note.clone().unwrap_or_default(),
        ]);
    }
    output::line("")?;
    history.print("it has no history")?;
    Ok(Exit::Done)
}

async fn move_item(
    context: &Context,
    env: &Env,
    arguments: MoveArguments,
) -> Result<Exit, Failure> {
    let item = find(env, &arguments.id).await?;
    let wanted = PersonMove {
        to: arguments.state,
        code: arguments.code,
        waiting_on: arguments.on,
        by: arguments.by.unwrap_or_else(login_name),
        approver: arguments.approver,
        note: arguments.note,
    };
    let change = move_by_person(&item, wanted, env.clock.now())?;
    env.store
        .record_changes(std::slice::from_ref(&change))
        .await?;
    if context.json() {
        output::json(&item_json(&change.discrepancy, env))?;
    } else {
        output::line(format!(
            "{}: {} -> {}",
            item.id, item.state, change.discrepancy.state
        ))?;
    }
    Ok(Exit::Done)
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
    item.updated_at = now;
    let event = DiscrepancyEvent {
        discrepancy_id: item.id.clone(),
        at: now,
        actor: by.unwrap_or_else(login_name),
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
        output::json(&item_json(&change.discrepancy, env))?;
    } else {
        output::line(format!("{}: {action}", change.discrepancy.id))?;
    }
    Ok(Exit::Done)
}

fn export(env: &Env, items: &[Discrepancy], out: &std::path::Path) -> Result<Exit, Failure> {
    let ending = out
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default();
    let rows: Vec<Value> = items.iter().map(|item| item_json(item, env)).collect();
    let bytes = match ending {
        "csv" => csv(&rows).into_bytes(),
        "xlsx" => export_sheet(&header(), &rows)?,
        _ => return Err(ItemError::Ending(out.to_owned()).into()),
    };
    write_private(out, &bytes).map_err(|cause| ItemError::Unwritable {
        path: out.to_owned(),
        cause,
    })?;
    output::line(format!("wrote {} items to {}", items.len(), out.display()))?;
    Ok(Exit::Done)
}
