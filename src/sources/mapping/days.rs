//! Which civil day an instant is, remembered: the records of a page share few days, and asking a
//! zone is the dearest part of reading one.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

use crate::period::local_day;

/// Days of UTC that are remembered.
const PLACES: i64 = 64;
const DAY_SECONDS: i64 = 86_400;

/// A day of UTC, and the offset that a zone has all through it.
#[derive(Debug, Clone, Copy)]
struct Known {
    day: i64,
    offset: Offset,
}

/// The days of one zone.
#[derive(Debug, Default)]
pub(super) struct Days {
    known: Vec<Option<Known>>,
}

impl Days {
    /// The civil day of an instant. All calls must be of one zone.
    pub(super) fn of(&mut self, instant: Timestamp, zone: &TimeZone) -> Date {
        let is_whole = instant.subsec_nanosecond() == 0;
        let day = instant.as_second().div_euclid(DAY_SECONDS);
        let place = usize::try_from(day.rem_euclid(PLACES)).unwrap_or_default();
        if self.known.is_empty() {
            let places = usize::try_from(PLACES).unwrap_or_default();
            self.known.resize(places, None);
        }
        let Some(slot) = self.known.get_mut(place).filter(|_| is_whole) else {
            return local_day(instant, zone);
        };
        let known = match *slot {
            Some(known) if known.day == day => Some(known),
            _ => known_of(day, zone),
        };
        *slot = known;
        match known {
            Some(known) => known.offset.to_datetime(instant).date(),
            None => local_day(instant, zone),
        }
    }
}

/// A day of UTC through which the zone's clock is not changed.
fn known_of(day: i64, zone: &TimeZone) -> Option<Known> {
    let start = Timestamp::from_second(day.checked_mul(DAY_SECONDS)?).ok()?;
    let end = Timestamp::from_second(day.checked_add(1)?.checked_mul(DAY_SECONDS)?).ok()?;
    let change = zone.following(start).next();
    let is_even = change.is_none_or(|change| change.timestamp() >= end);
    is_even.then(|| Known {
        day,
        offset: zone.to_offset(start),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Goal: a remembered day is the zone's own. Method: every 37 minutes of two years around
    // changes of the clock, and instants at both ends of time, in zones of every kind.
    #[test]
    fn a_remembered_day_is_the_zones_own() {
        for name in ["America/New_York", "Asia/Kathmandu", "Pacific/Apia", "UTC"] {
            let zone = TimeZone::get(name).unwrap();
            let mut days = Days::default();
            for second in (1_300_000_000..1_365_000_000).step_by(37 * 60) {
                let instant = Timestamp::from_second(second).unwrap();
                assert_eq!(days.of(instant, &zone), local_day(instant, &zone), "{name}");
            }
            let half = Timestamp::from_millisecond(-500).unwrap();
            for instant in [Timestamp::MIN, half, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
                assert_eq!(days.of(instant, &zone), local_day(instant, &zone), "{name}");
            }
        }
    }
}
