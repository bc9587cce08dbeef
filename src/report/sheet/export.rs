//! Rows of JSON objects as a spreadsheet, for `discrepancies export`.

use rust_decimal::Decimal;
use rust_xlsxwriter::{Format, Workbook};
use serde_json::Value;

use crate::fault::Failure;
use crate::report::ReportError;

/// Columns whose texts are exact numbers, and numbers in the sheet too.
const NUMBERS: [&str; 7] = [
    "unit_expected",
    "unit_actual",
    "impact",
    "annualised",
    "recovered",
    "outstanding",
    "age_days",
];

/// Writes one row per object under a header of `names`. Numbers are numbers; every other value is a
/// typed text cell, which no spreadsheet takes for a formula.
pub fn export_sheet(names: &[&str], rows: &[Value]) -> Result<Vec<u8>, Failure> {
    Ok(write(names, rows)?)
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

fn write(names: &[&str], rows: &[Value]) -> Result<Vec<u8>, ReportError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("Discrepancies")?;
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
                Ok(number) if NUMBERS.contains(name) => sheet.write(row, column, number)?,
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
