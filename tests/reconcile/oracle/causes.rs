//! Why a unit differs.

use std::collections::{BTreeMap, BTreeSet};

use super::calendar::first_day;
use super::expected::{Expected, Reading, rounded};
use super::unit::Unit;
use super::{Line, Parts, Sold};

impl Unit<'_> {
    /// What differs and its money; what applies beside it goes to `tags`.
    pub(super) fn causes(
        &self,
        off: i64,
        is_quantity_off: bool,
        tags: &mut BTreeSet<&'static str>,
    ) -> Vec<(&'static str, i64)> {
        let read = |reading| self.facts.expected(self.key, 0, reading);
        let prorated = |parts| {
            read(Reading {
                parts: Some(parts),
                ..Reading::default()
            })
        };
        let all = [
            Parts::Actual,
            Parts::Thirty,
            Parts::Second,
            Parts::Whole,
            Parts::Next,
        ];
        let agrees = |expected: Option<i64>, ways: &[Parts]| {
            ways.iter().filter_map(|way| prorated(*way)).any(|other| {
                other.has_parts && Some(other.amount) != expected && self.is_near(other.amount)
            })
        };
        let Some(expected) = self.expected else {
            return vec![(
                match self.coverage() {
                    Some(true) if agrees(None, &all) => "PRORATION",
                    Some(true) => "AMOUNT",
                    Some(false) => "CANCELLED_BILLED",
                    None => "MISSING_IN_CRM",
                },
                off,
            )];
        };
        if self.lines.is_empty() {
            return vec![("MISSING_IN_BILLING", off)];
        }
        let split = || self.split(&expected, off, is_quantity_off).into_iter();
        if let Some(copied) = self.copied(&expected) {
            if copied != off {
                tags.extend(split().map(|(kind, _)| kind));
            }
            return vec![("DUPLICATE", off)];
        }
        let amount = Some(expected.amount);
        let mut after_end = None;
        if let Some(ends) = expected.ends.filter(|_| off > 0) {
            let charged = || self.lines.iter().filter(|line| line.net > 0);
            if charged().any(|line| line.from >= ends) {
                let is_cancelled = self
                    .facts
                    .sold
                    .iter()
                    .any(|one| (one.customer, one.sku, one.euro) == self.key && one.cancelled);
                let kind = if is_cancelled {
                    "CANCELLED_BILLED"
                } else {
                    "BILLED_AFTER_END"
                };
                after_end = Some(kind);
            }
            let says = charged().any(|line| line.to.is_some_and(|to| to > ends));
            let is_untold = charged().any(|line| line.to.is_none());
            let is_miscounted = agrees(amount, &[Parts::Actual, Parts::Thirty, Parts::Second]);
            if (says && !is_miscounted) || (!says && is_untold && agrees(amount, &[Parts::Whole])) {
                after_end = after_end.or(Some("BILLED_AFTER_END"));
            }
        }
        if let Some(kind) = after_end {
            let is_whole = prorated(Parts::Whole).is_some_and(|one| self.is_near(one.amount));
            if !is_whole {
                tags.extend(
                    split()
                        .map(|(kind, _)| kind)
                        .filter(|kind| *kind != "AMOUNT"),
                );
            }
            return vec![(kind, off)];
        }
        if expected.has_parts && agrees(amount, &all) {
            return vec![("PRORATION", off)];
        }
        split().collect()
    }

    /// Quantity and price.
    fn split(
        &self,
        expected: &Expected,
        off: i64,
        is_quantity_off: bool,
    ) -> Vec<(&'static str, i64)> {
        let read = |reading| self.facts.expected(self.key, 0, reading);
        let others: Vec<Expected> = [true, false]
            .into_iter()
            .filter_map(|always| {
                read(Reading {
                    discount: Some(always),
                    ..Reading::default()
                })
            })
            .filter(|other| other.amount != expected.amount)
            .collect();
        let has_discount = self
            .facts
            .sold
            .iter()
            .any(|one| (one.customer, one.sku, one.euro) == self.key && one.discount.is_some());
        let billed = self.billed();
        let is_discount = has_discount
            && others
                .iter()
                .any(|other| match (other.price, expected.quantity) {
                    (Some(price), Some(_)) => {
                        (self.net * 100 - price * billed).abs() <= self.floor() * 100
                    }
                    _ => self.is_near(other.amount),
                });
        let Some(sold) = expected.quantity else {
            return vec![(
                if is_discount {
                    "DISCOUNT_EXPIRED"
                } else {
                    "AMOUNT"
                },
                off,
            )];
        };
        if is_quantity_off && expected.overage {
            let unused = read(Reading {
                unused: true,
                ..Reading::default()
            });
            if let Some(unused) = unused
                && unused.quantity == Some(billed)
                && billed < sold
            {
                let rest = self.net - unused.amount;
                if rest.abs() <= self.floor() {
                    return vec![("UNBILLED_OVERAGE", off)];
                }
                return vec![
                    ("UNBILLED_OVERAGE", unused.amount - expected.amount),
                    ("UNIT_PRICE", rest),
                ];
            }
        }
        let is_priced = self.lines.iter().all(|line| line.priced);
        if !is_priced || billed == 0 || (sold == 0 && expected.price.is_none()) {
            let is_discount = has_discount && others.iter().any(|one| self.is_near(one.amount));
            let kind = if is_quantity_off {
                "QUANTITY"
            } else if is_discount {
                "DISCOUNT_EXPIRED"
            } else {
                "AMOUNT"
            };
            return vec![(kind, off)];
        }
        // A × 100 − pE × qA, over the quantity where the price is only an average.
        let (numerator, denominator) = match expected.price {
            Some(price) => (self.net * 100 - price * billed, 100),
            None => (self.net * sold - expected.amount * billed, sold),
        };
        let effect = rounded(numerator, denominator);
        let is_price_same = numerator.abs() <= self.floor() * denominator;
        let by_price = if is_discount {
            "DISCOUNT_EXPIRED"
        } else {
            "UNIT_PRICE"
        };
        match (is_quantity_off, is_price_same) {
            (true, true) => vec![("QUANTITY", off)],
            (true, false) => vec![("QUANTITY", off - effect), (by_price, effect)],
            (false, false) => vec![(by_price, off)],
            (false, true) => vec![("AMOUNT", off)],
        }
    }

    /// Whether a contract is active in March (and charges nothing), or only ended before it.
    pub(super) fn coverage(&self) -> Option<bool> {
        let own = || {
            self.facts
                .sold
                .iter()
                .filter(|one| (one.customer, one.sku, one.euro) == self.key)
        };
        let is_void = |one: &Sold| one.cancelled && one.to.is_none();
        if own()
            .any(|one| !is_void(one) && one.from < first_day(1) && one.to.is_none_or(|to| to > 0))
        {
            return Some(true);
        }
        own()
            .any(|one| is_void(one) || one.to.is_some_and(|to| to <= 0))
            .then_some(false)
    }

    /// The money of the lines that bill the same twice.
    fn copied(&self, expected: &Expected) -> Option<i64> {
        let measure = |line: &Line| match expected.quantity {
            Some(_) => line.quantity,
            None => line.net,
        };
        let goal = expected.quantity.unwrap_or(expected.amount);
        let mut left: i64 = self.lines.iter().map(|line| measure(line)).sum();
        let mut twins: BTreeMap<_, Vec<&Line>> = BTreeMap::new();
        for line in self.lines.iter().filter(|line| line.net > 0) {
            let key = (line.from, line.to.unwrap_or(31), line.quantity, line.net);
            twins.entry(key).or_default().push(line);
        }
        for credit in self.lines.iter().filter(|line| line.net < 0) {
            let credited = twins
                .iter_mut()
                .find(|(key, lines)| key.3 == -credit.net && lines.len() > 1);
            if let Some((_, lines)) = credited {
                lines.pop();
            }
        }
        let mut copied = None;
        for lines in twins.values() {
            for copy in lines.iter().skip(1) {
                let without = left - measure(copy);
                if left > goal && (without - goal).abs() < (left - goal).abs() {
                    left = without;
                    copied = Some(copied.unwrap_or_default() + copy.net);
                }
            }
        }
        copied
    }
}
