//! Which errors come back month after month.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::counted::Counted;
use super::timeline::Timeline;
use crate::money::ratio;
use crate::period::{Period, PeriodSpan};

/// Of the counted items of a span, the share whose fingerprint was counted in one of the
/// `history` periods before theirs. `None` where one of those was never reconciled.
pub(super) fn recurring_rate(
    counted: &Counted<'_>,
    timelines: &[Timeline<'_>],
    span: PeriodSpan,
    history: u8,
    reconciled: &[Period],
) -> Option<Decimal> {
    let mut fingerprints: BTreeMap<Period, BTreeSet<&str>> = BTreeMap::new();
    for timeline in timelines.iter().filter(|timeline| timeline.is_counted()) {
        fingerprints
            .entry(timeline.item.period)
            .or_default()
            .insert(&timeline.item.fingerprint);
    }
    let earlier = |period: Period| (1..=i32::from(history)).map(move |back| period.shifted(-back));
    let has_history = span
        .periods()
        .filter(|period| reconciled.contains(period))
        .flat_map(earlier)
        .all(|period| reconciled.contains(&period));
    if !has_history {
        return None;
    }
    let mut item_count = 0_u64;
    let mut recurring_count = 0_u64;
    for unit in &counted.units {
        for timeline in &unit.items {
            let was_counted = earlier(unit.period).any(|period| {
                fingerprints
                    .get(&period)
                    .is_some_and(|known| known.contains(timeline.item.fingerprint.as_str()))
            });
            item_count += 1;
            recurring_count += u64::from(was_counted);
        }
    }
    ratio(Decimal::from(recurring_count), Decimal::from(item_count)).map(|rate| rate.normalize())
}
