//! Encrypted files: only with the key, and with the key like any other.

use std::fs;

use crossfoot::canonical::Entity;
use crossfoot::landing::{CompactScope, KeyRing, Landing};
use crossfoot::secret::Secret;

use super::world::{World, code, invoice, night, page, rejected, totals, updated};

const FIRST: &str = "000102030405060708090a0b0c0d0e0f";
const SECOND: &str = "8fJqV3k0u3bq0mQ0mC4o0o3m0Q1m7n5pVt2yq0l9b1c=";

fn ring(newest: Option<&str>, older: &[&str]) -> KeyRing {
    let secret = |text: &str| Secret::new(text.to_owned());
    let older: Vec<Secret> = older.iter().map(|text| secret(text)).collect();
    KeyRing::new(newest.map(secret).as_ref(), &older).unwrap()
}

fn open(world: &World, keys: KeyRing) -> Landing {
    Landing::open(world.landing.root()).unwrap().with_keys(keys)
}

/// Whether the bytes of any file hold a text.
fn holds(world: &World, text: &str) -> bool {
    world.files.iter().any(|file| {
        let bytes = fs::read(world.landing.root().join(&file.path)).unwrap();
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    })
}

// Goal: records, raw and rejects are encrypted once there is a key; without it, or with another, they
// are a clear error that loses nothing; older keys still read. Method: a plain night, one under each
// of two keys, a merge, and a new key for all.
#[test]
fn files_are_read_with_their_own_key() {
    let mut world = World::new();
    world.pull(
        "billing",
        night(0),
        &[page(&[invoice("plain", "2026-10-01", 1)])],
        &[],
    );
    assert_eq!(world.files[0].key_id, None);
    for (at, keys) in [
        (1, ring(Some(FIRST), &[])),
        (2, ring(Some(SECOND), &[FIRST])),
    ] {
        world.landing = open(&world, keys);
        let row = updated(invoice("secret", "2026-10-01", 100 + at), at);
        let pages = [page(&[row]), rejected(Entity::Invoices, "billing", None)];
        world.pull("billing", night(at), &pages, &[]);
    }
    let ids: std::collections::BTreeSet<_> = world.files.iter().map(|file| &file.key_id).collect();
    assert_eq!(ids.len(), 3);
    assert!(!holds(&world, "No secret") && !holds(&world, "cents\":101"));
    assert!(!holds(&world, "is no decimal number") && !holds(&world, "12,50"));

    for keys in [ring(None, &[]), ring(Some(SECOND), &[])] {
        let landing = open(&world, keys);
        let refused = landing.snapshot(world.files.clone(), night(2)).unwrap_err();
        assert_eq!(refused.code(), "XF-L014");
        let report = refused.report();
        assert!(report.contains("old_encryption_keys"), "{report}");
        assert!(
            landing
                .verify(&world.files)
                .iter()
                .all(|fault| fault.error.to_string().contains("key"))
        );
    }
    let both = ring(Some(SECOND), &[FIRST]);
    world.landing = open(&world, both.clone());
    let expected = ["plain 0.01", "secret 1.02"];
    assert_eq!(totals(&world.records(Entity::Invoices, night(2))), expected);
    assert_eq!(world.landing.rejects(&world.files).unwrap().len(), 2);
    assert!(world.landing.verify(&world.files).is_empty());

    let all = CompactScope {
        rekey: true,
        ..CompactScope::default()
    };
    world.compact(&all);
    assert!(
        world
            .files
            .iter()
            .all(|file| file.key_id.as_deref() == both.newest_id())
    );
    world.landing = open(&world, ring(Some(SECOND), &[]));
    assert_eq!(totals(&world.records(Entity::Invoices, night(2))), expected);
    assert_eq!(world.landing.rejects(&world.files).unwrap().len(), 2);
    assert!(!holds(&world, "No plain"));
    assert!(world.landing.plan_compaction(&world.files, &all).is_empty());
}

// Goal: what a pull takes back while it is under way is read encrypted too. Method: two contents of
// one id in two pages, of which one counts and one goes to the quarantine.
#[test]
fn a_pull_reads_its_own_encrypted_files() {
    let mut world = World::new();
    world.landing = open(&world, ring(Some(FIRST), &[]));
    let pages = [
        page(&[
            updated(invoice("a", "2026-10-01", 1), 1),
            invoice("b", "2026-10-01", 5),
        ]),
        page(&[updated(invoice("a", "2026-10-01", 2), 1)]),
    ];
    let landed = world.pull("billing", night(1), &pages, &[]);
    assert_eq!((landed.new_count, landed.rejected_count), (2, 1));
    assert!(world.landing.verify(&world.files).is_empty());
    assert_eq!(
        code(KeyRing::new(Some(&Secret::new("short".into())), &[])),
        "XF-L013"
    );
}
