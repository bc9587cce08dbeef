//! Payments that a person applied: what is refused, and that nothing takes the match away again.

use crossfoot::config::ToleranceConfig;
use crossfoot::fault::Failure;
use crossfoot::reconcile::cash::{CashBook, MatchRequest, MatchedBy, PaymentState};
use crossfoot::store::{CashDecision, CashPart};
use rust_decimal::Decimal;

use super::records::{
    book, credit_memo, day, decided_book, decimal, invoice, listed, open, payment, with,
};

const LATE: &str = "2026-12-31";

fn decide(
    book: &CashBook,
    payment: &str,
    parts: &[(&str, &str)],
) -> Result<Vec<CashPart>, Failure> {
    let parts: Vec<(String, Decimal)> = parts
        .iter()
        .map(|(invoice, amount)| ((*invoice).to_owned(), decimal(amount)))
        .collect();
    let request = MatchRequest {
        payment,
        parts: &parts,
        day: day(LATE),
    };
    book.decide(&request).map(|wanted| wanted.parts)
}

fn decision(payment: &str, parts: Vec<CashPart>) -> CashDecision {
    CashDecision {
        decision_id: format!("decision of {payment}"),
        payment: format!("billing:{payment}"),
        currency: "USD".parse().unwrap(),
        decided_at: "2026-12-01T00:00:00Z".parse().unwrap(),
        actor: "ann".into(),
        reason: None,
        replaces: None,
        parts,
    }
}

// Goal: each of the refusals, by its code. Method: one ledger, and requests that are wrong in one way.
#[test]
fn what_cannot_be_is_refused() {
    let invoices = [
        invoice("a", "x", "2026-01-01", "2026-01-31", "100"),
        invoice("b", "x", "2026-01-01", "2026-01-31", "50"),
        with(
            invoice("e", "x", "2026-01-01", "2026-01-31", "50"),
            "currency",
            "EUR",
        ),
        credit_memo("m", "x", "2026-01-05", "10", ""),
    ];
    let payments = [
        payment("p", "", "2026-02-01", "70", ""),
        payment("q", "x", "2026-02-02", "50", "B"),
        payment("r", "x", "2026-02-03", "30", "nothing"),
        with(
            payment("t", "x", "2026-02-04", "-30", ""),
            "reversal_of",
            "r",
        ),
    ];
    let book = book(&invoices, &payments, &[]);
    for (payment, parts, code) in [
        ("nobody", vec![("a", "1")], "XF-K024"),
        ("p", vec![("nothing", "1")], "XF-R804"),
        ("p", vec![("m", "1")], "XF-R805"),
        ("p", vec![("e", "1")], "XF-R806"),
        ("q", vec![("a", "1")], "XF-R807"),
        ("r", vec![("a", "1")], "XF-R808"),
        ("t", vec![("a", "1")], "XF-R808"),
        ("p", vec![("a", "70.01")], "XF-R809"),
        ("p", vec![("a", "40"), ("a", "40")], "XF-R809"),
        ("p", vec![("b", "0.01")], "XF-R809"),
        ("p", vec![("a", "0")], "XF-R810"),
        ("p", vec![("a", "-1")], "XF-R810"),
    ] {
        let refused = decide(&book, payment, &parts).unwrap_err();
        assert_eq!(refused.code(), code, "{payment} {parts:?}: {refused}");
    }
    let parts = decide(&book, "billing:p", &[("A", "60"), ("billing:a", "10")]).unwrap();
    assert_eq!(parts.len(), 1, "one part per invoice");
    assert_eq!(parts[0].amount, decimal("70"));
}

// Goal: a person's match stands whatever comes later, and the rules find only what it leaves. Method:
// money in suspense is applied by hand; then an older payment and a remittance for the same invoice
// arrive.
#[test]
fn a_manual_match_survives_what_comes_later() {
    let invoices = [
        invoice("a", "x", "2026-01-01", "2026-01-31", "100"),
        invoice("b", "x", "2026-01-01", "2026-02-15", "100"),
    ];
    let by_hand = payment("p", "", "2026-02-10", "100", "");
    let before = book(&invoices, std::slice::from_ref(&by_hand), &[]);
    assert_eq!(listed(&before, "p", LATE).state, PaymentState::Suspense);
    let parts = decide(&before, "p", &[("b", "100")]).unwrap();
    let decisions = [decision("p", parts)];

    let payments = [by_hand, payment("early", "x", "2026-01-20", "100", "B")];
    let none = ToleranceConfig::default();
    let book = decided_book(&invoices, &payments, &[], &none, &decisions);
    let shown = listed(&book, "p", LATE);
    assert_eq!(shown.rule, Some(MatchedBy::Manual));
    assert_eq!(shown.state, PaymentState::Matched);
    assert_eq!(
        shown.account.as_deref(),
        Some("x"),
        "its owner is known now"
    );
    assert_eq!(shown.applied[0].invoice, "b");
    assert_eq!(
        listed(&book, "early", LATE).unapplied,
        decimal("100"),
        "it names an invoice that is another's"
    );
    assert_eq!(
        open(&book, "b", "2026-02-09"),
        decimal("100"),
        "open until the receipt"
    );
    assert_eq!(open(&book, "b", LATE), Decimal::ZERO);
    assert_eq!(open(&book, "a", LATE), decimal("100"));

    // A reversal takes it back, like any other.
    let reversal = with(
        payment("z", "", "2026-03-01", "-100", ""),
        "reversal_of",
        "p",
    );
    let payments = [payments[0].clone(), reversal];
    let book = decided_book(&invoices, &payments, &[], &none, &decisions);
    assert_eq!(open(&book, "b", LATE), decimal("100"));
    assert_eq!(listed(&book, "p", LATE).state, PaymentState::Reversed);
}

