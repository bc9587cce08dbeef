//! The book: changes are compared with what stands, written, and told to the trail, all in one
//! transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::audit::{SYSTEM, append};
use super::queries::{
    DISCREPANCY_LIST, DISCREPANCY_SAVE, DISCREPANCY_STATE, EVENT_BETWEEN, EVENT_INSERT, EVENT_LIST,
    RECONCILIATION_INSERT, RECONCILIATION_NEWEST, RECONCILIATION_PERIODS, RECURRENCE_LIST,
    UNIT_TOTALS_INSERT, UNIT_TOTALS_LIST,
};
use super::row::Row;
use super::session::{Lock, Session};
use super::store::SqlStore;
use super::value::plain_text;
use super::{discrepancies, events, reconciliations};
use crate::fault::Failure;
use crate::period::Period;
use crate::reconcile::{Discrepancy, DiscrepancyEvent, DiscrepancyState};
use crate::store::error::StoreError;
use crate::store::{
    BookStore, ChangeParts, DiscrepancyChange, DiscrepancyFilter, NewAuditEntry, Reconciliation,
    Recurrence,
};

/// What of an item a move changes, as the trail tells it.
struct Standing {
    state: DiscrepancyState,
    owner: Option<String>,
    waiting_on: Option<String>,
    code: Option<String>,
}

impl Standing {
    fn of_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            state: row.parsed("state")?,
            owner: row.text_option("owner")?,
            waiting_on: row.text_option("waiting_on")?,
            code: row.text_option("code")?,
        })
    }

    fn of_item(item: &Discrepancy) -> Self {
        Self {
            state: item.state,
            owner: item.owner.clone(),
            waiting_on: item.waiting_on.map(|party| party.name().to_owned()),
            code: item.code.map(|code| code.name().to_owned()),
        }
    }

    fn json(&self, state: DiscrepancyState) -> String {
        json!({
            "state": state.name(),
            "owner": self.owner,
            "waiting_on": self.waiting_on,
            "code": self.code,
        })
        .to_string()
    }
}

/// Writes items and events. Every change must start from the state that stands in the store.
async fn write_changes(
    session: &mut Session,
    changes: &[DiscrepancyChange],
) -> Result<BTreeMap<String, Standing>, StoreError> {
    // Whoever changes items takes this lock first, so what is compared here stands until the end.
    session.lock(Lock::Trail).await?;
    let ids: Vec<String> = changes
        .iter()
        .map(|change| plain_text(&change.discrepancy.id))
        .collect();
    let mut seen = BTreeSet::new();
    for id in &ids {
        if !seen.insert(id.as_str()) {
            return Err(StoreError::Twice(id.clone()));
        }
    }
    let keys: Vec<&str> = seen.into_iter().collect();
    let mut standing = BTreeMap::new();
    for row in session.rows_of(DISCREPANCY_STATE, &keys).await? {
        standing.insert(row.text("id")?, Standing::of_row(&row)?);
    }
    for (id, change) in ids.iter().zip(changes) {
        compare(id, change.was, standing.get(id).map(|found| found.state))?;
    }
    let items = changes
        .iter()
        .map(|change| discrepancies::values_of(&change.discrepancy));
    session.execute_rows(DISCREPANCY_SAVE, items).await?;
    let history = changes
        .iter()
        .flat_map(|change| &change.events)
        .map(events::values_of);
    session.execute_rows(EVENT_INSERT, history).await?;
    Ok(standing)
}

fn compare(
    id: &str,
    was: Option<DiscrepancyState>,
    found: Option<DiscrepancyState>,
) -> Result<(), StoreError> {
    if was == found {
        return Ok(());
    }
    let name =
        |state: Option<DiscrepancyState>| state.map_or("absent", DiscrepancyState::name).to_owned();
    Err(StoreError::Conflict {
        id: id.to_owned(),
        expected: name(was),
        found: name(found),
    })
}

