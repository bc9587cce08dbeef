//! Where the usage of a product goes, and what vendors count of it: to the unit that is sold or billed,
//! else to a unit of its own.

use rust_decimal::Decimal;

use crate::canonical::Entity;
use crate::currency::Currency;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::legs::LegGroup;
use crate::reconcile::tally::RowCounts;

use super::expected::{Expected, arrears_due_on};
use super::judge::Context;
use super::terms::Terms;
use super::unit::{Coverage, GroupUnits, Unit, coverage};

/// Counts the usage rows in a unit, or makes a unit of usage that has neither contract nor bill.
pub(super) fn place_usage(
    group: &LegGroup,
    terms: &[Terms],
    built: &mut GroupUnits,
    context: &Context<'_>,
) -> Result<(), ReconcileError> {
    let mut now = RowCounts::default();
    let mut quantity = Decimal::ZERO;
    for usage in &group.usage {
        now.add(&usage.source, Entity::Usage, usage.row_count);
        quantity = quantity
            .checked_add(usage.quantity)
            .ok_or_else(|| ReconcileError::Overflow("the usage of a unit".into()))?;
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
    let (currency, list_price) = list_price(group, context);
    let amount = quantity
        .checked_mul(list_price.unwrap_or_default())
        .ok_or_else(|| ReconcileError::Overflow("usage at its list price".into()))?;
    let rules = context.settings.line_rules(None, None);
    let usage_branch = group
        .usage
        .iter()
        .filter_map(|usage| usage.branch.clone())
        .min();
    let branch = usage_branch.or_else(|| context.account_branch(&group.account));
    built.units.push(Unit {
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
            has_overage: false,
            tax_rate: None,
            has_parts: false,
            ends_at: None,
        }),
        is_orphan: true,
        rows: now,
        ..Unit::empty(currency, branch)
    });
    Ok(())
}

/// Where nobody sold a product: the currency that it would be billed in, and its list price in it.
pub(super) fn list_price(group: &LegGroup, context: &Context<'_>) -> (Currency, Option<Decimal>) {
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
    (currency, list_price)
}

/// Gives a unit what vendors count of it, or makes a unit of what they count and nobody sold or bills.
/// Where a contract is charged in another month, what this month should bill is not known.
pub(super) fn place_vended(
    group: &LegGroup,
    terms: &[Terms],
    built: &mut GroupUnits,
    context: &Context<'_>,
) -> Result<(), ReconcileError> {
    let mut rows = RowCounts::default();
    let mut quantity = Decimal::ZERO;
    for vended in &group.vended {
        rows.add(&vended.source, Entity::Usage, vended.row_count);
        quantity = quantity
            .checked_add(vended.quantity)
            .ok_or_else(|| ReconcileError::Overflow("what vendors count of a unit".into()))?;
    }
    if rows.is_empty() {
        return Ok(());
    }
    let home = (0..built.units.len())
        .find(|at| built.units[*at].expected.is_some())
        .or((!built.units.is_empty()).then_some(0));
    if let Some(at) = home {
        // Of several currencies nobody can say which of them the vendor's count belongs to.
        let is_only = built.units.len() == 1;
        let unit = &mut built.units[at];
        unit.rows.add_all(&rows);
        let is_comparable = unit.expected.is_some() || unit.coverage != Coverage::NotCharged;
        unit.vended = (is_only && is_comparable).then_some(quantity);
        return Ok(());
    }
    let all_terms: Vec<&Terms> = terms.iter().collect();
    if built.is_unreadable || coverage(&all_terms, context.period, context) == Coverage::NotCharged
    {
        built.skipped.add_all(&rows);
        return Ok(());
    }
    let branch = group
        .vended
        .iter()
        .filter_map(|vended| vended.branch.clone())
        .min()
        .or_else(|| context.account_branch(&group.account));
    let rules = context.settings.line_rules(None, None);
    built.units.push(Unit {
        vended: Some(quantity),
        vended_due_on: Some(arrears_due_on(context.period, rules.arrears_bill_day)),
        rows,
        ..Unit::empty(list_price(group, context).0, branch)
    });
    Ok(())
}
