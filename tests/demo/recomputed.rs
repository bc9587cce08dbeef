//! The planted truth is the truth: found again, without looking at how the world was made.

use std::collections::BTreeMap;
use std::sync::Arc;

use crossfoot::demo::{Night, World, serve};
use crossfoot::reconcile::{DiscrepancyState, Kind};
use jiff::Span;
use rust_decimal::Decimal;

use super::client::Client;
use super::ledger::{Billed, Expected, Ledger, Unit};

/// What a unit comes to on a night.
enum Verdict {
    /// It agrees.
    Agrees,
    /// Its bill may still come, or what it depends on is missing: nothing moves.
    Undecided,
    /// It differs: kinds, the signed difference, and its currency.
    Differs(Vec<(Kind, Decimal)>, String),
}

/// Goal: `planted` is complete and exact, for any seed. Method: read both APIs and the usage file on
/// each night, compare every unit by the rules of the taxonomy with plain maps, keep a book over the
/// three nights, and compare the two books in kind, amount to the cent, currency and state.
#[tokio::test]
async fn planted_errors_are_what_the_servers_show() {
    for seed in [1, 42, 2026] {
        let world = Arc::new(World::generate(seed));
        let servers = serve(Arc::clone(&world)).await.unwrap();
        let client = Client::new(&world, &servers);
        let folder = tempfile::tempdir().unwrap();
        let mut book: Book = BTreeMap::new();
        for night in Night::ALL {
            servers.set_night(night);
            let ledger = Ledger::read(&client, &world, night, folder.path()).await;
            advance(&mut book, &ledger, night);
            let planted: Book = world
                .planted(night)
                .into_iter()
                .map(|item| {
                    let unit = (item.customer, item.sku, item.period);
                    let code = item.currency.code().to_owned();
                    ((unit, item.kind), (item.impact, code, item.state))
                })
                .collect();
            assert_eq!(
                planted.len(),
                world.planted(night).len(),
                "two items are one"
            );
            for (item, held) in &book {
                assert_eq!(
                    planted.get(item),
                    Some(held),
                    "seed {seed} {night:?} {item:?}"
                );
            }
            for item in planted.keys() {
                assert!(book.contains_key(item), "seed {seed} {night:?} {item:?}");
            }
        }
    }
}

type Book = BTreeMap<(Unit, Kind), (Decimal, String, DiscrepancyState)>;

/// What is kept otherwise stands in the newest period, with no money of the customer's currency.
fn advance_kept(book: &mut Book, ledger: &Ledger) {
    for ((unit, kind), held) in book.iter_mut() {
        let is_of_customer = matches!(kind, Kind::StaleContact | Kind::TermsMismatch);
        let named = (unit.0.clone(), unit.1.clone(), *kind);
        if is_of_customer && !ledger.kept_otherwise.contains(&named) {
            held.2 = DiscrepancyState::SelfCleared;
        }
    }
    for (company, sku, kind) in &ledger.kept_otherwise {
        let unit = (company.clone(), sku.clone(), "2026-10".parse().unwrap());
        let nothing = (Decimal::ZERO, "USD".to_owned(), DiscrepancyState::Open);
        book.entry((unit, *kind)).or_insert(nothing);
    }
}

fn advance(book: &mut Book, ledger: &Ledger, night: Night) {
    advance_kept(book, ledger);
    let mut units: Vec<&Unit> = ledger.expected.keys().chain(ledger.billed.keys()).collect();
    units.sort();
    units.dedup();
    for unit in units {
        match verdict(ledger, unit, night) {
            Verdict::Undecided => {}
            Verdict::Agrees => {
                let of_unit = book
                    .iter_mut()
                    .filter(|((own, kind), _)| own == unit && *kind != Kind::TermsMismatch);
                for (_, held) in of_unit {
                    held.2 = DiscrepancyState::SelfCleared;
                }
            }
            Verdict::Differs(kinds, currency) => {
                for (kind, impact) in kinds {
                    let item = (unit.clone(), kind);
                    let held = book
                        .entry(item)
                        .or_insert_with(|| (impact, currency.clone(), DiscrepancyState::Open));
                    if held.2 == DiscrepancyState::SelfCleared {
                        held.2 = DiscrepancyState::Reopened;
                    }
                    if impact.abs() > held.0.abs() {
                        held.0 = impact;
                    }
                }
            }
        }
    }
}

