//! The book: changes are compared with what stands, written, and told to the trail, all in one
//! transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sqlx::SqlSafeStr;

use super::audit::{SYSTEM, append};
use super::queries::{
    DISCREPANCY_INSERT, DISCREPANCY_LIST, DISCREPANCY_SAVE, DISCREPANCY_STATE, EVENT_BETWEEN,
    EVENT_INSERT, EVENT_LIST, RECONCILIATION_INSERT, RECONCILIATION_NEWEST, RECONCILIATION_PERIODS,
    RECURRENCE_LIST, UNIT_TOTALS_INSERT, UNIT_TOTALS_LIST,
};
use super::row::Row;
use super::scattered::Scattered;
use super::session::{Lock, Session};
use super::store::SqlStore;
use super::value::{Value, plain_text};
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
    changes: Vec<DiscrepancyChange>,
    written: &mut (impl FnMut(&[Value]) + Send),
) -> Result<BTreeMap<String, Standing>, StoreError> {
    // Whoever changes items takes this lock first, so what is compared here stands until the end.
    session.lock(Lock::Trail).await?;
    let is_new = is_all_new(&changes);
    let (query, standing, new_ids) = if is_new {
        let ids = changes.iter().map(|change| change.discrepancy.id.clone());
        (DISCREPANCY_INSERT, BTreeMap::new(), ids.collect())
    } else {
        let standing = compare_all(session, &changes).await?;
        (DISCREPANCY_SAVE, standing, Vec::new())
    };
    let run = changes
        .first()
        .map(|change| change.discrepancy.opened_run.clone());
    let mut history = Vec::with_capacity(changes.len());
    let items = changes.into_iter().map(|change| {
        history.extend(change.events);
        let values = discrepancies::values_of(change.discrepancy)?;
        written(&values);
        Ok(values)
    });
    let touched = session.execute_rows(query, items).await?;
    if is_new && touched != new_ids.len() as u64 {
        return Err(taken_id(session, &new_ids, run.as_deref()).await?);
    }
    let history = history.into_iter().map(|event| {
        let values = events::values_of(event)?;
        written(&values);
        Ok(values)
    });
    session.execute_rows(EVENT_INSERT, history).await?;
    Ok(standing)
}

fn is_all_new(changes: &[DiscrepancyChange]) -> bool {
    changes.iter().all(|change| change.was.is_none())
}

/// The items that stand, each of which must be in the state that its change starts from.
async fn compare_all(
    session: &mut Session,
    changes: &[DiscrepancyChange],
) -> Result<BTreeMap<String, Standing>, StoreError> {
    let ids = distinct_ids(changes.iter().map(|change| &change.discrepancy.id))?;
    let keys: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut standing = BTreeMap::new();
    for row in session.rows_of(DISCREPANCY_STATE, &keys).await? {
        standing.insert(row.text("id")?, Standing::of_row(&row)?);
    }
    for change in changes {
        let id = plain_text(&change.discrepancy.id);
        let found = standing.get(&id).map(|found| found.state);
        compare(&id, change.was, found)?;
    }
    Ok(standing)
}

fn distinct_ids<'c>(
    given: impl Iterator<Item = &'c String>,
) -> Result<BTreeSet<String>, StoreError> {
    let mut ids = BTreeSet::new();
    for id in given {
        if let Some(twice) = ids.replace(plain_text(id)) {
            return Err(StoreError::Twice(twice));
        }
    }
    Ok(ids)
}

/// Why not all new items could be inserted: an id is there twice, or an item stands that has it. The
/// others stand as well by now, so that those of another run are told first.
async fn taken_id(
    session: &mut Session,
    new_ids: &[String],
    run: Option<&str>,
) -> Result<StoreError, StoreError> {
    let ids = match distinct_ids(new_ids.iter()) {
        Ok(ids) => ids,
        Err(twice) => return Ok(twice),
    };
    let keys: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut told = None;
    for row in session.rows_of(DISCREPANCY_STATE, &keys).await? {
        let is_of_other = Some(row.text("opened_run")?.as_str()) != run;
        if is_of_other || told.is_none() {
            told = Some((row.text("id")?, row.parsed("state")?));
        }
        if is_of_other {
            break;
        }
    }
    let (id, state) = told.unwrap_or_else(|| (String::new(), DiscrepancyState::Open));
    let conflict = compare(&id, None, Some(state)).err();
    Ok(conflict.unwrap_or(StoreError::Twice(id)))
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

/// What the trail tells of all that a reconcile moved: counts by move, and a digest over all rows as
/// they are written, so that thousands of items cost one entry and yet none can be altered unseen.
#[derive(Default)]
struct Moved {
    moves: BTreeMap<String, u64>,
    digest: blake3::Hasher,
    /// Rows that are not in the digest yet: many together are taken in much quicker.
    waiting: Vec<u8>,
}

/// Bytes of rows that are taken into the digest at once.
const DIGESTED_BYTES: usize = 64 << 10;

impl Moved {
    fn count(&mut self, changes: &[DiscrepancyChange]) {
        for change in changes {
            let was = change.was.map_or("new", DiscrepancyState::name);
            let name = format!("{was} to {}", change.discrepancy.state);
            *self.moves.entry(name).or_default() += 1;
        }
    }

    /// Takes the values of a row into the digest, with the borders between them.
    fn digest(&mut self, values: &[Value]) {
        for value in values {
            value.put_bytes(&mut self.waiting);
        }
        if self.waiting.len() >= DIGESTED_BYTES {
            self.digest.update(&self.waiting);
            self.waiting.clear();
        }
    }

    fn audit(&mut self, reconciliation: &Reconciliation) -> NewAuditEntry {
        self.digest.update(&self.waiting);
        self.waiting.clear();
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
    let mut scattered = Scattered::default();
    // An item that comes in a second part is found in the store, with a state that it did not start
    // from.
    while let Some(changes) = parts.next().await? {
        moved.count(&changes);
        let mut written = |values: &[Value]| moved.digest(values);
        let (count, is_new) = (changes.len(), is_all_new(&changes));
        write_changes(session, changes, &mut written).await?;
        if is_new {
            scattered.inserted(session, count).await?;
        }
    }
    scattered.complete(session).await?;
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
    let standing = write_changes(session, changes.to_vec(), &mut |_| {}).await?;
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
        let read = self
            .database
            .read_by(DISCREPANCY_LIST.name, text, values, |row| {
                discrepancies::item_of(&row)
            });
        Ok(read.await?)
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
        let (name, text) = (EVENT_BETWEEN.name, EVENT_BETWEEN.text.into_sql_str());
        let values = vec![from.into(), to.into()];
        let read = self
            .database
            .read_by(name, text, values, |row| events::event_of(&row));
        Ok(read.await?)
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
