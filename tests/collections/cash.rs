//! Stories of single payments: where the money goes, and what is left.

use crossfoot::config::{AbsoluteTolerance, AmountTolerance, DecimalText, ToleranceConfig};
use crossfoot::reconcile::cash::{MatchedBy, PaymentState};
use rust_decimal::Decimal;

use super::records::{
    book, book_with, credit_memo, day, decimal, invoice, listed, open, payment, remittance, with,
};

const LATE: &str = "2026-12-31";

fn tolerance(usd: &str) -> ToleranceConfig {
    ToleranceConfig {
        cash: AmountTolerance {
            absolute: Some(AbsoluteTolerance::PerCurrency(
                [("USD".parse().unwrap(), DecimalText(decimal(usd)))].into(),
            )),
            ..AmountTolerance::default()
        },
        ..ToleranceConfig::default()
    }
}

// Goal: a remittance decides before the reference and the rules. Method: a lump sum whose rows
// name two of three invoices while its reference names the third.
#[test]
fn a_remittance_decides_first() {
    let invoices = [
        invoice("a", "x", "2026-01-01", "2026-01-31", "100"),
        invoice("b", "x", "2026-01-01", "2026-01-31", "50"),
        invoice("c", "x", "2026-01-01", "2026-01-31", "150"),
    ];
    let rows = [
        remittance("r1", "p", "a", "100"),
        with(remittance("r2", "p", "", "50"), "invoice_number", "B"),
    ];
    let book = book(
        &invoices,
        &[payment("p", "x", "2026-02-01", "150", "C")],
        &rows,
    );
    let shown = listed(&book, "p", LATE);
    assert_eq!(shown.rule, Some(MatchedBy::Remittance));
    assert_eq!(shown.state, PaymentState::Matched);
    assert_eq!(open(&book, "a", LATE), Decimal::ZERO);
    assert_eq!(open(&book, "b", LATE), Decimal::ZERO);
    assert_eq!(open(&book, "c", LATE), decimal("150"));
    assert_eq!(
        open(&book, "a", "2026-01-31"),
        decimal("100"),
        "open until it was paid"
    );
}

// Goal: payments with one reference are one batch. Method: two payments, one remittance that names
// the reference, and two invoices whose totals only fit together.
#[test]
fn payments_of_one_reference_are_a_batch() {
    let invoices = [
        invoice("a", "x", "2026-01-01", "2026-01-31", "120"),
        invoice("b", "x", "2026-01-01", "2026-01-31", "80"),
    ];
    let payments = [
        payment("p1", "x", "2026-02-01", "150", "BATCH-7"),
        payment("p2", "x", "2026-02-03", "50", "BATCH-7"),
    ];
    let rows = [
        remittance("r1", "BATCH-7", "a", "120"),
        remittance("r2", "BATCH-7", "b", "80"),
    ];
    let book = book(&invoices, &payments, &rows);
    assert_eq!(open(&book, "b", "2026-02-01"), decimal("50"));
    assert_eq!(open(&book, "b", "2026-02-03"), Decimal::ZERO);
    for id in ["p1", "p2"] {
        let shown = listed(&book, id, LATE);
        assert_eq!(shown.state, PaymentState::Matched, "{id}");
        assert_eq!(shown.deduction, Decimal::ZERO, "{id}");
    }
}

// Goal: the reference names an invoice by number; what is paid too much stays visible, and a
// second payment of the same invoice goes nowhere else. Method: overpay, then pay again while
// another invoice of exactly that amount is open.
#[test]
fn what_is_paid_too_much_stays_unapplied() {
    let invoices = [
        invoice("a", "x", "2026-01-01", "2026-01-31", "100"),
        invoice("b", "x", "2026-01-01", "2026-01-31", "100"),
    ];
    let payments = [
        payment("p1", "x", "2026-02-01", "110", "A"),
        payment("p2", "x", "2026-02-02", "100", "A"),
    ];
    let book = book(&invoices, &payments, &[]);
    let first = listed(&book, "p1", LATE);
    assert_eq!(
        (first.state, first.unapplied),
        (PaymentState::Partial, decimal("10"))
    );
    let second = listed(&book, "p2", LATE);
    assert_eq!(
        (second.state, second.unapplied),
        (PaymentState::Unapplied, decimal("100"))
    );
    assert_eq!(open(&book, "b", LATE), decimal("100"));
}

