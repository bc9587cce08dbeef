//! What a contract makes expected in a month.

use std::collections::BTreeSet;

use super::calendar::{first_day, later, month_of, seconds, thirty};
use super::{Facts, Line, Model, Parts, Sold};

/// What a contract makes expected in a month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) amount: i64,
    pub(super) quantity: Option<i64>,
    /// The price of one in hundredths of a cent, where it is one.
    pub(super) price: Option<i64>,
    pub(super) overage: bool,
    pub(super) has_parts: bool,
    /// When the service ends, where only the part before it is charged.
    pub(super) ends: Option<i32>,
    pub(super) tax: Option<i64>,
    /// The day by which all of it should be billed.
    pub(super) due: i32,
}

/// Which mistake a bill is compared with.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reading {
    pub(super) parts: Option<Parts>,
    /// Whether discounts are given always, or never.
    pub(super) discount: Option<bool>,
    pub(super) unused: bool,
}

/// A contract in a cycle that starts in the month.
#[derive(Clone, Copy)]
struct Row<'f> {
    sold: &'f Sold,
    /// The part of the cycle in which it is active.
    from: i32,
    to: i32,
    /// The cycle.
    start: i32,
    end: i32,
    parts: Parts,
    factor: (i64, i64),
}

impl Sold {
    /// The cycle that starts in a month.
    fn cycle(&self, month: i32) -> Option<(i32, i32)> {
        if self.every == 1 {
            return Some((first_day(month), first_day(month + 1)));
        }
        let elapsed = month - month_of(self.from);
        (elapsed >= 0 && elapsed % self.every == 0).then(|| {
            (
                later(self.from, elapsed),
                later(self.from, elapsed + self.every),
            )
        })
    }
}

/// A quotient rounded half away from zero.
pub(in crate::reconcile) fn rounded(numerator: i64, denominator: i64) -> i64 {
    let size = (numerator.abs() * 2 + denominator) / (denominator * 2);
    if numerator < 0 { -size } else { size }
}

impl Facts {
    pub(super) fn expected(
        &self,
        (customer, sku, euro): (u32, u32, bool),
        month: i32,
        reading: Reading,
    ) -> Option<Expected> {
        let mut rows = Vec::new();
        for sold in self
            .sold
            .iter()
            .filter(|one| (one.customer, one.sku, one.euro) == (customer, sku, euro))
        {
            let Some((start, end)) = sold.cycle(month) else {
                continue;
            };
            let from = sold.from.max(start);
            let to = sold.to.unwrap_or(end).min(end);
            if from >= to || (sold.cancelled && sold.to.is_none()) {
                continue;
            }
            let parts = reading.parts.unwrap_or(sold.parts);
            let factor = match parts {
                _ if from == start && to == end => (1, 1),
                Parts::Whole => (1, 1),
                Parts::Next if from == start || sold.model == Model::Usage => (1, 1),
                Parts::Next => continue,
                Parts::Actual => (i64::from(to - from), i64::from(end - start)),
                Parts::Second => (seconds(from, to), seconds(start, end)),
                Parts::Thirty => (thirty(to) - thirty(from), thirty(end) - thirty(start)),
            };
            rows.push(Row {
                sold,
                from,
                to,
                start,
                end,
                parts,
                factor,
            });
        }
        let starts: Vec<i32> = rows.iter().map(|row| row.from).collect();
        rows.retain(|row| {
            !(row.parts == Parts::Whole
                && row.to < row.end
                && starts.contains(&row.to)
                && row.sold.model != Model::Usage)
        });
        let last = rows.iter().map(|row| row.to).max()?;
        let used: i64 = self
            .used
            .iter()
            .filter(|used| (used.customer, used.sku) == (customer, sku))
            .filter(|used| month_of(used.day) == month && !reading.unused)
            .map(|used| used.quantity)
            .sum();
        let mut total = Expected {
            quantity: Some(0),
            ends: Some(last),
            due: i32::MIN,
            tax: rows[0].sold.tax,
            ..Expected::default()
        };
        let mut whole = true;
        let mut prices = BTreeSet::new();
        for row in &rows {
            let Row {
                sold,
                from,
                to,
                start,
                end,
                factor,
                ..
            } = *row;
            let discount = sold.discount.filter(|(_, ends)| {
                reading
                    .discount
                    .unwrap_or(ends.is_none_or(|ends| from.max(first_day(month)) < ends))
            });
            // Hundredths of a cent, so that a percentage of a price is whole.
            let price = sold.price * (100 - discount.map_or(0, |(percent, _)| percent));
            let is_usage = sold.model == Model::Usage;
            let quantity = match sold.model {
                Model::Fixed => sold.quantity,
                Model::Seats | Model::Commit => sold.quantity.max(used),
                Model::Usage => used,
            };
            total.overage |= sold.model == Model::Commit && used > sold.quantity;
            let charged = if is_usage { (1, 1) } else { factor };
            let over = if sold.model == Model::Commit {
                quantity - sold.quantity
            } else {
                0
            };
            // What exceeds a commitment was measured, and is no part of a month.
            let exact = (quantity - over) * price * charged.0 + over * price * charged.1;
            let is_licence = matches!(sold.model, Model::Fixed | Model::Seats);
            total.amount += if self.cut && is_licence {
                quantity * self.in_cents(price * charged.0, charged.1 * 100)
            } else {
                self.in_cents(exact, charged.1 * 100)
            };
            total.due = total.due.max(match sold.model {
                Model::Seats | Model::Usage => {
                    let next = first_day(month + 1);
                    next + self.arrears_day.min(first_day(month + 2) - next) - 1
                }
                Model::Fixed | Model::Commit => from.max(first_day(month)),
            });
            total.quantity = total.quantity.map(|sum| sum + quantity);
            whole &= charged.0 == charged.1;
            prices.insert(price);
            let is_part = (from > start || to < end) && !is_usage;
            total.has_parts |= is_part;
            if to == last && (to == end || charged.0 == charged.1 || is_usage) {
                total.ends = None;
            }
            if total.tax != sold.tax {
                total.tax = None;
            }
        }
        if !whole && rows.len() > 1 {
            total.quantity = None;
        }
        if whole && prices.len() == 1 {
            total.price = prices.first().copied();
        }
        Some(total)
    }

    /// What is charged in cents for an amount as a fraction of a cent.
    pub(super) fn in_cents(&self, numerator: i64, denominator: i64) -> i64 {
        if self.cut {
            numerator / denominator
        } else {
            rounded(numerator, denominator)
        }
    }

    /// The one tax in percent that all contracts name which are active in March.
    pub(super) fn tax_rate(&self, (customer, sku, euro): (u32, u32, bool)) -> Option<i64> {
        let mut rates = self
            .sold
            .iter()
            .filter(|one| (one.customer, one.sku, one.euro) == (customer, sku, euro))
            .filter(|one| one.from < first_day(1) && one.to.is_none_or(|to| to > 0))
            .filter(|one| !(one.cancelled && one.to.is_none()))
            .map(|one| one.tax);
        let first = rates.next()??;
        rates.all(|rate| rate == Some(first)).then_some(first)
    }

    pub(super) fn lines_in(
        &self,
        (customer, sku, euro): (u32, u32, bool),
        month: i32,
    ) -> Vec<&Line> {
        self.lines
            .iter()
            .filter(|line| (line.customer, line.sku, line.euro) == (customer, sku, euro))
            .filter(|line| month_of(line.from) == month)
            .collect()
    }
}
