//! Fires against an oracle: every minute of civil and real time looked at, one by one.

use crossfoot::scheduler::Cron;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use proptest::prelude::{ProptestConfig, proptest};

/// The zones: half-hour change, northern, southern, none, a change at midnight.
const ZONES: &[&str] = &[
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Auckland",
    "Asia/Kolkata",
    "America/Santiago",
    "UTC",
];

/// A fixed time fires once for every civil day: walk the civil minutes of the calendar; a minute
/// that exists twice counts at its first, one that does not exist at the end of its gap.
fn fixed_time_fires(
    zone: &TimeZone,
    hour: i8,
    minute: i8,
    first: DateTime,
    days: i32,
) -> Vec<Timestamp> {
    let mut fires = Vec::new();
    for day in 0..days {
        let civil = first
            .checked_add(day.days())
            .unwrap()
            .with()
            .hour(hour)
            .minute(minute)
            .build()
            .unwrap();
        let mut minutes_on = civil;
        // jiff would move a time in a gap by the gap's length; the first minute after is wanted.
        let fire = loop {
            let ambiguous = zone.to_ambiguous_timestamp(minutes_on);
            match ambiguous.offset() {
                jiff::tz::AmbiguousOffset::Gap { .. } => {
                    minutes_on = minutes_on.checked_add(1.minute()).unwrap();
                }
                _ => break ambiguous.earlier().unwrap(),
            }
        };
        fires.push(fire);
    }
    fires
}

/// A wildcard pattern follows real time: walk the real minutes and read the wall clock.
fn wildcard_fires(zone: &TimeZone, every: i8, from: Timestamp, until: Timestamp) -> Vec<Timestamp> {
    let mut fires = Vec::new();
    let mut minute = from;
    while minute < until {
        minute = minute.checked_add(SignedDuration::from_mins(1)).unwrap();
        if minute.to_zoned(zone.clone()).minute() % every == 0 {
            fires.push(minute);
        }
    }
    fires
}

fn walk(cron: &Cron, from: Timestamp, until: Timestamp) -> Vec<Timestamp> {
    let mut fires = Vec::new();
    let mut last = from;
    while let Some(fire) = cron.next_after(last).filter(|fire| *fire <= until) {
        assert!(fire > last, "a fire is strictly after what came before");
        fires.push(fire);
        last = fire;
    }
    fires
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Goal: one fire per civil day through every gap and fold of a year, in every kind of zone.
    /// Method: any time of day, all of 2026, against the calendar walked minute by minute.
    #[test]
    fn a_fixed_time_fires_once_per_civil_day(zone_index in 0..ZONES.len(), hour in 0_i8..24, minute in 0_i8..60) {
        let zone = TimeZone::get(ZONES[zone_index]).unwrap();
        let cron = Cron::parse("nightly", &format!("{minute} {hour} * * *"), &zone).unwrap();
        let expected = fixed_time_fires(&zone, hour, minute, jiff::civil::date(2026, 1, 1).at(0, 0, 0, 0), 365);
        let from = expected[0].checked_sub(SignedDuration::from_mins(1)).unwrap();
        assert_eq!(walk(&cron, from, expected[364]), expected, "{minute} {hour} in {}", ZONES[zone_index]);
    }

    /// Goal: from wherever the search starts, it finds the same fires.
    /// Method: any second around the two changes; the next fire is the oracle's next.
    #[test]
    fn the_start_of_the_search_does_not_matter(zone_index in 0..ZONES.len(), hour in 0_i8..4, minute in 0_i8..60, day in 0_i64..365, second in 0_i64..86_400) {
        let zone = TimeZone::get(ZONES[zone_index]).unwrap();
        let cron = Cron::parse("nightly", &format!("{minute} {hour} * * *"), &zone).unwrap();
        let start: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
        let start = start.checked_add(SignedDuration::from_secs(day * 86_400 + second)).unwrap();
        let fires = fixed_time_fires(&zone, hour, minute, jiff::civil::date(2026, 1, 1).at(0, 0, 0, 0), 370);
        let expected = fires.into_iter().find(|fire| *fire > start);
        assert_eq!(cron.next_after(start), expected, "after {start} in {}", ZONES[zone_index]);
    }
}

/// Goal: a wildcard pattern keeps its distance in real time through both changes.
/// Method: every quarter of an hour, two days around each change, against the minutes walked.
#[test]
fn a_wildcard_follows_real_time() {
    for (zone, day) in [
        ("Europe/Berlin", "2026-03-28T12:00:00Z"),
        ("Europe/Berlin", "2026-10-24T12:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T06:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-03T06:00:00Z"),
    ] {
        let zone = TimeZone::get(zone).unwrap();
        let cron = Cron::parse("quarterly", "*/15 * * * *", &zone).unwrap();
        let from: Timestamp = day.parse().unwrap();
        let until = from.checked_add(SignedDuration::from_hours(48)).unwrap();
        assert_eq!(
            walk(&cron, from, until),
            wildcard_fires(&zone, 15, from, until)
        );
    }
}
