//! The sheets of sums.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_xlsxwriter::Workbook;

use super::page::{Page, Value};
use crate::config::ReportKind;
use crate::currency::Currency;
use crate::report::ReportError;
use crate::report::document::{Frame, kind_words};

/// `By account`: for receivables the open amounts by age, else the rates and amounts.
pub(super) fn write_accounts(book: &mut Workbook, frame: &Frame<'_>) -> Result<(), ReportError> {
    if frame.input.kind == ReportKind::CollectionStatus {
        return write_aging(book, frame);
    }
    let columns = [
        ("Account id", 22),
        ("Account", 36),
        ("Units", 10),
        ("Discrepant", 12),
        ("Rate by count", 14),
        ("Rate by value", 14),
        ("Currency", 10),
        ("Gross", 16),
        ("Leakage", 16),
        ("Overbilling", 16),
        ("Net", 16),
    ];
    let currency = frame.kpi.currency;
    let mut page = Page::new(book, "By account", &frame.input.timezone, &columns)?;
    for (account, figures) in &frame.kpi.discrepancy.by_account {
        page.push(&[
            Value::Text(account),
            Value::Text(figures.name.as_deref().unwrap_or_default()),
            Value::Count(figures.units),
            Value::Count(figures.discrepant),
            Value::Rate(figures.count_rate),
            Value::Rate(figures.value_rate),
            Value::Text(currency.code()),
            Value::Money(figures.gross, currency),
            Value::Money(figures.leakage, currency),
            Value::Money(figures.overbilling, currency),
            Value::Money(figures.net, currency),
        ])?;
    }
    page.finish()
}

fn write_aging(book: &mut Workbook, frame: &Frame<'_>) -> Result<(), ReportError> {
    let columns = [
        ("Account id", 22),
        ("Account", 36),
        ("Currency", 10),
        ("Invoices", 10),
        ("Current", 16),
        ("1-30", 16),
        ("31-60", 16),
        ("61-90", 16),
        ("91+", 16),
        ("Open", 16),
    ];
    let mut accounts: BTreeMap<(&str, Currency), (&str, u64, [Decimal; 6])> = BTreeMap::new();
    for line in &frame.input.open_invoices {
        let account = accounts
            .entry((line.account.as_str(), line.currency))
            .or_insert((line.account_name.as_str(), 0, [Decimal::ZERO; 6]));
        account.1 += 1;
        let place = match line.days_past_due {
            ..=0 => 0,
            1..=30 => 1,
            31..=60 => 2,
            61..=90 => 3,
            _ => 4,
        };
        for index in [place, 5] {
            account.2[index] = account.2[index]
                .checked_add(line.open)
                .ok_or(ReportError::Overflow("the open invoices of an account"))?;
        }
    }
    let mut page = Page::new(book, "By account", &frame.input.timezone, &columns)?;
    for ((account, currency), (name, invoices, amounts)) in accounts {
        let mut row = vec![
            Value::Text(account),
            Value::Text(name),
            Value::Text(currency.code()),
            Value::Count(invoices),
        ];
        row.extend(amounts.map(|amount| Value::Money(amount, currency)));
        page.push(&row)?;
    }
    page.finish()
}

/// `By kind`: the sums of each kind of discrepancy.
pub(super) fn write_kinds(book: &mut Workbook, frame: &Frame<'_>) -> Result<(), ReportError> {
    let columns = [
        ("Kind", 24),
        ("In words", 24),
        ("Items", 10),
        ("Currency", 10),
        ("Gross", 16),
        ("Net", 16),
    ];
    let currency = frame.kpi.currency;
    let mut page = Page::new(book, "By kind", &frame.input.timezone, &columns)?;
    for (kind, figures) in &frame.kpi.discrepancy.by_kind {
        page.push(&[
            Value::Text(kind),
            Value::Text(kind.parse().map_or("", kind_words)),
            Value::Count(figures.count),
            Value::Text(currency.code()),
            Value::Money(figures.gross, currency),
            Value::Money(figures.net, currency),
        ])?;
    }
    page.finish()
}

/// `Completeness`: what became of every row of every source.
pub(super) fn write_completeness(
    book: &mut Workbook,
    frame: &Frame<'_>,
) -> Result<(), ReportError> {
    let columns = [
        ("Source", 20),
        ("Entity", 18),
        ("Extracted", 12),
        ("Matched", 12),
        ("Unmatched", 12),
        ("Out of scope", 14),
        ("Rejected", 12),
        ("Ties", 8),
        ("Rows landed", 14),
    ];
    let mut landed: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for (source, entity, rows) in &frame.input.extracts {
        landed.insert((source, entity), *rows);
    }
    let mut page = Page::new(book, "Completeness", &frame.input.timezone, &columns)?;
    for one in &frame.kpi.completeness {
        let rows = landed.remove(&(one.source.as_str(), one.entity.as_str()));
        page.push(&[
            Value::Text(&one.source),
            Value::Text(&one.entity),
            Value::Count(one.extracted),
            Value::Count(one.matched),
            Value::Count(one.unmatched),
            Value::Count(one.out_of_scope),
            Value::Count(one.rejected),
            Value::Text(if one.holds { "yes" } else { "NO" }),
            rows.map_or(Value::Empty, Value::Count),
        ])?;
    }
    for ((source, entity), rows) in landed {
        let mut row = vec![Value::Text(source), Value::Text(entity)];
        row.extend((0..6).map(|_| Value::Empty));
        row.push(Value::Count(rows));
        page.push(&row)?;
    }
    page.finish()
}
