//! Which promises to pay were kept.

use crossfoot::canonical::Record;
use crossfoot::collections::{PromiseInput, promise_figures};
use crossfoot::config::CollectionsConfig;
use crossfoot::reconcile::cash::CashBook;
use crossfoot::report::kpi::PromiseFigures;

use super::records::{book, credit_memo, day, decimal, invoice, payment, promise, with};

/// March 2026 with two days of grace and five percent of tolerance.
fn judged(promises: &[Record], book: &CashBook, today: &str) -> PromiseFigures {
    promise_figures(&PromiseInput {
        promises,
        book,
        account_of: &|_, id| id.to_owned(),
        branch_of: &|_| None,
        config: &CollectionsConfig::default(),
        days: (day("2026-03-01"), day("2026-03-31")),
        today: day(today),
        branch: None,
        currency: "USD".parse().unwrap(),
        rate_on: &|_, _, _| None,
    })
    .unwrap()
}

// Goal: a promise is kept within grace and tolerance, else kept in part or broken, and late money
// does not mend it. Method: five invoices with a promise each.
#[test]
fn a_promise_is_kept_in_part_or_broken() {
    let ids = ["a", "b", "c", "d", "e"];
    let invoices = ids.map(|id| invoice(id, "x", "2026-01-01", "2026-01-31", "100"));
    let payments = [
        payment("p1", "x", "2026-03-12", "95", "A"),
        payment("p2", "x", "2026-03-10", "40", "B"),
        payment("p3", "x", "2026-03-13", "100", "C"),
        payment("p4", "x", "2026-02-20", "100", "D"),
    ];
    let book = book(&invoices, &payments, &[]);
    let promises = ids.map(|id| {
        promise(
            &format!("r{id}"),
            "x",
            id,
            "100",
            "2026-03-01",
            "2026-03-10",
        )
    });
    let figures = judged(&promises, &book, "2026-04-30");
    // D was paid before it was promised, E never, C a day after the grace.
    assert_eq!((figures.kept, figures.partial, figures.broken), (1, 1, 3));
    assert_eq!(figures.kept_rate_count, Some(decimal("0.2")));
    assert_eq!(figures.kept_rate_value, Some(decimal("0.27")));
    assert_eq!((figures.pending, figures.cancelled), (0, 0));
}

// Goal: what is not due, withdrawn, superseded or credited is in no rate. Method: one of each, and
// nothing else.
#[test]
fn pending_and_cancelled_promises_are_in_no_rate() {
    let invoices = [
        invoice("a", "x", "2026-01-01", "2026-01-31", "100"),
        invoice("b", "x", "2026-01-01", "2026-01-31", "100"),
        invoice("c", "x", "2026-01-01", "2026-01-31", "100"),
        invoice("d", "x", "2026-01-01", "2026-01-31", "100"),
        credit_memo("m", "x", "2026-03-05", "-100", "d"),
    ];
    let book = book(&invoices, &[], &[]);
    let promises = [
        promise("r1", "x", "a", "100", "2026-03-01", "2026-03-29"),
        with(
            promise("r2", "x", "b", "100", "2026-03-01", "2026-03-10"),
            "status",
            "cancelled",
        ),
        promise("r3", "x", "c", "100", "2026-03-01", "2026-03-08"),
        promise("r4", "x", "c", "100", "2026-03-07", "2026-03-28"),
        promise("r5", "x", "d", "100", "2026-03-01", "2026-03-10"),
    ];
    let figures = judged(&promises, &book, "2026-03-15");
    assert_eq!((figures.pending, figures.cancelled), (2, 3));
    assert_eq!((figures.kept, figures.partial, figures.broken), (0, 0, 0));
    assert_eq!(figures.kept_rate_count, None);
    assert_eq!(figures.kept_rate_value, None);
}

// Goal: the same money keeps one promise only. Method: two instalments of one account, one payment;
// the order of the rows changes nothing.
#[test]
fn money_keeps_one_promise() {
    let invoices = [invoice("a", "x", "2026-01-01", "2026-01-31", "200")];
    let book = book(
        &invoices,
        &[payment("p", "x", "2026-03-05", "100", "A")],
        &[],
    );
    let mut promises = vec![
        promise("r1", "x", "", "100", "2026-03-01", "2026-03-10"),
        promise("r2", "x", "", "100", "2026-03-01", "2026-03-20"),
    ];
    let figures = judged(&promises, &book, "2026-04-30");
    assert_eq!((figures.kept, figures.broken), (1, 1));
    assert_eq!(figures.kept_rate_value, Some(decimal("0.5")));
    promises.reverse();
    assert_eq!(judged(&promises, &book, "2026-04-30"), figures);
}
