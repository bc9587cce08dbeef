//! What the differences of a rule are called, and which names it knows.

use crate::config::nearest_name;
use crate::reconcile::discrepancy::Kind;

use super::file::{Comparison, NamedKind};
use super::measure::{AMOUNT, Measure, QUANTITY};
use super::text::{CompareText, RuleText};

/// The columns that every leg may have beside its keys, measures and texts.
pub(super) const UNIT_COLUMNS: [&str; 3] = ["account", "sku", "currency"];
/// What is called a unit that only the base has.
pub(super) const BASE_ONLY: &str = "base_only";
/// And one that only the peer has.
pub(super) const PEER_ONLY: &str = "peer_only";

/// What gives differences their kinds and names.
pub(super) struct Naming<'n> {
    pub(super) words: &'n RuleText,
    pub(super) measures: &'n [Measure],
    pub(super) value_name: &'n str,
}

impl Naming<'_> {
    /// A pair of legs, with a kind for all that may differ between them. `prefix` stands before the
    /// names of fields where a rule compares several pairs.
    pub(super) fn comparison(
        &self,
        (base, peer): (usize, usize),
        compare: Option<&CompareText>,
        prefix: Option<&str>,
        is_only: bool,
    ) -> Comparison {
        let kind = |difference: &str, shown: &str| {
            let own = compare.and_then(|compare| compare.kinds.get(difference));
            let of_measure = || {
                let measure = self.words.measure.get(difference);
                measure.and_then(|measure| measure.kind.as_ref())
            };
            let text = own
                .or_else(|| self.words.kinds.get(difference))
                .or_else(of_measure)?;
            let field = text
                .field
                .clone()
                .unwrap_or_else(|| match (prefix, text.kind) {
                    (Some(prefix), _) => format!("{prefix}.{shown}"),
                    (None, Kind::WrongCode) => "sku".to_owned(),
                    (None, Kind::UnitPrice) => "unit_price".to_owned(),
                    (None, _) => shown.to_owned(),
                });
            Some(NamedKind {
                kind: text.kind,
                field,
            })
        };
        let is_wanted = |selected: Option<&Vec<String>>, name: &String| {
            selected.is_none_or(|names| names.contains(name))
        };
        let wanted_measures = compare.and_then(|compare| compare.measures.as_ref());
        let wanted_fields = compare.and_then(|compare| compare.fields.as_ref());
        Comparison {
            base,
            peer,
            has_sure_measures: is_only || wanted_measures.is_some(),
            has_sure_fields: is_only || wanted_fields.is_some(),
            base_only: kind(BASE_ONLY, self.value_name),
            peer_only: kind(PEER_ONLY, self.value_name),
            measures: self
                .measures
                .iter()
                .enumerate()
                .filter(|(_, one)| !one.is_optional && is_wanted(wanted_measures, &one.name))
                .map(|(at, one)| (at, kind(&one.name, &one.name)))
                .collect(),
            fields: self
                .words
                .fields
                .iter()
                .enumerate()
                .filter(|(_, name)| is_wanted(wanted_fields, name))
                .map(|(at, name)| (at, kind(name, name)))
                .collect(),
        }
    }
}

/// Every column that the rule may ask a leg for.
pub(super) fn known_columns(words: &RuleText) -> Vec<&str> {
    let measures: Vec<&str> = if words.measure.is_empty() {
        vec![AMOUNT, QUANTITY]
    } else {
        words.measure.keys().map(String::as_str).collect()
    };
    UNIT_COLUMNS
        .into_iter()
        .chain(words.key.iter().map(String::as_str))
        .chain(measures)
        .chain(words.fields.iter().map(String::as_str))
        .collect()
}

/// A name that is none of the known ones.
pub(super) fn unknown<'n>(
    what: &str,
    wrong: &str,
    known: impl IntoIterator<Item = &'n str>,
) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest_name(wrong, known.iter().copied()) {
        Some(near) => format!("there is no {what} `{wrong}`: did you mean `{near}`?"),
        None if known.is_empty() => format!("there is no {what} `{wrong}`: this rule has none"),
        None => format!(
            "there is no {what} `{wrong}`: there are {}",
            known.join(", ")
        ),
    }
}
