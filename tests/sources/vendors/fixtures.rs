//! The vendors' wire bodies that lie beside the repository. They are no part of it: without them the
//! suites go on with bodies of their own.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::beside::beside;

/// The folder of a vendor's fixtures, where there is one.
pub(super) fn folder(vendor: &str) -> Option<PathBuf> {
    beside(&format!("specs/{vendor}/fixtures"))
}

/// One of its bodies.
pub(super) fn body(folder: &Path, name: &str) -> Value {
    let path = folder.join(name);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}
