//! The errors that are planted, and the look-alikes that are none.
//!
//! Each story takes a customer of its own, so that no two errors meet in one unit and every amount
//! can be worked out alone. A story says what was billed instead of the right thing, and what the
//! book must hold of it after each night.

mod cast;
mod counted;
mod innocent;
mod kept;
mod play;
mod script;
mod unbilled;
mod wrong;

pub(super) use play::play;
pub(super) use script::{ExtraBill, Plan, Script, Treatment};
