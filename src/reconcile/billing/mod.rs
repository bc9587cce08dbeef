//! The rule `contract_usage_billed`: what was sold and used against what was billed, by customer,
//! product, currency and month.

mod after_end;
mod blind;
mod candidates;
mod causes;
mod classify;
mod currencies;
mod duplicate;
mod expected;
mod explain;
mod fields;
mod ground;
mod judge;
mod leftovers;
mod nearby;
mod proration;
mod readings;
mod run;
mod settings;
mod severity;
mod sides;
mod split;
mod spread;
mod tax;
mod terms;
mod timing;
mod unit;
mod unsold;

pub(crate) use blind::UNRESOLVED;
pub use explain::explain_billing;
pub(crate) use ground::READ;
pub use run::{BILLING_RULE, reconcile_billing};
pub(crate) use settings::rules_digest;
pub(crate) use severity::{SeverityFacts, SeverityScale};
