//! The records behind the units that differ.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;

use crate::period::Period;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::legs::{BilledLine, UnitRecords, UsageRow};

use super::billing_legs::BillingScope;
use super::columns::{Counts, Dates, Instants, Numbers, Texts};
use super::session::{Session, next_batch};

const SUSPECT_LINES: &str = include_str!("sql/suspect_lines.sql");
const SUSPECT_USAGE: &str = include_str!("sql/suspect_usage.sql");
const DOING: &str = "reading the records of the units that differ";

impl Session {
    /// The lines and the usage around the period of each suspect (account, sku), as far as the scope
    /// reaches, and what vendors count in the period.
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
        let sql = SUSPECT_LINES.replace("{is_billed}", &scope.is_billed());
        let mut stream = self.stream(&sql, DOING).await?;
        while let Some(batch) = next_batch(&mut stream, DOING).await? {
            let text = |column: &str| Texts::of(&batch, column);
            let (accounts, skus) = (text("account")?, text("sku")?);
            let (sources, ids) = (text("source")?, text("id")?);
            let (invoice_ids, numbers) = (text("invoice_id")?, text("number")?);
            let currencies = text("currency")?;
            let issued = Dates::of(&batch, "issued_on")?;
            let billed = Dates::of(&batch, "billed_on")?;
            let service_from = Dates::of(&batch, "service_from")?;
            let service_to = Dates::of(&batch, "service_to")?;
            let quantities = Numbers::of(&batch, "quantity")?;
            let prices = Numbers::of(&batch, "unit_price")?;
            let nets = Numbers::of(&batch, "net")?;
            let taxes = Numbers::of(&batch, "tax")?;
            for row in 0..batch.num_rows() {
                let billed_on = billed.get(row).unwrap_or(Date::MIN);
                let line = BilledLine {
                    source: sources.text(row),
                    id: ids.text(row),
                    invoice_id: invoice_ids.text(row),
                    number: numbers.text(row),
                    issued_on: issued.get(row).unwrap_or(Date::MIN),
                    currency: currencies.currency(row)?,
                    offset: Period::of(billed_on).months_since(scope.period),
                    billed_on,
                    service_from: service_from.get(row),
                    service_to: service_to.get(row),
                    quantity: quantities.get(row)?,
                    unit_price: prices.get(row)?,
                    net: nets.number(row)?,
                    tax: taxes.get(row)?,
                };
                let key = (accounts.text(row), skus.text(row));
                records.entry(key).or_default().lines.push(line);
            }
        }
        let usage = self.usage_rows(scope, &scope.is_used()).await?;
        for (key, row) in usage {
            records.entry(key).or_default().usage.push(row);
        }
        let vended = self
            .usage_rows(scope, &scope.reaching(0).is_vended())
            .await?;
        for (key, row) in vended {
            records.entry(key).or_default().vended.push(row);
        }
        Ok(records)
    }

    async fn usage_rows(
        &self,
        scope: &BillingScope<'_>,
        is_taken: &str,
    ) -> Result<Vec<((String, String), UsageRow)>, ReconcileError> {
        let mut rows = Vec::new();
        let sql = SUSPECT_USAGE.replace("{is_taken}", is_taken);
        let mut stream = self.stream(&sql, DOING).await?;
        while let Some(batch) = next_batch(&mut stream, DOING).await? {
            let accounts = Texts::of(&batch, "account")?;
            let skus = Texts::of(&batch, "sku")?;
            let sources = Texts::of(&batch, "source")?;
            let ids = Texts::of(&batch, "id")?;
            let starts = Instants::of(&batch, "starts_on")?;
            let quantities = Numbers::of(&batch, "quantity")?;
            for row in 0..batch.num_rows() {
                let starts_on = starts.get(row).unwrap_or(Timestamp::MIN);
                let usage = UsageRow {
                    source: sources.text(row),
                    id: ids.text(row),
                    offset: Period::at(starts_on, scope.zone).months_since(scope.period),
                    starts_on,
                    quantity: quantities.number(row)?,
                };
                rows.push(((accounts.text(row), skus.text(row)), usage));
            }
        }
        Ok(rows)
    }

    /// How many lines are billed in each period as far as the scope reaches, by how many periods after
    /// the compared one it lies.
    pub(crate) async fn billed_lines(
        &self,
        scope: &BillingScope<'_>,
    ) -> Result<BTreeMap<i32, u64>, ReconcileError> {
        let sql = format!(
            "select billed_on, count(*) as line_count from billed_lines where {} \
             group by billed_on order by billed_on",
            scope.is_billed()
        );
        let mut lines: BTreeMap<i32, u64> = BTreeMap::new();
        for batch in self.collect(&sql, DOING).await? {
            let days = Dates::of(&batch, "billed_on")?;
            let counts = Counts::of(&batch, "line_count")?;
            for row in 0..batch.num_rows() {
                if let Some(day) = days.get(row) {
                    let offset = Period::of(day).months_since(scope.period);
                    *lines.entry(offset).or_default() += counts.count(row);
                }
            }
        }
        Ok(lines)
    }
}
