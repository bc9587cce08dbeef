//! How the open set moved in a period, by the time of the events.

use jiff::Timestamp;

use super::figures::RollForward;
use super::timeline::Timeline;
use crate::reconcile::{DiscrepancyState, ResolutionCode};

/// Counts from the start of a period (an item that was open the instant before it is open at the
/// start) up to its end, or up to `as_of` when that is earlier.
pub(super) fn roll_forward(
    timelines: &[Timeline<'_>],
    (start, end): (Timestamp, Timestamp),
    as_of: Timestamp,
) -> RollForward {
    let mut counts = RollForward::default();
    for timeline in timelines {
        let is_before = |at: Timestamp| at < start;
        let is_within = |at: Timestamp| at >= start && at < end && at <= as_of;
        let mut is_open = false;
        for transition in &timeline.transitions {
            if is_before(transition.at) {
                is_open = transition.to.is_open();
            }
        }
        counts.open_start += u64::from(is_open);
        let within = timeline
            .transitions
            .iter()
            .filter(|transition| is_within(transition.at));
        for transition in within {
            is_open = transition.to.is_open();
            if transition.enters_open_set() {
                if transition.from.is_none() {
                    counts.new += 1;
                } else {
                    counts.reopened += 1;
                }
            } else if transition.leaves_open_set() {
                match (transition.to, transition.code) {
                    (DiscrepancyState::SelfCleared, Some(ResolutionCode::Timing)) => {
                        counts.timing += 1;
                    }
                    (DiscrepancyState::SelfCleared, _) => counts.self_cleared += 1,
                    (DiscrepancyState::Dismissed, _) => counts.dismissed += 1,
                    _ => counts.resolved += 1,
                }
            }
        }
        counts.open_end += u64::from(is_open);
    }
    counts
}
