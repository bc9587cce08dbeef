//! `crossfoot accounts`.

use clap::Subcommand;
use serde_json::{Value, json};

use super::context::Context;
use super::output::{self, Table};
use crate::fault::{Exit, Failure, Fault, Retry};
use crate::reconcile::GoldenAccount;
use crate::scheduler::jobs::load_ledger;
use crate::store::{Access, CrosswalkEntry};

#[derive(Debug, Subcommand)]
pub(super) enum AccountsVerb {
    /// Every customer, with the records that it is made of
    List,
    /// One customer: its records, and what linked them
    Show {
        /// The golden id, or source:id
        id: String,
    },
}

#[derive(Debug, thiserror::Error)]
#[error("there is no account `{0}`")]
struct NoAccount(String);

impl Fault for NoAccount {
    fn code(&self) -> &'static str {
        "XF-K021"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some("`crossfoot accounts list` shows every account".into())
    }
}

pub(super) async fn run(context: &Context, verb: &AccountsVerb) -> Result<Exit, Failure> {
    let env = context.open(Access::Read).await?;
    let ledger = load_ledger(&env, env.clock.now(), false).await?;
    let crosswalk = env.store.crosswalk(env.clock.now()).await?;
    let accounts: Vec<&GoldenAccount> = match verb {
        AccountsVerb::List => ledger.directory.accounts().collect(),
        AccountsVerb::Show { id } => {
            let golden = ledger
                .directory
                .find(id)
                .ok_or_else(|| NoAccount(id.clone()))?;
            ledger
                .directory
                .accounts()
                .filter(|one| one.account.id == golden.id)
                .collect()
        }
    };
    if context.json() {
        let rows: Vec<Value> = accounts
            .iter()
            .map(|one| account_json(one, &crosswalk))
            .collect();
        match (verb, rows.first()) {
            (AccountsVerb::Show { .. }, Some(row)) => output::json(row)?,
            _ => output::json(&rows)?,
        }
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["id", "name", "records", "linked by"]);
    for one in &accounts {
        let members: Vec<String> = one
            .members
            .iter()
            .map(|(source, id)| format!("{source}:{id}"))
            .collect();
        let rules: Vec<&str> = one
            .members
            .iter()
            .filter_map(|member| entry_of(member, &crosswalk).map(|entry| entry.rule.as_str()))
            .collect();
        table.row(vec![
            one.account.id.clone(),
            one.account.name.clone(),
            members.join(" "),
            rules.join(" "),
        ]);
    }
    table.print("no account is landed")?;
    Ok(Exit::Done)
}

fn entry_of<'c>(
    (source, id): &(String, String),
    crosswalk: &'c [CrosswalkEntry],
) -> Option<&'c CrosswalkEntry> {
    crosswalk
        .iter()
        .find(|entry| entry.source == *source && entry.source_id == *id)
}

fn account_json(one: &GoldenAccount, crosswalk: &[CrosswalkEntry]) -> Value {
    let members: Vec<Value> = one
        .members
        .iter()
        .map(|member| {
            let entry = entry_of(member, crosswalk);
            json!({
                "source": member.0,
                "id": member.1,
                "rule": entry.map(|entry| entry.rule.clone()),
                "score": entry.map(|entry| entry.score.clone()),
            })
        })
        .collect();
    let attribute = |name: &str| one.attributes.get(name).map(|found| found.value.clone());
    json!({
        "id": one.account.id,
        "name": one.account.name,
        "legal_name": attribute("legal_name"),
        "tax_id": attribute("tax_id"),
        "domain": attribute("domain"),
        "phone": attribute("phone"),
        "email": one.email,
        "currency": one.currency,
        "payment_terms": one.payment_terms,
        "owner": attribute("owner"),
        "members": members,
    })
}
