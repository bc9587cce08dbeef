//! What a body is read as: one JSON value, or rows with their columns.

use super::call::Wants;
use crate::sources::error::SourceError;
use crate::sources::files::{RowFormat, Rows, RowsFault};
use crate::sources::json::{self, Document, Tree};

/// What a body holds.
#[derive(Debug)]
pub(super) struct Content {
    /// The value; of rows, the list of their columns.
    pub(super) json: Document,
    pub(super) rows: Option<Rows>,
}

/// How large a body may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyLimits {
    /// As it came, and each of its rows.
    pub(super) body_bytes: u64,
    /// The rows of a packed one, unpacked.
    pub(super) export_bytes: u64,
}

/// Why a body cannot be read. The words complete `the body is`.
#[derive(Debug)]
pub(super) struct Misread {
    pub(super) told: String,
    pub(super) is_too_large: bool,
}

impl Misread {
    fn bad(told: String) -> Self {
        Self {
            told,
            is_too_large: false,
        }
    }
}

/// Reads a body. What a refusal says is JSON, whatever was asked for.
pub(super) fn read(
    wants: Wants,
    is_success: bool,
    body: Vec<u8>,
    limits: BodyLimits,
) -> Result<Content, Misread> {
    match wants {
        Wants::Rows(format) if is_success && !is_object(format, &body) => {
            read_rows(format, body, limits)
        }
        Wants::Nothing if is_success => of(json::parse(&b"null"[..])),
        _ => of(json::parse(body)),
    }
}

fn of(parsed: Result<Document, impl ToString>) -> Result<Content, Misread> {
    match parsed {
        Ok(json) => Ok(Content { json, rows: None }),
        Err(error) => Err(Misread::bad(error.to_string())),
    }
}

/// Vendors tell some failures in JSON with status 200, where a table was asked for.
fn is_object(format: RowFormat, body: &[u8]) -> bool {
    format == RowFormat::Csv && body.trim_ascii_start().starts_with(b"{")
}

fn read_rows(format: RowFormat, body: Vec<u8>, limits: BodyLimits) -> Result<Content, Misread> {
    let rows = Rows::open(format, body, limits.body_bytes, limits.export_bytes);
    let rows = rows.map_err(|fault| Misread {
        told: format!("no {}: {}", format.name(), told(&fault)),
        is_too_large: matches!(fault, RowsFault::TooLarge(_)),
    })?;
    let columns = rows.columns().iter();
    let columns = Tree::List(columns.map(|name| Tree::Text(name.clone())).collect());
    Ok(Content {
        json: columns.to_document().map_err(Misread::bad)?,
        rows: Some(rows),
    })
}

/// The error of a body whose rows cannot be read on.
pub(super) fn bad_rows(source_name: &str, stream: &str, fault: &RowsFault) -> SourceError {
    let (source_name, detail) = (source_name.to_owned(), told(fault));
    match fault {
        RowsFault::TooLarge(_) => SourceError::TooMuch {
            source_name,
            limit: "export_bytes",
            detail: format!("`{stream}`: {detail}"),
        },
        RowsFault::Io(_) | RowsFault::NotFormat(_) => SourceError::BadRows {
            source_name,
            stream: stream.to_owned(),
            detail,
        },
    }
}

/// What is wrong with rows.
fn told(fault: &RowsFault) -> String {
    match fault {
        RowsFault::Io(cause) => cause.to_string(),
        RowsFault::NotFormat(detail) | RowsFault::TooLarge(detail) => detail.clone(),
    }
}
