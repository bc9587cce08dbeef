//! The records on both sides of a unit, by their own numbers.

use crate::canonical::Entity;
use crate::money::{decimal_text, money_text};
use crate::reconcile::discrepancy::Side;
use crate::reconcile::legs::{BilledLine, LegGroup, UnitRecords, UsageRow};

use super::unit::Unit;

/// How many records of a side an item names, at most.
const SIDE_RECORDS_MAX: usize = 50;

/// What was sold, used and counted by vendors on one side, and the billed lines on the other.
pub(super) fn sides(
    group: &LegGroup,
    unit: &Unit,
    lines: &[&BilledLine],
    records: &UnitRecords,
) -> Vec<Side> {
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
    let used = |row: &UsageRow| Side {
        side: "base".into(),
        source: row.source.clone(),
        entity: Entity::Usage.name().into(),
        id: row.id.clone(),
        label: group.sku.clone(),
        quantity: Some(decimal_text(row.quantity)),
        unit_price: None,
        amount: None,
    };
    let usage = records
        .usage
        .iter()
        .filter(|row| is_metered && row.offset == 0)
        .map(used);
    let vended = records
        .vended
        .iter()
        .filter(|_| unit.vended.is_some())
        .map(used);
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
        .chain(vended)
        .take(SIDE_RECORDS_MAX)
        .chain(billed.take(SIDE_RECORDS_MAX))
        .collect()
}
