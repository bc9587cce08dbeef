//! Tests of `demo`: the servers on the wire, and the truth against what they serve.

mod recomputed;
mod settings;
mod wire;
