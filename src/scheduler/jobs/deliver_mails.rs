//! Sends what waits in the outbox, once: a mail is claimed, tried, and its end is written down.

use jiff::SignedDuration;
use serde::Serialize;

use crate::env::Env;
use crate::fault::Failure;
use crate::mail::{SendOutcome, next_attempt};
use crate::store::MailState;

/// For how long a claimed mail is left alone by others: longer than one try may take.
const CLAIM: SignedDuration = SignedDuration::from_mins(30);
/// How many mails are claimed at once.
const BATCH: u32 = 20;

/// What a delivery came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DeliverySummary {
    /// Mails that the server took.
    pub sent: u64,
    /// Mails that are tried again later.
    pub waiting: u64,
    /// Mails that were refused for good.
    pub failed: u64,
    /// What the server said of those that were not sent.
    pub reasons: Vec<String>,
}

/// Sends every pending mail whose time has come. Without a `[mail]` table nothing is pending.
pub async fn deliver_mails(env: &Env) -> Result<DeliverySummary, Failure> {
    let mut summary = DeliverySummary::default();
    let Some(config) = &env.config.mail else {
        return Ok(summary);
    };
    let mailer = crate::mail::open(config, &env.config.base)?;
    loop {
        let now = env.clock.now();
        let mails = env.store.claim_mails(now, now + CLAIM, BATCH).await?;
        if mails.is_empty() {
            return Ok(summary);
        }
        for mail in mails {
            let outcome = mailer.send(&mail).await;
            let at = env.clock.now();
            let (reason, again) = match outcome {
                SendOutcome::Sent => {
                    env.store
                        .record_attempt(&mail.mail_key, MailState::Sent, at, at, None)
                        .await?;
                    summary.sent += 1;
                    continue;
                }
                SendOutcome::Rejected { reason } => (reason, None),
                SendOutcome::Retry { reason } => (reason, next_attempt(mail.attempt_count + 1, at)),
                SendOutcome::Unsure { reason } => {
                    tracing::warn!(
                        mail.key = mail.mail_key,
                        "the server may have taken the mail; the same bytes go again: {reason}"
                    );
                    (reason, next_attempt(mail.attempt_count + 1, at))
                }
            };
            let (state, next) = match again {
                Some(next) => (MailState::Pending, next),
                None => (MailState::Failed, at),
            };
            env.store
                .record_attempt(&mail.mail_key, state, at, next, Some(&reason))
                .await?;
            if state == MailState::Failed {
                tracing::error!(mail.key = mail.mail_key, "the mail was given up: {reason}");
                summary.failed += 1;
            } else {
                tracing::warn!(
                    mail.key = mail.mail_key,
                    "the mail waits until {next}: {reason}"
                );
                summary.waiting += 1;
            }
            summary.reasons.push(reason);
        }
    }
}
