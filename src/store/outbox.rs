//! The outbox: a mail is here, whole, before its first byte leaves.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::fault::Failure;

/// How a mail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailState {
    /// To be sent at `next_attempt_at`.
    Pending,
    /// The server took it.
    Sent,
    /// The server will never take it.
    Failed,
}

impl MailState {
    /// The spelling in the store and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    /// The state of a spelling.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::Sent, Self::Failed]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// A mail to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxMail {
    /// `<report>/<scope>/<period>/<version>/<recipient>`; unique.
    pub mail_key: String,
    /// The same at every try.
    pub message_id: String,
    /// The recipient's address.
    pub recipient: String,
    /// The envelope's sender.
    pub sender: String,
    /// The subject, for lists.
    pub subject: String,
    /// The rendered mail, byte for byte.
    pub eml: Vec<u8>,
    /// How it stands.
    pub state: MailState,
    /// How often it was tried.
    pub attempt_count: u32,
    /// When it is tried next.
    pub next_attempt_at: Timestamp,
    /// What the server said last.
    pub last_error: Option<String>,
    /// When it was rendered.
    pub created_at: Timestamp,
    /// When the server took it.
    pub sent_at: Option<Timestamp>,
}

/// The outbox.
#[async_trait]
pub trait OutboxStore: Send + Sync {
    /// Puts mails in, in one transaction; one whose key is there already is left as it is, but one
    /// that was given up is pending again, with its own bytes. Returns how many are to be sent anew.
    async fn enqueue_mails(&self, mails: &[OutboxMail]) -> Result<u64, Failure>;

    /// Pending mails whose time has come, the oldest first, claimed by pushing their next attempt
    /// to `claimed_until`, so that no other process sends them meanwhile.
    async fn claim_mails(
        &self,
        now: Timestamp,
        claimed_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<OutboxMail>, Failure>;

    /// Writes what an attempt came to.
    async fn record_attempt(
        &self,
        mail_key: &str,
        state: MailState,
        at: Timestamp,
        next_attempt_at: Timestamp,
        error: Option<&str>,
    ) -> Result<(), Failure>;

    /// The newest mails first, without their bytes.
    async fn mails(&self, limit: u32) -> Result<Vec<OutboxMail>, Failure>;

    /// How many mails are in each state.
    async fn mail_counts(&self) -> Result<Vec<(MailState, u64)>, Failure>;
}
