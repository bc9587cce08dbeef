//! An item as a close keeps it.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::currency::Currency;
use crate::period::Period;
use crate::reconcile::{Discrepancy, DiscrepancyState, Kind, ResolutionCode, Severity};

/// What a person would ask of an item as it stood.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ClosedItem {
    id: String,
    kind: Kind,
    state: DiscrepancyState,
    rule: String,
    period: Period,
    account: String,
    account_name: String,
    branch: Option<String>,
    sku: String,
    field: String,
    expected: Option<String>,
    actual: Option<String>,
    unit_expected: Decimal,
    unit_actual: Decimal,
    impact: Decimal,
    outstanding: Decimal,
    recovered: Decimal,
    currency: Currency,
    severity: Severity,
    owner: Option<String>,
    code: Option<ResolutionCode>,
    opened_at: Timestamp,
    resolved_at: Option<Timestamp>,
    rules_version: String,
}

impl ClosedItem {
    pub(super) fn of(item: &Discrepancy) -> Self {
        Self {
            id: item.id.clone(),
            kind: item.kind,
            state: item.state,
            rule: item.rule.clone(),
            period: item.period,
            account: item.account.clone(),
            account_name: item.account_name.clone(),
            branch: item.branch.clone(),
            sku: item.sku.clone(),
            field: item.field.clone(),
            expected: item.expected.clone(),
            actual: item.actual.clone(),
            unit_expected: item.unit_expected,
            unit_actual: item.unit_actual,
            impact: item.impact,
            outstanding: item.outstanding,
            recovered: item.recovered,
            currency: item.currency,
            severity: item.severity,
            owner: item.owner.clone(),
            code: item.code,
            opened_at: item.opened_at,
            resolved_at: item.resolved_at,
            rules_version: item.rules_version.clone(),
        }
    }
}
