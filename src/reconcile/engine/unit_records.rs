//! The records behind the units that differ.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::reconcile::error::ReconcileError;
use crate::reconcile::legs::{BilledLine, UnitRecords, UsageRow};

use super::billing_legs::BillingScope;
use super::columns::{Counts, Dates, Numbers, Texts};
use super::session::{Session, next_batch};

const SUSPECT_LINES: &str = include_str!("sql/suspect_lines.sql");
const SUSPECT_USAGE: &str = include_str!("sql/suspect_usage.sql");
const DOING: &str = "reading the records of the units that differ";

impl Session {
    /// The lines around the period and the usage of the period of each suspect (account, sku).
    pub(crate) async fn unit_records(
        &self,
        scope: &BillingScope<'_>,
        suspects: &BTreeSet<(String, String)>,
    ) -> Result<BTreeMap<(String, String), UnitRecords>, ReconcileError> {
        let mut records: BTreeMap<(String, String), UnitRecords> = BTreeMap::new();
        if suspects.is_empty() {
            return Ok(records);
        }
        self.know_suspects(suspects);
        let sql = SUSPECT_LINES
            .replace("{is_billed}", &scope.is_billed())
            .replace("{billed_offset}", &scope.billed_offset());
        let mut stream = self.stream(&sql, DOING).await?;
        while let Some(batch) = next_batch(&mut stream, DOING).await? {
            let text = |column: &str| Texts::of(&batch, column);
            let (accounts, skus) = (text("account")?, text("sku")?);
            let (sources, ids) = (text("source")?, text("id")?);
            let (invoice_ids, numbers) = (text("invoice_id")?, text("number")?);
            let currencies = text("currency")?;
            let offsets = Counts::of(&batch, "period_offset")?;
            let issued = Dates::of(&batch, "issued_on")?;
            let billed = Dates::of(&batch, "billed_on")?;
            let service_from = Dates::of(&batch, "service_from")?;
            let service_to = Dates::of(&batch, "service_to")?;
            let quantities = Numbers::of(&batch, "quantity")?;
            let prices = Numbers::of(&batch, "unit_price")?;
            let nets = Numbers::of(&batch, "net")?;
            for row in 0..batch.num_rows() {
                let line = BilledLine {
                    source: sources.text(row),
                    id: ids.text(row),
                    invoice_id: invoice_ids.text(row),
                    number: numbers.text(row),
                    issued_on: issued.get(row).unwrap_or(Date::MIN),
                    currency: currencies.currency(row)?,
                    offset: offsets.offset(row),
                    billed_on: billed.get(row).unwrap_or(Date::MIN),
                    service_from: service_from.get(row),
                    service_to: service_to.get(row),
                    quantity: quantities.get(row)?,
                    unit_price: prices.get(row)?,
                    net: nets.number(row)?,
                };
                let key = (accounts.text(row), skus.text(row));
                records.entry(key).or_default().lines.push(line);
            }
        }
        self.add_usage(scope, &mut records).await?;
        Ok(records)
    }

    async fn add_usage(
        &self,
        scope: &BillingScope<'_>,
        records: &mut BTreeMap<(String, String), UnitRecords>,
    ) -> Result<(), ReconcileError> {
        let period_only = BillingScope {
            max_shift: 0,
            ..scope.clone()
        };
        let sql = SUSPECT_USAGE.replace("{is_used}", &period_only.is_used());
        let mut stream = self.stream(&sql, DOING).await?;
        while let Some(batch) = next_batch(&mut stream, DOING).await? {
            let accounts = Texts::of(&batch, "account")?;
            let skus = Texts::of(&batch, "sku")?;
            let sources = Texts::of(&batch, "source")?;
            let ids = Texts::of(&batch, "id")?;
            let quantities = Numbers::of(&batch, "quantity")?;
            for row in 0..batch.num_rows() {
                let usage = UsageRow {
                    source: sources.text(row),
                    id: ids.text(row),
                    quantity: quantities.number(row)?,
                };
                let key = (accounts.text(row), skus.text(row));
                records.entry(key).or_default().usage.push(usage);
            }
        }
        Ok(())
    }
}
