//! The signals that end the daemon.

use std::future::pending;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::error::SchedulerError;

/// SIGTERM and SIGINT, as they come.
#[derive(Debug)]
pub struct Signals(Option<(Signal, Signal)>);

impl Signals {
    /// Listens from now on; the signals no longer end the process by themselves.
    pub fn listen() -> Result<Self, SchedulerError> {
        let listen = |kind| signal(kind).map_err(|source| SchedulerError::Signals { source });
        Ok(Self(Some((
            listen(SignalKind::terminate())?,
            listen(SignalKind::interrupt())?,
        ))))
    }

    /// Listens to none: the caller ends the daemon by its token.
    pub const fn none() -> Self {
        Self(None)
    }

    /// The number of the next signal. Loses none when it is dropped before.
    pub async fn next(&mut self) -> u8 {
        let Some((terminate, interrupt)) = &mut self.0 else {
            return pending().await;
        };
        tokio::select! {
            Some(()) = terminate.recv() => 15,
            Some(()) = interrupt.recv() => 2,
            else => pending().await,
        }
    }
}
