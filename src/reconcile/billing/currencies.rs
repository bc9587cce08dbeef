//! Pass 3 of the leftovers: the same customer and product in another currency.

use crate::reconcile::error::ReconcileError;

use super::expected::Expected;
use super::judge::Context;
use super::unit::{GroupUnits, Unit};

/// With exactly one candidate on each side the two become one unit, compared in the billed currency;
/// with more, nobody can say which belongs to which.
pub(super) fn pair_currencies(
    built: &mut GroupUnits,
    context: &Context<'_>,
) -> Result<(), ReconcileError> {
    let is_unbilled = |unit: &Unit| {
        !unit.is_orphan
            && unit.billed.line_count == 0
            && unit
                .expected
                .as_ref()
                .is_some_and(|expected| !expected.amount.is_zero())
    };
    let is_unsold = |unit: &Unit| unit.expected.is_none() && !unit.billed.net.is_zero();
    let positions = |wanted: &dyn Fn(&Unit) -> bool| -> Vec<usize> {
        (0..built.units.len())
            .filter(|at| wanted(&built.units[*at]))
            .collect()
    };
    let (unbilled, unsold) = (positions(&is_unbilled), positions(&is_unsold));
    match (unbilled.as_slice(), unsold.as_slice()) {
        ([], _) | (_, []) => {}
        ([sold], [billed]) => {
            let sold_unit = built.units[*sold].clone();
            let unit = &mut built.units[*billed];
            let rate = context.rates.rate(sold_unit.currency, unit.currency);
            unit.sold_in = Some(sold_unit.currency);
            unit.is_unrated = rate.is_none();
            unit.branch = sold_unit.branch;
            unit.rows.add_all(&sold_unit.rows);
            unit.expected = match (sold_unit.expected, rate) {
                (Some(expected), Some(rate)) => Some(Expected {
                    amount: expected
                        .amount
                        .checked_mul(rate)
                        .map(|amount| crate::money::round_money(amount, unit.currency))
                        .ok_or_else(|| {
                            ReconcileError::Overflow("an amount in another currency".into())
                        })?,
                    unit_price: None,
                    ..expected
                }),
                (Some(expected), None) => Some(Expected {
                    amount: unit.billed.net,
                    unit_price: None,
                    ..expected
                }),
                (None, _) => None,
            };
            built.units.remove(*sold);
        }
        _ => {
            for at in unbilled.into_iter().chain(unsold) {
                built.units[at].is_ambiguous = true;
            }
        }
    }
    Ok(())
}
