//! Which units count as discrepant: the X of the discrepancy rate, unit by unit.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::error::KpiError;
use super::timeline::Timeline;
use crate::currency::Currency;
use crate::money::{minus, plus};
use crate::period::Period;
use crate::reconcile::{Amounts, Found, Kind, Off, Standing, UnitWorth};
use crate::store::Reconciliation;

/// A unit with at least one counted item. It is counted once, whatever number of items it had one
/// after the other, with the amounts of when it was furthest off.
#[derive(Debug)]
pub(super) struct CountedUnit<'a> {
    pub(super) period: Period,
    pub(super) account: &'a str,
    pub(super) account_name: &'a str,
    pub(super) branch: Option<&'a str>,
    pub(super) currency: Currency,
    /// Its counted items.
    pub(super) items: Vec<&'a Timeline<'a>>,
    /// The largest |A − E|; tax left out.
    pub(super) difference: Decimal,
    /// What it weighs in the value rate: |A − E|, or |E| of a bill in the wrong period.
    pub(super) value: Decimal,
    /// What it was expected and billed when it was counted, which is what |A − E| is a part of.
    pub(super) furthest: Amounts,
    /// What the sums of the newest reconcile hold of it; `None` where it is in none of them.
    pub(super) present: Option<Amounts>,
    /// What was found missing, less what a corrected expectation took back.
    pub(super) leakage: Decimal,
    /// What was found too much, less what a corrected expectation took back.
    pub(super) overbilling: Decimal,
    /// Tax that is wrong.
    pub(super) tax: Decimal,
    /// What later billing took off its leakage.
    pub(super) recovered: Decimal,
    /// What of its leakage was given up.
    pub(super) lost: Decimal,
}

/// All counted units, and how many others were dismissed as false positives.
#[derive(Debug, Default)]
pub(super) struct Counted<'a> {
    pub(super) units: Vec<CountedUnit<'a>>,
    pub(super) false_positive_units: u64,
}

type UnitKey<'a> = (Period, &'a str, &'a str, Currency);

/// Counts the units of the reconciled periods. Units that the newest reconcile could not decide,
/// unknown or not due yet, are in neither N nor X, while their items stay in the book.
pub(super) fn counted<'a>(
    timelines: &'a [Timeline<'a>],
    reconciliations: &[Reconciliation],
) -> Result<Counted<'a>, KpiError> {
    let mut by_unit: BTreeMap<UnitKey<'a>, Vec<&'a Timeline<'a>>> = BTreeMap::new();
    for timeline in timelines {
        let item = &timeline.item;
        let key = (
            item.period,
            item.account.as_str(),
            item.sku.as_str(),
            item.currency,
        );
        by_unit.entry(key).or_default().push(timeline);
    }
    let mut result = Counted::default();
    for reconciliation in reconciliations {
        let undecided: BTreeSet<(&str, &str)> = reconciliation
            .undecided_units
            .iter()
            .map(|(account, sku)| (account.as_str(), sku.as_str()))
            .collect();
        let units = by_unit
            .iter()
            .filter(|((period, ..), _)| *period == reconciliation.period)
            .filter(|((_, account, sku, _), _)| !undecided.contains(&(*account, *sku)));
        for items in units.map(|(_, items)| items) {
            let (counting, others): (Vec<_>, Vec<_>) = items
                .iter()
                .copied()
                .partition(|timeline| timeline.is_counted());
            let excused: Vec<_> = others
                .into_iter()
                .filter(|timeline| timeline.is_false_positive())
                .collect();
            if counting.is_empty() {
                result.false_positive_units += u64::from(!excused.is_empty());
            }
            result.units.extend(measured(counting, &excused)?);
        }
    }
    Ok(result)
}

