//! The rule `contract_usage_billed`: what was sold and used against what was billed, by customer,
//! product, currency and month.

mod blind;
mod classify;
mod duplicate;
mod expected;
mod judge;
mod proration;
mod run;
mod settings;
mod severity;
mod terms;
mod timing;
mod unit;

pub(crate) use blind::UNRESOLVED;
pub(crate) use run::READ;
pub use run::{BILLING_RULE, reconcile_billing};
pub(crate) use settings::rules_digest;
pub(crate) use severity::{SeverityFacts, SeverityScale};
