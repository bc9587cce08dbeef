//! From the words of a rule file to a rule, or everything that is wrong with it, each with its place.

use std::path::Path;

use crate::canonical::Entity;
use crate::config::{Places, Problem, Problems, read_toml};
use crate::reconcile::account_fields::ACCOUNT_RULE;
use crate::reconcile::billing::BILLING_RULE;

use super::file::{Comparison, LegRows, RuleFile, RuleLeg};
use super::measure::{AMOUNT, Aggregate, Measure, MeasureType, measures_of};
use super::naming::{BASE_ONLY, Naming, PEER_ONLY, UNIT_COLUMNS, known_columns, unknown};
use super::text::{CompareText, KindText, LegText, RuleText};

/// No rule has more legs.
const LEGS_MAX: usize = 16;

/// Reads and checks a rule's text.
pub(super) fn check(file: &str, text: &str) -> Result<RuleFile, Problems> {
    let wrong = |problems| Problems {
        subject: "the rule",
        path: Path::new(file).to_owned(),
        problems: Problem::sorted(problems),
    };
    let (words, places) = read_toml::<RuleText>(text).map_err(wrong)?;
    let mut check = Check {
        places: &places,
        problems: Vec::new(),
    };
    let rule = check.rule(file, text, &words);
    if check.problems.is_empty() {
        Ok(rule)
    } else {
        Err(wrong(check.problems))
    }
}

