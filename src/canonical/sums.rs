//! Adding the control totals of many rows of one entity.

use rust_decimal::Decimal;

use super::batch::{SCALE, scaled, unscaled};
use super::entity::Entity;
use crate::totals::{ControlTotals, TotalsError};

/// Below it a sum fits an exact decimal with all decimals of the landing.
const EXACT_MAX: u128 = 1 << 96;

/// Rows and sums so far. Sums are integers of the landing's scale, so that adding is exact.
#[derive(Debug)]
pub(crate) struct Sums {
    rows: u64,
    entries: Vec<Entry>,
    /// Where the entry stands that was added to after the last one in the row before: rows mostly
    /// add the same columns in the same order.
    next: usize,
}

/// The sum of one column, in one currency where the entity has one.
#[derive(Debug)]
struct Entry {
    column: &'static str,
    currency: Option<String>,
    sum: i128,
}

impl Sums {
    pub(crate) fn new() -> Self {
        Self {
            rows: 0,
            entries: Vec::new(),
            next: 0,
        }
    }

    /// How many rows were counted.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Counts one row.
    pub(crate) fn count_row(&mut self) {
        self.rows += 1;
    }

    /// Adds the number of a column.
    pub(crate) fn add(
        &mut self,
        column: &'static str,
        currency: Option<&str>,
        number: Decimal,
    ) -> Result<(), TotalsError> {
        let exact = unscaled(number).ok_or_else(|| overflow(column, currency))?;
        self.add_unscaled(column, currency, exact)
    }

    /// As [`Sums::add`], of a number in the landing's scale.
    pub(crate) fn add_unscaled(
        &mut self,
        column: &'static str,
        currency: Option<&str>,
        number: i128,
    ) -> Result<(), TotalsError> {
        let is_it = |entry: &Entry| entry.column == column && entry.currency.as_deref() == currency;
        let at = if self.entries.get(self.next).is_some_and(is_it) {
            self.next
        } else {
            self.entries.iter().position(is_it).unwrap_or_else(|| {
                self.entries.push(Entry {
                    column,
                    currency: currency.map(str::to_owned),
                    sum: 0,
                });
                self.entries.len() - 1
            })
        };
        self.next = if at + 1 < self.entries.len() {
            at + 1
        } else {
            0
        };
        let is_exact =
            |sum: &i128| sum.unsigned_abs() < EXACT_MAX || scaled_exactly(*sum).is_some();
        let sum = &mut self.entries[at].sum;
        let added = sum.checked_add(number).filter(is_exact);
        *sum = added.ok_or_else(|| overflow(column, currency))?;
        Ok(())
    }

    /// The totals under their names.
    pub(crate) fn totals(&self) -> ControlTotals {
        let named = self.entries.iter().map(|entry| {
            let number = scaled_exactly(entry.sum).unwrap_or_default();
            (name_of(entry.column, entry.currency.as_deref()), number)
        });
        ControlTotals {
            rows: self.rows,
            sums: named.collect(),
        }
    }
}

/// The decimal behind a sum; `None` where it needs more than an exact decimal has.
fn scaled_exactly(sum: i128) -> Option<Decimal> {
    if let Some(number) = scaled(sum) {
        return Some(number);
    }
    let (mut digits, mut scale) = (sum, SCALE);
    while scale > 0 && digits % 10 == 0 {
        digits /= 10;
        scale -= 1;
    }
    Decimal::try_from_i128_with_scale(digits, scale).ok()
}

fn name_of(column: &str, currency: Option<&str>) -> String {
    match currency {
        Some(currency) => format!("{column}:{currency}"),
        None => column.to_owned(),
    }
}

fn overflow(column: &str, currency: Option<&str>) -> TotalsError {
    TotalsError::Overflow(name_of(column, currency))
}

/// The totalled columns of an entity, each with its place, and the place of the currency.
pub(crate) fn totalled(entity: Entity) -> (Vec<(usize, &'static str)>, Option<usize>) {
    let columns = entity.totalled_columns().iter();
    let placed = columns.filter_map(|name| Some((entity.index_of(name)?, *name)));
    (placed.collect(), entity.index_of("currency"))
}
