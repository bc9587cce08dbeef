//! Only what is new lands, and every version is kept.

use std::fs::File;
use std::path::Path;

use arrow::array::RecordBatch;
use crossfoot::canonical::{Entity, Record, Value};
use crossfoot::landing::{CompactScope, LandedFile};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::world::{World, code, invoice, night, page, record, totals, updated};

// Goal: an unchanged row lands nothing, not even a file, also when only its time of change moved.
// Method: the same rows on two nights.
#[test]
fn an_unchanged_row_lands_nothing() {
    let mut world = World::new();
    let rows = [
        invoice("a", "2026-10-01", 100),
        invoice("b", "2026-11-01", 250),
    ];
    let first = world.pull("billing", night(1), &[page(&rows)], &[]);
    assert_eq!(
        (first.row_count, first.new_count, first.files.len()),
        (2, 2, 2)
    );

    let touched = rows.map(|row| updated(row, 1_800_000_000));
    let second = world.pull("billing", night(2), &[page(&touched)], &[Entity::Invoices]);
    assert!(second.files.is_empty());
    assert_eq!((second.row_count, second.unchanged_count), (2, 2));
    assert_eq!((second.new_count, second.tombstone_count), (0, 0));
    assert_eq!(second.totals[0].1.sums["total:USD"].to_string(), "3.5");
}

// Goal: every version stays readable as it was known. Method: a change, a change back, and a look
// from each night.
#[test]
fn every_version_is_known_as_of_its_night() {
    let mut world = World::new();
    for (at, cents) in [(1, 100), (2, 175), (3, 100)] {
        let landed = world.pull(
            "billing",
            night(at),
            &[page(&[invoice("a", "2026-10-01", cents)])],
            &[],
        );
        assert_eq!(landed.new_count, 1, "night {at}");
    }
    assert!(world.records(Entity::Invoices, night(0)).is_empty());
    for (at, seen) in [(1, "a 1"), (2, "a 1.75"), (3, "a 1"), (9, "a 1")] {
        let records = world.records(Entity::Invoices, night(at));
        assert_eq!(totals(&records), [seen], "night {at}");
    }
    let newest = world.records(Entity::Invoices, night(9));
    assert_eq!(newest[0].extracted_at, Some(night(3)));
    assert_eq!(
        newest[0].raw.as_deref(),
        Some("{\"id\":\"a\",\"cents\":100}")
    );
}

// Goal: a version that moves to an earlier month is still the newer one, also when the clock
// stands. Method: two pulls at one instant, the second with an earlier date of issue.
#[test]
fn the_later_pull_wins_under_a_standing_clock() {
    let mut world = World::new();
    world.pull(
        "billing",
        night(1),
        &[page(&[invoice("a", "2026-10-01", 100)])],
        &[],
    );
    world.pull(
        "billing",
        night(1),
        &[page(&[invoice("a", "2026-02-01", 200)])],
        &[],
    );
    assert_eq!(totals(&world.records(Entity::Invoices, night(1))), ["a 2"]);
    let again = world.pull(
        "billing",
        night(1),
        &[page(&[invoice("a", "2026-02-01", 200)])],
        &[],
    );
    assert_eq!(again.unchanged_count, 1);
    let gone = world.pull("billing", night(1), &[], &[Entity::Invoices]);
    assert_eq!(gone.tombstone_count, 1);
    assert!(world.records(Entity::Invoices, night(1)).is_empty());
}

