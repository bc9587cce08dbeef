//! The words of a rule file, as TOML gives them; `check` makes a rule of them.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::canonical::Entity;
use crate::config::{
    AbsoluteTolerance, AmountTolerance, DecimalText, OneOrMany, ToleranceMode, nearest_name,
};
use crate::reconcile::discrepancy::Kind;

use super::measure::{Absent, Aggregate, MeasureType};

/// All of a rule file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleText {
    pub(super) name: String,
    pub(super) about: Option<String>,
    #[serde(default)]
    pub(super) key: Vec<String>,
    pub(super) period_column: Option<String>,
    pub(super) lag_days: Option<u16>,
    #[serde(default)]
    pub(super) fields: Vec<String>,
    pub(super) value: Option<String>,
    #[serde(default)]
    pub(super) measure: BTreeMap<String, MeasureText>,
    #[serde(default)]
    pub(super) tolerance: ToleranceText,
    #[serde(default)]
    pub(super) kinds: BTreeMap<String, KindText>,
    pub(super) base: Option<LegText>,
    pub(super) peer: Option<LegText>,
    #[serde(default)]
    pub(super) leg: Vec<LegText>,
    #[serde(default)]
    pub(super) compare: Vec<CompareText>,
}

/// A leg: a query, or the rows of an entity.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LegText {
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) entities: Vec<Entity>,
    pub(super) sql: Option<String>,
    pub(super) entity: Option<Entity>,
    #[serde(default)]
    pub(super) sources: Vec<String>,
    #[serde(default)]
    pub(super) columns: BTreeMap<String, String>,
    #[serde(rename = "where")]
    pub(super) condition: Option<String>,
    pub(super) out_of_scope: Option<String>,
    pub(super) period_column: Option<String>,
}

/// What of a measure is not as usual.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MeasureText {
    #[serde(rename = "type")]
    pub(super) kind_of: Option<MeasureType>,
    pub(super) aggregate: Option<Aggregate>,
    pub(super) absent: Option<Absent>,
    pub(super) floor: Option<bool>,
    pub(super) tolerance: Option<AmountTolerance>,
    pub(super) kind: Option<KindText>,
}

/// Which leg is the truth for which others.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CompareText {
    pub(super) base: String,
    pub(super) peer: OneOrMany<String>,
    pub(super) measures: Option<Vec<String>>,
    pub(super) fields: Option<Vec<String>>,
    #[serde(default)]
    pub(super) kinds: BTreeMap<String, KindText>,
}

/// What a difference is called: a kind, or a kind and the name of the field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KindText {
    pub(super) kind: Kind,
    pub(super) field: Option<String>,
}

impl<'de> Deserialize<'de> for KindText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KindVisitor;
        impl<'de> Visitor<'de> for KindVisitor {
            type Value = KindText;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(
                    "a kind, as \"QUANTITY\", or { kind = \"QUANTITY\", field = \"seats\" }",
                )
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<KindText, E> {
                let kind = kind_of(text)?;
                Ok(KindText { kind, field: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<KindText, A::Error> {
                let (mut kind, mut field) = (None, None);
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "kind" => kind = Some(kind_of(&map.next_value::<String>()?)?),
                        "field" => field = Some(map.next_value::<String>()?),
                        _ => return Err(de::Error::unknown_field(&key, &["kind", "field"])),
                    }
                }
                let kind = kind.ok_or_else(|| de::Error::missing_field("kind"))?;
                Ok(KindText { kind, field })
            }
        }
        deserializer.deserialize_any(KindVisitor)
    }
}

fn kind_of<E: de::Error>(text: &str) -> Result<Kind, E> {
    text.parse().map_err(|_| {
        let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        // The kinds are in upper case, and the nearest name is looked for in lower case.
        let is_near = |name: &&&str| nearest_name(text, [name.to_lowercase().as_str()]).is_some();
        let known = names.join(", ");
        E::custom(names.iter().find(is_near).map_or_else(
            || format!("there is no kind `{text}`: kinds are {known}"),
            |near| format!("there is no kind `{text}`: did you mean `{near}`?"),
        ))
    })
}

/// `[tolerance]`: that of the amount, or one per measure.
#[derive(Debug, Default)]
pub(super) struct ToleranceText {
    /// The limits that stand there without the name of a measure.
    pub(super) plain: Option<AmountTolerance>,
    /// The limits by measure.
    pub(super) measures: BTreeMap<String, AmountTolerance>,
    /// The mode, which is also that of the measures which name none.
    pub(super) mode: Option<ToleranceMode>,
}

impl<'de> Deserialize<'de> for ToleranceText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ToleranceVisitor;
        impl<'de> Visitor<'de> for ToleranceVisitor {
            type Value = ToleranceText;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a table of limits, or of one per measure")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ToleranceText, A::Error> {
                let mut text = ToleranceText::default();
                let mut plain = AmountTolerance::default();
                let mut is_plain = false;
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "mode" => text.mode = Some(map.next_value::<ToleranceMode>()?),
                        "absolute" => {
                            plain.absolute = Some(map.next_value::<AbsoluteTolerance>()?);
                            is_plain = true;
                        }
                        "percent" => {
                            plain.percent = Some(map.next_value::<DecimalText>()?);
                            is_plain = true;
                        }
                        _ => {
                            let limits = map.next_value::<AmountTolerance>()?;
                            text.measures.insert(key, limits);
                        }
                    }
                }
                text.plain = is_plain.then_some(plain);
                Ok(text)
            }
        }
        deserializer.deserialize_map(ToleranceVisitor)
    }
}
