//! The laws of the canonical entities: exact numbers, stable digests, lossless columns.

pub(crate) mod arbitrary;
mod decimals;
mod records;