struct Check<'c> {
    places: &'c Places<'c>,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn wrong(&mut self, path: &[&str], message: &str) {
        self.problems.push(self.places.problem(path, message));
    }

    fn rule(&mut self, file: &str, text: &str, words: &RuleText) -> RuleFile {
        if matches!(words.name.as_str(), BILLING_RULE | ACCOUNT_RULE) {
            let told = format!(
                "`{}` is a rule of crossfoot's own: choose another name",
                words.name
            );
            self.wrong(&["name"], &told);
        }
        self.names(words);
        let legs = self.legs(words);
        let measures = measures_of(words);
        let value = self.value(words, &measures);
        let comparisons = self.comparisons(words, &legs, &measures, value);
        self.kinds_are_known(&["kinds"], &words.kinds, words, &measures);
        for name in words.tolerance.measures.keys() {
            if !measures.iter().any(|measure| measure.name == *name) {
                let message = unknown(
                    "measure",
                    name,
                    measures.iter().map(|one| one.name.as_str()),
                );
                self.wrong(&["tolerance", name], &message);
            }
        }
        RuleFile {
            name: words.name.clone(),
            about: words.about.clone(),
            file: file.to_owned(),
            key: words.key.clone(),
            lag_days: words.lag_days,
            measures,
            value,
            fields: words.fields.clone(),
            legs,
            comparisons,
            text: text.to_owned(),
        }
    }

    /// Names become columns of queries and parts of ids.
    fn names(&mut self, words: &RuleText) {
        let is_name = |name: &str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|letter| letter.is_ascii_alphanumeric() || letter == b'_')
        };
        let message = |name: &str| format!("a name has letters, digits and `_` only: `{name}`");
        if !is_name(&words.name) {
            self.wrong(&["name"], &message(&words.name));
        }
        for (at, name) in words.key.iter().enumerate() {
            if !is_name(name) {
                self.wrong(&["key", &at.to_string()], &message(name));
            } else if UNIT_COLUMNS.contains(&name.as_str()) {
                let told = format!("`{name}` is part of every unit: leave it out");
                self.wrong(&["key", &at.to_string()], &told);
            }
        }
        let taken =
            |name: &str| UNIT_COLUMNS.contains(&name) || words.key.iter().any(|key| key == name);
        for name in words.measure.keys() {
            if !is_name(name) {
                self.wrong(&["measure", name], &message(name));
            } else if taken(name) || words.fields.contains(name) {
                let told = format!("`{name}` is a key or a text of this rule, and no measure");
                self.wrong(&["measure", name], &told);
            }
        }
        for (at, name) in words.fields.iter().enumerate() {
            if !is_name(name) {
                self.wrong(&["fields", &at.to_string()], &message(name));
            } else if taken(name) {
                let told = format!("`{name}` is a key of this rule: both sides have the same");
                self.wrong(&["fields", &at.to_string()], &told);
            }
        }
        if let Some(column) = &words.period_column
            && words.leg.is_empty()
            && !is_name(column)
        {
            self.wrong(&["period_column"], &message(column));
        }
    }

    fn legs(&mut self, words: &RuleText) -> Vec<RuleLeg> {
        let mut legs = Vec::new();
        let pair = [("base", &words.base), ("peer", &words.peer)];
        if words.leg.is_empty() {
            for (name, leg) in pair {
                match leg {
                    Some(leg) => legs.push(self.leg(name, &[name], leg, words)),
                    None => self.wrong(
                        &[],
                        &format!("there is no `[{name}]`: a rule has `[base]` and `[peer]`, or `[[leg]]` several times"),
                    ),
                }
            }
            return legs;
        }
        for (name, leg) in pair {
            if leg.is_some() {
                self.wrong(
                    &[name],
                    "a rule has either `[base]` and `[peer]`, or `[[leg]]`",
                );
            }
        }
        if words.leg.len() < 2 || words.leg.len() > LEGS_MAX {
            let told = format!(
                "a rule has 2 to {LEGS_MAX} legs, and this one {}",
                words.leg.len()
            );
            self.wrong(&["leg"], &told);
        }
        for (at, leg) in words.leg.iter().enumerate() {
            let place = at.to_string();
            let name = leg.name.clone().unwrap_or_default();
            if name.is_empty() {
                self.wrong(&["leg", &place], "a leg needs a name: `name = \"billed\"`");
            } else if legs.iter().any(|one: &RuleLeg| one.name == name) {
                self.wrong(&["leg", &place, "name"], "another leg has this name");
            }
            legs.push(self.leg(&name, &["leg", &place], leg, words));
        }
        legs
    }

    fn leg(&mut self, name: &str, place: &[&str], leg: &LegText, words: &RuleText) -> RuleLeg {
        let at = |key: &'static str| -> Vec<&str> { place.iter().copied().chain([key]).collect() };
        let (rows, entities) = match (&leg.sql, leg.entity) {
            (Some(sql), None) => {
                if leg.entities.is_empty() {
                    self.wrong(
                        place,
                        "a leg with `sql` names what it reads: `entities = [\"invoices\"]`",
                    );
                }
                for (key, is_there) in [
                    ("columns", !leg.columns.is_empty()),
                    ("where", leg.condition.is_some()),
                    ("sources", !leg.sources.is_empty()),
                ] {
                    if is_there {
                        let told =
                            format!("`{key}` belongs to a leg with `entity`: write it in the SQL");
                        self.wrong(&at(key), &told);
                    }
                }
                (LegRows::Sql(sql.clone()), leg.entities.clone())
            }
            (None, Some(entity)) => {
                if !leg.entities.is_empty() {
                    self.wrong(&at("entities"), "`entities` belongs to a leg with `sql`");
                }
                for column in leg.columns.keys() {
                    self.column_is_known(place, column, words);
                }
                let rows = LegRows::Entity {
                    entity,
                    columns: leg
                        .columns
                        .iter()
                        .map(|(name, text)| (name.clone(), text.clone()))
                        .collect(),
                    condition: leg.condition.clone(),
                };
                (rows, vec![entity])
            }
            (sql, _) => {
                let told = if sql.is_some() {
                    "a leg has `sql` or `entity`, not both"
                } else {
                    "a leg needs its rows: `entity = \"invoice_lines\"`, or `entities` and `sql`"
                };
                self.wrong(place, told);
                (LegRows::Sql(String::new()), Vec::<Entity>::new())
            }
        };
        RuleLeg {
            name: name.to_owned(),
            entities,
            sources: leg.sources.clone(),
            rows,
            out_of_scope: leg.out_of_scope.clone(),
            period_column: leg
                .period_column
                .clone()
                .or_else(|| words.period_column.clone()),
            has_own_period: leg.period_column.is_some(),
            place: place.iter().map(|part| (*part).to_owned()).collect(),
        }
    }

    /// A column that a leg gives must be one that the rule asks for.
    fn column_is_known(&mut self, place: &[&str], column: &str, words: &RuleText) {
        let asked = known_columns(words);
        if !asked.contains(&column) {
            let message = unknown("column of this rule", column, asked);
            let path: Vec<&str> = place.iter().copied().chain(["columns", column]).collect();
            self.wrong(&path, &message);
        }
    }

    /// The measure that is the unit's money.
    fn value(&mut self, words: &RuleText, measures: &[Measure]) -> Option<usize> {
        let is_money =
            |one: &Measure| one.kind == MeasureType::Money && one.aggregate == Aggregate::Sum;
        let Some(name) = &words.value else {
            let named = measures
                .iter()
                .position(|one| one.name == AMOUNT && is_money(one));
            return named.or_else(|| measures.iter().position(is_money));
        };
        let found = measures.iter().position(|one| one.name == *name);
        match found {
            None => {
                let message = unknown(
                    "measure",
                    name,
                    measures.iter().map(|one| one.name.as_str()),
                );
                self.wrong(&["value"], &message);
            }
            Some(at) if !is_money(&measures[at]) => self.wrong(
                &["value"],
                "a unit is valued by a measure of type \"money\" that is added",
            ),
            Some(_) => {}
        }
        found
    }

    fn comparisons(
        &mut self,
        words: &RuleText,
        legs: &[RuleLeg],
        measures: &[Measure],
        value: Option<usize>,
    ) -> Vec<Comparison> {
        let naming = Naming {
            words,
            measures,
            value_name: value.map_or(AMOUNT, |at| measures[at].name.as_str()),
        };
        let mut comparisons = Vec::new();
        if words.compare.is_empty() {
            let is_one = legs.len() == 2;
            for (peer, leg) in legs.iter().enumerate().skip(1) {
                let prefix = (!is_one).then(|| leg.name.clone());
                comparisons.push(naming.comparison((0, peer), None, prefix.as_deref(), is_one));
            }
        }
        let pairs: usize = words
            .compare
            .iter()
            .map(|one| one.peer.as_slice().len())
            .sum();
        for (at, compare) in words.compare.iter().enumerate() {
            let place = at.to_string();
            let base = self.leg_named(&["compare", &place, "base"], &compare.base, legs);
            self.kinds_are_known(
                &["compare", &place, "kinds"],
                &compare.kinds,
                words,
                measures,
            );
            self.selected_are_known(&place, compare, words, measures);
            for name in compare.peer.as_slice() {
                let peer = self.leg_named(&["compare", &place, "peer"], name, legs);
                if let (Some(base), Some(peer)) = (base, peer) {
                    if base == peer {
                        let told = "a leg is compared with another one, not with itself";
                        self.wrong(&["compare", &place], told);
                    }
                    let prefix = (pairs > 1).then(|| legs[peer].name.clone());
                    comparisons.push(naming.comparison(
                        (base, peer),
                        Some(compare),
                        prefix.as_deref(),
                        false,
                    ));
                }
            }
        }
        if !words.compare.is_empty() && self.problems.is_empty() {
            for (at, leg) in legs.iter().enumerate() {
                let is_used = comparisons
                    .iter()
                    .any(|one| one.base == at || one.peer == at);
                if !is_used {
                    let place: Vec<&str> = leg.place.iter().map(String::as_str).collect();
                    self.wrong(
                        &place,
                        &format!("leg `{}` is in no `[[compare]]`", leg.name),
                    );
                }
            }
        }
        let is_named = comparisons.iter().any(|one| {
            one.base_only.is_some()
                || one.peer_only.is_some()
                || one.measures.iter().any(|(_, kind)| kind.is_some())
                || one.fields.iter().any(|(_, kind)| kind.is_some())
        });
        if !is_named && self.problems.is_empty() {
            self.wrong(
                &["kinds"],
                "no difference has a kind, so that nothing could ever be found: add `[kinds]`",
            );
        }
        comparisons
    }

    fn leg_named(&mut self, path: &[&str], name: &str, legs: &[RuleLeg]) -> Option<usize> {
        let found = legs.iter().position(|leg| leg.name == name);
        if found.is_none() {
            let message = unknown("leg", name, legs.iter().map(|leg| leg.name.as_str()));
            self.wrong(path, &message);
        }
        found
    }

    fn selected_are_known(
        &mut self,
        place: &str,
        compare: &CompareText,
        words: &RuleText,
        measures: &[Measure],
    ) {
        let names: Vec<&str> = measures.iter().map(|one| one.name.as_str()).collect();
        for name in compare.measures.iter().flatten() {
            if !names.contains(&name.as_str()) {
                let message = unknown("measure", name, names.iter().copied());
                self.wrong(&["compare", place, "measures"], &message);
            }
        }
        for name in compare.fields.iter().flatten() {
            if !words.fields.contains(name) {
                let message = unknown("text", name, words.fields.iter().map(String::as_str));
                self.wrong(&["compare", place, "fields"], &message);
            }
        }
    }

    fn kinds_are_known(
        &mut self,
        path: &[&str],
        kinds: &std::collections::BTreeMap<String, KindText>,
        words: &RuleText,
        measures: &[Measure],
    ) {
        let known: Vec<&str> = [BASE_ONLY, PEER_ONLY]
            .into_iter()
            .chain(
                measures
                    .iter()
                    .filter(|one| !one.is_optional)
                    .map(|one| one.name.as_str()),
            )
            .chain(words.fields.iter().map(String::as_str))
            .collect();
        for name in kinds.keys() {
            if !known.contains(&name.as_str()) {
                let message = unknown("difference", name, known.iter().copied());
                let path: Vec<&str> = path.iter().copied().chain([name.as_str()]).collect();
                self.wrong(&path, &message);
            }
        }
    }
}
