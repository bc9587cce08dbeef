//! All integration tests, in one binary, by stage.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, its support code too"
)]

mod canonical;
mod cli;
mod collections;
mod conformance;
mod demo;
mod landing;
mod layers;
mod mail;
mod reconcile;
mod report;
mod scheduler;
mod sources;
mod store;
mod support;
