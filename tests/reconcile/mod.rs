//! Tests of `reconcile`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests fail like the tests themselves"
)]

mod billing;
mod laws;
mod lifecycle;
mod query;
mod rule_files;
mod rule_laws;
mod rules;
mod timing;
mod world;
