//! Reading the columns of an answer, typed and named in errors.

use datafusion::arrow::array::{
    Array, AsArray, Date32Array, Decimal128Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, TimestampMicrosecondType,
};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use rust_decimal::Decimal;

use crate::currency::Currency;
use crate::reconcile::error::ReconcileError;

/// A column of texts.
pub(super) struct Texts(StringArray);

impl Texts {
    pub(super) fn of(batch: &RecordBatch, column: &str) -> Result<Self, ReconcileError> {
        let array = typed(batch, column, &DataType::Utf8, "text")?;
        let texts = array.as_string_opt::<i32>().cloned();
        texts
            .map(Self)
            .ok_or_else(|| mistyped(column, "text", array.data_type()))
    }

    pub(super) fn get(&self, row: usize) -> Option<&str> {
        (!self.0.is_null(row)).then(|| self.0.value(row))
    }

    pub(super) fn text(&self, row: usize) -> String {
        self.get(row).unwrap_or_default().to_owned()
    }

    pub(super) fn owned(&self, row: usize) -> Option<String> {
        self.get(row).map(str::to_owned)
    }

    pub(super) fn currency(&self, row: usize) -> Result<Currency, ReconcileError> {
        let code = self.get(row).unwrap_or_default();
        code.parse()
            .map_err(|_| ReconcileError::NoCurrency(format!("`{code}`")))
    }
}

/// A column of exact numbers.
pub(super) struct Numbers {
    column: String,
    array: Decimal128Array,
}

impl Numbers {
    /// Takes decimals and integers; a float is no exact number and is refused.
    pub(super) fn of(batch: &RecordBatch, column: &str) -> Result<Self, ReconcileError> {
        let array = find(batch, column)?;
        let exact = match array.data_type() {
            DataType::Decimal128(_, _) => array.clone(),
            kind if kind.is_integer() || *kind == DataType::Null => {
                cast(array, &DataType::Decimal128(38, 10))
                    .map_err(|_| mistyped(column, "a decimal", kind))?
            }
            kind => return Err(mistyped(column, "a decimal", kind)),
        };
        let array = exact
            .as_primitive_opt::<Decimal128Type>()
            .cloned()
            .ok_or_else(|| mistyped(column, "a decimal", exact.data_type()))?;
        Ok(Self {
            column: column.to_owned(),
            array,
        })
    }

    pub(super) fn get(&self, row: usize) -> Result<Option<Decimal>, ReconcileError> {
        if self.array.is_null(row) {
            return Ok(None);
        }
        let overflow = || ReconcileError::Overflow(format!("column `{}`", self.column));
        let scale = u32::try_from(self.array.scale()).map_err(|_| overflow())?;
        let mut unscaled = self.array.value(row);
        let mut scale_left = scale;
        // A wide sum often has zeros to spare; without them it may fit an exact decimal.
        while scale_left > 0 && unscaled % 10 == 0 {
            unscaled /= 10;
            scale_left -= 1;
        }
        Decimal::try_from_i128_with_scale(unscaled, scale_left)
            .map(|number| Some(number.normalize()))
            .map_err(|_| overflow())
    }

    /// The number of a column that always has one: an absent one is no zero.
    pub(super) fn number(&self, row: usize) -> Result<Decimal, ReconcileError> {
        self.get(row)?.ok_or_else(|| ReconcileError::ColumnType {
            column: self.column.clone(),
            wanted: "a decimal",
            found: "nothing".into(),
        })
    }
}

/// A column of whole numbers.
pub(super) struct Counts(datafusion::arrow::array::Int64Array);

impl Counts {
    pub(super) fn of(batch: &RecordBatch, column: &str) -> Result<Self, ReconcileError> {
        let array = typed(batch, column, &DataType::Int64, "a whole number")?;
        array
            .as_primitive_opt()
            .cloned()
            .map(Self)
            .ok_or_else(|| mistyped(column, "a whole number", array.data_type()))
    }

    pub(super) fn get(&self, row: usize) -> i64 {
        if self.0.is_null(row) {
            0
        } else {
            self.0.value(row)
        }
    }

    pub(super) fn count(&self, row: usize) -> u64 {
        u64::try_from(self.get(row)).unwrap_or_default()
    }
}

/// A column of dates.
pub(super) struct Dates(Date32Array);

impl Dates {
    pub(super) fn of(batch: &RecordBatch, column: &str) -> Result<Self, ReconcileError> {
        let array = find(batch, column)?;
        array
            .as_primitive_opt::<Date32Type>()
            .cloned()
            .map(Self)
            .ok_or_else(|| mistyped(column, "a date", array.data_type()))
    }

    pub(super) fn get(&self, row: usize) -> Option<Date> {
        if self.0.is_null(row) {
            return None;
        }
        jiff::civil::date(1970, 1, 1)
            .checked_add(self.0.value(row).days())
            .ok()
    }
}

/// A column of instants.
pub(super) struct Instants(TimestampMicrosecondArray);

impl Instants {
    pub(super) fn of(batch: &RecordBatch, column: &str) -> Result<Self, ReconcileError> {
        let array = find(batch, column)?;
        array
            .as_primitive_opt::<TimestampMicrosecondType>()
            .cloned()
            .map(Self)
            .ok_or_else(|| mistyped(column, "an instant", array.data_type()))
    }

    pub(super) fn get(&self, row: usize) -> Option<Timestamp> {
        if self.0.is_null(row) {
            return None;
        }
        Timestamp::from_microsecond(self.0.value(row)).ok()
    }
}

fn find<'b>(
    batch: &'b RecordBatch,
    column: &str,
) -> Result<&'b datafusion::arrow::array::ArrayRef, ReconcileError> {
    batch
        .column_by_name(column)
        .ok_or_else(|| ReconcileError::ColumnType {
            column: column.to_owned(),
            wanted: "there",
            found: "no such column".to_owned(),
        })
}

fn typed(
    batch: &RecordBatch,
    column: &str,
    kind: &DataType,
    wanted: &'static str,
) -> Result<datafusion::arrow::array::ArrayRef, ReconcileError> {
    let array = find(batch, column)?;
    if array.data_type() == kind {
        return Ok(array.clone());
    }
    cast(array, kind).map_err(|_| mistyped(column, wanted, array.data_type()))
}

fn mistyped(column: &str, wanted: &'static str, found: &DataType) -> ReconcileError {
    ReconcileError::ColumnType {
        column: column.to_owned(),
        wanted,
        found: found.to_string(),
    }
}
