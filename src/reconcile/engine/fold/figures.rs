//! The figures of one measure in a batch: 64 bits each where they fit, and else as they came.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Decimal128Array};
use datafusion::arrow::datatypes::{DataType, Decimal128Type};

use crate::reconcile::error::ReconcileError;

use super::page::{ABSENT, FINER};

/// Decimals of a column as it is landed: those of a plain row.
pub(in crate::reconcile::engine) const PLAIN_SCALE: i8 = 10;
/// Decimals of a column that was calculated, and of every sum.
const SUM_SCALE: i8 = 12;

/// A measure's figures.
pub(super) struct Figures {
    /// What a plain row has, or [`ABSENT`] where the row has no figure or one that is wide.
    pub(super) plain: Vec<i64>,
    wide: Option<Wide>,
}

/// The column as it came, where not all of its figures are plain.
struct Wide {
    column: Decimal128Array,
    factor: i128,
}

impl Figures {
    /// The figures of a column; `None` has none.
    pub(super) fn of(array: Option<&ArrayRef>, rows: usize) -> Result<Self, ReconcileError> {
        let Some(array) = array else {
            return Ok(Self {
                plain: vec![ABSENT; rows],
                wide: None,
            });
        };
        let found = || ReconcileError::ColumnType {
            column: "a measure".into(),
            wanted: "a decimal with ten or twelve decimals",
            found: array.data_type().to_string(),
        };
        let column = array
            .as_primitive_opt::<Decimal128Type>()
            .ok_or_else(found)?;
        let figures = column.values().iter().copied();
        let (factor, mut plain): (i128, Vec<i64>) = match array.data_type() {
            DataType::Decimal128(_, PLAIN_SCALE) => (FINER, figures.map(landed).collect()),
            DataType::Decimal128(_, SUM_SCALE) => (1, figures.map(calculated).collect()),
            _ => return Err(found()),
        };
        let mut null_count = 0;
        if let Some(nulls) = column.nulls().filter(|nulls| nulls.null_count() > 0) {
            null_count = nulls.null_count();
            for (figure, is_valid) in plain.iter_mut().zip(nulls) {
                *figure = if is_valid { *figure } else { ABSENT };
            }
        }
        let absent_count = plain.iter().filter(|figure| **figure == ABSENT).count();
        let wide = (absent_count > null_count).then(|| Wide {
            column: column.clone(),
            factor,
        });
        Ok(Self { plain, wide })
    }

    /// Whether every row is plain, as far as this measure goes.
    pub(super) fn is_plain(&self) -> bool {
        self.wide.is_none()
    }

    /// Whether a row has a figure that is none of a plain row.
    pub(super) fn is_wide(&self, row: usize) -> bool {
        let wide = self.wide.as_ref().filter(|_| self.plain[row] == ABSENT);
        wide.is_some_and(|wide| wide.column.is_valid(row))
    }

    /// The figure of a row in the decimals of a sum; `None` where it has none.
    pub(super) fn get(&self, row: usize) -> Option<i128> {
        match (self.plain[row], &self.wide) {
            (ABSENT, Some(wide)) if wide.column.is_valid(row) => {
                // What is landed has 28 digits: two more always fit.
                Some(wide.column.value(row).wrapping_mul(wide.factor))
            }
            (ABSENT, _) => None,
            (figure, _) => Some(i128::from(figure) * FINER),
        }
    }

    /// The sum of all figures, in its decimals; `None` where it overflows.
    pub(super) fn sum(&self) -> Option<i128> {
        if self.wide.is_some() {
            let mut figures = (0..self.plain.len()).filter_map(|row| self.get(row));
            return figures.try_fold(0_i128, i128::checked_add);
        }
        let present = self.plain.iter().filter(|figure| **figure != ABSENT);
        // A batch has too few rows for 64 bits each to overflow.
        let sum: i128 = present.map(|figure| i128::from(*figure)).sum();
        Some(sum * FINER)
    }
}

fn landed(figure: i128) -> i64 {
    i64::try_from(figure).unwrap_or(ABSENT)
}

fn calculated(figure: i128) -> i64 {
    match i64::try_from(figure) {
        Ok(figure) if figure % 100 == 0 => figure / 100,
        Err(_) if figure % FINER == 0 => landed(figure / FINER),
        _ => ABSENT,
    }
}
