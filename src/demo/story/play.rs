//! All stories, one after another.

use super::cast::Cast;
use super::script::Script;
use super::{counted, innocent, kept, unbilled, wrong};
use crate::demo::contracts::Contract;
use crate::demo::customers::Customer;
use crate::demo::random::Random;
use crate::demo::usage::Counts;

/// Plays all stories over a world that is right so far. Changes what the customers bought, and says
/// how they are billed.
pub(in crate::demo) fn play(
    customers: &mut [Customer],
    contracts: &mut Vec<Contract>,
    counts: &mut Counts,
    random: &mut Random,
) -> Script {
    let mut cast = Cast::new(customers, contracts, counts, random);
    unbilled::play(&mut cast);
    wrong::play(&mut cast);
    counted::play(&mut cast);
    innocent::play(&mut cast);
    kept::play(&mut cast);
    cast.script
}
