//! How a discrepancy is written and read, and which ones a filter takes.

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::queries::DISCREPANCY_LIST;
use super::row::Row;
use super::stored_side;
use super::value::Value;
use crate::reconcile::{
    Amounts, Discrepancy, DiscrepancyState, Kind, ResolutionCode, UnitWorth, WaitingOn,
};
use crate::store::DiscrepancyFilter;
use crate::store::error::StoreError;

/// The values of `discrepancy_save`, in its order.
pub(super) fn values_of(item: Discrepancy) -> Result<Vec<Value>, StoreError> {
    let annualised = item.annualised.map_or(Ok(Value::Integer(None)), |amount| {
        Value::amount("annualised", amount)
    })?;
    Ok(vec![
        item.id.into(),
        item.fingerprint.into(),
        item.rule.into(),
        item.period.into(),
        item.kind.name().into(),
        item.state.name().into(),
        item.account.into(),
        item.account_name.into(),
        item.branch.into(),
        item.sku.into(),
        item.currency.into(),
        item.field.into(),
        item.expected.into(),
        item.actual.into(),
        Value::amount("unit_expected", item.unit_expected)?,
        Value::amount("unit_actual", item.unit_actual)?,
        Value::amount("impact", item.impact)?,
        Value::amount("outstanding", item.outstanding)?,
        Value::amount("recovered", item.recovered)?,
        annualised,
        item.severity.name().into(),
        item.estimated.into(),
        item.ambiguous.into(),
        Value::json("secondary", &item.secondary)?,
        item.linked_id.into(),
        item.owner.into(),
        item.waiting_on.map(WaitingOn::name).into(),
        item.code.map(ResolutionCode::name).into(),
        item.proposed_by.into(),
        stored_side::value_of(&item.sides)?,
        item.rules_version.into(),
        item.opened_run.into(),
        item.last_run.into(),
        item.opened_at.into(),
        item.resolved_at.into(),
        item.ended_at.into(),
        item.updated_at.into(),
        Value::json("unit_worth", &item.unit)?,
        if item.candidates.is_empty() {
            Value::Text(None)
        } else {
            Value::json("candidates", &item.candidates)?
        },
    ])
}

/// The item of a row.
pub(super) fn item_of(row: &Row) -> Result<Discrepancy, StoreError> {
    let (impact, outstanding) = (row.amount("impact")?, row.amount("outstanding")?);
    let (unit_expected, unit_actual) = (row.amount("unit_expected")?, row.amount("unit_actual")?);
    let unit = match row.json_option("unit_worth")? {
        Some(unit) => unit,
        None => UnitWorth::from_item(
            Amounts {
                expected: unit_expected,
                actual: unit_actual,
            },
            impact,
            outstanding,
        ),
    };
    Ok(Discrepancy {
        id: row.text("id")?,
        fingerprint: row.text("fingerprint")?,
        rule: row.text("rule")?,
        period: row.parsed("period")?,
        kind: row.parsed("kind")?,
        state: row.parsed("state")?,
        account: row.text("account")?,
        account_name: row.text("account_name")?,
        branch: row.text_option("branch")?,
        sku: row.text("sku")?,
        currency: row.parsed("currency")?,
        field: row.text("field")?,
        expected: row.text_option("expected")?,
        actual: row.text_option("actual")?,
        unit_expected,
        unit_actual,
        impact,
        outstanding,
        unit,
        recovered: row.amount("recovered")?,
        annualised: row.amount_option("annualised")?,
        severity: row.parsed("severity")?,
        estimated: row.flag("estimated")?,
        ambiguous: row.flag("ambiguous")?,
        secondary: row.json("secondary")?,
        linked_id: row.text_option("linked_id")?,
        owner: row.text_option("owner")?,
        waiting_on: row.parsed_option("waiting_on")?,
        code: row.parsed_option("code")?,
        proposed_by: row.text_option("proposed_by")?,
        sides: stored_side::sides_of(row)?,
        candidates: row.json_option("candidates")?.unwrap_or_default(),
        rules_version: row.text("rules_version")?,
        opened_run: row.text("opened_run")?,
        last_run: row.text("last_run")?,
        opened_at: row.instant("opened_at")?,
        resolved_at: row.instant_option("resolved_at")?,
        ended_at: row.instant_option("ended_at")?,
        updated_at: row.instant("updated_at")?,
    })
}

/// Conditions of a statement, with the values that they bind.
#[derive(Default)]
struct Conditions {
    text: String,
    values: Vec<Value>,
}

impl Conditions {
    fn equal(&mut self, column: &'static str, value: Option<Value>) {
        if value.is_some() {
            self.one_of(column, value.into_iter().collect());
        }
    }

    fn one_of(&mut self, column: &'static str, values: Vec<Value>) {
        if values.is_empty() {
            return;
        }
        let marks: Vec<String> = (1..=values.len())
            .map(|place| format!("${}", self.values.len() + place))
            .collect();
        self.text.push_str("\n    and ");
        self.text.push_str(column);
        self.text.push_str(" in (");
        self.text.push_str(&marks.join(", "));
        self.text.push(')');
        self.values.extend(values);
    }
}

/// The statement and the values that list what a filter takes. Only names of columns and numbers
/// of places are put into the text; what a caller gave is bound.
pub(super) fn listing(filter: &DiscrepancyFilter) -> (SqlStr, Vec<Value>) {
    let mut conditions = Conditions::default();
    conditions.equal("id", filter.id.as_ref().map(Value::from));
    conditions.one_of(
        "period",
        filter.periods.iter().copied().map(Value::from).collect(),
    );
    conditions.equal("rule", filter.rule.as_ref().map(Value::from));
    conditions.equal("kind", filter.kind.map(Kind::name).map(Value::from));
    let states = filter.states.iter().copied();
    conditions.one_of(
        "state",
        states
            .map(DiscrepancyState::name)
            .map(Value::from)
            .collect(),
    );
    conditions.equal("account", filter.account.as_ref().map(Value::from));
    conditions.equal("branch", filter.branch.as_ref().map(Value::from));
    let text = DISCREPANCY_LIST
        .text
        .replace("\nwhere true", &format!("\nwhere true{}", conditions.text));
    (AssertSqlSafe(text).into_sql_str(), conditions.values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_becomes_a_condition() {
        let (all, none) = listing(&DiscrepancyFilter::default());
        assert!(all.as_str().contains("where true\norder by"));
        assert!(none.is_empty());
        let filter = DiscrepancyFilter {
            periods: vec!["2026-01".parse().unwrap(), "2026-02".parse().unwrap()],
            rule: Some("x' or 1 = 1".into()),
            ..DiscrepancyFilter::default()
        };
        let (some, values) = listing(&filter);
        assert!(
            some.as_str()
                .contains("and period in ($1, $2)\n    and rule in ($3)\norder by")
        );
        assert_eq!(values.len(), 3);
    }
}
