//! The daily evaluation of collection cases.

use crossfoot::canonical::Record;
use crossfoot::collections::{EvaluateInput, evaluate_cases};
use crossfoot::config::{CalendarConfig, CollectionsConfig, DecimalText, Level, PolicyNotice};
use crossfoot::store::Case;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::records::{book, credit_memo, day, decimal, invoice, payment, with};

fn level(days_past_due: u16, min_amount: i64, wait_days: u16) -> Level {
    Level {
        name: format!("from {days_past_due}"),
        days_past_due,
        min_amount: DecimalText(Decimal::from(min_amount)),
        wait_days,
        notify: Vec::new(),
        approval: false,
    }
}

fn config() -> CollectionsConfig {
    CollectionsConfig {
        level: vec![level(3, 50, 7), level(15, 50, 7), level(30, 50, 7)],
        policy_notice: PolicyNotice::Off,
        business_days_only: false,
        ..CollectionsConfig::default()
    }
}

struct Desk {
    invoices: Vec<Record>,
    payments: Vec<Record>,
    config: CollectionsConfig,
    cases: Vec<Case>,
    cash_stale: bool,
}

impl Desk {
    fn new(invoices: Vec<Record>) -> Self {
        Self {
            invoices,
            payments: Vec::new(),
            config: config(),
            cases: Vec::new(),
            cash_stale: false,
        }
    }

