//! What the systems say of their accounts, and which terms the contracts state.

use jiff::Timestamp;

use crate::reconcile::account_fields::{AccountRow, StatedTerms, UnlikeRhythm};
use crate::reconcile::error::ReconcileError;

use super::billing_legs::instant;
use super::columns::{Counts, Texts};
use super::session::{Session, is_of, next_batch};

const ACCOUNT_ROWS: &str = include_str!("sql/account_rows.sql");
const STATED_TERMS: &str = include_str!("sql/stated_terms.sql");
const UNLIKE_RHYTHMS: &str = include_str!("sql/unlike_rhythms.sql");
const DOING: &str = "reading the accounts";
const DOING_TERMS: &str = "reading the terms of the contracts";

/// Contracts that run at an instant.
fn is_active(at: Timestamp) -> String {
    let at = instant(at);
    format!(
        "coalesce(status, 'active') not in ('draft', 'cancelled', 'ended') \
         and starts_on <= {at} and (ends_on is null or ends_on > {at})"
    )
}

impl Session {
    /// Every living account, in the order of source and id.
    pub(crate) async fn account_rows(&self) -> Result<Vec<AccountRow>, ReconcileError> {
        let mut rows = Vec::new();
        let mut stream = self.stream(ACCOUNT_ROWS, DOING).await?;
        while let Some(batch) = next_batch(&mut stream, DOING).await? {
            let text = |column: &str| Texts::of(&batch, column);
            let (sources, ids, names) = (text("source")?, text("id")?, text("name")?);
            let (emails, streets, cities) = (text("email")?, text("street")?, text("city")?);
            let (regions, codes) = (text("region")?, text("postal_code")?);
            let (countries, tax_ids) = (text("country")?, text("tax_id")?);
            let (terms, links) = (text("payment_terms")?, text("linked_ids")?);
            for row in 0..batch.num_rows() {
                let stated = |column: &Texts| {
                    let told = column.get(row)?.trim();
                    (!told.is_empty()).then(|| told.to_owned())
                };
                rows.push(AccountRow {
                    source: sources.text(row),
                    id: ids.text(row),
                    name: names.text(row),
                    email: stated(&emails),
                    street: stated(&streets),
                    city: stated(&cities),
                    region: stated(&regions),
                    postal_code: stated(&codes),
                    country: stated(&countries),
                    tax_id: stated(&tax_ids),
                    payment_terms: stated(&terms),
                    linked_ids: links
                        .text(row)
                        .split(';')
                        .map(|link| link.trim().to_owned())
                        .filter(|link| !link.is_empty())
                        .collect(),
                });
            }
        }
        Ok(rows)
    }

    /// The payment terms that contracts of the sources state, of those that run at an instant.
    pub(crate) async fn stated_terms(
        &self,
        sold_by: &[&str],
        at: Timestamp,
    ) -> Result<Vec<StatedTerms>, ReconcileError> {
        let sql = STATED_TERMS
            .replace("{is_sold}", &is_of(sold_by))
            .replace("{is_active}", &is_active(at));
        let mut rows = Vec::new();
        let mut stream = self.stream(&sql, DOING_TERMS).await?;
        while let Some(batch) = next_batch(&mut stream, DOING_TERMS).await? {
            let text = |column: &str| Texts::of(&batch, column);
            let (accounts, skus, terms) = (text("account")?, text("sku")?, text("terms")?);
            let (sources, ids) = (text("source")?, text("id")?);
            for row in 0..batch.num_rows() {
                rows.push(StatedTerms {
                    account: accounts.text(row),
                    sku: skus.text(row),
                    source: sources.text(row),
                    id: ids.text(row),
                    terms: terms.text(row),
                });
            }
        }
        Ok(rows)
    }

    /// Products that the ones sell in another rhythm than the others bill: subscriptions of a
    /// billing system land as contracts.
    pub(crate) async fn unlike_rhythms(
        &self,
        sold_by: &[&str],
        subscribed_at: &[&str],
        at: Timestamp,
    ) -> Result<Vec<UnlikeRhythm>, ReconcileError> {
        let is_subscribed = is_of(subscribed_at);
        let sql = format!("select count(*) as extracted from contracts where {is_subscribed}");
        let mut subscriptions = 0;
        for batch in self.collect(&sql, DOING_TERMS).await? {
            subscriptions = Counts::of(&batch, "extracted")?.count(0);
        }
        let mut rows = Vec::new();
        if subscriptions == 0 {
            return Ok(rows);
        }
        let sql = UNLIKE_RHYTHMS
            .replace("{is_sold}", &is_of(sold_by))
            .replace("{is_subscribed}", &is_subscribed)
            .replace("{is_active}", &is_active(at));
        for batch in self.collect(&sql, DOING_TERMS).await? {
            let text = |column: &str| Texts::of(&batch, column);
            let (accounts, skus) = (text("account")?, text("sku")?);
            let (sold, billed) = (text("sold_in")?, text("billed_in")?);
            let (sold_by, sold_ids) = (text("sold_source")?, text("sold_record")?);
            let (billed_by, billed_ids) = (text("billed_source")?, text("billed_record")?);
            for row in 0..batch.num_rows() {
                rows.push(UnlikeRhythm {
                    account: accounts.text(row),
                    sku: skus.text(row),
                    sold: sold.text(row),
                    billed: billed.text(row),
                    sold_record: (sold_by.text(row), sold_ids.text(row)),
                    billed_record: (billed_by.text(row), billed_ids.text(row)),
                });
            }
        }
        Ok(rows)
    }
}
