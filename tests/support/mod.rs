//! What several tests share.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "only tests use it, but clippy does not take it for a test"
)]

pub(crate) mod beside;
pub(crate) mod postgres;
pub(crate) mod store;

pub(crate) mod cli;
