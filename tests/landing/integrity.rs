//! A file that is not what was committed is noticed before a figure is made of it.

use std::fs;
use std::path::PathBuf;

use crossfoot::canonical::Entity;

use super::world::{World, code, invoice, night, page, rejected};

fn landed_world() -> (World, PathBuf) {
    let mut world = World::new();
    let rows: Vec<_> = (0..50)
        .map(|n| invoice(&format!("i{n}"), "2026-10-01", n))
        .collect();
    world.pull("billing", night(1), &[page(&rows)], &[]);
    let path = world.landing.root().join(&world.files[0].path);
    (world, path)
}

/// The code that a snapshot gives, and that `verify` names the file.
fn noticed(world: &World) -> &'static str {
    let landing = world.reopened();
    let faults = landing.verify(&world.files);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].path, world.files[0].path);
    assert!(faults[0].to_string().starts_with(&world.files[0].path));
    code(landing.snapshot(world.files.clone(), night(1)))
}

// Goal: no flipped bit reaches a figure. Method: flip one bit at a time, spread over the whole file.
#[test]
fn a_flipped_bit_is_noticed() {
    let (world, path) = landed_world();
    let good = fs::read(&path).unwrap();
    for at in (0..good.len()).step_by(good.len() / 16 + 1) {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        fs::write(&path, &bad).unwrap();
        assert_eq!(noticed(&world), "XF-L007", "byte {at}");
    }
    fs::write(&path, &good).unwrap();
    assert!(world.reopened().verify(&world.files).is_empty());
}

// Goal: a missing, a short and a swapped file are told apart. Method: do each to a landed file.
#[test]
fn missing_short_and_swapped_files_are_noticed() {
    let (mut world, path) = landed_world();
    let good = fs::read(&path).unwrap();
    fs::write(&path, &good[..good.len() - 1]).unwrap();
    assert_eq!(noticed(&world), "XF-L006");
    fs::remove_file(&path).unwrap();
    assert_eq!(noticed(&world), "XF-L005");
    fs::write(&path, &good).unwrap();

    let other = world.pull(
        "billing",
        night(2),
        &[page(&[invoice("x", "2026-10-01", 7)])],
        &[],
    );
    let other_path = world.landing.root().join(&other.files[0].path);
    fs::copy(&path, &other_path).unwrap();
    let landing = world.reopened();
    assert_eq!(
        code(landing.snapshot(world.files.clone(), night(2))),
        "XF-L006"
    );
    assert_eq!(landing.verify(&world.files)[0].path, other.files[0].path);
    let before = landing.snapshot(world.files.clone(), night(1)).unwrap();
    assert_eq!(before.records(Entity::Invoices).unwrap().len(), 50);
}

// Goal: totals that the manifest does not hold are noticed although every byte is right. Method: a
// manifest with another sum, and with another count.
#[test]
fn totals_are_tied_when_read() {
    let (mut world, _) = landed_world();
    let committed = world.files[0].totals.clone();
    world.files[0]
        .totals
        .sums
        .insert("total:USD".into(), 1.into());
    let snapshot = world.snapshot(night(1));
    assert_eq!(code(snapshot.records(Entity::Invoices)), "XF-L008");
    let fault = world.landing.verify(&world.files).remove(0).to_string();
    assert!(fault.contains("total:USD 1 against 12.25"), "{fault}");
    world.files[0].totals = committed;
    world.files[0].totals.rows -= 1;
    assert_eq!(
        code(world.snapshot(night(1)).records(Entity::Invoices)),
        "XF-L008"
    );
}

// Goal: a pull does not decide what is new by a damaged file. Method: damage one, pull again.
#[test]
fn a_pull_does_not_build_on_a_damaged_file() {
    let (mut world, path) = landed_world();
    let mut bytes = fs::read(&path).unwrap();
    bytes[100] ^= 1;
    fs::write(&path, bytes).unwrap();
    world.landing = world.reopened();
    let mut writer = world.begin("billing", night(2));
    let outcome = writer.write(&page(&[invoice("i0", "2026-10-01", 5)]));
    assert_eq!(code(outcome), "XF-L007");
}

// Goal: a changed manifest does not lead out of the landing. Method: hostile paths.
#[test]
fn the_manifest_cannot_lead_outside() {
    let (world, _) = landed_world();
    for path in ["../secret.parquet", "/etc/passwd", ""] {
        let mut files = world.files.clone();
        files[0].path = path.into();
        assert_eq!(code(world.landing.snapshot(files, night(1))), "XF-L011");
    }
}

// Goal: a damaged quarantine is noticed too. Method: flip a bit of it.
#[test]
fn the_quarantine_is_verified() {
    let mut world = World::new();
    world.pull(
        "billing",
        night(1),
        &[rejected(Entity::Invoices, "billing", None)],
        &[],
    );
    assert!(world.landing.verify(&world.files).is_empty());
    let path = world.landing.root().join(&world.files[0].path);
    let mut bytes = fs::read(&path).unwrap();
    bytes[64] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert_eq!(world.landing.verify(&world.files).len(), 1);
    assert_eq!(code(world.reopened().rejects(&world.files)), "XF-L007");
}

// Goal: one list has one digest, and another list another. Method: the list in another order, and
// with one file more.
#[test]
fn a_snapshot_is_named_by_its_files() {
    let (mut world, _) = landed_world();
    let first = world.snapshot(night(1)).digest();
    world.pull(
        "billing",
        night(2),
        &[page(&[invoice("x", "2026-09-01", 7)])],
        &[],
    );
    assert_eq!(world.snapshot(night(1)).digest(), first);
    let both = world.snapshot(night(2));
    assert_ne!(both.digest(), first);
    world.files.reverse();
    assert_eq!(world.snapshot(night(2)).digest(), both.digest());
    assert_eq!(both.as_of(), night(2));
    assert_eq!(both.files(Entity::Invoices).len(), 2);
    assert!(
        both.rows(Entity::Invoices)
            .unwrap()
            .iter()
            .all(|rows| rows.path.is_absolute() && rows.path.is_file())
    );
}