// Goal: a record that comes twice counts once, and of two contents the later one counts, whichever
// page it stands on. Method: overlapping pages in both orders.
#[test]
fn of_two_contents_in_one_pull_the_later_counts() {
    let old = updated(invoice("a", "2026-10-01", 100), 10);
    let new = updated(invoice("a", "2026-11-01", 300), 20);
    let other = invoice("b", "2026-10-01", 50);
    for pages in [
        vec![
            page(&[old.clone(), other.clone()]),
            page(&[new.clone(), other.clone()]),
        ],
        vec![
            page(&[new.clone(), other.clone()]),
            page(&[other.clone(), old.clone()]),
        ],
        vec![page(&[old, new, other.clone(), other])],
    ] {
        let mut world = World::new();
        let landed = world.pull("billing", night(1), &pages, &[]);
        assert_eq!(
            (landed.row_count, landed.new_count, landed.repeated_count),
            (4, 2, 2)
        );
        let rows: u64 = landed.files.iter().map(|file| file.totals.rows).sum();
        assert_eq!(rows, 2, "a superseded row is in no file");
        let seen = totals(&world.records(Entity::Invoices, night(1)));
        assert_eq!(seen, ["a 3", "b 0.5"]);
        assert!(world.landing.verify(&world.files).is_empty());
    }
}

// Goal: a file of which every row was superseded is not kept. Method: the winner is what is landed
// already.
#[test]
fn a_file_without_rows_is_not_kept() {
    let mut world = World::new();
    let landed = updated(invoice("a", "2026-10-01", 100), 20);
    world.pull(
        "billing",
        night(1),
        &[page(std::slice::from_ref(&landed))],
        &[],
    );
    let stale = updated(invoice("a", "2026-10-01", 90), 10);
    let pages = [page(&[stale]), page(&[landed])];
    let second = world.pull("billing", night(2), &pages, &[]);
    assert_eq!((second.unchanged_count, second.repeated_count), (1, 1));
    assert!(second.files.is_empty());
    let grace = std::time::Duration::ZERO;
    let late = "2100-01-01T00:00:00Z".parse().unwrap();
    assert!(
        world
            .landing
            .orphans(
                world.files.iter().map(|file| file.path.as_str()),
                late,
                grace
            )
            .unwrap()
            .is_empty()
    );
}

// Goal: two sources with one id do not meet. Method: the same id from both.
#[test]
fn sources_are_apart() {
    let mut world = World::new();
    let name = |text: &str| [("name", Value::Text(text.into()))];
    let crm = record(Entity::Accounts, "crm", "1", &name("One"));
    let billing = record(Entity::Accounts, "billing", "1", &name("Uno"));
    world.pull("crm", night(1), &[page(&[crm])], &[Entity::Accounts]);
    world.pull(
        "billing",
        night(1),
        &[page(&[billing])],
        &[Entity::Accounts],
    );
    let records = world.records(Entity::Accounts, night(1));
    let keys: Vec<String> = records.iter().map(Record::key).collect();
    assert_eq!(keys, ["billing:1", "crm:1"]);
    assert_eq!(
        world.snapshot(night(1)).extract_counts().unwrap(),
        [
            ("billing".to_owned(), "accounts".to_owned(), 1),
            ("crm".to_owned(), "accounts".to_owned(), 1)
        ]
    );
    let mut writer = world.begin("crm", night(2));
    let foreign = record(Entity::Accounts, "billing", "2", &name("Due"));
    assert_eq!(code(writer.write(&page(&[foreign]))), "XF-L009");
}

// Goal: records land in the month that they belong to, by the clock of the books. Method: an
// invoice, a use just before local midnight, and an account without a date.
#[test]
fn rows_land_in_their_month() {
    let mut world = World::new();
    let late = "2026-11-01T02:00:00Z".parse().unwrap();
    let usage = record(
        Entity::Usage,
        "billing",
        "u",
        &[("starts_on", Value::Instant(late))],
    );
    let account = record(Entity::Accounts, "billing", "x", &[]);
    let rows = [invoice("a", "2026-02-28", 1), usage, account];
    let landed = world.pull("billing", night(1), &[page(&rows)], &[]);
    let folders: Vec<&str> = landed
        .files
        .iter()
        .filter_map(|file| file.path.rsplit_once('/').map(|(folder, _)| folder))
        .collect();
    assert_eq!(
        folders,
        [
            "accounts/source=billing/period=2026-11",
            "invoices/source=billing/period=2026-02",
            "usage/source=billing/period=2026-10",
        ]
    );
}

