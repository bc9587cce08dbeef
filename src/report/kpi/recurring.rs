//! Which errors come back month after month.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::counted::Counted;
use super::timeline::Timeline;
use crate::money::ratio;
use crate::period::{Period, PeriodSpan};
use crate::reconcile::DiscrepancyState;

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

/// Of the fingerprints whose fix was proven within the instants of `verified`, the share that was
/// counted again: by an item of one of the `history` periods after the fixed one, up to `last`, that
/// was opened after the proof. `None` where nothing was proven.
pub(super) fn repeat_after_fix(
    timelines: &[Timeline<'_>],
    (start, end): (Timestamp, Timestamp),
    last: Period,
    history: u8,
) -> Option<Decimal> {
    let mut fixed: BTreeMap<&str, bool> = BTreeMap::new();
    let mut counted: BTreeMap<&str, Vec<&Timeline<'_>>> = BTreeMap::new();
    for timeline in timelines.iter().filter(|one| one.is_counted()) {
        let same = counted.entry(&timeline.item.fingerprint).or_default();
        same.push(timeline);
    }
    for timeline in timelines {
        let proofs = timeline
            .transitions
            .iter()
            .filter(|one| one.to == DiscrepancyState::Verified && one.at >= start && one.at < end);
        for proof in proofs {
            let item = &timeline.item;
            let horizon = item.period.shifted(i32::from(history)).min(last);
            let same = counted.get(item.fingerprint.as_str());
            let is_repeated = same.into_iter().flatten().any(|other| {
                other.item.period > item.period
                    && other.item.period <= horizon
                    && other.item.opened_at > proof.at
            });
            *fixed.entry(&item.fingerprint).or_default() |= is_repeated;
        }
    }
    let repeated = fixed.values().filter(|is_repeated| **is_repeated).count();
    ratio(Decimal::from(repeated), Decimal::from(fixed.len())).map(|rate| rate.normalize())
}
