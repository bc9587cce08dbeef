//! Claimed services beside what was invoiced and paid for them.

use std::collections::{BTreeMap, BTreeSet};

use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use jiff::civil::Date;

use super::ledger::Ledger;
use super::reconcile_periods::entity_files;
use crate::canonical::{Entity, Record, parse_decimal};
use crate::env::Env;
use crate::fault::{Failure, Fault, Retry};
use crate::reconcile::cash::{
    CashBook, ClaimLine, ClaimNames, LineSums, ServiceClaim, claim_lines,
};
use crate::reconcile::{LandingQuestion, query, tables_named};

/// How many invoices one question to the landing names.
const INVOICES_ASKED_MAX: usize = 2_000;

/// The spellings of the products that are claimed.
const SKUS_CLAIMED: &str = "select distinct source, sku, canonical_sku(source, sku) as code from \
                            claims where sku is not null and reason_code is null and \
                            evidence_due_on is null";

#[derive(Debug, thiserror::Error)]
#[error("the landing's answer about claimed lines could not be read")]
struct UnreadableAnswer(#[source] ArrowError);

impl Fault for UnreadableAnswer {
    fn code(&self) -> &'static str {
        "XF-J126"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }
}

/// The claimed lines of every period, as they are paid by a day. Invoice lines are read only where
/// services were claimed.
pub(super) async fn claimed_lines(
    env: &Env,
    ledger: &Ledger,
    book: &CashBook,
    day: Date,
) -> Result<Vec<ClaimLine>, Failure> {
    let records: Vec<Record> = ledger.records(Entity::Claims)?;
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let mut codes: BTreeMap<(String, String), String> = BTreeMap::new();
    for [source, sku, code] in rows(env, ledger, SKUS_CLAIMED).await? {
        codes.insert((source, sku), code);
    }
    let account_of = |source: &str, id: &str| match ledger.directory.golden(source, id) {
        Some(account) => account.id.clone(),
        None => format!("unresolved:{source}:{id}"),
    };
    let branch_of = |golden: &str| {
        ledger
            .directory
            .get(golden)
            .and_then(|one| one.branch.clone())
    };
    let sku_of = |source: &str, sku: &str| {
        let known = codes.get(&(source.to_owned(), sku.to_owned()));
        known.map_or_else(|| sku.to_owned(), Clone::clone)
    };
    let claims = ServiceClaim::among(
        &records,
        book,
        &ClaimNames {
            account_of: &account_of,
            branch_of: &branch_of,
            sku_of: &sku_of,
        },
    );
    let wanted: BTreeSet<&str> = claims
        .iter()
        .flat_map(ServiceClaim::line_invoices)
        .map(String::as_str)
        .collect();
    let named: Vec<(&str, &str)> = book
        .invoices()
        .iter()
        .filter(|invoice| wanted.contains(invoice.key.as_str()))
        .map(|invoice| (invoice.source.as_str(), invoice.id.as_str()))
        .collect();
    let mut lines = LineSums::new();
    for some in named.chunks(INVOICES_ASKED_MAX) {
        for [invoice, sku, gross] in rows(env, ledger, &question(some)).await? {
            // A sum that cannot be read is no sum of nothing.
            let amount = parse_decimal(&gross).map_err(|reason| {
                UnreadableAnswer(ArrowError::ParseError(format!("`{gross}` {reason}")))
            })?;
            lines.insert((invoice, sku), amount);
        }
    }
    claim_lines(&claims, book, &lines, day)
}

/// What was invoiced of each product, with tax.
fn question(invoices: &[(&str, &str)]) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let keys: Vec<String> = invoices
        .iter()
        .map(|(source, id)| quoted(&format!("{source}:{id}")))
        .collect();
    let keys = keys.join(", ");
    // A line names its invoice by the id alone, or by source and id.
    format!(
        "select case when invoice_id in ({keys}) then invoice_id else source || ':' || invoice_id end \
         as invoice, canonical_sku(source, sku) as code, sum(net + coalesce(tax, 0)) as gross \
         from invoice_lines where source || ':' || invoice_id in ({keys}) or invoice_id in ({keys}) \
         group by 1, 2 order by 1, 2"
    )
}

/// The answer to a question of three columns, as texts; rows that lack one are passed over.
async fn rows(env: &Env, ledger: &Ledger, sql: &str) -> Result<Vec<[String; 3]>, Failure> {
    let answer = query(&LandingQuestion {
        sql,
        files: &entity_files(ledger, &tables_named(sql))?,
        directory: &ledger.directory,
        zone: &env.config.zone(None),
        sku_aliases: &env.config.reconcile.sku_aliases,
        memory_limit: env.config.engine.memory_limit.0,
        spill_dir: &env.spill_dir,
    })
    .await?;
    let options = FormatOptions::default();
    let mut rows = Vec::new();
    for batch in &answer.batches {
        let columns: Vec<ArrayFormatter<'_>> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
            .collect::<Result<_, _>>()
            .map_err(UnreadableAnswer)?;
        let [first, second, third] = columns.as_slice() else {
            continue;
        };
        for row in 0..batch.num_rows() {
            let text = |column: &ArrayFormatter<'_>| {
                column.value(row).try_to_string().map_err(UnreadableAnswer)
            };
            let is_null = batch.columns().iter().any(|column| column.is_null(row));
            if !is_null {
                rows.push([text(first)?, text(second)?, text(third)?]);
            }
        }
    }
    Ok(rows)
}
