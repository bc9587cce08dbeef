//! Lines that bill the same twice: same product, service period, quantity and price, not credited.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::period::Period;
use crate::reconcile::legs::BilledLine;

/// How many of a unit's lines are copies, and what they carry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Copies {
    pub(super) count: u32,
    pub(super) net: Decimal,
}

/// Finds the copies among the lines of one unit and period. They count only while there is more than
/// expected and taking one away comes nearer: two lines of 5 for a contract of 10 are no copies.
/// Measured in quantity where it is known, else in money. The later line (by date of issue, then
/// number) is the copy.
pub(super) fn find_copies(
    lines: &[&BilledLine],
    expected_quantity: Option<Decimal>,
    expected_amount: Decimal,
    period: Period,
) -> Copies {
    let has_quantities = lines.iter().all(|line| line.quantity.is_some());
    let expected = expected_quantity.filter(|_| has_quantities);
    let measure = |line: &BilledLine| match expected {
        Some(_) => line.quantity.unwrap_or_default(),
        None => line.net,
    };
    let goal = expected.unwrap_or(expected_amount);
    let mut left: Decimal = lines.iter().map(|line| measure(line)).sum();
    let mut copies = Copies::default();
    for twins in twins(lines, period).into_values() {
        for copy in twins.iter().skip(1).rev() {
            let without = left - measure(copy);
            let is_nearer = (without - goal).abs() < (left - goal).abs();
            if left > goal && is_nearer {
                left = without;
                copies.count += 1;
                copies.net += copy.net;
            }
        }
    }
    copies
}

/// Service period, quantity and net: where these are equal the price that was charged is, also where
/// only one of the lines tells it.
type TwinKey = (Date, Date, Option<Decimal>, Decimal);

/// Equal lines that no credit takes back, in the order of their issue.
fn twins<'l>(lines: &[&'l BilledLine], period: Period) -> BTreeMap<TwinKey, Vec<&'l BilledLine>> {
    let mut sorted: Vec<&BilledLine> = lines.to_vec();
    sorted.sort_by(|base, peer| {
        (base.issued_on, &base.number, &base.source, &base.id).cmp(&(
            peer.issued_on,
            &peer.number,
            &peer.source,
            &peer.id,
        ))
    });
    let key = |line: &BilledLine| -> TwinKey {
        (
            line.service_from.unwrap_or(period.first_day()),
            line.service_to.unwrap_or(period.end_day()),
            line.quantity.map(|quantity| quantity.abs().normalize()),
            line.net.abs().normalize(),
        )
    };
    let mut groups: BTreeMap<TwinKey, Vec<&BilledLine>> = BTreeMap::new();
    for line in sorted.iter().filter(|line| line.net > Decimal::ZERO) {
        groups.entry(key(line)).or_default().push(line);
    }
    // A credit takes back the newest line of its amount.
    for credit in sorted.iter().filter(|line| line.net < Decimal::ZERO) {
        let group = groups
            .iter_mut()
            .find(|(key, twins)| key.3 == credit.net.abs().normalize() && twins.len() > 1);
        if let Some((_, twins)) = group {
            twins.pop();
        }
    }
    groups.retain(|_, twins| twins.len() > 1);
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: &str, quantity: &str, net: &str, from: Option<&str>) -> BilledLine {
        BilledLine {
            source: "billing".into(),
            id: format!("l-{number}"),
            invoice_id: format!("i-{number}"),
            number: number.into(),
            issued_on: "2026-03-01".parse().unwrap(),
            currency: "USD".parse().unwrap(),
            offset: 0,
            billed_on: from.unwrap_or("2026-03-01").parse().unwrap(),
            service_from: from.map(|day| day.parse().unwrap()),
            service_to: None,
            quantity: Some(quantity.parse().unwrap()),
            unit_price: Some(Decimal::TEN),
            net: net.parse().unwrap(),
            tax: None,
        }
    }

    fn count(lines: &[BilledLine], expected: &str) -> u32 {
        let expected: Decimal = expected.parse().unwrap();
        find_copies(
            &lines.iter().collect::<Vec<_>>(),
            Some(expected),
            expected * Decimal::TEN,
            "2026-03".parse().unwrap(),
        )
        .count
    }

    // Goal: what is a copy and what is not. Method: small sets of lines against a contract of 10.
    #[test]
    fn copies_are_what_exceeds_the_contract() {
        let ten = |number: &str| line(number, "10", "100", None);
        let five = |number: &str| line(number, "5", "50", None);
        let credit = line("C", "-10", "-100", None);
        assert_eq!(count(&[ten("A"), ten("B")], "10"), 1);
        assert_eq!(count(&[ten("A"), ten("B"), ten("C")], "10"), 2);
        assert_eq!(
            count(&[five("A"), five("B")], "10"),
            0,
            "two halves are no copy"
        );
        assert_eq!(count(&[five("A"), five("B"), five("C")], "10"), 1);
        assert_eq!(count(&[ten("A"), line("B", "4", "40", None)], "10"), 0);
        assert_eq!(count(&[ten("A"), ten("B"), credit], "10"), 0, "credited");
        let shifted = line("B", "10", "100", Some("2026-03-20"));
        assert_eq!(
            count(&[ten("A"), shifted], "10"),
            0,
            "another service period"
        );
    }
}
