//! Receivables from small ledgers, and the laws that their figures obey.

use crossfoot::canonical::Record;
use crossfoot::collections::{Countback, MonthSales, Receivables, ReceivablesInput, count_back};
use crossfoot::currency::Currency;
use crossfoot::reconcile::cash::CashBook;
use crossfoot::report::kpi::ReceivablesFigures;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};
use rust_decimal::Decimal;

use super::records::{book, credit_memo, day, decimal, invoice, payment, with};

fn currency(code: &str) -> Currency {
    code.parse().unwrap()
}

/// Figures of a span at an instant in UTC; one EUR is 1.10 USD, and nothing else has a rate.
fn taken(book: &CashBook, span: &str, as_of: &str, branch: Option<&str>) -> Receivables {
    let rate_on = |from: Currency, into: Currency, _: Date| {
        (from == currency("EUR") && into == currency("USD")).then(|| decimal("1.10"))
    };
    crossfoot::collections::receivables(&ReceivablesInput {
        book,
        span: span.parse().unwrap(),
        as_of: as_of.parse().unwrap(),
        zone: &TimeZone::UTC,
        branch,
        currency: currency("USD"),
        rate_on: &rate_on,
    })
    .expect("receivables")
}

fn figures(book: &CashBook, span: &str) -> ReceivablesFigures {
    taken(book, span, "2027-01-01T00:00:00Z", None).figures
}

// Goal: every figure of a small ledger is the one that a person computes by hand. Method: two
// open invoices, one settled, a credit memo and unapplied cash, at the end of February.
#[test]
fn a_small_ledger_is_as_computed_by_hand() {
    let invoices = [
        invoice("old", "x", "2025-11-10", "2025-11-20", "90"),
        invoice("jan", "x", "2026-01-05", "2026-02-04", "310"),
        invoice("feb", "x", "2026-02-01", "2026-03-03", "280"),
        invoice("due", "y", "2026-02-10", "2026-02-28", "20"),
        credit_memo("memo", "x", "2026-02-15", "-20", ""),
    ];
    let payments = [
        payment("p1", "x", "2026-01-20", "310", "JAN"),
        payment("p2", "y", "2026-02-05", "10", "advance"),
    ];
    let figures = figures(&book(&invoices, &payments, &[]), "2026-02");
    let shown = serde_json::to_value(&figures).unwrap();
    // Sales 280 + 20 − 20 = 280 in 28 days. Owed 390 less credits of 30: 360.
    // Count back: 28 days for 280, then 80 of January's 310: 8 days.
    // Opening 90, so CEI = (90 + 280 − 390) / (90 + 280 − 300).
    let expected = serde_json::json!({
        "taken_on": "2026-02-28", "open_invoices": 3, "gross": "390.00", "credits": "-30.00",
        "net": "360.00", "sales": "280.00",
        "aging": {"current": "300.00", "1-30": "0.00", "31-60": "0.00", "61-90": "0.00",
            "91+": "90.00"},
        "dso": "36", "bpdso": "30", "add": "6", "dso_countback": "36",
        "dso_countback_at_least": null, "cei": "-0.2857142857142857142857142857",
        "percent_current": "0.7692307692307692307692307692",
        "percent_over_90": "0.2307692307692307692307692308",
        "paid_invoices": 0, "avg_days_late_paid": null, "percent_disputed_value": null,
        "percent_disputed_count": null, "bad_debt_gross": null, "bad_debt_net": null,
    });
    assert_eq!(shown, expected);
}

// Goal: what has no denominator is absent, and an exhausted history is no number. Method: a period
// without sales, an empty ledger, and a ledger that owes more than it ever sold in one month.
#[test]
fn nothing_is_zero_that_has_no_denominator() {
    let book_of = |invoices: &[Record]| book(invoices, &[], &[]);
    let old = book_of(&[invoice("a", "x", "2026-01-05", "2026-02-04", "100")]);
    let quiet = figures(&old, "2026-02");
    assert_eq!((quiet.dso, quiet.bpdso, quiet.add), (None, None, None));
    assert_eq!(quiet.dso_countback, None);
    assert_eq!(quiet.dso_countback_at_least, Some(Decimal::ZERO));
    assert_eq!(quiet.cei, Some(Decimal::ZERO));
    let january = figures(&old, "2026-01");
    assert_eq!(january.dso_countback, Some(decimal("31")));
    assert_eq!(january.cei, None, "all of it is current");
    let empty = figures(&book_of(&[]), "2026-02");
    assert_eq!(empty.gross, Some(Decimal::ZERO));
    assert_eq!((empty.percent_current, empty.cei), (None, None));
}

