//! Manual matches, and payments that waited.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;

use super::audit::append;
use super::queries::{
    CASH_DECISION_INSERT, CASH_DECISION_LAST, CASH_DECISION_LIST, CASH_WAIT_LIST, CASH_WAIT_SAVE,
    LANDMARK_SAVE,
};
use super::row::Row;
use super::session::{Lock, Session};
use super::store::SqlStore;
use super::value::Value;
use crate::fault::Failure;
use crate::store::error::StoreError;
use crate::store::{CashDecision, CashPart, CashStore, CashWait, NewAuditEntry};

/// Where no decision stands.
const NONE: &str = "no decision";

fn values_of(decision: &CashDecision) -> Result<Vec<Value>, StoreError> {
    Ok(vec![
        (&decision.decision_id).into(),
        (&decision.payment).into(),
        decision.currency.into(),
        decision.decided_at.into(),
        (&decision.actor).into(),
        (&decision.reason).into(),
        (&decision.replaces).into(),
        Value::json("parts", &decision.parts)?,
    ])
}

fn decision_of(row: &Row) -> Result<CashDecision, StoreError> {
    Ok(CashDecision {
        decision_id: row.text("decision_id")?,
        payment: row.text("payment")?,
        currency: row.parsed("currency")?,
        decided_at: row.instant("decided_at")?,
        actor: row.text("actor")?,
        reason: row.text_option("reason")?,
        replaces: row.text_option("replaces")?,
        parts: row.json("parts")?,
    })
}

fn wait_values(wait: &CashWait) -> Vec<Value> {
    vec![
        (&wait.payment).into(),
        wait.since.into(),
        wait.ended_at.into(),
        wait.is_first_pass.into(),
    ]
}

fn wait_of(row: &Row) -> Result<CashWait, StoreError> {
    Ok(CashWait {
        payment: row.text("payment")?,
        since: row.instant("waits_since")?,
        ended_at: row.instant_option("ended_at")?,
        is_first_pass: row.flag("is_first_pass")?,
    })
}

fn told(parts: &[CashPart]) -> String {
    let applied: Vec<_> = parts
        .iter()
        .map(|part| json!({ "invoice": part.invoice, "amount": part.amount.to_string() }))
        .collect();
    json!({ "applied": applied }).to_string()
}

async fn record(
    session: &mut Session,
    decision: &CashDecision,
    before: &[CashPart],
) -> Result<(), StoreError> {
    // Whoever decides takes this lock first, so what stands stands until the end.
    session.lock(Lock::Trail).await?;
    let standing = session
        .rows(CASH_DECISION_LAST, vec![(&decision.payment).into()])
        .await?;
    let found = standing
        .first()
        .map(|row| row.text("decision_id"))
        .transpose()?;
    if found != decision.replaces {
        return Err(StoreError::Conflict {
            id: decision.payment.clone(),
            expected: decision.replaces.clone().unwrap_or_else(|| NONE.to_owned()),
            found: found.unwrap_or_else(|| NONE.to_owned()),
        });
    }
    session
        .execute(CASH_DECISION_INSERT, values_of(decision)?)
        .await?;
    let entry = NewAuditEntry {
        at: decision.decided_at,
        actor: decision.actor.clone(),
        action: "cash.apply".to_owned(),
        object: decision.payment.clone(),
        before: Some(told(before)),
        after: Some(told(&decision.parts)),
        reason: decision.reason.clone(),
        approval: None,
    };
    append(session, &[entry]).await
}

#[async_trait]
impl CashStore for SqlStore {
    async fn cash_decisions(&self, as_of: Timestamp) -> Result<Vec<CashDecision>, Failure> {
        let rows = self.rows(CASH_DECISION_LIST, vec![as_of.into()]).await?;
        Ok(rows.iter().map(decision_of).collect::<Result<_, _>>()?)
    }

    async fn record_cash_decision(
        &self,
        decision: &CashDecision,
        before: &[CashPart],
    ) -> Result<(), Failure> {
        let (decision, before) = (decision.clone(), before.to_vec());
        self.write(move |session| {
            Box::pin(async move { record(session, &decision, &before).await })
        })
        .await?;
        Ok(())
    }

    async fn cash_waits(&self, as_of: Timestamp) -> Result<Vec<CashWait>, Failure> {
        let rows = self.rows(CASH_WAIT_LIST, vec![as_of.into()]).await?;
        Ok(rows.iter().map(wait_of).collect::<Result<_, _>>()?)
    }

    async fn save_cash_waits(
        &self,
        waits: &[CashWait],
        landmarks: Vec<(&'static str, String)>,
    ) -> Result<(), Failure> {
        let rows: Vec<Vec<Value>> = waits.iter().map(wait_values).collect();
        self.write(move |session| {
            Box::pin(async move {
                session
                    .execute_rows(CASH_WAIT_SAVE, rows.into_iter().map(Ok))
                    .await?;
                for (name, value) in landmarks {
                    let values = vec![name.into(), (&value).into()];
                    session.execute(LANDMARK_SAVE, values).await?;
                }
                Ok(())
            })
        })
        .await?;
        Ok(())
    }
}
