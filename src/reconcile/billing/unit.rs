//! Units: the legs of one customer, product and currency in one period, with its neighbours.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::canonical::Entity;
use crate::currency::Currency;
use crate::period::Period;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::legs::{BilledSum, LegGroup};
use crate::reconcile::tally::RowCounts;

use super::expected::{Expected, arrears_due_on, expect};
use super::judge::Context;
use super::terms::{Terms, interpret};

/// What was billed of a unit in one period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Billed {
    /// The sum of the quantities; absent when a line has none.
    pub(super) quantity: Option<Decimal>,
    pub(super) net: Decimal,
    pub(super) line_count: u64,
    pub(super) branch: Option<String>,
}

/// The same unit in a period nearby.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Neighbour {
    pub(super) offset: i32,
    pub(super) expected: Option<Expected>,
    pub(super) billed: Billed,
}

/// What a contract says of a unit for which it charges nothing in the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coverage {
    /// There is no contract.
    None,
    /// A contract is active, and its cycle starts in another month.
    NotCharged,
    /// A contract ended before the period.
    Ended,
}

/// One comparison unit.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub(super) currency: Currency,
    pub(super) branch: Option<String>,
    pub(super) expected: Option<Expected>,
    pub(super) billed: Billed,
    pub(super) neighbours: Vec<Neighbour>,
    pub(super) coverage: Coverage,
    /// Usage without a contract and without a bill.
    pub(super) is_orphan: bool,
    /// The currency of the contract, where the bill is in another: `expected` is converted, or its
    /// amount is that of the bill where there is no rate, so that no difference is made up.
    pub(super) sold_in: Option<Currency>,
    /// Whether a rate is missing to compare its amounts: they are left out of every sum.
    pub(super) is_unrated: bool,
    /// Several units of other currencies could be the counterpart.
    pub(super) is_ambiguous: bool,
    /// The rows that the unit is made of.
    pub(super) rows: RowCounts,
}

impl Unit {
    /// What should have been billed.
    pub(super) fn expected_amount(&self) -> Decimal {
        self.expected
            .as_ref()
            .map(|expected| expected.amount)
            .unwrap_or_default()
    }

    /// Whether one of its sides has nothing.
    pub(super) fn is_one_sided(&self) -> bool {
        self.expected.is_none() || self.is_orphan || self.billed.line_count == 0
    }
}

/// The units of a group, and its rows that are in none of them.
#[derive(Debug, Default)]
pub(super) struct GroupUnits {
    pub(super) units: Vec<Unit>,
    pub(super) skipped: RowCounts,
    /// Whether a contract has a word that crossfoot does not know.
    pub(super) is_unreadable: bool,
}

/// Builds the units of one customer and product, in the order of their currencies.
pub(super) fn build_units(
    group: &LegGroup,
    context: &Context<'_>,
) -> Result<GroupUnits, ReconcileError> {
    let mut built = GroupUnits::default();
    let mut terms: Vec<Terms> = Vec::new();
    for row in &group.contracts {
        match interpret(row) {
            Some(interpreted) => terms.push(interpreted),
            None => built.is_unreadable = true,
        }
    }
    let currencies: BTreeSet<Currency> = group
        .contracts
        .iter()
        .map(|row| row.currency)
        .chain(group.billed.iter().map(|sum| sum.currency))
        .collect();
    for currency in currencies {
        let (unit, skipped) = build_unit(group, &terms, currency, context)?;
        built.skipped.add_all(&skipped);
        built.units.extend(unit);
    }
    if built.is_unreadable {
        // The rows that could not be read are rows of a unit of which nothing can be said.
        for row in group
            .contracts
            .iter()
            .filter(|row| interpret(row).is_none())
        {
            match built
                .units
                .iter_mut()
                .find(|unit| unit.currency == row.currency)
            {
                Some(unit) => unit.rows.add(&row.source, Entity::Contracts, 1),
                None => built.skipped.add(&row.source, Entity::Contracts, 1),
            }
        }
    }
    place_usage(group, &terms, &mut built, context)?;
    Ok(built)
}

