//! What every reader of files gives: a header where the format has one, then rows.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;

use crate::sources::error::SourceError;
use crate::sources::json::{Document, Tree};
use crate::sources::mapping::BadRow;

/// A row of a file.
#[derive(Debug)]
pub(super) enum Row {
    /// Its columns, as a JSON object.
    Good { line: u64, record: Document },
    /// A row with cells that hold no value, as the `#N/A` of a spreadsheet.
    Spoilt {
        line: u64,
        record: Document,
        cells: Vec<SpoiltCell>,
    },
    /// A record that the same or another file may bring again.
    Delivered {
        line: u64,
        entries: Vec<(String, Tree)>,
        delivery: Delivery,
    },
    /// A row that cannot be taken apart into columns.
    Bad(BadRow),
}

/// A cell without a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SpoiltCell {
    /// The column of the file.
    pub(super) column: String,
    /// What stands in it.
    pub(super) text: String,
    /// Why that is no value.
    pub(super) reason: String,
}

/// What is known of a record that banks deliver more than once: the notification of the day, then
/// the statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Delivery {
    /// The record's id, the same in every delivery.
    pub(super) id: String,
    /// How final the delivery is; the highest one is the record.
    pub(super) rank: u8,
    /// What the payer calls the payment; a reversal and its original have the same one.
    pub(super) reference: Option<String>,
    /// Whether it takes a payment back.
    pub(super) is_reversal: bool,
}

/// Ids that stand more than once in one message or file: the second `x` is `x#2`, in every delivery alike.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    counts: HashMap<String, u32>,
}

impl Numbering {
    /// The id as it is kept.
    pub(super) fn numbered(&mut self, id: String) -> String {
        let count = self.counts.entry(id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            format!("{id}#{count}")
        } else {
            id
        }
    }

    /// Begins another message.
    pub(super) fn begin(&mut self) {
        self.counts.clear();
    }
}

/// Stands for an amount that is not there and must be: no number, so that its column refuses it.
pub(super) const NO_AMOUNT: &str = "no amount";

/// Why a file cannot be read on.
#[derive(Debug)]
pub(in crate::sources) enum Fault {
    /// The operating system says so.
    Io(io::Error),
    /// It is not the format that its name says.
    NotFormat(String),
    /// It is larger than a limit allows.
    TooLarge(String),
}

impl From<io::Error> for Fault {
    /// What a decoder says of its input is a fault of the file, not of the operating system.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::FileTooLarge => Self::TooLarge(error.to_string()),
            io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::UnexpectedEof => Self::NotFormat(error.to_string()),
            _ => Self::Io(error),
        }
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
            Self::TooLarge(detail) => SourceError::TooMuch {
                source_name,
                limit: "page_bytes",
                detail: format!("file `{}` {detail}", path.display()),
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

    /// Once all rows are read: where what came contradicts what the file says of itself.
    fn doubts(&self) -> &[String] {
        &[]
    }

    /// Whether its rows are deliveries of a bank, of which several may be of one record.
    fn brings_deliveries(&self) -> bool {
        false
    }
}
