//! `crossfoot audit`.

use std::collections::BTreeMap;

use clap::Subcommand;
use serde_json::json;

use super::context::Context;
use super::output::{self, Table};
use crate::config::is_same_person;
use crate::fault::{Exit, Failure};
use crate::store::{Access, AuditEntry};

/// How many entries are read at once.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum AuditVerb {
    /// Every entry: who, what, when, before, after, why
    #[command(
        after_help = "Examples:\n  crossfoot audit list --json\n  crossfoot audit list --self-approved"
    )]
    List {
        /// Only what one and the same person both did and approved on one object, for an owner who
        /// reviews a small team
        #[arg(long)]
        self_approved: bool,
    },
    /// Prove that no entry was changed, removed or put between
    Verify,
}

pub(super) async fn run(context: &Context, verb: &AuditVerb) -> Result<Exit, Failure> {
    let env = context.open(Access::Read).await?;
    match verb {
        AuditVerb::List { self_approved } => list(context, &env, *self_approved).await,
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

/// The entries of objects on which one person both acted and approved: the acts and the approvals of
/// that person.
fn self_approved(entries: Vec<AuditEntry>) -> Vec<AuditEntry> {
    let is_one = |one: &str, names: &[String]| names.iter().any(|name| is_same_person(name, one));
    let mut hands: BTreeMap<String, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for one in &entries {
        let (actors, approvers) = hands.entry(one.entry.object.clone()).or_default();
        actors.push(one.entry.actor.clone());
        approvers.extend(one.entry.approval.clone());
    }
    entries
        .into_iter()
        .filter(|one| {
            hands
                .get(&one.entry.object)
                .is_some_and(|(actors, approvers)| {
                    let approval = one.entry.approval.as_deref();
                    is_one(&one.entry.actor, approvers)
                        || approval.is_some_and(|approval| is_one(approval, actors))
                })
        })
        .collect()
}

async fn list(
    context: &Context,
    env: &crate::env::Env,
    is_self_approved: bool,
) -> Result<Exit, Failure> {
    let mut after = 0;
    let mut entries = Vec::new();
    loop {
        let page = env.store.audit_entries(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.sequence;
        entries.extend(page);
    }
    if is_self_approved {
        entries = self_approved(entries);
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
        table.print(if is_self_approved {
            "nobody approved what the same person did"
        } else {
            "the audit trail is empty"
        })?;
    }
    Ok(Exit::Done)
}