    /// Evaluates a day at its noon and keeps what came of it.
    fn on(&mut self, on: &str) -> &Case {
        let noon = day(on).at(12, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap();
        self.cases = evaluate_cases(&EvaluateInput {
            book: &book(&self.invoices, &self.payments, &[]),
            standing: &self.cases,
            day: day(on),
            now: noon.timestamp(),
            config: &self.config,
            calendar: &CalendarConfig::default(),
            cash_stale: self.cash_stale,
        })
        .expect("cases");
        self.cases.first().expect("a case")
    }
}

fn overdue() -> Desk {
    Desk::new(vec![invoice("a", "x", "2026-01-01", "2026-01-31", "100")])
}

// Goal: there is one case per invoice that is or was past due, and none for others. Method: one
// invoice late, one due today, one paid late, one paid in time.
#[test]
fn one_case_per_invoice_that_is_or_was_past_due() {
    let mut desk = Desk::new(vec![
        invoice("late", "x", "2026-01-01", "2026-01-31", "100"),
        invoice("today", "x", "2026-01-01", "2026-02-10", "100"),
        invoice("was", "x", "2026-01-01", "2026-01-31", "70"),
        invoice("never", "x", "2026-01-01", "2026-01-31", "80"),
    ]);
    desk.payments = vec![
        payment("p1", "x", "2026-02-05", "70", "WAS"),
        payment("p2", "x", "2026-01-31", "80", "NEVER"),
    ];
    desk.on("2026-02-10");
    let told: Vec<_> = desk
        .cases
        .iter()
        .map(|case| {
            (
                case.invoice.as_str(),
                case.state.as_str(),
                case.days_past_due,
            )
        })
        .collect();
    assert_eq!(
        told,
        [("billing:late", "overdue", 10), ("billing:was", "paid", 5)]
    );
}

// Goal: a level is never skipped, and the wait of the level before holds. Method: an invoice that
// is 40 days late when it is first seen, day by day.
#[test]
fn levels_are_climbed_one_by_one() {
    let mut desk = overdue();
    let first = desk.on("2026-03-12").clone();
    assert_eq!(
        (first.level, first.last_step_on),
        (1, Some(day("2026-03-12")))
    );
    assert_eq!(first.action, "none");
    assert_eq!(desk.on("2026-03-13").action, "wait");
    assert_eq!(desk.on("2026-03-18").level, 1);
    assert_eq!(desk.on("2026-03-19").level, 2);
    assert_eq!(desk.on("2026-03-26").level, 3);
    let top = desk.on("2026-05-01");
    assert_eq!((top.level, top.action.as_str()), (3, "none"));
}

// Goal: the same day again changes nothing, whatever the hour; an earlier day neither. Method:
// evaluate twice, and once for the day before.
#[test]
fn a_day_is_evaluated_once() {
    let mut desk = overdue();
    desk.config.level[0].wait_days = 0;
    desk.on("2026-03-12");
    let once = desk.cases.clone();
    desk.on("2026-03-12");
    assert_eq!(desk.cases, once);
    desk.on("2026-03-11");
    assert_eq!(desk.cases, once);
}

// Goal: too little, weekends, approvals, a dry run and the policy each stop the step in their own
// way. Method: one switch at a time.
#[test]
fn every_reason_to_stop_is_told() {
    let told = |change: &dyn Fn(&mut Desk), on: &str| {
        let mut desk = overdue();
        change(&mut desk);
        let case = desk.on(on).clone();
        (case.level, case.action, case.hold_reason)
    };
    let hold = |reason: &str| (0, "hold".to_owned(), Some(reason.to_owned()));
    let none = (0, "none".to_owned(), None);
    assert_eq!(
        told(&|_| {}, "2026-02-02"),
        none,
        "two days are less than three"
    );
    let small = |desk: &mut Desk| desk.config.level[0].min_amount.0 = decimal("100.01");
    assert_eq!(told(&small, "2026-03-12"), none);
    let weekend = |desk: &mut Desk| desk.config.business_days_only = true;
    assert_eq!(told(&weekend, "2026-03-14"), (0, "wait".to_owned(), None));
    assert_eq!(told(&weekend, "2026-03-13").0, 1);
    let approval = |desk: &mut Desk| desk.config.level[0].approval = true;
    assert_eq!(told(&approval, "2026-03-12"), hold("approval"));
    let dry = |desk: &mut Desk| desk.config.dry_run = true;
    assert_eq!(told(&dry, "2026-03-12"), hold("dry_run"));
    let stale = |desk: &mut Desk| desk.cash_stale = true;
    assert_eq!(told(&stale, "2026-03-12"), hold("cash_stale"));
    let mut desk = overdue();
    desk.config.policy_notice = PolicyNotice::Required;
    assert_eq!(desk.on("2026-03-12").level, 1);
    let second = desk.on("2026-03-19");
    assert_eq!(
        (second.level, second.hold_reason.as_deref()),
        (1, Some("policy_notice"))
    );
}

// Goal: what a customer has to its credit is not chased. Method: unapplied cash and a credit memo
// against two invoices, the oldest first.
#[test]
fn credits_are_not_chased() {
    let mut desk = Desk::new(vec![
        invoice("a", "x", "2026-01-01", "2026-01-31", "100"),
        invoice("b", "x", "2026-01-01", "2026-02-01", "100"),
        credit_memo("m", "x", "2026-01-05", "-30", ""),
    ]);
    desk.config.level[0].min_amount.0 = Decimal::ZERO;
    desk.payments = vec![payment("p", "x", "2026-01-01", "90", "A-WRONG-NUMBER")];
    // The payment came before anything was issued on the account but on the same day: it is
    // applied to the oldest; 10 of `a` are left, and the memo covers them and 20 of `b`.
    desk.on("2026-03-12");
    let told: Vec<_> = desk
        .cases
        .iter()
        .map(|case| (case.open.normalize(), case.eligible.normalize(), case.level))
        .collect();
    let ten = Decimal::from(10);
    assert_eq!(told[0], (ten, Decimal::ZERO, 0));
    assert_eq!(
        told[1],
        (decimal("100").normalize(), decimal("80").normalize(), 1)
    );
}

// Goal: a case follows its invoice: paid, back after a reversal at the level before, withdrawn.
// Method: one invoice through all of it.
#[test]
fn a_case_follows_its_invoice() {
    let mut desk = overdue();
    assert_eq!(desk.on("2026-02-10").level, 1);
    desk.payments
        .push(payment("p", "x", "2026-02-11", "100", "A"));
    let paid = desk.on("2026-02-12").clone();
    assert_eq!(
        (paid.state.as_str(), paid.open, paid.days_past_due),
        ("paid", Decimal::ZERO, 11)
    );
    let back = payment("back", "x", "2026-02-20", "-100", "");
    desk.payments.push(with(back, "reversal_of", "p"));
    let again = desk.on("2026-02-20").clone();
    assert_eq!((again.state.as_str(), again.level), ("overdue", 2));
    desk.invoices[0] = with(desk.invoices[0].clone(), "status", "void");
    let gone = desk.on("2026-02-21").clone();
    assert_eq!(
        (gone.state.as_str(), gone.open),
        ("adjusted", Decimal::ZERO)
    );
}