// Goal: a short payment of a named invoice is noise within tolerance and a deduction above it; a
// later payment takes the deduction's place. Method: one tolerance of 2.00 and three amounts.
#[test]
fn a_short_payment_is_noise_or_a_deduction() {
    let invoices = [
        invoice("a", "x", "2026-01-01", "2026-01-31", "100"),
        invoice("b", "x", "2026-01-01", "2026-01-31", "100"),
    ];
    let payments = [
        payment("p1", "x", "2026-02-01", "98.00", "A"),
        payment("p2", "x", "2026-02-01", "97.99", "B"),
        payment("p3", "x", "2026-03-01", "2.01", "B"),
    ];
    let book = book_with(&invoices, &payments, &[], &tolerance("2.00"));
    let noise = listed(&book, "p1", LATE);
    assert_eq!(
        (noise.write_off, noise.deduction),
        (decimal("2"), Decimal::ZERO)
    );
    assert_eq!(open(&book, "a", LATE), Decimal::ZERO);
    let short = listed(&book, "p2", "2026-02-01");
    assert_eq!(
        (short.write_off, short.deduction),
        (Decimal::ZERO, decimal("2.01"))
    );
    assert_eq!(short.state, PaymentState::Matched, "all of it is applied");
    assert_eq!(
        open(&book, "b", "2026-02-01"),
        decimal("2.01"),
        "a deduction stays open"
    );
    assert_eq!(listed(&book, "p2", LATE).deduction, Decimal::ZERO);
    assert_eq!(open(&book, "b", LATE), Decimal::ZERO);
}

// Goal: a remittance row's own deduction is believed. Method: a row that keeps 5 of 100.
#[test]
fn a_stated_deduction_is_kept() {
    let invoices = [invoice("a", "x", "2026-01-01", "2026-01-31", "100")];
    let row = with(remittance("r", "p", "a", "95"), "deduction_amount", "5");
    let payments = [payment("p", "x", "2026-02-01", "95", "")];
    let book = book_with(&invoices, &payments, &[row], &tolerance("10"));
    let shown = listed(&book, "p", LATE);
    assert_eq!(
        (shown.write_off, shown.deduction),
        (Decimal::ZERO, decimal("5"))
    );
}

// Goal: without any name the rules look at what is open on the day. Method: one account, one
// payment per rule, an invoice that is not issued yet.
#[test]
fn the_rules_look_at_what_is_open_on_the_day() {
    let invoices = [
        invoice("a", "x", "2026-01-01", "2026-01-31", "10"),
        invoice("b", "x", "2026-01-02", "2026-02-28", "20"),
        invoice("c", "y", "2026-01-01", "2026-01-31", "7"),
        invoice("d", "y", "2026-01-01", "2026-01-10", "5"),
        invoice("e", "y", "2026-01-01", "2026-06-30", "9"),
        invoice("f", "z", "2026-01-01", "2026-03-31", "40"),
        invoice("g", "z", "2026-01-01", "2026-01-31", "40.50"),
        invoice("h", "z", "2026-05-01", "2026-05-31", "60"),
    ];
    let payments = [
        payment("all", "x", "2026-01-15", "30", ""),
        payment("past", "y", "2026-02-15", "12", "thank you"),
        payment("old", "z", "2026-02-15", "60", ""),
        payment("one", "z", "2026-06-01", "60", ""),
    ];
    let book = book(&invoices, &payments, &[]);
    let rules = ["all", "past", "old", "one"].map(|id| listed(&book, id, LATE).rule.unwrap());
    assert_eq!(
        rules,
        [
            MatchedBy::ClearAccount,
            MatchedBy::ClearPastDue,
            MatchedBy::OldestFirst,
            MatchedBy::MatchSingle,
        ]
    );
    assert_eq!(open(&book, "e", LATE), decimal("9"));
    assert_eq!(
        open(&book, "g", LATE),
        Decimal::ZERO,
        "the earliest due first"
    );
    assert_eq!(
        open(&book, "f", LATE),
        decimal("20.5"),
        "the last one in part"
    );
    assert_eq!(open(&book, "h", LATE), Decimal::ZERO);
}

// Goal: of two equal invoices the earliest due is taken, then the lowest id, and the payment is
// not counted as matched. Method: three equal invoices, two of them due on one day.
#[test]
fn a_tie_is_ambiguous() {
    let invoices = [
        invoice("b", "x", "2026-01-01", "2026-01-31", "100"),
        invoice("a", "x", "2026-01-01", "2026-01-31", "100"),
        invoice("0", "x", "2026-01-01", "2026-02-28", "100"),
    ];
    let book = book(
        &invoices,
        &[payment("p", "x", "2026-02-01", "100", "")],
        &[],
    );
    let shown = listed(&book, "p", LATE);
    assert_eq!(shown.state, PaymentState::Ambiguous);
    assert!(shown.ambiguous);
    assert_eq!(shown.proposals, [["a"], ["b"], ["0"]]);
    assert_eq!(open(&book, "a", LATE), Decimal::ZERO);
    assert_eq!(open(&book, "b", LATE), decimal("100"));
}

