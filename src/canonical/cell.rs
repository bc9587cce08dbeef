//! A typed value on its way into a column: it borrows its text where it can.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::record::Value;

/// A typed value, as a [`Value`] is, without a copy of texts that stand elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell<'c> {
    /// Text, also a currency's code.
    Text(Cow<'c, str>),
    /// A list of texts.
    List(Cow<'c, [String]>),
    /// An exact number.
    Decimal(Decimal),
    /// A civil date.
    Date(Date),
    /// An instant.
    Instant(Timestamp),
    /// True or false.
    Bool(bool),
}

impl<'c> Cell<'c> {
    /// The text of a text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number of a number.
    pub fn decimal(&self) -> Option<Decimal> {
        match self {
            Self::Decimal(number) => Some(*number),
            _ => None,
        }
    }

    /// The value that owns its texts.
    pub fn into_value(self) -> Value {
        match self {
            Self::Text(text) => Value::Text(text.into_owned()),
            Self::List(texts) => Value::List(texts.into_owned()),
            Self::Decimal(number) => Value::Decimal(number),
            Self::Date(day) => Value::Date(day),
            Self::Instant(instant) => Value::Instant(instant),
            Self::Bool(flag) => Value::Bool(flag),
        }
    }

    /// Text that stands elsewhere.
    pub fn of(text: &'c str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'c> From<&'c Value> for Cell<'c> {
    fn from(value: &'c Value) -> Self {
        match value {
            Value::Text(text) => Self::of(text),
            Value::List(texts) => Self::List(Cow::Borrowed(texts)),
            Value::Decimal(number) => Self::Decimal(*number),
            Value::Date(day) => Self::Date(*day),
            Value::Instant(instant) => Self::Instant(*instant),
            Value::Bool(flag) => Self::Bool(*flag),
        }
    }
}