/// What the trail tells of all that a reconcile moved: counts by move, and a digest over the changes,
/// so that thousands of items cost one entry and yet none can be altered unseen.
#[derive(Default)]
struct Moved {
    moves: BTreeMap<String, u64>,
    digest: blake3::Hasher,
    line: Vec<u8>,
}

/// What the digest says of one change.
#[derive(Serialize)]
struct ChangeLine<'c> {
    events: &'c [DiscrepancyEvent],
    id: &'c str,
    impact: Decimal,
    outstanding: Decimal,
    state: DiscrepancyState,
    was: &'static str,
}

impl Moved {
    fn count(&mut self, changes: &[DiscrepancyChange]) -> Result<(), StoreError> {
        for change in changes {
            let item = &change.discrepancy;
            let was = change.was.map_or("new", DiscrepancyState::name);
            let name = format!("{was} to {}", item.state);
            *self.moves.entry(name).or_default() += 1;
            let line = ChangeLine {
                events: &change.events,
                id: &item.id,
                impact: item.impact,
                outstanding: item.outstanding,
                state: item.state,
                was,
            };
            self.line.clear();
            serde_json::to_writer(&mut self.line, &line).map_err(|cause| StoreError::Json {
                column: "changes_digest",
                cause,
            })?;
            self.line.push(b'\n');
            self.digest.update(&self.line);
        }
        Ok(())
    }

    fn audit(&self, reconciliation: &Reconciliation) -> NewAuditEntry {
        let after: Json = json!({
            "reconciliation_id": reconciliation.reconciliation_id,
            "run_id": reconciliation.run_id,
            "as_of": reconciliation.as_of.to_string(),
            "rules_version": reconciliation.rules_version,
            "input_digest": reconciliation.input_digest,
            "blind_sources": reconciliation.blind_sources,
            "moves": self.moves,
            "changes_digest": self.digest.finalize().to_hex().as_str(),
        });
        NewAuditEntry {
            at: reconciliation.at,
            actor: SYSTEM.to_owned(),
            action: "reconciliation.record".to_owned(),
            object: format!("{}/{}", reconciliation.rule, reconciliation.period),
            before: None,
            after: Some(after.to_string()),
            reason: None,
            approval: None,
        }
    }
}

/// One entry of the trail for each thing that a person did.
fn person_audit(
    change: &DiscrepancyChange,
    before: Option<&Standing>,
) -> Result<Vec<NewAuditEntry>, StoreError> {
    let item = &change.discrepancy;
    if change.events.is_empty() {
        return Err(StoreError::Silent(item.id.clone()));
    }
    let after = Standing::of_item(item);
    let entries = change.events.iter().map(|event| NewAuditEntry {
        at: event.at,
        actor: event.actor.clone(),
        action: format!("discrepancy.{}", event.action),
        object: item.id.clone(),
        before: before.map(|standing| standing.json(event.from_state.unwrap_or(standing.state))),
        after: Some(after.json(event.to_state)),
        reason: event.note.clone(),
        approval: change.approver.clone(),
    });
    Ok(entries.collect())
}

async fn write_reconciliation(
    session: &mut Session,
    reconciliation: &Reconciliation,
    mut parts: ChangeParts,
) -> Result<(), StoreError> {
    session.lock(Lock::Trail).await?;
    let mut moved = Moved::default();
    // An item that comes in a second part is found in the store, with a state that it did not start
    // from.
    while let Some(changes) = parts.next().await? {
        write_changes(session, &changes).await?;
        moved.count(&changes)?;
    }
    session
        .execute(
            RECONCILIATION_INSERT,
            reconciliations::values_of(reconciliation)?,
        )
        .await?;
    let id = reconciliation.reconciliation_id.as_str();
    let totals = reconciliation
        .totals
        .iter()
        .enumerate()
        .map(|(place, totals)| reconciliations::totals_values(id, place, totals));
    session.execute_rows(UNIT_TOTALS_INSERT, totals).await?;
    append(session, &[moved.audit(reconciliation)]).await
}

