//! The audit trail: each entry carries the hash of the one before it.
//!
//! Whoever can write to the database can cut off the end of the trail; what was hashed before and
//! is changed, removed or put in between shows.

use async_trait::async_trait;
use serde::Serialize;

use super::queries::{AUDIT_INSERT, AUDIT_LAST, AUDIT_LIST};
use super::row::Row;
use super::session::{Lock, Session};
use super::store::SqlStore;
use super::value::{Value, instant_text, plain_text};
use crate::fault::Failure;
use crate::store::error::StoreError;
use crate::store::{AuditEntry, AuditStore, NewAuditEntry};

/// How many entries the verification reads at a time.
const VERIFIED_ROWS: u32 = 1_000;

/// Who the system is, in the trail.
pub(super) const SYSTEM: &str = concat!("crossfoot@", env!("CARGO_PKG_VERSION"));

/// What is hashed: every column but the hashes, in this order, as compact JSON.
#[derive(Serialize)]
struct Sealed<'a> {
    sequence: i64,
    event_id: &'a str,
    at: String,
    actor: &'a str,
    action: &'a str,
    object: &'a str,
    before: Option<&'a str>,
    after: Option<&'a str>,
    reason: Option<&'a str>,
    approval: Option<&'a str>,
}

/// BLAKE3 over the previous hash and the entry, in hex.
fn hash_of(
    previous_hash: &str,
    sequence: i64,
    event_id: &str,
    entry: &NewAuditEntry,
) -> Result<blake3::Hash, StoreError> {
    let sealed = Sealed {
        sequence,
        event_id,
        at: instant_text(entry.at),
        actor: &entry.actor,
        action: &entry.action,
        object: &entry.object,
        before: entry.before.as_deref(),
        after: entry.after.as_deref(),
        reason: entry.reason.as_deref(),
        approval: entry.approval.as_deref(),
    };
    let json = serde_json::to_vec(&sealed).map_err(|cause| StoreError::Json {
        column: "audit",
        cause,
    })?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(previous_hash.as_bytes());
    hasher.update(&json);
    Ok(hasher.finalize())
}

/// A UUID of version 7: the entry's millisecond, then bits of its hash, so that the same trail
/// always gets the same ids.
fn event_id(
    previous_hash: &str,
    sequence: i64,
    entry: &NewAuditEntry,
) -> Result<String, StoreError> {
    let hash = hash_of(previous_hash, sequence, "", entry)?;
    let mut bits = [0; 10];
    bits.copy_from_slice(&hash.as_bytes()[..10]);
    let milliseconds = u64::try_from(entry.at.as_millisecond()).unwrap_or_default();
    Ok(
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &bits)
            .into_uuid()
            .to_string(),
    )
}

/// The entry as both databases keep it, so that what is hashed is what is read again.
fn as_kept(entry: &NewAuditEntry) -> NewAuditEntry {
    let optional = |text: &Option<String>| text.as_deref().map(plain_text);
    NewAuditEntry {
        at: entry.at,
        actor: plain_text(&entry.actor),
        action: plain_text(&entry.action),
        object: plain_text(&entry.object),
        before: optional(&entry.before),
        after: optional(&entry.after),
        reason: optional(&entry.reason),
        approval: optional(&entry.approval),
    }
}

/// Appends entries within a transaction. Takes the lock of the trail, which is kept until the end
/// of the transaction.
pub(super) async fn append(
    session: &mut Session,
    entries: &[NewAuditEntry],
) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    session.lock(Lock::Trail).await?;
    let last = session.rows(AUDIT_LAST, Vec::new()).await?;
    let (mut sequence, mut previous_hash) = match last.first() {
        Some(row) => (row.integer("sequence")?, row.text("hash")?),
        None => (0, String::new()),
    };
    let rows = entries.iter().map(move |entry| {
        let kept = as_kept(entry);
        sequence += 1;
        let id = event_id(&previous_hash, sequence, &kept)?;
        let hash = hash_of(&previous_hash, sequence, &id, &kept)?
            .to_hex()
            .to_string();
        let values: Vec<Value> = vec![
            sequence.into(),
            (&id).into(),
            kept.at.into(),
            (&kept.actor).into(),
            (&kept.action).into(),
            (&kept.object).into(),
            (&kept.before).into(),
            (&kept.after).into(),
            (&kept.reason).into(),
            (&kept.approval).into(),
            (&previous_hash).into(),
            (&hash).into(),
        ];
        previous_hash = hash;
        Ok(values)
    });
    session.execute_rows(AUDIT_INSERT, rows).await?;
    Ok(())
}

fn entry_of(row: &Row) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        sequence: row.integer("sequence")?,
        event_id: row.text("event_id")?,
        entry: NewAuditEntry {
            at: row.instant("happened_at")?,
            actor: row.text("actor")?,
            action: row.text("action")?,
            object: row.text("object")?,
            before: row.text_option("before")?,
            after: row.text_option("after")?,
            reason: row.text_option("reason")?,
            approval: row.text_option("approval")?,
        },
        previous_hash: row.text("previous_hash")?,
        hash: row.text("hash")?,
    })
}

/// Why an entry does not follow on the one before it.
fn fault_in(
    entry: &AuditEntry,
    sequence: i64,
    previous_hash: &str,
) -> Result<Option<String>, StoreError> {
    if entry.sequence != sequence {
        return Ok(Some(format!("entry {sequence} is missing before this one")));
    }
    if entry.previous_hash != previous_hash {
        return Ok(Some("it is not bound to the entry before it".to_owned()));
    }
    let hash = hash_of(previous_hash, sequence, &entry.event_id, &entry.entry)?;
    if entry.hash != hash.to_hex().as_str() {
        return Ok(Some("its content does not fit its hash".to_owned()));
    }
    Ok(None)
}

#[async_trait]
impl AuditStore for SqlStore {
    async fn append_audit(&self, entries: &[NewAuditEntry]) -> Result<(), Failure> {
        let entries = entries.to_vec();
        self.write(move |session| Box::pin(async move { append(session, &entries).await }))
            .await?;
        Ok(())
    }

    async fn audit_entries(&self, after: i64, limit: u32) -> Result<Vec<AuditEntry>, Failure> {
        let rows = self
            .rows(AUDIT_LIST, vec![after.into(), limit.into()])
            .await?;
        Ok(rows.iter().map(entry_of).collect::<Result<_, _>>()?)
    }

    async fn verify_audit(&self) -> Result<(u64, Option<(i64, String)>), Failure> {
        let mut count = 0;
        let mut place = 0;
        let mut previous_hash = String::new();
        loop {
            let entries = self.audit_entries(place, VERIFIED_ROWS).await?;
            if entries.is_empty() {
                return Ok((count, None));
            }
            for entry in entries {
                if let Some(reason) = fault_in(&entry, place + 1, &previous_hash)? {
                    return Ok((count, Some((entry.sequence, reason))));
                }
                count += 1;
                place = entry.sequence;
                previous_hash = entry.hash;
            }
        }
    }
}
