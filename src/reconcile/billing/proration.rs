//! Which part of a cycle a contract row is charged for, as a fraction in [0, 1].
//!
//! ```text
//! second      active seconds / seconds of the cycle
//! day_actual  active days / days of the cycle, by the calendar
//! day_30      active days / days of the cycle, in months of 30 days
//! none        1
//! next_cycle  1 when active at the start of the cycle, else 0
//! ```
//! Usage has no part of a cycle: what was used is charged as it was used, also in the days before the
//! first whole cycle.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rust_decimal::Decimal;

use crate::config::Proration;
use crate::period::{Period, local_day, local_midnight};

use super::terms::{Frequency, Model, Terms};

/// The part of a cycle that a row is charged for in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Charge {
    /// When the active part of the cycle starts.
    pub(super) from: Timestamp,
    /// When it ends, exclusively.
    pub(super) to: Timestamp,
    /// The active part over the whole: numerator and denominator, so that nothing is rounded yet.
    pub(super) factor: (i64, i64),
    /// Whether the contract starts or ends inside the cycle, however that is charged.
    pub(super) is_part: bool,
    /// Whether it ends inside the cycle.
    pub(super) is_cut: bool,
}

impl Charge {
    /// Whether the whole cycle is charged.
    pub(super) fn is_whole(&self) -> bool {
        self.factor.0 == self.factor.1
    }

    /// The charged part of an amount: multiplied first and divided last.
    pub(super) fn part_of(&self, amount: Decimal) -> Option<Decimal> {
        if self.is_whole() {
            return Some(amount);
        }
        amount
            .checked_mul(Decimal::from(self.factor.0))?
            .checked_div(Decimal::from(self.factor.1))
    }
}

/// The charge that a row makes in a period, if its cycle starts in it and it is active.
pub(super) fn charge(
    terms: &Terms,
    period: Period,
    proration: Proration,
    zone: &TimeZone,
) -> Option<Charge> {
    if terms.is_void || terms.ends_at.is_some_and(|end| end <= terms.starts_at) {
        return None;
    }
    let start_day = local_day(terms.starts_at, zone);
    let (cycle_from, cycle_to) = match terms.frequency {
        Frequency::Once => {
            return (Period::of(start_day) == period).then_some(Charge {
                from: terms.starts_at,
                to: period.bounds(zone).1,
                factor: (1, 1),
                is_part: false,
                is_cut: false,
            });
        }
        Frequency::Month => (period.first_day(), period.end_day()),
        Frequency::Quarter | Frequency::Year => cycle_of(start_day, terms.frequency, period)?,
    };
    let cycle_start = local_midnight(cycle_from, zone);
    let cycle_end = local_midnight(cycle_to, zone);
    let from = terms.starts_at.max(cycle_start);
    let to = terms.ends_at.map_or(cycle_end, |end| end.min(cycle_end));
    if from >= to {
        return None;
    }
    let is_whole = from == cycle_start && to == cycle_end;
    let factor = match proration {
        _ if is_whole => (1, 1),
        Proration::None => (1, 1),
        Proration::NextCycle if from == cycle_start || terms.model == Model::Usage => (1, 1),
        Proration::NextCycle => return None,
        Proration::Second => (
            to.as_second() - from.as_second(),
            cycle_end.as_second() - cycle_start.as_second(),
        ),
        Proration::DayActual => (
            days_between(local_day(from, zone), end_day(to, zone)),
            days_between(cycle_from, cycle_to),
        ),
        Proration::Day30 => (
            days_of_30(local_day(from, zone), end_day(to, zone)),
            days_of_30(cycle_from, cycle_to),
        ),
    };
    Some(Charge {
        from,
        to,
        factor,
        is_part: !is_whole,
        is_cut: to < cycle_end,
    })
}

/// The cycle of a quarter or year contract that starts in a period. A cycle that would start on a
/// day the month does not have starts on its last day.
fn cycle_of(start: Date, frequency: Frequency, period: Period) -> Option<(Date, Date)> {
    let months_each = frequency.months()?;
    let month_number = |day: Date| i32::from(day.year()) * 12 + i32::from(day.month());
    let elapsed = month_number(period.first_day()) - month_number(start);
    if elapsed < 0 || elapsed % months_each != 0 {
        return None;
    }
    let from = start.checked_add(elapsed.months()).ok()?;
    let to = start.checked_add((elapsed + months_each).months()).ok()?;
    Some((from, to))
}

