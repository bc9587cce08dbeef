//! Payment accuracy, and claimed services against invoices against payments.

use std::collections::BTreeMap;

use crossfoot::canonical::Record;
use crossfoot::config::ToleranceConfig;
use crossfoot::reconcile::cash::{
    AccuracyInput, CashBook, ClaimLine, ClaimNames, PaymentAccuracy, ServiceClaim, claim_lines,
    payment_accuracy,
};
use rust_decimal::Decimal;

use super::records::{book, claim, credit_memo, day, decimal, invoice, payment, with};

fn measured(book: &CashBook, claims: &[ClaimLine], today: &str) -> PaymentAccuracy {
    payment_accuracy(&AccuracyInput {
        book,
        claims,
        tolerance: &ToleranceConfig::default(),
        correction_days: 60,
        days: (day("2026-02-01"), day("2026-02-28")),
        today: day(today),
        branch: None,
        currency: "USD".parse().unwrap(),
        rate_on: &|_, _, _| None,
    })
    .unwrap()
}

// Goal: what makes a payment inaccurate, and what its error is, worked out by hand: of five payments
// one is right; errors 30 + 40 + 20 + 100 = 190 of 100 + 100 + 0 + 50 + 100 = 350 due. Method: one
// payment of each sort.
#[test]
fn a_payment_is_accurate_when_everything_is_right() {
    let invoices = [
        invoice("a", "x", "2026-01-01", "2026-01-31", "100"),
        invoice("b", "x", "2026-01-01", "2026-01-31", "100"),
        invoice("d", "y", "2026-01-01", "2026-01-31", "50"),
        invoice("e", "y", "2026-01-01", "2026-01-31", "100"),
    ];
    let payments = [
        payment("right", "x", "2026-02-01", "100", "A"),
        payment("short", "x", "2026-02-02", "70", "B"),
        payment("nowhere", "", "2026-02-03", "40", ""),
        payment("too much", "y", "2026-02-04", "70", "D"),
        payment("taken back", "y", "2026-02-05", "100", "E"),
        with(
            payment("back", "y", "2026-03-20", "-100", ""),
            "reversal_of",
            "taken back",
        ),
        payment("of another month", "x", "2026-03-01", "30", "B"),
    ];
    let book = book(&invoices, &payments, &[]);
    let found = measured(&book, &[], "2026-06-30");
    assert_eq!((found.payments, found.accurate), (5, 1));
    assert_eq!(found.count_rate, Some(decimal("0.2")));
    let wrong = decimal("190") / decimal("350");
    assert_eq!(found.value_rate, Some((Decimal::ONE - wrong).normalize()));
    assert_eq!(found.provisional_share, Some(Decimal::ZERO));
    assert_eq!((found.claim_lines, found.claim_line_rate), (0, None));

    let early = measured(&book, &[], "2026-03-10");
    assert_eq!(
        (early.payments, early.accurate),
        (5, 2),
        "not taken back yet"
    );
    assert_eq!(early.provisional_share, Some(Decimal::ONE));
    let before = measured(&book, &[], "2026-01-31");
    assert_eq!(
        (before.payments, before.count_rate, before.value_rate),
        (0, None, None)
    );
}

// Goal: the payment that comes after one that was taken back is no first attempt, and one for the
// invoice of another customer is not by the right payer. Method: one of each, both right in amount.
#[test]
fn a_second_attempt_and_another_payer_are_not_accurate() {
    let invoices = [invoice("a", "x", "2026-01-01", "2026-01-31", "100")];
    let payments = [
        payment("p", "x", "2026-01-20", "100", "A"),
        with(
            payment("back", "x", "2026-01-25", "-100", ""),
            "reversal_of",
            "p",
        ),
        payment("q", "x", "2026-02-10", "100", "A"),
    ];
    let found = measured(&book(&invoices, &payments, &[]), &[], "2026-06-30");
    assert_eq!((found.payments, found.accurate), (1, 0));
    assert_eq!(
        found.value_rate,
        Some(Decimal::ONE),
        "nothing is off in money"
    );
}

fn claims_of(records: &[Record], book: &CashBook, lines: &[(&str, &str, &str)]) -> Vec<ClaimLine> {
    let claims = ServiceClaim::among(
        records,
        book,
        &ClaimNames {
            account_of: &|_, id| id.to_owned(),
            branch_of: &|_| None,
            sku_of: &|_, sku| sku.to_uppercase(),
        },
    );
    let lines: BTreeMap<(String, String), Decimal> = lines
        .iter()
        .map(|(invoice, sku, gross)| {
            (
                (format!("billing:{invoice}"), (*sku).to_owned()),
                decimal(gross),
            )
        })
        .collect();
    claim_lines(&claims, book, &lines, day("2026-06-30")).unwrap()
}

