//! The layer rules of the house, read from the `use crate::` lines.
