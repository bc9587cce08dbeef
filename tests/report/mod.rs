//! Tests of `report`.

mod charts;
mod files;
mod honesty;
mod hostile;
pub(crate) mod sample;
mod screenshots;
