//! Real data, made by others. It is not part of the repository: these tests run where it lies beside
//! it, and say so loudly where it does not.

mod bank_statements;
mod price_list;
mod receivables;

use std::path::PathBuf;

use crate::support::beside::beside;

/// A folder of the data, where it is there.
fn data(folder: &str) -> Option<PathBuf> {
    beside(&format!("data/{folder}"))
}
