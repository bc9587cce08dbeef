//! How one column of an entity is read from a record of a source. The same words serve a connector
//! file and `[source.x.map.<entity>]`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::OneOrMany;

/// The columns of one entity, each with its rule.
pub type FieldMap = BTreeMap<String, FieldRule>;

/// A column's rule: a path, or a table that says more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a path, or a table of from, value, format, add_days, prefix, cases, ..."
)]
pub enum FieldRule {
    /// The path of the field, dotted: `properties.name`.
    Path(String),
    /// More than a path.
    Table(Box<FieldTable>),
}

/// A column's rule in full. Without `from` and `value`, the column is absent.
///
/// A path is the names of nested fields with dots between: `properties.name`. A number takes that
/// element of a list, `*` all of them, and `[type=primary]` the first one whose field has that
/// text. A leading `^.` reads from the parent record of a child.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FieldTable {
    /// The path of the field; of several, the first that is present.
    pub from: Option<OneOrMany<String>>,
    /// With several paths: all that are present, with this text between.
    pub join: Option<String>,
    /// A constant in place of a field, or in place of an absent one; `{company_currency}` is the
    /// currency of `[company]`.
    pub value: Option<String>,
    /// A constant for the records whose other field has a certain text; of several, the first that
    /// holds.
    pub instead: Option<OneOrMany<Instead>>,
    /// How a date or instant is spelled, in strptime's letters: `%m/%d/%Y`.
    pub format: Option<String>,
    /// The time zone in which an instant becomes a date, in place of the books' own.
    pub zone: Option<String>,
    /// The vendor writes instants without an offset: they are read by the clock of `zone`.
    pub naive: bool,
    /// The vendor writes a plain date as a midnight: only the day counts, whatever clock and offset
    /// stand behind it.
    pub day_only: bool,
    /// Days added to a date: vendors' inclusive ends are exclusive here.
    pub add_days: Option<i32>,
    /// Text put in front; `{source}` is the name of the source.
    pub prefix: Option<String>,
    /// Raw values and what they mean: `{ closedwon = "active" }`. Other values are `unmapped:<raw>`
    /// in a status and quarantined elsewhere.
    pub cases: Option<BTreeMap<String, String>>,
    /// What every value means that `cases` does not name.
    pub otherwise: Option<String>,
    /// Raw values that stand for nothing, such as `1900-01-01T00:00:00`.
    pub absent: Option<OneOrMany<String>>,
    /// The path of a currency whose minor units the number counts: 50600 is 506.00 in USD.
    pub minor_units_of: Option<String>,
    /// All numbers that the path names are added; of an empty list, the sum is 0.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sum: bool,
    /// The paths of numbers that are subtracted, as the discounts of a line. One that is absent takes
    /// nothing off: vendors leave out a tax or a discount that there is not.
    pub less: Option<OneOrMany<String>>,
    /// The path of a number of units that the number is divided by, as the price of all units is
    /// by their count; kept to ten digits after the point. By zero, nothing is left.
    pub per: Option<String>,
    /// The number's sign is turned: vendors write the amounts of a credit memo without one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub negate: bool,
    /// The number lands below zero, whatever sign the vendor writes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub negative: bool,
    /// The unit of an instant given as a number since 1970: `s`, `ms` or `dotnet`.
    pub epoch: Option<EpochUnit>,
    /// Letters put in upper case, as a currency's code.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub upper: bool,
    /// Letters put in lower case, as ids that a vendor writes in both.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub lower: bool,
    /// A second rule, for where the first reads nothing.
    pub or: Option<Box<FieldTable>>,
    /// For lists: a second rule whose texts are added to those of the first.
    pub also: Option<Box<FieldTable>>,
}

/// The unit of an instant given as a number since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EpochUnit {
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
    /// Milliseconds.
    #[serde(rename = "ms")]
    Milliseconds,
    /// Milliseconds in .NET's spelling, `/Date(1795219121337+0000)/`; the offset changes nothing.
    #[serde(rename = "dotnet")]
    DotNet,
}

/// A constant for some records: the balance of a void invoice is 0, whatever the vendor says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Instead {
    /// The path of the field that decides.
    pub when: String,
    /// Its text.
    pub is: OneOrMany<String>,
    /// The constant.
    pub value: String,
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

impl FieldTable {
    /// The paths that the column itself is read from.
    pub fn paths(&self) -> &[String] {
        self.from.as_ref().map_or(&[], OneOrMany::as_slice)
    }

    /// The constants for some records.
    pub fn insteads(&self) -> &[Instead] {
        self.instead.as_ref().map_or(&[], OneOrMany::as_slice)
    }

    /// Every path that the rule looks at, also beside the column's own.
    pub fn all_paths(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        let own = self
            .paths()
            .iter()
            .chain(&self.minor_units_of)
            .chain(self.less.as_ref().map_or(&[][..], OneOrMany::as_slice))
            .chain(&self.per)
            .chain(self.insteads().iter().map(|instead| &instead.when))
            .map(String::as_str);
        let others = self.or.iter().chain(&self.also);
        Box::new(own.chain(others.flat_map(|table| table.all_paths())))
    }
}
