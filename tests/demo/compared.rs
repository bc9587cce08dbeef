//! The comparison of a run's book with the truth can fail.

use crossfoot::demo::{FoundItem, Night, Planted, World, compare};
use crossfoot::reconcile::DiscrepancyState;
use rust_decimal::Decimal;

fn book(planted: &[Planted]) -> Vec<FoundItem> {
    planted.iter().map(Planted::item).collect()
}

/// Goal: a perfect book is exact, whatever its order. Method: the truth itself, turned around.
#[test]
fn a_perfect_book_is_exact() {
    let planted = World::generate(9).planted(Night::Third);
    let mut found = book(&planted);
    found.reverse();
    let comparison = compare(&planted, &found);
    assert!(comparison.is_exact());
    assert_eq!(comparison.matched, planted);
}

/// Goal: every kind of mistake shows. Method: one mistake at a time in a perfect book.
#[test]
fn each_mistake_shows() {
    let planted = World::generate(9).planted(Night::Second);
    let mistakes: [fn(&mut Vec<FoundItem>); 6] = [
        |found| found[0].impact += Decimal::new(1, 2),
        |found| found[0].state = DiscrepancyState::Verified,
        |found| found[0].customer = "1".into(),
        |found| found[0].sku = "NOTHING".into(),
        |found| found[0].period = found[0].period.next(),
        |found| found[0].currency = "GBP".parse().unwrap(),
    ];
    for mistake in mistakes {
        let mut found = book(&planted);
        mistake(&mut found);
        let comparison = compare(&planted, &found);
        assert_eq!((comparison.missed.len(), comparison.false_.len()), (1, 1));
        assert_eq!(comparison.matched.len(), planted.len() - 1);
    }
    let mut doubled = book(&planted);
    doubled.push(doubled[0].clone());
    let comparison = compare(&planted, &doubled);
    assert_eq!((comparison.missed.len(), comparison.false_.len()), (0, 1));
    let comparison = compare(&planted, &[]);
    assert_eq!(comparison.missed, planted);
}
