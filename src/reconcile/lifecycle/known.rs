//! An item as it was known at an instant, told from its history.

use jiff::Timestamp;

use crate::reconcile::discrepancy::{Discrepancy, DiscrepancyEvent, DiscrepancyState};

/// The item as it was known at `as_of`; `None` where it was not opened yet. `events` is its history,
/// in order. What it was worth, its state, code and owner are told from the events; names are those
/// of today, and whom it waited for is told only as long as nothing happened since.
pub fn as_known(
    item: &Discrepancy,
    events: &[&DiscrepancyEvent],
    as_of: Timestamp,
) -> Option<Discrepancy> {
    let told: Vec<&DiscrepancyEvent> = events
        .iter()
        .copied()
        .filter(|event| event.at <= as_of)
        .collect();
    let Some(last) = told.last() else {
        // An item of before events told it.
        let is_known = events.is_empty() && item.opened_at <= as_of;
        return is_known.then(|| item.clone());
    };
    if told.len() == events.len() {
        return Some(item.clone());
    }
    let worth = told.iter().rev().find_map(|event| event.worth.as_ref());
    let mut known = worth.map_or_else(|| item.clone(), |worth| worth.put_back(item));
    known.state = last.to_state;
    known.updated_at = last.at;
    known.waiting_on = None;
    known.owner = told
        .iter()
        .rev()
        .find(|event| event.action == "assigned")
        .and_then(|event| event.note.clone());
    let since_reopened = || {
        told.iter()
            .rev()
            .take_while(|event| !enters(event, DiscrepancyState::Reopened))
    };
    known.code = since_reopened().find_map(|event| event.code);
    known.proposed_by = since_reopened()
        .find(|event| enters(event, DiscrepancyState::Proposed))
        .map(|event| event.actor.clone());
    let last_into = |wanted: fn(DiscrepancyState) -> bool| {
        told.iter()
            .rev()
            .find(|event| event.from_state != Some(event.to_state) && wanted(event.to_state))
            .map(|event| event.at)
    };
    known.resolved_at = last_into(|state| state == DiscrepancyState::Resolved);
    known.ended_at = if known.state.is_listed() {
        None
    } else {
        last_into(|state| !state.is_listed())
    };
    Some(known)
}

fn enters(event: &DiscrepancyEvent, state: DiscrepancyState) -> bool {
    event.to_state == state && event.from_state != Some(state)
}
