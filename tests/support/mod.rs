//! What several tests share.

pub(crate) mod postgres;
pub(crate) mod store;

pub mod cli;
