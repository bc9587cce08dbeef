//! Rows of JSON objects as a spreadsheet, for `discrepancies export` and `corrections export`.

use rust_decimal::Decimal;
use rust_xlsxwriter::{Format, Workbook};
use serde_json::Value;

use crate::fault::Failure;
use crate::report::ReportError;

/// The sheet that rows go to.
#[derive(Debug, Clone, Copy)]
pub struct SheetColumns<'a> {
    /// Its title.
    pub title: &'a str,
    /// The header: the names of the objects' values.
    pub names: &'a [&'a str],
    /// Columns whose texts are exact numbers, and numbers in the sheet too.
    pub numbers: &'a [&'a str],
}

/// Writes one row per object. Numbers are numbers; every other value is a typed text cell, which no
/// spreadsheet takes for a formula.
pub fn export_sheet(columns: &SheetColumns<'_>, rows: &[Value]) -> Result<Vec<u8>, Failure> {
    Ok(write(columns, rows)?)
}

/// Text as a cell can hold it: Excel takes 32,767 characters.
fn cut(text: &str) -> String {
    const LONGEST: usize = 32_000;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(LONGEST).collect();
    short.push('…');
    short
}

fn write(columns: &SheetColumns<'_>, rows: &[Value]) -> Result<Vec<u8>, ReportError> {
    let names = columns.names;
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name(columns.title)?;
    let header = Format::new().set_bold();
    for (column, name) in (0_u16..).zip(names) {
        sheet.write_with_format(0, column, *name, &header)?;
    }
    for (row, value) in (1_u32..).zip(rows) {
        for (column, name) in (0_u16..).zip(names) {
            let text = match &value[*name] {
                Value::Null => continue,
                Value::String(text) => text.clone(),
                Value::Array(items) => items
                    .iter()
                    .filter_map(Value::as_str)
                    .collect::<Vec<_>>()
                    .join(";"),
                other => other.to_string(),
            };
            match text.parse::<Decimal>() {
                Ok(number) if columns.numbers.contains(name) => sheet.write(row, column, number)?,
                _ => sheet.write_string(row, column, cut(&text))?,
            };
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    if let (Ok(last_row), Ok(last_column)) = (
        u32::try_from(rows.len()),
        u16::try_from(names.len().saturating_sub(1)),
    ) {
        sheet.autofilter(0, 0, last_row, last_column)?;
    }
    sheet.autofit();
    Ok(book.save_to_buffer()?)
}
