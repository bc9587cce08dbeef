//! What a record may hold beyond the types of its columns, so that one odd record cannot stop the
//! work on all others.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::entity::Entity;
use super::record::{Record, Value};

/// Ids and references are keys of indexes; Postgres takes none beyond 2,704 bytes.
const KEY_BYTES_MAX: usize = 512;
/// Days lie in years that have four digits, with room for a period before and after.
const YEARS: std::ops::RangeInclusive<i16> = 1..=9998;
/// Quantity times price stays within what can be multiplied on: 10²⁰.
const PRODUCT_MAX: Decimal = Decimal::from_parts(1_661_992_960, 1_808_227_885, 5, false, 0);

impl Record {
    /// The first column whose value no record may have, and why.
    pub fn misfit(&self) -> Option<(&'static str, &'static str)> {
        for (column, value) in self.entity.columns().zip(&self.values) {
            let reason = match value {
                Some(Value::Text(text)) if is_key(column.name) && text.len() > KEY_BYTES_MAX => {
                    "is longer than 512 bytes, which no id is"
                }
                Some(Value::Date(day)) if !is_plausible(*day) => "lies outside the years 1 to 9998",
                Some(Value::Instant(instant)) if !is_plausible(utc_day(*instant)) => {
                    "lies outside the years 1 to 9998"
                }
                _ => continue,
            };
            return Some((column.name, reason));
        }
        let is_priced = matches!(self.entity, Entity::Contracts | Entity::InvoiceLines);
        let product = self.decimal("quantity").zip(self.decimal("unit_price"));
        let is_too_much = |(quantity, price): (Decimal, Decimal)| {
            quantity
                .checked_mul(price)
                .is_none_or(|product| product.abs() > PRODUCT_MAX)
        };
        (is_priced && product.is_some_and(is_too_much)).then_some((
            "quantity",
            "times the unit price is more than an amount can be",
        ))
    }
}

fn is_key(column: &str) -> bool {
    column == "id"
        || column.ends_with("_id")
        || matches!(
            column,
            "sku" | "number" | "invoice_number" | "reference" | "branch"
        )
}

fn is_plausible(day: Date) -> bool {
    YEARS.contains(&day.year())
}

fn utc_day(instant: Timestamp) -> Date {
    instant.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
