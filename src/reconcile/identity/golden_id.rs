//! Golden ids: short, readable, and the same whenever the same account founds a customer.

use std::collections::BTreeSet;

use crate::reconcile::short_id::short_id;

/// A golden id for the customer that `founder` (`source:id`) founds, other than those taken.
pub(crate) fn golden_id(founder: &str, taken: &BTreeSet<String>) -> String {
    let mut turn = 0_u32;
    loop {
        let id = short_id("A", &[founder, &turn.to_string()]);
        if !taken.contains(&id) {
            return id;
        }
        turn += 1;
    }
}
