//! The legs of a rule, added up to its units.

use rust_decimal::Decimal;

use datafusion::arrow::array::RecordBatch;

use crate::currency::Currency;
use crate::reconcile::error::ReconcileError;

use super::columns::{Counts, Numbers, Texts};
use super::plain_units::{Plain, PlainTotals};
use super::rule_query::{LegShape, RuleQuery};
use super::session::{Session, next_batch};

const DOING: &str = "adding up the legs of a rule";

/// One unit of a rule: rows and sums of every leg, in the order of the legs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleUnit {
    pub(crate) account: String,
    pub(crate) sku: String,
    pub(crate) currency: Currency,
    pub(crate) key: Vec<String>,
    pub(crate) legs: Vec<LegSums>,
}

/// What a leg has of a unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LegSums {
    /// Rows of the period.
    pub(crate) rows: u64,
    /// Rows shortly before or after it.
    pub(crate) near_rows: u64,
    /// The measures; of one that is absent from a row nothing is said.
    pub(crate) measures: Vec<Option<Measured>>,
    /// The least and the greatest text of the rows that have one.
    pub(crate) texts: Vec<Option<(String, String)>>,
}

/// A measure of the rows of a unit: their sum, or the least and the greatest of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Measured {
    pub(crate) least: Decimal,
    pub(crate) greatest: Decimal,
}

impl Session {
    /// Gives the units of a rule to `take`, in the order of their keys; those that are plainly equal
    /// may be counted instead. How many rows are expected decides nothing but how long it takes.
    pub(crate) async fn rule_units(
        &self,
        query: &RuleQuery<'_>,
        shapes: &[LegShape],
        plain: Option<&Plain<'_>>,
        rows_expected: u64,
        take: impl FnMut(RuleUnit) -> Result<(), ReconcileError>,
    ) -> Result<PlainTotals, ReconcileError> {
        if query.fields.is_empty() {
            return self
                .fold_rule(query, shapes, plain, rows_expected, take)
                .await;
        }
        self.sum_rule(query, shapes, take).await?;
        Ok(PlainTotals::default())
    }

    /// Adds up the legs of a rule that compares texts, by the engine's own sums.
    async fn sum_rule(
        &self,
        query: &RuleQuery<'_>,
        shapes: &[LegShape],
        mut take: impl FnMut(RuleUnit) -> Result<(), ReconcileError>,
    ) -> Result<(), ReconcileError> {
        let mut stream = self.stream(&query.sums(shapes), DOING).await?;
        let mut unit: Option<RuleUnit> = None;
        while let Some(batch) = next_batch(&mut stream, DOING).await? {
            let rows = SumRows::of(query, &batch)?;
            for row in 0..batch.num_rows() {
                if !unit.as_ref().is_some_and(|unit| rows.is_of(unit, row))
                    && let Some(whole) = unit.take()
                {
                    take(whole)?;
                }
                let one = match &mut unit {
                    Some(unit) => unit,
                    None => unit.insert(rows.begin(row, query.legs.len())?),
                };
                let at = usize::try_from(rows.leg.get(row)).unwrap_or_default();
                if let Some(leg) = one.legs.get_mut(at) {
                    *leg = rows.leg_sums(row)?;
                }
            }
        }
        unit.map_or(Ok(()), take)
    }

    /// Rows of every leg: all of them, and those that are not compared.
    pub(crate) async fn rule_row_counts(
        &self,
        query: &RuleQuery<'_>,
        shapes: &[LegShape],
    ) -> Result<Vec<(u64, u64)>, ReconcileError> {
        let mut counts = Vec::new();
        for (at, shape) in shapes.iter().enumerate() {
            let mut of_leg = (0, 0);
            for batch in self.collect(&query.counts(at, shape), DOING).await? {
                let extracted = Counts::of(&batch, "extracted")?;
                let excluded = Counts::of(&batch, "excluded")?;
                for row in 0..batch.num_rows() {
                    of_leg = (extracted.count(row), excluded.count(row));
                }
            }
            counts.push(of_leg);
        }
        Ok(counts)
    }
}