// Goal: money whose owner is unknown is in suspense, unless it names an invoice; nothing moves
// between customers or currencies. Method: no account; a foreign account; a foreign currency.
#[test]
fn unknown_money_waits() {
    let invoices = [
        invoice("a", "x", "2026-01-01", "2026-01-31", "100"),
        invoice("b", "x", "2026-01-01", "2026-01-31", "70"),
    ];
    let payments = [
        payment("nobody", "", "2026-02-01", "100", ""),
        payment("named", "", "2026-02-01", "70", "B"),
        payment("other", "y", "2026-02-01", "100", "A"),
        with(
            payment("euro", "x", "2026-02-01", "100", "A"),
            "currency",
            "EUR",
        ),
    ];
    let book = book(&invoices, &payments, &[]);
    let nobody = listed(&book, "nobody", LATE);
    assert_eq!(
        (nobody.state, nobody.suspense),
        (PaymentState::Suspense, decimal("100"))
    );
    let named = listed(&book, "named", LATE);
    assert_eq!(
        (named.state, named.account.as_deref()),
        (PaymentState::Matched, Some("x"))
    );
    for id in ["other", "euro"] {
        assert_eq!(
            listed(&book, id, LATE).state,
            PaymentState::Unapplied,
            "{id}"
        );
    }
    assert_eq!(open(&book, "a", LATE), decimal("100"));
    let credits = book.credits(day(LATE));
    assert_eq!(credits.len(), 2, "suspense is nobody's credit");
}

// Goal: a credit memo reduces the invoice that it names, and the rest stays a credit. Method: a
// memo larger than what is open, one without an original, one that comes before the payment.
#[test]
fn credit_memos_reduce_what_they_name() {
    let invoices = [
        invoice("a", "x", "2026-01-01", "2026-01-31", "100"),
        credit_memo("m1", "x", "2026-01-20", "-20", "a"),
        credit_memo("m2", "x", "2026-03-01", "-30", "a"),
        credit_memo("m3", "x", "2026-03-01", "-5", ""),
    ];
    let book = book(&invoices, &[payment("p", "x", "2026-01-20", "80", "")], &[]);
    assert_eq!(listed(&book, "p", LATE).rule, Some(MatchedBy::MatchSingle));
    assert_eq!(open(&book, "a", "2026-01-19"), decimal("100"));
    assert_eq!(open(&book, "a", "2026-01-20"), Decimal::ZERO);
    assert_eq!(open(&book, "m1", LATE), Decimal::ZERO);
    assert_eq!(open(&book, "m2", LATE), decimal("-30"));
    assert_eq!(open(&book, "m3", LATE), decimal("-5"));
}

// Goal: a credit memo that a remittance names pays with the cash. Method: 100 settled by 80 and
// a credit of 20.
#[test]
fn a_remittance_may_use_a_credit_memo() {
    let invoices = [
        invoice("a", "x", "2026-01-01", "2026-01-31", "100"),
        credit_memo("m", "x", "2026-01-05", "-20", ""),
    ];
    let rows = [
        remittance("r1", "p", "a", "100"),
        remittance("r2", "p", "m", "-20"),
    ];
    let book = book(
        &invoices,
        &[payment("p", "x", "2026-02-01", "80", "")],
        &rows,
    );
    assert_eq!(open(&book, "a", LATE), Decimal::ZERO);
    assert_eq!(open(&book, "m", LATE), Decimal::ZERO);
    let shown = listed(&book, "p", LATE);
    assert_eq!(
        (shown.state, shown.deduction),
        (PaymentState::Matched, Decimal::ZERO)
    );
}

