//! What the codes of a bank's message mean for a payment.

use std::collections::BTreeMap;

use crate::config::{FieldRule, FieldTable, OneOrMany};

/// Raw codes and the canonical status: the first three are a statement's, the others the handling
/// codes of an 820. An advice without money (H, I) tells a payment that comes by another way.
const CASES: &[(&str, &str)] = &[
    ("BOOK", "succeeded"),
    ("PDNG", "pending"),
    ("FUTR", "pending"),
    ("C", "succeeded"),
    ("D", "succeeded"),
    ("U", "succeeded"),
    ("X", "succeeded"),
    ("Z", "succeeded"),
    ("1", "succeeded"),
    ("H", "pending"),
    ("I", "pending"),
    ("P", "pending"),
];

/// The rule of `payments.status`; a code that is none of these lands as `unmapped:<code>`.
pub(super) fn rule() -> FieldRule {
    let cases: BTreeMap<String, String> = CASES
        .iter()
        .map(|(code, status)| ((*code).to_owned(), (*status).to_owned()))
        .collect();
    FieldRule::Table(Box::new(FieldTable {
        from: Some(OneOrMany::One("status".to_owned())),
        cases: Some(cases),
        ..FieldTable::default()
    }))
}