// Goal: figures are taken at the day of `as_of` when the period still runs, and a payment of
// tomorrow is not known today. Method: the same month at two instants.
#[test]
fn a_running_period_ends_today() {
    let invoices = [invoice("a", "x", "2026-03-01", "2026-03-05", "100")];
    let book = book(
        &invoices,
        &[payment("p", "x", "2026-03-11", "100", "A")],
        &[],
    );
    let running = taken(&book, "2026-03", "2026-03-10T12:00:00Z", None).figures;
    assert_eq!(running.taken_on.as_deref(), Some("2026-03-10"));
    assert_eq!(running.gross, Some(decimal("100")));
    assert_eq!(
        (running.dso, running.dso_countback),
        (Some(decimal("10")), Some(decimal("10")))
    );
    let over = taken(&book, "2026-03", "2026-04-10T12:00:00Z", None).figures;
    assert_eq!(
        (over.taken_on.as_deref(), over.gross),
        (Some("2026-03-31"), Some(Decimal::ZERO))
    );
}

// Goal: currencies are never added; one with a rate is converted, one without is left out and
// named. Method: USD, EUR and JPY in one scope.
#[test]
fn currencies_are_converted_or_left_out() {
    let in_currency = |id: &str, code: &str, total: &str| {
        with(
            invoice(id, "x", "2026-03-01", "2026-03-31", total),
            "currency",
            code,
        )
    };
    let invoices = [
        in_currency("a", "USD", "100"),
        in_currency("b", "EUR", "10"),
        in_currency("c", "JPY", "9999"),
    ];
    let taken = taken(
        &book(&invoices, &[], &[]),
        "2026-03",
        "2026-04-01T00:00:00Z",
        None,
    );
    assert_eq!(taken.figures.gross, Some(decimal("111")));
    assert_eq!(taken.figures.open_invoices, Some(2));
    assert_eq!(taken.excluded_currencies, [currency("JPY")]);
}

// Goal: a branch sees its own invoices, by their own branch or their account's. Method: one of
// each and one of neither.
#[test]
fn a_branch_sees_its_own() {
    let invoices = [
        invoice("a", "north-1", "2026-03-01", "2026-03-31", "1"),
        with(
            invoice("b", "x", "2026-03-01", "2026-03-31", "2"),
            "branch",
            "north",
        ),
        with(
            invoice("c", "north-1", "2026-03-01", "2026-03-31", "4"),
            "branch",
            "south",
        ),
    ];
    let book = book(&invoices, &[], &[]);
    let taken = taken(&book, "2026-03", "2026-04-01T00:00:00Z", Some("north"));
    assert_eq!(taken.figures.gross, Some(decimal("3")));
}

// Goal: a quarter counts its own days and opening balance. Method: equal sales per day.
#[test]
fn a_quarter_is_one_period() {
    let invoices = [
        invoice("a", "x", "2026-01-01", "2026-01-31", "3100"),
        invoice("b", "x", "2026-02-01", "2026-02-28", "2800"),
        invoice("c", "x", "2026-03-01", "2026-03-31", "3100"),
    ];
    let payments = [payment("p", "x", "2026-03-15", "3100", "A")];
    let figures = figures(&book(&invoices, &payments, &[]), "2026-Q1");
    assert_eq!(figures.dso, Some(decimal("59")));
    assert_eq!(figures.dso_countback, Some(decimal("59")));
    // (0 + 9000 − 5900) / (0 + 9000 − 3100)
    assert_eq!(figures.cei.unwrap().round_dp(6), decimal("0.525424"));
}

type Row = (u8, u8, i64, Option<u8>);

fn ledger(rows: &[Row]) -> CashBook {
    let on = |offset: u8| {
        let first = day("2026-01-01");
        first
            .checked_add(jiff::Span::new().days(i64::from(offset)))
            .unwrap()
            .to_string()
    };
    let mut invoices = Vec::new();
    let mut payments = Vec::new();
    for (at, (issued, terms, cents, settled)) in rows.iter().enumerate() {
        let (id, amount) = (format!("i{at}"), Decimal::new(*cents, 2).to_string());
        let due = on(issued + terms);
        invoices.push(invoice(&id, "x", &on(*issued), &due, &amount));
        if let Some(after) = settled {
            let number = id.to_uppercase();
            payments.push(payment(
                &format!("p{at}"),
                "x",
                &on(issued + after),
                &amount,
                &number,
            ));
        }
    }
    book(&invoices, &payments, &[])
}

