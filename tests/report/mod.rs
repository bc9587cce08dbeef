//! Tests of `report`.
#![expect(clippy::unwrap_used, reason = "what the tests stand on must hold")]

mod charts;
mod files;
mod honesty;
mod hostile;
pub(crate) mod sample;
mod screenshots;
