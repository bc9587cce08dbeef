//! The cause of a difference. One root cause per unit, the first that applies; only quantity and
//! price split the money between them, so that the parts add up to actual less expected.

use rust_decimal::Decimal;

use crate::canonical::Entity;
use crate::money::{decimal_text, money_text, round_money};
use crate::reconcile::discrepancy::{Kind, Side};
use crate::reconcile::error::ReconcileError;
use crate::reconcile::legs::{BilledLine, LegGroup, UnitRecords};
use crate::reconcile::outcome::{AccountRef, Finding};
use crate::reconcile::tolerance::rounding_floor;

use super::duplicate::find_copies;
use super::expected::Expected;
use super::judge::{Context, Difference};
use super::severity::SeverityFacts;
use super::unit::{Coverage, Unit};

/// How many records of a side an item names, at most.
const SIDE_RECORDS_MAX: usize = 50;

/// One item of a unit, before it is dressed as a finding.
struct Part {
    kind: Kind,
    field: &'static str,
    expected: Option<String>,
    actual: Option<String>,
    impact: Decimal,
    estimated: bool,
}

/// The findings of a unit that differs.
pub(super) fn classify(
    group: &LegGroup,
    unit: &Unit,
    difference: &Difference,
    records: &UnitRecords,
    account: &AccountRef,
    context: &Context<'_>,
) -> Result<Vec<Finding>, ReconcileError> {
    let lines: Vec<&BilledLine> = records
        .lines
        .iter()
        .filter(|line| line.offset == 0 && line.currency == unit.currency)
        .collect();
    let mut tags = Vec::new();
    let parts = parts(unit, difference, &lines, &mut tags, context)?;
    let kinds: Vec<Kind> = parts.iter().map(|part| part.kind).chain(tags).collect();
    let sides = sides(group, unit, &lines, records);
    let cycles = unit
        .expected
        .as_ref()
        .and_then(|expected| expected.cycles_per_year);
    let mut findings = Vec::new();
    for part in parts {
        let annualised = match cycles {
            Some(cycles) => Some(
                part.impact
                    .checked_mul(Decimal::from(cycles))
                    .ok_or_else(|| ReconcileError::Overflow("an annualised impact".into()))?,
            ),
            None => None,
        };
        let mut secondary: Vec<Kind> = kinds
            .iter()
            .copied()
            .filter(|kind| *kind != part.kind)
            .collect();
        secondary.sort_unstable();
        secondary.dedup();
        findings.push(Finding {
            kind: part.kind,
            account: account.clone(),
            branch: unit.branch.clone(),
            sku: group.sku.clone(),
            currency: unit.currency,
            field: part.field.to_owned(),
            expected: part.expected,
            actual: part.actual,
            unit_expected: unit.expected_amount(),
            unit_actual: unit.billed.net,
            impact: part.impact,
            annualised,
            severity: context.scale.of(SeverityFacts {
                kind: part.kind,
                impact: part.impact,
                currency: unit.currency,
                branch: unit.branch.as_deref(),
            }),
            estimated: part.estimated,
            ambiguous: unit.is_ambiguous,
            secondary,
            sides: sides.clone(),
        });
    }
    Ok(findings)
}

