//! Billing periods: calendar months of the books' zone, half-open, and the spans made of them.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A calendar month, `YYYY-MM`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    year: i16,
    month: i8,
}

/// The text names no period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no period: write YYYY-MM, or YYYY-Qn or YYYY where a span is taken")]
pub struct NoPeriod(pub String);

impl Period {
    /// The month that a day lies in.
    pub fn of(day: Date) -> Self {
        Self {
            year: day.year(),
            month: day.month(),
        }
    }

    /// The month that an instant lies in, by the clock of `zone`.
    pub fn at(instant: Timestamp, zone: &TimeZone) -> Self {
        Self::of(instant.to_zoned(zone.clone()).date())
    }

    /// The first day.
    pub fn first_day(&self) -> Date {
        date(self.year, self.month, 1)
    }

    /// The last day.
    pub fn last_day(&self) -> Date {
        self.first_day().last_of_month()
    }

    /// The day after the last: the exclusive end.
    pub fn end_day(&self) -> Date {
        self.next().first_day()
    }

    /// How many days it has, by the calendar.
    pub fn day_count(&self) -> i8 {
        self.first_day().days_in_month()
    }

    /// The instants at which it starts and (exclusively) ends in `zone`.
    pub fn bounds(&self, zone: &TimeZone) -> (Timestamp, Timestamp) {
        (
            local_midnight(self.first_day(), zone),
            local_midnight(self.end_day(), zone),
        )
    }

    /// The month after this one.
    pub fn next(&self) -> Self {
        self.shifted(1)
    }

    /// The month before this one.
    pub fn previous(&self) -> Self {
        self.shifted(-1)
    }

    /// The month `months` later, or earlier when negative.
    pub fn shifted(&self, months: i32) -> Self {
        let first = self.first_day();
        first.checked_add(months.months()).map_or(*self, Self::of)
    }

    /// How many months it lies after another; negative before it.
    pub fn months_since(&self, other: Self) -> i32 {
        let number = |day: Date| i32::from(day.year()) * 12 + i32::from(day.month());
        number(self.first_day()) - number(other.first_day())
    }

    /// Every month from this one up to and with `last`.
    pub fn through(self, last: Self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self), |period| Some(period.next()))
            .take_while(move |period| *period <= last)
    }
}

/// Midnight at the start of a civil day in `zone`, as an instant; where a change of the clock skips
/// midnight, the first instant of the day.
pub fn local_midnight(day: Date, zone: &TimeZone) -> Timestamp {
    day.to_zoned(zone.clone())
        .map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
}

/// The civil day of an instant by the clock of `zone`.
pub fn local_day(instant: Timestamp, zone: &TimeZone) -> Date {
    instant.to_zoned(zone.clone()).date()
}

impl fmt::Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}", self.year, self.month)
    }
}

impl fmt::Debug for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for Period {
    type Err = NoPeriod;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NoPeriod(text.to_owned());
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        if year.len() != 4 || month.len() != 2 {
            return Err(wrong());
        }
        let year: i16 = year.parse().map_err(|_| wrong())?;
        let month: i8 = month.parse().map_err(|_| wrong())?;
        Date::new(year, month, 1).map(Self::of).map_err(|_| wrong())
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// One or more whole months: `2026-03`, `2026-Q1`, `2026`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeriodSpan {
    /// The first month.
    pub first: Period,
    /// The last month, itself part of the span.
    pub last: Period,
}

impl PeriodSpan {
    /// The months in order.
    pub fn periods(&self) -> impl Iterator<Item = Period> {
        self.first.through(self.last)
    }

    /// Whether it is a single month.
    pub fn is_month(&self) -> bool {
        self.first == self.last
    }

    /// How many days it has, by the calendar.
    pub fn day_count(&self) -> i64 {
        self.periods()
            .map(|period| i64::from(period.day_count()))
            .sum()
    }
}

impl From<Period> for PeriodSpan {
    fn from(period: Period) -> Self {
        Self {
            first: period,
            last: period,
        }
    }
}

impl FromStr for PeriodSpan {
    type Err = NoPeriod;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NoPeriod(text.to_owned());
        if let Ok(month) = text.parse::<Period>() {
            return Ok(month.into());
        }
        let (year, months) = match text.split_once("-Q") {
            Some((year, quarter)) => {
                let quarter: i8 = quarter.parse().map_err(|_| wrong())?;
                if !(1..=4).contains(&quarter) {
                    return Err(wrong());
                }
                (year, (quarter * 3 - 2)..=(quarter * 3))
            }
            None => (text, 1..=12),
        };
        if year.len() != 4 {
            return Err(wrong());
        }
        let year: i16 = year.parse().map_err(|_| wrong())?;
        Ok(Self {
            first: Period {
                year,
                month: *months.start(),
            },
            last: Period {
                year,
                month: *months.end(),
            },
        })
    }
}

impl fmt::Display for PeriodSpan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.first, self.last);
        if first == last {
            write!(formatter, "{first}")
        } else if first.month == 1 && last.month == 12 && first.year == last.year {
            write!(formatter, "{:04}", first.year)
        } else if first.year == last.year && last.month - first.month == 2 && last.month % 3 == 0 {
            write!(formatter, "{:04}-Q{}", first.year, last.month / 3)
        } else {
            write!(formatter, "{first}..{last}")
        }
    }
}

impl fmt::Debug for PeriodSpan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_half_open_in_their_zone() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let march: Period = "2026-03".parse().unwrap();
        let (start, end) = march.bounds(&zone);
        assert_eq!(start.to_string(), "2026-03-01T05:00:00Z");
        assert_eq!(end.to_string(), "2026-04-01T04:00:00Z");
        assert_eq!(Period::at(end, &zone), march.next());
    }

    #[test]
    fn spans_name_what_they_hold() {
        for text in ["2026-03", "2026-Q2", "2026"] {
            assert_eq!(text.parse::<PeriodSpan>().unwrap().to_string(), text);
        }
        assert_eq!("2024-Q1".parse::<PeriodSpan>().unwrap().day_count(), 91);
        for wrong in ["2026-13", "2026-Q5", "26-01", "march", "2026-1", ""] {
            assert!(
                wrong.parse::<PeriodSpan>().is_err(),
                "{wrong} must be refused"
            );
        }
    }
}
