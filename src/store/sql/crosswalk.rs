//! The crosswalk: memberships are closed and opened, never rewritten.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;

use super::audit::{SYSTEM, append};
use super::queries::{CROSSWALK_AT, CROSSWALK_CLOSE, CROSSWALK_INSERT, CROSSWALK_REACHING};
use super::row::Row;
use super::session::{Lock, Session};
use super::store::SqlStore;
use super::value::{Value, plain_text};
use crate::fault::Failure;
use crate::store::error::StoreError;
use crate::store::{CrosswalkEntry, CrosswalkStore, NewAuditEntry};

/// What the crosswalk calls crossfoot itself.
const OWN_DECISION: &str = "crossfoot";

/// An account of a source.
type AccountKey = (String, String);

fn key_of(entry: &CrosswalkEntry) -> AccountKey {
    (plain_text(&entry.source), plain_text(&entry.source_id))
}

fn values_of(entry: &CrosswalkEntry) -> Vec<Value> {
    vec![
        (&entry.source).into(),
        (&entry.source_id).into(),
        (&entry.golden_id).into(),
        entry.valid_from.into(),
        entry.valid_to.into(),
        (&entry.decided_by).into(),
        (&entry.rule).into(),
        (&entry.score).into(),
    ]
}

fn entry_of(row: &Row) -> Result<CrosswalkEntry, StoreError> {
    Ok(CrosswalkEntry {
        source: row.text("source")?,
        source_id: row.text("source_id")?,
        golden_id: row.text("golden_id")?,
        valid_from: row.instant("valid_from")?,
        valid_to: row.instant_option("valid_to")?,
        decided_by: row.text("decided_by")?,
        rule: row.text("rule")?,
        score: row.text("score")?,
    })
}

/// Whether an entry says nothing that the one which holds does not say already.
fn says_the_same(entry: &CrosswalkEntry, holding: &CrosswalkEntry) -> bool {
    entry.valid_to.is_none()
        && plain_text(&entry.golden_id) == holding.golden_id
        && plain_text(&entry.decided_by) == holding.decided_by
        && plain_text(&entry.rule) == holding.rule
        && plain_text(&entry.score) == holding.score
}

async fn save(session: &mut Session, entries: &[CrosswalkEntry]) -> Result<(), StoreError> {
    let Some(first) = entries.iter().map(|entry| entry.valid_from).min() else {
        return Ok(());
    };
    session.lock(Lock::Trail).await?;
    let mut reaching: BTreeMap<AccountKey, Option<CrosswalkEntry>> = BTreeMap::new();
    for row in session.rows(CROSSWALK_REACHING, vec![first.into()]).await? {
        let standing = entry_of(&row)?;
        let holding = reaching.entry(key_of(&standing)).or_default();
        if standing.valid_to.is_none() {
            *holding = Some(standing);
        }
    }
    let mut opened = Vec::new();
    let mut trail = Vec::new();
    let mut own = OwnDecisions::default();
    for entry in entries {
        let key = key_of(entry);
        let before = reaching.get(&key).cloned().flatten();
        if before
            .as_ref()
            .is_some_and(|holding| says_the_same(entry, holding))
        {
            continue;
        }
        if reaching.contains_key(&key) {
            let values = vec![
                (&entry.source).into(),
                (&entry.source_id).into(),
                entry.valid_from.into(),
            ];
            // Opened memberships of this very write must be there before they can be closed.
            session
                .execute_rows(CROSSWALK_INSERT, std::mem::take(&mut opened).into_iter())
                .await?;
            session.execute(CROSSWALK_CLOSE, values).await?;
        }
        if entry.decided_by == OWN_DECISION {
            own.count(entry, before.is_some());
        } else {
            trail.push(audit_of(entry, before.as_ref()));
        }
        opened.push(Ok(values_of(entry)));
        let holds_on = entry.valid_to.is_none().then(|| entry.clone());
        reaching.insert(key, holds_on);
    }
    session
        .execute_rows(CROSSWALK_INSERT, opened.into_iter())
        .await?;
    trail.extend(own.audit());
    append(session, &trail).await
}

fn membership(entry: &CrosswalkEntry) -> String {
    json!({
        "golden_id": entry.golden_id,
        "decided_by": entry.decided_by,
        "rule": entry.rule,
        "score": entry.score,
        "valid_from": entry.valid_from.to_string(),
        "valid_to": entry.valid_to.map(|until| until.to_string()),
    })
    .to_string()
}

fn audit_of(entry: &CrosswalkEntry, before: Option<&CrosswalkEntry>) -> NewAuditEntry {
    NewAuditEntry {
        at: entry.valid_from,
        actor: entry.decided_by.clone(),
        action: "crosswalk.link".to_owned(),
        object: format!("{}:{}", entry.source, entry.source_id),
        before: before.map(membership),
        after: Some(membership(entry)),
        reason: Some(entry.rule.clone()),
        approval: None,
    }
}

/// What crossfoot decided by itself in one write: one entry of the trail for all of it.
#[derive(Default)]
struct OwnDecisions {
    at: Option<Timestamp>,
    opened: u64,
    moved: u64,
    digest: blake3::Hasher,
}

impl OwnDecisions {
    fn count(&mut self, entry: &CrosswalkEntry, moved: bool) {
        self.at = self.at.max(Some(entry.valid_from));
        if moved {
            self.moved += 1;
        } else {
            self.opened += 1;
        }
        let line = format!(
            "{}:{} {}\n",
            entry.source,
            entry.source_id,
            membership(entry)
        );
        self.digest.update(line.as_bytes());
    }

    fn audit(self) -> Option<NewAuditEntry> {
        let after = json!({
            "opened": self.opened,
            "moved": self.moved,
            "digest": self.digest.finalize().to_hex().as_str(),
        });
        self.at.map(|at| NewAuditEntry {
            at,
            actor: SYSTEM.to_owned(),
            action: "crosswalk.resolve".to_owned(),
            object: "crosswalk".to_owned(),
            before: None,
            after: Some(after.to_string()),
            reason: None,
            approval: None,
        })
    }
}

#[async_trait]
impl CrosswalkStore for SqlStore {
    async fn crosswalk(&self, at: Timestamp) -> Result<Vec<CrosswalkEntry>, Failure> {
        let rows = self.rows(CROSSWALK_AT, vec![at.into()]).await?;
        Ok(rows.iter().map(entry_of).collect::<Result<_, _>>()?)
    }

    async fn save_crosswalk(&self, entries: &[CrosswalkEntry]) -> Result<(), Failure> {
        let entries = entries.to_vec();
        self.write(move |session| Box::pin(async move { save(session, &entries).await }))
            .await?;
        Ok(())
    }
}
