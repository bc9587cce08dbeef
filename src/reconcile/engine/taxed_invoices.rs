//! Invoices whose tax is rounded as a whole, line by line with the contract's rate.

use jiff::civil::Date;

use crate::period::Period;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::legs::{TaxedInvoice, TaxedLine};

use super::billing_legs::BillingScope;
use super::columns::{Dates, Numbers, Texts};
use super::session::{Session, next_batch};

const TAXED_LINES: &str = include_str!("sql/taxed_lines.sql");
const DOING: &str = "reading the taxes of invoices";

impl Session {
    /// Gives each invoice of the scope's billing sources, whole, to `take`. Only one of them is held
    /// at a time.
    pub(crate) async fn taxed_invoices(
        &self,
        scope: &BillingScope<'_>,
        mut take: impl FnMut(TaxedInvoice) -> Result<(), ReconcileError>,
    ) -> Result<(), ReconcileError> {
        let sql = TAXED_LINES
            .replace("{is_active}", &scope.is_active())
            .replace("{is_billed}", &scope.is_billed());
        let mut stream = self.stream(&sql, DOING).await?;
        let mut current: Option<TaxedInvoice> = None;
        while let Some(batch) = next_batch(&mut stream, DOING).await? {
            let text = |column: &str| Texts::of(&batch, column);
            let (invoices, sources) = (text("invoice")?, text("source")?);
            let (accounts, skus) = (text("account")?, text("sku")?);
            let currencies = text("currency")?;
            let nets = Numbers::of(&batch, "net")?;
            let taxes = Numbers::of(&batch, "tax")?;
            let totals = Numbers::of(&batch, "invoice_tax")?;
            let rates = Numbers::of(&batch, "rate")?;
            let days = Dates::of(&batch, "billed_on")?;
            for row in 0..batch.num_rows() {
                let key = invoices.text(row);
                if current.as_ref().is_some_and(|open| open.key != key)
                    && let Some(complete) = current.take()
                {
                    take(complete)?;
                }
                let currency = currencies.currency(row)?;
                let invoice = current.get_or_insert_with(|| TaxedInvoice {
                    key,
                    source: sources.text(row),
                    tax: None,
                    lines: Vec::new(),
                });
                invoice.tax = totals.get(row)?;
                let billed_on = days.get(row).unwrap_or(Date::MIN);
                invoice.lines.push(TaxedLine {
                    account: accounts.text(row),
                    sku: skus.text(row),
                    currency,
                    offset: Period::of(billed_on).months_since(scope.period),
                    net: nets.number(row)?,
                    tax: taxes.get(row)?,
                    rate: rates.get(row)?,
                });
            }
        }
        match current {
            Some(last) => take(last),
            None => Ok(()),
        }
    }
}
