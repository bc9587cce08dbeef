//! Several invoices with one payment: terms, combinations, and what is only proposed.

use crossfoot::canonical::Record;
use crossfoot::config::{CashRule, ToleranceConfig};
use crossfoot::reconcile::cash::{CashPayment, MatchedBy, PaymentState};
use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};
use rust_decimal::Decimal;

use super::records::{decimal, invoice, listed, open, payment, ruled_book};

const LATE: &str = "2026-12-31";

/// One payment of an account, after these rules.
fn decided(invoices: &[Record], amount: &str, rules: &[CashRule]) -> CashPayment {
    let payments = [payment("p", "x", "2026-06-01", amount, "")];
    let none = ToleranceConfig::default();
    let book = ruled_book(invoices, &payments, &[], rules, &none);
    listed(&book, "p", LATE)
}

fn applied(payment: &CashPayment) -> Vec<&str> {
    let parts = payment.applied.iter();
    parts.map(|part| part.invoice.as_str()).collect()
}

fn five() -> [Record; 5] {
    [
        invoice("a", "x", "2026-01-01", "2026-01-31", "100"),
        invoice("b", "x", "2026-02-01", "2026-03-03", "40"),
        invoice("c", "x", "2026-01-01", "2026-01-15", "25"),
        invoice("d", "x", "2026-02-01", "2026-02-15", "30"),
        invoice("e", "x", "2026-05-20", "2026-06-19", "11"),
    ]
}

// Goal: what is past due on one term is cleared together. Method: terms of 30 and of 14 days, one
// invoice of 30 days that is not due yet.
#[test]
fn past_due_invoices_of_one_term_are_cleared() {
    let rules = [CashRule::ClearPastDueByTerm];
    let shown = decided(&five(), "140", &rules);
    assert_eq!(shown.rule, Some(MatchedBy::ClearPastDueByTerm));
    assert_eq!(shown.state, PaymentState::Matched);
    assert_eq!(applied(&shown), ["a", "b"]);
    assert_eq!(applied(&decided(&five(), "55", &rules)), ["c", "d"]);
    // All of a term and nothing less, and nothing that is not due.
    for amount in ["151", "100", "125"] {
        let shown = decided(&five(), amount, &rules);
        assert_eq!(shown.state, PaymentState::Unapplied, "{amount}");
        assert_eq!(shown.rule, None);
    }
}

// Goal: two terms that come to the amount are both proposed, and nothing is applied, also not by a
// later rule. Method: equal sums on two terms.
#[test]
fn two_terms_of_one_sum_are_proposed() {
    let invoices = [
        invoice("a", "x", "2026-01-01", "2026-01-31", "60"),
        invoice("b", "x", "2026-01-01", "2026-01-15", "35"),
        invoice("c", "x", "2026-02-01", "2026-02-15", "25"),
    ];
    let rules = [CashRule::ClearPastDueByTerm, CashRule::OldestFirst];
    let shown = decided(&invoices, "60", &rules);
    assert_eq!(shown.state, PaymentState::Ambiguous);
    assert!(shown.ambiguous && shown.applied.is_empty());
    assert_eq!(shown.unapplied, decimal("60"));
    assert_eq!(shown.proposals, [vec!["b", "c"], vec!["a"]]);
}

// Goal: the only combination is applied in full; several are proposed and none is applied; without
// one the next rule has its turn. Method: three amounts over the same invoices.
#[test]
fn only_one_combination_is_applied() {
    let rules = [CashRule::Combo, CashRule::OldestFirst];
    let only = decided(&five(), "66", &rules);
    assert_eq!(only.rule, Some(MatchedBy::Combo));
    assert_eq!(only.state, PaymentState::Matched);
    assert_eq!(applied(&only), ["c", "d", "e"]);

    let mut twice = five().to_vec();
    twice.push(invoice("f", "x", "2026-03-01", "2026-04-01", "66"));
    let several = decided(&twice, "66", &rules);
    assert_eq!(several.state, PaymentState::Ambiguous);
    assert_eq!(several.rule, Some(MatchedBy::Combo));
    assert!(several.applied.is_empty() && several.ambiguous);
    assert_eq!(several.proposals, [vec!["f"], vec!["c", "d", "e"]]);

    let none = decided(&five(), "27", &rules);
    assert_eq!(none.rule, Some(MatchedBy::OldestFirst));
    assert!(none.proposals.is_empty());
}

