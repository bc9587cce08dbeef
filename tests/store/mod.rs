//! Tests of `store`: one suite of stories for both databases, and what is particular to each.

#![expect(
    clippy::unwrap_used,
    reason = "stories are functions of their own, which clippy does not take for tests"
)]

mod migrations;
mod postgres;
mod queries;
mod sample;
mod sqlite;
mod suite;
