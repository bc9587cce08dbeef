//! What can go wrong in the landing.

use std::io;
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;

use crate::fault::{Fault, Retry};
use crate::totals::TotalsError;

/// What can go wrong in the landing. In every case nothing of the pull is committed.
#[derive(Debug, thiserror::Error)]
pub enum LandingError {
    /// The root is no folder that can be written to.
    #[error("the landing folder cannot be written to: `{}`", path.display())]
    Unwritable {
        /// The root.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk is full, or a quota is reached.
    #[error("no space left for the landing: `{}`", path.display())]
    NoSpace {
        /// The file or folder that was being written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system refused a read or a write.
    #[error("a file of the landing could not be {verb}: `{}`", path.display())]
    Io {
        /// What was tried: `written`, `read`, `removed`.
        verb: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The Parquet library refused a file.
    #[error("a file of the landing is no sound Parquet file: `{}`", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the library said.
        source: ParquetError,
    },
    /// A file of the manifest is not there.
    #[error("a landed file is missing: `{}`", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A file has not the length that was committed.
    #[error(
        "a landed file has {actual} bytes where {expected} were committed: `{}`", path.display()
    )]
    Length {
        /// The file.
        path: PathBuf,
        /// The committed length in bytes.
        expected: u64,
        /// The present length in bytes.
        actual: u64,
    },
    /// A file's bytes are not those that were committed.
    #[error("a landed file has other bytes than were committed (digest): `{}`", path.display())]
    Digest {
        /// The file.
        path: PathBuf,
    },
    /// Rows or sums differ between two sides of a write or a read.
    #[error("the totals do not tie in {place}")]
    Totals {
        /// The file, or the page, whose totals were taken.
        place: String,
        /// Which measure, and both of its values.
        source: TotalsError,
    },
    /// A page names another source than the pull that it came in.
    #[error("a page of the pull of source `{pull}` holds a record of source `{record}`")]
    OtherSource {
        /// The pull's source.
        pull: String,
        /// The record's.
        record: String,
    },
    /// Columns do not fit the entity's schema.
    #[error("the columns do not fit the schema of {place}")]
    Columns {
        /// The file, or the entity of the page.
        place: String,
        /// What Arrow said.
        source: arrow::error::ArrowError,
    },
    /// The manifest names a path outside of the landing.
    #[error("the manifest names a path that is none of the landing's: `{path}`")]
    Outside {
        /// The path as the manifest has it.
        path: String,
    },
    /// A key is no AES key.
    #[error("a key of the landing is neither 16 nor 32 bytes in base64 or hex")]
    KeyLength,
    /// A file is encrypted by a key that is not configured.
    #[error("a landed file is encrypted by key `{key}`, which is not configured: `{}`", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
        /// The key's id.
        key: String,
    },
    /// The landing's marker is none.
    #[error("the marker of the landing cannot be read: `{}`", path.display())]
    Marker {
        /// The marker's file.
        path: PathBuf,
    },
    /// The landing says that it belongs to another store.
    #[error("the landing belongs to store `{landing}` and the store is `{store}`: `{}`", path.display())]
    OtherStore {
        /// The root.
        path: PathBuf,
        /// The store that the landing names.
        landing: String,
        /// The store that was opened.
        store: String,
    },
    /// The landing holds files and the store knows of none.
    #[error("the landing holds files, and the store has no list of them: `{}`", path.display())]
    Unlisted {
        /// The root.
        path: PathBuf,
    },
    /// A file of that name is there already: pull ids are used once.
    #[error("a file of this pull is in the landing already: `{}`", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
    },
}

impl LandingError {
    /// A refused read or write; a full disk is told apart.
    pub(super) fn io(verb: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::NoSpace { path, source }
            }
            _ => Self::Io { verb, path, source },
        }
    }

    /// Totals that do not tie, or do not fit, in `place`.
    pub(super) fn totals(place: impl Into<String>, source: TotalsError) -> Self {
        Self::Totals {
            place: place.into(),
            source,
        }
    }

    /// Columns that do not fit, in `place`.
    pub(super) fn columns(place: impl Into<String>, source: arrow::error::ArrowError) -> Self {
        Self::Columns {
            place: place.into(),
            source,
        }
    }
}