/// The day after the last one on which something that ends at `to` was active at all.
fn end_day(to: Timestamp, zone: &TimeZone) -> Date {
    let day = local_day(to, zone);
    if local_midnight(day, zone) == to {
        day
    } else {
        day.tomorrow().unwrap_or(day)
    }
}

fn days_between(from: Date, to: Date) -> i64 {
    i64::from((to - from).get_days())
}

/// Days in a calendar whose months all have 30: the 31st counts as the 30th.
fn days_of_30(from: Date, to: Date) -> i64 {
    let number = |day: Date| {
        i64::from(day.year()) * 360 + i64::from(day.month()) * 30 + i64::from(day.day().min(30))
    };
    number(to) - number(from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::legs::ContractRow;

    fn terms(from: &str, to: Option<&str>, frequency: &str) -> Terms {
        let zone = TimeZone::UTC;
        let instant = |text: &str| crate::canonical::parse_instant(text, None, &zone).unwrap();
        super::super::terms::interpret(&ContractRow {
            source: "crm".into(),
            id: "c1".into(),
            branch: None,
            currency: "USD".parse().unwrap(),
            quantity: Decimal::ONE,
            unit_price: Decimal::ONE,
            discount_percent: None,
            discount_ends_on: None,
            starts_on: instant(from),
            ends_on: to.map(instant),
            frequency: Some(frequency.into()),
            model: None,
            commit_quantity: None,
            overage_price: None,
            proration: None,
            status: None,
            tax_rate: None,
        })
        .unwrap()
    }

    // Goal: the fraction of every mode. Method: a table over one month of 31 days and its borders.
    #[test]
    fn parts_of_a_month() {
        use Proration::{Day30, DayActual, NextCycle, None as Whole, Second};
        let table = [
            ("2026-01-01", None, DayActual, Some((1, 1))),
            ("2026-03-16", None, DayActual, Some((16, 31))),
            ("2026-01-01", Some("2026-03-16"), DayActual, Some((15, 31))),
            ("2026-03-16", None, Day30, Some((15, 30))),
            ("2026-03-31", None, Day30, Some((1, 30))),
            ("2026-01-01", Some("2026-03-16"), Day30, Some((15, 30))),
            (
                "2026-03-16T12:00:00Z",
                None,
                Second,
                Some((1_339_200, 2_678_400)),
            ),
            ("2026-03-16", None, Whole, Some((1, 1))),
            ("2026-03-16", None, NextCycle, None),
            ("2026-01-01", Some("2026-03-16"), NextCycle, Some((1, 1))),
            ("2026-01-01", Some("2026-03-01"), DayActual, None),
            ("2026-04-01", None, DayActual, None),
        ];
        let march: Period = "2026-03".parse().unwrap();
        for (from, to, proration, expected) in table {
            let charge = charge(&terms(from, to, "month"), march, proration, &TimeZone::UTC);
            assert_eq!(
                charge.map(|charge| charge.factor),
                expected,
                "{from} {proration:?}"
            );
        }
    }

    // Goal: a cycle is charged once, in the month in which it starts. Method: a year of months.
    #[test]
    fn cycles_are_charged_where_they_start() {
        let months = |frequency: &str| -> Vec<String> {
            let first: Period = "2026-01".parse().unwrap();
            first
                .through("2026-12".parse().unwrap())
                .filter(|period| {
                    let terms = terms("2025-11-30", None, frequency);
                    charge(&terms, *period, Proration::DayActual, &TimeZone::UTC).is_some()
                })
                .map(|period| period.to_string())
                .collect()
        };
        assert_eq!(
            months("quarter"),
            ["2026-02", "2026-05", "2026-08", "2026-11"]
        );
        assert_eq!(months("year"), ["2026-11"]);
        assert_eq!(months("once"), Vec::<String>::new());
        assert_eq!(months("month").len(), 12);
    }
}
