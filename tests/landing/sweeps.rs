//! A full sweep tells what is gone.

use crossfoot::canonical::{Entity, Record, Value};
use crossfoot::sources::{MappedPage, Seen};

use super::world::{World, invoice, night, page, record, rejected, totals};

const SWEEP: &[Entity] = &[Entity::Invoices];

// Goal: an id that a full sweep no longer finds is gone, once, and is there again when it returns.
// Method: two, one, one, two rows on four nights.
#[test]
fn what_a_sweep_does_not_find_is_gone() {
    let mut world = World::new();
    let (a, b) = (
        invoice("a", "2026-10-01", 100),
        invoice("b", "2026-09-01", 200),
    );
    world.pull("billing", night(1), &[page(&[a.clone(), b.clone()])], SWEEP);

    let second = world.pull(
        "billing",
        night(2),
        &[page(std::slice::from_ref(&a))],
        SWEEP,
    );
    assert_eq!((second.tombstone_count, second.new_count), (1, 0));
    assert_eq!(second.files.len(), 1);
    assert_eq!(second.files[0].totals.rows, 1);
    assert!(
        second.files[0].totals.sums.is_empty(),
        "a tombstone has no amounts"
    );
    assert_eq!(second.files[0].period.to_string(), "2026-11");
    assert_eq!(totals(&world.records(Entity::Invoices, night(2))), ["a 1"]);

    let third = world.pull(
        "billing",
        night(3),
        &[page(std::slice::from_ref(&a))],
        SWEEP,
    );
    assert_eq!((third.tombstone_count, third.files.len()), (0, 0));

    let fourth = world.pull("billing", night(4), &[page(&[a, b])], SWEEP);
    assert_eq!((fourth.new_count, fourth.unchanged_count), (1, 1));
    assert_eq!(
        totals(&world.records(Entity::Invoices, night(4))),
        ["a 1", "b 2"]
    );
    assert_eq!(totals(&world.records(Entity::Invoices, night(3))), ["a 1"]);
    assert!(world.reopened().verify(&world.files).is_empty());
}

// Goal: a sweep that finds nothing says that all is gone, and a pull that is no sweep says nothing
// of what did not come. Method: an empty pull of either kind.
#[test]
fn only_a_sweep_buries() {
    let mut world = World::new();
    let rows: Vec<_> = (0..20)
        .map(|n| invoice(&format!("i{n}"), "2026-10-01", n))
        .collect();
    world.pull("billing", night(1), &[page(&rows)], SWEEP);
    let partial = world.pull("billing", night(2), &[], &[Entity::Accounts]);
    assert_eq!(partial.tombstone_count, 0);
    assert_eq!(world.records(Entity::Invoices, night(2)).len(), 20);
    let sweep = world.pull("billing", night(3), &[], SWEEP);
    assert_eq!((sweep.tombstone_count, sweep.row_count), (20, 0));
    assert!(world.records(Entity::Invoices, night(3)).is_empty());
    assert_eq!(world.records(Entity::Invoices, night(2)).len(), 20);
}

// Goal: with an invoice that a sweep of ids no longer finds, its lines are gone, and no others are.
// Method: two invoices with a line each; then the ids of one alone, and no line.
#[test]
fn with_a_parent_its_children_are_gone() {
    let mut world = World::new();
    let line = |id: &str, parent: &str| {
        let parent = Value::Text(parent.into());
        record(
            Entity::InvoiceLines,
            "billing",
            id,
            &[("invoice_id", parent)],
        )
    };
    let rows = [
        invoice("a", "2026-10-01", 100),
        invoice("b", "2026-10-01", 200),
    ];
    let pages = [page(&rows), page(&[line("a1", "a"), line("b1", "b")])];
    world.pull("billing", night(1), &pages, &[]);

    let mut ids = MappedPage::default();
    ids.seen.push(Seen {
        entity: Entity::Invoices,
        ids: vec!["a".into()],
    });
    let swept = world.pull("billing", night(2), &[ids], SWEEP);
    assert_eq!(swept.tombstone_count, 2);
    let lines = world.records(Entity::InvoiceLines, night(2));
    assert_eq!(lines.iter().map(Record::id).collect::<Vec<_>>(), ["a1"]);
    assert_eq!(totals(&world.records(Entity::Invoices, night(2))), ["a 1"]);
}

// Goal: a record that came and did not fit is not gone. Method: a sweep in which one of two landed
// ids is rejected.
#[test]
fn a_rejected_record_is_not_gone() {
    let mut world = World::new();
    let (a, b) = (
        invoice("a", "2026-10-01", 100),
        invoice("b", "2026-10-01", 200),
    );
    world.pull("billing", night(1), &[page(&[a.clone(), b])], SWEEP);
    let pages = [page(&[a]), rejected(Entity::Invoices, "billing", Some("b"))];
    let second = world.pull("billing", night(2), &pages, SWEEP);
    assert_eq!(
        (
            second.tombstone_count,
            second.rejected_count,
            second.row_count
        ),
        (0, 1, 2)
    );
    assert_eq!(
        totals(&world.records(Entity::Invoices, night(2))),
        ["a 1", "b 2"]
    );
}
