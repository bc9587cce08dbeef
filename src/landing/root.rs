//! The landing of one machine: a folder, and the things that are done with it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::durable;
use super::error::LandingError;
use super::file::LandedFile;
use super::names;
use super::orphans;
use super::pull::{PullContext, PullWriter};
use super::quarantine;
use super::shelf::Shelf;
use super::snapshot::Snapshot;
use super::verify::{self, VerifyFault};
use crate::canonical::Reject;
use crate::fault::Failure;

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
            shelf: Arc::new(Shelf::new(absolute)),
        })
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
            shelf: Arc::new(Shelf::new(absolute)),
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

    /// The rejects in the quarantine's `files`, in their order; record files are passed over.
    pub fn rejects(&self, files: &[LandedFile]) -> Result<Vec<Reject>, Failure> {
        let mut rejects = Vec::new();
        for file in files.iter().filter(|file| file.quarantine) {
            rejects.extend(quarantine::read(&self.shelf, file)?);
        }
        Ok(rejects)
    }

    /// The landing's files that are not among `files`, which must be the whole manifest, the
    /// quarantine's among them. A file younger than `grace` may belong to a pull under way and is
    /// passed over.
    pub fn orphans(
        &self,
        files: &[LandedFile],
        now: Timestamp,
        grace: Duration,
    ) -> Result<Vec<PathBuf>, Failure> {
        Ok(orphans::find(self.root(), files, now, grace)?)
    }

    /// Removes what [`Landing::orphans`] finds, and says what it removed.
    pub fn remove_orphans(
        &self,
        files: &[LandedFile],
        now: Timestamp,
        grace: Duration,
    ) -> Result<Vec<PathBuf>, Failure> {
        Ok(orphans::remove(self.root(), files, now, grace)?)
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
