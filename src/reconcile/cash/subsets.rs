//! Which of several amounts come to a sum exactly: bounded in size and in work, and plain about
//! where a bound ended the search.

use rust_decimal::Decimal;

/// So many open invoices of an account are combined, the earliest due first.
pub(super) const ITEMS_MAX: usize = 60;
/// So many candidates are tried for one payment.
pub(super) const STEPS_MAX: u32 = 200_000;
/// So many combinations are kept; that there are more is told.
pub(super) const FOUND_MAX: usize = 10;

/// What a search found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Subsets {
    /// Places of amounts that come to the sum, each in rising order; the smaller combinations first.
    pub(super) found: Vec<Vec<usize>>,
    /// Why there may be more than these, in one sentence.
    pub(super) stopped: Option<String>,
}

/// Every combination of amounts that comes to exactly `sum`, as far as the bounds allow. All amounts
/// are more than zero. The same amounts in the same order give the same answer.
pub(super) fn subsets(amounts: &[Decimal], sum: Decimal) -> Subsets {
    let searched = amounts.get(..ITEMS_MAX).unwrap_or(amounts);
    let Some((whole, wanted)) = whole_numbers(searched, sum) else {
        return Subsets {
            found: Vec::new(),
            stopped: Some("the amounts are too large to be combined".into()),
        };
    };
    let mut search = Search::new(&whole);
    let ended = search.run(wanted);
    let stopped = match ended {
        Some(End::Found) => Some(format!(
            "there are more than these {FOUND_MAX} combinations"
        )),
        Some(End::Steps(size)) => Some(format!(
            "the search ended after {STEPS_MAX} tries, at combinations of {size} of {} open \
             invoices",
            searched.len()
        )),
        None if amounts.len() > searched.len() => Some(format!(
            "only the {ITEMS_MAX} earliest due of {} open invoices were combined",
            amounts.len()
        )),
        None => None,
    };
    let mut found = search.found;
    for places in &mut found {
        places.sort_unstable();
    }
    found.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
    Subsets { found, stopped }
}

/// Amounts and sum as whole numbers of one smallest unit, so that adding them is cheap and exact.
fn whole_numbers(amounts: &[Decimal], sum: Decimal) -> Option<(Vec<i128>, i128)> {
    let scale = amounts
        .iter()
        .chain([&sum])
        .map(|amount| amount.normalize().scale())
        .max()?;
    let whole = |amount: &Decimal| {
        let plain = amount.normalize();
        let factor = 10_i128.checked_pow(scale - plain.scale())?;
        plain.mantissa().checked_mul(factor)
    };
    let numbers: Option<Vec<i128>> = amounts.iter().map(whole).collect();
    let numbers = numbers?;
    // The sum of all must be a number too; then no partial sum can leave the range.
    numbers
        .iter()
        .try_fold(0_i128, |total, number| total.checked_add(*number))?;
    Some((numbers, whole(&sum)?))
}

/// What ended a search early.
enum End {
    Found,
    /// At combinations of this size.
    Steps(usize),
}

struct Search {
    /// The amounts from the largest to the smallest, with their places.
    items: Vec<(i128, usize)>,
    /// The sum of the first so many items.
    sums: Vec<i128>,
    taken: Vec<usize>,
    steps: u32,
    found: Vec<Vec<usize>>,
}

impl Search {
    fn new(amounts: &[i128]) -> Self {
        let mut items: Vec<(i128, usize)> = amounts.iter().copied().zip(0..).collect();
        items.sort_by_key(|(amount, at)| (std::cmp::Reverse(*amount), *at));
        let mut sums = vec![0];
        let mut total = 0;
        for (amount, _) in &items {
            total += amount;
            sums.push(total);
        }
        Self {
            items,
            sums,
            taken: Vec::new(),
            steps: 0,
            found: Vec::new(),
        }
    }

    /// The smaller combinations first: they are what a payer more likely meant.
    fn run(&mut self, wanted: i128) -> Option<End> {
        for size in 1..=self.items.len() {
            if let Some(end) = self.take(0, size, wanted) {
                return Some(match end {
                    End::Steps(_) => End::Steps(size),
                    End::Found => End::Found,
                });
            }
        }
        None
    }

    /// Takes `count` more of the items from `first` on, which must come to `rest`.
    fn take(&mut self, first: usize, count: usize, rest: i128) -> Option<End> {
        let length = self.items.len();
        for at in first..=length.saturating_sub(count) {
            if self.steps == STEPS_MAX {
                return Some(End::Steps(count));
            }
            self.steps += 1;
            // The largest that can still be taken do not reach the rest: nor will smaller ones.
            if self.sum(at, at + count) < rest {
                return None;
            }
            let (amount, place) = self.items[at];
            // With the smallest that could follow it, this one is already too much.
            if amount + self.sum(length + 1 - count, length) > rest {
                continue;
            }
            self.taken.push(place);
            if count > 1 {
                if let Some(end) = self.take(at + 1, count - 1, rest - amount) {
                    return Some(end);
                }
            } else if amount == rest {
                if self.found.len() == FOUND_MAX {
                    return Some(End::Found);
                }
                self.found.push(self.taken.clone());
            }
            self.taken.pop();
        }
        None
    }

    fn sum(&self, from: usize, to: usize) -> i128 {
        self.sums[to] - self.sums[from]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

    use super::*;

    fn amounts(cents: &[i64]) -> Vec<Decimal> {
        cents.iter().map(|cents| Decimal::new(*cents, 2)).collect()
    }

    /// Goal: within the bounds the search is complete and right. Method: every subset of up to ten
    /// amounts, told by the bits of a number.
    #[test]
    fn it_finds_what_trying_all_finds() {
        proptest!(|(cents in prop::collection::vec(1..12_i64, 0..10), sum in 1..60_i64)| {
            let found = subsets(&amounts(&cents), Decimal::new(sum, 2));
            let mut expected: Vec<Vec<usize>> = (1_u32..1 << cents.len())
                .map(|bits| (0..cents.len()).filter(|at| bits >> at & 1 == 1).collect())
                .filter(|places: &Vec<usize>| places.iter().map(|at| cents[*at]).sum::<i64>() == sum)
                .collect();
            expected.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
            if expected.len() > FOUND_MAX {
                prop_assert!(found.stopped.is_some());
                prop_assert_eq!(found.found.len(), FOUND_MAX);
                prop_assert!(found.found.iter().all(|one| expected.contains(one)));
            } else {
                prop_assert_eq!(found, Subsets { found: expected, stopped: None });
            }
        });
    }

    /// Goal: each bound ends the search and says so. Method: more items than are combined; amounts
    /// of which no combination fits though very many nearly do; amounts of different decimals.
    #[test]
    fn a_bound_is_told() {
        let many = subsets(&amounts(&[500; 61]), Decimal::new(3, 2));
        assert!(many.found.is_empty());
        assert!(many.stopped.unwrap().contains("60 earliest due of 61"));

        let even: Vec<i64> = (0..60).map(|at| 10_000 + at * 2).collect();
        let hard = subsets(&amounts(&even), Decimal::new(301_771, 2));
        assert!(hard.stopped.unwrap().contains("200000 tries"));

        let mixed: Vec<Decimal> = ["1", "0.25", "2.50"].map(|one| one.parse().unwrap()).into();
        assert_eq!(subsets(&mixed, "3.5".parse().unwrap()).found, [[0, 2]]);
    }
}
