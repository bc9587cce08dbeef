//! Why a figure cannot be said, so that nobody takes `null` for nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::figures::MatchFigures;
use super::matching::{FirstPasses, first_pass_reason};

/// Figures that no record crossfoot has could feed as yet.
const NOT_RECORDED: &[(&str, &str)] = &[
    (
        "receivables.percent_disputed_value",
        "no dispute is recorded in this version",
    ),
    (
        "receivables.percent_disputed_count",
        "no dispute is recorded in this version",
    ),
    (
        "receivables.bad_debt_gross",
        "no write-off of an invoice is recorded, and sources do not say when they gave one up",
    ),
    (
        "receivables.bad_debt_net",
        "no write-off of an invoice is recorded, and sources do not say when they gave one up",
    ),
    (
        "deductions",
        "deductions are not decided in this version; `cash list` shows what payments left short",
    ),
];

/// What decides which figures can be said.
pub(super) struct Known<'a> {
    /// The failed sources that cash figures need.
    pub(super) cash_sources: &'a BTreeSet<&'a str>,
    pub(super) matching: &'a MatchFigures,
    pub(super) passes: &'a FirstPasses,
    /// Whether some source lands promises.
    pub(super) has_promises: bool,
}

/// The paths of figures that are `null` for a reason other than an empty denominator.
pub(super) fn unavailable(known: &Known<'_>) -> BTreeMap<String, String> {
    let mut reasons: BTreeMap<String, String> = NOT_RECORDED
        .iter()
        .map(|(path, reason)| ((*path).to_owned(), (*reason).to_owned()))
        .collect();
    if !known.has_promises {
        reasons.insert("promises".into(), "no source lands promises".into());
    }
    if known.cash_sources.is_empty() {
        if known.matching.total_rate.is_some() && known.matching.first_pass_rate.is_none() {
            let reason = first_pass_reason(known.passes);
            reasons.insert("match.first_pass_rate".into(), reason);
        }
        return reasons;
    }
    let names: Vec<&str> = known.cash_sources.iter().copied().collect();
    let reason = format!("{} failed", names.join(", "));
    for path in ["match", "payment_accuracy", "promises", "receivables"] {
        reasons.insert(path.into(), reason.clone());
    }
    reasons
}
