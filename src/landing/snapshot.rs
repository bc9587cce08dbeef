//! A fixed list of committed files, checked before anything is read: what a figure is made of.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use super::error::LandingError;
use super::file::LandedFile;
use super::names;
use super::rows;
use super::shelf::Shelf;
use crate::canonical::{Entity, Record};
use crate::fault::Failure;

/// What was known at an instant.
#[derive(Debug, Clone)]
pub struct Snapshot {
    shelf: Arc<Shelf>,
    as_of: Timestamp,
    files: BTreeMap<Entity, Vec<LandedFile>>,
    paths: BTreeMap<Entity, Vec<PathBuf>>,
}

impl Snapshot {
    /// Checks length and digest of every record file that was extracted by `as_of`; the rest, and
    /// the quarantine's, take no part.
    pub(super) fn check(
        shelf: Arc<Shelf>,
        candidates: Vec<LandedFile>,
        as_of: Timestamp,
    ) -> Result<Self, LandingError> {
        let mut known: Vec<LandedFile> = candidates
            .into_iter()
            .filter(|file| !file.quarantine && file.extracted_at <= as_of)
            .collect();
        known.sort_by(|base, peer| names::version_order(base).cmp(&names::version_order(peer)));
        let mut files: BTreeMap<Entity, Vec<LandedFile>> = BTreeMap::new();
        let mut paths: BTreeMap<Entity, Vec<PathBuf>> = BTreeMap::new();
        for file in known {
            shelf.open(&file)?;
            paths
                .entry(file.entity)
                .or_default()
                .push(shelf.path(&file)?);
            files.entry(file.entity).or_default().push(file);
        }
        Ok(Self {
            shelf,
            as_of,
            files,
            paths,
        })
    }

    /// The instant whose knowledge it is.
    pub fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// The files of an entity, in the order of their versions: of two rows with one id, the one in
    /// the later file is the newer.
    pub fn files(&self, entity: Entity) -> &[LandedFile] {
        self.files.get(&entity).map_or(&[], Vec::as_slice)
    }

    /// The absolute paths of [`Snapshot::files`], in the same order.
    pub fn paths(&self, entity: Entity) -> Vec<PathBuf> {
        self.paths.get(&entity).cloned().unwrap_or_default()
    }

    /// A digest of the list: two snapshots with one digest hold the same bytes.
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for file in self.files.values().flatten() {
            hasher.update(file.path.as_bytes());
            hasher.update(b"\0");
            hasher.update(file.digest.as_bytes());
            hasher.update(b"\n");
        }
        hasher.finalize().to_hex().to_string()
    }

    /// The newest version per source and id, without what is deleted, sorted by source and id. The
    /// totals of every file are tied while it is read.
    pub fn records(&self, entity: Entity) -> Result<Vec<Record>, Failure> {
        let mut newest: BTreeMap<(String, String), Record> = BTreeMap::new();
        for file in self.files(entity) {
            rows::visit_records(&self.shelf, file, |record| {
                let key = (record.source().to_owned(), record.id().to_owned());
                newest.insert(key, record);
            })?;
        }
        Ok(newest
            .into_values()
            .filter(|record| !record.is_deleted())
            .collect())
    }

    /// How many landed versions there are by source and entity, sorted; tombstones are versions.
    pub fn extract_counts(&self) -> Vec<(String, String, u64)> {
        let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for file in self.files.values().flatten() {
            let key = (file.source.as_str(), file.entity.name());
            *counts.entry(key).or_default() += file.totals.rows;
        }
        counts
            .into_iter()
            .map(|((source, entity), rows)| (source.to_owned(), entity.to_owned(), rows))
            .collect()
    }
}
