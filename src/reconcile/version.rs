//! The digest of rules, tolerances and settings that decided a figure: two figures of different
//! digests are not comparable.

use crate::config::Config;

use super::account_fields::account_rule_text;
use super::billing::{BILLING_RULE, rules_digest};
use super::input::WhichRule;

/// The digest for a rule.
pub fn rules_version(config: &Config, rule: WhichRule<'_>) -> String {
    match rule {
        WhichRule::Billing => rules_digest(config, BILLING_RULE),
        WhichRule::Accounts => rules_digest(config, &account_rule_text(config)),
        WhichRule::File(rule) => rules_digest(config, &rule.text),
    }
}
