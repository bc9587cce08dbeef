//! The store and the landing belong together: each alone is worth nothing, and a store that was lost
//! and made anew beside a full landing would say that all is well.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use super::ledger::ALL_STREAMS;
use super::open_landing::landing_keys;
use crate::config::Config;
use crate::fault::{Failure, Fault, Retry};
use crate::landing::{AdoptedFile, Landing};
use crate::store::{FileFilter, Pull, PullState, STORE_ID, Store};

/// A store that has no id: its file was tampered with.
#[derive(Debug, thiserror::Error)]
#[error("the store has no id of its own")]
struct NamelessStoreError;

impl Fault for NamelessStoreError {
    fn code(&self) -> &'static str {
        "XF-L019"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some("put the last backup of the store in its place".into())
    }
}

/// The landing is this store's already.
#[derive(Debug, thiserror::Error)]
#[error("the landing belongs to this store already: there is nothing to take over")]
struct OwnLandingError;

impl Fault for OwnLandingError {
    fn code(&self) -> &'static str {
        "XF-L020"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn effect(&self) -> Option<String> {
        Some("nothing was changed".into())
    }
}

/// What was taken over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AdoptSummary {
    /// Files that count now.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// Pulls that they are of.
    pub pulls: u64,
    /// Files that do not say whose they are, or cannot be read, and were left alone.
    pub foreign: Vec<String>,
}

/// Refuses a landing that is not this store's. With `claim` a landing that is nobody's yet becomes
/// this store's.
pub async fn match_landing(
    store: &dyn Store,
    landing: &Landing,
    claim: bool,
) -> Result<(), Failure> {
    let id = store_id(store).await?;
    let knows_files = match landing.owner()? {
        Some(_) => true,
        None => !store.files(&FileFilter::default()).await?.is_empty(),
    };
    landing.belongs_to(&id, knows_files, claim)
}

async fn store_id(store: &dyn Store) -> Result<String, Failure> {
    let id = store.landmark(STORE_ID).await?;
    id.ok_or_else(|| NamelessStoreError.into())
}

/// Takes the files of a landing whose store was lost into a new one, as they tell of themselves. The
/// history of discrepancies, mails and closes does not come back with them; the next pull reads
/// everything, and lands only what is new.
pub async fn adopt_landing(
    store: &dyn Store,
    config: &Config,
    root: &Path,
) -> Result<AdoptSummary, Failure> {
    let landing = Landing::open(root)?.with_keys(landing_keys(config)?);
    let id = store_id(store).await?;
    if landing.owner()?.as_deref() == Some(id.as_str()) {
        return Err(OwnLandingError.into());
    }
    // A take-over that broke off goes on where it was.
    let listed: BTreeSet<String> = store
        .files(&FileFilter::default())
        .await?
        .into_iter()
        .map(|file| file.pull_id)
        .collect();
    let (adopted, foreign) = tokio::task::block_in_place(|| landing.adopt())?;
    let mut summary = AdoptSummary {
        foreign: foreign
            .iter()
            .map(|path| path.display().to_string())
            .collect(),
        ..AdoptSummary::default()
    };
    let mut pulls: BTreeMap<String, Vec<AdoptedFile>> = BTreeMap::new();
    for file in adopted {
        if listed.contains(&file.file.pull_id) {
            continue;
        }
        let pull_id = file.file.pull_id.clone();
        pulls.entry(pull_id).or_default().push(file);
    }
    for files in pulls.into_values() {
        let files_of_pull: Vec<_> = files.iter().map(|adopted| adopted.file.clone()).collect();
        store
            .commit_pull(&pull_of(&files), &files_of_pull, None)
            .await?;
        summary.pulls += 1;
        summary.files += files.len() as u64;
        summary.rows += files_of_pull
            .iter()
            .map(|file| file.totals.rows)
            .sum::<u64>();
    }
    landing.claim(&id)?;
    Ok(summary)
}

/// The pull that some files are of, as far as they tell: it proves nothing to be complete.
fn pull_of(files: &[AdoptedFile]) -> Pull {
    let mut pull = Pull {
        pull_id: String::new(),
        run_id: String::new(),
        source: String::new(),
        stream: ALL_STREAMS.into(),
        entities: Vec::new(),
        started_at: jiff::Timestamp::MIN,
        finished_at: jiff::Timestamp::MIN,
        state: PullState::Partial,
        sealed: false,
        row_count: 0,
        landed_count: 0,
        rejected_count: 0,
        reported_count: None,
        listed_count: None,
        reason: Some("taken over from the landing of a store that was lost".into()),
    };
    for AdoptedFile { file, run_id } in files {
        pull.pull_id.clone_from(&file.pull_id);
        pull.run_id.clone_from(run_id);
        pull.source.clone_from(&file.source);
        pull.started_at = pull.started_at.max(file.extracted_at);
        pull.finished_at = pull.started_at;
        pull.row_count += file.totals.rows;
        if file.quarantine {
            pull.rejected_count += file.totals.rows;
        } else {
            pull.landed_count += file.totals.rows;
            if !pull.entities.contains(&file.entity) {
                pull.entities.push(file.entity);
            }
        }
    }
    pull
}
