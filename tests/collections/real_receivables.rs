//! A real ledger of 2,466 invoices, where it is present beside the repository.

use std::path::Path;

use crossfoot::canonical::{Record, parse_date};
use crossfoot::collections::ReceivablesInput;
use crossfoot::report::kpi::ReceivablesFigures;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::records::{book, decimal, invoice, payment};
use crate::support::beside::beside;

/// Invoices and one full payment for each, from a file with the columns `customerID`,
/// `invoiceNumber`, `InvoiceDate`, `DueDate`, `InvoiceAmount` and `SettledDate`.
fn ledger(file: &Path, has_reference: bool) -> (Vec<Record>, Vec<Record>) {
    let text = std::fs::read_to_string(file).expect("the ledger");
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let at = |name: &str| {
        header
            .iter()
            .position(|column| *column == name)
            .expect("a column")
    };
    let american = |text: &str| -> Date {
        parse_date(text, Some("%m/%d/%Y"), &TimeZone::UTC).expect("a date")
    };
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let cell = |name: &str| cells[at(name)];
            let date = |name: &str| american(cell(name)).to_string();
            let (number, customer) = (cell("invoiceNumber"), cell("customerID"));
            let amount = cell("InvoiceAmount");
            let reference = if has_reference { number } else { "" };
            (
                invoice(
                    number,
                    customer,
                    &date("InvoiceDate"),
                    &date("DueDate"),
                    amount,
                ),
                payment(
                    &format!("pay-{number}"),
                    customer,
                    &date("SettledDate"),
                    amount,
                    reference,
                ),
            )
        })
        .unzip()
}

fn at_month(month: &str, file: &Path, has_reference: bool) -> ReceivablesFigures {
    let (invoices, payments) = ledger(file, has_reference);
    assert_eq!((invoices.len(), payments.len()), (2466, 2466));
    let book = book(&invoices, &payments, &[]);
    crossfoot::collections::receivables(&ReceivablesInput {
        book: &book,
        span: month.parse().unwrap(),
        as_of: "2014-01-31T00:00:00Z".parse().unwrap(),
        zone: &TimeZone::UTC,
        branch: None,
        currency: "USD".parse().unwrap(),
        rate_on: &|_, _, _| None,
    })
    .expect("receivables")
    .figures
}

// Goal: the figures of a real ledger are those that independent scripts computed. Method: four
// month ends, with payments that name their invoice and with payments that name nothing.
#[test]
fn a_real_ledger_ages_as_others_computed_it() {
    let Some(file) = beside("data/ar_ibm/WA_Fn-UseC_-Accounts-Receivable.csv") else {
        return;
    };
    let expected = [
        (
            "2012-06",
            98,
            "5504.09",
            "4594.36",
            "909.73",
            "29.616828",
            "0.870474",
        ),
        (
            "2013-03",
            94,
            "5903.74",
            "5222.37",
            "681.37",
            "28.424715",
            "0.898022",
        ),
        (
            "2013-09",
            88,
            "5029.22",
            "4563.74",
            "465.48",
            "22.094322",
            "0.935265",
        ),
        (
            "2013-12",
            13,
            "761.90",
            "206.25",
            "555.65",
            "32.536020",
            "0.889283",
        ),
    ];
    for has_reference in [true, false] {
        for (month, count, gross, current, month_late, countback, cei) in expected {
            let figures = at_month(month, &file, has_reference);
            let aging = figures.aging.clone().unwrap();
            assert_eq!(figures.open_invoices, Some(count), "{month}");
            assert_eq!(figures.gross, Some(decimal(gross)), "{month}");
            assert_eq!(figures.credits, Some(Decimal::ZERO), "{month}");
            assert_eq!(aging.current, decimal(current), "{month}");
            assert_eq!(aging.month, decimal(month_late), "{month}");
            let rounded = |figure: Option<Decimal>| figure.unwrap().round_dp(6);
            assert_eq!(
                rounded(figures.dso_countback),
                decimal(countback),
                "{month}"
            );
            assert_eq!(rounded(figures.cei), decimal(cei), "{month}");
        }
    }
}
