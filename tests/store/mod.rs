//! Tests of `store`: one suite of stories for both databases, and what is particular to each.

mod migrations;
mod postgres;
mod queries;
mod sample;
mod sqlite;
mod suite;
