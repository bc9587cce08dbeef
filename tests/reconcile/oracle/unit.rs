//! A unit of March, judged.

use std::collections::BTreeSet;

use super::expected::{Expected, rounded};
use super::leftovers::Alone;
use super::nearby::Nearby;
use super::{Facts, Found, Line};

pub(super) struct Unit<'f> {
    pub(super) facts: &'f Facts,
    pub(super) key: (u32, u32, bool),
    pub(super) expected: Option<Expected>,
    pub(super) lines: Vec<&'f Line>,
    pub(super) net: i64,
    pub(super) vended: i64,
    /// The difference of an invoice's tax, where this unit shows it.
    pub(super) tax_by_invoice: Option<i64>,
}

impl Unit<'_> {
    pub(super) fn floor(&self) -> i64 {
        i64::try_from(self.lines.len()).unwrap()
    }

    pub(super) fn billed(&self) -> i64 {
        self.lines.iter().map(|line| line.quantity).sum()
    }

    pub(super) fn is_near(&self, amount: i64) -> bool {
        (self.net - amount).abs() <= self.floor()
    }

    pub(super) fn judge(&self, found: &mut Found, alone: &mut Vec<Alone>) {
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
        if let Some(expected) = self.expected
            && self.lines.is_empty()
            && (is_off || short > 0)
            && self.facts.is_before(expected.due)
        {
            found.timing += 1;
            return;
        }
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
                let tags = tax.iter().map(|_| "TAX").collect();
                let item = (customer, sku, "VENDOR_COST", -missing, false, tags);
                found.items.push(item);
                found.count(euro, self.net + missing, self.net, Some(missing));
            } else if let Some(tax) = tax {
                let item = (customer, sku, "TAX", tax, false, BTreeSet::new());
                found.items.push(item);
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
                    let item = (customer, sku, "PERIOD_CUTOFF", 0, false, BTreeSet::new());
                    found.items.push(item);
                    found.count(euro, expected, expected, Some(expected.abs()));
                    return;
                }
                Nearby::Elsewhere => return,
                Nearby::Ambiguous => ambiguous = true,
                Nearby::Nothing => {}
            }
        }
        let mut tags = BTreeSet::new();
        let mut parts = self.causes(off, is_quantity_off, &mut tags);
        if short > 0 {
            tags.insert("VENDOR_COST");
        }
        if let Some(tax) = tax {
            if parts.iter().all(|(kind, _)| *kind == "AMOUNT") {
                parts.push(("TAX", tax));
            } else {
                tags.insert("TAX");
            }
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
                tags,
            });
            return;
        }
        tags.extend(parts.iter().map(|(kind, _)| *kind));
        for (kind, impact) in parts {
            let mut others = tags.clone();
            others.remove(kind);
            found
                .items
                .push((customer, sku, kind, impact, ambiguous, others));
        }
        found.count(euro, expected, self.net, Some(off.abs()));
    }

    fn tax(&self) -> Option<i64> {
        if self.facts.taxed_by_invoice {
            return self.tax_by_invoice;
        }
        let rate = self.expected?.tax?;
        let told: Option<Vec<i64>> = self.lines.iter().map(|line| line.tax).collect();
        let told: i64 = told.filter(|taxes| !taxes.is_empty())?.iter().sum();
        let expected: i64 = self
            .lines
            .iter()
            .map(|line| self.facts.in_cents(line.net * rate, 100))
            .sum();
        let exact_off = (told * 100 - self.net * rate).abs();
        let is_near =
            exact_off * 2 <= self.floor() * 100 || (told - expected).abs() <= self.floor();
        (!is_near).then_some(told - expected)
    }
}
