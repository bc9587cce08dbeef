//! `crossfoot audit`.

use clap::Subcommand;
use serde_json::json;

use super::context::Context;
use super::output::{self, Table};
use crate::fault::{Exit, Failure};
use crate::store::Access;

/// How many entries are read at once.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum AuditVerb {
    /// Every entry: who, what, when, before, after, why
    List,
    /// Prove that no entry was changed, removed or put between
    Verify,
}

pub(super) async fn run(context: &Context, verb: &AuditVerb) -> Result<Exit, Failure> {
    let env = context.open(Access::Read).await?;
    match verb {
        AuditVerb::List => list(context, &env).await,
        AuditVerb::Verify => {
            let (count, fault) = env.store.verify_audit().await?;
            if context.json() {
                output::json(&json!({
                    "entries": count,
                    "intact": fault.is_none(),
                    "first_fault": fault.as_ref().map(|(place, reason)| {
                        json!({ "sequence": place, "reason": reason })
                    }),
                }))?;
            } else if let Some((place, reason)) = &fault {
                output::line(format!(
                    "the audit trail is broken at entry {place}: {reason}"
                ))?;
            } else {
                output::line(format!("the audit trail is intact: {count} entries"))?;
            }
            Ok(if fault.is_none() {
                Exit::Done
            } else {
                Exit::Failed
            })
        }
    }
}

async fn list(context: &Context, env: &crate::env::Env) -> Result<Exit, Failure> {
    let mut after = 0;
    let mut entries = Vec::new();
    loop {
        let page = env.store.audit_entries(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.sequence;
        entries.extend(page);
    }
    if context.json() {
        let parsed = |text: &Option<String>| {
            text.as_ref().map(|text| {
                serde_json::from_str(text).unwrap_or_else(|_| serde_json::Value::from(text.clone()))
            })
        };
        let rows: Vec<_> = entries
            .iter()
            .map(|one| {
                json!({
                    "event_id": one.event_id,
                    "at_utc": one.entry.at,
                    "actor": one.entry.actor,
                    "action": one.entry.action,
                    "object": one.entry.object,
                    "before": parsed(&one.entry.before),
                    "after": parsed(&one.entry.after),
                    "reason": one.entry.reason,
                    "approval_id": one.entry.approval,
                })
            })
            .collect();
        output::json(&rows)?;
    } else {
        let mut table = Table::new(&["at", "actor", "action", "object", "reason"]);
        for one in &entries {
            table.row(vec![
                one.entry.at.to_string(),
                one.entry.actor.clone(),
                one.entry.action.clone(),
                one.entry.object.clone(),
                one.entry.reason.clone().unwrap_or_default(),
            ]);
        }
        table.print("the audit trail is empty")?;
    }
    Ok(Exit::Done)
}
