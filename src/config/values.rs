//! Values that TOML writes as text and crossfoot keeps typed.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::canonical::parse_decimal;
use crate::money::decimal_text;

/// An exact number: `"0.05"` in quotes, or a plain integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DecimalText(pub Decimal);

impl<'de> Deserialize<'de> for DecimalText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DecimalVisitor;
        impl Visitor<'_> for DecimalVisitor {
            type Value = DecimalText;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a decimal number, as in \"0.05\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<DecimalText, E> {
                parse_decimal(text.trim())
                    .map(DecimalText)
                    .map_err(|reason| E::custom(format!("`{text}` {reason}")))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<DecimalText, E> {
                Ok(DecimalText(number.into()))
            }

            // TOML's own floats: the shortest text that names the float is what the user wrote.
            #[expect(clippy::disallowed_types, reason = "the text is read back exactly")]
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<DecimalText, E> {
                self.visit_str(&number.to_string())
            }
        }
        deserializer.deserialize_any(DecimalVisitor)
    }
}

impl Serialize for DecimalText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&decimal_text(self.0))
    }
}

impl JsonSchema for DecimalText {
    fn schema_name() -> Cow<'static, str> {
        "Decimal".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number"], "pattern": "^-?[0-9]+(\\.[0-9]+)?$" })
    }
}

/// A length of time: `90s`, `15m`, `26h`, `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HumanDuration(pub Duration);

impl HumanDuration {
    /// A whole number of hours.
    pub const fn hours(hours: u64) -> Self {
        Self(Duration::from_secs(hours * 3600))
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0 => formatter.write_str("0s"),
            _ if seconds.is_multiple_of(86_400) => write!(formatter, "{}d", seconds / 86_400),
            _ if seconds.is_multiple_of(3_600) => write!(formatter, "{}h", seconds / 3_600),
            _ if seconds.is_multiple_of(60) => write!(formatter, "{}m", seconds / 60),
            _ => write!(formatter, "{seconds}s"),
        }
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let seconds_each = match &text[digits.len()..] {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => 0,
        };
        let count: Option<u64> = digits.trim().parse().ok();
        count
            .filter(|_| seconds_each > 0)
            .and_then(|count| count.checked_mul(seconds_each))
            .map(|seconds| Self(Duration::from_secs(seconds)))
            .ok_or_else(|| {
                de::Error::custom(format!(
                    "`{text}` is no length of time: write 90s, 15m, 26h, 7d"
                ))
            })
    }
}

impl Serialize for HumanDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for HumanDuration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]+ ?[smhd]$" })
    }
}

/// For how long something is kept: `7 years`, `18 months`, `90 days`, or `forever`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// Without end.
    Forever,
    /// So many months.
    Months(i32),
    /// So many days.
    Days(i32),
}

impl Retention {
    /// A number of years.
    pub const fn years(years: i32) -> Self {
        Self::Months(12 * years)
    }
}

impl fmt::Display for Retention {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forever => formatter.write_str("forever"),
            Self::Months(months) if months % 12 == 0 => {
                write!(formatter, "{} years", months / 12)
            }
            Self::Months(months) => write!(formatter, "{months} months"),
            Self::Days(days) => write!(formatter, "{days} days"),
        }
    }
}

impl<'de> Deserialize<'de> for Retention {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let words: Vec<&str> = text.split_whitespace().collect();
        let count = |text: &str| text.parse::<i32>().ok().filter(|count| *count > 0);
        let span = match words.as_slice() {
            ["forever"] => Some(Self::Forever),
            [number, "year" | "years"] => count(number)
                .and_then(|years| years.checked_mul(12))
                .map(Self::Months),
            [number, "month" | "months"] => count(number).map(Self::Months),
            [number, "day" | "days"] => count(number).map(Self::Days),
            _ => None,
        };
        // Longer than any calendar reaches back is a mistake.
        span.filter(|span| !matches!(span, Self::Months(12_000..) | Self::Days(365_000..)))
            .ok_or_else(|| {
                de::Error::custom(format!(
                    "`{text}` is no time to keep something: write 7 years, 18 months, 90 days or \
                     forever"
                ))
            })
    }
}

impl Serialize for Retention {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Retention {
    fn schema_name() -> Cow<'static, str> {
        "Retention".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(forever|[1-9][0-9]* (years?|months?|days?))$" })
    }
}

/// A number of bytes: `512 MiB`, `2 GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteSize(pub u64);

impl fmt::Display for ByteSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        match units
            .iter()
            .find(|(_, each)| self.0 > 0 && self.0.is_multiple_of(*each))
        {
            Some((unit, each)) => write!(formatter, "{} {unit}", self.0 / each),
            None => write!(formatter, "{} B", self.0),
        }
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let bytes_each: u64 = match &text[digits.len()..] {
            "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => 0,
        };
        let count: Option<u64> = digits.trim().parse().ok();
        count
            .filter(|_| bytes_each > 0)
            .and_then(|count| count.checked_mul(bytes_each))
            .map(Self)
            .ok_or_else(|| {
                de::Error::custom(format!("`{text}` is no size: write 512 MiB or 2 GiB"))
            })
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for ByteSize {
    fn schema_name() -> Cow<'static, str> {
        "ByteSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]+ ?(B|KiB|MiB|GiB)$" })
    }
}

/// A time zone of the IANA database, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneName(pub TimeZone);

impl<'de> Deserialize<'de> for ZoneName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<str>::deserialize(deserializer)?;
        TimeZone::get(&name).map(Self).map_err(|_| {
            de::Error::custom(format!(
                "`{name}` is no time zone: write a name as Europe/Berlin"
            ))
        })
    }
}

impl Serialize for ZoneName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.iana_name().unwrap_or("UTC"))
    }
}

impl JsonSchema for ZoneName {
    fn schema_name() -> Cow<'static, str> {
        "TimeZone".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// One value, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "one value, or a list of them")]
pub enum OneOrMany<T> {
    /// One.
    One(T),
    /// Several.
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    /// All of them.
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}