fn build_unit(
    group: &LegGroup,
    terms: &[Terms],
    currency: Currency,
    context: &Context<'_>,
) -> Result<(Option<Unit>, RowCounts), ReconcileError> {
    let terms: Vec<&Terms> = terms
        .iter()
        .filter(|terms| terms.currency == currency)
        .collect();
    let sums: Vec<&BilledSum> = group
        .billed
        .iter()
        .filter(|sum| sum.currency == currency)
        .collect();
    let expected_at = |offset: i32| {
        let billed_by = sums.iter().map(|sum| sum.source.as_str()).min();
        let sold_by = terms.iter().map(|terms| terms.source.as_str()).min();
        let usage: Vec<(Timestamp, Decimal)> = group
            .usage
            .iter()
            .filter(|usage| usage.offset == offset)
            .map(|usage| (usage.starts_on, usage.quantity))
            .collect();
        let rules = context.settings.line_rules(billed_by, sold_by);
        expect(&terms, &usage, context.period.shifted(offset), rules)
    };
    let expected = expected_at(0)?;
    let billed = billed_at(&sums, 0)?;

    let mut rows = RowCounts::default();
    let mut skipped = RowCounts::default();
    for row in &terms {
        let is_charged = expected.as_ref().is_some_and(|expected| {
            expected
                .rows
                .iter()
                .any(|(source, id)| *source == row.source && *id == row.id)
        });
        let counts = if is_charged { &mut rows } else { &mut skipped };
        counts.add(&row.source, Entity::Contracts, 1);
    }
    for sum in &sums {
        let counts = if sum.offset == 0 {
            &mut rows
        } else {
            &mut skipped
        };
        counts.add(&sum.source, Entity::InvoiceLines, sum.line_count);
    }
    if expected.is_none() && billed.line_count == 0 {
        return Ok((None, skipped));
    }
    let mut neighbours = Vec::new();
    for offset in (-context.max_shift..=context.max_shift).filter(|offset| *offset != 0) {
        neighbours.push(Neighbour {
            offset,
            expected: expected_at(offset)?,
            billed: billed_at(&sums, offset)?,
        });
    }
    let usage_branch = group
        .usage
        .iter()
        .filter_map(|usage| usage.branch.clone())
        .min();
    let branch = expected
        .as_ref()
        .and_then(|expected| expected.branch.clone())
        .or_else(|| billed.branch.clone())
        .or(usage_branch)
        .or_else(|| context.account_branch(&group.account));
    let unit = Unit {
        currency,
        branch,
        coverage: coverage(&terms, context.period, context),
        expected,
        billed,
        neighbours,
        is_orphan: false,
        sold_in: None,
        is_unrated: false,
        is_ambiguous: false,
        rows,
    };
    Ok((Some(unit), skipped))
}

fn billed_at(sums: &[&BilledSum], offset: i32) -> Result<Billed, ReconcileError> {
    let mut billed = Billed {
        quantity: Some(Decimal::ZERO),
        ..Billed::default()
    };
    for sum in sums.iter().filter(|sum| sum.offset == offset) {
        let overflow = || ReconcileError::Overflow("the billed amounts of a unit".into());
        billed.net = billed.net.checked_add(sum.net).ok_or_else(overflow)?;
        billed.quantity = match (billed.quantity, sum.quantity) {
            (Some(base), Some(peer)) => Some(base.checked_add(peer).ok_or_else(overflow)?),
            _ => None,
        };
        billed.line_count += sum.line_count;
        billed.branch = [billed.branch.take(), sum.branch.clone()]
            .into_iter()
            .flatten()
            .min();
    }
    if billed.line_count == 0 {
        billed.quantity = None;
    }
    // The book keeps four decimals; what a source bills finer than that is noise of its own.
    billed.net = billed.net.round_dp_with_strategy(
        crate::money::STORE_SCALE,
        rust_decimal::RoundingStrategy::MidpointAwayFromZero,
    );
    Ok(billed)
}

fn coverage(terms: &[&Terms], period: Period, context: &Context<'_>) -> Coverage {
    let (start, end) = period.bounds(context.zone);
    let is_active = |terms: &&&Terms| {
        !terms.is_void && terms.starts_at < end && terms.ends_at.is_none_or(|over| over > start)
    };
    let has_ended =
        |terms: &&&Terms| terms.is_void || terms.ends_at.is_some_and(|over| over <= start);
    if terms.iter().any(|terms| is_active(&terms)) {
        Coverage::NotCharged
    } else if terms.iter().any(|terms| has_ended(&terms)) {
        Coverage::Ended
    } else {
        Coverage::None
    }
}

