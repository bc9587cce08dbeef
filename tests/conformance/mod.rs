//! Real data, made by others. It is not part of the repository: these tests run where it lies beside
//! it, and say so loudly where it does not.

mod bank_statements;
mod cloud_costs;
mod price_list;
mod receivables;
mod rounding;
mod telecom;

use std::path::{Path, PathBuf};

use rust_decimal::Decimal;
use serde_json::Value;

use crate::support::beside::beside;

/// A folder of the data, where it is there.
fn data(folder: &str) -> Option<PathBuf> {
    beside(&format!("data/{folder}"))
}

/// The figures that others computed from a folder of the data.
fn expected(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A figure of an answer or of a reference, as a text or a number.
fn decimal(value: &Value) -> Decimal {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => panic!("no number: {other}"),
    };
    let number = if text.contains(['e', 'E']) {
        Decimal::from_scientific(&text)
    } else {
        text.parse()
    };
    number.unwrap().normalize()
}
