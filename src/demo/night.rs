//! The three nights, and the calendar of the world.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use crate::period::Period;

/// One of the three nights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Night {
    /// Everything answers: the first run finds what is there.
    First,
    /// Some errors are fixed, new ones appear, and the usage file is missing.
    Second,
    /// Everything answers again, and one fixed error is back.
    Third,
}

impl Night {
    /// All three, in order.
    pub const ALL: [Self; 3] = [Self::First, Self::Second, Self::Third];

    /// The instant at which the night's run happens: 02:00 in New York on 5, 6 and 7 October 2026.
    pub fn at(self) -> Timestamp {
        at(self.day(), 2)
    }

    /// The local day of the run.
    pub fn day(self) -> Date {
        match self {
            Self::First => date(2026, 10, 5),
            Self::Second => date(2026, 10, 6),
            Self::Third => date(2026, 10, 7),
        }
    }

    /// Where the night stands among the three, from 0.
    pub const fn index(self) -> usize {
        match self {
            Self::First => 0,
            Self::Second => 1,
            Self::Third => 2,
        }
    }
}

/// The months that the world has bills for.
pub(super) const MONTH_COUNT: usize = 3;

/// August, September and October 2026.
pub(super) fn months() -> [Period; MONTH_COUNT] {
    [august(), september(), october()]
}

pub(super) fn august() -> Period {
    Period::of(date(2026, 8, 1))
}

pub(super) fn september() -> Period {
    Period::of(date(2026, 9, 1))
}

pub(super) fn october() -> Period {
    Period::of(date(2026, 10, 1))
}

// New York keeps summer time from before the first bill until 1 November 2026, so that one offset
// holds for every instant of the world.
const HOURS_BEHIND_UTC: i64 = 4;

/// An hour of a local day, as an instant.
pub(super) fn at(day: Date, hour: i64) -> Timestamp {
    TimeZone::UTC
        .to_timestamp(day.at(0, 0, 0, 0))
        .map(Timestamp::as_second)
        .and_then(|second| Timestamp::from_second(second + (hour + HOURS_BEHIND_UTC) * 3_600))
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::period::local_day;

    /// Goal: instants lie on the local day that they are said to. Method: read them back by the
    /// zone's own rules, at both ends of the world's calendar.
    #[test]
    fn one_offset_holds_for_the_whole_world() {
        let zone = TimeZone::get("America/New_York").unwrap();
        for day in [date(2026, 8, 1), date(2026, 10, 31), date(2026, 11, 1)] {
            assert_eq!(local_day(at(day, 0), &zone), day);
            assert_eq!(at(day, 0), crate::period::local_midnight(day, &zone));
        }
        for night in Night::ALL {
            assert_eq!(local_day(night.at(), &zone), night.day());
        }
    }
}
