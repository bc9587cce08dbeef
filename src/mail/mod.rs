//! 7 send: from a rendered report to the outbox, and from there to the server, once.
//!
//! A mail is composed whole, put into the outbox, and only then sent; a retry sends the same bytes
//! with the same `Message-ID`. Which mails are due, and what is recorded of an attempt, is the
//! job's; the loops and the waiting are here.

mod address;
mod compose;
mod error;
mod file;
mod outbound;
mod retry;
mod smtp;
mod transport;
mod url;

use async_trait::async_trait;

pub use address::{check_recipients, validate_recipients};
pub use compose::compose;
pub use error::MailError;
pub use outbound::{MailEnvelope, OutboundMail};
pub use retry::next_attempt;
pub use transport::open;

use crate::fault::Failure;
use crate::store::OutboxMail;

/// What became of an attempt to send a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// The server took it.
    Sent,
    /// It was not taken; a later attempt may succeed. Nothing was stored.
    Retry {
        /// What the server or the network said.
        reason: String,
    },
    /// It will never be taken as it is; a person has to change something.
    Rejected {
        /// What the server said.
        reason: String,
    },
    /// All of it was sent and no answer came: the server may have it. A later attempt sends the
    /// same bytes with the same `Message-ID`.
    Unsure {
        /// What happened instead of an answer.
        reason: String,
    },
}

/// Something that takes mails.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends one mail to its one recipient. Never sends twice within a call.
    async fn send(&self, mail: &OutboxMail) -> SendOutcome;

    /// Proves without a mail that mails could be sent: connects, greets, secures, logs in.
    async fn check(&self) -> Result<(), Failure>;

    /// Where mails go, for people and logs; holds no secret.
    fn describe(&self) -> String;
}
