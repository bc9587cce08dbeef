//! Passes 5 to 7 of the leftovers.

use std::collections::BTreeSet;

use super::Found;

/// A unit of March with one side only.
pub(super) struct Alone {
    pub(super) key: (u32, u32, bool),
    pub(super) sold: bool,
    pub(super) quantity: Option<i64>,
    pub(super) amount: i64,
    pub(super) ambiguous: bool,
    /// Kinds that apply as well.
    pub(super) tags: BTreeSet<&'static str>,
}

/// Whether two units that stand alone could be one.
type Same<'a> = &'a dyn Fn(&Alone, &Alone) -> bool;

/// Passes 5 to 7.
pub(super) fn leftovers(mut alone: Vec<Alone>, found: &mut Found) {
    let mut taken = BTreeSet::new();
    let can = |one: &Alone| !one.ambiguous && one.quantity.is_some();
    // 5: the same customer, currency and quantity.
    let same_code = |base: &Alone, peer: &Alone| {
        base.key.0 == peer.key.0 && base.key.2 == peer.key.2 && base.quantity == peer.quantity
    };
    // 6: the same product, currency, quantity and price.
    let same_customer = |base: &Alone, peer: &Alone| {
        (base.key.1, base.key.2) == (peer.key.1, peer.key.2)
            && base.quantity == peer.quantity
            && (base.amount - peer.amount).abs() <= 1
    };
    let passes: [(&'static str, Same<'_>); 2] = [
        ("WRONG_CODE", &same_code),
        ("CUSTOMER_MISMATCH", &same_customer),
    ];
    for (kind, is_same) in passes {
        let open: Vec<usize> = (0..alone.len())
            .filter(|at| can(&alone[*at]) && !taken.contains(at))
            .collect();
        let rivals = |at: usize| -> Vec<usize> {
            open.iter()
                .copied()
                .filter(|other| alone[*other].sold != alone[at].sold)
                .filter(|other| is_same(&alone[at], &alone[*other]))
                .collect()
        };
        let mut pairs = Vec::new();
        let mut tagged = Vec::new();
        for at in open.iter().copied() {
            match rivals(at).as_slice() {
                [] => {}
                [other] if rivals(*other).len() == 1 => {
                    if alone[at].sold {
                        pairs.push((at, *other));
                    }
                }
                _ => tagged.push(at),
            }
        }
        for at in tagged {
            alone[at].ambiguous = true;
        }
        for (sold, billed) in pairs {
            taken.extend([sold, billed]);
            let (base, peer) = (&alone[sold], &alone[billed]);
            let off = peer.amount - base.amount;
            if kind == "WRONG_CODE" {
                let mut tags: BTreeSet<&str> = base.tags.union(&peer.tags).copied().collect();
                if off.abs() > 1 {
                    tags.insert("UNIT_PRICE");
                }
                let item = (peer.key.0, peer.key.1, kind, off, false, tags);
                found.items.push(item);
                found.count(peer.key.2, base.amount, peer.amount, Some(off.abs()));
                continue;
            }
            for (one, expected, actual) in [(base, base.amount, 0), (peer, 0, peer.amount)] {
                let impact = actual - expected;
                let tags = one.tags.clone();
                let item = (one.key.0, one.key.1, kind, impact, false, tags);
                found.items.push(item);
                found.count(one.key.2, expected, actual, Some(impact.abs()));
            }
        }
    }
    for (at, one) in alone.iter().enumerate() {
        if taken.contains(&at) {
            continue;
        }
        let (kind, expected, actual) = if one.sold {
            ("MISSING_IN_BILLING", one.amount, 0)
        } else {
            ("MISSING_IN_CRM", 0, one.amount)
        };
        let impact = actual - expected;
        let tags = one.tags.clone();
        let item = (one.key.0, one.key.1, kind, impact, one.ambiguous, tags);
        found.items.push(item);
        found.count(one.key.2, expected, actual, Some(impact.abs()));
    }
}