// Goal: a combination is exact: a tolerance would find sums that nobody meant. Method: a tolerance
// of one, and an amount that is off by a cent.
#[test]
fn a_combination_is_exact() {
    use crossfoot::config::{AbsoluteTolerance, AmountTolerance, DecimalText};
    let tolerance = ToleranceConfig {
        cash: AmountTolerance {
            absolute: Some(AbsoluteTolerance::Plain(DecimalText(Decimal::ONE))),
            ..AmountTolerance::default()
        },
        ..ToleranceConfig::default()
    };
    let payments = [payment("p", "x", "2026-06-01", "65.99", "")];
    let book = ruled_book(&five(), &payments, &[], &[CashRule::Combo], &tolerance);
    assert_eq!(listed(&book, "p", LATE).state, PaymentState::Unapplied);
    assert_eq!(open(&book, "c", LATE), decimal("25"));
}

// Goal: a free search proposes and never applies, also where there is one combination only.
#[test]
fn a_free_search_only_proposes() {
    let rules = [CashRule::SubsetProposals, CashRule::OldestFirst];
    let shown = decided(&five(), "66", &rules);
    assert_eq!(shown.rule, Some(MatchedBy::SubsetProposals));
    assert_eq!(shown.state, PaymentState::Unapplied);
    assert!(shown.applied.is_empty() && !shown.ambiguous);
    assert_eq!(shown.proposals, [["c", "d", "e"]]);
    assert_eq!(shown.search_stopped, None);
}

// Goal: a combination that a bound keeps from being shown to be the only one is proposed, and the
// bound is told. Method: more open invoices than are combined, of which one alone fits; very many
// combinations of one sum.
#[test]
fn an_ended_search_applies_nothing() {
    let mut invoices: Vec<Record> = (0..60)
        .map(|at| invoice(&format!("i{at:02}"), "x", "2026-01-01", "2026-01-31", "100"))
        .collect();
    invoices.push(invoice("last", "x", "2026-01-01", "2026-04-30", "7"));
    invoices.push(invoice("first", "x", "2026-01-01", "2026-01-02", "3"));
    let shown = decided(&invoices, "3", &[CashRule::Combo]);
    assert_eq!(shown.state, PaymentState::Ambiguous);
    assert!(shown.applied.is_empty());
    assert_eq!(shown.proposals, [["first"]]);
    let reason = shown.search_stopped.unwrap();
    assert!(reason.contains("60 earliest due of 62"), "{reason}");

    let shown = decided(&invoices, "500", &[CashRule::Combo]);
    assert_eq!(shown.proposals.len(), 10);
    assert_eq!(
        shown.search_stopped.as_deref(),
        Some("there are more than these 10 combinations")
    );
}

proptest! {
    #![proptest_config(super::records::cases(256))]

    // Goal: a combination is applied if and only if it is the only one, and then to the cent; the
    // order of the rows changes nothing. Method: every subset of up to seven invoices tried.
    #[test]
    fn one_combination_or_none(
        units in prop::collection::vec(1..9_i64, 1..7),
        amount in 1..30_i64,
        is_free in any::<bool>(),
    ) {
        let money = |units: i64| Decimal::new(units * 1250, 2).to_string();
        let id = |at: usize| format!("i{at}");
        let mut invoices: Vec<Record> = units
            .iter()
            .enumerate()
            .map(|(at, units)| {
                invoice(&id(at), "x", "2026-01-01", "2026-01-31", &money(*units))
            })
            .collect();
        let fitting: Vec<Vec<String>> = (1_u32..1 << units.len())
            .map(|bits| (0..units.len()).filter(|at| bits >> at & 1 == 1).collect::<Vec<_>>())
            .filter(|taken| taken.iter().map(|at| units[*at]).sum::<i64>() == amount)
            .map(|taken| taken.into_iter().map(id).collect())
            .collect();
        let rules = if is_free { [CashRule::SubsetProposals] } else { [CashRule::Combo] };
        let shown = decided(&invoices, &money(amount), &rules);
        if fitting.len() == 1 && !is_free {
            prop_assert_eq!(applied(&shown), fitting[0].iter().map(String::as_str).collect::<Vec<_>>());
            prop_assert_eq!(shown.state, PaymentState::Matched);
            prop_assert!(shown.proposals.is_empty() && !shown.ambiguous);
        } else {
            prop_assert!(shown.applied.is_empty());
            prop_assert_eq!(shown.unapplied, shown.amount);
            prop_assert_eq!(shown.ambiguous, fitting.len() > 1);
            prop_assert_eq!(shown.proposals.len(), fitting.len().min(10));
            prop_assert!(shown.proposals.iter().all(|one| fitting.contains(one)));
            prop_assert_eq!(shown.search_stopped.is_some(), fitting.len() > 10);
        }
        invoices.reverse();
        prop_assert_eq!(decided(&invoices, &money(amount), &rules), shown);
    }
}
