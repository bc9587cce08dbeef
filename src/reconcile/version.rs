//! The digest of rules, tolerances and settings that decided a figure: two figures of different
//! digests are not comparable.

use crate::config::Config;

use super::billing::{BILLING_RULE, rules_digest};
use super::rule::RuleFile;

/// The digest for a rule file, or for the billing rule.
pub fn rules_version(config: &Config, rule: Option<&RuleFile>) -> String {
    rules_digest(config, rule.map_or(BILLING_RULE, |rule| &rule.text))
}
