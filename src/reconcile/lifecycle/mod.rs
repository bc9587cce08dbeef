//! What becomes of a discrepancy over time. The system opens, updates, clears, verifies and reopens
//! items by what a reconcile found; a person moves them by the table of states. Both are pure: they
//! take items and give back changes.

mod advance;
mod identify;
mod known;
mod moves;
mod opening;
mod packed_finding;
mod periods;
mod step;
mod units;

pub use advance::{Advance, advance};
pub(crate) use identify::fingerprint_of;
pub use known::as_known;
pub use moves::{PersonMove, legal_moves, move_by_person};
pub use opening::{Opened, Opening};
pub use periods::{
    PeriodAct, PeriodError, PeriodRequest, PeriodState, decide_period_move, legal_period_acts,
};
pub use units::{undecided_units, watched_records, watched_units};
