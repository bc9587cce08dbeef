//! The spreadsheet: numbers as numbers, dates as dates, ids and names as typed text, which a
//! spreadsheet never evaluates, so that `=HYPERLINK(` stays what it is: a strange name.

mod details;
mod export;
mod groups;
mod page;
mod summary;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook};

pub use export::{SheetColumns, export_sheet};

use super::ReportError;
use super::document::{Document, Frame};
use crate::config::ReportKind;

/// The workbook's bytes. The same input gives the same bytes.
pub(super) fn workbook(frame: &Frame<'_>, document: &Document) -> Result<Vec<u8>, ReportError> {
    let mut book = Workbook::new();
    let created = ExcelDateTime::from_timestamp(frame.input.as_of.as_second())?;
    book.set_properties(
        &DocProperties::new()
            .set_title(document.title)
            .set_author("crossfoot")
            .set_company(&document.company)
            .set_creation_datetime(&created),
    );
    summary::write(&mut book, frame, document)?;
    match frame.input.kind {
        ReportKind::DiscrepancyRate | ReportKind::ResolutionTime => {
            details::write_discrepancies(&mut book, frame)?;
        }
        ReportKind::CollectionStatus => {
            details::write_invoices(&mut book, frame)?;
            details::write_cases(&mut book, frame)?;
        }
    }
    groups::write_accounts(&mut book, frame)?;
    groups::write_kinds(&mut book, frame)?;
    groups::write_completeness(&mut book, frame)?;
    summary::write_definitions(&mut book, document)?;
    Ok(book.save_to_buffer()?)
}