fn parts(
    unit: &Unit,
    difference: &Difference,
    lines: &[&BilledLine],
    tags: &mut Vec<Kind>,
    context: &Context<'_>,
) -> Result<Vec<Part>, ReconcileError> {
    let whole = |kind: Kind, field: &'static str, expected, actual, estimated: bool| {
        vec![Part {
            kind,
            field,
            expected,
            actual,
            impact: difference.amount,
            estimated,
        }]
    };
    let actual_amount = money_text(unit.billed.net, unit.currency);
    if let Some(sold_in) = unit.sold_in {
        let codes = (sold_in.to_string(), unit.currency.to_string());
        return Ok(whole(
            Kind::Currency,
            "currency",
            Some(codes.0),
            Some(codes.1),
            true,
        ));
    }
    let Some(expected) = &unit.expected else {
        let kind = match unit.coverage {
            Coverage::None => Kind::MissingInCrm,
            Coverage::Ended => Kind::CancelledBilled,
            // A contract stands, and its cycle starts in another month.
            Coverage::NotCharged => Kind::Amount,
        };
        let nothing = (kind == Kind::Amount).then(|| money_text(Decimal::ZERO, unit.currency));
        return Ok(whole(kind, "amount", nothing, Some(actual_amount), false));
    };
    if unit.is_orphan {
        let used = expected.quantity.map(decimal_text);
        return Ok(whole(Kind::OrphanUsage, "quantity", used, None, true));
    }
    let expected_amount = money_text(expected.amount, unit.currency);
    if unit.billed.line_count == 0 {
        let kind = Kind::MissingInBilling;
        return Ok(whole(kind, "amount", Some(expected_amount), None, false));
    }
    let copies = find_copies(lines, expected.quantity, expected.amount, context.period);
    let split = split(unit, expected, difference, lines, context)?;
    if copies.count > 0 {
        // What is left without the copies has a cause of its own, told as a tag.
        if copies.net != difference.amount {
            tags.extend(split.iter().map(|part| part.kind));
        }
        let (field, expected_text, actual_text) = match difference.quantities {
            Some((sold, billed)) => ("quantity", decimal_text(sold), decimal_text(billed)),
            None => ("amount", expected_amount, actual_amount),
        };
        let values = (Some(expected_text), Some(actual_text));
        return Ok(whole(Kind::Duplicate, field, values.0, values.1, false));
    }
    Ok(split)
}

/// QUANTITY, UNIT_PRICE, or both:
///
/// ```text
/// price_effect = (pA - pE) × qA = A - pE × qA        qty_effect = (A - E) - price_effect
/// ```
/// so the quantity carries the rounding residual; AMOUNT where neither explains the difference.
fn split(
    unit: &Unit,
    expected: &Expected,
    difference: &Difference,
    lines: &[&BilledLine],
    context: &Context<'_>,
) -> Result<Vec<Part>, ReconcileError> {
    let amounts = |impact: Decimal| Part {
        kind: Kind::Amount,
        field: "amount",
        expected: Some(money_text(expected.amount, unit.currency)),
        actual: Some(money_text(unit.billed.net, unit.currency)),
        impact,
        estimated: false,
    };
    let stated_price = stated_price(lines);
    let Some((sold, billed)) = difference.quantities else {
        // Without comparable quantities only a stated price can say more than the amounts.
        return Ok(vec![match (expected.unit_price, stated_price) {
            (Some(price), Some(stated)) if !is_same_price(price, stated, unit, context)? => Part {
                kind: Kind::UnitPrice,
                field: "unit_price",
                expected: Some(decimal_text(price)),
                actual: Some(decimal_text(stated)),
                impact: difference.amount,
                estimated: false,
            },
            _ => amounts(difference.amount),
        }]);
    };
    let quantity_part = |impact: Decimal| Part {
        kind: Kind::Quantity,
        field: "quantity",
        expected: Some(decimal_text(sold)),
        actual: Some(decimal_text(billed)),
        impact,
        estimated: false,
    };
    let expected_price = match expected.unit_price {
        Some(price) => Some(price),
        None => crate::money::ratio(expected.amount, sold),
    };
    let has_prices = lines.iter().all(|line| line.unit_price.is_some());
    let (Some(expected_price), Some(actual_price), true) = (
        expected_price,
        crate::money::ratio(unit.billed.net, billed),
        has_prices,
    ) else {
        let part = if difference.is_quantity_outside {
            quantity_part
        } else {
            return Ok(vec![amounts(difference.amount)]);
        };
        return Ok(vec![part(difference.amount)]);
    };
    let overflow = || ReconcileError::Overflow("the price effect of a unit".into());
    let at_expected_price = expected_price.checked_mul(billed).ok_or_else(overflow)?;
    let price_effect = unit
        .billed
        .net
        .checked_sub(at_expected_price)
        .ok_or_else(overflow)?;
    let is_rounding = price_effect.abs() <= rounding_floor(unit.currency, unit.billed.line_count)?;
    let is_price_same = is_rounding || is_same_price(expected_price, actual_price, unit, context)?;
    // A line that states the contract's price and still has another amount is no price error.
    let states_expected_price = match stated_price {
        Some(stated) => stated == expected_price,
        None => false,
    };
    let price_part = |impact: Decimal| Part {
        kind: Kind::UnitPrice,
        field: "unit_price",
        expected: Some(decimal_text(expected_price.round_dp(10))),
        actual: Some(decimal_text(actual_price.round_dp(10))),
        impact,
        estimated: false,
    };
    Ok(match (difference.is_quantity_outside, is_price_same) {
        (true, true) => vec![quantity_part(difference.amount)],
        (true, false) => {
            let by_price = round_money(price_effect, unit.currency);
            vec![
                quantity_part(difference.amount - by_price),
                if states_expected_price {
                    amounts(by_price)
                } else {
                    price_part(by_price)
                },
            ]
        }
        (false, false) if !states_expected_price => vec![price_part(difference.amount)],
        (false, _) => vec![amounts(difference.amount)],
    })
}

