//! All integration tests, in one binary, by stage.

mod canonical;
mod cli;
mod collections;
mod conformance;
mod demo;
mod landing;
mod layers;
mod mail;
mod reconcile;
mod report;
mod scheduler;
mod sources;
mod store;
mod support;
