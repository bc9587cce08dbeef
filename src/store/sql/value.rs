//! What is bound to a statement, and how each kind of value is spelled in both databases.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::fmt::temporal::DateTimePrinter;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::currency::Currency;
use crate::money::to_scaled;
use crate::period::Period;
use crate::store::error::StoreError;

/// One bound value. NULL has a type as well, because Postgres asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(Option<String>),
    Integer(Option<i64>),
    Bytes(Vec<u8>),
    Flag(bool),
}

/// Instants are UTC with six decimals always, so that their texts sort as they do.
pub(super) fn instant_text(instant: Timestamp) -> String {
    const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(6));
    PRINTER.timestamp_to_string(&instant)
}

/// Postgres has no NUL in text; both databases keep the visible sign for it instead.
pub(super) fn plain_text(text: &str) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{2400}")
    } else {
        text.to_owned()
    }
}

impl Value {
    /// An amount of money, scaled by 10⁴; one that does not fit is refused, never rounded.
    pub(super) fn amount(column: &'static str, amount: Decimal) -> Result<Self, StoreError> {
        to_scaled(amount)
            .map(|scaled| Self::Integer(Some(scaled)))
            .map_err(|cause| StoreError::Amount {
                column,
                amount,
                cause,
            })
    }

    /// A count.
    pub(super) fn count(column: &'static str, count: u64) -> Result<Self, StoreError> {
        i64::try_from(count)
            .map(|number| Self::Integer(Some(number)))
            .map_err(|_| StoreError::Count { column, count })
    }

    /// Whether it is NULL.
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Text(None) | Self::Integer(None))
    }

    /// Appends bytes that are those of no other value, whatever follows.
    pub(super) fn put_bytes(&self, out: &mut Vec<u8>) {
        let (kind, bytes): (u8, &[u8]) = match self {
            Self::Text(None) | Self::Integer(None) => (0, &[]),
            Self::Text(Some(text)) => (1, text.as_bytes()),
            Self::Integer(Some(number)) => (2, &number.to_le_bytes()),
            Self::Bytes(bytes) => (3, bytes),
            Self::Flag(flag) => (4, &[u8::from(*flag)]),
        };
        out.push(kind);
        out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        out.extend_from_slice(bytes);
    }

    /// A list or a struct, as JSON text.
    pub(super) fn json<T: Serialize + ?Sized>(
        column: &'static str,
        value: &T,
    ) -> Result<Self, StoreError> {
        serde_json::to_string(value)
            .map(|text| Self::Text(Some(text)))
            .map_err(|cause| StoreError::Json { column, cause })
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(plain_text(text)))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(if text.contains('\0') {
            plain_text(&text)
        } else {
            text
        }))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Text(None), Self::from)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(plain_text))
    }
}

impl From<&Option<String>> for Value {
    fn from(text: &Option<String>) -> Self {
        text.as_deref().into()
    }
}

impl From<Timestamp> for Value {
    fn from(instant: Timestamp) -> Self {
        Self::Text(Some(instant_text(instant)))
    }
}

impl From<Option<Timestamp>> for Value {
    fn from(instant: Option<Timestamp>) -> Self {
        Self::Text(instant.map(instant_text))
    }
}

impl From<Option<Date>> for Value {
    fn from(day: Option<Date>) -> Self {
        Self::Text(day.map(|date| date.to_string()))
    }
}

impl From<Date> for Value {
    fn from(day: Date) -> Self {
        Some(day).into()
    }
}

impl From<Period> for Value {
    fn from(period: Period) -> Self {
        Self::Text(Some(period.to_string()))
    }
}

impl From<Currency> for Value {
    fn from(currency: Currency) -> Self {
        currency.code().into()
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(Some(number))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        i64::from(number).into()
    }
}

impl From<u16> for Value {
    fn from(number: u16) -> Self {
        i64::from(number).into()
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_sort_as_text() {
        let whole: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let later: Timestamp = "2026-03-01T00:00:00.5Z".parse().unwrap();
        assert_eq!(instant_text(whole), "2026-03-01T00:00:00.000000Z");
        assert!(instant_text(whole) < instant_text(later));
    }

    #[test]
    fn a_nul_becomes_its_visible_sign() {
        assert_eq!(Value::from("a\0b"), Value::Text(Some("a␀b".into())));
    }

    #[test]
    fn amounts_are_exact_or_refused() {
        let cents = Decimal::new(1_005, 2);
        assert_eq!(
            Value::amount("impact", cents).unwrap(),
            Value::Integer(Some(100_500))
        );
        assert!(Value::amount("impact", Decimal::new(1, 5)).is_err());
    }
}