/// The price that all charged lines name, where they name one and the same.
fn stated_price(lines: &[&BilledLine]) -> Option<Decimal> {
    let mut prices = lines.iter().map(|line| line.unit_price);
    let first = prices.next()??;
    prices.all(|price| price == Some(first)).then_some(first)
}

fn is_same_price(
    expected: Decimal,
    actual: Decimal,
    unit: &Unit,
    context: &Context<'_>,
) -> Result<bool, ReconcileError> {
    context
        .settings
        .price_tolerance()
        .takes(expected, actual, Some(unit.currency))
}

/// The records on both sides, by their own numbers.
fn sides(group: &LegGroup, unit: &Unit, lines: &[&BilledLine], records: &UnitRecords) -> Vec<Side> {
    let charged = |source: &str, id: &str| {
        unit.expected.as_ref().is_some_and(|expected| {
            expected
                .rows
                .iter()
                .any(|(row_source, row_id)| row_source == source && row_id == id)
        })
    };
    let is_metered = unit
        .expected
        .as_ref()
        .is_some_and(|expected| expected.is_metered);
    let contracts = group
        .contracts
        .iter()
        .filter(|row| charged(&row.source, &row.id))
        .map(|row| Side {
            side: "base".into(),
            source: row.source.clone(),
            entity: Entity::Contracts.name().into(),
            id: row.id.clone(),
            label: group.sku.clone(),
            quantity: Some(decimal_text(row.quantity)),
            unit_price: Some(decimal_text(row.unit_price)),
            amount: None,
        });
    let usage = records.usage.iter().filter(|_| is_metered).map(|row| Side {
        side: "base".into(),
        source: row.source.clone(),
        entity: Entity::Usage.name().into(),
        id: row.id.clone(),
        label: group.sku.clone(),
        quantity: Some(decimal_text(row.quantity)),
        unit_price: None,
        amount: None,
    });
    let billed = lines.iter().map(|line| Side {
        side: "peer".into(),
        source: line.source.clone(),
        entity: Entity::InvoiceLines.name().into(),
        id: line.id.clone(),
        label: line.number.clone(),
        quantity: line.quantity.map(decimal_text),
        unit_price: line.unit_price.map(decimal_text),
        amount: Some(money_text(line.net, line.currency)),
    });
    contracts
        .chain(usage)
        .take(SIDE_RECORDS_MAX)
        .chain(billed.take(SIDE_RECORDS_MAX))
        .collect()
}
