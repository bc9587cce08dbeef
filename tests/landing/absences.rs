//! What a pull says of records that it does not bring.

use crossfoot::canonical::{Entity, Value};
use crossfoot::sources::{Gone, MappedPage, Seen, Whole};
use jiff::Timestamp;

use super::world::{World, invoice, night, page, record, rejected, totals, updated};

fn gone(ids: &[&str], at: Option<Timestamp>) -> MappedPage {
    let entity = Entity::Invoices;
    let gone = ids.iter().map(|id| Gone {
        entity,
        id: (*id).to_owned(),
        at,
    });
    MappedPage {
        gone: gone.collect(),
        ..MappedPage::default()
    }
}

fn seen(ids: &[&str]) -> MappedPage {
    let ids = ids.iter().map(|id| (*id).to_owned()).collect();
    MappedPage {
        seen: vec![Seen {
            entity: Entity::Invoices,
            ids,
        }],
        ..MappedPage::default()
    }
}

// Goal: what the source says is gone is buried once; what was never landed lands nothing. Method: a
// landed id and an unknown one, on two nights.
#[test]
fn what_is_told_to_be_gone_is_buried_once() {
    let mut world = World::new();
    let rows = ["a", "b"].map(|id| invoice(id, "2026-10-01", 100));
    world.pull("billing", night(1), &[page(&rows)], &[]);
    let second = world.pull("billing", night(2), &[gone(&["a", "x"], None)], &[]);
    assert_eq!((second.tombstone_count, second.row_count), (1, 0));
    let third = world.pull("billing", night(3), &[gone(&["a", "a"], None)], &[]);
    assert_eq!((third.tombstone_count, third.files.len()), (0, 0));
    assert_eq!(totals(&world.records(Entity::Invoices, night(3))), ["b 1"]);
    assert_eq!(world.records(Entity::Invoices, night(1)).len(), 2);
    assert!(world.reopened().verify(&world.files).is_empty());
}

// Goal: a record that comes and goes in one pull is gone, unless it changed after that, whatever
// came first. Method: four versions against a stamp, in both orders, landed before or not.
#[test]
fn the_later_word_counts_not_the_order_of_the_pages() {
    let early = Timestamp::from_second(1_000).unwrap();
    for (changed, at, lives) in [
        (2_000, Some(early), true),
        (500, Some(early), false),
        (2_000, None, false),
        (500, Some(Timestamp::MIN), true),
    ] {
        for is_first in [true, false] {
            for is_landed in [true, false] {
                let mut world = World::new();
                if is_landed {
                    let old = invoice("a", "2026-10-01", 100);
                    world.pull("billing", night(1), &[page(&[old])], &[]);
                }
                let row = page(&[updated(invoice("a", "2026-10-01", 200), changed)]);
                let mut pages = vec![row, gone(&["a"], at)];
                if is_first {
                    pages.reverse();
                }
                let landed = world.pull("billing", night(2), &pages, &[]);
                let living = world.records(Entity::Invoices, night(2));
                assert_eq!(
                    living.len(),
                    usize::from(lives),
                    "{changed} {at:?} {is_first}"
                );
                let tombstones = u64::from(is_landed && !lives);
                assert_eq!(landed.tombstone_count, tombstones);
                assert!(world.reopened().verify(&world.files).is_empty());
            }
        }
    }
}

// Goal: an unchanged record that is told to be gone is buried too, and one that did not fit is not.
// Method: the same row again with its end, and a reject with its end.
#[test]
fn unchanged_records_are_buried_and_rejected_ones_are_not() {
    let mut world = World::new();
    let rows = ["a", "b"].map(|id| invoice(id, "2026-10-01", 100));
    world.pull("billing", night(1), &[page(&rows)], &[]);
    let pages = [
        page(&rows[..1]),
        rejected(Entity::Invoices, "billing", Some("b")),
        gone(&["a", "b"], None),
    ];
    let second = world.pull("billing", night(2), &pages, &[]);
    assert_eq!((second.tombstone_count, second.unchanged_count), (1, 0));
    assert_eq!(totals(&world.records(Entity::Invoices, night(2))), ["b 1"]);
}

// Goal: a sweep of ids buries what it does not name, lands nothing, and counts what nobody brought.
// Method: two landed ids, of which one is named, beside a new one of this pull and a stranger.
#[test]
fn a_sweep_of_ids_finds_what_is_missing_on_either_side() {
    let mut world = World::new();
    let rows = ["a", "b"].map(|id| invoice(id, "2026-10-01", 100));
    world.pull("billing", night(1), &[page(&rows)], &[]);
    let pages = [
        seen(&["a", "c", "x"]),
        page(&[invoice("c", "2026-11-01", 300)]),
    ];
    let second = world.pull("billing", night(2), &pages, &[Entity::Invoices]);
    assert_eq!((second.tombstone_count, second.new_count), (1, 1));
    assert_eq!(second.unknown_count, 1);
    assert_eq!(
        totals(&world.records(Entity::Invoices, night(2))),
        ["a 1", "c 3"]
    );
    // A record that is back and was buried is one that nobody brought.
    let third = world.pull("billing", night(3), &[seen(&["a", "b", "c"])], &[]);
    assert_eq!((third.unknown_count, third.tombstone_count), (1, 0));
}

fn line(id: &str, invoice: &str) -> crossfoot::canonical::Record {
    let values = [
        ("invoice_id", Value::Text(invoice.into())),
        ("net", Value::Decimal(rust_decimal::Decimal::ONE)),
        ("currency", Value::Text("USD".into())),
    ];
    record(Entity::InvoiceLines, "billing", id, &values)
}

// Goal: a line that vanished from an invoice that was read again is gone; lines of other invoices
// are untouched, also where a line moved between them. Method: three invoices, two of them whole.
#[test]
fn children_that_their_parents_lost_are_gone() {
    let mut world = World::new();
    let rows = [
        line("l1", "i1"),
        line("l2", "i1"),
        line("l3", "i2"),
        line("l4", "i3"),
        line("l5", "i1"),
    ];
    world.pull("billing", night(1), &[page(&rows)], &[]);
    // The line moved to an invoice that is not read again on the third night.
    world.pull("billing", night(2), &[page(&[line("l5", "i3")])], &[]);
    let whole = |parent: &str| Whole {
        entity: Entity::InvoiceLines,
        column: "invoice_id",
        parent: parent.into(),
    };
    let mut pages = vec![page(&[line("l1", "i1")])];
    pages.push(MappedPage {
        whole: vec![whole("i1"), whole("i2"), whole("i9")],
        ..MappedPage::default()
    });
    let third = world.pull("billing", night(3), &pages, &[]);
    assert_eq!((third.tombstone_count, third.unchanged_count), (2, 1));
    let living = world.records(Entity::InvoiceLines, night(3));
    let mut ids: Vec<&str> = living
        .iter()
        .map(crossfoot::canonical::Record::id)
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, ["l1", "l4", "l5"]);
    assert!(world.reopened().verify(&world.files).is_empty());
}
