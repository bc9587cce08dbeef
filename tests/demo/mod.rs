//! Tests of `demo`: the servers on the wire, and the truth against what they serve.

mod client;
mod compared;
mod ledger;
mod recomputed;
mod settings;
mod wire;
