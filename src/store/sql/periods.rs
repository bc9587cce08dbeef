//! The lives of periods.

use async_trait::async_trait;
use serde_json::json;

use super::audit::append;
use super::queries::{
    PERIOD_CLOSE_INSERT, PERIOD_CLOSE_SELECT, PERIOD_MOVE_INSERT, PERIOD_MOVE_LAST,
    PERIOD_MOVE_LIST,
};
use super::row::Row;
use super::session::{Lock, Session};
use super::store::SqlStore;
use super::value::Value;
use crate::fault::Failure;
use crate::reconcile::PeriodState;
use crate::store::error::StoreError;
use crate::store::{NewAuditEntry, PeriodClose, PeriodMove, PeriodStore};

fn move_values(moved: &PeriodMove) -> Vec<Value> {
    vec![
        moved.period.into(),
        moved.at.into(),
        moved.from.name().into(),
        moved.to.name().into(),
        (&moved.actor).into(),
        (&moved.approver).into(),
        (&moved.reason).into(),
        moved.forced.into(),
        moved.tax_filed.into(),
        (&moved.close_id).into(),
    ]
}

fn move_of(row: &Row) -> Result<PeriodMove, StoreError> {
    Ok(PeriodMove {
        period: row.parsed("period")?,
        at: row.instant("happened_at")?,
        from: row.parsed("from_state")?,
        to: row.parsed("to_state")?,
        actor: row.text("actor")?,
        approver: row.text_option("approver")?,
        reason: row.text_option("reason")?,
        forced: row.flag("forced")?,
        tax_filed: row.flag("tax_filed")?,
        close_id: row.text_option("close_id")?,
    })
}

fn close_values(close: &PeriodClose) -> Vec<Value> {
    vec![
        (&close.close_id).into(),
        close.period.into(),
        close.version.into(),
        close.at.into(),
        close.as_of.into(),
        (&close.run_id).into(),
        (&close.rules_version).into(),
        (&close.tolerance_version).into(),
        (&close.rates_version).into(),
        (&close.input_digest).into(),
        (&close.inputs).into(),
        (&close.checks).into(),
        (&close.figures).into(),
        (&close.items).into(),
    ]
}

fn close_of(row: &Row) -> Result<PeriodClose, StoreError> {
    Ok(PeriodClose {
        close_id: row.text("close_id")?,
        period: row.parsed("period")?,
        version: row.count("version")?,
        at: row.instant("closed_at")?,
        as_of: row.instant("as_of")?,
        run_id: row.text("run_id")?,
        rules_version: row.text("rules_version")?,
        tolerance_version: row.text("tolerance_version")?,
        rates_version: row.text("rates_version")?,
        input_digest: row.text("input_digest")?,
        inputs: row.text("inputs")?,
        checks: row.text("checks")?,
        figures: row.text("figures")?,
        items: row.text("items")?,
    })
}

/// The verb of a move, as the trail tells it.
fn action_of(moved: &PeriodMove) -> &'static str {
    match (moved.from, moved.to) {
        (from, to) if from == to => "period.file",
        (_, PeriodState::Closed) => "period.close",
        (_, PeriodState::Locked) => "period.lock",
        (_, PeriodState::Open) => "period.reopen",
    }
}

fn audit_of(moved: &PeriodMove, close: Option<&PeriodClose>) -> NewAuditEntry {
    let mut after = json!({
        "state": moved.to.name(),
        "tax_filed": moved.tax_filed,
        "close_id": moved.close_id,
    });
    if let Some(close) = close {
        after["forced"] = moved.forced.into();
        after["version"] = close.version.into();
        after["digest"] = close.digest().into();
        after["checks"] =
            serde_json::from_str(&close.checks).unwrap_or_else(|_| close.checks.as_str().into());
    }
    NewAuditEntry {
        at: moved.at,
        actor: moved.actor.clone(),
        action: action_of(moved).to_owned(),
        object: moved.period.to_string(),
        before: Some(json!({ "state": moved.from.name() }).to_string()),
        after: Some(after.to_string()),
        reason: moved.reason.clone(),
        approval: moved.approver.clone(),
    }
}

async fn record(
    session: &mut Session,
    moved: &PeriodMove,
    close: Option<&PeriodClose>,
) -> Result<(), StoreError> {
    // Whoever moves a period takes this lock first, so where it stands is so until the end.
    session.lock(Lock::Trail).await?;
    let standing = session
        .rows(PERIOD_MOVE_LAST, vec![moved.period.into()])
        .await?;
    let found = match standing.first() {
        Some(row) => row.parsed("to_state")?,
        None => PeriodState::Open,
    };
    if found != moved.from {
        return Err(StoreError::Conflict {
            id: moved.period.to_string(),
            expected: moved.from.name().to_owned(),
            found: found.name().to_owned(),
        });
    }
    if let Some(close) = close {
        session
            .execute(PERIOD_CLOSE_INSERT, close_values(close))
            .await?;
    }
    session
        .execute(PERIOD_MOVE_INSERT, move_values(moved))
        .await?;
    append(session, &[audit_of(moved, close)]).await
}

#[async_trait]
impl PeriodStore for SqlStore {
    async fn period_moves(&self) -> Result<Vec<PeriodMove>, Failure> {
        let rows = self.rows(PERIOD_MOVE_LIST, Vec::new()).await?;
        Ok(rows.iter().map(move_of).collect::<Result<_, _>>()?)
    }

    async fn record_period_move(
        &self,
        moved: &PeriodMove,
        close: Option<&PeriodClose>,
    ) -> Result<(), Failure> {
        let (moved, close) = (moved.clone(), close.cloned());
        self.write(move |session| {
            Box::pin(async move { record(session, &moved, close.as_ref()).await })
        })
        .await?;
        Ok(())
    }

    async fn period_close(&self, close_id: &str) -> Result<Option<PeriodClose>, Failure> {
        let rows = self
            .rows(PERIOD_CLOSE_SELECT, vec![close_id.into()])
            .await?;
        Ok(rows.first().map(close_of).transpose()?)
    }
}
