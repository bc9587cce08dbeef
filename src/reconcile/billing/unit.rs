//! Units: the legs of one customer, product and currency in one period.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::canonical::Entity;
use crate::currency::Currency;
use crate::period::Period;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::legs::{BilledSum, LegGroup};
use crate::reconcile::tally::RowCounts;

use super::expected::{Expected, expect};
use super::judge::Context;
use super::terms::{Terms, interpret};
use super::unsold::{place_usage, place_vended};

/// What was billed of a unit in one period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Billed {
    /// The sum of the quantities; absent when a line has none.
    pub(super) quantity: Option<Decimal>,
    pub(super) net: Decimal,
    /// The sum of the taxes; absent when a line tells none.
    pub(super) tax: Option<Decimal>,
    pub(super) line_count: u64,
    pub(super) branch: Option<String>,
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
    pub(super) coverage: Coverage,
    /// Usage without a contract and without a bill.
    pub(super) is_orphan: bool,
    /// What vendors count.
    pub(super) vended: Option<Decimal>,
    /// The day by which what a vendor counts and nobody sold should be billed.
    pub(super) vended_due_on: Option<Date>,
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
    /// A unit of nothing yet.
    pub(super) fn empty(currency: Currency, branch: Option<String>) -> Self {
        Self {
            currency,
            branch,
            expected: None,
            billed: Billed::default(),
            coverage: Coverage::None,
            is_orphan: false,
            vended: None,
            vended_due_on: None,
            sold_in: None,
            is_unrated: false,
            is_ambiguous: false,
            rows: RowCounts::default(),
        }
    }

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
        place_unreadable(group, &mut built, context);
    }
    place_usage(group, &terms, &mut built, context)?;
    place_vended(group, &terms, &mut built, context)?;
    Ok(built)
}

/// Makes the rows that could not be read rows of a unit of which nothing can be said.
fn place_unreadable(group: &LegGroup, built: &mut GroupUnits, context: &Context<'_>) {
    let (start, end) = context.period.bounds(context.zone);
    for row in &group.contracts {
        if interpret(row).is_some() {
            continue;
        }
        let is_active = row.starts_on < end && row.ends_on.is_none_or(|over| over > start);
        let home = built
            .units
            .iter_mut()
            .find(|unit| unit.currency == row.currency);
        match home {
            Some(unit) => unit.rows.add(&row.source, Entity::Contracts, 1),
            None if is_active => {
                let branch = row.branch.clone();
                let mut unit = Unit::empty(
                    row.currency,
                    branch.or_else(|| context.account_branch(&group.account)),
                );
                unit.rows.add(&row.source, Entity::Contracts, 1);
                built.units.push(unit);
            }
            None => built.skipped.add(&row.source, Entity::Contracts, 1),
        }
    }
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
    let billed_by = sums.iter().map(|sum| sum.source.as_str()).min();
    let sold_by = terms.iter().map(|terms| terms.source.as_str()).min();
    let usage: Vec<(Timestamp, Decimal)> = group
        .usage
        .iter()
        .map(|usage| (usage.starts_on, usage.quantity))
        .collect();
    let rules = context.settings.line_rules(billed_by, sold_by);
    let expected = expect(&terms, &usage, context.period, rules)?;
    let billed = add_up(&sums)?;

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
        rows.add(&sum.source, Entity::InvoiceLines, sum.line_count);
    }
    if expected.is_none() && billed.line_count == 0 {
        return Ok((None, skipped));
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
        coverage: coverage(&terms, context.period, context),
        expected,
        billed,
        rows,
        ..Unit::empty(currency, branch)
    };
    Ok((Some(unit), skipped))
}

fn add_up(sums: &[&BilledSum]) -> Result<Billed, ReconcileError> {
    let mut billed = Billed {
        quantity: Some(Decimal::ZERO),
        tax: Some(Decimal::ZERO),
        ..Billed::default()
    };
    let overflow = || ReconcileError::Overflow("the billed amounts of a unit".into());
    let both = |base: Option<Decimal>, peer: Option<Decimal>| match (base, peer) {
        (Some(base), Some(peer)) => base.checked_add(peer).map(Some).ok_or_else(overflow),
        _ => Ok(None),
    };
    for sum in sums {
        billed.net = billed.net.checked_add(sum.net).ok_or_else(overflow)?;
        billed.quantity = both(billed.quantity, sum.quantity)?;
        billed.tax = both(billed.tax, sum.tax)?;
        billed.line_count += sum.line_count;
        billed.branch = [billed.branch.take(), sum.branch.clone()]
            .into_iter()
            .flatten()
            .min();
    }
    if billed.line_count == 0 {
        billed.quantity = None;
        billed.tax = None;
    }
    billed.net = kept(billed.net);
    Ok(billed)
}

/// An amount as the book keeps it: four decimals; what a source bills finer than that is noise of its
/// own.
pub(super) fn kept(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(
        crate::money::STORE_SCALE,
        rust_decimal::RoundingStrategy::MidpointAwayFromZero,
    )
}

pub(super) fn coverage(terms: &[&Terms], period: Period, context: &Context<'_>) -> Coverage {
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
