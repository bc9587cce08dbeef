//! Which civil day an instant is, remembered: records that are read together share few days, and asking
//! a zone is the dearest part of reading one.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

use crate::period::local_day;

/// Days of UTC that are remembered.
const PLACES: i64 = 64;
const DAY_SECONDS: i64 = 86_400;
const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// A day of UTC, and the offset that a zone has all through it.
#[derive(Debug, Clone, Copy)]
struct Known {
    day: i64,
    offset: Offset,
}

/// The days of one zone.
#[derive(Debug, Default)]
pub(crate) struct Days {
    known: Vec<Option<Known>>,
}

impl Days {
    /// The civil day of an instant. All calls must be of one zone.
    pub(crate) fn of(&mut self, instant: Timestamp, zone: &TimeZone) -> Date {
        match self.offset(instant, zone) {
            Some(offset) => offset.to_datetime(instant).date(),
            None => local_day(instant, zone),
        }
    }

    /// The same as its number since 1970; nothing of a day beyond the calendar.
    pub(crate) fn number_of(&mut self, instant: Timestamp, zone: &TimeZone) -> Option<i32> {
        match self.offset(instant, zone) {
            Some(offset) => {
                let second = instant.as_second() + i64::from(offset.seconds());
                i32::try_from(second.div_euclid(DAY_SECONDS)).ok()
            }
            None => Some(EPOCH.until(local_day(instant, zone)).ok()?.get_days()),
        }
    }

    /// The zone's offset at an instant, where it is the same all through that day of UTC.
    fn offset(&mut self, instant: Timestamp, zone: &TimeZone) -> Option<Offset> {
        // Seconds are whole here: a fraction of a negative one would count for the next.
        if instant.subsec_nanosecond() != 0 {
            return None;
        }
        let day = instant.as_second().div_euclid(DAY_SECONDS);
        let place = usize::try_from(day.rem_euclid(PLACES)).unwrap_or_default();
        if self.known.is_empty() {
            let places = usize::try_from(PLACES).unwrap_or_default();
            self.known.resize(places, None);
        }
        let slot = self.known.get_mut(place)?;
        if slot.is_none_or(|known| known.day != day) {
            *slot = known_of(day, zone);
        }
        slot.map(|known| known.offset)
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
    use proptest::prelude::*;

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
            let mut days = Days::default();
            for instant in instants {
                let instant = Timestamp::from_microsecond(instant).unwrap();
                let expected = EPOCH.until(local_day(instant, &zone)).unwrap().get_days();
                prop_assert_eq!(days.number_of(instant, &zone), Some(expected));
                let whole = Timestamp::from_second(instant.as_second()).unwrap();
                let expected = EPOCH.until(local_day(whole, &zone)).unwrap().get_days();
                prop_assert_eq!(days.number_of(whole, &zone), Some(expected));
            }
        }
    }
}
