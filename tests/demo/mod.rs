//! Tests of `demo`: the servers on the wire, and the truth against what they serve.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's helpers fail the test"
)]

mod client;
mod compared;
mod ledger;
mod recomputed;
mod settings;
mod verb;
mod wire;
