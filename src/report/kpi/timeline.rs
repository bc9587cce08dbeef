//! The states that an item was in, and since when, and what it was worth, as far as that was known
//! at an instant.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::reconcile::{
    Discrepancy, DiscrepancyEvent, DiscrepancyState, ItemWorth, ResolutionCode,
};

/// A change of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Transition {
    pub(super) at: Timestamp,
    /// `None` when the item was opened.
    pub(super) from: Option<DiscrepancyState>,
    pub(super) to: DiscrepancyState,
    pub(super) code: Option<ResolutionCode>,
}

impl Transition {
    pub(super) fn enters_open_set(&self) -> bool {
        self.to.is_open() && !self.from.is_some_and(DiscrepancyState::is_open)
    }

    pub(super) fn leaves_open_set(&self) -> bool {
        !self.to.is_open() && self.from.is_some_and(DiscrepancyState::is_open)
    }
}

/// An item with its changes of state, in order; at least the opening.
#[derive(Debug)]
pub(super) struct Timeline<'a> {
    /// The item with the kind and the amounts that were known. Its state is that of today: the
    /// transitions tell the one that was known.
    pub(super) item: Cow<'a, Discrepancy>,
    pub(super) transitions: Vec<Transition>,
}

/// The timelines of the items that were opened by `as_of`, in the order of the items' ids.
pub(super) fn timelines<'a>(
    items: impl IntoIterator<Item = &'a Discrepancy>,
    events: &'a [DiscrepancyEvent],
    as_of: Timestamp,
) -> Vec<Timeline<'a>> {
    let mut events_of: BTreeMap<&str, Vec<&DiscrepancyEvent>> = BTreeMap::new();
    for event in events {
        events_of
            .entry(&event.discrepancy_id)
            .or_default()
            .push(event);
    }
    let mut timelines: Vec<_> = items
        .into_iter()
        .filter_map(|item| {
            let mut told = events_of.remove(item.id.as_str()).unwrap_or_default();
            told.sort_by_key(|event| event.at);
            let transitions = transitions(item, &told, as_of);
            (!transitions.is_empty()).then(|| Timeline {
                item: as_known(item, &told, as_of),
                transitions,
            })
        })
        .collect();
    timelines.sort_by(|one, other| one.item.id.cmp(&other.item.id));
    timelines
}

/// The item with what it was worth by the newest event that tells it. An item of before events told
/// it is worth what it is.
fn as_known<'a>(
    item: &'a Discrepancy,
    events: &[&DiscrepancyEvent],
    as_of: Timestamp,
) -> Cow<'a, Discrepancy> {
    let worth = events
        .iter()
        .rev()
        .filter(|event| event.at <= as_of)
        .find_map(|event| event.worth.as_ref());
    match worth {
        Some(worth) if ItemWorth::of(item) != *worth => Cow::Owned(worth.put_back(item)),
        _ => Cow::Borrowed(item),
    }
}

fn transitions(
    item: &Discrepancy,
    events: &[&DiscrepancyEvent],
    as_of: Timestamp,
) -> Vec<Transition> {
    let mut transitions: Vec<Transition> = Vec::new();
    for event in events.iter().filter(|event| event.at <= as_of) {
        let from = transitions.last().map(|transition| transition.to);
        if from != Some(event.to_state) {
            transitions.push(Transition {
                at: event.at,
                from,
                to: event.to_state,
                code: event.code,
            });
        }
    }
    if events.is_empty() && item.opened_at <= as_of {
        transitions.push(Transition {
            at: item.opened_at,
            from: None,
            to: item.state,
            code: item.code,
        });
    }
    // The code of the present state may stand on the item alone.
    let all_known = events.last().is_none_or(|event| event.at <= as_of);
    if let Some(last) = transitions.last_mut().filter(|_| all_known) {
        last.code = last.code.or(item.code);
    }
    transitions
}

impl Timeline<'_> {
    /// The newest state.
    pub(super) fn state(&self) -> Option<DiscrepancyState> {
        self.transitions.last().map(|transition| transition.to)
    }

    /// How it was resolved or dismissed, since it was last reopened.
    pub(super) fn code(&self) -> Option<ResolutionCode> {
        self.transitions
            .iter()
            .rev()
            .take_while(|transition| transition.to != DiscrepancyState::Reopened)
            .find_map(|transition| transition.code)
    }

    /// Whether it counts as a discrepancy of its period: all do but what was dismissed as a false
    /// positive and what cleared itself as timing.
    pub(super) fn is_counted(&self) -> bool {
        !self.is_false_positive() && !self.is_cleared_as_timing()
    }

    pub(super) fn is_false_positive(&self) -> bool {
        self.state() == Some(DiscrepancyState::Dismissed)
            && self.code() == Some(ResolutionCode::FalsePositive)
    }

    fn is_cleared_as_timing(&self) -> bool {
        self.state() == Some(DiscrepancyState::SelfCleared)
            && self.code() == Some(ResolutionCode::Timing)
    }

    /// Whether what is left of it was given up: written off, or its risk accepted.
    pub(super) fn is_lost(&self) -> bool {
        match self.state() {
            Some(
                DiscrepancyState::Resolved | DiscrepancyState::Verified | DiscrepancyState::Closed,
            ) => self.code() == Some(ResolutionCode::WrittenOff),
            Some(DiscrepancyState::Dismissed) => self.code() == Some(ResolutionCode::AcceptedRisk),
            _ => false,
        }
    }

    /// How long it was in the states that `wanted` takes, from its opening up to `until`.
    pub(super) fn time_in(
        &self,
        wanted: impl Fn(DiscrepancyState) -> bool,
        until: Timestamp,
    ) -> SignedDuration {
        let ends = self
            .transitions
            .iter()
            .skip(1)
            .map(|transition| transition.at)
            .chain([until]);
        self.transitions
            .iter()
            .zip(ends)
            .filter(|(transition, _)| wanted(transition.to))
            .map(|(transition, end)| end.min(until).duration_since(transition.at.min(until)))
            .fold(SignedDuration::ZERO, SignedDuration::saturating_add)
    }
}
