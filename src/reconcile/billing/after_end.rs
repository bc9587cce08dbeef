//! Lines that bill service after the contract's end.

use jiff::civil::Date;

use crate::period::{local_day, local_midnight};
use crate::reconcile::legs::BilledLine;

use super::expected::Expected;
use super::judge::Context;

/// How a unit's lines stand to the end of its contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterEnd {
    /// No line reaches beyond it.
    No,
    /// A line begins after it.
    Begins,
    /// A line says that its service reaches beyond it.
    Reaches,
    /// A line does not say when its service ends; it then is the whole month's.
    Untold,
}

/// How far the lines of a unit reach beyond the end of the service that its contracts charge.
pub(super) fn after_end(
    expected: &Expected,
    lines: &[&BilledLine],
    context: &Context<'_>,
) -> AfterEnd {
    let Some(ends_at) = expected.ends_at else {
        return AfterEnd::No;
    };
    let day = local_day(ends_at, context.zone);
    // The first day on which nothing was active any more.
    let end: Date = if local_midnight(day, context.zone) == ends_at {
        day
    } else {
        day.tomorrow().unwrap_or(day)
    };
    let charged = lines
        .iter()
        .filter(|line| line.net.is_sign_positive() && !line.net.is_zero());
    let mut reach = AfterEnd::No;
    for line in charged {
        let one = match (line.service_from, line.service_to) {
            (Some(from), _) if from >= end => AfterEnd::Begins,
            (_, Some(to)) if to > end => AfterEnd::Reaches,
            (_, None) => AfterEnd::Untold,
            _ => AfterEnd::No,
        };
        reach = match (reach, one) {
            (AfterEnd::Begins, _) | (_, AfterEnd::Begins) => AfterEnd::Begins,
            (AfterEnd::Reaches, _) | (_, AfterEnd::Reaches) => AfterEnd::Reaches,
            (AfterEnd::Untold, _) | (_, AfterEnd::Untold) => AfterEnd::Untold,
            _ => AfterEnd::No,
        };
    }
    reach
}