impl Fault for LandingError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unwritable { .. } => "XF-L001",
            Self::NoSpace { .. } => "XF-L002",
            Self::Io { .. } => "XF-L003",
            Self::Parquet { .. } => "XF-L004",
            Self::Missing { .. } => "XF-L005",
            Self::Length { .. } => "XF-L006",
            Self::Digest { .. } => "XF-L007",
            Self::Totals { .. } => "XF-L008",
            Self::OtherSource { .. } => "XF-L009",
            Self::Columns { .. } => "XF-L010",
            Self::Outside { .. } => "XF-L011",
            Self::Taken { .. } => "XF-L012",
            Self::KeyLength => "XF-L013",
            Self::NoKey { .. } => "XF-L014",
            Self::Marker { .. } => "XF-L016",
            Self::OtherStore { .. } => "XF-L017",
            Self::Unlisted { .. } => "XF-L018",
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::NoSpace { .. } | Self::Io { .. } | Self::Taken { .. } => Retry::NextRun,
            _ => Retry::Never,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unwritable { path, .. } => format!(
                "give the user that runs crossfoot a writable folder at `{}`, or set [landing] url",
                path.display()
            ),
            Self::NoSpace { .. } => {
                "free space on the disk of the landing, then run the job again".to_owned()
            }
            Self::Io { .. } => "check the disk and the rights of the landing folder".to_owned(),
            Self::Missing { .. }
            | Self::Length { .. }
            | Self::Digest { .. }
            | Self::Parquet { .. } => {
                "restore the file from a backup; `crossfoot landing verify` lists all that differ"
                    .to_owned()
            }
            Self::Outside { .. } => {
                "restore the store from a backup: its list of files was changed".to_owned()
            }
            Self::Taken { .. } => "run the job again: every pull takes a new id".to_owned(),
            Self::Marker { .. } => {
                "restore `_crossfoot.json` in the landing's folder from a backup".to_owned()
            }
            Self::OtherStore { .. } | Self::Unlisted { .. } => {
                "the store was lost or exchanged: put its last backup (`crossfoot store backup` \
                 makes them) in its place; or let `crossfoot store adopt` take the files of the \
                 landing into this store; or, for a new book, set [landing] url to an empty folder"
                    .to_owned()
            }
            Self::KeyLength => {
                "make one with `openssl rand -base64 32`, and keep it where [landing] \
                 encryption_key points to"
                    .to_owned()
            }
            Self::NoKey { .. } => {
                "name the key that the file was written with under [landing] encryption_key, or \
                 among old_encryption_keys where a newer one took its place; nothing is lost, but \
                 without that key nobody can read the file"
                    .to_owned()
            }
            Self::Totals { .. } | Self::OtherSource { .. } | Self::Columns { .. } => {
                return None;
            }
        };
        Some(hint)
    }

    fn effect(&self) -> Option<String> {
        let effect = match self {
            Self::Missing { .. }
            | Self::Length { .. }
            | Self::Digest { .. }
            | Self::Parquet { .. }
            | Self::NoKey { .. }
            | Self::Outside { .. } => "no figure is computed from this file",
            Self::KeyLength
            | Self::Marker { .. }
            | Self::OtherStore { .. }
            | Self::Unlisted { .. } => "nothing is read or written",
            _ => "nothing of this pull is committed",
        };
        Some(effect.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Failure;

    // Goal: a full disk is told in words. Method: the system's own error number, wrapped.
    #[test]
    fn a_full_disk_says_no_space() {
        let full = io::Error::from_raw_os_error(28);
        let failure = Failure::from(LandingError::io("written", Path::new("x.parquet"), full));
        assert_eq!(failure.code(), "XF-L002");
        assert_eq!(failure.retry(), Retry::NextRun);
        let report = failure.report();
        assert!(report.contains("no space left for the landing: `x.parquet`"));
        assert!(report.contains("free space"), "{report}");
    }
}
