//! How a reconcile's counts are written and read.

use super::row::Row;
use super::value::Value;
use crate::reconcile::UnitTotals;
use crate::store::Reconciliation;
use crate::store::error::StoreError;

/// The values of `reconciliation_insert`, in its order.
pub(super) fn values_of(reconciliation: &Reconciliation) -> Result<Vec<Value>, StoreError> {
    Ok(vec![
        (&reconciliation.reconciliation_id).into(),
        (&reconciliation.run_id).into(),
        (&reconciliation.rule).into(),
        reconciliation.period.into(),
        reconciliation.at.into(),
        reconciliation.as_of.into(),
        (&reconciliation.rules_version).into(),
        (&reconciliation.input_digest).into(),
        Value::json("blind_sources", &reconciliation.blind_sources)?,
        Value::json("completeness", &reconciliation.completeness)?,
        Value::json("undecided_units", &reconciliation.undecided_units)?,
    ])
}

/// The values of `unit_totals_insert`, in its order.
pub(super) fn totals_values(
    reconciliation_id: &str,
    place: usize,
    totals: &UnitTotals,
) -> Result<Vec<Value>, StoreError> {
    Ok(vec![
        reconciliation_id.into(),
        Value::count("place", place as u64)?,
        (&totals.account).into(),
        (&totals.account_name).into(),
        (&totals.branch).into(),
        totals.currency.into(),
        Value::count("units", totals.units)?,
        Value::count("discrepant", totals.discrepant)?,
        Value::amount("compared_value", totals.compared_value)?,
        Value::amount("expected_value", totals.expected_value)?,
        Value::amount("billed_value", totals.billed_value)?,
        Value::amount("discrepant_value", totals.discrepant_value)?,
        Value::count("timing", totals.timing)?,
        Value::amount("timing_value", totals.timing_value)?,
        Value::count("unknown", totals.unknown)?,
        Value::amount("unknown_value", totals.unknown_value)?,
        Value::count("within_tolerance", totals.within_tolerance)?,
        Value::amount("within_tolerance_net", totals.within_tolerance_net)?,
    ])
}

/// The reconcile of a row, with the totals that were read beside it.
pub(super) fn reconciliation_of(
    row: &Row,
    totals: Vec<UnitTotals>,
) -> Result<Reconciliation, StoreError> {
    Ok(Reconciliation {
        reconciliation_id: row.text("reconciliation_id")?,
        run_id: row.text("run_id")?,
        rule: row.text("rule")?,
        period: row.parsed("period")?,
        at: row.instant("made_at")?,
        as_of: row.instant("as_of")?,
        rules_version: row.text("rules_version")?,
        input_digest: row.text("input_digest")?,
        blind_sources: row.json("blind_sources")?,
        completeness: row.json("completeness")?,
        undecided_units: row.json_option("undecided_units")?.unwrap_or_default(),
        totals,
    })
}

/// The totals of a row.
pub(super) fn totals_of(row: &Row) -> Result<UnitTotals, StoreError> {
    Ok(UnitTotals {
        account: row.text("account")?,
        account_name: row.text("account_name")?,
        branch: row.text_option("branch")?,
        currency: row.parsed("currency")?,
        units: row.count("units")?,
        discrepant: row.count("discrepant")?,
        compared_value: row.amount("compared_value")?,
        expected_value: row.amount("expected_value")?,
        billed_value: row.amount("billed_value")?,
        discrepant_value: row.amount("discrepant_value")?,
        timing: row.count("timing")?,
        timing_value: row.amount("timing_value")?,
        unknown: row.count("unknown")?,
        unknown_value: row.amount("unknown_value")?,
        within_tolerance: row.count("within_tolerance")?,
        within_tolerance_net: row.amount("within_tolerance_net")?,
    })
}
