//! The landing of one machine: a folder, and the things that are done with it.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::adopt::{self, AdoptedFile};
use super::compact::{self, CompactScope};
use super::durable;
use super::error::LandingError;
use super::file::LandedFile;
use super::key::{FileKey, KeyRing};
use super::marker;
use super::names;
use super::orphans;
use super::pull::{PullContext, PullWriter};
use super::quarantine;
use super::retention::{self, Horizon, LetGo};
use super::rewrite::{self, Kept};
use super::shelf::Shelf;
use super::snapshot::Snapshot;
use super::verify::{self, VerifyFault};
use crate::canonical::Reject;
use crate::fault::Failure;
use crate::period::Period;

/// The landing below one folder. Cheap to clone; clones share what is checked already.
#[derive(Debug, Clone)]
pub struct Landing {
    shelf: Arc<Shelf>,
}

impl Landing {
    /// Opens the landing at `root` for reading alone: nothing is created and nothing is proven.
    pub fn open_for_reading(root: &Path) -> Result<Self, Failure> {
        let absolute =
            std::path::absolute(root).map_err(|source| LandingError::io("found", root, source))?;
        Ok(Self {
            shelf: Arc::new(Shelf::new(absolute, KeyRing::default())),
        })
    }

    /// The same landing with the keys of its encrypted files; new files are written under the newest
    /// key, if there is one.
    pub fn with_keys(self, keys: KeyRing) -> Self {
        Self {
            shelf: Arc::new(Shelf::new(self.root().to_owned(), keys)),
        }
    }

