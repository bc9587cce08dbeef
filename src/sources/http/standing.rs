//! Whether the vendor takes the credential at all. Until it has answered once, only one request is
//! under way; and a credential that it refused then is not tried again by every stream.

use std::sync::Mutex;
use std::sync::PoisonError;

use tokio::sync::watch;

use crate::sources::error::Exchanged;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nobody has asked.
    Unknown,
    /// The first request is under way.
    Asking,
    /// The vendor answered something else than that the credential is wrong.
    Heard,
    /// It is wrong.
    Refused,
}

/// What is known of the credential.
#[derive(Debug)]
pub(super) struct Standing {
    phase: watch::Sender<Phase>,
    refusal: Mutex<Option<Exchanged>>,
}

impl Default for Standing {
    fn default() -> Self {
        Self {
            phase: watch::Sender::new(Phase::Unknown),
            refusal: Mutex::default(),
        }
    }
}

/// The right to ask; while the standing is unknown, one alone has it.
pub(super) struct Turn<'s> {
    standing: &'s Standing,
}

impl Standing {
    /// Waits for the right to ask; an error where the credential was refused already.
    pub(super) async fn turn(&self) -> Result<Turn<'_>, Box<Exchanged>> {
        let mut seen = self.phase.subscribe();
        loop {
            let mut is_mine = false;
            self.phase.send_if_modified(|phase| {
                is_mine = *phase == Phase::Unknown;
                if is_mine {
                    *phase = Phase::Asking;
                }
                is_mine
            });
            let phase = *seen.borrow_and_update();
            if is_mine || phase == Phase::Heard {
                return Ok(Turn { standing: self });
            }
            if phase == Phase::Refused {
                let refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(cause) = refusal.clone() {
                    return Err(Box::new(cause));
                }
            }
            if seen.changed().await.is_err() {
                return Ok(Turn { standing: self });
            }
        }
    }

    /// The vendor answered, and not that the credential is wrong.
    pub(super) fn heard(&self) {
        self.phase.send_if_modified(|phase| {
            let is_news = *phase != Phase::Heard;
            *phase = Phase::Heard;
            is_news
        });
    }

    /// The vendor refused the credential. Where it had taken it before, that says nothing of the
    /// next request.
    pub(super) fn refused(&self, cause: &Exchanged) {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(cause.clone());
        self.phase.send_if_modified(|phase| {
            let is_first = *phase != Phase::Heard;
            if is_first {
                *phase = Phase::Refused;
            }
            is_first
        });
    }
}

impl Drop for Turn<'_> {
    /// Who gave up without an answer leaves the first request to another.
    fn drop(&mut self) {
        self.standing.phase.send_if_modified(|phase| {
            let is_open = *phase == Phase::Asking;
            if is_open {
                *phase = Phase::Unknown;
            }
            is_open
        });
    }
}
