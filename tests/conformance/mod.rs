//! Real data, made by others. It is not part of the repository: these tests run where it lies beside
//! it, and say so loudly where it does not.

mod bank_statements;
mod price_list;
mod receivables;

use std::path::PathBuf;

/// A folder of the data, or `None` with a message that is hard to overlook.
fn data(folder: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data")
        .join(folder);
    if path.is_dir() {
        return Some(path);
    }
    println!("\n*** SKIPPED: the data set `{folder}` is not beside the repository ***\n");
    None
}
