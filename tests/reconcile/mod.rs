//! Tests of `reconcile`.

mod billing;
mod laws;
mod lifecycle;
mod query;
mod rules;
mod timing;
mod world;
