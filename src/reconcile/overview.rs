//! Many differences told shortly: by kind, field, sign and currency, with counts, sums and examples.

use rust_decimal::Decimal;
use serde::Serialize;

use super::billing::UNRESOLVED;
use super::discrepancy::{Discrepancy, Kind};
use super::outcome::Finding;
use crate::currency::Currency;

/// How many differences of a group are shown.
const EXAMPLES: usize = 3;

/// What an overview reads of a finding or an item.
#[derive(Debug, Clone, Copy)]
pub struct Glance<'a> {
    /// The kind.
    pub kind: Kind,
    /// The field that differs.
    pub field: &'a str,
    /// The currency of the impact.
    pub currency: Currency,
    /// The money.
    pub impact: Decimal,
    /// The account's name.
    pub account: &'a str,
    /// The product.
    pub sku: &'a str,
    /// What was expected.
    pub expected: Option<&'a str>,
    /// What was found.
    pub actual: Option<&'a str>,
    /// The first record, by its own number.
    pub record: Option<&'a str>,
    /// The item's id, where there is one.
    pub id: Option<&'a str>,
}

impl<'a> From<&'a Finding> for Glance<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self {
            kind: finding.kind,
            field: &finding.field,
            currency: finding.currency,
            impact: finding.impact,
            account: &finding.account.name,
            sku: &finding.sku,
            expected: finding.expected.as_deref(),
            actual: finding.actual.as_deref(),
            record: finding.sides.first().map(|side| side.label.as_str()),
            id: None,
        }
    }
}

impl<'a> From<&'a Discrepancy> for Glance<'a> {
    fn from(item: &'a Discrepancy) -> Self {
        Self {
            kind: item.kind,
            field: &item.field,
            currency: item.currency,
            impact: item.impact,
            account: &item.account_name,
            sku: &item.sku,
            expected: item.expected.as_deref(),
            actual: item.actual.as_deref(),
            record: item.sides.first().map(|side| side.label.as_str()),
            id: Some(&item.id),
        }
    }
}

/// Differences that are alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingGroup {
    /// The kind.
    pub kind: Kind,
    /// The field.
    pub field: String,
    /// `+` too much, `-` too little, `0` no money.
    pub sign: &'static str,
    /// The currency.
    pub currency: Currency,
    /// How many they are.
    pub count: u64,
    /// The sum of their money; absent where it fits no exact decimal.
    pub impact: Option<Decimal>,
    /// The first of them, each on one line.
    pub examples: Vec<String>,
}

/// Groups differences, the largest group first.
pub fn group_findings<'a>(all: impl IntoIterator<Item = Glance<'a>>) -> Vec<FindingGroup> {
    let mut groups = Groups::default();
    for one in all {
        groups.add(&one);
    }
    groups.largest_first()
}

/// Groups of differences that come one by one.
#[derive(Debug, Default)]
pub struct Groups(Vec<FindingGroup>);

impl Groups {
    /// Takes one more difference.
    pub fn add(&mut self, one: &Glance<'_>) {
        let sign = match one.impact {
            impact if impact.is_zero() => "0",
            impact if impact > Decimal::ZERO => "+",
            _ => "-",
        };
        let is_alike = |group: &FindingGroup| {
            group.kind == one.kind
                && group.sign == sign
                && group.currency == one.currency
                && group.field == one.field
        };
        let known = self.0.iter().position(is_alike);
        let place = known.unwrap_or_else(|| {
            self.0.push(FindingGroup {
                kind: one.kind,
                field: one.field.to_owned(),
                sign,
                currency: one.currency,
                count: 0,
                impact: Some(Decimal::ZERO),
                examples: Vec::new(),
            });
            self.0.len() - 1
        });
        let group = &mut self.0[place];
        group.count += 1;
        group.impact = group.impact.and_then(|sum| sum.checked_add(one.impact));
        if group.examples.len() < EXAMPLES {
            group.examples.push(example(one));
        }
    }

    /// All groups, the largest first; of equal ones in the order of kind, field, sign and currency.
    pub fn largest_first(mut self) -> Vec<FindingGroup> {
        self.0.sort_by(|base, peer| {
            let by_count = peer.count.cmp(&base.count);
            by_count
                .then_with(|| base.kind.cmp(&peer.kind))
                .then_with(|| base.field.cmp(&peer.field))
                .then_with(|| (base.sign, base.currency).cmp(&(peer.sign, peer.currency)))
        });
        self.0
    }
}

fn example(one: &Glance<'_>) -> String {
    let account = one.account.strip_prefix(UNRESOLVED).unwrap_or(one.account);
    let names = [one.id.unwrap_or_default(), account, one.sku];
    let mut parts: Vec<&str> = names
        .into_iter()
        .filter(|name| !name.is_empty() && *name != "(none)")
        .collect();
    // A record that is named as its account need not be told twice.
    parts.extend(one.record.filter(|record| !account.ends_with(record)));
    let nothing = "nothing";
    format!(
        "{}: {} -> {}",
        parts.join(", "),
        one.expected.unwrap_or(nothing),
        one.actual.unwrap_or(nothing)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    // Goal: what is alike is one line, with the sum of its money. Method: three differences of two
    // signs.
    #[test]
    fn what_is_alike_is_one_group() {
        let glance = |impact: i64, account: &'static str| Glance {
            kind: Kind::Amount,
            field: "amount",
            currency: "USD".parse().unwrap(),
            impact: impact.into(),
            account,
            sku: "(none)",
            expected: Some("1"),
            actual: None,
            record: None,
            id: None,
        };
        let groups = group_findings([glance(-5, "a"), glance(3, "b"), glance(-2, "c")]);
        assert_eq!(groups.len(), 2);
        assert_eq!((groups[0].sign, groups[0].count), ("-", 2));
        assert_eq!(groups[0].impact, Some((-7).into()));
        assert_eq!(groups[0].examples, ["a: 1 -> nothing", "c: 1 -> nothing"]);
        assert_eq!(groups[1].impact, Some(3.into()));
    }
}
