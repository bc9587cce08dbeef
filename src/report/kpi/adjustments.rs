//! What two states of knowledge of one period differ by, unit by unit: prior-period adjustments.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::compute::KPI_RULE;
use super::counted::counted;
use super::error::KpiError;
use super::tally::printed;
use super::timeline::timelines;
use crate::currency::Currency;
use crate::fault::Failure;
use crate::money::{minus, plus, times};
use crate::reconcile::{Discrepancy, DiscrepancyEvent};
use crate::store::Reconciliation;

/// What is found later of a period whose figures were reported.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustments {
    /// How many units are counted otherwise than they were reported.
    pub count: u64,
    /// The changes of their leakage and overbilling, without sign.
    pub gross: Option<Decimal>,
    /// The changes with their sign: plus is overbilling.
    pub net: Option<Decimal>,
}

/// A counted unit with what was found of it, in the currency of the scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitFigures {
    /// The golden account.
    pub account: String,
    /// The product.
    pub sku: String,
    /// The unit's own currency.
    pub currency: Currency,
    /// What was billed too little.
    pub leakage: Decimal,
    /// What was billed too much.
    pub overbilling: Decimal,
    /// Tax that is wrong.
    pub tax: Decimal,
}

/// What the counted units of a scope are told from.
pub struct UnitInput<'a> {
    /// What was known.
    pub as_of: Timestamp,
    /// Only this branch; the whole company without.
    pub branch: Option<&'a str>,
    /// The currency of the amounts.
    pub currency: Currency,
    /// Of [`KPI_RULE`], the newest of the period at `as_of`.
    pub reconciliations: &'a [Reconciliation],
    /// All items of the book.
    pub discrepancies: &'a [Discrepancy],
    /// All their events up to `as_of` at least, in order.
    pub events: &'a [DiscrepancyEvent],
    /// The rate of a day: (from, into, day).
    pub rate_on: &'a dyn Fn(Currency, Currency, Date) -> Option<Decimal>,
}

/// The units that count as discrepant, in a stable order. One whose currency has no rate is in no
/// combined figure and so not among them.
pub fn unit_figures(input: &UnitInput<'_>) -> Result<Vec<UnitFigures>, Failure> {
    Ok(told(input)?)
}

fn told(input: &UnitInput<'_>) -> Result<Vec<UnitFigures>, KpiError> {
    let in_scope = input.discrepancies.iter().filter(|item| {
        item.rule == KPI_RULE
            && input
                .branch
                .is_none_or(|wanted| item.branch.as_deref() == Some(wanted))
    });
    let timelines = timelines(in_scope, input.events, input.as_of);
    let counted = counted(&timelines, input.reconciliations)?;
    let mut units = Vec::new();
    for unit in &counted.units {
        let rate = if unit.currency == input.currency {
            Some(Decimal::ONE)
        } else {
            (input.rate_on)(unit.currency, input.currency, unit.period.last_day())
        };
        let (Some(rate), Some(first)) = (rate, unit.items.first()) else {
            continue;
        };
        units.push(UnitFigures {
            account: unit.account.to_owned(),
            sku: first.item.sku.clone(),
            currency: unit.currency,
            leakage: times(unit.leakage, rate)?,
            overbilling: times(unit.overbilling, rate)?,
            tax: times(unit.tax, rate)?,
        });
    }
    Ok(units)
}

/// How a period is counted otherwise than it was reported.
pub fn adjustments(
    reported: &[UnitFigures],
    now: &[UnitFigures],
    currency: Currency,
) -> Result<Adjustments, Failure> {
    Ok(differences(reported, now, currency)?)
}

fn differences(
    reported: &[UnitFigures],
    now: &[UnitFigures],
    currency: Currency,
) -> Result<Adjustments, KpiError> {
    type Sides<'a> = (Option<&'a UnitFigures>, Option<&'a UnitFigures>);
    let mut units: BTreeMap<(&str, &str, Currency), Sides<'_>> = BTreeMap::new();
    for unit in reported {
        units.entry(key(unit)).or_default().0 = Some(unit);
    }
    for unit in now {
        units.entry(key(unit)).or_default().1 = Some(unit);
    }
    let mut count = 0;
    let (mut gross, mut net) = (Decimal::ZERO, Decimal::ZERO);
    let amount = |unit: Option<&UnitFigures>, of: fn(&UnitFigures) -> Decimal| {
        unit.map_or(Decimal::ZERO, of)
    };
    for (before, after) in units.into_values() {
        let leakage = minus(
            amount(after, |one| one.leakage),
            amount(before, |one| one.leakage),
        )?;
        let overbilling = minus(
            amount(after, |one| one.overbilling),
            amount(before, |one| one.overbilling),
        )?;
        let tax = minus(amount(after, |one| one.tax), amount(before, |one| one.tax))?;
        let is_other = before.is_some() != after.is_some()
            || !(leakage.is_zero() && overbilling.is_zero() && tax.is_zero());
        count += u64::from(is_other);
        gross = plus(gross, plus(leakage.abs(), overbilling.abs())?)?;
        net = plus(net, minus(overbilling, leakage)?)?;
    }
    Ok(Adjustments {
        count,
        gross: Some(printed(gross, currency)),
        net: Some(printed(net, currency)),
    })
}

fn key(unit: &UnitFigures) -> (&str, &str, Currency) {
    (&unit.account, &unit.sku, unit.currency)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(sku: &str, leakage: i64, overbilling: i64) -> UnitFigures {
        UnitFigures {
            account: "a".into(),
            sku: sku.into(),
            currency: "USD".parse().unwrap(),
            leakage: leakage.into(),
            overbilling: overbilling.into(),
            tax: Decimal::ZERO,
        }
    }

    // Goal: a unit that is new, gone or worth something else is one adjustment; both sides add up in
    // gross and are set off in net alone. Method: one of each beside one that stays.
    #[test]
    fn units_are_compared_one_by_one() {
        let reported = [
            unit("same", 10, 0),
            unit("gone", 0, 7),
            unit("turned", 5, 0),
        ];
        let now = [
            unit("same", 10, 0),
            unit("new", 44, 0),
            unit("turned", 5, 3),
        ];
        let usd = "USD".parse().unwrap();
        let found = adjustments(&reported, &now, usd).unwrap();
        assert_eq!(found.count, 3);
        assert_eq!(found.gross.unwrap().to_string(), "54.00");
        assert_eq!(found.net.unwrap().to_string(), "-48.00");
        let none = adjustments(&reported, &reported, usd).unwrap();
        assert_eq!((none.count, none.net), (0, Some(Decimal::new(0, 2))));
    }
}
