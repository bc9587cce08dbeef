//! Timing differences: both sides will agree, one has not recorded yet.

use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::period::Period;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::legs::BilledLine;

use super::judge::Context;
use super::unit::Unit;

/// Whether a missing bill is not due yet: today is on or before the day on which it is expected plus
/// the days of grace. A bill that has come and is wrong is wrong at once.
pub(super) fn is_not_due(unit: &Unit, context: &Context<'_>) -> bool {
    let Some(expected) = &unit.expected else {
        return false;
    };
    if unit.sold_in.is_some() || unit.billed.line_count > 0 {
        return false;
    }
    let grace = i32::from(context.lag_days).days();
    expected
        .due_on
        .checked_add(grace)
        .is_ok_and(|last_day| context.today <= last_day)
}

/// Whether the counterpart of what is missing or too much stands in a period nearby, not further
/// from the border than the lag.
pub(super) fn is_counterpart_nearby(
    unit: &Unit,
    difference: Decimal,
    lines: &[BilledLine],
    context: &Context<'_>,
) -> Result<bool, ReconcileError> {
    if unit.sold_in.is_some() || unit.is_orphan || difference.is_zero() {
        return Ok(false);
    }
    let tolerance = context.settings.amount_tolerance();
    let in_currency: Vec<&BilledLine> = lines
        .iter()
        .filter(|line| line.currency == unit.currency)
        .collect();
    for neighbour in &unit.neighbours {
        let nearby_expected = neighbour.expected.as_ref().map(|expected| expected.amount);
        let surplus = neighbour
            .billed
            .net
            .checked_sub(nearby_expected.unwrap_or_default())
            .ok_or_else(|| ReconcileError::Overflow("the surplus of a period nearby".into()))?;
        // What is missing here was billed there, or what is too much here is missing there.
        let (missing, surplus, missing_in, billed_at) = if unit.billed.line_count == 0 {
            (unit.expected_amount(), surplus, 0, neighbour.offset)
        } else if neighbour.billed.line_count == 0
            && context.billed_offsets.contains(&neighbour.offset)
        {
            let Some(missing) = nearby_expected else {
                continue;
            };
            (missing, difference, neighbour.offset, 0)
        } else {
            continue;
        };
        if missing.is_zero() || !tolerance.takes_amount(missing, surplus, unit.currency, 1)? {
            continue;
        }
        let has_own = if billed_at == 0 {
            unit.expected.is_some()
        } else {
            nearby_expected.is_some()
        };
        let candidates: Vec<&BilledLine> = in_currency
            .iter()
            .copied()
            .filter(|line| line.offset == billed_at)
            .collect();
        let home = context.period.shifted(missing_in);
        if let Some(gap) = gap_days(&candidates, missing, has_own, home, billed_at - missing_in)
            && gap <= i32::from(context.lag_days)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Days from the border of the period that misses a bill to the service day of the line that is the
/// bill. Where the other period has bills of its own, the line must be told from them: it has the
/// missing amount, and it is no second copy of another line, which would be a duplicate.
fn gap_days(
    lines: &[&BilledLine],
    missing: Decimal,
    has_own: bool,
    home: Period,
    direction: i32,
) -> Option<i32> {
    let is_copy = |line: &BilledLine| {
        lines.iter().any(|other| {
            (&other.source, &other.id) != (&line.source, &line.id)
                && other.net == line.net
                && other.billed_on == line.billed_on
                && other.service_to == line.service_to
        })
    };
    let days_from_border = |day: Date| {
        if direction > 0 {
            (day - home.last_day()).get_days()
        } else {
            (home.first_day() - day).get_days()
        }
    };
    let gaps = lines
        .iter()
        .filter(|line| !has_own || (line.net == missing && !is_copy(line)))
        .map(|line| days_from_border(line.billed_on));
    // A period's own bill stands near its start, so a late bill among them is the farthest from the
    // border before it, and an early one the nearest to the border after it. Where all lines are
    // strangers, the first day billed counts.
    if has_own == (direction > 0) {
        gaps.max()
    } else {
        gaps.min()
    }
}
