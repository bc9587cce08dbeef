//! What no manifest names is found and removed, and nothing else.

use std::fs;
use std::time::Duration;

use jiff::Timestamp;

use super::world::{World, invoice, night, page, rejected};
use crossfoot::canonical::Entity;
use crossfoot::landing::LandedFile;

const GRACE: Duration = Duration::from_hours(1);

fn paths(files: &[LandedFile]) -> impl Iterator<Item = &str> {
    files.iter().map(|file| file.path.as_str())
}

fn far_future() -> Timestamp {
    "2100-01-01T00:00:00Z".parse().unwrap()
}

// Goal: orphans of every kind go, committed and foreign files stay. Method: an uncommitted pull, a
// file under a temporary name, a foreign file, and a committed pull with a quarantine.
#[test]
fn orphans_go_and_the_rest_stays() {
    let mut world = World::new();
    let pages = [
        page(&[invoice("a", "2026-10-01", 100)]),
        rejected(Entity::Invoices, "billing", None),
    ];
    world.pull("billing", night(1), &pages, &[]);
    let committed = world.files.clone();
    let lost = world.pull(
        "billing",
        night(2),
        &[page(&[invoice("b", "2026-09-01", 1)])],
        &[],
    );
    let root = world.landing.root().to_owned();
    let temporary = root.join("invoices/half.parquet.tmp");
    fs::write(&temporary, b"PAR1").unwrap();
    let foreign = root.join("invoices/notes.txt");
    fs::write(&foreign, b"mine").unwrap();

    let mut expected = vec![root.join(&lost.files[0].path), temporary];
    expected.sort();
    let found = world
        .landing
        .orphans(paths(&committed), far_future(), GRACE)
        .unwrap();
    assert_eq!(found, expected);
    world.landing.remove_orphans(&found).unwrap();
    assert!(expected.iter().all(|path| !path.exists()));
    assert!(foreign.exists());
    assert!(world.landing.verify(&committed).is_empty());
    assert!(
        world
            .landing
            .orphans(paths(&committed), far_future(), GRACE)
            .unwrap()
            .is_empty()
    );
}

// Goal: a pull under way loses nothing. Method: look from the very instant at which its file was
// written, and from a clock that was set into the past.
#[test]
fn what_is_young_is_passed_over() {
    let mut world = World::new();
    let mut writer = world.begin("billing", night(1));
    writer
        .write(&page(&[invoice("a", "2026-10-01", 100)]))
        .unwrap();
    let open = world
        .landing
        .orphans([], far_future(), Duration::ZERO)
        .unwrap();
    assert_eq!(open.len(), 1, "it is under way");
    let written = fs::metadata(&open[0]).unwrap().modified().unwrap();
    let written = Timestamp::try_from(written).unwrap();
    for now in [written, night(-400)] {
        assert!(world.landing.orphans([], now, GRACE).unwrap().is_empty());
    }
    let landed = writer.finish(&[]).unwrap();
    assert!(world.landing.verify(&landed.files).is_empty());
}
