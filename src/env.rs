//! Everything from outside in one place: what jobs and verbs are given instead of reaching out.

use std::path::PathBuf;
use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Config;
use crate::store::Store;

/// The outside world of a job.
#[derive(Clone)]
pub struct Env {
    /// The configuration.
    pub config: Arc<Config>,
    /// The time.
    pub clock: Clock,
    /// The book.
    pub store: Arc<dyn Store>,
    /// The root folder of the landing.
    pub landing_root: PathBuf,
}
