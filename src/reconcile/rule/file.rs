//! The rule file. `config/rules/deals_vs_price_list.toml` is the worked example.

use std::path::Path;

use serde::Deserialize;

use crate::canonical::Entity;
use crate::config::AmountTolerance;
use crate::fault::Failure;
use crate::reconcile::discrepancy::Kind;
use crate::reconcile::error::ReconcileError;

/// The rules that crossfoot has beside the billing rule.
const EMBEDDED: &[(&str, &str)] = &[(
    "deals_vs_price_list",
    include_str!("../../../config/rules/deals_vs_price_list.toml"),
)];

/// A rule: what is compared with what, and what a difference is called.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// The rule's name, as items and `reconcile --rule` spell it.
    pub name: String,
    /// The columns that make a unit beside account, sku and currency.
    #[serde(default)]
    pub key: Vec<String>,
    /// A date column of both legs that says which period a row belongs to; without it every row is
    /// compared in every period.
    pub period_column: Option<String>,
    /// The record of truth.
    pub base: RuleLeg,
    /// What is compared with it.
    pub peer: RuleLeg,
    /// What a difference is called; one without a name is no finding.
    pub kinds: RuleKinds,
    /// The tolerance in place of `[tolerance] amount`.
    #[serde(default)]
    pub tolerance: Option<RuleTolerance>,
    /// The text of the file, for the digest of the rules.
    #[serde(skip)]
    pub text: String,
}

/// A tolerance that can be compared, for tests of rule files.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct RuleTolerance(pub AmountTolerance);

impl PartialEq for RuleTolerance {
    fn eq(&self, other: &Self) -> bool {
        self.0.mode == other.0.mode
            && self.0.absolute == other.0.absolute
            && self.0.percent == other.0.percent
    }
}

/// One side of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleLeg {
    /// The entities that the SQL reads, all of them: it finds no other table, and while one of
    /// them is blind, all units are unknown.
    pub entities: Vec<Entity>,
    /// A query that yields `account`, `sku`, `amount`, the key columns, and, where there are any,
    /// `currency` and `quantity`.
    pub sql: String,
}

/// What a difference is called, by the codes of the taxonomy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleKinds {
    /// A unit that only the base has.
    pub base_only: Option<Kind>,
    /// A unit that only the peer has.
    pub peer_only: Option<Kind>,
    /// A unit whose amounts differ beyond tolerance.
    pub amount: Option<Kind>,
}

impl RuleFile {
    /// Reads a rule from its text; `file` names it in errors.
    pub fn parse(file: &str, text: &str) -> Result<Self, Failure> {
        let mut rule: Self = toml::from_str(text).map_err(|error| ReconcileError::RuleFile {
            file: file.to_owned(),
            source: Box::new(error),
        })?;
        let is_name = |name: &str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|letter| letter.is_ascii_alphanumeric() || letter == b'_')
        };
        let names = std::iter::once(&rule.name)
            .chain(&rule.key)
            .chain(&rule.period_column);
        for name in names {
            if !is_name(name) {
                let reason = format!("a name has letters, digits and `_` only: `{name}`");
                return Err(ReconcileError::RuleFile {
                    file: file.to_owned(),
                    source: reason.into(),
                }
                .into());
            }
        }
        text.clone_into(&mut rule.text);
        Ok(rule)
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
        std::iter::once(crate::reconcile::BILLING_RULE)
            .chain(EMBEDDED.iter().map(|(name, _)| *name))
            .collect()
    }

    /// The entities that the rule reads.
    pub fn entities(&self) -> impl Iterator<Item = Entity> {
        self.base
            .entities
            .iter()
            .chain(&self.peer.entities)
            .copied()
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
