//! A cron pattern in a time zone: the one definition of when a job fires.

use std::collections::VecDeque;

use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::error::SchedulerError;

/// A pattern of fixed times is split into single times up to this many.
const SINGLE_TIMES_MAX: usize = 96;

/// A civil day can be missing altogether where a zone changes sides of the date line; the search
/// for the next fire is taken up again behind it.
const LONGEST_GAP: SignedDuration = SignedDuration::from_hours(49);

/// How far back [`Cron::newest_between`] looks, in hours, one step after the other: an hour, a
/// day, a week, a month, a year, 30 years. A year has far fewer fires of a rare pattern than an
/// hour has of a frequent one, so that no step is long.
const LOOK_BACK_HOURS: &[i64] = &[1, 24, 7 * 24, 31 * 24, 366 * 24, 30 * 366 * 24];

/// A cron pattern and its zone.
///
/// A time of day that is written out (`30 1`, `0,30 8-17`) fires once per civil day: where
/// the clock skips it, at the first instant after the gap; where the clock repeats it, at the first
/// of the two. A pattern with `*` in its hours, minutes or seconds follows the real time instead.
#[derive(Debug, Clone)]
pub struct Cron {
    text: String,
    zone: TimeZone,
    patterns: Vec<croner::Cron>,
}

impl Cron {
    /// Reads the schedule of `job`: 5 fields, or 6 with seconds first. When both day of month and
    /// day of week are given, either is enough, as in POSIX.
    pub fn parse(job: &str, text: &str, zone: &TimeZone) -> Result<Self, SchedulerError> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let (times, days) = match fields.len() {
            5 => (["0", fields[0], fields[1]], &fields[2..]),
            6 => ([fields[0], fields[1], fields[2]], &fields[3..]),
            count => {
                return Err(SchedulerError::FieldCount {
                    job: job.into(),
                    count,
                    text: text.into(),
                });
            }
        };
        let whole = parse_pattern(job, text, text)?;
        let patterns = match single_times(&times, &whole) {
            Some(times) => times
                .into_iter()
                .map(|time| parse_pattern(job, text, &format!("{time} {}", days.join(" "))))
                .collect::<Result<Vec<_>, _>>()?,
            None => vec![whole],
        };
        let cron = Self {
            text: fields.join(" "),
            zone: zone.clone(),
            patterns,
        };
        if cron.next_after(Timestamp::UNIX_EPOCH).is_none() {
            return Err(SchedulerError::NeverFires {
                job: job.into(),
                text: text.into(),
            });
        }
        Ok(cron)
    }

    /// The pattern, with single blanks between its fields.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The zone that the pattern is read in.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The zone's name.
    pub fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The first fire strictly after `instant`; `None` when there is no further one.
    pub fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        self.patterns
            .iter()
            .filter_map(|pattern| next_of(pattern, &self.zone, instant))
            .min()
    }

    /// The newest fires, `keep` at most, that are after `after` and not after `until`; the oldest
    /// of them first. The time it takes depends on `keep`, not on the length of the range.
    pub fn newest_between(
        &self,
        after: Timestamp,
        until: Timestamp,
        keep: usize,
    ) -> Vec<Timestamp> {
        let mut newest = VecDeque::new();
        for hours in LOOK_BACK_HOURS {
            let from = until
                .checked_sub(SignedDuration::from_hours(*hours))
                .map_or(after, |start| start.max(after));
            newest.clear();
            let mut last = from;
            while let Some(fire) = self.next_after(last).filter(|fire| *fire <= until) {
                if newest.len() == keep {
                    newest.pop_front();
                }
                newest.push_back(fire);
                last = fire;
            }
            if from == after || newest.len() == keep {
                break;
            }
        }
        newest.into()
    }
}

/// Reads one pattern; an error names the text that the user wrote.
fn parse_pattern(job: &str, text: &str, pattern: &str) -> Result<croner::Cron, SchedulerError> {
    CronParser::builder()
        .seconds(Seconds::Optional)
        .year(Year::Disallowed)
        .dom_and_dow(false)
        .build()
        .parse(pattern)
        .map_err(|source| SchedulerError::Pattern {
            job: job.into(),
            text: text.into(),
            source,
        })
}

