//! Reads the repository and says every fault in it: the file, what is wrong, what to do instead.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::rules::{EMPTY_NAMES, LINES_MAX, PACKAGE_HOMES, TOP_LEVEL, layer_of, verdict};
use super::source_text::{NamedPath, code_of, paths_below};

/// Every Rust file below `src`, with its path from the root, sorted.
pub(super) fn source_files(root: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder is readable") {
            let path: PathBuf = entry.expect("the entry is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(root).expect("it is below the root");
                let text = fs::read_to_string(&path).expect("the file is UTF-8");
                files.push((name.to_string_lossy().into_owned(), text));
            }
        }
    }
    files.sort();
    files
}

/// The faults of one file against the rules of layers, packages, sizes and names.
pub(super) fn faults_of_file(path: &str, text: &str) -> Vec<String> {
    let code = code_of(text);
    let mut faults = import_faults(path, &code);
    faults.extend(package_faults(path, &code));
    let lines = text.lines().count();
    if lines > LINES_MAX {
        faults.push(format!(
            "{path}: has {lines} lines, more than {LINES_MAX}: split it by concept"
        ));
    }
    let stem = Path::new(path).file_stem().unwrap_or_default();
    if EMPTY_NAMES.iter().any(|name| stem == *name) {
        faults.push(format!(
            "{path}: the name says nothing: name the file after what is in it"
        ));
    }
    faults
}

fn import_faults(path: &str, code: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let depth = module_depth(path);
    let mut named = paths_below(code, "crate");
    for above in paths_below(code, "super") {
        let climbs = 1 + above
            .parts
            .iter()
            .take_while(|part| *part == "super")
            .count();
        if climbs >= depth && depth > 0 {
            let line = above.line;
            faults.push(format!(
                "{path}:{line}: `super` leaves the module's folder: write the path from `crate::`"
            ));
        }
        if above.parts.last().is_some_and(|part| part == "*") {
            named.push(above);
        }
    }
    for NamedPath { line, parts } in named {
        let spelled = parts.join("::");
        if parts.last().is_some_and(|part| part == "*") {
            faults.push(format!(
                "{path}:{line}: imports `{spelled}`: name what is used instead of `*`"
            ));
        }
        if parts.first().is_some_and(|part| part == "super") {
            continue;
        }
        if let Err(instead) = verdict(layer_of(path), &parts) {
            faults.push(format!(
                "{path}:{line}: must not use `crate::{spelled}`: {instead}"
            ));
        }
    }
    faults
}

/// How many `super`s lead from a file's own module to the root of the crate.
fn module_depth(path: &str) -> usize {
    let inner = path.strip_prefix("src/").unwrap_or(path);
    let parts = inner.split('/').count();
    match inner.rsplit('/').next() {
        Some("mod.rs") => parts - 1,
        Some("lib.rs" | "main.rs") if parts == 1 => 0,
        _ => parts,
    }
}

fn package_faults(path: &str, code: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (package, homes) in PACKAGE_HOMES {
        if homes.iter().any(|home| path.starts_with(home)) {
            continue;
        }
        if let Some(named) = paths_below(code, package).first() {
            faults.push(format!(
                "{path}:{}: uses the package `{package}`: its home is {}, give that a function",
                named.line,
                homes.join(" or ")
            ));
        }
    }
    faults
}

/// Entries of the top level that the house has no place for.
pub(super) fn top_level_faults(root: &Path) -> Vec<String> {
    let ignored = fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
    let ignored: BTreeSet<&str> = ignored
        .lines()
        .map(|line| line.trim().trim_matches('/'))
        .collect();
    let mut faults = Vec::new();
    for entry in fs::read_dir(root).expect("the root is readable") {
        let name = entry.expect("the entry is readable").file_name();
        let name = name.to_string_lossy();
        let has_place = name.starts_with('.')
            || TOP_LEVEL.contains(&name.as_ref())
            || ignored.contains(name.as_ref());
        if !has_place {
            faults.push(format!(
                "{name}: has no place at the top level: move it into one of {}",
                TOP_LEVEL.join(", ")
            ));
        }
    }
    faults.sort();
    faults
}

/// Migrations that only one of the two stores has.
pub(super) fn migration_faults(root: &Path) -> Vec<String> {
    let names = |dialect: &str| -> BTreeSet<String> {
        fs::read_dir(root.join("migrations").join(dialect))
            .map(|entries| {
                entries
                    .flatten()
                    .map(|entry| entry.file_name().to_string_lossy().into_owned())
                    .collect()
            })
            .unwrap_or_default()
    };
    let (sqlite, postgres) = (names("sqlite"), names("postgres"));
    sqlite
        .symmetric_difference(&postgres)
        .map(|name| {
            let (has, misses) = if sqlite.contains(name) {
                ("sqlite", "postgres")
            } else {
                ("postgres", "sqlite")
            };
            format!(
                "migrations/{has}/{name}: migrations/{misses} has no file of that name: write it, \
                 even if it has nothing to do there"
            )
        })
        .collect()
}

/// Paths that a text names in backticks and that are not there.
pub(super) fn named_path_faults(root: &Path, document: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, line) in text.lines().enumerate() {
        for named in line.split('`').skip(1).step_by(2) {
            if looks_like_ours(named) && !root.join(named).exists() {
                faults.push(format!(
                    "{document}:{}: names `{named}`, which is not there: correct the path",
                    at + 1
                ));
            }
        }
    }
    faults
}

/// Whether a word in backticks is a path of the repository: it starts with one of its folders.
fn looks_like_ours(named: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-/@".contains(letter);
    let folder = named.split('/').next().unwrap_or_default();
    let is_folder = TOP_LEVEL.contains(&folder) && !folder.contains('.') && folder != "LICENSE";
    named.contains('/') && is_folder && named.chars().all(plain)
}