// Goal: a clock that once ran ahead hides nothing from the nights before. Method: a pull of a later
// night first, then the same row and a sweep in an earlier one.
#[test]
fn what_a_later_clock_landed_does_not_count_before_it() {
    let mut world = World::new();
    let rows = page(&[invoice("a", "2026-10-01", 100)]);
    world.pull("billing", night(5), std::slice::from_ref(&rows), &[]);
    let earlier = world.pull("billing", night(2), std::slice::from_ref(&rows), &[]);
    assert_eq!((earlier.new_count, earlier.unchanged_count), (1, 0));
    for at in [2, 5] {
        let seen = totals(&world.records(Entity::Invoices, night(at)));
        assert_eq!(seen, ["a 1"], "night {at}");
    }
    let swept = world.pull("billing", night(3), &[], &[Entity::Invoices]);
    assert_eq!(swept.tombstone_count, 1);
    assert!(world.records(Entity::Invoices, night(3)).is_empty());
}

// Goal: two contents of one id and one instant of change are a contradiction: one lands, and the other
// is in the quarantine with its raw record, also where it was written before or landed on an earlier
// night; a later change settles it. Method: both orders, on one page and on two, over three nights.
#[test]
fn contradicting_contents_are_quarantined() {
    let dear = invoice("a", "2026-10-01", 300);
    let cheap = invoice("a", "2026-11-01", 100);
    let other = invoice("b", "2026-10-01", 50);
    let of = |row: &Record| row.raw.clone().unwrap();
    let mut outcomes = Vec::new();
    for pages in [
        vec![page(&[dear.clone(), cheap.clone(), other.clone()])],
        vec![page(&[cheap.clone(), dear.clone(), other.clone()])],
        vec![
            page(&[dear.clone(), other.clone()]),
            page(&[cheap.clone(), dear.clone()]),
        ],
        vec![
            page(&[cheap.clone(), other.clone()]),
            page(&[dear.clone(), cheap.clone()]),
        ],
    ] {
        let mut world = World::new();
        let landed = world.pull("billing", night(1), &pages, &[Entity::Invoices]);
        assert_eq!((landed.new_count, landed.rejected_count), (2, 1));
        assert_eq!(landed.row_count, 3 + landed.repeated_count);
        assert!(world.landing.verify(&world.files).is_empty());
        let records = world.records(Entity::Invoices, night(1));
        let rejects = world.landing.rejects(&world.files).unwrap();
        assert_eq!(rejects.len(), 1);
        let reject = &rejects[0];
        assert_eq!(
            (reject.field.as_str(), reject.id.as_deref()),
            ("id", Some("a"))
        );
        assert!(
            reject
                .reason
                .starts_with("comes twice with different content")
        );
        let mut both = [of(&records[0]), reject.raw.clone()];
        both.sort_unstable();
        let mut expected = [of(&dear), of(&cheap)];
        expected.sort_unstable();
        assert_eq!(both, expected, "nothing is lost");
        outcomes.push((totals(&records), reject.raw.clone()));

        // The next night the loser alone: it lands, and what was landed before is quarantined when
        // both come again.
        let loser = if reject.raw == of(&dear) {
            &dear
        } else {
            &cheap
        };
        let alone = world.pull(
            "billing",
            night(2),
            &[page(std::slice::from_ref(loser))],
            &[],
        );
        assert_eq!((alone.new_count, alone.rejected_count), (1, 0));
        let both = world.pull("billing", night(3), &pages, &[Entity::Invoices]);
        assert_eq!(
            (both.new_count, both.unchanged_count, both.rejected_count),
            (1, 1, 1)
        );
        let rejects = world.landing.rejects(&both.files).unwrap();
        assert_eq!(rejects.len(), 1);
        assert_eq!(rejects[0].raw, of(loser));
        assert!(world.landing.verify(&world.files).is_empty());

        let settled = updated(invoice("a", "2026-10-01", 200), 1_900_000_000);
        let mut pages = pages;
        pages.push(page(&[settled]));
        let settling = world.pull("billing", night(4), &pages, &[Entity::Invoices]);
        assert_eq!((settling.new_count, settling.rejected_count), (1, 0));
        assert!(settling.files.iter().all(|file| !file.quarantine));
    }
    assert!(
        outcomes.windows(2).all(|pair| pair[0] == pair[1]),
        "{outcomes:?}"
    );
}

