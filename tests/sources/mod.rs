//! Stories of the sources: an API behind a real socket, or files in a folder, on one side, and the
//! canonical records that come out on the other.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the functions that tests share fail as the tests themselves do"
)]

mod answers;
mod auth;
mod budget;
mod changes;
mod counts;
mod faults;
mod fetch;
mod files;
mod harness;
mod incremental;
mod keyset;
mod limits;
mod own_api;
mod pagination;
mod passes;
mod probe;
mod tls;
mod values;
mod vendors;
mod ways;
