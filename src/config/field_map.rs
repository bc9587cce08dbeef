//! How one column of an entity is read from a record of a source. The same words serve a connector
//! file and `[source.x.map.<entity>]`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::values::OneOrMany;

/// The columns of one entity, each with its rule.
pub type FieldMap = BTreeMap<String, FieldRule>;

/// A column's rule: a path, or a table that says more.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a path, or a table of from, value, format, add_days, prefix, cases, ...")]
pub enum FieldRule {
    /// The path of the field, dotted: `properties.name`.
    Path(String),
    /// More than a path.
    Table(Box<FieldTable>),
}

/// A column's rule in full. Without `from` and `value`, the column is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FieldTable {
    /// The path of the field; of several, the first that is present.
    pub from: Option<OneOrMany<String>>,
    /// A constant in place of a field, or in place of an absent one.
    pub value: Option<String>,
    /// How a date or instant is spelled, in strptime's letters: `%m/%d/%Y`.
    pub format: Option<String>,
    /// Days added to a date: vendors' inclusive ends are exclusive here.
    pub add_days: Option<i32>,
    /// Text put in front.
    pub prefix: Option<String>,
    /// Raw values and what they mean: `{ closedwon = "active" }`. Other values are `unmapped:<raw>`
    /// in a status and quarantined elsewhere.
    pub cases: Option<BTreeMap<String, String>>,
    /// The path of a currency whose minor units the number counts: 50600 is 506.00 in USD.
    pub minor_units_of: Option<String>,
    /// The unit of an instant given as a number since 1970: `s` or `ms`.
    pub epoch: Option<String>,
    /// Letters put in upper case, as a currency's code.
    pub upper: bool,
}

impl FieldRule {
    /// The rule in full.
    pub fn table(&self) -> FieldTable {
        match self {
            Self::Path(path) => FieldTable {
                from: Some(OneOrMany::One(path.clone())),
                ..FieldTable::default()
            },
            Self::Table(table) => (**table).clone(),
        }
    }
}
