//! On which days somebody works.

use jiff::civil::Date;

use crate::config::CalendarConfig;

/// Whether a day is a working day of the calendar and no holiday.
pub fn is_business_day(day: Date, calendar: &CalendarConfig) -> bool {
    let is_weekday = calendar
        .weekdays
        .iter()
        .any(|weekday| weekday.civil() == day.weekday());
    is_weekday && !calendar.holidays.contains(&day)
}
