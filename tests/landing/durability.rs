//! Files and folders: whose they are, what they are called, what a broken pull leaves.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crossfoot::canonical::{Entity, Value};
use crossfoot::landing::Landing;
use jiff::tz::TimeZone;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::world::{World, code, invoice, night, page, record};

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

// Goal: only the owner reads what was landed. Method: the modes of every folder and file.
#[test]
fn only_the_owner_reads() {
    let mut world = World::new();
    let landed = world.pull(
        "billing",
        night(1),
        &[page(&[invoice("a", "2026-10-01", 1)])],
        &[],
    );
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let mut path = world.landing.root().to_owned();
    assert_eq!(mode(&path), 0o700);
    for part in Path::new(&landed.files[0].path) {
        path = path.join(part);
        assert_eq!(
            mode(&path),
            if path.is_dir() { 0o700 } else { 0o600 },
            "{path:?}"
        );
    }
}

// Goal: a folder that cannot be written to is told at once, with its path and what to do. Method: a
// file where the folder should be.
#[test]
fn an_unwritable_root_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("taken");
    fs::write(&root, b"").unwrap();
    let failure = Landing::open(&root).unwrap_err();
    assert_eq!(failure.code(), "XF-L001");
    let report = failure.report();
    assert!(report.contains(root.to_str().unwrap()), "{report}");
    assert!(report.contains("hint: give the user"), "{report}");
    assert_eq!(code(Landing::open(&root.join("below"))), "XF-L001");
}

// Goal: a pull that does not end leaves nothing. Method: abandon one, drop one, and let one fail.
#[test]
fn a_pull_that_does_not_end_leaves_nothing() {
    let mut world = World::new();
    let rows = page(&[invoice("a", "2026-10-01", 1), invoice("b", "2026-09-01", 1)]);
    let mut abandoned = world.begin("billing", night(1));
    abandoned.write(&rows).unwrap();
    assert_eq!(files_below(world.landing.root()).len(), 2);
    abandoned.abandon();
    assert_eq!(files_below(world.landing.root()), Vec::<PathBuf>::new());

    let mut failed = world.begin("billing", night(1));
    failed.write(&rows).unwrap();
    let foreign = record(
        Entity::Accounts,
        "crm",
        "x",
        &[("name", Value::Text("X".into()))],
    );
    assert!(failed.write(&page(&[foreign])).is_err());
    drop(failed);
    assert_eq!(files_below(world.landing.root()), Vec::<PathBuf>::new());
}

// Goal: a file is never overwritten, and files that were renamed before the refusal go again.
// Method: a pull id that was used before.
#[test]
fn a_committed_file_is_never_overwritten() {
    let mut world = World::new();
    world.pull(
        "billing",
        night(1),
        &[page(&[invoice("a", "2026-10-01", 1)])],
        &[],
    );
    let before = files_below(world.landing.root());
    let bytes = fs::read(&before[0]).unwrap();
    let context = crossfoot::landing::PullContext {
        pull_id: "pull1".into(),
        run_id: "run1".into(),
        source: "billing".into(),
        extracted_at: night(2),
        zone: TimeZone::UTC,
    };
    let mut writer = world.landing.begin(context, &[]).unwrap();
    writer
        .write(&page(&[invoice("a", "2026-10-01", 2)]))
        .unwrap();
    writer
        .write(&page(&[invoice("z", "2026-01-01", 3)]))
        .unwrap();
    assert_eq!(code(writer.finish(&[])), "XF-L012");
    assert_eq!(files_below(world.landing.root()), before);
    assert_eq!(fs::read(&before[0]).unwrap(), bytes);
}

// Goal: a finder without the manifest can tell what a file is. Method: the metadata of a landed
// file, read with the Parquet library alone, and its compression.
#[test]
fn a_file_says_what_it_is() {
    let mut world = World::new();
    let landed = world.pull(
        "billing",
        night(1),
        &[page(&[invoice("a", "2026-10-01", 1)])],
        &[],
    );
    let file = fs::File::open(world.landing.root().join(&landed.files[0].path)).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let metadata = reader.metadata().file_metadata();
    let value = |name: &str| {
        let entries = metadata.key_value_metadata().unwrap();
        let entry = entries
            .iter()
            .find(|entry| entry.key == format!("crossfoot.{name}"));
        entry
            .and_then(|entry| entry.value.clone())
            .unwrap_or_default()
    };
    assert_eq!(value("entity"), "invoices");
    assert_eq!(value("source"), "billing");
    assert_eq!(value("period"), "2026-10");
    assert_eq!(
        (value("pull_id"), value("run_id")),
        ("pull1".into(), "run0001".into())
    );
    assert_eq!(value("version"), env!("CARGO_PKG_VERSION"));
    let columns = metadata.schema_descr().root_schema().get_fields();
    let names: Vec<&str> = columns.iter().map(|column| column.name()).collect();
    let expected = Entity::Invoices.file_schema();
    let expected: Vec<&str> = expected
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    assert_eq!(names, expected);
    let compression = reader.metadata().row_group(0).column(0).compression();
    assert!(
        format!("{compression:?}").starts_with("ZSTD"),
        "{compression:?}"
    );
}

// Goal: more months than files may be open at once all land. Method: a row in each of 150 months,
// twice over, so that closed partitions are opened again.
#[test]
fn many_months_land_in_one_pull() {
    let mut world = World::new();
    let rows = |offset: i64| -> Vec<_> {
        (0..150_i64)
            .map(|n| {
                let day = format!("{:04}-{:02}-15", 2000 + n / 12, n % 12 + 1);
                invoice(&format!("{}", n + offset), &day, n)
            })
            .collect()
    };
    let pages = [page(&rows(0)), page(&rows(1_000))];
    let landed = world.pull("billing", night(1), &pages, &[]);
    assert_eq!(landed.new_count, 300);
    let months: std::collections::BTreeSet<_> =
        landed.files.iter().map(|file| file.period).collect();
    assert_eq!(months.len(), 150);
    assert_eq!(world.records(Entity::Invoices, night(1)).len(), 300);
}
