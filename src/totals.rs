//! Control totals: what was counted and summed on one side of a hop, to be tied on the other.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::money::exact_sum;

/// Rows, and per named measure (such as `total:USD`) an exact sum.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlTotals {
    /// How many rows were counted.
    pub rows: u64,
    /// Exact sums by name: the column, and the currency where the column is money.
    pub sums: BTreeMap<String, Decimal>,
}

/// Two sides of a hop that should be equal and are not, or a sum that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TotalsError {
    /// A sum left the range of exact decimals.
    #[error("the control total of `{0}` does not fit an exact decimal")]
    Overflow(String),
    /// The sides differ.
    #[error("control totals do not tie: {0}")]
    Untied(String),
}

impl ControlTotals {
    /// Adds one measure of one row. Count the row itself with [`ControlTotals::count_row`].
    pub fn add(&mut self, measure: &str, amount: Decimal) -> Result<(), TotalsError> {
        if let Some(sum) = self.sums.get_mut(measure) {
            *sum = checked(*sum, amount, measure)?;
        } else {
            self.sums.insert(measure.to_owned(), amount);
        }
        Ok(())
    }

    /// Counts one row.
    pub fn count_row(&mut self) {
        self.rows += 1;
    }

    /// Adds all of another's rows and sums.
    pub fn merge(&mut self, other: &Self) -> Result<(), TotalsError> {
        self.rows += other.rows;
        for (measure, amount) in &other.sums {
            self.add(measure, *amount)?;
        }
        Ok(())
    }

    /// Proves that both sides agree, naming the first measure that does not.
    pub fn tie(&self, other: &Self) -> Result<(), TotalsError> {
        if self.rows != other.rows {
            return Err(TotalsError::Untied(format!(
                "{} rows against {}",
                self.rows, other.rows
            )));
        }
        let measures = self.sums.keys().chain(other.sums.keys());
        for measure in measures {
            let base = self.sums.get(measure).copied().unwrap_or_default();
            let peer = other.sums.get(measure).copied().unwrap_or_default();
            if base != peer {
                return Err(TotalsError::Untied(format!(
                    "{measure} {base} against {peer}"
                )));
            }
        }
        Ok(())
    }
}

fn checked(sum: Decimal, amount: Decimal, measure: &str) -> Result<Decimal, TotalsError> {
    exact_sum(sum, amount).ok_or_else(|| TotalsError::Overflow(measure.to_owned()))
}
