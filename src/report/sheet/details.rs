//! The sheets of single items.

use rust_xlsxwriter::Workbook;

use super::page::{Page, ROWS_MAX, Value};
use crate::reconcile::{Discrepancy, Severity};
use crate::report::ReportError;
use crate::report::document::{Frame, days_between};

/// `Items`: every discrepancy of the period and every open one.
pub(super) fn write_discrepancies(
    book: &mut Workbook,
    frame: &Frame<'_>,
) -> Result<(), ReportError> {
    let columns = [
        ("Id", 20),
        ("Period", 10),
        ("Kind", 22),
        ("State", 14),
        ("Severity", 10),
        ("Account id", 20),
        ("Account", 34),
        ("Branch", 12),
        ("SKU", 18),
        ("Field", 12),
        ("Expected", 16),
        ("Actual", 16),
        ("Currency", 10),
        ("Unit expected", 16),
        ("Unit actual", 16),
        ("Impact", 16),
        ("Outstanding", 16),
        ("Recovered", 16),
        ("Annualised", 16),
        ("Estimated", 11),
        ("Owner", 18),
        ("Waiting on", 12),
        ("Code", 18),
        ("Opened", 17),
        ("Resolved", 17),
        ("Days", 8),
        ("Rules version", 20),
    ];
    let mut page = Page::new(book, "Items", &frame.input.timezone, &columns)?;
    for item in frame.input.discrepancies.iter().take(ROWS_MAX) {
        write_discrepancy(&mut page, frame, item)?;
    }
    note_the_rest(&mut page, frame.input.discrepancies.len())?;
    page.finish()
}

fn write_discrepancy(
    page: &mut Page<'_>,
    frame: &Frame<'_>,
    item: &Discrepancy,
) -> Result<(), ReportError> {
    let end = item
        .resolved_at
        .or(item.ended_at)
        .filter(|_| !item.state.is_open())
        .unwrap_or(frame.input.as_of);
    let text = |text: &'_ Option<String>| text.clone().unwrap_or_default();
    let (expected, actual, branch, owner) = (
        text(&item.expected),
        text(&item.actual),
        text(&item.branch),
        text(&item.owner),
    );
    let severity: Severity = item.severity;
    page.push(&[
        Value::Text(&item.id),
        Value::Text(&item.period.to_string()),
        Value::Text(item.kind.name()),
        Value::Text(item.state.name()),
        Value::Text(severity.name()),
        Value::Text(&item.account),
        Value::Text(&item.account_name),
        Value::Text(&branch),
        Value::Text(&item.sku),
        Value::Text(&item.field),
        Value::Text(&expected),
        Value::Text(&actual),
        Value::Text(item.currency.code()),
        Value::Money(item.unit_expected, item.currency),
        Value::Money(item.unit_actual, item.currency),
        Value::Money(item.impact, item.currency),
        Value::Money(item.outstanding, item.currency),
        Value::Money(item.recovered, item.currency),
        item.annualised
            .map_or(Value::Empty, |amount| Value::Money(amount, item.currency)),
        Value::Text(if item.estimated { "yes" } else { "no" }),
        Value::Text(&owner),
        Value::Text(item.waiting_on.map_or("", |one| one.name())),
        Value::Text(item.code.map_or("", |one| one.name())),
        Value::Instant(Some(item.opened_at)),
        Value::Instant(item.resolved_at),
        Value::Whole(days_between(item.opened_at, end).max(0)),
        Value::Text(&item.rules_version),
    ])
}

/// `Items` of the collection report: every open invoice.
pub(super) fn write_invoices(book: &mut Workbook, frame: &Frame<'_>) -> Result<(), ReportError> {
    let columns = [
        ("Invoice id", 24),
        ("Number", 18),
        ("Account id", 20),
        ("Account", 34),
        ("Issued", 12),
        ("Due", 12),
        ("Days past due", 14),
        ("Bucket", 12),
        ("Currency", 10),
        ("Total", 16),
        ("Open", 16),
    ];
    let mut page = Page::new(book, "Items", &frame.input.timezone, &columns)?;
    for line in frame.input.open_invoices.iter().take(ROWS_MAX) {
        page.push(&[
            Value::Text(&line.invoice),
            Value::Text(&line.number),
            Value::Text(&line.account),
            Value::Text(&line.account_name),
            Value::Day(line.issued_on),
            Value::Day(line.due_on),
            Value::Whole(line.days_past_due),
            Value::Text(bucket(line.days_past_due)),
            Value::Text(line.currency.code()),
            Value::Money(line.total, line.currency),
            Value::Money(line.open, line.currency),
        ])?;
    }
    note_the_rest(&mut page, frame.input.open_invoices.len())?;
    page.finish()
}

/// `Cases`: every collection case.
pub(super) fn write_cases(book: &mut Workbook, frame: &Frame<'_>) -> Result<(), ReportError> {
    let columns = [
        ("Invoice", 18),
        ("Account", 34),
        ("State", 16),
        ("Days past due", 14),
        ("Currency", 10),
        ("Open", 16),
        ("Last evaluation", 40),
    ];
    let mut page = Page::new(book, "Cases", &frame.input.timezone, &columns)?;
    for case in frame.input.cases.iter().take(ROWS_MAX) {
        page.push(&[
            Value::Text(&case.number),
            Value::Text(&case.account_name),
            Value::Text(&case.state),
            Value::Whole(case.days_past_due),
            Value::Text(case.currency.code()),
            Value::Money(case.open, case.currency),
            Value::Text(&case.action),
        ])?;
    }
    note_the_rest(&mut page, frame.input.cases.len())?;
    page.finish()
}

fn bucket(days_past_due: i64) -> &'static str {
    match days_past_due {
        ..=0 => "current",
        1..=30 => "1-30",
        31..=60 => "31-60",
        61..=90 => "61-90",
        _ => "91+",
    }
}

// What is cut is said, in the sheet itself.
fn note_the_rest(page: &mut Page<'_>, row_count: usize) -> Result<(), ReportError> {
    if row_count > ROWS_MAX {
        let note = format!("{} more rows are not in this file", row_count - ROWS_MAX);
        page.push(&[Value::Text(&note)])?;
    }
    Ok(())
}
