//! What a record may hold beyond the types of its columns, so that one odd record cannot stop the
//! work on all others.

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use rust_decimal::Decimal;

use super::cell::Cell;
use super::entity::Entity;
use super::record::Record;

/// Ids and references are keys of indexes; Postgres takes none beyond 2,704 bytes.
const KEY_BYTES_MAX: usize = 512;
/// Days lie in years that have four digits, with room for a period before and after.
const YEARS: RangeInclusive<i16> = 1..=9998;
/// The same years in UTC, in seconds since 1970.
const SECONDS: RangeInclusive<i64> = -62_135_596_800..=253_370_764_799;
/// Quantity times price stays within what can be multiplied on: 10²⁰.
const PRODUCT_MAX: Decimal = Decimal::from_parts(1_661_992_960, 1_808_227_885, 5, false, 0);

impl Record {
    /// The first column whose value no record may have, and why.
    pub fn misfit(&self) -> Option<(&'static str, &'static str)> {
        let cells: Vec<Option<Cell<'_>>> = self
            .values
            .iter()
            .map(|value| value.as_ref().map(Cell::from))
            .collect();
        misfit_of(self.entity, &cells)
    }
}

/// As [`Record::misfit`], of the cells of a record.
pub(crate) fn misfit_of(
    entity: Entity,
    cells: &[Option<Cell<'_>>],
) -> Option<(&'static str, &'static str)> {
    for (column, cell) in entity.columns().zip(cells) {
        let reason = match cell {
            Some(Cell::Text(text)) if text.len() > KEY_BYTES_MAX && is_key(column.name) => {
                "is longer than 512 bytes, which no id is"
            }
            Some(Cell::Date(day)) if !YEARS.contains(&day.year()) => {
                "lies outside the years 1 to 9998"
            }
            Some(Cell::Instant(instant)) if !SECONDS.contains(&instant.as_second()) => {
                "lies outside the years 1 to 9998"
            }
            _ => continue,
        };
        return Some((column.name, reason));
    }
    let (quantity, price) = priced(entity)?;
    let number = |at: usize| cells.get(at)?.as_ref()?.decimal();
    number(quantity)
        .zip(number(price))
        .is_some_and(is_too_much)
        .then_some((
            "quantity",
            "times the unit price is more than an amount can be",
        ))
}

/// Where the quantity and the unit price of an entity stand whose amounts are their product.
fn priced(entity: Entity) -> Option<(usize, usize)> {
    static PLACES: LazyLock<[Option<(usize, usize)>; 2]> = LazyLock::new(|| {
        [Entity::Contracts, Entity::InvoiceLines].map(|entity| {
            let quantity = entity.index_of("quantity");
            quantity.zip(entity.index_of("unit_price"))
        })
    });
    match entity {
        Entity::Contracts => PLACES[0],
        Entity::InvoiceLines => PLACES[1],
        _ => None,
    }
}

fn is_too_much((quantity, price): (Decimal, Decimal)) -> bool {
    // A product has no more digits before the point than the product of the digits has.
    let [base, peer] = [quantity, price].map(|number| number.mantissa().unsigned_abs());
    let digits = base.checked_mul(peer);
    if digits.is_some_and(|digits| digits <= PRODUCT_MAX.mantissa().unsigned_abs()) {
        return false;
    }
    quantity
        .checked_mul(price)
        .is_none_or(|product| product.abs() > PRODUCT_MAX)
}

fn is_key(column: &str) -> bool {
    column == "id"
        || column.ends_with("_id")
        || matches!(
            column,
            "sku" | "number" | "invoice_number" | "reference" | "branch"
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::Value;
    use jiff::Timestamp;

    /// Goal: what would harm others is told by its column. Method: one odd value at a time.
    #[test]
    fn odd_values_are_told_by_their_column() {
        let with = |entity, column, value| {
            let mut record = Record::empty(entity);
            record.set(column, Some(value));
            record.misfit().map(|(column, _)| column)
        };
        let day = |year| Value::Date(jiff::civil::date(year, 1, 1));
        assert_eq!(
            with(Entity::Invoices, "issued_on", day(-1)),
            Some("issued_on")
        );
        assert_eq!(
            with(Entity::Invoices, "issued_on", day(9999)),
            Some("issued_on")
        );
        assert_eq!(with(Entity::Invoices, "issued_on", day(2026)), None);
        let long = Value::Text("x".repeat(513));
        assert_eq!(
            with(Entity::Invoices, "account_id", long.clone()),
            Some("account_id")
        );
        assert_eq!(with(Entity::Accounts, "name", long), None);
        let mut line = Record::empty(Entity::InvoiceLines);
        line.set(
            "quantity",
            Some(Value::Decimal(Decimal::from(99_999_999_999_999_u64))),
        );
        line.set(
            "unit_price",
            Some(Value::Decimal(Decimal::from(99_999_999_999_999_u64))),
        );
        assert_eq!(line.misfit().map(|(column, _)| column), Some("quantity"));
        assert_eq!(PRODUCT_MAX, Decimal::from(100_000_000_000_000_000_000_u128));
    }

    /// Goal: instants have the same limits as days. Method: the first and the last second of the
    /// years, and their neighbours.
    #[test]
    fn instants_keep_to_the_same_years() {
        for (text, fits) in [
            ("0001-01-01T00:00:00Z", true),
            ("0000-12-31T23:59:59Z", false),
            ("9998-12-31T23:59:59.999999Z", true),
            ("9999-01-01T00:00:00Z", false),
        ] {
            let instant: Timestamp = text.parse().unwrap();
            let mut record = Record::empty(Entity::Usage);
            record.set("starts_on", Some(Value::Instant(instant)));
            assert_eq!(record.misfit().is_none(), fits, "{text}");
        }
    }
}
