//! The records of both sides of an item, as the book keeps them: what is absent, or what says the same
//! twice, is not written. A book has two for each of its items.

use serde::{Deserialize, Serialize};

use super::row::Row;
use super::value::Value;
use crate::reconcile::Side;
use crate::store::error::StoreError;

#[derive(Serialize)]
struct Written<'a> {
    side: &'a str,
    source: &'a str,
    entity: &'a str,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_price: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<&'a str>,
}

#[derive(Deserialize)]
struct Read {
    side: String,
    source: String,
    entity: String,
    id: String,
    label: Option<String>,
    quantity: Option<String>,
    unit_price: Option<String>,
    amount: Option<String>,
}

/// The value of the column `sides`.
pub(super) fn value_of(sides: &[Side]) -> Result<Value, StoreError> {
    let written: Vec<Written<'_>> = sides
        .iter()
        .map(|side| Written {
            side: &side.side,
            source: &side.source,
            entity: &side.entity,
            id: &side.id,
            // A record that people know by its id alone.
            label: (side.label != side.id).then_some(&side.label),
            quantity: side.quantity.as_deref(),
            unit_price: side.unit_price.as_deref(),
            amount: side.amount.as_deref(),
        })
        .collect();
    Value::json("sides", &written)
}

/// The records of a row's column `sides`.
pub(super) fn sides_of(row: &Row) -> Result<Vec<Side>, StoreError> {
    let sides: Vec<Read> = row.json("sides")?;
    Ok(sides
        .into_iter()
        .map(|read| Side {
            side: read.side,
            source: read.source,
            entity: read.entity,
            label: read.label.unwrap_or_else(|| read.id.clone()),
            id: read.id,
            quantity: read.quantity,
            unit_price: read.unit_price,
            amount: read.amount,
        })
        .collect())
}
