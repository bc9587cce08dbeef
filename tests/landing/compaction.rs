//! Merging files: every version stays, every total ties, and nothing counts twice.

use std::fs;

use crossfoot::canonical::Entity;
use crossfoot::landing::CompactScope;
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use proptest::test_runner::Config;

use super::laws::{ENTITY, Pull, contents, pull, sweeps};
use super::world::{World, code, invoice, night, page, rejected, updated};

fn play(world: &mut World, pulls: &[Pull], merges: &[bool]) -> i64 {
    let mut at = 0;
    for (number, pull) in pulls.iter().enumerate() {
        at += i64::from(pull.clock_moved);
        let pages: Vec<_> = pull.rows.chunks(pull.page_rows).map(page).collect();
        world.pull("billing", night(at), &pages, sweeps(pull));
        if merges.get(number).copied().unwrap_or_default() {
            world.compact(&CompactScope::default());
        }
    }
    at
}

proptest! {
    #![proptest_config(Config { cases: 20, ..Config::default() })]

    // Goal: whenever files are merged, every question about every instant has the same answer, and
    // what later pulls land is the same. Method: two landings of the same random pulls, of which one
    // is merged now and then.
    #[test]
    fn merging_changes_no_answer(
        pulls in vec(pull(), 1..7),
        merges in vec(any::<bool>(), 7),
    ) {
        let mut plain = World::new();
        let mut merged = World::new();
        let last = play(&mut plain, &pulls, &[]);
        play(&mut merged, &pulls, &merges);
        for _ in 0..2 {
            for at in 0..=last {
                let base = plain.snapshot(night(at));
                let peer = merged.snapshot(night(at));
                prop_assert_eq!(
                    contents(base.records(ENTITY).unwrap()),
                    contents(peer.records(ENTITY).unwrap())
                );
                prop_assert_eq!(
                    base.extract_counts().unwrap(),
                    peer.extract_counts().unwrap()
                );
            }
            merged.compact(&CompactScope::default());
        }
        prop_assert!(merged.landing.verify(&merged.files).is_empty());
        let rows = |world: &World| -> u64 {
            let files = world.files.iter().filter(|file| !file.quarantine);
            files.map(|file| file.totals.rows).sum()
        };
        prop_assert_eq!(rows(&plain), rows(&merged));
    }
}

// Goal: merging twice merges once; a month is not mixed with another, nor the quarantine with records,
// and every reject stays as it was. Method: two months and a reject a night, merged twice.
#[test]
fn merging_again_finds_nothing() {
    let mut world = World::new();
    for at in 1..5 {
        let rows = [
            updated(invoice("a", "2026-09-01", at), at),
            updated(invoice("b", "2026-10-01", at), at),
        ];
        let pages = [page(&rows), rejected(Entity::Invoices, "billing", None)];
        world.pull("billing", night(at), &pages, &[]);
    }
    let scope = CompactScope::default();
    let rejects = world.landing.rejects(&world.files).unwrap();
    world.compact(&scope);
    assert_eq!(world.landing.rejects(&world.files).unwrap(), rejects);
    assert_eq!(rejects.len(), 4);
    assert!(world.landing.verify(&world.files).is_empty());
    let records = world.files.iter().filter(|file| !file.quarantine);
    assert_eq!(
        records.map(|file| file.totals.rows).collect::<Vec<_>>(),
        [4, 4]
    );
    assert_eq!(world.files.len(), 2 + 1, "four rejects in one file");
    assert!(
        world
            .landing
            .plan_compaction(&world.files, &scope)
            .is_empty()
    );
    for file in &world.files {
        assert_eq!(
            (file.first_extracted_at, file.extracted_at),
            (night(1), night(4))
        );
    }
}

// Goal: a damaged file, or totals that do not tie, stop the merge, and it leaves nothing. Method:
// flip a byte, and change the manifest's sum.
#[test]
fn what_does_not_tie_is_not_merged() {
    let mut world = World::new();
    for at in 1..4 {
        let row = updated(invoice("a", "2026-10-01", at), at);
        world.pull("billing", night(at), &[page(&[row])], &[]);
    }
    let files_there = |world: &World| -> usize {
        let paths = world.files.iter().map(|file| file.path.as_str());
        let late = "2100-01-01T00:00:00Z".parse().unwrap();
        let grace = std::time::Duration::ZERO;
        world.landing.orphans(paths, late, grace).unwrap().len()
    };
    let mut changed = world.files.clone();
    changed[1].totals.sums.insert("total:USD".into(), 7.into());
    assert_eq!(code(world.landing.merge(&changed, "m1")), "XF-L008");
    assert_eq!(files_there(&world), 0);
    let path = world.landing.root().join(&world.files[2].path);
    let mut bytes = fs::read(&path).unwrap();
    bytes[40] ^= 1;
    fs::write(&path, bytes).unwrap();
    let reopened = world.reopened();
    assert_eq!(code(reopened.merge(&world.files, "m2")), "XF-L007");
    assert_eq!(files_there(&world), 0);
}

// Goal: a pull into the past sees what was known then, in merged files too. Method: merge, then pull
// at an earlier instant.
#[test]
fn a_pull_into_the_past_reads_a_part_of_a_merged_file() {
    let mut world = World::new();
    for at in [1, 5, 9] {
        let row = updated(invoice("a", "2026-10-01", at), at);
        world.pull("billing", night(at), &[page(&[row])], &[]);
    }
    world.compact(&CompactScope::default());
    let same = updated(invoice("a", "2026-10-01", 5), 5);
    let again = world.pull("billing", night(7), &[page(&[same])], &[]);
    assert_eq!((again.unchanged_count, again.new_count), (1, 0));
    let other = updated(invoice("a", "2026-10-01", 6), 6);
    let landed = world.pull("billing", night(7), &[page(&[other])], &[]);
    assert_eq!(landed.new_count, 1);
    let found = |at| super::world::totals(&world.records(ENTITY, night(at)));
    assert_eq!(found(6), ["a 0.05"]);
    assert_eq!(found(7), ["a 0.06"]);
    assert_eq!(found(9), ["a 0.09"]);
}
