//! Which contract rows the usage of a unit is charged by.

use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::reconcile::error::ReconcileError;

use super::expected::{ChargedRow, add};
use super::terms::Model;

/// Gives usage to the metered rows. Rows that stand side by side share it: what they include is
/// added up first, and what exceeds that goes to the last of them. Rows that follow each other split
/// metered usage by when it began; a seat count is a level, which each of them meets.
pub(super) fn spread_usage(
    rows: &mut [ChargedRow<'_>],
    usage: &[(Timestamp, Decimal)],
) -> Result<(), ReconcileError> {
    let metered: Vec<usize> = (0..rows.len())
        .filter(|at| rows[*at].terms.model.is_metered())
        .collect();
    let mut slices: Vec<Vec<usize>> = Vec::new();
    for at in metered {
        let span = |at: usize| (rows[at].charge.from, rows[at].charge.to);
        match slices.last_mut() {
            Some(slice) if span(slice[0]) == span(at) => slice.push(at),
            _ => slices.push(vec![at]),
        }
    }
    let starts: Vec<Timestamp> = slices
        .iter()
        .map(|slice| rows[slice[0]].charge.from)
        .collect();
    for (turn, slice) in slices.iter().enumerate() {
        let is_level = slice
            .iter()
            .any(|at| rows[*at].terms.model == Model::PerSeatTrueup);
        let mut used = Decimal::ZERO;
        for (began, quantity) in usage {
            let owner = starts.iter().rposition(|start| start <= began).unwrap_or(0);
            if is_level || owner == turn {
                used = add(used, *quantity)?;
            }
        }
        let mut included = Decimal::ZERO;
        for at in slice {
            included = add(included, rows[*at].included)?;
        }
        let all_usage = slice.iter().all(|at| rows[*at].terms.model == Model::Usage);
        let excess = add(used, -included)?;
        if let Some(last) = slice.last()
            && (excess > Decimal::ZERO || all_usage)
        {
            rows[*last].excess = excess;
        }
    }
    Ok(())
}
