//! Stories of the sources: an API behind a real socket, or files in a folder, on one side, and the
//! canonical records that come out on the other.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the functions that tests share fail as the tests themselves do"
)]

mod advice;
mod answers;
mod auth;
mod bad_rows;
mod bank_statements;
mod budget;
mod changes;
mod compressed;
mod counts;
mod export_files;
mod exports;
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
mod spreadsheets;
mod tls;
mod values;
mod vendors;
mod ways;