/// The times of day of a pattern that writes them out, as `second minute hour`.
fn single_times(fields: &[&str; 3], whole: &croner::Cron) -> Option<Vec<String>> {
    if fields.iter().any(|field| field.contains(['*', '/', '?'])) {
        return None;
    }
    let mut times = Vec::new();
    for hour in whole.pattern.hours.values() {
        for minute in whole.pattern.minutes.values() {
            for second in whole.pattern.seconds.values() {
                times.push(format!("{second} {minute} {hour}"));
                if times.len() > SINGLE_TIMES_MAX {
                    return None;
                }
            }
        }
    }
    Some(times)
}

/// The next fire of one pattern, taken up again behind a missing day.
fn next_of(pattern: &croner::Cron, zone: &TimeZone, instant: Timestamp) -> Option<Timestamp> {
    let find = |start: Timestamp| {
        pattern
            .find_next_occurrence(&start.to_zoned(zone.clone()), false)
            .map(|fire| fire.timestamp())
            .ok()
    };
    find(instant).or_else(|| find(instant.checked_add(LONGEST_GAP).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn cron(text: &str, zone: &str) -> Cron {
        Cron::parse("nightly", text, &TimeZone::get(zone).unwrap()).unwrap()
    }

    /// Goal: a list of times is once per civil day too, over gap and fold.
    /// Method: the two changes of 2026 in Berlin (02:00 skipped to 03:00; 03:00 back to 02:00).
    #[test]
    fn a_list_of_times_fires_once_per_civil_day() {
        let list = cron("30 2,14 * * *", "Europe/Berlin");
        let fires = |from: &str, until: &str| list.newest_between(at(from), at(until), 10);
        assert_eq!(
            fires("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
            [at("2026-03-29T01:00:00Z"), at("2026-03-29T12:30:00Z")]
        );
        assert_eq!(
            fires("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
            [at("2026-10-25T00:30:00Z"), at("2026-10-25T13:30:00Z")]
        );
    }

    /// Goal: either of day of month and day of week is enough.
    /// Method: the 13th, or a Friday, in a month whose 13th is a Tuesday.
    #[test]
    fn days_of_month_and_week_are_either_or() {
        let either = cron("0 6 13 * FRI", "UTC");
        let fires =
            either.newest_between(at("2026-10-08T00:00:00Z"), at("2026-10-17T00:00:00Z"), 10);
        assert_eq!(
            fires,
            [
                at("2026-10-09T06:00:00Z"),
                at("2026-10-13T06:00:00Z"),
                at("2026-10-16T06:00:00Z")
            ]
        );
    }

    /// Goal: wrong schedules are refused with the code that tells what is wrong.
    /// Method: too short, a nickname, with a year, out of range, not cron, a day that never comes.
    #[test]
    fn wrong_schedules_are_refused() {
        use crate::fault::{Exit, Fault as _};
        for (text, code) in [
            ("30 1 * *", "XF-J001"),
            ("@daily", "XF-J001"),
            ("", "XF-J001"),
            ("0 30 1 * * * 2027", "XF-J001"),
            ("61 1 * * *", "XF-J002"),
            ("every night at half past", "XF-J002"),
            ("0 0 30 2 *", "XF-J003"),
        ] {
            let error = Cron::parse("nightly", text, &TimeZone::UTC).unwrap_err();
            assert_eq!(error.code(), code, "{text}: {error}");
            assert_eq!(error.exit(), Exit::Usage);
            assert!(error.hint().is_some());
        }
    }

    /// Goal: a leap of the clock by decades is looked at in no time, and only the newest stay.
    /// Method: a pattern of every second, over 40 years.
    #[test]
    fn a_long_range_is_cut_to_its_newest() {
        let every_second = cron("* * * * * *", "UTC");
        let fires = every_second.newest_between(
            at("1998-01-01T00:00:00Z"),
            at("2038-01-01T00:00:00Z"),
            100,
        );
        assert_eq!(fires.len(), 100);
        assert_eq!(fires.first(), Some(&at("2037-12-31T23:58:21Z")));
        assert_eq!(fires.last(), Some(&at("2038-01-01T00:00:00Z")));
    }

    /// Goal: a day that a zone left out does not end a schedule.
    /// Method: Samoa had no 30 December 2011.
    #[test]
    fn a_missing_day_is_passed() {
        let daily = cron("30 1 * * *", "Pacific/Apia");
        let last = at("2011-12-29T11:30:00Z");
        let next = daily.next_after(last).unwrap();
        assert!(next > last && next < at("2012-01-02T00:00:00Z"), "{next}");
    }
}
