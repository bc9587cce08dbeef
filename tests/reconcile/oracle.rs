//! An oracle for the billing rule: what the manual says, computed again in whole cents and days by
//! plain maps, without anything of the engine.
//!
//! Days are counted from 1 March 2026, amounts are cents, and everything happens in the five months
//! around March.

use std::collections::{BTreeMap, BTreeSet};

/// The first days of January to June 2026.
pub(super) const MONTHS: [i32; 6] = [-59, -28, 0, 31, 61, 92];
/// The days of grace of a bill in the wrong month.
const LAG: i32 = 3;

/// What decides the quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    Fixed,
    Seats,
    Usage,
    Commit,
}

/// How a part of a month is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parts {
    Actual,
    Thirty,
    Second,
    Whole,
    Next,
}

/// A contract.
#[derive(Debug, Clone)]
pub(super) struct Sold {
    pub(super) customer: u32,
    pub(super) sku: u32,
    pub(super) euro: bool,
    pub(super) quantity: i64,
    pub(super) price: i64,
    /// Percent, and the day on which it ends.
    pub(super) discount: Option<(i64, Option<i32>)>,
    pub(super) from: i32,
    pub(super) to: Option<i32>,
    pub(super) cancelled: bool,
    pub(super) model: Model,
    pub(super) parts: Parts,
    pub(super) tax: Option<i64>,
}

/// Usage, or what a vendor counts.
#[derive(Debug, Clone)]
pub(super) struct Used {
    pub(super) customer: u32,
    pub(super) sku: u32,
    pub(super) quantity: i64,
    pub(super) day: i32,
}

/// A billed line.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) customer: u32,
    pub(super) sku: u32,
    pub(super) euro: bool,
    pub(super) quantity: i64,
    pub(super) net: i64,
    /// Whether it states its unit price.
    pub(super) priced: bool,
    pub(super) tax: Option<i64>,
    pub(super) from: i32,
    pub(super) to: Option<i32>,
}

/// Everything of a small world.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    pub(super) sold: Vec<Sold>,
    pub(super) used: Vec<Used>,
    pub(super) vended: Vec<Used>,
    pub(super) lines: Vec<Line>,
    /// The list price of products that are not sold.
    pub(super) list_price: i64,
}

/// One item: customer, product, kind, impact in cents, ambiguous.
pub(super) type Item = (u32, u32, &'static str, i64, bool);

/// What should be found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) items: Vec<Item>,
    pub(super) units: u64,
    pub(super) discrepant: u64,
    pub(super) timing: u64,
    /// Sum of |A − E| over the discrepant, and of max(|E|, |A|) over all, dollars and euros apart.
    pub(super) off: [i64; 2],
    pub(super) compared: [i64; 2],
}

/// What a contract makes expected in a month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Expected {
    amount: i64,
    quantity: Option<i64>,
    /// The price of one in hundredths of a cent, where it is one.
    price: Option<i64>,
    overage: bool,
    has_parts: bool,
    /// When the service ends, where only the part before it is charged.
    ends: Option<i32>,
    tax: Option<i64>,
}

/// Which mistake a bill is compared with.
#[derive(Debug, Clone, Copy, Default)]
struct Reading {
    parts: Option<Parts>,
    /// Whether discounts are given always, or never.
    discount: Option<bool>,
    unused: bool,
}

/// A quotient rounded half away from zero.
pub(super) fn rounded(numerator: i64, denominator: i64) -> i64 {
    let size = (numerator.abs() * 2 + denominator) / (denominator * 2);
    if numerator < 0 { -size } else { size }
}

fn month_of(day: i32) -> usize {
    (0..5).find(|at| day < MONTHS[at + 1]).unwrap_or(4)
}

/// Seconds between two days; the clocks go forward in the night of 8 March.
fn seconds(from: i32, to: i32) -> i64 {
    let skipped = if from <= 7 && to > 7 { 3600 } else { 0 };
    i64::from(to - from) * 86400 - skipped
}

