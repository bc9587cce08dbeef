//! The errors that are planted, and the look-alikes that are none.
//!
//! Each story takes a customer of its own, so that no two errors meet in one unit and every amount
//! can be worked out alone. A story says what was billed instead of the right thing, and what the
//! book must hold of it after each night.

mod cast;
mod counted;
mod innocent;
mod script;
mod unbilled;
mod wrong;

pub(super) use script::{ExtraBill, Plan, Script, Treatment};

use super::contracts::Contract;
use super::customers::Customer;
use super::random::Random;
use super::usage::Counts;

/// Plays all stories over a world that is right so far. Changes what the customers bought, and says
/// how they are billed.
pub(super) fn write(
    customers: &mut [Customer],
    contracts: &mut Vec<Contract>,
    counts: &mut Counts,
    random: &mut Random,
) -> Script {
    let mut cast = cast::Cast::new(customers, contracts, counts, random);
    unbilled::play(&mut cast);
    wrong::play(&mut cast);
    counted::play(&mut cast);
    innocent::play(&mut cast);
    cast.script
}
