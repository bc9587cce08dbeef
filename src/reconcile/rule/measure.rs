//! What is measured of a unit, and how near two measures must be.

use serde::{Deserialize, Serialize};

use crate::config::AmountTolerance;

use super::text::{MeasureText, RuleText};

/// The measure of a rule that declares none, and the one that values a unit by default.
pub(super) const AMOUNT: &str = "amount";
/// What such a rule shows with an item.
pub(super) const QUANTITY: &str = "quantity";

/// What kind of figure a measure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MeasureType {
    /// An amount of money: its difference is the money of a finding, and rounding noise of one minor
    /// unit a row is accepted.
    Money,
    /// A price: in money, but never added.
    Price,
    /// A number: a quantity, a count of months.
    Number,
}

impl MeasureType {
    /// What a measure of this name is, where the rule does not say it.
    pub(super) fn of(name: &str) -> Self {
        match name {
            "amount" | "net" | "tax" | "total" | "balance" => Self::Money,
            "unit_price" | "list_price" | "price" => Self::Price,
            _ => Self::Number,
        }
    }
}

/// How the rows of a unit become one figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Aggregate {
    /// They are added.
    Sum,
    /// They are not: the least is compared with the least, the greatest with the greatest.
    Each,
}

/// What a row without the figure means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Absent {
    /// Nothing is said of the unit: the measure is not compared.
    Skip,
    /// It counts as 0.
    Zero,
}

/// One measure of a rule.
#[derive(Debug, Clone)]
pub struct Measure {
    /// Its name: the column of the legs.
    pub name: String,
    /// What it is.
    pub kind: MeasureType,
    /// How rows become one figure.
    pub aggregate: Aggregate,
    /// What a row without it means.
    pub absent: Absent,
    /// Whether one minor unit a row is accepted as rounding noise.
    pub has_floor: bool,
    /// The limits in place of the configuration's.
    pub tolerance: Option<AmountTolerance>,
    /// Whether it is only shown with an item: a leg need not have it, and it is not compared.
    pub is_optional: bool,
}

/// The measures of a rule, in the order in which they explain each other.
pub(super) fn measures_of(words: &RuleText) -> Vec<Measure> {
    let plain = &words.tolerance.plain;
    let measure = |name: &str, text: &MeasureText| {
        let kind = text.kind_of.unwrap_or_else(|| MeasureType::of(name));
        let is_price = kind == MeasureType::Price;
        let mut tolerance = text
            .tolerance
            .clone()
            .or_else(|| words.tolerance.measures.get(name).cloned())
            .or_else(|| plain.clone().filter(|_| name == AMOUNT));
        if let Some(limits) = &mut tolerance {
            limits.mode = limits.mode.or(words.tolerance.mode);
        }
        Measure {
            name: name.to_owned(),
            kind,
            aggregate: text.aggregate.unwrap_or(if is_price {
                Aggregate::Each
            } else {
                Aggregate::Sum
            }),
            absent: text.absent.unwrap_or(Absent::Skip),
            has_floor: text.floor.unwrap_or(kind == MeasureType::Money),
            tolerance,
            is_optional: false,
        }
    };
    if words.measure.is_empty() {
        // The quantity is shown with an item and not compared.
        let shown = Measure {
            is_optional: true,
            ..measure(QUANTITY, &MeasureText::default())
        };
        let amount = Measure {
            absent: Absent::Zero,
            ..measure(AMOUNT, &MeasureText::default())
        };
        return vec![shown, amount];
    }
    let mut measures: Vec<Measure> = words
        .measure
        .iter()
        .map(|(name, text)| measure(name, text))
        .collect();
    // A quantity explains a price, and both explain an amount.
    measures.sort_by_key(|one| {
        let rank = match one.kind {
            MeasureType::Number => 0,
            MeasureType::Price => 1,
            MeasureType::Money => 2,
        };
        (rank, one.name == AMOUNT, one.name.clone())
    });
    measures
}
