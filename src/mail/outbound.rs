//! A mail as it travels from the report to the outbox.

use jiff::Timestamp;
use lettre::Address;
use lettre::message::Mailbox;

use super::MailError;
use super::address::{parse_address, parse_mailbox};
use crate::report::Rendered;

/// Who sends what to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailEnvelope {
    /// The sender: `Name <address>`.
    pub from: String,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// The one recipient's address.
    pub to: String,
    /// The report's name.
    pub report: String,
    /// The scope's name: the branch, or `all`.
    pub scope: String,
    /// The period.
    pub period: String,
    /// The version of the report, from 1.
    pub version: u32,
    /// When the mail is made; its `Date`.
    pub at: Timestamp,
}

/// A rendered report with proven addresses and a proven key.
#[derive(Debug, Clone)]
pub struct OutboundMail<'a> {
    pub(super) rendered: &'a Rendered,
    pub(super) from: Mailbox,
    pub(super) reply_to: Option<Mailbox>,
    pub(super) to: Address,
    pub(super) report_key: String,
    pub(super) at: Timestamp,
}

impl<'a> OutboundMail<'a> {
    /// Proves that the addresses are addresses and that the key is one line which no other report,
    /// scope, period or version can have.
    pub fn new(rendered: &'a Rendered, envelope: &MailEnvelope) -> Result<Self, MailError> {
        let parts = [
            ("report", &envelope.report),
            ("scope", &envelope.scope),
            ("period", &envelope.period),
        ];
        for (part, value) in parts {
            let is_blurred = |letter: char| letter == '/' || letter.is_control();
            if value.trim().is_empty() || value.contains(is_blurred) {
                return Err(MailError::Key {
                    part,
                    value: value.escape_debug().take(100).collect(),
                });
            }
        }
        Ok(Self {
            rendered,
            from: parse_mailbox("mail.from", &envelope.from)?,
            reply_to: envelope
                .reply_to
                .as_deref()
                .map(|text| parse_mailbox("mail.reply_to", text))
                .transpose()?,
            to: parse_address("to", &envelope.to)?,
            report_key: format!(
                "{}/{}/{}/{}",
                envelope.report, envelope.scope, envelope.period, envelope.version
            ),
            at: envelope.at,
        })
    }

    /// `<report>/<scope>/<period>/<version>`, the same for every recipient.
    pub fn report_key(&self) -> &str {
        &self.report_key
    }

    /// `<report>/<scope>/<period>/<version>/<recipient>`: what the outbox holds once.
    pub fn mail_key(&self) -> String {
        format!("{}/{}", self.report_key, self.recipient())
    }

    /// `<digest@domain>`: follows from the key alone, so that every try and every rendering of one
    /// mail has the same one.
    pub fn message_id(&self) -> String {
        let digest = blake3::hash(self.mail_key().as_bytes()).to_hex();
        format!("<crossfoot.{}@{}>", &digest[..32], self.from.email.domain())
    }

    /// The recipient's address; domains know no upper case.
    pub fn recipient(&self) -> String {
        format!(
            "{}@{}",
            self.to.user(),
            self.to.domain().to_ascii_lowercase()
        )
    }
}
