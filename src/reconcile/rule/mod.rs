//! Rules of one's own: a TOML file with two SQL legs, compared unit by unit.

mod file;
mod run;

pub use file::{RuleFile, RuleKinds, RuleLeg};
pub(crate) use run::entities_of;
pub use run::reconcile_rule;
