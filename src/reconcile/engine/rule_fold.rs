//! The legs of a rule folded to units. What is plainly equal on all legs is only counted, by customer
//! and currency; every other unit is given whole, in the order of its key.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, RecordBatch};
use datafusion::arrow::compute::{cast, filter, not};
use datafusion::arrow::datatypes::{DataType, Decimal128Type};
use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;

use crate::reconcile::error::ReconcileError;

use super::figure_functions::{EXACT_SCALE, PRECISION};
use super::fold::{Fold, FoldShape, PLAIN_SCALE};
use super::plain_units::{Counted, Plain, PlainTotals, pack_unit, unpack_unit};
use super::rule_query::{LegShape, NAMELESS, RuleQuery};
use super::rule_units::RuleUnit;
use super::session::{Session, engine_error, next_batch};
use super::unit_sort::UnitSort;

const DOING: &str = "adding up the legs of a rule";
/// The fold's memory, whatever the engine has.
const FOLD_BYTES_MAX: u64 = 512 << 20;
/// Digits of a decimal that has room for two more decimals.
const ROOMY_PRECISION: u8 = 36;

impl Session {
    /// Folds the legs. Units that are plainly equal are counted; the others are given to `take` in the
    /// order of their key.
    pub(super) async fn fold_rule(
        &self,
        query: &RuleQuery<'_>,
        shapes: &[LegShape],
        plain: Option<&Plain<'_>>,
        rows_expected: u64,
        mut take: impl FnMut(RuleUnit) -> Result<(), ReconcileError>,
    ) -> Result<PlainTotals, ReconcileError> {
        let memory = usize::try_from((self.memory_limit / 2).min(FOLD_BYTES_MAX)).unwrap_or(0);
        let shape = shape_of(query, rows_expected);
        let mut fold = Fold::new(shape, memory, &self.spill_dir);
        for (leg, shape) in shapes.iter().enumerate() {
            let mut stream = self.stream(&query.leg_columns(leg, shape), DOING).await?;
            while let Some(batch) = next_batch(&mut stream, DOING).await? {
                take_batch(&mut fold, query, shape, leg, &batch)?;
            }
        }
        let mut folded = fold.finish()?;
        let mut sort = UnitSort::new(memory / 8, &self.spill_dir);
        let mut counted = Counted::new(query, plain, &folded);
        folded.each(|unit| {
            if counted.take(unit)? {
                return Ok(());
            }
            sort.push(|out| pack_unit(query, unit, out))
        })?;
        let totals = counted.totals(&folded)?;
        drop(folded);
        sort.each(|packed| take(unpack_unit(query, packed)?))?;
        Ok(totals)
    }
}

/// Rows that are only near are rows of a leg of their own, behind the others, without measures.
fn shape_of(query: &RuleQuery<'_>, rows_expected: u64) -> FoldShape {
    let legs = query.legs.len();
    let own = [NAMELESS, NAMELESS, query.default_currency.code()].into_iter();
    FoldShape {
        legs: if query.lag_days.is_some() {
            legs * 2
        } else {
            legs
        },
        absent_keys: own
            .chain(query.key.iter().map(|_| ""))
            .map(str::to_owned)
            .collect(),
        extremes: query.measures.iter().map(|one| !one.is_sum).collect(),
        rows_expected,
    }
}

fn take_batch(
    fold: &mut Fold,
    query: &RuleQuery<'_>,
    shape: &LegShape,
    leg: usize,
    batch: &RecordBatch,
) -> Result<(), ReconcileError> {
    let failed = |error| engine_error(DOING, DataFusionError::from(error));
    let column = |name: &str| -> Result<ArrayRef, ReconcileError> {
        batch
            .column_by_name(name)
            .cloned()
            .ok_or_else(|| ReconcileError::ColumnType {
                column: name.to_owned(),
                wanted: "a column of the leg",
                found: "no such column".to_owned(),
            })
    };
    let mut keys = vec![column("account")?, column("sku")?, column("currency")?];
    for at in 0..query.key.len() {
        keys.push(column(&format!("key_{at}"))?);
    }
    let mut measures = Vec::with_capacity(query.measures.len());
    for (at, measure) in query.measures.iter().enumerate() {
        let figures = match (shape.has(measure.name), measure.is_zero) {
            (true, is_zero) => {
                let figures = exact(&column(&format!("measure_{at}"))?).map_err(failed)?;
                Some(if is_zero {
                    without_nulls(&figures)
                } else {
                    figures
                })
            }
            (false, true) => Some(zeros(batch.num_rows())),
            (false, false) => None,
        };
        measures.push(figures.map(|figures| Arc::new(figures) as ArrayRef));
    }
    if query.lag_days.is_none() {
        return fold.add(leg, &keys, &measures);
    }
    let is_in = column("is_in")?;
    let is_in = is_in
        .as_boolean_opt()
        .ok_or_else(|| ReconcileError::ColumnType {
            column: "is_in".to_owned(),
            wanted: "true or false",
            found: is_in.data_type().to_string(),
        })?;
    let only = |array: &ArrayRef, rows| filter(array, rows).map_err(failed);
    let of_all = |arrays: &[ArrayRef], rows| -> Result<Vec<ArrayRef>, ReconcileError> {
        arrays.iter().map(|array| only(array, rows)).collect()
    };
    let near = not(is_in).map_err(failed)?;
    let measured: Vec<Option<ArrayRef>> = measures
        .iter()
        .map(|array| array.as_ref().map(|array| only(array, is_in)).transpose())
        .collect::<Result<_, _>>()?;
    fold.add(leg, &of_all(&keys, is_in)?, &measured)?;
    let nothing = vec![None; measures.len()];
    fold.add(query.legs.len() + leg, &of_all(&keys, &near)?, &nothing)
}

/// A measure as decimals of a scale that the fold takes: as it is landed, or with two more decimals.
fn exact(array: &ArrayRef) -> Result<Decimal128Array, ArrowError> {
    if let DataType::Decimal128(precision, PLAIN_SCALE) = array.data_type()
        && *precision <= ROOMY_PRECISION
    {
        return Ok(array.as_primitive::<Decimal128Type>().clone());
    }
    let kind = DataType::Decimal128(PRECISION, EXACT_SCALE);
    Ok(cast(array, &kind)?.as_primitive::<Decimal128Type>().clone())
}

fn without_nulls(figures: &Decimal128Array) -> Decimal128Array {
    if figures.null_count() == 0 {
        return figures.clone();
    }
    let values = figures.iter().map(Option::unwrap_or_default);
    Decimal128Array::from_iter_values(values).with_data_type(figures.data_type().clone())
}

fn zeros(rows: usize) -> Decimal128Array {
    Decimal128Array::from_iter_values(std::iter::repeat_n(0, rows))
        .with_data_type(DataType::Decimal128(PRECISION, EXACT_SCALE))
}
