//! How it is going: logs, metrics, health, and what systemd is told.

mod connection;
mod error;
mod handle;
pub mod logs;
mod metrics;
mod probe;
mod server;
mod systemd;

pub use error::OpsError;
pub use handle::{Health, OpsHandle};
pub use metrics::Metrics;
pub use probe::{Counts, Probe, StoreProbe};
pub use server::{OpsServer, serve};
pub use systemd::ServiceManager;
