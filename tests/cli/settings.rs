//! The configuration that ships, and what is said about it.

use std::path::Path;

use crate::support::cli::Workspace;

const NOW: &str = "2026-11-21T06:00:00Z";

fn shipped() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/crossfoot.toml");
    std::fs::read_to_string(path).unwrap()
}

/// Goal: the annotated configuration is right as it stands, and its schedule fires in its zone.
#[test]
fn the_annotated_configuration_is_valid() {
    let workspace = Workspace::new(&shipped(), NOW);
    let output = workspace
        .command()
        .args(["check", "--offline"])
        .env("HUBSPOT_TOKEN", "t")
        .env("STRIPE_API_KEY", "k")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}\n{errors}");

    let fires = workspace
        .run(&["schedule", "--json", "--count", "1"])
        .expect(0)
        .json();
    // 01:30 in New York in November is 06:30 UTC; Monday is the 23rd.
    assert_eq!(fires[1]["fires"][0], "2026-11-21T06:30:00Z", "{fires}");
    assert_eq!(fires[0]["fires"][0], "2026-11-23T12:00:00Z", "{fires}");
}

/// Goal: `init` writes that very file, and never over one that is there.
#[test]
fn init_writes_the_annotated_configuration_once() {
    let workspace = Workspace::new("", NOW);
    workspace.run(&["init", "fresh"]).expect(0);
    let written = std::fs::read_to_string(workspace.path().join("fresh/crossfoot.toml")).unwrap();
    assert_eq!(written, shipped());
    let ran = workspace.run(&["init", "fresh"]).expect(1);
    assert!(
        ran.stderr.contains("there is a configuration already"),
        "{}",
        ran.stderr
    );
}

/// Goal: a secret that is not set is named, with what to do, before anything runs.
#[test]
fn an_unset_secret_is_named() {
    let workspace = Workspace::new(&shipped(), NOW);
    let output = workspace
        .command()
        .args(["check", "--offline"])
        .env_remove("HUBSPOT_TOKEN")
        .env_remove("STRIPE_API_KEY")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    for part in ["HUBSPOT_TOKEN", "STRIPE_API_KEY", "hint:"] {
        assert!(errors.contains(part), "`{part}` is missing in:\n{errors}");
    }
}

/// Goal: the JSON Schema knows every table of the annotated file.
#[test]
fn the_schema_knows_every_table() {
    let workspace = Workspace::new("", NOW);
    let schema = workspace.run(&["config", "schema"]).expect(0).json();
    let tables: toml::Table = shipped().parse().unwrap();
    for table in tables.keys() {
        assert!(
            schema["properties"].get(table).is_some(),
            "`{table}` is not in the schema"
        );
    }
}

/// Goal: what is in force is shown as a file that says it all, and says the same when it is used.
/// Method: the shipped file, with a secret set and a password in a URL, shown twice.
#[test]
fn the_configuration_is_shown_as_a_file() {
    let config = shipped().replace(
        "url = \"sqlite:var/crossfoot.db\"",
        "url = \"postgres://ann:hunter2@db/books\"",
    );
    assert!(config.contains("hunter2"));
    let workspace = Workspace::new(&config, NOW);
    let shown = workspace.run(&["config", "show"]).expect(0).stdout;
    assert!(!shown.contains("hunter2"), "{shown}");
    let table: toml::Table = shown.parse().unwrap();
    assert_eq!(table["reconcile"]["verify_window"].as_str(), Some("1d"));
    assert_eq!(
        table["source"]["crm"]["token"]["env"].as_str(),
        Some("HUBSPOT_TOKEN")
    );
    assert_eq!(
        table["store"]["url"].as_str(),
        Some("postgres://ann:[secret]@db/books")
    );
    let answer = workspace
        .run(&["config", "show", "--json"])
        .expect(0)
        .json();
    assert_eq!(answer, serde_json::to_value(&table).unwrap());

    let again = Workspace::new(&shown, NOW);
    let answer_again = again.run(&["config", "show", "--json"]).expect(0).json();
    assert_eq!(answer, answer_again);
}
