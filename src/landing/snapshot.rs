//! A fixed list of committed files, checked before anything is read: what a figure is made of.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::error::LandingError;
use super::file::LandedFile;
use super::landed_rows::LandedRows;
use super::names;
use super::newest::{self, ChosenFile};
use super::rows;
use super::shelf::Shelf;
use crate::canonical::{Entity, Record};
use crate::fault::Failure;

/// What was known at an instant. Clones share what was found out already.
#[derive(Debug, Clone)]
pub struct Snapshot {
    shelf: Arc<Shelf>,
    as_of: Timestamp,
    files: BTreeMap<Entity, Vec<LandedFile>>,
    chosen: Arc<Mutex<BTreeMap<Entity, Arc<Vec<ChosenFile>>>>>,
}

impl Snapshot {
    /// Checks length and digest of every record file with rows that were extracted by `as_of`; the
    /// rest, and the quarantine's, take no part.
    pub(super) fn check(
        shelf: Arc<Shelf>,
        candidates: Vec<LandedFile>,
        as_of: Timestamp,
    ) -> Result<Self, LandingError> {
        let mut known: Vec<LandedFile> = candidates
            .into_iter()
            .filter(|file| !file.quarantine && file.first_extracted_at <= as_of)
            .collect();
        known.sort_by(|base, peer| names::version_order(base).cmp(&names::version_order(peer)));
        let mut files: BTreeMap<Entity, Vec<LandedFile>> = BTreeMap::new();
        for file in known {
            shelf.open(&file)?;
            files.entry(file.entity).or_default().push(file);
        }
        Ok(Self {
            shelf,
            as_of,
            files,
            chosen: Arc::default(),
        })
    }

    /// The instant whose knowledge it is.
    pub fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// The files of an entity.
    pub fn files(&self, entity: Entity) -> &[LandedFile] {
        self.files.get(&entity).map_or(&[], Vec::as_slice)
    }

    /// The files of an entity that hold rows which count, and which those are. Which versions are the
    /// newest is found out once.
    pub fn rows(&self, entity: Entity) -> Result<Vec<LandedRows>, Failure> {
        let chosen = self.chosen(entity)?;
        let rows = chosen.iter().filter(|chosen| !chosen.known.is_empty());
        let rows = rows.map(|chosen| {
            Ok(LandedRows {
                path: self.shelf.path(&chosen.file)?,
                size_bytes: chosen.file.size_bytes,
                source: chosen.file.source.clone(),
                known: chosen.known.clone(),
                newest: chosen.newest.clone(),
                decryption: self.shelf.decryption(&chosen.file)?,
            })
        });
        Ok(rows.collect::<Result<_, LandingError>>()?)
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

    /// The newest version per source and id, without what is deleted, sorted by source and id.
    /// Superseded versions are not read. The totals of a file that is read whole are tied.
    pub fn records(&self, entity: Entity) -> Result<Vec<Record>, Failure> {
        let mut records = Vec::new();
        for ChosenFile { file, newest, .. } in self.chosen(entity)?.iter() {
            rows::visit_records(&self.shelf, file, newest, |record| {
                if !record.is_deleted() {
                    records.push(record);
                }
            })?;
        }
        records.sort_by(|base, peer| (base.source(), base.id()).cmp(&(peer.source(), peer.id())));
        Ok(records)
    }

    /// How many landed versions there are by source and entity, sorted; tombstones are versions.
    pub fn extract_counts(&self) -> Result<Vec<(String, String, u64)>, Failure> {
        let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for file in self.files.values().flatten() {
            let key = (file.source.as_str(), file.entity.name());
            let known = newest::known_rows(&self.shelf, file, self.as_of)?;
            *counts.entry(key).or_default() += known.count();
        }
        Ok(counts
            .into_iter()
            .map(|((source, entity), rows)| (source.to_owned(), entity.to_owned(), rows))
            .collect())
    }

    fn chosen(&self, entity: Entity) -> Result<Arc<Vec<ChosenFile>>, LandingError> {
        let mut all = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(chosen) = all.get(&entity) {
            return Ok(Arc::clone(chosen));
        }
        let files = self.files(entity).iter().cloned();
        let chosen = Arc::new(newest::choose(&self.shelf, files, self.as_of)?);
        all.insert(entity, Arc::clone(&chosen));
        Ok(chosen)
    }
}
