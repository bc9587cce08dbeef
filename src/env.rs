//! Everything from outside in one place: what jobs and verbs are given instead of reaching out.

use std::path::PathBuf;
use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Config;
use crate::store::Store;

/// The outside world of a job. Cheap to clone.
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
    /// Where the engine spills.
    pub spill_dir: PathBuf,
    /// Who works: host and process id, for leases.
    pub owner: String,
    /// Where progress is shown.
    pub progress: Arc<dyn Progress>,
}

impl Env {
    /// A new id of version 7: it sorts by the time of the clock.
    pub fn new_id(&self) -> String {
        let now = self.clock.now();
        let seconds = u64::try_from(now.as_second()).unwrap_or_default();
        let nanoseconds = u32::try_from(now.subsec_nanosecond()).unwrap_or_default();
        let instant = uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanoseconds);
        uuid::Uuid::new_v7(instant).to_string()
    }
}

/// Where a long work shows how far it is: a bar on a terminal, log lines elsewhere.
pub trait Progress: Send + Sync {
    /// Begins a work of so many steps; `None` where nobody knows.
    fn begin(&self, label: &str, steps: Option<u64>);
    /// Steps were done; `note` names the present one.
    fn advance(&self, steps: u64, note: &str);
    /// The work is over.
    fn end(&self);
}

/// Shows nothing.
#[derive(Debug, Clone, Copy)]
pub struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _: &str, _: Option<u64>) {}
    fn advance(&self, _: u64, _: &str) {}
    fn end(&self) {}
}
