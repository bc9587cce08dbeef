//! What becomes of a discrepancy over time. The system opens, updates, clears, verifies and reopens
//! items by what a reconcile found; a person moves them by the table of states. Both are pure: they
//! take items and give back changes.

mod advance;
mod identify;
mod moves;
mod step;
mod units;

pub use advance::{Advance, advance};
pub use moves::{PersonMove, legal_moves, move_by_person};
pub use units::{undecided_units, watched_units};
