//! Rules of one's own: a TOML file with two or more legs, compared unit by unit.

mod check;
mod explain;
mod file;
mod findings;
mod judge;
mod legs;
mod measure;
mod naming;
mod rows;
mod run;
mod text;

pub use explain::explain_rule;
pub use file::{Comparison, LegRows, NamedKind, RuleFile, RuleLeg};
pub use measure::{Absent, Aggregate, Measure, MeasureType};
pub(crate) use run::entities_of;
pub use run::{check_rule, reconcile_rule, reconcile_rule_into};
