//! A rule: what is compared with what, and what a difference is called. `config/rules/README.md`
//! describes its file.

use std::path::Path;

use crate::canonical::Entity;
use crate::fault::Failure;
use crate::reconcile::discrepancy::Kind;
use crate::reconcile::error::ReconcileError;

use super::check::check;
use super::measure::Measure;

/// The rules that crossfoot has beside the billing rule.
const EMBEDDED: &[(&str, &str)] = &[(
    "deals_vs_price_list",
    include_str!("../../../config/rules/deals_vs_price_list.toml"),
)];

/// A rule, checked as far as its text alone can say it.
#[derive(Debug, Clone)]
pub struct RuleFile {
    /// The rule's name, as items and `reconcile --rule` spell it.
    pub name: String,
    /// What it is for, in one sentence.
    pub about: Option<String>,
    /// Where it stands: a path, or the name of a rule that crossfoot has.
    pub file: String,
    /// The columns that make a unit beside account, product and currency.
    pub key: Vec<String>,
    /// How long the other side may take before a unit that it lacks is missing.
    pub lag_days: Option<u16>,
    /// What is compared, in the order in which findings are told.
    pub measures: Vec<Measure>,
    /// Which of the measures is the unit's money.
    pub value: Option<usize>,
    /// The texts that are compared.
    pub fields: Vec<String>,
    /// The legs.
    pub legs: Vec<RuleLeg>,
    /// Which leg is the truth for which other one.
    pub comparisons: Vec<Comparison>,
    /// The text of the file, for the digest of the rules.
    pub text: String,
}

/// One side of a rule.
#[derive(Debug, Clone)]
pub struct RuleLeg {
    /// Its name.
    pub name: String,
    /// The entities that it reads, all of them; the first one is that of its rows.
    pub entities: Vec<Entity>,
    /// Only the rows of these sources; of all, where there are none.
    pub sources: Vec<String>,
    /// Where its rows come from.
    pub rows: LegRows,
    /// A condition for rows that are counted and not compared.
    pub out_of_scope: Option<String>,
    /// What says which period a row belongs to.
    pub period_column: Option<String>,
    /// Whether it says that itself, and not the rule for all legs.
    pub has_own_period: bool,
    /// Where it stands in the file, to point at it.
    pub place: Vec<String>,
}

/// Where the rows of a leg come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LegRows {
    /// A query.
    Sql(String),
    /// The living rows of an entity.
    Entity {
        /// The entity.
        entity: Entity,
        /// Columns as expressions over those of the entity, in place of the columns of that name.
        columns: Vec<(String, String)>,
        /// A condition for the rows that are the leg's at all.
        condition: Option<String>,
    },
}

/// A base leg and a peer leg, by their places among the legs.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The record of truth.
    pub base: usize,
    /// What is compared with it.
    pub peer: usize,
    /// Whether both legs must have every measure of it; else those are compared that both have.
    pub has_sure_measures: bool,
    /// The same of the texts.
    pub has_sure_fields: bool,
    /// What a unit is called that only the base has.
    pub base_only: Option<NamedKind>,
    /// What a unit is called that only the peer has.
    pub peer_only: Option<NamedKind>,
    /// Which measures are compared, and what a difference is called.
    pub measures: Vec<(usize, Option<NamedKind>)>,
    /// The same of the texts.
    pub fields: Vec<(usize, Option<NamedKind>)>,
}

/// A code of the taxonomy and the name of what differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedKind {
    /// The code.
    pub kind: Kind,
    /// The field that an item shows.
    pub field: String,
}

impl RuleFile {
    /// Reads a rule from its text; `file` names it in errors.
    pub fn parse(file: &str, text: &str) -> Result<Self, Failure> {
        check(file, text).map_err(|problems| {
            ReconcileError::RuleFile {
                file: file.to_owned(),
                source: Box::new(problems),
            }
            .into()
        })
    }

    /// The rule of a name that crossfoot has, or the file of a path relative to `base`.
    pub fn find(name: &str, base: &Path) -> Result<Self, Failure> {
        if let Some((name, text)) = EMBEDDED.iter().find(|(known, _)| *known == name) {
            return Self::parse(name, text);
        }
        if Path::new(name)
            .extension()
            .is_some_and(|ending| ending == "toml")
        {
            let path = base.join(name);
            let text =
                std::fs::read_to_string(&path).map_err(|error| ReconcileError::RuleFile {
                    file: path.display().to_string(),
                    source: Box::new(error),
                })?;
            return Self::parse(&path.display().to_string(), &text);
        }
        Err(ReconcileError::NoRule {
            name: name.to_owned(),
            known: Self::names().join(", "),
        }
        .into())
    }

    /// The names of all rules that need no file.
    pub fn names() -> Vec<&'static str> {
        [
            crate::reconcile::BILLING_RULE,
            crate::reconcile::ACCOUNT_RULE,
        ]
        .into_iter()
        .chain(EMBEDDED.iter().map(|(name, _)| *name))
        .collect()
    }

    /// The entities that the rule reads.
    pub fn entities(&self) -> impl Iterator<Item = Entity> {
        self.legs
            .iter()
            .flat_map(|leg| leg.entities.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Goal: the rules that crossfoot has can be read, and a wrong file is refused with a reason.
    // Method: parse all, then spoil one.
    #[test]
    fn embedded_rules_are_sound() {
        for (name, text) in EMBEDDED {
            let rule = RuleFile::parse(name, text).unwrap();
            assert_eq!(rule.name, *name);
        }
        let spoiled = EMBEDDED[0].1.replace("base_only", "base_onyl");
        let failure = RuleFile::parse("spoiled.toml", &spoiled).unwrap_err();
        assert_eq!(failure.code(), "XF-R009");
        assert!(failure.line().contains("base_onyl"), "{}", failure.line());
        let unknown = RuleFile::find("no_such_rule", Path::new(".")).unwrap_err();
        assert!(
            unknown.line().contains("contract_usage_billed"),
            "{}",
            unknown.line()
        );
    }
}
