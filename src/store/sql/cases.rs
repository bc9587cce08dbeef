//! Collection cases.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::json;

use super::audit::{SYSTEM, append};
use super::queries::{CASE_LIST, CASE_SAVE, CASE_STANDING};
use super::row::Row;
use super::session::{Lock, Session};
use super::store::SqlStore;
use super::value::{Value, plain_text};
use crate::fault::Failure;
use crate::store::error::StoreError;
use crate::store::{Case, CaseStore, NewAuditEntry};

fn values_of(case: &Case) -> Result<Vec<Value>, StoreError> {
    Ok(vec![
        (&case.invoice).into(),
        (&case.number).into(),
        (&case.account).into(),
        (&case.state).into(),
        case.level.into(),
        case.days_past_due.into(),
        case.currency.into(),
        Value::amount("open", case.open)?,
        Value::amount("eligible", case.eligible)?,
        case.last_step_on.into(),
        (&case.action).into(),
        (&case.hold_reason).into(),
        case.evaluated_on.into(),
        case.updated_at.into(),
    ])
}

fn case_of(row: &Row) -> Result<Case, StoreError> {
    Ok(Case {
        invoice: row.text("invoice")?,
        number: row.text("number")?,
        account: row.text("account")?,
        state: row.text("state")?,
        level: row.count("level")?,
        days_past_due: row.integer("days_past_due")?,
        currency: row.parsed("currency")?,
        open: row.amount("open")?,
        eligible: row.amount("eligible")?,
        last_step_on: row.day_option("last_step_on")?,
        action: row.text("action")?,
        hold_reason: row.text_option("hold_reason")?,
        evaluated_on: row.day("evaluated_on")?,
        updated_at: row.instant("updated_at")?,
    })
}

fn standing_json(state: &str, level: u16) -> String {
    json!({ "state": state, "level": level }).to_string()
}

async fn save(session: &mut Session, cases: &[Case], run_id: &str) -> Result<(), StoreError> {
    session.lock(Lock::Trail).await?;
    // The last one of an invoice stands; one statement cannot write a row twice.
    let newest: BTreeMap<String, &Case> = cases
        .iter()
        .map(|case| (plain_text(&case.invoice), case))
        .collect();
    let invoices: Vec<&str> = newest.keys().map(String::as_str).collect();
    let mut standing: BTreeMap<String, (String, u16)> = BTreeMap::new();
    for row in session.rows_of(CASE_STANDING, &invoices).await? {
        standing.insert(
            row.text("invoice")?,
            (row.text("state")?, row.count("level")?),
        );
    }
    let mut trail = Vec::new();
    for (invoice, case) in &newest {
        let before = standing.get(invoice);
        if before
            .is_some_and(|(state, level)| *state == plain_text(&case.state) && *level == case.level)
        {
            continue;
        }
        trail.push(NewAuditEntry {
            at: case.updated_at,
            actor: SYSTEM.to_owned(),
            action: "case.move".to_owned(),
            object: invoice.clone(),
            before: before.map(|(state, level)| standing_json(state, *level)),
            after: Some(standing_json(&case.state, case.level)),
            reason: Some(format!("run {run_id}")),
            approval: None,
        });
    }
    session
        .execute_rows(CASE_SAVE, newest.values().map(|case| values_of(case)))
        .await?;
    append(session, &trail).await
}

#[async_trait]
impl CaseStore for SqlStore {
    async fn cases(&self, account: Option<&str>) -> Result<Vec<Case>, Failure> {
        let rows = self.rows(CASE_LIST, vec![account.into()]).await?;
        Ok(rows.iter().map(case_of).collect::<Result<_, _>>()?)
    }

    async fn save_cases(&self, cases: &[Case], run_id: &str) -> Result<(), Failure> {
        if cases.is_empty() {
            return Ok(());
        }
        let cases = cases.to_vec();
        let run_id = run_id.to_owned();
        self.write(move |session| Box::pin(async move { save(session, &cases, &run_id).await }))
            .await?;
        Ok(())
    }
}
