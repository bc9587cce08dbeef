//! What every reader of files gives: a header where the format has one, then rows.

use std::io;
use std::path::PathBuf;

use crate::sources::error::SourceError;
use crate::sources::json::Document;

/// A row of a file.
#[derive(Debug)]
pub(super) enum Row {
    /// Its columns, as a JSON object.
    Good { line: u64, record: Document },
    /// A row that cannot be taken apart into columns.
    Bad {
        line: u64,
        reason: String,
        raw: String,
    },
}

/// Why a file cannot be read on.
#[derive(Debug)]
pub(super) enum Fault {
    /// The operating system says so.
    Io(io::Error),
    /// It is not the format that its name says.
    NotFormat(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Fault {
    /// The error of a source's file.
    pub(super) fn of(self, source_name: &str, path: PathBuf, format: &'static str) -> SourceError {
        let source_name = source_name.to_owned();
        match self {
            Self::Io(cause) => SourceError::Unreadable {
                source_name,
                path,
                cause,
            },
            Self::NotFormat(detail) => SourceError::NotFormat {
                source_name,
                path,
                format,
                detail,
            },
        }
    }
}

/// Reads one file, row by row; never the whole of it at once.
pub(super) trait RowReader {
    /// The columns that every row has; nothing for a format without a header.
    fn header(&self) -> Option<&[String]>;

    /// The next row; nothing after the last.
    fn next_row(&mut self) -> Result<Option<Row>, Fault>;
}
