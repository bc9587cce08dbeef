//! What systemd is told: ready, alive, stopping, and a line of status. Without systemd, nothing.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// The service manager that started this process, if any.
#[derive(Debug)]
pub struct ServiceManager {
    /// How often it wants to hear that the process is alive; half of what it allows.
    interval: Option<Duration>,
    last_alive: Mutex<Option<Instant>>,
}

impl ServiceManager {
    /// The one that `NOTIFY_SOCKET` and `WATCHDOG_USEC` name.
    pub fn of_this_process() -> Self {
        Self {
            interval: sd_notify::watchdog_enabled().map(|limit| limit / 2),
            last_alive: Mutex::new(None),
        }
    }

    /// The start is over.
    pub fn ready(&self, status: &str) {
        notify(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// What the process is at, on one line.
    pub fn status(&self, status: &str) {
        notify(&[NotifyState::Status(status)]);
    }

    /// The scheduler is alive. Passed on only as often as it is asked for.
    pub fn alive(&self) {
        let Some(interval) = self.interval else {
            return;
        };
        let mut last_alive = self
            .last_alive
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if last_alive.is_none_or(|last| last.elapsed() >= interval) {
            *last_alive = Some(Instant::now());
            notify(&[NotifyState::Watchdog]);
        }
    }

    /// The end has begun.
    pub fn stopping(&self) {
        notify(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
    }
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd was not told: {error}");
    }
}
