//! The sheets that repeat what the mail says.

use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use rust_xlsxwriter::Workbook;

use super::page::{Page, Value};
use crate::report::ReportError;
use crate::report::document::{Document, Frame, Measure};

/// `Summary`: the headline figures and how they were made.
pub(super) fn write(
    book: &mut Workbook,
    frame: &Frame<'_>,
    document: &Document,
) -> Result<(), ReportError> {
    let zone = &frame.input.timezone;
    let columns = [
        ("Figure", 34),
        ("Value", 24),
        ("Before", 18),
        ("Change", 26),
        ("Printed as", 26),
        ("Note", 60),
    ];
    let mut page = Page::new(book, "Summary", zone, &columns)?;
    page.push(&[Value::Text("Report"), Value::Text(&document.subject)])?;
    page.push(&[Value::Text("Company"), Value::Text(&document.company)])?;
    page.push(&[Value::Text("Scope"), Value::Text(&document.scope)])?;
    page.push(&[Value::Text("Period"), Value::Text(&document.period)])?;
    for mark in &document.marks {
        page.push(&[Value::Text("Mark"), Value::Text(mark)])?;
    }
    if let Some(banner) = &document.banner {
        page.push(&[Value::Text(&banner.word), Value::Text(&banner.text)])?;
    }
    for line in &document.headlines {
        let note = [line.note.as_deref(), line.status.as_deref()];
        let note: Vec<&str> = note.into_iter().flatten().collect();
        let change = if line.change.word.is_empty() {
            line.change.text.clone()
        } else {
            format!("{}, {}", line.change.text, line.change.word)
        };
        page.push(&[
            Value::Text(line.name),
            number(line.exact.0, line.measure),
            number(line.exact.1, line.measure),
            Value::Text(&change),
            Value::Text(&line.value),
            Value::Text(&note.join("; ")),
        ])?;
    }
    for (name, text) in &document.footer.facts {
        page.push(&[Value::Text(name), Value::Text(text)])?;
    }
    page.finish()
}

fn number(figure: Option<Decimal>, measure: Measure) -> Value<'static> {
    match (figure, measure) {
        (None, _) => Value::Empty,
        (Some(rate), Measure::Rate) => Value::Rate(Some(rate)),
        (Some(figure), Measure::Amount(currency)) => Value::Money(figure, currency),
        (Some(days), Measure::Days) => Value::Number(days),
        (Some(number), Measure::Count) => Value::Count(u64::try_from(number).unwrap_or_default()),
    }
}

/// `Definitions`: the formulas in words.
pub(super) fn write_definitions(
    book: &mut Workbook,
    document: &Document,
) -> Result<(), ReportError> {
    let columns = [("Term", 34), ("Definition", 120)];
    let mut page = Page::new(book, "Definitions", &TimeZone::UTC, &columns)?;
    for (term, definition) in &document.definitions {
        page.push(&[Value::Text(term), Value::Text(definition)])?;
    }
    page.push(&[
        Value::Text("Amounts"),
        Value::Text(
            "in the currency of their row, signed: plus is billed too much, minus is leakage",
        ),
    ])?;
    page.finish()
}
