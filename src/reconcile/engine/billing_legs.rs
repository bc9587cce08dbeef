//! Streaming the legs of the billing rule, group by group.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use datafusion::arrow::array::RecordBatch;

use crate::period::Period;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::legs::{BilledSum, ContractRow, LegGroup, UsageSum};

use super::columns::{Counts, Dates, Instants, Numbers, Texts};
use super::session::{Session, is_of, next_batch};

const BILLING_LEGS: &str = include_str!("sql/billing_legs.sql");
const USAGE_LEG: &str = include_str!("sql/usage_leg.sql");
const DOING: &str = "adding up the legs";
const IS_NAMED_SUSPECT: &str =
    " and is_suspect(golden_account(source, account_id), canonical_sku(source, sku))";
const IS_SUSPECT_LINE: &str = " and is_suspect(account, sku)";

/// Which rows the legs take.
#[derive(Debug, Clone)]
pub(crate) struct BillingScope<'a> {
    /// The compared period.
    pub(crate) period: Period,
    /// How many periods on either side are read beside it: none by the legs, which are sums of one
    /// period, some by the records of units that differ.
    pub(crate) reach: i32,
    /// The zone of the books.
    pub(crate) zone: &'a TimeZone,
    /// Whose contracts are the sold leg.
    pub(crate) sold_by: Vec<&'a str>,
    /// Whose usage is the used leg.
    pub(crate) used_by: Vec<&'a str>,
    /// Whose lines are the billed leg.
    pub(crate) billed_by: Vec<&'a str>,
    /// Whose usage is what vendors count.
    pub(crate) vended_by: Vec<&'a str>,
}

impl BillingScope<'_> {
    /// The same with some periods on either side.
    pub(crate) fn reaching(&self, reach: i32) -> Self {
        Self {
            reach,
            ..self.clone()
        }
    }

    /// Contracts of the sold leg, drafts left out.
    pub(super) fn is_sold(&self) -> String {
        format!(
            "{} and coalesce(status, 'active') <> 'draft'",
            is_of(&self.sold_by)
        )
    }

    /// Of these, the contracts that are active at some time of the compared period.
    pub(super) fn is_active(&self) -> String {
        let (start, end) = self.period.bounds(self.zone);
        format!(
            "{} and starts_on < {} and (ends_on > {} or (ends_on is null and \
             coalesce(status, 'active') not in ('cancelled', 'ended')))",
            self.is_sold(),
            instant(end),
            instant(start)
        )
    }

    /// Usage from the first period that is read to the last.
    pub(super) fn is_used(&self) -> String {
        self.is_usage_of(&self.used_by)
    }

    /// What vendors count, over the same periods.
    pub(super) fn is_vended(&self) -> String {
        self.is_usage_of(&self.vended_by)
    }

    fn is_usage_of(&self, sources: &[&str]) -> String {
        let first = self.period.shifted(-self.reach).bounds(self.zone).0;
        let last = self.period.shifted(self.reach).bounds(self.zone).1;
        format!(
            "{} and starts_on >= {} and starts_on < {}",
            is_of(sources),
            instant(first),
            instant(last)
        )
    }

    /// Lines from the first period that is read to the last.
    pub(super) fn is_billed(&self) -> String {
        format!(
            "{} and billed_on >= date '{}' and billed_on < date '{}'",
            is_of(&self.billed_by),
            self.period.shifted(-self.reach).first_day(),
            self.period.shifted(self.reach).end_day()
        )
    }
}

/// An instant as an SQL literal of the landed type.
pub(crate) fn instant(at: Timestamp) -> String {
    format!(
        "arrow_cast({}, 'Timestamp(Microsecond, Some(\"UTC\"))')",
        at.as_microsecond()
    )
}

impl Session {
    /// Streams the legs and gives each customer and product, whole, to `take`, in the order of their
    /// keys. Only one of them is held at a time. With `only`, nothing but these (account, sku) is added
    /// up and sorted.
    pub(crate) async fn billing_legs(
        &self,
        scope: &BillingScope<'_>,
        only: Option<&BTreeSet<(String, String)>>,
        mut take: impl FnMut(LegGroup) -> Result<(), ReconcileError>,
    ) -> Result<(), ReconcileError> {
        let (of_named, of_line) = match only {
            Some(units) => {
                self.know_suspects(units);
                (IS_NAMED_SUSPECT, IS_SUSPECT_LINE)
            }
            None => ("", ""),
        };
        let usage_leg = |leg: &str, is_measured: &str| {
            let text = USAGE_LEG.replace("{leg}", leg);
            text.replace("{is_measured}", &format!("{is_measured}{of_named}"))
        };
        let sql = BILLING_LEGS
            .replace("{used_leg}", &usage_leg("1", &scope.is_used()))
            .replace("{vended_leg}", &usage_leg("3", &scope.is_vended()))
            .replace("{is_sold}", &format!("{}{of_named}", scope.is_sold()))
            .replace("{is_billed}", &format!("{}{of_line}", scope.is_billed()))
            .replace(
                "{no_instant}",
                "arrow_cast(null, 'Timestamp(Microsecond, Some(\"UTC\"))')",
            );
        let mut stream = self.stream(&sql, DOING).await?;
        let mut current: Option<LegGroup> = None;
        while let Some(batch) = next_batch(&mut stream, DOING).await? {
            let columns = LegColumns::of(&batch)?;
            for row in 0..batch.num_rows() {
                let (account, sku) = (columns.account.text(row), columns.sku.text(row));
                let is_same = current
                    .as_ref()
                    .is_some_and(|group| group.account == account && group.sku == sku);
                if !is_same {
                    if let Some(complete) = current.take() {
                        take(complete)?;
                    }
                    current = Some(LegGroup {
                        account,
                        sku,
                        ..LegGroup::default()
                    });
                }
                if let Some(group) = current.as_mut() {
                    columns.read_into(group, row)?;
                }
            }
        }
        match current {
            Some(last) => take(last),
            None => Ok(()),
        }
    }
}

