//! What the landing says of its files: the rows of the manifest.

use jiff::Timestamp;

use crate::canonical::Entity;
use crate::period::Period;
use crate::totals::ControlTotals;

/// One committed Parquet file. It is never changed; compaction and retention replace it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LandedFile {
    /// Its path, relative to the landing's root; unique.
    pub path: String,
    /// The pull that landed it; of a merged file the last one.
    pub pull_id: String,
    /// The source's name.
    pub source: String,
    /// What its rows are records of.
    pub entity: Entity,
    /// The month of its partition.
    pub period: Period,
    /// Whether it holds rejects instead of records.
    pub quarantine: bool,
    /// Its length in bytes.
    pub size_bytes: u64,
    /// BLAKE3 of its bytes, in hex.
    pub digest: String,
    /// Rows and sums, to be tied when it is read.
    pub totals: ControlTotals,
    /// When the last of its rows were extracted: what was known at an instant is what was extracted
    /// by then.
    pub extracted_at: Timestamp,
    /// When the first of its rows were extracted; another instant only where several pulls were
    /// merged into one file.
    pub first_extracted_at: Timestamp,
    /// The id of the key by which it is encrypted, if it is.
    pub key_id: Option<String>,
}

/// What one pull left in the landing, not yet committed.
#[derive(Debug, Clone, Default)]
pub struct LandedPull {
    /// The new files, closed, synced and under their final names.
    pub files: Vec<LandedFile>,
    /// Rows that came from the source: new, unchanged, repeated and rejected ones.
    pub row_count: u64,
    /// Rows that were landed as a new version.
    pub new_count: u64,
    /// Rows equal to the version that is landed already.
    pub unchanged_count: u64,
    /// Rows whose id came more than once in this pull, beyond the one that counts.
    pub repeated_count: u64,
    /// Ids that are gone: that a full sweep no longer found, or that the source told of.
    pub tombstone_count: u64,
    /// Ids that a sweep named and of which no living version is landed: no pull has brought them.
    pub unknown_count: u64,
    /// Rows in the quarantine.
    pub rejected_count: u64,
    /// What came from the source, by entity: rows and sums, repeated and contradicting rows among
    /// them, rows that did not fit not.
    pub totals: Vec<(Entity, ControlTotals)>,
}