    /// Opens the landing at `root`, which is created for its owner only, and proves that it can be
    /// written to.
    pub fn open(root: &Path) -> Result<Self, Failure> {
        let unwritable = |source: io::Error| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                LandingError::io("written", root, source)
            }
            _ => LandingError::Unwritable {
                path: root.to_owned(),
                source,
            },
        };
        probe(root).map_err(unwritable)?;
        let absolute = std::path::absolute(root).map_err(unwritable)?;
        Ok(Self {
            shelf: Arc::new(Shelf::new(absolute, KeyRing::default())),
        })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        self.shelf.root()
    }

    /// Begins a pull. `landed` are the committed record files of its source; others, and those of
    /// later pulls, are passed over. They are read when the pull first meets their entity.
    pub fn begin(&self, pull: PullContext, landed: &[LandedFile]) -> Result<PullWriter, Failure> {
        for file in landed {
            names::absolute(self.root(), &file.path)?;
        }
        Ok(PullWriter::begin(pull, Arc::clone(&self.shelf), landed))
    }

    /// What was known at `as_of`, of the committed `files`; each one's length and digest are checked
    /// first.
    pub fn snapshot(&self, files: Vec<LandedFile>, as_of: Timestamp) -> Result<Snapshot, Failure> {
        Ok(Snapshot::check(Arc::clone(&self.shelf), files, as_of)?)
    }

    /// Checks length, digest, rows and control totals of every file, and names those that are not
    /// what was committed.
    pub fn verify(&self, files: &[LandedFile]) -> Vec<VerifyFault> {
        verify::verify(&self.shelf, files)
    }

    /// The id of the store that the landing says to belong to.
    pub fn owner(&self) -> Result<Option<String>, Failure> {
        Ok(marker::read(self.root())?)
    }

    /// Reads back from the files what a lost manifest said of them, and the files that do not tell.
    pub fn adopt(&self) -> Result<(Vec<AdoptedFile>, Vec<PathBuf>), Failure> {
        let paths = orphans::finished(self.root())?;
        Ok(adopt::find(&self.shelf, paths)?)
    }

    /// Proves that the landing belongs to a store. A landing without a marker is taken for the
    /// store's own where the store knows files (it is older than markers), or where it is empty;
    /// with `claim` it gets its marker then.
    pub fn belongs_to(
        &self,
        store_id: &str,
        knows_files: bool,
        claim: bool,
    ) -> Result<(), Failure> {
        let path = || self.root().to_owned();
        match marker::read(self.root())? {
            Some(landing) if landing == store_id => Ok(()),
            Some(landing) => {
                let store = store_id.to_owned();
                Err(LandingError::OtherStore {
                    path: path(),
                    landing,
                    store,
                }
                .into())
            }
            None if !knows_files && !orphans::finished(self.root())?.is_empty() => {
                Err(LandingError::Unlisted { path: path() }.into())
            }
            None if claim => Ok(marker::write(self.root(), store_id)?),
            None => Ok(()),
        }
    }

    /// Makes the landing belong to a store, whatever it said before.
    pub fn claim(&self, store_id: &str) -> Result<(), Failure> {
        Ok(marker::write(self.root(), store_id)?)
    }

    /// Which versions of the committed `files` of one source and entity may go, and how many those
    /// are.
    pub fn plan_retention(
        &self,
        files: &[LandedFile],
        horizon: Horizon,
    ) -> Result<(RetentionPlan, LetGo), Failure> {
        let (kept, let_go) = retention::plan(&self.shelf, files, horizon)?;
        Ok((RetentionPlan(kept), let_go))
    }

    /// Writes the files of a plan again without what goes: gives those that do not count any more,
    /// and those that are to count in their place. Each partition is one of the new files, under a
    /// name that `id` makes unique.
    pub fn retain(
        &self,
        plan: RetentionPlan,
        id: &str,
    ) -> Result<(Vec<LandedFile>, Vec<LandedFile>), Failure> {
        let mut partitions: BTreeMap<Period, Vec<Kept>> = BTreeMap::new();
        let mut replaced = Vec::new();
        for kept in plan.0 {
            replaced.push(kept.file.clone());
            partitions.entry(kept.file.period).or_default().push(kept);
        }
        let mut added = Vec::new();
        for kept in partitions.into_values() {
            match rewrite::rewrite(&self.shelf, kept, id) {
                Ok(files) => added.extend(files),
                Err(error) => {
                    self.discard(&added);
                    return Err(error.into());
                }
            }
        }
        Ok((replaced, added))
    }

    /// The groups of committed `files` that are to become one file each.
    pub fn plan_compaction(
        &self,
        files: &[LandedFile],
        scope: &CompactScope,
    ) -> Vec<Vec<LandedFile>> {
        compact::plan(files, scope, self.shelf.key().map(FileKey::id))
    }

    /// Writes a group of files of one partition as one, with every version that they hold; `id` is
    /// used once. The new files do not count before the store has committed them in place of the old
    /// ones, whose bytes stay. Totals are tied on both sides.
    pub fn merge(&self, files: &[LandedFile], id: &str) -> Result<Vec<LandedFile>, Failure> {
        let kept = files.iter().cloned().map(Kept::whole).collect();
        Ok(rewrite::rewrite(&self.shelf, kept, id)?)
    }

    /// Removes files that were written by [`Landing::merge`] and that nobody committed.
    pub fn discard(&self, files: &[LandedFile]) {
        rewrite::discard(&self.shelf, files);
    }

    /// Removes the bytes of files that do not count any more; one that is gone already is no fault.
    pub fn remove(&self, paths: &[String]) -> Result<(), Failure> {
        for path in paths {
            let path = names::absolute(self.root(), path)?;
            match std::fs::remove_file(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(LandingError::io("removed", &path, error).into()),
            }
        }
        Ok(())
    }

    /// The rejects in the quarantine's `files`, in their order; record files are passed over.
    pub fn rejects(&self, files: &[LandedFile]) -> Result<Vec<Reject>, Failure> {
        let mut rejects = Vec::new();
        for file in files.iter().filter(|file| file.quarantine) {
            rejects.extend(quarantine::read(&self.shelf, file)?);
        }
        Ok(rejects)
    }

    /// The landing's files that are not among `known`, which must be the paths of the whole manifest,
    /// the quarantine's and the replaced ones among them. A file younger than `grace` may belong to a
    /// pull under way and is passed over.
    pub fn orphans<'f>(
        &self,
        known: impl IntoIterator<Item = &'f str>,
        now: Timestamp,
        grace: Duration,
    ) -> Result<Vec<PathBuf>, Failure> {
        Ok(orphans::find(self.root(), known, now, grace)?)
    }

    /// Removes what [`Landing::orphans`] found.
    pub fn remove_orphans(&self, orphans: &[PathBuf]) -> Result<(), Failure> {
        Ok(orphans::remove(orphans)?)
    }
}

/// Files that are to be written again, and what is kept of them.
#[derive(Debug)]
pub struct RetentionPlan(Vec<Kept>);

impl RetentionPlan {
    /// Whether everything stays as it is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Creates the folder and writes a file that vanishes again.
fn probe(root: &Path) -> io::Result<()> {
    durable::create_root(root)?;
    let mut file = tempfile::Builder::new()
        .prefix(".probe-")
        .suffix(names::TEMPORARY)
        .tempfile_in(root)?;
    file.write_all(b"crossfoot")?;
    file.as_file().sync_all()?;
    file.close()
}
