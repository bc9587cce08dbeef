//! What several jobs read alike: the landing as it was known at an instant, the customers in it,
//! and how fresh each source was.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::open_landing::read_landing;
use crate::canonical::{Entity, Record};
use crate::config::Role;
use crate::env::Env;
use crate::fault::{Failure, Fault, Retry};
use crate::landing::Snapshot;
use crate::reconcile::{AccountDirectory, resolve_identity};
use crate::report::kpi::{Freshness, SourceTerms, freshness};
use crate::store::{CashDecision, FileFilter, KEPT_SINCE, Pull};

/// The name under which the failure of a source that could not even be opened is kept.
pub(crate) const ALL_STREAMS: &str = "all";

/// A question about an instant of which not every version is kept any more.
#[derive(Debug, thiserror::Error)]
#[error(
    "what was known at {as_of} cannot be told any more: versions superseded before {kept_since} were let go"
)]
struct LetGoError {
    as_of: Timestamp,
    kept_since: String,
}

impl Fault for LetGoError {
    fn code(&self) -> &'static str {
        "XF-L021"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some(format!(
            "figures that were reported then are in the store as they were; ask about {} or later, \
             or keep more by [landing] retention",
            self.kept_since
        ))
    }
}

/// The landing and what is known of it at one instant.
pub struct Ledger {
    /// The instant.
    pub as_of: Timestamp,
    /// The files, their digests checked.
    pub snapshot: Snapshot,
    /// The customers.
    pub directory: AccountDirectory,
    /// The state of every source.
    pub freshness: Vec<Freshness>,
    /// Per source and stream the newest pull.
    pub newest_pulls: Vec<Pull>,
    /// Which legs each source has.
    pub roles: BTreeMap<String, Vec<Role>>,
    /// What people decided of payments.
    pub cash_decisions: Vec<CashDecision>,
}

impl Ledger {
    /// The newest living records of an entity.
    pub fn records(&self, entity: Entity) -> Result<Vec<Record>, Failure> {
        self.snapshot.records(entity)
    }
}

/// Opens the landing as it was known at `as_of`. With `save`, decisions about who is who that are
/// new are kept in the crosswalk.
pub async fn load_ledger(env: &Env, as_of: Timestamp, save: bool) -> Result<Ledger, Failure> {
    if let Some(kept_since) = env.store.landmark(KEPT_SINCE).await?
        && kept_since
            .parse()
            .is_ok_and(|since: Timestamp| as_of < since)
    {
        return Err(LetGoError { as_of, kept_since }.into());
    }
    let filter = FileFilter {
        as_of: Some(as_of),
        ..FileFilter::default()
    };
    let files = env.store.files(&filter).await?;
    let landing = read_landing(env)?;
    let snapshot = tokio::task::block_in_place(|| landing.snapshot(files, as_of))?;
    let roles = source_roles(env)?;
    let accounts = snapshot.records(Entity::Accounts)?;
    let standing = env.store.crosswalk(as_of).await?;
    let (directory, decided) = resolve_identity(&accounts, &roles, &standing, env.clock.now());
    if save && !decided.is_empty() {
        env.store.save_crosswalk(&decided).await?;
    }
    let newest_pulls = without_outlived(env.store.newest_pulls(as_of).await?);
    let committed = env.store.newest_committed_pulls(as_of).await?;
    let freshness = freshness(&source_terms(env, &roles), &newest_pulls, &committed, as_of);
    Ok(Ledger {
        as_of,
        snapshot,
        directory,
        freshness,
        newest_pulls,
        roles,
        cash_decisions: env.store.cash_decisions(as_of).await?,
    })
}

/// The state of every configured source as it was known at `as_of`.
pub async fn source_states(
    env: &Env,
    roles: &BTreeMap<String, Vec<Role>>,
    as_of: Timestamp,
) -> Result<Vec<Freshness>, Failure> {
    let newest = without_outlived(env.store.newest_pulls(as_of).await?);
    let committed = env.store.newest_committed_pulls(as_of).await?;
    Ok(freshness(
        &source_terms(env, roles),
        &newest,
        &committed,
        as_of,
    ))
}

/// A source that could not be opened has one failed pull for all of its streams. It counts until a
/// stream of the source is pulled again.
fn without_outlived(mut pulls: Vec<Pull>) -> Vec<Pull> {
    let newest_of_streams: BTreeMap<String, Timestamp> = pulls
        .iter()
        .filter(|pull| pull.stream != ALL_STREAMS)
        .fold(BTreeMap::new(), |mut newest, pull| {
            let entry = newest.entry(pull.source.clone()).or_insert(pull.started_at);
            *entry = (*entry).max(pull.started_at);
            newest
        });
    pulls.retain(|pull| {
        pull.stream != ALL_STREAMS
            || newest_of_streams
                .get(&pull.source)
                .is_none_or(|newest| *newest <= pull.started_at)
    });
    pulls
}

/// Which legs each configured source has.
pub fn source_roles(env: &Env) -> Result<BTreeMap<String, Vec<Role>>, Failure> {
    let mut roles = BTreeMap::new();
    for (name, config) in &env.config.source {
        roles.insert(
            name.clone(),
            crate::sources::default_roles(config, &env.config.base)?,
        );
    }
    Ok(roles)
}

/// What the configuration says of every source's age and legs.
pub(crate) fn source_terms(env: &Env, roles: &BTreeMap<String, Vec<Role>>) -> Vec<SourceTerms> {
    env.config
        .source
        .iter()
        .map(|(name, config)| SourceTerms {
            name: name.clone(),
            roles: roles.get(name).cloned().unwrap_or_default(),
            warn_age: config.warn_age.map(|age| age.0),
            max_age: config.max_age.0,
        })
        .collect()
}