/// Counts the usage rows in a unit, or makes a unit of usage that has neither contract nor bill.
fn place_usage(
    group: &LegGroup,
    terms: &[Terms],
    built: &mut GroupUnits,
    context: &Context<'_>,
) -> Result<(), ReconcileError> {
    let mut now = RowCounts::default();
    let mut quantity = Decimal::ZERO;
    for usage in &group.usage {
        if usage.offset == 0 {
            now.add(&usage.source, Entity::Usage, usage.row_count);
            quantity = quantity
                .checked_add(usage.quantity)
                .ok_or_else(|| ReconcileError::Overflow("the usage of a unit".into()))?;
        } else {
            built
                .skipped
                .add(&usage.source, Entity::Usage, usage.row_count);
        }
    }
    if now.is_empty() {
        return Ok(());
    }
    let is_metered = |unit: &Unit| {
        unit.expected
            .as_ref()
            .is_some_and(|expected| expected.is_metered)
    };
    let home = built
        .units
        .iter()
        .position(is_metered)
        .or_else(|| built.units.iter().position(|unit| unit.expected.is_some()))
        .or(if built.units.is_empty() {
            None
        } else {
            Some(0)
        });
    if let Some(at) = home {
        built.units[at].rows.add_all(&now);
        return Ok(());
    }
    let all_terms: Vec<&Terms> = terms.iter().collect();
    if built.is_unreadable || coverage(&all_terms, context.period, context) == Coverage::NotCharged
    {
        built.skipped.add_all(&now);
        return Ok(());
    }
    let product = context.catalog.product(&group.sku);
    let currency = product
        .and_then(|product| product.currency)
        .or_else(|| context.account_currency(&group.account))
        .unwrap_or(context.company_currency);
    let list_price = product
        .filter(|product| {
            product
                .currency
                .is_none_or(|priced_in| priced_in == currency)
        })
        .and_then(|product| product.list_price);
    let amount = quantity
        .checked_mul(list_price.unwrap_or_default())
        .ok_or_else(|| ReconcileError::Overflow("usage at its list price".into()))?;
    let rules = context.settings.line_rules(None, None);
    let usage_branch = group
        .usage
        .iter()
        .filter_map(|usage| usage.branch.clone())
        .min();
    built.units.push(Unit {
        currency,
        branch: usage_branch.or_else(|| context.account_branch(&group.account)),
        expected: Some(Expected {
            amount: crate::money::round_money(amount, currency),
            quantity: Some(quantity),
            unit_price: list_price,
            rows: Vec::new(),
            branch: None,
            is_metered: true,
            is_arrears: true,
            due_on: arrears_due_on(context.period, rules.arrears_bill_day),
            cycles_per_year: None,
        }),
        billed: Billed::default(),
        neighbours: Vec::new(),
        coverage: Coverage::None,
        is_orphan: true,
        sold_in: None,
        is_unrated: false,
        is_ambiguous: false,
        rows: now,
    });
    Ok(())
}

/// Pass 3 of the leftovers: the same customer and product in another currency. With exactly one
/// candidate on each side the two become one unit, compared in the billed currency; with more,
/// nobody can say which belongs to which.
pub(super) fn pair_currencies(
    built: &mut GroupUnits,
    context: &Context<'_>,
) -> Result<(), ReconcileError> {
    let is_unbilled = |unit: &Unit| {
        !unit.is_orphan
            && unit.billed.line_count == 0
            && unit
                .expected
                .as_ref()
                .is_some_and(|expected| !expected.amount.is_zero())
    };
    let is_unsold = |unit: &Unit| unit.expected.is_none() && !unit.billed.net.is_zero();
    let positions = |wanted: &dyn Fn(&Unit) -> bool| -> Vec<usize> {
        (0..built.units.len())
            .filter(|at| wanted(&built.units[*at]))
            .collect()
    };
    let (unbilled, unsold) = (positions(&is_unbilled), positions(&is_unsold));
    match (unbilled.as_slice(), unsold.as_slice()) {
        ([], _) | (_, []) => {}
        ([sold], [billed]) => {
            let sold_unit = built.units[*sold].clone();
            let unit = &mut built.units[*billed];
            let rate = context.rates.rate(sold_unit.currency, unit.currency);
            unit.sold_in = Some(sold_unit.currency);
            unit.is_unrated = rate.is_none();
            unit.branch = sold_unit.branch;
            unit.rows.add_all(&sold_unit.rows);
            unit.expected = match (sold_unit.expected, rate) {
                (Some(expected), Some(rate)) => Some(Expected {
                    amount: expected
                        .amount
                        .checked_mul(rate)
                        .map(|amount| crate::money::round_money(amount, unit.currency))
                        .ok_or_else(|| {
                            ReconcileError::Overflow("an amount in another currency".into())
                        })?,
                    unit_price: None,
                    ..expected
                }),
                (Some(expected), None) => Some(Expected {
                    amount: unit.billed.net,
                    unit_price: None,
                    ..expected
                }),
                (None, _) => None,
            };
            built.units.remove(*sold);
        }
        _ => {
            for at in unbilled.into_iter().chain(unsold) {
                built.units[at].is_ambiguous = true;
            }
        }
    }
    Ok(())
}