// Goal: a reversal restores the invoice on its day and edits no history. Method: a payment that
// was short within tolerance, taken back; and one taken back in part.
#[test]
fn a_reversal_restores() {
    let invoices = [
        invoice("a", "x", "2026-01-01", "2026-01-31", "100"),
        invoice("b", "y", "2026-01-01", "2026-01-31", "50"),
    ];
    let payments = [
        payment("p", "x", "2026-02-01", "99", "A"),
        with(
            payment("back", "x", "2026-02-10", "-99", ""),
            "reversal_of",
            "p",
        ),
        payment("q", "y", "2026-02-01", "60", "B"),
        with(
            payment("part", "y", "2026-02-10", "-25", ""),
            "reversal_of",
            "q",
        ),
    ];
    let book = book_with(&invoices, &payments, &[], &tolerance("2"));
    assert_eq!(open(&book, "a", "2026-02-09"), Decimal::ZERO);
    assert_eq!(open(&book, "a", "2026-02-10"), decimal("100"));
    assert_eq!(
        listed(&book, "p", "2026-02-09").state,
        PaymentState::Matched
    );
    assert_eq!(listed(&book, "p", LATE).state, PaymentState::Reversed);
    let back = listed(&book, "back", LATE);
    assert_eq!(
        (back.state, back.applied[0].amount),
        (PaymentState::Reversed, decimal("-99"))
    );
    // The idle 10 go first, then 15 of what was applied.
    assert_eq!(open(&book, "b", LATE), decimal("15"));
    assert!(
        book.credits(day(LATE))
            .iter()
            .map(|credit| credit.amount)
            .sum::<Decimal>()
            .is_zero()
    );
}

// Goal: what is not in scope is nowhere. Method: drafts, void invoices, pending and failed
// payments, deleted records.
#[test]
fn drafts_and_pending_payments_count_nowhere() {
    let invoices = [
        with(
            invoice("a", "x", "2026-01-01", "2026-01-31", "1"),
            "status",
            "draft",
        ),
        with(
            invoice("b", "x", "2026-01-01", "2026-01-31", "2"),
            "status",
            "void",
        ),
        with(
            invoice("c", "x", "2026-01-01", "2026-01-31", "3"),
            "deleted",
            "true",
        ),
        invoice("d", "x", "2026-01-01", "2026-01-31", "4"),
    ];
    let payments = [
        with(
            payment("p", "x", "2026-02-01", "4", "D"),
            "status",
            "pending",
        ),
        with(
            payment("q", "x", "2026-02-01", "4", "D"),
            "status",
            "failed",
        ),
    ];
    let book = book(&invoices, &payments, &[]);
    assert_eq!(book.invoices().len(), 1);
    assert!(book.payments().is_empty());
    assert_eq!(open(&book, "d", LATE), decimal("4"));
}

// Goal: the source's balance holds only for an invoice that nothing of the landing touches.
// Method: the same balance on an invoice with and without a payment, also before that payment.
#[test]
fn the_sources_balance_is_the_last_resort() {
    let invoices = [
        with(
            invoice("a", "x", "2026-01-01", "2026-01-31", "100"),
            "balance",
            "0",
        ),
        with(
            invoice("b", "y", "2026-01-01", "2026-01-31", "100"),
            "balance",
            "40",
        ),
        with(
            invoice("c", "z", "2026-01-01", "2026-01-31", "100"),
            "status",
            "paid",
        ),
        with(
            invoice("d", "z", "2026-01-01", "2026-01-31", "100"),
            "status",
            "uncollectible",
        ),
    ];
    let book = book(
        &invoices,
        &[payment("p", "x", "2026-02-01", "30", "A")],
        &[],
    );
    assert_eq!(open(&book, "a", "2026-01-31"), decimal("100"));
    assert_eq!(open(&book, "a", LATE), decimal("70"));
    assert_eq!(open(&book, "b", LATE), decimal("40"));
    assert_eq!(open(&book, "c", LATE), Decimal::ZERO);
    assert_eq!(open(&book, "d", LATE), Decimal::ZERO);
}

// Goal: the JSON of a payment is the documented one. Method: compare the whole object.
#[test]
fn a_payment_is_listed_as_documented() {
    let invoices = [invoice("a", "x", "2026-01-01", "2026-01-31", "100.00")];
    let book = book(
        &invoices,
        &[payment("p", "x", "2026-02-01", "60.00", "")],
        &[],
    );
    let shown = serde_json::to_value(listed(&book, "p", LATE)).unwrap();
    let expected = serde_json::json!({
        "payment": "p", "account": "x", "received_on": "2026-02-01", "amount": "60.00",
        "currency": "USD", "state": "matched", "rule": "oldest_first", "ambiguous": false,
        "applied": [{"invoice": "a", "amount": "60.00"}], "write_off": "0", "deduction": "0",
        "discount": "0", "unapplied": "0.00", "on_account": "0", "suspense": "0", "proposals": [],
    });
    assert_eq!(shown, expected);
}