/// Days of a calendar whose months have 30.
fn thirty(day: i32) -> i64 {
    let month = (0..6)
        .rev()
        .find(|at| day >= MONTHS[*at])
        .unwrap_or_default();
    let in_month = i64::from(day - MONTHS[month]) + 1;
    i64::try_from(month).unwrap() * 30 + in_month.min(30)
}

impl Facts {
    fn expected(
        &self,
        (customer, sku, euro): (u32, u32, bool),
        month: usize,
        reading: Reading,
    ) -> Option<Expected> {
        let (start, end) = (MONTHS[month], MONTHS[month + 1]);
        let mut rows = Vec::new();
        for sold in self
            .sold
            .iter()
            .filter(|one| (one.customer, one.sku, one.euro) == (customer, sku, euro))
        {
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
                Parts::Thirty => (thirty(to) - thirty(from), 30),
            };
            rows.push((sold, from, to, parts, factor));
        }
        let starts: Vec<i32> = rows.iter().map(|row| row.1).collect();
        rows.retain(|(sold, _, to, parts, _)| {
            !(*parts == Parts::Whole
                && *to < end
                && starts.contains(to)
                && sold.model != Model::Usage)
        });
        let last = rows.iter().map(|row| row.2).max()?;
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
            tax: rows[0].0.tax,
            ..Expected::default()
        };
        let mut whole = true;
        let mut prices = BTreeSet::new();
        for (sold, from, to, _, factor) in &rows {
            let discount = sold.discount.filter(|(_, ends)| {
                reading
                    .discount
                    .unwrap_or(ends.is_none_or(|ends| *from < ends))
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
            let charged = if is_usage { (1, 1) } else { *factor };
            let over = if sold.model == Model::Commit {
                quantity - sold.quantity
            } else {
                0
            };
            // What exceeds a commitment was measured, and is no part of a month.
            let exact = (quantity - over) * price * charged.0 + over * price * charged.1;
            total.amount += rounded(exact, charged.1 * 100);
            total.quantity = total.quantity.map(|sum| sum + quantity);
            whole &= charged.0 == charged.1;
            prices.insert(price);
            let is_part = (*from > start || *to < end) && !is_usage;
            total.has_parts |= is_part;
            if *to == last && (*to == end || charged.0 == charged.1 || is_usage) {
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

    fn lines_in(&self, (customer, sku, euro): (u32, u32, bool), month: usize) -> Vec<&Line> {
        self.lines
            .iter()
            .filter(|line| (line.customer, line.sku, line.euro) == (customer, sku, euro))
            .filter(|line| month_of(line.from) == month)
            .collect()
    }
}

/// A unit of March with one side only.
struct Alone {
    key: (u32, u32, bool),
    sold: bool,
    quantity: Option<i64>,
    amount: i64,
    ambiguous: bool,
}

/// The findings of March.
pub(super) fn march(facts: &Facts) -> Found {
    let mut pairs: BTreeSet<(u32, u32)> = BTreeSet::new();
    pairs.extend(facts.sold.iter().map(|one| (one.customer, one.sku)));
    let in_march = |used: &&Used| month_of(used.day) == 2;
    pairs.extend(
        facts
            .used
            .iter()
            .chain(&facts.vended)
            .filter(in_march)
            .map(|one| (one.customer, one.sku)),
    );
    let lines = facts.lines.iter();
    pairs.extend(lines.map(|line| (line.customer, line.sku)));
    let mut found = Found::default();
    let mut alone = Vec::new();
    for (customer, sku) in pairs {
        judge(facts, customer, sku, &mut found, &mut alone);
    }
    leftovers(alone, &mut found);
    found.items.sort_unstable();
    found
}

impl Found {
    fn count(&mut self, euro: bool, expected: i64, actual: i64, off: Option<i64>) {
        self.units += 1;
        let largest = expected.abs().max(actual.abs());
        self.compared[usize::from(euro)] += largest.max((actual - expected).abs());
        if let Some(off) = off {
            self.discrepant += 1;
            self.off[usize::from(euro)] += off;
        }
    }
}

fn judge(facts: &Facts, customer: u32, sku: u32, found: &mut Found, alone: &mut Vec<Alone>) {
    let agreed = Reading::default();
    let sides = |euro: bool| {
        let key = (customer, sku, euro);
        (facts.expected(key, 2, agreed), facts.lines_in(key, 2))
    };
    let states = [sides(false), sides(true)];
    let unbilled: Vec<usize> = (0..2)
        .filter(|at| {
            let (expected, lines) = &states[*at];
            lines.is_empty() && expected.is_some_and(|one| one.amount != 0)
        })
        .collect();
    let net = |lines: &[&Line]| lines.iter().map(|line| line.net).sum::<i64>();
    let unsold: Vec<usize> = (0..2)
        .filter(|at| {
            let (expected, lines) = &states[*at];
            expected.is_none() && !lines.is_empty() && net(lines) != 0
        })
        .collect();
    if let ([sold], [billed]) = (unbilled.as_slice(), unsold.as_slice()) {
        // One euro is 1.10 dollars.
        let expected = states[*sold].0.map_or(0, |one| one.amount);
        let converted = if *sold == 1 {
            rounded(expected * 110, 100)
        } else {
            rounded(expected * 100, 110)
        };
        let actual = net(&states[*billed].1);
        let off = actual - converted;
        found.items.push((customer, sku, "CURRENCY", off, false));
        found.count(*billed == 1, converted, actual, Some(off.abs()));
        return;
    }
    let vended: i64 = facts
        .vended
        .iter()
        .filter(|used| (used.customer, used.sku) == (customer, sku) && month_of(used.day) == 2)
        .map(|used| used.quantity)
        .sum();
    let used: Vec<&Used> = facts
        .used
        .iter()
        .filter(|used| (used.customer, used.sku) == (customer, sku) && month_of(used.day) == 2)
        .collect();
    let mut is_any = false;
    for euro in [false, true] {
        let (expected, lines) = &states[usize::from(euro)];
        if expected.is_none() && lines.is_empty() {
            continue;
        }
        is_any = true;
        let is_only =
            states[usize::from(!euro)].0.is_none() && states[usize::from(!euro)].1.is_empty();
        let unit = Unit {
            facts,
            key: (customer, sku, euro),
            expected: *expected,
            lines: lines.clone(),
            net: net(lines),
            vended: if is_only { vended } else { 0 },
        };
        unit.judge(found, alone);
    }
    let has_contract = facts.sold.iter().any(|one| {
        (one.customer, one.sku) == (customer, sku)
            && one.from < MONTHS[3]
            && one.to.is_none_or(|to| to > 0)
            && !(one.cancelled && one.to.is_none())
    });
    if is_any || has_contract {
        return;
    }
    let used: i64 = used.iter().map(|used| used.quantity).sum();
    let (kind, quantity) = if used > 0 {
        ("ORPHAN_USAGE", used)
    } else if vended > 0 {
        ("VENDOR_COST", vended)
    } else {
        return;
    };
    let missing = quantity * facts.list_price;
    found.items.push((customer, sku, kind, -missing, false));
    found.count(false, missing, 0, Some(missing));
}

struct Unit<'f> {
    facts: &'f Facts,
    key: (u32, u32, bool),
    expected: Option<Expected>,
    lines: Vec<&'f Line>,
    net: i64,
    vended: i64,
}

impl Unit<'_> {
    fn floor(&self) -> i64 {
        i64::try_from(self.lines.len()).unwrap()
    }

    fn billed(&self) -> i64 {
        self.lines.iter().map(|line| line.quantity).sum()
    }

    fn is_near(&self, amount: i64) -> bool {
        (self.net - amount).abs() <= self.floor()
    }

    fn judge(&self, found: &mut Found, alone: &mut Vec<Alone>) {
        let (customer, sku, euro) = self.key;
        let expected = self.expected.map_or(0, |one| one.amount);
        let off = self.net - expected;
        let is_quantity_off = !self.lines.is_empty()
            && self
                .expected
                .and_then(|one| one.quantity)
                .is_some_and(|sold| sold != self.billed());
        let is_off = off.abs() > self.floor() || is_quantity_off;
        let tax = self.tax();
        let short = (self.vended - self.billed()).max(0);
        if !is_off {
            if short > 0 {
                let missing = match self
                    .expected
                    .map(|one| (one.price, one.quantity, one.amount))
                {
                    Some((Some(price), ..)) => rounded(short * price, 100),
                    Some((None, Some(quantity), amount)) if quantity != 0 => {
                        rounded(short * amount, quantity)
                    }
                    _ => rounded(short * self.net, self.billed().max(1)),
                };
                let item = (customer, sku, "VENDOR_COST", -missing, false);
                found.items.push(item);
                found.count(euro, self.net + missing, self.net, Some(missing));
            } else if let Some(tax) = tax {
                found.items.push((customer, sku, "TAX", tax, false));
                found.count(euro, self.net, self.net, Some(0));
            } else {
                found.count(euro, expected, self.net, None);
            }
            return;
        }
        let mut ambiguous = false;
        if off != 0 {
            match self.nearby() {
                Nearby::Timing => {
                    found.timing += 1;
                    return;
                }
                Nearby::CutOff => {
                    found.items.push((customer, sku, "PERIOD_CUTOFF", 0, false));
                    found.count(euro, expected, expected, Some(expected.abs()));
                    return;
                }
                Nearby::Elsewhere => return,
                Nearby::Ambiguous => ambiguous = true,
                Nearby::Nothing => {}
            }
        }
        let mut parts = self.causes(off, is_quantity_off);
        if let Some(tax) = tax
            && parts.iter().all(|(kind, _)| *kind == "AMOUNT")
        {
            parts.push(("TAX", tax));
        }
        if let [(kind @ ("MISSING_IN_BILLING" | "MISSING_IN_CRM"), _)] = parts.as_slice() {
            let sold = *kind == "MISSING_IN_BILLING";
            alone.push(Alone {
                key: self.key,
                sold,
                quantity: if sold {
                    self.expected.and_then(|one| one.quantity)
                } else {
                    Some(self.billed())
                },
                amount: if sold { expected } else { self.net },
                ambiguous,
            });
            return;
        }
        for (kind, impact) in parts {
            found.items.push((customer, sku, kind, impact, ambiguous));
        }
        found.count(euro, expected, self.net, Some(off.abs()));
    }

    fn causes(&self, off: i64, is_quantity_off: bool) -> Vec<(&'static str, i64)> {
        let read = |reading| self.facts.expected(self.key, 2, reading);
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
        if self.has_copies(&expected) {
            return vec![("DUPLICATE", off)];
        }
        let amount = Some(expected.amount);
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
                return vec![(kind, off)];
            }
            let says = charged().any(|line| line.to.is_some_and(|to| to > ends));
            let is_untold = charged().any(|line| line.to.is_none());
            let is_miscounted = agrees(amount, &[Parts::Actual, Parts::Thirty, Parts::Second]);
            if (says && !is_miscounted) || (!says && is_untold && agrees(amount, &[Parts::Whole])) {
                return vec![("BILLED_AFTER_END", off)];
            }
        }
        if expected.has_parts && agrees(amount, &all) {
            return vec![("PRORATION", off)];
        }
        self.split(&expected, off, is_quantity_off)
    }

    /// Quantity and price.
    fn split(
        &self,
        expected: &Expected,
        off: i64,
        is_quantity_off: bool,
    ) -> Vec<(&'static str, i64)> {
        let read = |reading| self.facts.expected(self.key, 2, reading);
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
    fn coverage(&self) -> Option<bool> {
        let own = || {
            self.facts
                .sold
                .iter()
                .filter(|one| (one.customer, one.sku, one.euro) == self.key)
        };
        let is_void = |one: &Sold| one.cancelled && one.to.is_none();
        if own().any(|one| !is_void(one) && one.from < MONTHS[3] && one.to.is_none_or(|to| to > 0))
        {
            return Some(true);
        }
        own()
            .any(|one| is_void(one) || one.to.is_some_and(|to| to <= 0))
            .then_some(false)
    }

    fn has_copies(&self, expected: &Expected) -> bool {
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
        let mut copies = 0;
        for lines in twins.values() {
            for copy in lines.iter().skip(1) {
                let without = left - measure(copy);
                if left > goal && (without - goal).abs() < (left - goal).abs() {
                    left = without;
                    copies += 1;
                }
            }
        }
        copies > 0
    }

    fn tax(&self) -> Option<i64> {
        let rate = self.expected?.tax?;
        let told: Option<Vec<i64>> = self.lines.iter().map(|line| line.tax).collect();
        let told: i64 = told.filter(|taxes| !taxes.is_empty())?.iter().sum();
        let expected: i64 = self
            .lines
            .iter()
            .map(|line| rounded(line.net * rate, 100))
            .sum();
        let exact_off = (told * 100 - self.net * rate).abs();
        let is_near =
            exact_off * 2 <= self.floor() * 100 || (told - expected).abs() <= self.floor();
        (!is_near).then_some(told - expected)
    }

    fn nearby(&self) -> Nearby {
        let partners = self.partners(2);
        let [(missing, billed, gap)] = partners.as_slice() else {
            return if partners.is_empty() {
                Nearby::Nothing
            } else {
                Nearby::Ambiguous
            };
        };
        let other = if *missing == 2 { *billed } else { *missing };
        if self.partners(other).len() > 1 {
            Nearby::Ambiguous
        } else if *gap <= LAG {
            Nearby::Timing
        } else if *missing == 2 {
            Nearby::CutOff
        } else {
            Nearby::Elsewhere
        }
    }

    /// The months next to one that could be its counterpart: missing, billed, days over the border.
    fn partners(&self, month: usize) -> Vec<(usize, usize, i32)> {
        let mut partners = Vec::new();
        for other in [month.wrapping_sub(1), month + 1] {
            if other > 4 {
                continue;
            }
            for (missing, billed) in [(month, other), (other, month)] {
                if let Some(gap) = self.gap(missing, billed) {
                    partners.push((missing, billed, gap));
                }
            }
        }
        partners
    }

    fn gap(&self, missing: usize, billed: usize) -> Option<i32> {
        let agreed = Reading::default();
        let home = self.facts.expected(self.key, missing, agreed)?;
        let guest = self.facts.expected(self.key, billed, agreed);
        let lines = self.facts.lines_in(self.key, billed);
        if !self.facts.lines_in(self.key, missing).is_empty() || home.amount == 0 {
            return None;
        }
        let net: i64 = lines.iter().map(|line| line.net).sum();
        let surplus = net - guest.map_or(0, |one| one.amount);
        if lines.is_empty() || surplus == 0 || (surplus - home.amount).abs() > 1 {
            return None;
        }
        let mut spans: BTreeMap<(i32, Option<i32>), i64> = BTreeMap::new();
        for line in &lines {
            *spans.entry((line.from, line.to)).or_default() += line.net;
        }
        let days = spans
            .iter()
            .filter(|(_, net)| guest.is_none() || (**net - home.amount).abs() <= 1)
            .map(|((from, _), _)| {
                if billed > missing {
                    from - (MONTHS[missing + 1] - 1)
                } else {
                    MONTHS[missing] - from
                }
            });
        if guest.is_some() == (billed > missing) {
            days.max()
        } else {
            days.min()
        }
    }
}

enum Nearby {
    Nothing,
    Ambiguous,
    Timing,
    CutOff,
    Elsewhere,
}

/// Whether two units that stand alone could be one.
type Same<'a> = &'a dyn Fn(&Alone, &Alone) -> bool;

/// Passes 5 to 7.
fn leftovers(mut alone: Vec<Alone>, found: &mut Found) {
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
                found.items.push((peer.key.0, peer.key.1, kind, off, false));
                found.count(peer.key.2, base.amount, peer.amount, Some(off.abs()));
                continue;
            }
            for (one, expected, actual) in [(base, base.amount, 0), (peer, 0, peer.amount)] {
                let impact = actual - expected;
                found
                    .items
                    .push((one.key.0, one.key.1, kind, impact, false));
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
        found
            .items
            .push((one.key.0, one.key.1, kind, impact, one.ambiguous));
        found.count(one.key.2, expected, actual, Some(impact.abs()));
    }
}
