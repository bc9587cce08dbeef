//! What would put items right: the landing says which invoices stand behind them, the book says
//! which items belong together.

use std::collections::{BTreeMap, BTreeSet};

use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::ledger::load_ledger;
use super::query_landing::query_landing;
use crate::canonical::Entity;
use crate::env::Env;
use crate::fault::{Failure, Fault, Retry};
use crate::reconcile::{
    BilledFacts, Correction, CorrectionFacts, Discrepancy, QueryResult, propose_corrections,
};
use crate::store::DiscrepancyFilter;

/// How many lines one question to the landing names.
const LINES_ASKED_MAX: usize = 2_000;

#[derive(Debug, thiserror::Error)]
#[error("the landing's answer about billed lines could not be read")]
struct UnreadableAnswer(#[source] arrow::error::ArrowError);

impl Fault for UnreadableAnswer {
    fn code(&self) -> &'static str {
        "XF-J121"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }
}

/// The corrections of items, in the order of the items.
pub async fn correct_records(
    env: &Env,
    items: &[Discrepancy],
    alternatives: bool,
) -> Result<Vec<Correction>, Failure> {
    let ledger = load_ledger(env, env.clock.now(), false).await?;
    let lines: BTreeSet<(&str, &str)> = items
        .iter()
        .flat_map(|item| &item.sides)
        .filter(|side| side.entity == Entity::InvoiceLines.name())
        .map(|side| (side.source.as_str(), side.id.as_str()))
        .collect();
    let lines: Vec<(&str, &str)> = lines.into_iter().collect();
    let mut billed = BTreeMap::new();
    for some in lines.chunks(LINES_ASKED_MAX) {
        let answer = query_landing(env, &question(some), ledger.as_of).await?;
        billed.extend(facts_of(&answer).map_err(UnreadableAnswer)?);
    }
    let linked = linked_accounts(env, items).await?;
    let facts = CorrectionFacts {
        billed: &billed,
        directory: &ledger.directory,
        roles: &ledger.roles,
        linked: &linked,
    };
    Ok(items
        .iter()
        .flat_map(|item| propose_corrections(item, &facts, alternatives))
        .collect())
}

/// The accounts of the items that others name as their other half.
async fn linked_accounts(
    env: &Env,
    items: &[Discrepancy],
) -> Result<BTreeMap<String, (String, String)>, Failure> {
    let mut linked = BTreeMap::new();
    let ids: BTreeSet<&String> = items
        .iter()
        .filter_map(|item| item.linked_id.as_ref())
        .collect();
    for id in ids {
        let filter = DiscrepancyFilter {
            id: Some(id.clone()),
            ..DiscrepancyFilter::default()
        };
        if let Some(other) = env.store.discrepancies(&filter).await?.into_iter().next() {
            linked.insert(id.clone(), (other.account, other.account_name));
        }
    }
    Ok(linked)
}

/// When the invoices of some lines were issued, and how they stand.
fn question(lines: &[(&str, &str)]) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let ids: Vec<String> = lines.iter().map(|(_, id)| quoted(id)).collect();
    let sources: BTreeSet<String> = lines.iter().map(|(source, _)| quoted(source)).collect();
    let sources: Vec<String> = sources.into_iter().collect();
    format!(
        "select l.source, l.id, cast(i.issued_on as varchar) as issued_on, i.status \
         from invoice_lines l join invoices i on i.source = l.source and i.id = l.invoice_id \
         where l.source in ({}) and l.id in ({})",
        sources.join(", "),
        ids.join(", ")
    )
}

fn facts_of(
    answer: &QueryResult,
) -> Result<BTreeMap<(String, String), BilledFacts>, arrow::error::ArrowError> {
    let options = FormatOptions::default();
    let mut facts = BTreeMap::new();
    for batch in &answer.batches {
        let columns: Vec<ArrayFormatter<'_>> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
            .collect::<Result<_, _>>()?;
        for row in 0..batch.num_rows() {
            let cell = |at: usize| -> Result<Option<String>, arrow::error::ArrowError> {
                if batch.column(at).is_null(row) {
                    return Ok(None);
                }
                columns[at].value(row).try_to_string().map(Some)
            };
            let key = (cell(0)?.unwrap_or_default(), cell(1)?.unwrap_or_default());
            let told = BilledFacts {
                issued_on: cell(2)?,
                status: cell(3)?,
            };
            facts.insert(key, told);
        }
    }
    Ok(facts)
}
