//! How an item's history is written and read.

use super::row::Row;
use super::value::Value;
use crate::reconcile::{DiscrepancyEvent, DiscrepancyState, ResolutionCode};
use crate::store::error::StoreError;

/// The values of `event_insert`, in its order.
pub(super) fn values_of(event: DiscrepancyEvent) -> Result<Vec<Value>, StoreError> {
    let worth = event
        .worth
        .as_ref()
        .map_or(Ok(Value::Text(None)), |worth| Value::json("worth", worth))?;
    Ok(vec![
        event.discrepancy_id.into(),
        event.at.into(),
        event.actor.into(),
        event.action.into(),
        event.from_state.map(DiscrepancyState::name).into(),
        event.to_state.name().into(),
        event.code.map(ResolutionCode::name).into(),
        event.note.into(),
        event.run_id.into(),
        worth,
    ])
}

/// The event of a row.
pub(super) fn event_of(row: &Row) -> Result<DiscrepancyEvent, StoreError> {
    Ok(DiscrepancyEvent {
        discrepancy_id: row.text("discrepancy_id")?,
        at: row.instant("happened_at")?,
        actor: row.text("actor")?,
        action: row.text("action")?,
        from_state: row.parsed_option("from_state")?,
        to_state: row.parsed("to_state")?,
        code: row.parsed_option("code")?,
        note: row.text_option("note")?,
        run_id: row.text_option("run_id")?,
        worth: row.json_option("worth")?,
    })
}