proptest! {
    #![proptest_config(super::records::cases(128))]

    // Goal: laws 6 and 8: ADD = DSO − BPDSO, and the buckets add up to gross. Method: generated
    // ledgers at the ends of six months.
    #[test]
    fn delinquency_and_buckets_tie(
        rows in prop::collection::vec(
            (0..120_u8, 0..45_u8, 1..100_000_i64, prop::option::of(0..60_u8)), 1..30)
    ) {
        let book = ledger(&rows);
        for month in 1..=6 {
            let figures = figures(&book, &format!("2026-{month:02}"));
            if let (Some(dso), Some(bpdso)) = (figures.dso, figures.bpdso) {
                let add = figures.add.unwrap();
                prop_assert!((add - (dso - bpdso)).abs() < decimal("0.0000000000000001"));
            }
            let aging = figures.aging.unwrap();
            let buckets = aging.current + aging.month + aging.two_months + aging.quarter
                + aging.older;
            prop_assert_eq!(buckets, figures.gross.unwrap());
            prop_assert_eq!(figures.net, Some(figures.gross.unwrap() + figures.credits.unwrap()));
            if let Some(cei) = figures.cei {
                prop_assert!(cei <= Decimal::ONE, "CEI {cei}");
            }
            prop_assert!(figures.percent_current.is_none_or(|rate| rate <= Decimal::ONE));
        }
    }

    // Goal: law 7: the count back grows with what is owed, and equals the simple DSO where every
    // day sold the same and less is owed than was sold. Method: generated months.
    #[test]
    fn the_count_back_is_monotone_and_agrees_with_the_simple_one(
        months in prop::collection::vec((1..5_000_i64, 28..=31_i64), 1..14),
        owed in prop::collection::vec(0..40_000_i64, 2),
        sold_a_day in 1..500_i64,
    ) {
        let counted = |owed: i64, months: &[MonthSales]| {
            match count_back(Decimal::from(owed), months.iter().copied()).unwrap() {
                Countback::Days(days) | Countback::AtLeast(days) => days,
            }
        };
        let any: Vec<_> = months
            .iter()
            .map(|(sales, day_count)| MonthSales {
                sales: Decimal::from(*sales),
                day_count: *day_count,
            })
            .collect();
        let (less, more) = (owed[0].min(owed[1]), owed[0].max(owed[1]));
        prop_assert!(counted(less, &any) <= counted(more, &any));

        let even: Vec<_> = months
            .iter()
            .map(|(_, day_count)| MonthSales {
                sales: Decimal::from(sold_a_day * day_count),
                day_count: *day_count,
            })
            .collect();
        let day_count: i64 = months.iter().map(|(_, day_count)| day_count).sum();
        let owed = less.min(sold_a_day * day_count);
        let simple = Decimal::from(owed) / Decimal::from(sold_a_day);
        prop_assert!((counted(owed, &even) - simple).abs() < decimal("0.0000000000000001"));
    }
}

// Goal: days late are those of invoices whose last part came in in the period, weighted by total; what
// came early is not late and makes nothing less late. Method: one invoice in two parts, one early, one
// settled by a credit memo, one of an earlier month, one still open.
#[test]
fn days_late_are_of_what_was_paid_up() {
    let invoices = [
        invoice("a", "x", "2026-01-01", "2026-01-31", "100"),
        invoice("b", "x", "2026-01-01", "2026-03-31", "300"),
        invoice("c", "x", "2026-01-01", "2026-01-31", "50"),
        credit_memo("m", "x", "2026-03-05", "-50", "c"),
        invoice("d", "x", "2026-01-01", "2026-01-31", "70"),
        invoice("e", "x", "2026-01-01", "2026-01-31", "80"),
    ];
    let payments = [
        payment("p1", "x", "2026-02-10", "40", "A"),
        payment("p2", "x", "2026-03-12", "60", "A"),
        payment("p3", "x", "2026-03-10", "300", "B"),
        payment("p4", "x", "2026-02-10", "70", "D"),
        payment("p5", "x", "2026-03-10", "10", "E"),
    ];
    let figures = figures(&book(&invoices, &payments, &[]), "2026-03");
    assert_eq!(figures.paid_invoices, Some(2));
    assert_eq!(figures.avg_days_late_paid, Some(decimal("10")));
}
