//! What could have been the other side of a unit that has none, and why it was not taken.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::currency::Currency;
use crate::money::money_text;
use crate::reconcile::discrepancy::Candidate;

use super::judge::Context;
use super::leftovers::{Leftover, Want, quantity_text};

/// How many an item names, at most.
const CANDIDATES_MAX: usize = 3;

/// What leftovers that could be compared have in common: the pass, and the customer or the product.
type Place = (&'static str, String, Currency);

/// Gives every unit that stays alone its nearest candidates: the other products of its customer, then
/// the other customers of its product, each by the nearness of the amounts.
pub(super) fn tell_candidates(
    leftovers: &mut [Leftover],
    by_code: &[(usize, usize)],
    by_customer: &[(usize, usize)],
    context: &Context<'_>,
) {
    let paired: BTreeSet<usize> = by_code
        .iter()
        .chain(by_customer)
        .flat_map(|(sold, billed)| [*sold, *billed])
        .collect();
    let mut sold: BTreeMap<Place, Vec<(Decimal, usize)>> = BTreeMap::new();
    let mut billed: BTreeMap<Place, Vec<(Decimal, usize)>> = BTreeMap::new();
    for (at, leftover) in leftovers.iter().enumerate() {
        let side = match leftover.want {
            Want::Bill => &mut sold,
            Want::Contract => &mut billed,
        };
        for place in places(leftover) {
            side.entry(place).or_default().push((leftover.amount(), at));
        }
    }
    for of_place in sold.values_mut().chain(billed.values_mut()) {
        of_place.sort_unstable();
    }
    let mut told: Vec<(usize, Vec<Candidate>)> = Vec::new();
    for (at, leftover) in leftovers.iter().enumerate() {
        let Some(finding) = leftover.finding.as_ref().filter(|_| !paired.contains(&at)) else {
            continue;
        };
        let opposite = match leftover.want {
            Want::Bill => &billed,
            Want::Contract => &sold,
        };
        let mut candidates = finding.candidates.clone();
        for place in places(leftover) {
            let Some(others) = opposite.get(&place) else {
                continue;
            };
            for other in nearest(others, leftover.amount()) {
                let taken = paired.contains(&other);
                candidates.push(candidate(
                    place.0,
                    leftover,
                    &leftovers[other],
                    taken,
                    context,
                ));
            }
        }
        candidates.truncate(CANDIDATES_MAX);
        told.push((at, candidates));
    }
    for (at, candidates) in told {
        if let Some(finding) = &mut leftovers[at].finding {
            finding.candidates = candidates;
        }
    }
}

fn places(leftover: &Leftover) -> [Place; 2] {
    let currency = leftover.unit.currency;
    [
        ("sku", leftover.unit.account.id.clone(), currency),
        ("customer", leftover.sku.clone(), currency),
    ]
}

/// The two of a sorted list whose amounts are nearest, the nearest first.
fn nearest(others: &[(Decimal, usize)], amount: Decimal) -> Vec<usize> {
    let at = others.partition_point(|(other, _)| *other < amount);
    let from = at.saturating_sub(2);
    let to = others.len().min(at + 2);
    let mut around: Vec<(Decimal, usize)> = others[from..to]
        .iter()
        .map(|(other, at)| ((*other - amount).abs(), *at))
        .collect();
    around.sort_unstable();
    around.into_iter().take(2).map(|(_, at)| at).collect()
}

fn candidate(
    pass: &str,
    own: &Leftover,
    other: &Leftover,
    is_taken: bool,
    context: &Context<'_>,
) -> Candidate {
    let is_ambiguous = other
        .finding
        .as_ref()
        .is_some_and(|finding| finding.ambiguous);
    let reason = match (quantity_text(own), quantity_text(other)) {
        _ if is_taken => "it is the other side of another unit".to_owned(),
        _ if other.finding.is_none() => "a source that could decide it is not up to date".into(),
        (None, _) | (_, None) => "a quantity is not known".to_owned(),
        (Some(own), Some(other)) if own != other => {
            format!("its quantity is {other}, not {own}")
        }
        _ if is_ambiguous => "others match as well".to_owned(),
        _ => "its price is another one".to_owned(),
    };
    let currency = other.unit.currency;
    Candidate {
        pass: pass.to_owned(),
        account: (pass == "customer").then(|| other.unit.account.id.clone()),
        sku: other.sku.clone(),
        period: context.period,
        currency,
        quantity: quantity_text(other),
        amount: Some(money_text(other.amount(), currency)),
        reason,
    }
}
