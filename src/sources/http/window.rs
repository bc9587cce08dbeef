//! Windows of time: what a list is asked for, how it is spelled, and how it is cut.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::retry_after;
use crate::sources::connector::InstantFormat;

/// A window that is narrower is not halved any more: vendors' stamps have seconds.
const WIDTH_MIN: SignedDuration = SignedDuration::from_secs(2);

/// From an instant on, up to another or to now. Its end is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: Timestamp,
    pub(super) to: Option<Timestamp>,
}

/// What bounds the records that a list is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Bounds {
    /// When they changed.
    pub(super) changed: Option<Window>,
    /// When they came to be.
    pub(super) created: Option<Window>,
}

/// How instants are spelled.
#[derive(Debug, Clone)]
pub(super) struct Spelling {
    format: InstantFormat,
    zone: TimeZone,
}

impl Spelling {
    pub(super) fn new(format: &InstantFormat, zone: Option<&str>) -> Result<Self, String> {
        let zone = match zone {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(name).map_err(|_| format!("`{name}` is no time zone"))?,
        };
        Ok(Self {
            format: format.clone(),
            zone,
        })
    }

    pub(super) fn spell(&self, instant: Timestamp) -> String {
        match &self.format {
            InstantFormat::Rfc3339 => instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            InstantFormat::EpochSeconds => instant.as_second().to_string(),
            InstantFormat::EpochMilliseconds => instant.as_millisecond().to_string(),
            InstantFormat::HttpDate => retry_after::as_http_date(instant),
            InstantFormat::Pattern(letters) => {
                let local = instant.to_zoned(self.zone.clone());
                local.strftime(letters).to_string()
            }
        }
    }
}

impl Window {
    /// The window in parts of a length; the last one keeps its end, open or not. `now` is the end
    /// of an open one.
    pub(super) fn slices(self, length: Duration, now: Timestamp) -> Vec<Self> {
        let end = self.to.unwrap_or(now);
        let step = SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX);
        let mut slices = Vec::new();
        let mut from = self.from;
        while let Ok(to) = from.checked_add(step)
            && to < end
        {
            slices.push(Self { from, to: Some(to) });
            from = to;
        }
        slices.push(Self { from, to: self.to });
        slices
    }

    /// Its two halves; nothing where it is too narrow for that.
    pub(super) fn halves(self, now: Timestamp) -> Option<[Self; 2]> {
        let width = self.to.unwrap_or(now).duration_since(self.from);
        if width <= WIDTH_MIN {
            return None;
        }
        // Whole seconds, since most vendors do not understand less.
        let half = SignedDuration::from_secs(width.as_secs() / 2);
        let middle = self.from.checked_add(half).ok()?;
        let first = Self {
            from: self.from,
            to: Some(middle),
        };
        let second = Self {
            from: middle,
            to: self.to,
        };
        Some([first, second])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    // Goal: slices meet, miss nothing and keep an open end. Method: ten days in parts of four.
    #[test]
    fn slices_meet() {
        let now = at("2026-11-11T00:00:00Z");
        let open = Window {
            from: at("2026-11-01T00:00:00Z"),
            to: None,
        };
        let slices = open.slices(Duration::from_hours(4 * 24), now);
        assert_eq!(slices.len(), 3);
        assert_eq!(slices[0].from, open.from);
        assert!(
            slices
                .windows(2)
                .all(|pair| pair[0].to == Some(pair[1].from))
        );
        assert_eq!(slices[2].to, None);
        assert_eq!(open.slices(Duration::from_hours(11 * 24), now), [open]);
    }

    // Goal: halving ends. Method: halve the first half until there is none.
    #[test]
    fn halves_meet_and_end() {
        let now = at("2026-11-11T00:00:00Z");
        let mut window = Window {
            from: at("2026-11-10T23:59:00Z"),
            to: None,
        };
        let mut count = 0;
        while let Some([first, second]) = window.halves(now) {
            assert_eq!(first.to, Some(second.from));
            window = first;
            count += 1;
        }
        assert_eq!(count, 5);
    }

    // Goal: a vendor that writes local times without a zone is asked in its own. Method: Zuora's.
    #[test]
    fn a_pattern_is_spelled_in_its_zone() {
        let format = InstantFormat::Pattern("%Y-%m-%d %H:%M:%S".into());
        let spelling = Spelling::new(&format, Some("America/Los_Angeles")).unwrap();
        assert_eq!(
            spelling.spell(at("2026-11-21T00:00:00Z")),
            "2026-11-20 16:00:00"
        );
        assert!(Spelling::new(&format, Some("Mars")).is_err());
    }
}
