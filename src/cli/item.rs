//! An item of the book as JSON and as rows of a file: the same names everywhere.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::output;
use super::recurrence::Recurrences;
use crate::money::money_text;
use crate::reconcile::Discrepancy;

/// An item as the list and the export give it, at an instant.
pub(super) fn item_json(item: &Discrepancy, at: Timestamp, recurrences: &Recurrences) -> Value {
    let money = |amount| money_text(amount, item.currency);
    let end = item.ended_at.or(item.resolved_at).unwrap_or(at);
    let earlier = recurrences.earlier(item);
    let age_days = (end.as_second() - item.opened_at.as_second()).max(0) / 86_400;
    json!({
        "id": item.id,
        "kind": item.kind,
        "state": item.state,
        "rule": item.rule,
        "period": item.period,
        "account": item.account,
        "account_name": item.account_name,
        "branch": item.branch,
        "sku": item.sku,
        "field": item.field,
        "expected": item.expected,
        "actual": item.actual,
        "unit_expected": money(item.unit_expected),
        "unit_actual": money(item.unit_actual),
        "impact": money(item.impact),
        "annualised": item.annualised.map(money),
        "recovered": money(item.recovered),
        "outstanding": money(item.outstanding),
        "currency": item.currency,
        "severity": item.severity,
        "estimated": item.estimated,
        "opened_at": item.opened_at,
        "resolved_at": item.resolved_at,
        "age_days": age_days,
        "owner": item.owner,
        "waiting_on": item.waiting_on,
        "code": item.code,
        "secondary": item.secondary,
        "ambiguous": item.ambiguous,
        "linked_id": item.linked_id,
        "rules_version": item.rules_version,
        "recurs_from": earlier.first().map(|one| one.id.clone()),
        "streak": recurrences.streak(item),
    })
}

/// The names of an exported item, in their order.
pub(super) fn header() -> Vec<&'static str> {
    "id kind state rule period account account_name branch sku field expected actual unit_expected \
     unit_actual impact annualised recovered outstanding currency severity estimated opened_at \
     resolved_at age_days owner waiting_on code secondary ambiguous linked_id rules_version \
     recurs_from streak"
        .split(' ')
        .collect()
}

/// Columns of an exported item that are numbers.
pub(super) const NUMBERS: &[&str] = &[
    "unit_expected",
    "unit_actual",
    "impact",
    "annualised",
    "recovered",
    "outstanding",
    "age_days",
    "streak",
];

pub(super) fn csv(rows: &[Value]) -> String {
    csv_of(&header(), rows)
}

/// Rows under a header of names, by RFC 4180; no cell is ever a formula.
pub(super) fn csv_of(names: &[&str], rows: &[Value]) -> String {
    let mut text = names.join(",");
    text.push_str("\r\n");
    for row in rows {
        let cells: Vec<String> = names.iter().map(|name| csv_cell(&row[*name])).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

fn csv_cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => output::csv_cell(text),
        Value::Array(items) => {
            let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            output::csv_cell(&texts.join(";"))
        }
        other => output::csv_cell(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: no name of a customer becomes a formula, and amounts stay numbers.
    #[test]
    fn cells_are_inert() {
        assert_eq!(
            csv_cell(&json!("=HYPERLINK(\"x\")")),
            "\"'=HYPERLINK(\"\"x\"\")\""
        );
        assert_eq!(csv_cell(&json!("-44.00")), "-44.00");
        assert_eq!(csv_cell(&json!("-cmd")), "'-cmd");
        assert_eq!(csv_cell(&json!(["QUANTITY", "TAX"])), "QUANTITY;TAX");
        assert_eq!(csv_cell(&Value::Null), "");
    }
}
