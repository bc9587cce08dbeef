//! How long the daemon waits for what. The defaults are the ones to use; tests are in a hurry.

use std::time::Duration;

/// The daemon's waiting times, by a clock that nobody sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tempo {
    /// How often the lease of a run is renewed; a quarter of its length.
    pub renew_every: Duration,
    /// How long a run may take to stop after its time was up.
    pub stop_grace: Duration,
    /// The first wait before the end of a run is written again; each further one is twice as long.
    pub finish_wait: Duration,
    /// How often waiting mails are delivered.
    pub mail_every: Duration,
}

impl Default for Tempo {
    fn default() -> Self {
        Self {
            renew_every: Duration::from_secs(15),
            stop_grace: Duration::from_mins(1),
            finish_wait: Duration::from_secs(1),
            mail_every: Duration::from_mins(1),
        }
    }
}