// Goal: a claimed line is right when it is invoiced as claimed and paid as invoiced; deductions are no
// claimed services. Method: claims that are right, invoiced otherwise, not paid, split in two, about a
// whole invoice, about the month's invoices, and two that are deductions.
#[test]
fn claims_are_held_against_invoices_and_payments() {
    let invoices = [
        invoice("a", "x", "2026-02-01", "2026-03-03", "100"),
        invoice("b", "x", "2026-02-01", "2026-03-03", "60"),
        invoice("c", "z", "2026-02-10", "2026-03-12", "25"),
    ];
    let payments = [
        payment("p", "x", "2026-02-20", "100", "A"),
        payment("q", "x", "2026-02-21", "30", "B"),
        payment("r", "z", "2026-02-22", "25", "C"),
    ];
    let book = book(&invoices, &payments, &[]);
    let records = [
        claim("1", "x", "a", "seat", "60", "2026-02-05"),
        claim("2", "x", "a", "setup", "45", "2026-02-05"),
        claim("3", "x", "b", "seat", "60", "2026-02-05"),
        claim("4", "x", "a", "disk", "10", "2026-02-05"),
        claim("5", "x", "a", "disk", "10", ""),
        claim("6", "z", "c", "", "25", "2026-02-11"),
        claim("7", "z", "", "seat", "25", "2026-02-11"),
        claim("8", "x", "nothing", "seat", "5", "2026-02-11"),
        claim("9", "x", "a", "seat", "60", "2026-03-05"),
        with(
            claim("d1", "x", "a", "seat", "60", "2026-02-05"),
            "reason_code",
            "PRICING",
        ),
        with(
            claim("d2", "x", "a", "seat", "60", "2026-02-05"),
            "evidence_due_on",
            "2026-03-01",
        ),
    ];
    let one_by_one = |wanted: &[usize]| -> Vec<Record> {
        wanted.iter().map(|at| records[at - 1].clone()).collect()
    };
    let lines = [
        ("a", "SEAT", "60"),
        ("a", "SETUP", "20"),
        ("a", "DISK", "20"),
        ("b", "SEAT", "60"),
        ("c", "SEAT", "25"),
    ];
    for (wanted, right, why) in [
        (&[1][..], 1, "claimed, invoiced and paid alike"),
        (&[2], 0, "claimed more than is invoiced"),
        (&[3], 0, "half of it is paid"),
        (&[4, 5], 2, "two claims of one line"),
        (&[6], 1, "a whole invoice"),
        (&[7], 1, "the invoices of the month"),
        (&[8], 0, "no such invoice"),
    ] {
        let found = measured(
            &book,
            &claims_of(&one_by_one(wanted), &book, &lines),
            "2026-06-30",
        );
        assert_eq!(found.claim_lines, wanted.len() as u64, "{why}");
        let rate = Decimal::from(right) / Decimal::from(found.claim_lines);
        assert_eq!(found.claim_line_rate, Some(rate.normalize()), "{why}");
    }
    let deductions = [records[9].clone(), records[10].clone()];
    let found = measured(&book, &claims_of(&deductions, &book, &lines), "2026-06-30");
    assert_eq!((found.claim_lines, found.claim_line_rate), (0, None));
    let later = measured(
        &book,
        &claims_of(&one_by_one(&[9]), &book, &lines),
        "2026-06-30",
    );
    assert_eq!(later.claim_lines, 0, "it was claimed in another month");
}

// Goal: an invoice that a credit memo names was not right when it was issued, once that is known.
// Method: three invoices, one credited, asked before and after.
#[test]
fn an_invoice_that_was_credited_was_not_accurate() {
    let invoices = [
        invoice("a", "x", "2026-02-01", "2026-02-28", "100"),
        invoice("b", "x", "2026-02-01", "2026-02-28", "100"),
        invoice("c", "x", "2026-02-02", "2026-02-28", "100"),
        credit_memo("m", "x", "2026-03-05", "-10", "b"),
    ];
    let book = book(&invoices, &[], &[]);
    let before = measured(&book, &[], "2026-03-04");
    assert_eq!((before.invoices, before.corrected_invoices), (3, 0));
    assert_eq!(before.invoice_accuracy, Some(Decimal::ONE));
    let after = measured(&book, &[], "2026-03-05");
    assert_eq!((after.invoices, after.corrected_invoices), (3, 1));
    assert!(after.invoice_accuracy < before.invoice_accuracy);
}
