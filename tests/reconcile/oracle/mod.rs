//! An oracle for the billing rule: what the manual says, computed again in whole cents and days by
//! plain maps, without anything of the engine.
//!
//! Days and months are counted from 1 March 2026, amounts are cents, and the month that is judged is
//! March.

mod calendar;
mod causes;
mod expected;
mod leftovers;
mod nearby;
mod unit;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use calendar::first_day;
use calendar::month_of;
use expected::Reading;
pub(super) use expected::rounded;
use leftovers::{Alone, leftovers};
use unit::Unit;

/// The days of grace of a bill in the wrong month.
const LAG: i32 = 3;
/// A day after everything.
const LATER: i32 = 305;

/// What decides the quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    Fixed,
    Seats,
    Usage,
    Commit,
}

/// How a part of a cycle is charged.
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
    /// Months of a cycle: 1, 3 or 12.
    pub(super) every: i32,
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
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) sold: Vec<Sold>,
    pub(super) used: Vec<Used>,
    pub(super) vended: Vec<Used>,
    pub(super) lines: Vec<Line>,
    /// The list price of products that are not sold.
    pub(super) list_price: i64,
    /// The day on which it is judged.
    pub(super) today: i32,
    /// How many months on either side are looked at for a shifted bill.
    pub(super) max_shift: i32,
    /// The day of the next month on which usage is billed.
    pub(super) arrears_day: i32,
    /// Whether the lines of a customer, currency and month are one invoice, which rounds its tax once.
    pub(super) taxed_by_invoice: bool,
    /// Whether amounts are cut off after the cents, and a licence's price before it is multiplied.
    pub(super) cut: bool,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            sold: Vec::new(),
            used: Vec::new(),
            vended: Vec::new(),
            lines: Vec::new(),
            list_price: 0,
            today: LATER,
            max_shift: 1,
            arrears_day: 1,
            taxed_by_invoice: false,
            cut: false,
        }
    }
}

impl Facts {
    /// The day on which what was used in March should be billed.
    fn arrears_due(&self) -> i32 {
        let april = first_day(2) - first_day(1);
        first_day(1) + self.arrears_day.min(april) - 1
    }

    fn is_before(&self, due: i32) -> bool {
        self.today <= due + LAG
    }
}

/// One item: customer, product, kind, impact in cents, ambiguous, and the other kinds of its unit.
pub(super) type Item = (u32, u32, &'static str, i64, bool, BTreeSet<&'static str>);

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

/// The findings of March.
pub(super) fn march(facts: &Facts) -> Found {
    let mut pairs: BTreeSet<(u32, u32)> = BTreeSet::new();
    pairs.extend(facts.sold.iter().map(|one| (one.customer, one.sku)));
    let in_march = |used: &&Used| month_of(used.day) == 0;
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
    let taxes = taxes_by_invoice(facts);
    for (customer, sku) in pairs {
        judge(facts, &taxes, (customer, sku), &mut found, &mut alone);
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

/// The tax of March's invoices that differs, at the unit that shows it.
type Taxes = BTreeMap<(u32, u32, bool), i64>;

fn taxes_by_invoice(facts: &Facts) -> Taxes {
    let mut taxes = Taxes::new();
    if !facts.taxed_by_invoice {
        return taxes;
    }
    let mut invoices: BTreeMap<(u32, bool), Vec<&Line>> = BTreeMap::new();
    for line in facts.lines.iter().filter(|line| month_of(line.from) == 0) {
        invoices
            .entry((line.customer, line.euro))
            .or_default()
            .push(line);
    }
    for ((customer, euro), lines) in invoices {
        let rated: Vec<(&Line, i64)> = lines
            .into_iter()
            .filter_map(|line| Some((line, facts.tax_rate((customer, line.sku, euro))?)))
            .collect();
        let exact: i64 = rated.iter().map(|(line, rate)| line.net * rate).sum();
        let told: Option<i64> = rated.iter().map(|(line, _)| line.tax).sum();
        // Of several that are equally far off the first one.
        let off = |(line, rate): &(&Line, i64)| {
            let exact = line.net * rate;
            line.tax
                .map_or(exact.abs(), |told| (told * 100 - exact).abs())
        };
        let furthest = rated.iter().rev().max_by_key(|one| off(one));
        let (Some((line, _)), Some(told)) = (furthest, told) else {
            continue;
        };
        let gap = told - facts.in_cents(exact, 100);
        if gap.abs() > i64::try_from(rated.len()).unwrap() {
            taxes.insert((customer, line.sku, euro), gap);
        }
    }
    taxes
}

fn judge(
    facts: &Facts,
    taxes: &Taxes,
    (customer, sku): (u32, u32),
    found: &mut Found,
    alone: &mut Vec<Alone>,
) {
    let agreed = Reading::default();
    let sides = |euro: bool| {
        let key = (customer, sku, euro);
        (facts.expected(key, 0, agreed), facts.lines_in(key, 0))
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
        let quantity = states[*sold].0.and_then(|one| one.quantity);
        let billed_quantity: i64 = states[*billed].1.iter().map(|line| line.quantity).sum();
        let tags = quantity
            .filter(|quantity| *quantity != billed_quantity)
            .map(|_| "QUANTITY");
        let item = (
            customer,
            sku,
            "CURRENCY",
            off,
            false,
            tags.into_iter().collect(),
        );
        found.items.push(item);
        found.count(*billed == 1, converted, actual, Some(off.abs()));
        return;
    }
    let vended: i64 = facts
        .vended
        .iter()
        .filter(|used| (used.customer, used.sku) == (customer, sku) && month_of(used.day) == 0)
        .map(|used| used.quantity)
        .sum();
    let used: Vec<&Used> = facts
        .used
        .iter()
        .filter(|used| (used.customer, used.sku) == (customer, sku) && month_of(used.day) == 0)
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
        let mut unit = Unit {
            facts,
            key: (customer, sku, euro),
            expected: *expected,
            lines: lines.clone(),
            net: net(lines),
            vended: 0,
            tax_by_invoice: taxes.get(&(customer, sku, euro)).copied(),
        };
        // Where a contract is charged in another month, what this month should bill is not known.
        let is_charged_elsewhere = expected.is_none() && unit.coverage() == Some(true);
        if is_only && !is_charged_elsewhere {
            unit.vended = vended;
        }
        unit.judge(found, alone);
    }
    let has_contract = facts.sold.iter().any(|one| {
        (one.customer, one.sku) == (customer, sku)
            && one.from < first_day(1)
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
    if facts.is_before(facts.arrears_due()) {
        found.timing += 1;
        return;
    }
    let missing = quantity * facts.list_price;
    // What a vendor counts of it too is paid and not resold, but one cause has the money.
    let is_vended_too = used > 0 && vended > 0;
    let tags = is_vended_too.then_some("VENDOR_COST").into_iter().collect();
    let item = (customer, sku, kind, -missing, false, tags);
    found.items.push(item);
    found.count(false, missing, 0, Some(missing));
}
