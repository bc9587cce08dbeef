//! What does not fit is kept whole, beside the records.

use crossfoot::canonical::Entity;

use super::world::{World, invoice, night, page, rejected};

// Goal: a reject lands with its reason and its raw record, is counted, and is no record. Method: a
// page of each, read back.
#[test]
fn rejects_are_kept_and_read_back() {
    let mut world = World::new();
    let bad = rejected(Entity::Invoices, "billing", None);
    let worse = rejected(Entity::Accounts, "billing", Some("x"));
    let expected = [worse.rejects[0].clone(), bad.rejects[0].clone()];
    let pages = [page(&[invoice("a", "2026-10-01", 100)]), bad, worse];
    let landed = world.pull("billing", night(1), &pages, &[]);
    assert_eq!(
        (landed.row_count, landed.new_count, landed.rejected_count),
        (3, 1, 2)
    );

    let quarantined: Vec<_> = landed
        .files
        .iter()
        .filter(|file| file.quarantine)
        .cloned()
        .collect();
    assert_eq!(quarantined.len(), 2);
    assert!(
        quarantined[0]
            .path
            .starts_with("_quarantine/accounts/source=billing/period=2026-11/"),
        "{}",
        quarantined[0].path
    );
    assert_eq!(quarantined[0].totals.rows, 1);
    assert_eq!(world.landing.rejects(&world.files).unwrap(), expected);
    assert_eq!(world.records(Entity::Invoices, night(1)).len(), 1);
    assert!(world.records(Entity::Accounts, night(1)).is_empty());
    assert!(world.landing.verify(&world.files).is_empty());
}
