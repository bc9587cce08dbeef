//! From a source's record to a canonical one, by the rules of a field map.

mod bad_row;
mod columns;
mod fields;
mod number;
mod page;
mod places;
mod rule;
mod units;

pub(super) use bad_row::BadRow;
pub(super) use columns::{Books, Mapping};
pub(super) use page::{PageBuilder, Tally};
