//! How often and how long a thing is tried again. The limits are configuration; the waiting is
//! done by the stage that owns the call.

use std::time::Duration;

/// Limits of a retried call: exponential growth with full jitter, capped twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryLimits {
    /// The first wait's upper bound.
    pub first: Duration,
    /// No single wait is longer, unless the server asked for it.
    pub longest: Duration,
    /// All tries of one call together take no longer than this.
    pub total: Duration,
}

impl Default for RetryLimits {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            longest: Duration::from_mins(1),
            total: Duration::from_mins(15),
        }
    }
}
