//! Tests of `reconcile`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests fail like the tests themselves"
)]

mod billing;
mod kinds;
mod leftovers;
mod lifecycle;
mod memory;
mod month;
mod opening;
mod oracle;
mod periods;
mod plans;
mod planted;
mod query;
mod rule_files;
mod rule_laws;
mod rules;
mod timing;
mod world;
mod written;