// Goal: rows that differ only in what crossfoot does not read do not contradict each other: one file
// may feed customers and their invoices. Method: one content under two raw records.
#[test]
fn what_is_not_read_contradicts_nothing() {
    let first = invoice("a", "2026-10-01", 100);
    let mut second = first.clone();
    second.raw = Some("{\"id\":\"a\",\"cents\":100,\"more\":1}".into());
    let mut world = World::new();
    let landed = world.pull("billing", night(1), &[page(&[first, second])], &[]);
    assert_eq!(
        (
            landed.new_count,
            landed.repeated_count,
            landed.rejected_count
        ),
        (1, 1, 0)
    );
}

/// Writes a landed file again as an earlier release did: without the digests of the versions.
fn as_earlier_releases_wrote(root: &Path, file: &mut LandedFile) {
    let path = root.join(&file.path);
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap());
    let batches: Vec<RecordBatch> = reader
        .unwrap()
        .build()
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let schema = file.entity.landed_schema();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, schema.clone(), None).unwrap();
    for batch in batches {
        let names = schema.fields().iter().map(|field| field.name());
        let columns = names.map(|name| batch.column_by_name(name).unwrap().clone());
        let batch = RecordBatch::try_new(schema.clone(), columns.collect());
        writer.write(&batch.unwrap()).unwrap();
    }
    writer.close().unwrap();
    std::fs::write(&path, &bytes).unwrap();
    file.size_bytes = bytes.len() as u64;
    file.digest = blake3::hash(&bytes).to_hex().to_string();
}

// Goal: an upgrade lands nothing anew, and merging gives old rows their digests. Method: files
// without the column of digests, then a pull of one record that is the same and one that is not, a
// merge of old and new files, and the same pull again.
#[test]
fn files_without_digests_are_read_as_well() {
    let mut world = World::new();
    let both = [
        invoice("a", "2026-10-01", 1_005),
        invoice("b", "2026-10-02", -7),
    ];
    world.pull("billing", night(1), &[page(&both)], &[]);
    for file in &mut world.files {
        as_earlier_releases_wrote(world.landing.root(), file);
    }
    assert!(world.landing.verify(&world.files).is_empty());
    let next = [both[0].clone(), invoice("b", "2026-10-02", -8)];
    let second = world.pull("billing", night(2), &[page(&next)], &[Entity::Invoices]);
    assert_eq!((second.unchanged_count, second.new_count), (1, 1));
    let third = world.pull("billing", night(3), &[page(&next)], &[Entity::Invoices]);
    assert_eq!((third.unchanged_count, third.new_count), (2, 0));

    world.compact(&CompactScope::default());
    assert_eq!(world.files.len(), 1);
    assert!(world.landing.verify(&world.files).is_empty());
    assert_eq!(
        totals(&world.records(Entity::Invoices, night(1))),
        ["a 10.05", "b -0.07"]
    );
    let merged = File::open(world.landing.root().join(&world.files[0].path)).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(merged).unwrap();
    let expected = Entity::Invoices.file_schema();
    assert_eq!(reader.schema().fields(), expected.fields());
    let fourth = world.pull("billing", night(4), &[page(&next)], &[Entity::Invoices]);
    assert_eq!((fourth.unchanged_count, fourth.new_count), (2, 0));
}
