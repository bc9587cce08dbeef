//! 2 land: immutable Parquet files, and the list of those that count.

mod file;

pub use file::{LandedFile, LandedPull};