fn verdict(ledger: &Ledger, unit: &Unit, night: Night) -> Verdict {
    let none = Vec::new();
    let lines = ledger.billed.get(unit).unwrap_or(&none);
    let Some(expected) = ledger.expected.get(unit) else {
        let sum = lines.iter().map(|line| line.amount).sum();
        let currency = lines[0].currency.clone();
        return Verdict::Differs(vec![(Kind::MissingInCrm, sum)], currency);
    };
    if expected.model != "fixed" && !ledger.has_usage {
        return Verdict::Undecided;
    }
    if lines.is_empty() {
        let bill_month = if expected.model == "fixed" {
            unit.2
        } else {
            unit.2.next()
        };
        let last_day = bill_month
            .first_day()
            .checked_add(Span::new().days(4))
            .unwrap();
        if night.day() <= last_day {
            return Verdict::Undecided;
        }
        let kinds = vec![(Kind::MissingInBilling, -expected.amount)];
        return Verdict::Differs(kinds, expected.currency.clone());
    }
    compare(expected, lines)
}

fn compare(expected: &Expected, lines: &[Billed]) -> Verdict {
    let currency = lines[0].currency.clone();
    assert!(lines.iter().all(|line| line.currency == currency));
    let amount: Decimal = lines.iter().map(|line| line.amount).sum();
    if currency != expected.currency {
        // The rate of the last day of September, the only month that this happens in.
        let converted = expected.amount * Decimal::new(110, 2);
        return Verdict::Differs(vec![(Kind::Currency, amount - converted)], currency);
    }
    let quantity: Decimal = lines.iter().filter_map(|line| line.quantity).sum();
    let delta = amount - expected.amount;
    let has_copy = lines.iter().enumerate().any(|(place, line)| {
        lines[..place].iter().any(|former| {
            former.invoice != line.invoice
                && (former.quantity, former.price) == (line.quantity, line.price)
        })
    });
    let by_quantity = quantity - expected.quantity;
    if has_copy && by_quantity > Decimal::ZERO {
        return Verdict::Differs(vec![(Kind::Duplicate, delta)], currency);
    }
    if delta.abs() <= limit(expected, &currency, lines.len()) && by_quantity.is_zero() {
        return Verdict::Agrees;
    }
    let price = lines
        .iter()
        .find_map(|line| line.price)
        .unwrap_or(expected.price);
    let by_price = (price - expected.price) * quantity;
    let kinds = match (by_quantity.is_zero(), by_price.is_zero()) {
        (true, true) => vec![(Kind::Amount, delta)],
        (false, true) => vec![(Kind::Quantity, delta)],
        (true, false) => vec![(Kind::UnitPrice, delta)],
        (false, false) => {
            assert_eq!(by_quantity * expected.price + by_price, delta);
            let by_quantity = by_quantity * expected.price;
            vec![(Kind::Quantity, by_quantity), (Kind::UnitPrice, by_price)]
        }
    };
    Verdict::Differs(kinds, currency)
}

// Both the absolute and the percentage limit, and a smallest unit for each line.
fn limit(expected: &Expected, currency: &str, line_count: usize) -> Decimal {
    let (absolute, unit) = if currency == "JPY" {
        (Decimal::ZERO, Decimal::ONE)
    } else {
        (Decimal::new(5, 2), Decimal::new(1, 2))
    };
    let share = expected.amount.abs() * Decimal::new(5, 4);
    absolute.min(share).max(unit * Decimal::from(line_count))
}

/// Goal: the three nights tell the story that the demo promises. Method: count states by night.
#[test]
fn every_night_has_something_to_tell() {
    let world = World::generate(1);
    let count = |night, state| {
        let planted = world.planted(night);
        planted.iter().filter(|item| item.state == state).count()
    };
    let first = world.planted(Night::First);
    assert!(
        first
            .iter()
            .all(|item| item.state == DiscrepancyState::Open)
    );
    let second = world.planted(Night::Second);
    assert!(second.len() > first.len(), "new ones appear");
    assert!(
        count(Night::Second, DiscrepancyState::SelfCleared) >= 3,
        "some are fixed"
    );
    assert!(world.planted(Night::Third).len() > second.len());
    assert_eq!(
        count(Night::Third, DiscrepancyState::Reopened),
        1,
        "one comes back"
    );
}
