//! The audit trail: append-only, each entry bound to the one before it.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::fault::Failure;

/// An entry to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who: a person's name, or `crossfoot@<version>`.
    pub actor: String,
    /// What was done: `discrepancy.move`, `crosswalk.link`, ...
    pub action: String,
    /// To what.
    pub object: String,
    /// What it was, as JSON.
    pub before: Option<String>,
    /// What it became, as JSON.
    pub after: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Who approved it.
    pub approval: Option<String>,
}

/// An entry of the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its place, from 1 on without a gap.
    pub sequence: i64,
    /// A UUID of version 7.
    pub event_id: String,
    /// What it says.
    pub entry: NewAuditEntry,
    /// The hash of the entry before it, in hex; empty for the first.
    pub previous_hash: String,
    /// BLAKE3 over the previous hash and all of this entry, in hex.
    pub hash: String,
}

/// The audit trail.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Appends entries, in one transaction.
    async fn append_audit(&self, entries: &[NewAuditEntry]) -> Result<(), Failure>;

    /// Entries after a place, in order.
    async fn audit_entries(&self, after: i64, limit: u32) -> Result<Vec<AuditEntry>, Failure>;

    /// Walks the whole trail: the count of entries, and the place of the first one that does not
    /// fit, with the reason.
    async fn verify_audit(&self) -> Result<(u64, Option<(i64, String)>), Failure>;
}