fn measured<'a>(
    items: Vec<&'a Timeline<'a>>,
    excused: &[&Timeline<'_>],
) -> Result<Option<CountedUnit<'a>>, KpiError> {
    let mut in_order: Vec<_> = items.iter().map(|timeline| &timeline.item).collect();
    in_order.sort_by_key(|item| (item.opened_at, &item.id));
    let Some(newest) = in_order.last() else {
        return Ok(None);
    };
    let unit = in_order
        .iter()
        .rev()
        .fold(newest.unit.clone(), |unit, item| unit.after(&item.unit));
    let mut tax = Decimal::ZERO;
    let mut given_up = Decimal::ZERO;
    let mut shifted = Decimal::ZERO;
    for timeline in &items {
        let item = &timeline.item;
        if item.kind == Kind::Tax {
            tax = plus(tax, item.impact)?;
            continue;
        }
        if item.kind == Kind::PeriodCutoff {
            shifted = shifted.max(item.unit_expected.abs());
        }
        if timeline.is_lost() && Off::of(item.impact) == Off::Under {
            given_up = plus(given_up, item.outstanding.abs())?;
        }
    }
    let (under, over) = found(&unit, &items, excused)?;
    let leakage = under.identified();
    let difference = under.largest.max(over.largest);
    Ok(Some(CountedUnit {
        period: newest.period,
        account: &newest.account,
        account_name: &newest.account_name,
        branch: newest.branch.as_deref(),
        currency: newest.currency,
        difference,
        value: difference.max(shifted),
        furthest: unit.furthest(),
        present: (unit.standing != Standing::Gone).then_some(unit.present),
        leakage,
        overbilling: over.identified(),
        tax,
        recovered: under.recovered,
        lost: given_up.min(minus(leakage, under.recovered)?),
        items,
    }))
}

/// What was found on both sides. Where a person judged one of the causes that a unit had at the same
/// time to be no error, its money is no part of what was found.
fn found(
    unit: &UnitWorth,
    items: &[&Timeline<'_>],
    excused: &[&Timeline<'_>],
) -> Result<(Found, Found), KpiError> {
    let stood_beside = |other: &Timeline<'_>| {
        items
            .iter()
            .any(|timeline| timeline.item.secondary.contains(&other.item.kind))
    };
    let mut sides = (Decimal::ZERO, Decimal::ZERO);
    for other in excused {
        let impact = other.item.impact;
        if other.item.kind == Kind::Tax || !stood_beside(other) {
            continue;
        }
        match Off::of(impact) {
            Off::Under => sides.0 = plus(sides.0, impact.abs())?,
            Off::Over => sides.1 = plus(sides.1, impact.abs())?,
        }
    }
    Ok((
        unit.found(Off::Under, sides.0),
        unit.found(Off::Over, sides.1),
    ))
}

/// How the money of a unit is told by kind: (item, what was found of it, with its sign). Each item
/// tells its own impact as long as these add up to what the unit was found with. Items that came
/// one after the other would tell the same money twice, so there the largest comes first, and the
/// rest get what is left of each side.
pub(super) fn shares<'u>(
    unit: &CountedUnit<'u>,
) -> Result<Vec<(&'u Timeline<'u>, Decimal, Decimal)>, KpiError> {
    let net = minus(unit.overbilling, unit.leakage)?;
    let mut sum = Decimal::ZERO;
    for timeline in unit.items.iter().filter(|one| one.item.kind != Kind::Tax) {
        sum = plus(sum, timeline.item.impact)?;
    }
    let own = |timeline: &&'u Timeline<'u>| {
        let impact = timeline.item.impact;
        (*timeline, impact.abs(), impact)
    };
    if sum == net {
        return Ok(unit.items.iter().map(own).collect());
    }
    let (mut taxes, mut items): (Vec<_>, Vec<_>) = unit
        .items
        .iter()
        .map(own)
        .partition(|(timeline, ..)| timeline.item.kind == Kind::Tax);
    // Stable: what is equally large stays in the order of the ids.
    items.sort_by_key(|(_, size, _)| std::cmp::Reverse(*size));
    let mut left = (unit.leakage, unit.overbilling);
    for (_, size, impact) in &mut items {
        let side = match Off::of(*impact) {
            Off::Under => &mut left.0,
            Off::Over => &mut left.1,
        };
        let share = (*side).min(*size);
        *side = minus(*side, share)?;
        *impact = if impact.is_sign_negative() {
            -share
        } else {
            share
        };
        *size = share;
    }
    // What no item tells on its own side is the largest one's.
    if let Some((_, size, impact)) = items.first_mut() {
        *size = plus(*size, plus(left.0, left.1)?)?;
        *impact = plus(*impact, minus(left.1, left.0)?)?;
    }
    taxes.extend(items);
    Ok(taxes)
}
