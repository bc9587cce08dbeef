//! `crossfoot corrections`.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};

use super::context::Context;
use super::item::csv_of;
use super::item_filter::{Filter, select};
use super::output;
use crate::fault::{Exit, Failure, Fault, Retry};
use crate::money::money_text;
use crate::reconcile::{Correction, DiscrepancyState};
use crate::report::{SheetColumns, export_sheet};
use crate::scheduler::jobs::correct_records;
use crate::secret::write_private;
use crate::store::Access;

/// The header, in its order.
const HEADER: &[&str] = &[
    "id",
    "act",
    "choice",
    "system",
    "entity",
    "record_id",
    "record_number",
    "account_record",
    "field",
    "present",
    "proposed",
    "effect",
    "currency",
    "estimated",
    "code",
    "how",
    "discrepancy",
    "kind",
    "state",
    "severity",
    "rule",
    "period",
    "account",
    "account_name",
    "branch",
    "sku",
    "evidence",
];

#[derive(Debug, Subcommand)]
pub(super) enum CorrectionsVerb {
    /// Write what would put the open items right to a .csv, .xlsx or .json file; nothing is ever written
    /// to a vendor
    #[command(after_help = HELP)]
    Export {
        /// The file; its ending decides the format
        #[arg(long)]
        out: PathBuf,
        /// What else would do in place of the usual correction, too
        #[arg(long)]
        alternatives: bool,
        #[command(flatten)]
        filter: Filter,
    },
}

const HELP: &str = "Examples:
  crossfoot corrections export --out fixes.csv --period 2026-10
  crossfoot corrections export --out fixes.xlsx --kind DUPLICATE
  crossfoot corrections export --out fixes.json --alternatives

One row is one act on one field of one record:
  id             stable: the same proposal has the same id every night
  act            update | delete | merge | create | credit
  choice         1 what is usually done, or what a proposed resolution's code says; 2.. in place of it
  system         the source that holds the record; `crossfoot` for a merge or an alias of its own
  entity         contracts, usage, invoice_lines, accounts
  record_id      the record's id there; empty where it is to be created
  record_number  what people call it: an invoice's number, a contract's product
  account_record the customer's id in that system
  field, present, proposed   the field, its value, and the value that it should have
  effect         what it changes of what is billed: plus bills more; with its currency, and whether estimated
  code           the code for `discrepancies move ID resolved --code`
  how            how it is usually done
  discrepancy .. sku         the item that it comes from
  evidence       the records on both sides

Without --state or --all: the items that are open or proposed. A resolved item waits for its proof, and
a written-off one needs no correction.";

#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error("the file's ending is none of .csv, .xlsx, .json: {0}")]
    Ending(PathBuf),
    #[error("the file could not be written: {path}")]
    Unwritable {
        path: PathBuf,
        #[source]
        cause: std::io::Error,
    },
}

impl Fault for ExportError {
    fn code(&self) -> &'static str {
        match self {
            Self::Ending(_) => "XF-K043",
            Self::Unwritable { .. } => "XF-K044",
        }
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Ending(_) => "name a file as fixes.csv, fixes.xlsx or fixes.json".into(),
            Self::Unwritable { .. } => "name a file in a folder that you may write to".into(),
        })
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Ending(_) => Exit::Usage,
            Self::Unwritable { .. } => Exit::Failed,
        }
    }
}

pub(super) async fn run(context: &Context, verb: CorrectionsVerb) -> Result<Exit, Failure> {
    let CorrectionsVerb::Export {
        out,
        alternatives,
        filter,
    } = verb;
    let ending = out
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default()
        .to_lowercase();
    if !["csv", "xlsx", "json"].contains(&ending.as_str()) {
        return Err(ExportError::Ending(out).into());
    }
    let env = context.open(Access::Read).await?;
    let mut items = select(&env, &filter).await?;
    if filter.state.is_none() && !filter.all {
        items.retain(|item| item.state != DiscrepancyState::Resolved);
    }
    let corrections = correct_records(&env, &items, alternatives).await?;
    let rows: Vec<Value> = corrections.iter().map(correction_json).collect();
    let bytes = match ending.as_str() {
        "csv" => csv_of(HEADER, &rows).into_bytes(),
        "xlsx" => export_sheet(
            &SheetColumns {
                title: "Corrections",
                names: HEADER,
                numbers: &["choice", "effect"],
            },
            &rows,
        )?,
        _ => {
            let mut text = format!("{:#}", Value::from(rows.clone()));
            text.push('\n');
            text.into_bytes()
        }
    };
    write_private(&out, &bytes).map_err(|cause| ExportError::Unwritable {
        path: out.clone(),
        cause,
    })?;
    if context.json() {
        output::json(&json!({
            "file": out.display().to_string(),
            "items": items.len(),
            "corrections": rows.len(),
        }))?;
    } else {
        output::line(format!(
            "wrote {} corrections of {} items to {}",
            rows.len(),
            items.len(),
            out.display()
        ))?;
    }
    Ok(Exit::Done)
}

fn correction_json(one: &Correction) -> Value {
    json!({
        "id": one.id,
        "act": one.act,
        "choice": one.choice,
        "system": one.system,
        "entity": one.entity,
        "record_id": one.record_id,
        "record_number": one.record_number,
        "account_record": one.account_record,
        "field": one.field,
        "present": one.present,
        "proposed": one.proposed,
        "effect": money_text(one.effect, one.currency),
        "currency": one.currency,
        "estimated": one.estimated,
        "code": one.code,
        "how": one.how,
        "discrepancy": one.discrepancy,
        "kind": one.kind,
        "state": one.state,
        "severity": one.severity,
        "rule": one.rule,
        "period": one.period,
        "account": one.account,
        "account_name": one.account_name,
        "branch": one.branch,
        "sku": one.sku,
        "evidence": one.evidence,
    })
}
