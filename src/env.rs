//! Everything from outside in one place: what jobs and verbs are given instead of reaching out.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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
    /// A new id of version 7: it sorts by the time of the clock and, where that stands, in the order
    /// in which the ids were made, so that the later of two works at one instant is the newer one.
    pub fn new_id(&self) -> String {
        let milliseconds = u64::try_from(self.clock.now().as_millisecond()).unwrap_or_default();
        let order = u128::from(next_order()) & ((1 << ORDER_BITS) - 1);
        let chance = uuid::Uuid::new_v4().as_u128() & ((1 << CHANCE_BITS) - 1);
        let tail = (order << CHANCE_BITS) | chance;
        // The version stands between the 12 upper bits of the tail and the 62 lower ones.
        let bits = (u128::from(milliseconds) << 80)
            | ((tail >> LOWER_BITS) << 64)
            | (tail & ((1 << LOWER_BITS) - 1));
        uuid::Builder::from_u128(bits)
            .with_variant(uuid::Variant::RFC4122)
            .with_version(uuid::Version::SortRand)
            .into_uuid()
            .to_string()
    }
}

/// Bits of an id that tell the order in which ids were made: microseconds until the year 2112.
const ORDER_BITS: u32 = 52;
/// Bits of an id that are drawn by lot.
const CHANCE_BITS: u32 = 22;
/// Bits of an id after its variant.
const LOWER_BITS: u32 = 62;

/// The machine's microseconds, and never the same number twice in this process.
fn next_order() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let now = u64::try_from(Clock::System.now().as_microsecond()).unwrap_or_default();
    let next = |last: u64| Some(now.max(last + 1));
    match LAST.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next) {
        Ok(last) | Err(last) => now.max(last + 1),
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