/// A batch of sums, by column.
struct SumRows {
    accounts: Texts,
    skus: Texts,
    currencies: Texts,
    keys: Vec<Texts>,
    leg: Counts,
    row_counts: Counts,
    near_counts: Option<Counts>,
    measures: Vec<(Counts, Numbers, Option<Numbers>)>,
    texts: Vec<(Texts, Texts)>,
}

impl SumRows {
    fn of(query: &RuleQuery<'_>, batch: &RecordBatch) -> Result<Self, ReconcileError> {
        let near_counts = match query.lag_days {
            Some(_) => Some(Counts::of(batch, "near_count")?),
            None => None,
        };
        let keys = (0..query.key.len()).map(|at| Texts::of(batch, &format!("key_{at}")));
        let measures = query.measures.iter().enumerate().map(|(at, measure)| {
            let greatest = if measure.is_sum {
                None
            } else {
                Some(Numbers::of(batch, &format!("greatest_{at}"))?)
            };
            Ok((
                Counts::of(batch, &format!("count_{at}"))?,
                Numbers::of(batch, &format!("least_{at}"))?,
                greatest,
            ))
        });
        let texts = (0..query.fields.len()).map(|at| {
            Ok((
                Texts::of(batch, &format!("first_{at}"))?,
                Texts::of(batch, &format!("last_{at}"))?,
            ))
        });
        Ok(Self {
            accounts: Texts::of(batch, "account")?,
            skus: Texts::of(batch, "sku")?,
            currencies: Texts::of(batch, "currency")?,
            keys: keys.collect::<Result<_, _>>()?,
            leg: Counts::of(batch, "leg")?,
            row_counts: Counts::of(batch, "row_count")?,
            near_counts,
            measures: measures.collect::<Result<_, ReconcileError>>()?,
            texts: texts.collect::<Result<_, ReconcileError>>()?,
        })
    }

    fn is_of(&self, unit: &RuleUnit, row: usize) -> bool {
        self.accounts.get(row) == Some(unit.account.as_str())
            && self.skus.get(row) == Some(unit.sku.as_str())
            && self.currencies.get(row) == Some(unit.currency.code())
            && self
                .keys
                .iter()
                .zip(&unit.key)
                .all(|(column, part)| column.get(row).unwrap_or_default() == part)
    }

    fn begin(&self, row: usize, legs: usize) -> Result<RuleUnit, ReconcileError> {
        Ok(RuleUnit {
            account: self.accounts.text(row),
            sku: self.skus.text(row),
            currency: self.currencies.currency(row)?,
            key: self.keys.iter().map(|column| column.text(row)).collect(),
            legs: vec![
                LegSums {
                    measures: vec![None; self.measures.len()],
                    texts: vec![None; self.texts.len()],
                    ..LegSums::default()
                };
                legs
            ],
        })
    }

    fn leg_sums(&self, row: usize) -> Result<LegSums, ReconcileError> {
        let rows = self.row_counts.count(row);
        let measures = self.measures.iter().map(|(count, least, greatest)| {
            if rows == 0 || count.count(row) < rows {
                return Ok(None);
            }
            let Some(least) = least.get(row)? else {
                return Ok(None);
            };
            let greatest = match greatest {
                Some(column) => column.get(row)?.unwrap_or(least),
                None => least,
            };
            Ok(Some(Measured { least, greatest }))
        });
        Ok(LegSums {
            rows,
            near_rows: self
                .near_counts
                .as_ref()
                .map_or(0, |column| column.count(row)),
            measures: measures.collect::<Result<_, ReconcileError>>()?,
            texts: self
                .texts
                .iter()
                .map(|(first, last)| Some((first.owned(row)?, last.owned(row)?)))
                .collect(),
        })
    }
}
