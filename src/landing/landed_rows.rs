//! What the comparison is given of a landed file.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use parquet::encryption::decrypt::FileDecryptionProperties;

use super::row_set::RowSet;

/// A checked file, and which of its rows count.
#[derive(Clone)]
pub struct LandedRows {
    /// Its absolute path.
    pub path: PathBuf,
    /// Its length in bytes.
    pub size_bytes: u64,
    /// The source of all of its rows.
    pub source: String,
    /// The rows that were known at the snapshot's instant.
    pub known: RowSet,
    /// Those of them that are the newest versions of their records, tombstones among them.
    pub newest: RowSet,
    /// What it takes to decrypt it, if it is encrypted.
    pub decryption: Option<Arc<FileDecryptionProperties>>,
}

impl fmt::Debug for LandedRows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LandedRows")
            .field("path", &self.path)
            .field("known", &self.known.count())
            .field("newest", &self.newest.count())
            .finish_non_exhaustive()
    }
}