// Goal: only an ambiguous match by a rule gives way; what else is applied of a payment stays beside
// what a person adds. Method: two equal invoices, and a payment that is applied in part.
#[test]
fn an_ambiguous_match_gives_way_and_the_rest_stays() {
    let invoices = [
        invoice("a", "x", "2026-01-01", "2026-01-31", "100"),
        invoice("b", "x", "2026-01-01", "2026-01-31", "100"),
        invoice("c", "y", "2026-01-01", "2026-01-31", "40"),
        invoice("d", "y", "2026-03-01", "2026-03-31", "60"),
    ];
    let payments = [
        payment("p", "x", "2026-02-01", "100", ""),
        payment("q", "y", "2026-02-01", "70", "C"),
    ];
    let before = book(&invoices, &payments, &[]);
    assert!(listed(&before, "p", LATE).ambiguous);
    assert_eq!(listed(&before, "q", LATE).state, PaymentState::Partial);
    let decisions = [
        decision("p", decide(&before, "p", &[("b", "100")]).unwrap()),
        decision("q", decide(&before, "q", &[("d", "30")]).unwrap()),
    ];
    assert_eq!(decisions[1].parts.len(), 2, "what the rule applied is kept");
    let none = ToleranceConfig::default();
    let book = decided_book(&invoices, &payments, &[], &none, &decisions);
    let first = listed(&book, "p", LATE);
    assert_eq!(
        (first.ambiguous, first.state),
        (false, PaymentState::Matched)
    );
    assert_eq!(open(&book, "a", LATE), decimal("100"));
    assert_eq!(open(&book, "b", LATE), Decimal::ZERO);
    assert_eq!(open(&book, "c", LATE), Decimal::ZERO);
    assert_eq!(open(&book, "d", LATE), decimal("30"));
    assert_eq!(
        decide(&book, "p", &[("a", "1")]).unwrap_err().code(),
        "XF-R807",
        "what a person said is said"
    );
    let d = invoices[3].clone();
    let smaller = [invoices[2].clone(), with(d, "total", "20")];
    let book = decided_book(&smaller, &payments[1..], &[], &none, &decisions);
    assert_eq!(
        open(&book, "d", LATE),
        Decimal::ZERO,
        "never more than is owed"
    );
    assert_eq!(listed(&book, "q", LATE).unapplied, decimal("10"));
}

// Goal: what an all used up payment leaves of its invoice is noise within tolerance, and stays open
// above it or while money is left. Method: a tolerance of 2.00 and three payments.
#[test]
fn a_residual_within_tolerance_is_noise() {
    use crossfoot::config::{AbsoluteTolerance, AmountTolerance, DecimalText};
    let tolerance = ToleranceConfig {
        cash: AmountTolerance {
            absolute: Some(AbsoluteTolerance::Plain(DecimalText(decimal("2")))),
            ..AmountTolerance::default()
        },
        ..ToleranceConfig::default()
    };
    let invoices = [
        invoice("a", "x", "2026-01-01", "2026-01-31", "100"),
        invoice("b", "x", "2026-01-01", "2026-01-31", "100"),
        invoice("c", "x", "2026-01-01", "2026-01-31", "100"),
    ];
    let payments = [
        payment("p", "x", "2026-02-01", "98", ""),
        payment("q", "x", "2026-02-01", "97", ""),
        payment("r", "x", "2026-02-01", "150", ""),
    ];
    let part = |invoice: &str, amount: &str| {
        vec![CashPart {
            invoice: format!("billing:{invoice}"),
            amount: decimal(amount),
        }]
    };
    let decisions = [
        decision("p", part("a", "98")),
        decision("q", part("b", "97")),
        decision("r", part("c", "99")),
    ];
    let book = decided_book(&invoices, &payments, &[], &tolerance, &decisions);
    assert_eq!(open(&book, "a", LATE), Decimal::ZERO);
    assert_eq!(listed(&book, "p", LATE).write_off, decimal("2"));
    assert_eq!(open(&book, "b", LATE), decimal("3"));
    assert_eq!(listed(&book, "q", LATE).deduction, Decimal::ZERO);
    assert_eq!(open(&book, "c", LATE), decimal("1"));
}
