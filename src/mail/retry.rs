//! When a mail is tried again.

use jiff::{SignedDuration, Timestamp};

/// The gaps between tries: short enough for a grey-listing server, long enough for one that is down
/// over a weekend's maintenance. Together 49 hours.
const GAPS_MINUTES: [i64; 12] = [2, 5, 15, 30, 60, 120, 240, 360, 480, 480, 540, 608];

/// When a mail that was tried `attempt_count` times is tried again, or `None` when it is given up:
/// after about two days.
pub fn next_attempt(attempt_count: u32, now: Timestamp) -> Option<Timestamp> {
    let index = usize::try_from(attempt_count.saturating_sub(1)).ok()?;
    let minutes = GAPS_MINUTES.get(index)?;
    now.checked_add(SignedDuration::from_mins(*minutes)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_grow_and_end_after_two_days() {
        let start: Timestamp = "2026-04-01T00:00:00Z".parse().unwrap();
        let (mut now, mut gap, mut tries) = (start, SignedDuration::ZERO, 1);
        while let Some(next) = next_attempt(tries, now) {
            let wait = next.duration_since(now);
            assert!(wait >= gap, "try {tries}");
            (now, gap) = (next, wait);
            tries += 1;
        }
        let hours = now.duration_since(start).as_hours();
        assert!((47..=50).contains(&hours), "{hours} hours");
        assert_eq!(next_attempt(0, start), next_attempt(1, start));
        assert_eq!(next_attempt(u32::MAX, start), None);
    }
}
