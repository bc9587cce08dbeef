//! What holds for any sequence of pulls, whatever their pages look like.

use std::collections::BTreeMap;

use crossfoot::canonical::{Entity, Record, Value};
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, proptest};
use proptest::test_runner::Config;

use super::world::{World, invoice, night, page, updated};
use crate::canonical::arbitrary;

pub(super) const ENTITY: Entity = Entity::Invoices;

/// One row of a pull: few ids, months, amounts and instants, so that they meet often.
fn row() -> impl Strategy<Value = Record> {
    (0..5_u8, 1..4_u8, 0..3_i64, 0..3_i64, any::<bool>()).prop_map(
        |(id, month, cents, second, deleted)| {
            let issued_on = format!("2026-0{month}-01");
            let mut record = invoice(&format!("i{id}"), &issued_on, cents);
            record.set("deleted", Some(Value::Bool(deleted && cents == 0)));
            updated(record, second)
        },
    )
}

/// A pull: its rows, how many of them make a page, whether it sweeps, and whether the clock moved.
#[derive(Debug, Clone)]
pub(super) struct Pull {
    pub(super) rows: Vec<Record>,
    pub(super) page_rows: usize,
    sweeps: bool,
    pub(super) clock_moved: bool,
}

pub(super) fn pull() -> impl Strategy<Value = Pull> {
    (vec(row(), 0..8), 1..5_usize, any::<bool>(), any::<bool>()).prop_map(
        |(rows, page_rows, sweeps, clock_moved)| Pull {
            rows,
            page_rows,
            sweeps,
            clock_moved,
        },
    )
}

/// What a plain map makes of a pull: the latest change wins, then the larger mark; a sweep ends
/// what did not come.
fn apply(state: &mut BTreeMap<String, Record>, pull: &Pull) {
    let mut winners: BTreeMap<String, &Record> = BTreeMap::new();
    let rank = |record: &Record| (record.instant("updated_at"), record.digest());
    for row in &pull.rows {
        let winner = winners.entry(row.id().to_owned()).or_insert(row);
        if rank(row) > rank(winner) {
            *winner = row;
        }
    }
    if pull.sweeps {
        state.retain(|id, _| winners.contains_key(id));
    }
    for (id, winner) in winners {
        if winner.is_deleted() {
            state.remove(&id);
        } else {
            state.insert(id, winner.clone());
        }
    }
}

/// Records by content: when they were changed or extracted does not count.
pub(super) fn contents(records: impl IntoIterator<Item = Record>) -> Vec<(String, [u8; 16])> {
    let key = |record: Record| (record.id().to_owned(), record.digest());
    records.into_iter().map(key).collect()
}

pub(super) fn sweeps(pull: &Pull) -> &'static [Entity] {
    if pull.sweeps { &[ENTITY] } else { &[] }
}

proptest! {
    #![proptest_config(Config { cases: 48, ..Config::default() })]

    // Goal: what is read is the last write per id, as it was known at each instant, and the same
    // rows again land nothing. Method: random pulls against a plain map.
    #[test]
    fn a_snapshot_is_the_last_write_per_id(pulls in vec(pull(), 1..6)) {
        let mut world = World::new();
        let mut state = BTreeMap::new();
        let mut known: BTreeMap<Timestamp, BTreeMap<String, Record>> = BTreeMap::new();
        let mut at = 0;
        for pull in &pulls {
            at += i64::from(pull.clock_moved);
            let pages: Vec<_> = pull.rows.chunks(pull.page_rows).map(page).collect();
            world.pull("billing", night(at), &pages, sweeps(pull));
            apply(&mut state, pull);
            known.insert(night(at), state.clone());
        }
        for (at, state) in &known {
            let read = contents(world.records(ENTITY, *at));
            prop_assert_eq!(read, contents(state.values().cloned()));
        }
        let last = pulls.last().unwrap();
        let pages: Vec<_> = last.rows.chunks(last.page_rows).map(page).collect();
        let again = world.pull("billing", night(at + 1), &pages, sweeps(last));
        let landed_again = again.files.iter().filter(|file| !file.quarantine).count();
        prop_assert_eq!(landed_again, 0, "{:?}", again);
        prop_assert_eq!(world.reopened().verify(&world.files).len(), 0);
    }

    // Goal: neither the order of the rows nor the size of the pages changes what is read, to the
    // last value. Method: the same rows, shuffled and cut in another way.
    #[test]
    fn pages_do_not_matter(
        (rows, shuffled) in vec(row(), 1..20)
            .prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        page_rows in 1..8_usize,
    ) {
        let mut world = World::new();
        let mut other = World::new();
        world.pull("billing", night(1), &[page(&rows)], &[]);
        let pages: Vec<_> = shuffled.chunks(page_rows).map(page).collect();
        other.pull("billing", night(1), &pages, &[]);
        prop_assert_eq!(world.records(ENTITY, night(1)), other.records(ENTITY, night(1)));
        let quarantined = |world: &World| {
            let rejects = world.landing.rejects(&world.files).unwrap();
            let mut raw: Vec<String> = rejects.into_iter().map(|reject| reject.raw).collect();
            raw.sort_unstable();
            raw
        };
        prop_assert_eq!(quarantined(&world), quarantined(&other));
    }

    // Goal: whatever a record holds, it is read as it was written, and its second coming lands
    // nothing. Method: random records of every entity.
    #[test]
    fn any_record_comes_back(record in arbitrary::record()) {
        let mut world = World::new();
        let mut record = record;
        record.set("source", Some(Value::Text("any".into())));
        record.set("deleted", Some(Value::Bool(false)));
        let entity = record.entity;
        world.pull("any", night(1), &[page(std::slice::from_ref(&record))], &[]);
        let again = world.pull("any", night(2), &[page(std::slice::from_ref(&record))], &[entity]);
        prop_assert_eq!((again.unchanged_count, again.files.len()), (1, 0));
        record.extracted_at = Some(night(1));
        prop_assert_eq!(world.records(entity, night(2)), vec![record]);
    }
}
