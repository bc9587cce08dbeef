//! What others made and no part of the repository is: real data, and the vendors' wire bodies. Tests
//! of it run where it lies beside the repository, and say so loudly where it does not.

use std::path::{Path, PathBuf};

/// A file or folder that lies there, or `None` with a message that is hard to overlook.
pub(crate) fn beside(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared")
        .join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("\n*** SKIPPED: `{name}` is not beside the repository ***\n");
    None
}
