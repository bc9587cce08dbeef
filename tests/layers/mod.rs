//! The layer rules of the house, read from the paths that the code names; and the order of the
//! house itself.

mod house;
mod rules;
mod source_text;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use house::{faults_of_file, migration_faults, named_path_faults, source_files, top_level_faults};
use source_text::{code_of, paths_below};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

// Goal: no file crosses a layer, uses a package outside of its home, grows beyond measure or has an
// empty name. Method: read every file below `src`.
#[test]
fn every_file_keeps_to_its_layer() {
    let files = source_files(root());
    assert!(files.len() > 30, "the source was not found");
    let faults: Vec<String> = files
        .iter()
        .flat_map(|(path, text)| faults_of_file(path, text))
        .collect();
    assert_none(&faults);
}

// Goal: the top level holds what the design names. Method: list it.
#[test]
fn the_top_level_holds_nothing_else() {
    assert_none(&top_level_faults(root()));
}

// Goal: both stores have the same migrations. Method: compare the names.
#[test]
fn migrations_have_the_same_names_in_both_dialects() {
    assert_none(&migration_faults(root()));
}

// Goal: `crossfoot explain` knows every code that an error can have, and no other. Method: the codes
// that the source names, against the table.
#[test]
fn every_code_is_explained() {
    let table = fs::read_to_string(root().join("config/codes.toml")).unwrap();
    let table: toml::Table = table.parse().unwrap();
    let explained: BTreeSet<String> = table.keys().cloned().collect();
    let mut named = BTreeSet::new();
    for (_, text) in source_files(root()) {
        let code = text
            .split("\n#[cfg(test)]\nmod ")
            .next()
            .unwrap_or_default();
        for piece in code.split("\"XF-").skip(1) {
            let number = piece.split('"').next().unwrap_or_default();
            named.insert(format!("XF-{number}"));
        }
    }
    assert_eq!(named, explained);
}

// Goal: the guide names no path that is not there. Method: every path in backticks.
#[test]
fn paths_named_in_the_readme_exist() {
    let Ok(text) = fs::read_to_string(root().join("README.md")) else {
        return;
    };
    assert_none(&named_path_faults(root(), "README.md", &text));
}

// Goal: the rules catch what they forbid. Method: one violation of each kind, each must be told
// with its file and what to do instead.
#[test]
fn a_violation_is_caught() {
    for (path, text, told) in [
        (
            "src/money.rs",
            "use crate::canonical::Record;",
            "src/money.rs:1: must not use `crate::canonical::Record`",
        ),
        (
            "src/canonical/parse.rs",
            "use crate::config::Config;",
            "canonical imports the vocabulary only",
        ),
        (
            "src/config/mod.rs",
            "use crate::store::Run;",
            "config imports the vocabulary and canonical only",
        ),
        (
            "src/landing/pull.rs",
            "\nuse crate::{fault::Failure, sources::{MappedPage, open}};",
            "src/landing/pull.rs:2: must not use `crate::sources::open`: let a job",
        ),
        (
            "src/report/html.rs",
            "fn f() { crate::store::sqlite::open(); }",
            "must not use `crate::store::sqlite::open`",
        ),
        (
            "src/mail/smtp.rs",
            "use crate::store::OutboxStore;",
            "must not use `crate::store::OutboxStore`",
        ),
        (
            "src/scheduler/planner.rs",
            "use crate::landing::Landing;",
            "must not use `crate::landing::Landing`",
        ),
        (
            "src/scheduler/jobs/sync.rs",
            "use crate::cli::Options;",
            "must not use `crate::cli::Options`",
        ),
        (
            "src/landing/pull.rs",
            "use super::super::sources::open;",
            "`super` leaves the module's folder",
        ),
        (
            "src/landing/pull.rs",
            "use crate::canonical::*;",
            "name what is used instead of `*`",
        ),
        (
            "src/landing/pull.rs",
            "use super::names::*;",
            "name what is used instead of `*`",
        ),
        (
            "src/report/chart.rs",
            "async fn f() { reqwest::get(url).await; }",
            "its home is src/sources/http/",
        ),
        ("src/collections/util.rs", "", "the name says nothing"),
        (
            "src/elsewhere/x.rs",
            "use crate::clock::Clock;",
            "a folder that",
        ),
    ] {
        let faults = faults_of_file(path, text).join("\n");
        assert!(faults.contains(told), "{path} `{text}` gave: {faults}");
        assert!(
            faults.starts_with(path),
            "the file is named first: {faults}"
        );
    }
    let long = "//! x\n".repeat(501);
    let faults = faults_of_file("src/clock.rs", &long).join("\n");
    assert!(faults.contains("has 501 lines, more than 500"), "{faults}");
    let readme = named_path_faults(root(), "README.md", "see `src/nowhere.rs` and `src/lib.rs`");
    assert_eq!(readme.len(), 1);
    assert!(readme[0].starts_with("README.md:1: names `src/nowhere.rs`"));
}

// Goal: what is allowed is not told. Method: the ordinary imports of each layer.
#[test]
fn what_is_allowed_passes() {
    for (path, text) in [
        ("src/totals.rs", "use crate::fault::Failure;"),
        ("src/config/job.rs", "use crate::canonical::Entity;"),
        (
            "src/env.rs",
            "use crate::store::Store;\nuse crate::config::Config;",
        ),
        (
            "src/landing/pull.rs",
            "use super::names;\nuse crate::sources::MappedPage;\nuse crate::landing::file::X;",
        ),
        (
            "src/report/html.rs",
            "use crate::reconcile::{Discrepancy, Kind as Cause};",
        ),
        ("src/mail/mod.rs", "use crate::report::kpi::Kpi;"),
        (
            "src/scheduler/tick.rs",
            "use crate::store::{RunStore, NewRun};",
        ),
        ("src/scheduler/jobs/sync.rs", "use crate::landing::Landing;"),
        ("src/sources/http/client.rs", "use reqwest::Client;"),
        ("src/cli/run.rs", "use crate::scheduler::jobs::sync;"),
        (
            "src/money.rs",
            "/// See [`crate::store::Run`].\nconst A: &str = \"crate::store::Run\"; // crate::mail::x",
        ),
        (
            "src/money.rs",
            "fn f() {}\n#[cfg(test)]\nmod tests {\n    use super::*;\n    use crate::store::Run;\n}",
        ),
    ] {
        assert_none(&faults_of_file(path, text));
    }
}

// Goal: paths are read whole, from groups and from code, and only from there. Method: a text with
// strings, lifetimes, characters, nested groups and renames.
#[test]
fn paths_are_read_from_groups_and_from_code() {
    let text = "use crate::{a::{self, B as C}, d};\nfn f<'x>(c: char) -> bool { c == '\"' }\n\
                const R: &str = r#\"crate::no \"quoted\" \"#;\nlet y = crate::e::f::<u8>(\"crate::no\");\n\
                let z = mycrate::g + $crate::h;";
    let found: Vec<String> = paths_below(&code_of(text), "crate")
        .into_iter()
        .map(|named| format!("{} {}", named.line, named.parts.join("::")))
        .collect();
    assert_eq!(found, ["1 a::self", "1 a::B", "1 d", "4 e::f", "5 h"]);
}
