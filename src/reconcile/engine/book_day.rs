//! `book_day(instant)`: the calendar day of an instant in the zone of the books.
//!
//! A cast to a date gives the day in UTC, and what begins at midnight in Berlin begins the day before
//! there.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray, Date32Array};
use datafusion::arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::period::{local_day, local_midnight};

use super::session::Session;

const DAY_MICROSECONDS: i64 = 86_400_000_000;
const EPOCH: Date = jiff::civil::date(1970, 1, 1);
/// Days that are remembered, by the rest of their number.
const NEAR_DAYS: usize = 64;

impl Session {
    /// `book_day(instant)`, by a zone.
    pub(crate) fn know_zone(&self, zone: &TimeZone) {
        let zone = zone.clone();
        let function = create_udf(
            "book_day",
            vec![DataType::Timestamp(
                TimeUnit::Microsecond,
                Some("UTC".into()),
            )],
            DataType::Date32,
            Volatility::Immutable,
            Arc::new(move |arguments: &[ColumnarValue]| days(arguments, &zone)),
        );
        self.context.register_udf(function);
    }
}

fn days(arguments: &[ColumnarValue], zone: &TimeZone) -> Result<ColumnarValue> {
    let arrays = ColumnarValue::values_to_arrays(arguments)?;
    let instants = arrays[0].as_primitive::<TimestampMicrosecondType>();
    let mut days = Days::new(zone);
    let days: Date32Array = instants.iter().map(|instant| days.of(instant?)).collect();
    Ok(ColumnarValue::Array(Arc::new(days)))
}

/// Days of one zone, each looked up once for the instants of a batch.
struct Days<'z> {
    zone: &'z TimeZone,
    near: [[Span; 2]; NEAR_DAYS],
}

/// The instants of a day, the end exclusive, in microseconds since 1970, and its number since then.
#[derive(Clone, Copy)]
struct Span {
    start: i64,
    end: i64,
    day: i32,
}

const NOTHING: Span = Span {
    start: 0,
    end: 0,
    day: 0,
};

impl<'z> Days<'z> {
    fn new(zone: &'z TimeZone) -> Self {
        Self {
            zone,
            near: [[NOTHING; 2]; NEAR_DAYS],
        }
    }

    /// The day of an instant; nothing of one beyond the calendar.
    fn of(&mut self, instant: i64) -> Option<i32> {
        // A day in UTC has two days of a zone, mostly: one to begin with and one to end with.
        let utc_day = instant.div_euclid(DAY_MICROSECONDS);
        let slot = usize::from(utc_day.to_le_bytes()[0]) % NEAR_DAYS;
        for span in self.near[slot] {
            if (span.start..span.end).contains(&instant) {
                return Some(span.day);
            }
        }
        let span = self.span(instant)?;
        let begins_before = span.start <= utc_day * DAY_MICROSECONDS;
        self.near[slot][usize::from(!begins_before)] = span;
        Some(span.day)
    }

    fn span(&self, instant: i64) -> Option<Span> {
        let day = local_day(Timestamp::from_microsecond(instant).ok()?, self.zone);
        let midnight = |day: Date| local_midnight(day, self.zone).as_microsecond();
        let number = EPOCH.until(day).ok()?.get_days();
        let (start, end) = (midnight(day), midnight(day.checked_add(1.day()).ok()?));
        // Where a clock that is set makes a day's instants not one span, nothing is remembered.
        let is_whole = (start..end).contains(&instant);
        Some(Span {
            start: if is_whole { start } else { 0 },
            end: if is_whole { end } else { 0 },
            day: number,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        // Goal: a day is that of the instant alone, whatever was asked before. Method: zones whose
        // clocks are set at midnight, at one and in the middle of a day, and one that left out a day.
        #[test]
        fn days_are_those_of_the_calendar(
            name in prop::sample::select(vec![
                "UTC", "America/New_York", "Europe/Berlin", "America/Sao_Paulo", "Asia/Beirut",
                "Africa/Cairo", "Pacific/Apia", "Asia/Kathmandu", "America/Havana"]),
            instants in prop::collection::vec(
                prop_oneof![
                    1_230_000_000_000_000_i64..1_330_000_000_000_000,
                    1_325_200_000_000_000_i64..1_325_500_000_000_000,
                    -5_000_000_000_000_i64..5_000_000_000_000,
                ], 1..400),
        ) {
            let zone = TimeZone::get(name).unwrap();
            let mut days = Days::new(&zone);
            for instant in instants {
                let day = local_day(Timestamp::from_microsecond(instant).unwrap(), &zone);
                let expected = EPOCH.until(day).unwrap().get_days();
                prop_assert_eq!(days.of(instant), Some(expected));
            }
        }
    }
}