struct LegColumns {
    leg: Counts,
    account: Texts,
    sku: Texts,
    source: Texts,
    id: Texts,
    branch: Texts,
    currency: Texts,
    quantity: Numbers,
    net: Numbers,
    tax: Numbers,
    row_count: Counts,
    unmeasured_count: Counts,
    untaxed_count: Counts,
    unit_price: Numbers,
    discount_percent: Numbers,
    discount_ends_on: Dates,
    starts_on: Instants,
    ends_on: Instants,
    frequency: Texts,
    model: Texts,
    commit_quantity: Numbers,
    overage_price: Numbers,
    proration: Texts,
    status: Texts,
    tax_rate: Numbers,
}

impl LegColumns {
    fn of(batch: &RecordBatch) -> Result<Self, ReconcileError> {
        Ok(Self {
            leg: Counts::of(batch, "leg")?,
            account: Texts::of(batch, "account")?,
            sku: Texts::of(batch, "sku")?,
            source: Texts::of(batch, "source")?,
            id: Texts::of(batch, "id")?,
            branch: Texts::of(batch, "branch")?,
            currency: Texts::of(batch, "currency")?,
            quantity: Numbers::of(batch, "quantity")?,
            net: Numbers::of(batch, "net")?,
            tax: Numbers::of(batch, "tax")?,
            row_count: Counts::of(batch, "row_count")?,
            unmeasured_count: Counts::of(batch, "unmeasured_count")?,
            untaxed_count: Counts::of(batch, "untaxed_count")?,
            unit_price: Numbers::of(batch, "unit_price")?,
            discount_percent: Numbers::of(batch, "discount_percent")?,
            discount_ends_on: Dates::of(batch, "discount_ends_on")?,
            starts_on: Instants::of(batch, "starts_on")?,
            ends_on: Instants::of(batch, "ends_on")?,
            frequency: Texts::of(batch, "frequency")?,
            model: Texts::of(batch, "model")?,
            commit_quantity: Numbers::of(batch, "commit_quantity")?,
            overage_price: Numbers::of(batch, "overage_price")?,
            proration: Texts::of(batch, "proration")?,
            status: Texts::of(batch, "status")?,
            tax_rate: Numbers::of(batch, "tax_rate")?,
        })
    }

    fn read_into(&self, group: &mut LegGroup, row: usize) -> Result<(), ReconcileError> {
        match self.leg.get(row) {
            0 => group.contracts.push(ContractRow {
                source: self.source.text(row),
                id: self.id.text(row),
                branch: self.branch.owned(row),
                currency: self.currency.currency(row)?,
                quantity: self.quantity.number(row)?,
                unit_price: self.unit_price.number(row)?,
                discount_percent: self.discount_percent.get(row)?,
                discount_ends_on: self.discount_ends_on.get(row),
                starts_on: self.starts_on.get(row).unwrap_or(Timestamp::MIN),
                ends_on: self.ends_on.get(row),
                frequency: self.frequency.owned(row),
                model: self.model.owned(row),
                commit_quantity: self.commit_quantity.get(row)?,
                overage_price: self.overage_price.get(row)?,
                proration: self.proration.owned(row),
                status: self.status.owned(row),
                tax_rate: self.tax_rate.get(row)?,
            }),
            1 => group.usage.push(self.usage(row)?),
            3 => group.vended.push(self.usage(row)?),
            _ => group.billed.push(BilledSum {
                source: self.source.text(row),
                branch: self.branch.owned(row),
                currency: self.currency.currency(row)?,
                quantity: if self.unmeasured_count.get(row) == 0 {
                    self.quantity.get(row)?
                } else {
                    None
                },
                net: self.net.number(row)?,
                tax: if self.untaxed_count.get(row) == 0 {
                    self.tax.get(row)?
                } else {
                    None
                },
                line_count: self.row_count.count(row),
            }),
        }
        Ok(())
    }

    fn usage(&self, row: usize) -> Result<UsageSum, ReconcileError> {
        Ok(UsageSum {
            source: self.source.text(row),
            branch: self.branch.owned(row),
            starts_on: self.starts_on.get(row).unwrap_or(Timestamp::MIN),
            quantity: self.quantity.number(row)?,
            row_count: self.row_count.count(row),
        })
    }
}
