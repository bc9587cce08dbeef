//! Working hours between two instants.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use crate::config::CalendarConfig;
use crate::money::{MoneyError, ratio};
use crate::period::local_day;

/// The hours from `start` to `end` that fall into the calendar's windows. Windows are built in
/// local time and subtracted as instants, so that a change of the clock neither adds nor loses an
/// hour.
pub fn business_hours(
    start: Timestamp,
    end: Timestamp,
    calendar: &CalendarConfig,
    zone: &TimeZone,
) -> Result<Decimal, MoneyError> {
    let mut total = SignedDuration::ZERO;
    let (first, last) = (local_day(start, zone), local_day(end, zone));
    for day in days(first, last).filter(|day| is_working(*day, calendar)) {
        let window_start = instant(day, calendar.open, zone).max(start);
        let window_end = instant(day, calendar.close, zone).min(end);
        let overlap = window_end.duration_since(window_start);
        if overlap > SignedDuration::ZERO {
            total = total.saturating_add(overlap);
        }
    }
    let micros = Decimal::from_i128_with_scale(total.as_micros(), 6);
    ratio(micros, Decimal::from(3600)).ok_or(MoneyError::Overflow)
}

fn days(first: Date, last: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(first), |day| day.tomorrow().ok())
        .take_while(move |day| *day <= last)
}

fn is_working(day: Date, calendar: &CalendarConfig) -> bool {
    let is_weekday = calendar
        .weekdays
        .iter()
        .any(|weekday| weekday.civil() == day.weekday());
    is_weekday && !calendar.holidays.contains(&day)
}

/// A local time of a day as an instant; one that a change of the clock skips is moved behind it.
fn instant(day: Date, time: Time, zone: &TimeZone) -> Timestamp {
    day.to_datetime(time)
        .to_zoned(zone.clone())
        .map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Weekday;

    fn hours(start: &str, end: &str, calendar: &CalendarConfig) -> Decimal {
        let zone = TimeZone::get("America/New_York").unwrap();
        let (start, end) = (start.parse().unwrap(), end.parse().unwrap());
        business_hours(start, end, calendar, &zone)
            .unwrap()
            .normalize()
    }

    #[test]
    fn nights_weekends_and_holidays_do_not_count() {
        let mut calendar = CalendarConfig::default();
        // Friday 16:00 to Tuesday 10:00 in New York: 1 + 8 + 1 hours.
        let weekend = ("2026-03-13T20:00:00Z", "2026-03-17T14:00:00Z");
        assert_eq!(hours(weekend.0, weekend.1, &calendar), Decimal::from(10));
        calendar.holidays.push("2026-03-16".parse().unwrap());
        assert_eq!(hours(weekend.0, weekend.1, &calendar), Decimal::from(2));
        assert_eq!(hours(weekend.1, weekend.0, &calendar), Decimal::ZERO);
    }

    #[test]
    fn a_change_of_the_clock_in_a_window_is_counted_as_it_passes() {
        // On 8 March 2026 the clock jumps from 02:00 to 03:00: a window from 00:00 to 06:00 has
        // five hours; on 1 November it has seven.
        let calendar = CalendarConfig {
            weekdays: vec![Weekday::Sun],
            open: Time::constant(0, 0, 0, 0),
            close: Time::constant(6, 0, 0, 0),
            holidays: Vec::new(),
        };
        let spring = hours("2026-03-08T00:00:00Z", "2026-03-09T00:00:00Z", &calendar);
        assert_eq!(spring, Decimal::from(5));
        let autumn = hours("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", &calendar);
        assert_eq!(autumn, Decimal::from(7));
    }
}
