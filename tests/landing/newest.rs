//! The newest version of each record, without reading more than it takes.

use std::fs;

use crossfoot::canonical::{Entity, Value};
use crossfoot::landing::CompactScope;

use super::world::{World, invoice, night, page, totals, updated};

const ENTITY: Entity = Entity::Invoices;

/// So many nights, in each of which one of ten invoices changes.
fn nights(count: i64) -> World {
    let mut world = World::new();
    let all: Vec<_> = (0..10)
        .map(|n| invoice(&format!("i{n}"), "2026-10-01", n))
        .collect();
    world.pull("billing", night(0), &[page(&all)], &[]);
    for at in 1..count {
        let changed = invoice(&format!("i{}", at % 10), "2026-10-01", 100 * at);
        world.pull("billing", night(at), &[page(&[updated(changed, at)])], &[]);
    }
    world
}

// Goal: what was extracted after the instant is not opened. Method: spoil every later file; the past
// answers all the same, the present does not.
#[test]
fn later_files_are_not_opened() {
    let mut world = nights(12);
    let expected = totals(&world.records(ENTITY, night(5)));
    for file in world
        .files
        .iter()
        .filter(|file| file.extracted_at > night(5))
    {
        fs::write(world.landing.root().join(&file.path), b"spoilt").unwrap();
    }
    world.landing = world.reopened();
    assert_eq!(totals(&world.records(ENTITY, night(5))), expected);
    let now = world.landing.snapshot(world.files.clone(), night(12));
    assert_eq!(now.unwrap_err().code(), "XF-L006");
}

// Goal: a file of which no row counts any more is not read for its values. Method: all of the first
// night is superseded; once that is known, its file may go.
#[test]
fn a_superseded_file_is_not_read() {
    let world = nights(12);
    let snapshot = world.snapshot(night(12));
    let rows = snapshot.rows(ENTITY).unwrap();
    let empty: Vec<_> = rows.iter().filter(|rows| rows.newest.is_empty()).collect();
    assert_eq!((rows.len(), empty.len()), (12, 2));
    let newest: u64 = rows.iter().map(|rows| rows.newest.count()).sum();
    let known: u64 = rows.iter().map(|rows| rows.known.count()).sum();
    assert_eq!((newest, known), (10, 21));
    for rows in empty {
        fs::remove_file(&rows.path).unwrap();
    }
    assert_eq!(snapshot.records(ENTITY).unwrap().len(), 10);
}

// Goal: merging reduces what is opened and changes no answer. Method: many nights, before and after.
#[test]
fn merged_files_are_fewer_and_say_the_same() {
    let mut world = nights(40);
    let before: Vec<_> = (0..40)
        .map(|at| totals(&world.records(ENTITY, night(at))))
        .collect();
    assert_eq!(world.snapshot(night(40)).rows(ENTITY).unwrap().len(), 40);
    world.compact(&CompactScope::default());
    assert_eq!(world.files.len(), 1);
    assert_eq!(world.files[0].totals.rows, 49);
    assert_eq!(world.snapshot(night(40)).rows(ENTITY).unwrap().len(), 1);
    let after: Vec<_> = (0..40)
        .map(|at| totals(&world.records(ENTITY, night(at))))
        .collect();
    assert_eq!(before, after);
    assert!(world.snapshot(night(-1)).rows(ENTITY).unwrap().is_empty());
}

// Goal: a record that moves to another month, or dies, is found wherever its versions stand. Method:
// one that moves, one that is swept away, merged and not.
#[test]
fn a_record_that_moves_is_one_record() {
    let mut world = World::new();
    let first = [
        invoice("moves", "2026-09-01", 1),
        invoice("dies", "2026-09-01", 2),
        invoice("stays", "2026-09-01", 3),
    ];
    world.pull("billing", night(1), &[page(&first)], &[]);
    let moved = [
        updated(invoice("moves", "2026-10-01", 10), 1),
        invoice("stays", "2026-09-01", 3),
    ];
    world.pull("billing", night(2), &[page(&moved)], &[ENTITY]);
    let back = updated(invoice("moves", "2026-09-01", 20), 2);
    world.pull("billing", night(3), &[page(&[back])], &[]);
    for _ in 0..2 {
        let found = |at| totals(&world.records(ENTITY, night(at)));
        assert_eq!(found(1), ["dies 0.02", "moves 0.01", "stays 0.03"]);
        assert_eq!(found(2), ["moves 0.1", "stays 0.03"]);
        assert_eq!(found(3), ["moves 0.2", "stays 0.03"]);
        world.compact(&CompactScope::default());
    }
}

// Goal: a reader of the entity alone takes no more than the values that it must, and nothing of
// another source's file. Method: two sources with the same id.
#[test]
fn ids_of_two_sources_are_two_records() {
    let mut world = World::new();
    let one = invoice("same", "2026-10-01", 1);
    let mut other = invoice("same", "2026-10-01", 2);
    other.set("source", Some(Value::Text("erp".into())));
    world.pull("billing", night(1), &[page(&[one])], &[]);
    world.pull("erp", night(2), &[page(&[other])], &[]);
    assert_eq!(world.records(ENTITY, night(2)).len(), 2);
    world.compact(&CompactScope::default());
    assert_eq!(world.files.len(), 2, "sources are not mixed");
}
