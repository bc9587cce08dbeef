//! crossfoot compares what was sold, used, billed and paid, keeps every discrepancy until it is
//! proven fixed, and reports to the people who answer for the money.
//!
//! The modules stand in the order in which the data flows. The layer rules, checked by
//! `tests/layers.rs`:
//!
//! - The vocabulary (`money`, `currency`, `period`, `days`, `clock`, `secret`, `retry`, `fault`, `totals`,
//!   `crashpoint`) imports only itself.
//! - `canonical` and `config` import the vocabulary.
//! - A stage imports these and, of another stage, only the types that travel on a hop.
//! - `scheduler::jobs` is the only place where two stages meet; `cli`, `ops` and `demo` stand on it.

pub mod clock;
mod crashpoint;
pub mod currency;
mod days;
pub mod fault;
pub mod money;
pub mod period;
pub mod retry;
pub mod secret;
pub mod totals;

pub mod env;

pub mod canonical;
pub mod config;

pub mod collections;
pub mod landing;
pub mod mail;
pub mod reconcile;
pub mod report;
pub mod scheduler;
pub mod sources;
pub mod store;

pub mod cli;
pub mod demo;
pub mod ops;
