//! The `files` connector: CSV, JSONL and Parquet files that a glob names. Every pull reads every
//! matched file in full, so what is in none of them is gone.

mod csv;
mod glob;
mod header;
mod jsonl;
mod parquet;
mod pull;
mod row;
mod source;

pub(super) use source::open;
