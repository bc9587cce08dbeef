//! The outbox.

use async_trait::async_trait;
use jiff::Timestamp;

use super::queries::{MAIL_ATTEMPT, MAIL_CLAIM, MAIL_COUNT, MAIL_ENQUEUE, MAIL_LIST};
use super::row::Row;
use super::session::Lock;
use super::store::SqlStore;
use super::value::Value;
use crate::fault::Failure;
use crate::store::error::StoreError;
use crate::store::{MailState, OutboxMail, OutboxStore};

fn mail_values(mail: &OutboxMail) -> Vec<Value> {
    vec![
        (&mail.mail_key).into(),
        (&mail.message_id).into(),
        (&mail.recipient).into(),
        (&mail.sender).into(),
        (&mail.subject).into(),
        Value::Bytes(mail.eml.clone()),
        mail.state.name().into(),
        mail.attempt_count.into(),
        mail.next_attempt_at.into(),
        (&mail.last_error).into(),
        mail.created_at.into(),
        mail.sent_at.into(),
    ]
}

fn mail_of(row: &Row, eml: Vec<u8>) -> Result<OutboxMail, StoreError> {
    Ok(OutboxMail {
        mail_key: row.text("mail_key")?,
        message_id: row.text("message_id")?,
        recipient: row.text("recipient")?,
        sender: row.text("sender")?,
        subject: row.text("subject")?,
        eml,
        state: row.named("state", MailState::from_name)?,
        attempt_count: row.count("attempt_count")?,
        next_attempt_at: row.instant("next_attempt_at")?,
        last_error: row.text_option("last_error")?,
        created_at: row.instant("created_at")?,
        sent_at: row.instant_option("sent_at")?,
    })
}

#[async_trait]
impl OutboxStore for SqlStore {
    async fn enqueue_mails(&self, mails: &[OutboxMail]) -> Result<u64, Failure> {
        let rows: Vec<_> = mails.iter().map(mail_values).collect();
        let count = self
            .write(move |session| {
                Box::pin(async move {
                    // One by one: a mail with its attachments can weigh megabytes.
                    let mut new_count = 0;
                    for row in rows {
                        new_count += session.execute(MAIL_ENQUEUE, row).await?;
                    }
                    Ok(new_count)
                })
            })
            .await?;
        Ok(count)
    }

    async fn claim_mails(
        &self,
        now: Timestamp,
        claimed_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<OutboxMail>, Failure> {
        let values = vec![now.into(), claimed_until.into(), limit.into()];
        let rows = self
            .write(move |session| {
                Box::pin(async move {
                    session.lock(Lock::Outbox).await?;
                    session.rows(MAIL_CLAIM, values).await
                })
            })
            .await?;
        let mut claimed = rows
            .iter()
            .map(|row| mail_of(row, row.bytes("eml")?))
            .collect::<Result<Vec<_>, StoreError>>()?;
        claimed.sort_by(|one, other| {
            (one.created_at, &one.mail_key).cmp(&(other.created_at, &other.mail_key))
        });
        Ok(claimed)
    }

    async fn record_attempt(
        &self,
        mail_key: &str,
        state: MailState,
        at: Timestamp,
        next_attempt_at: Timestamp,
        error: Option<&str>,
    ) -> Result<(), Failure> {
        let sent_at = (state == MailState::Sent).then_some(at);
        let values = vec![
            mail_key.into(),
            state.name().into(),
            next_attempt_at.into(),
            error.into(),
            sent_at.into(),
        ];
        self.write_one(MAIL_ATTEMPT, values).await?;
        Ok(())
    }

    async fn mails(&self, limit: u32) -> Result<Vec<OutboxMail>, Failure> {
        let rows = self.rows(MAIL_LIST, vec![limit.into()]).await?;
        Ok(rows
            .iter()
            .map(|row| mail_of(row, Vec::new()))
            .collect::<Result<_, _>>()?)
    }

    async fn mail_counts(&self) -> Result<Vec<(MailState, u64)>, Failure> {
        let mut counts = vec![
            (MailState::Pending, 0),
            (MailState::Sent, 0),
            (MailState::Failed, 0),
        ];
        for row in self.rows(MAIL_COUNT, Vec::new()).await? {
            let state = row.named("state", MailState::from_name)?;
            let count = row.count("mail_count")?;
            for entry in &mut counts {
                if entry.0 == state {
                    entry.1 = count;
                }
            }
        }
        Ok(counts)
    }
}