async fn write_moves(
    session: &mut Session,
    changes: &[DiscrepancyChange],
) -> Result<(), StoreError> {
    let standing = write_changes(session, changes).await?;
    let mut trail = Vec::new();
    for change in changes {
        let before = standing.get(&plain_text(&change.discrepancy.id));
        trail.extend(person_audit(change, before)?);
    }
    append(session, &trail).await
}

#[async_trait]
impl BookStore for SqlStore {
    async fn record_reconciliation(
        &self,
        reconciliation: &Reconciliation,
        changes: &[DiscrepancyChange],
    ) -> Result<(), Failure> {
        let (sender, parts) = ChangeParts::channel();
        let written = self.record_reconciliation_parts(reconciliation, parts);
        let sent = async {
            sender.send(changes.to_vec()).await;
            sender.finish().await;
        };
        let (written, ()) = futures::join!(written, sent);
        written
    }

    async fn record_reconciliation_parts(
        &self,
        reconciliation: &Reconciliation,
        parts: ChangeParts,
    ) -> Result<(), Failure> {
        let reconciliation = reconciliation.clone();
        self.write(move |session| {
            Box::pin(async move { write_reconciliation(session, &reconciliation, parts).await })
        })
        .await?;
        Ok(())
    }

    async fn record_changes(&self, changes: &[DiscrepancyChange]) -> Result<(), Failure> {
        let changes: Arc<[DiscrepancyChange]> = changes.into();
        self.write(move |session| Box::pin(async move { write_moves(session, &changes).await }))
            .await?;
        Ok(())
    }

    async fn discrepancies(&self, filter: &DiscrepancyFilter) -> Result<Vec<Discrepancy>, Failure> {
        let (text, values) = discrepancies::listing(filter);
        let rows = self
            .database
            .rows_by(DISCREPANCY_LIST.name, text, values)
            .await?;
        Ok(rows
            .iter()
            .map(discrepancies::item_of)
            .collect::<Result<_, _>>()?)
    }

    async fn discrepancy_events(&self, id: &str) -> Result<Vec<DiscrepancyEvent>, Failure> {
        let rows = self.rows(EVENT_LIST, vec![id.into()]).await?;
        Ok(rows
            .iter()
            .map(events::event_of)
            .collect::<Result<_, _>>()?)
    }

    async fn recurrences(&self, fingerprints: &[String]) -> Result<Vec<Recurrence>, Failure> {
        let keys: Vec<&str> = fingerprints.iter().map(String::as_str).collect();
        let rows = self.database.rows_of(RECURRENCE_LIST, &keys).await?;
        let found = rows.iter().map(|row| {
            Ok(Recurrence {
                id: row.text("id")?,
                fingerprint: row.text("fingerprint")?,
                period: row.parsed("period")?,
            })
        });
        Ok(found.collect::<Result<_, StoreError>>()?)
    }

    async fn events_between(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<DiscrepancyEvent>, Failure> {
        let rows = self
            .rows(EVENT_BETWEEN, vec![from.into(), to.into()])
            .await?;
        Ok(rows
            .iter()
            .map(events::event_of)
            .collect::<Result<_, _>>()?)
    }

    async fn reconciliation(
        &self,
        rule: &str,
        period: Period,
        as_of: Timestamp,
    ) -> Result<Option<Reconciliation>, Failure> {
        let values = vec![rule.into(), period.into(), as_of.into()];
        let rows = self.rows(RECONCILIATION_NEWEST, values).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let id = row.text("reconciliation_id")?;
        let totals = self
            .rows(UNIT_TOTALS_LIST, vec![(&id).into()])
            .await?
            .iter()
            .map(reconciliations::totals_of)
            .collect::<Result<_, _>>()?;
        Ok(Some(reconciliations::reconciliation_of(row, totals)?))
    }

    async fn reconciled_periods(&self, rule: &str) -> Result<Vec<Period>, Failure> {
        let rows = self.rows(RECONCILIATION_PERIODS, vec![rule.into()]).await?;
        Ok(rows
            .iter()
            .map(|row| row.parsed("period"))
            .collect::<Result<_, _>>()?)
    }
}
