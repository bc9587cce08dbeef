//! Timing differences: both sides will agree, one has not recorded yet.

use jiff::ToSpan;

use super::judge::Context;
use super::unit::Unit;

/// Whether a missing bill is not due yet: today is on or before the day on which it is expected plus
/// the days of grace. A bill that has come and is wrong is wrong at once.
pub(super) fn is_not_due(unit: &Unit, context: &Context<'_>) -> bool {
    let expected = unit.expected.as_ref().map(|expected| expected.due_on);
    let Some(due_on) = expected.or(unit.vended_due_on) else {
        return false;
    };
    if unit.sold_in.is_some() || unit.billed.line_count > 0 {
        return false;
    }
    let grace = i32::from(context.lag_days).days();
    due_on
        .checked_add(grace)
        .is_ok_and(|last_day| context.today <= last_day)
}
