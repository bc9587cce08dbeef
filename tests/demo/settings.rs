//! The demo's folder: a configuration that is valid, and secrets that nobody else can read.

use std::os::unix::fs::PermissionsExt;

use crossfoot::config::{Config, Role};
use crossfoot::demo::{DemoPlaces, Night, World, config};

const CRM: &str = "http://127.0.0.1:1234";
const BILLING: &str = "http://127.0.0.1:5678";

/// Goal: the configuration is one that crossfoot takes, with both addresses in it. Method: parse it
/// with the typed configuration, which refuses unknown keys.
#[test]
fn the_configuration_is_valid() {
    let text = config(CRM, BILLING);
    assert!(!text.contains("demo.invalid"));
    let parsed: Config = toml::from_str(&text).unwrap();
    assert_eq!(parsed.source["crm"].base_url.as_deref(), Some(CRM));
    assert_eq!(parsed.source["billing"].base_url.as_deref(), Some(BILLING));
    let role = parsed.source["seats"].role.as_ref().unwrap();
    assert_eq!(role.as_slice(), [Role::Usage]);
    assert_eq!(parsed.reconcile.lag_days, 4);
    assert_eq!(parsed.collections.level.len(), 3);
    for report in &parsed.job["reports"].reports {
        assert!(parsed.report.contains_key(report), "{report}");
    }
}

/// Goal: a folder is ready for use, twice in a row, and its secrets are the servers'. Method: prepare
/// it, loosen a secret's mode, prepare it again, and resolve the secrets as a source does.
#[test]
fn a_folder_is_prepared_again() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::generate(4);
    let places = DemoPlaces::prepare(folder.path(), &world, CRM, BILLING).unwrap();
    let token = folder.path().join("secrets/crm.token");
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o644)).unwrap();
    let again = DemoPlaces::prepare(folder.path(), &world, CRM, BILLING).unwrap();
    assert_eq!(places, again);
    let text = std::fs::read_to_string(&again.config).unwrap();
    let parsed: Config = toml::from_str(&text).unwrap();
    let resolve = |source: &str, key: &str| {
        let credential = parsed.source[source].credential(key).unwrap();
        credential
            .resolve(folder.path())
            .unwrap()
            .expose()
            .to_owned()
    };
    assert_eq!(resolve("crm", "token"), world.crm_token());
    assert_eq!(resolve("billing", "api_key"), world.billing_key());
}

/// Goal: the usage file is there on the first and third night only. Method: write all three nights
/// into one folder, and the second one twice.
#[test]
fn the_second_night_has_no_usage_file() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::generate(4);
    let first = world
        .write_usage(folder.path(), Night::First)
        .unwrap()
        .unwrap();
    let text = std::fs::read_to_string(&first).unwrap();
    assert!(text.lines().count() > 40);
    for _ in 0..2 {
        assert_eq!(
            world.write_usage(folder.path(), Night::Second).unwrap(),
            None
        );
        assert!(!first.exists());
    }
    let third = world
        .write_usage(folder.path(), Night::Third)
        .unwrap()
        .unwrap();
    assert_eq!(third, first);
    assert_ne!(std::fs::read_to_string(&third).unwrap(), text);
}

/// Goal: a folder that cannot be written is told with its path and what to do. Method: prepare one
/// below a file.
#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("taken");
    std::fs::write(&file, "").unwrap();
    let failure = DemoPlaces::prepare(&file, &World::generate(4), CRM, BILLING).unwrap_err();
    assert_eq!(failure.code(), "XF-W002");
    assert!(failure.report().contains("taken/secrets"));
}
