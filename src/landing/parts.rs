//! The files of one pull: as many open at once as is sensible, then all published together.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use jiff::Timestamp;
use parquet::encryption::decrypt::FileDecryptionProperties;

use super::conflict::WrittenFile;
use super::durable::{self, Cleanup};
use super::error::LandingError;
use super::file::LandedFile;
use super::key::FileKey;
use super::names;
use super::opened::Opened;
use super::part::{ClosedPart, Part, PartNames, Partition};
use super::raw_column::Press;
use super::rows;
use super::versions::Place;
use crate::crashpoint::crashpoint;
use crate::totals::ControlTotals;

/// Files that take rows at the same time; beyond it the one that waited longest is closed.
const OPEN_PARTS_MAX: usize = 64;
/// Rows of one file; beyond it the partition goes on in another.
const PART_ROWS_MAX: u64 = 4_194_304;
/// Bytes of unfinished row groups over all open files; beyond it the largest is flushed.
const WAITING_BYTES_MAX: usize = 32 << 20;

/// What all files of a pull have in common.
#[derive(Debug, Clone)]
pub(super) struct PullStamp {
    /// What makes the names of its files unique: the pull's id, or that of a merge.
    pub(super) name: String,
    pub(super) pull_id: String,
    pub(super) run_id: String,
    pub(super) source: String,
    pub(super) extracted_at: Timestamp,
    /// The same, but where several pulls are merged.
    pub(super) first_extracted_at: Timestamp,
    /// The paths of the files that its files take the place of, one a line.
    pub(super) replaces: String,
    /// How many pulls of this source landed at the same instant before.
    pub(super) generation: u32,
}

struct OpenPart {
    part: Part,
    last_use: u64,
    /// As the part said when it last took rows.
    waiting_bytes: usize,
}

/// The files of one pull. Dropped before [`Parts::publish`] came to its end, it removes them.
pub(super) struct Parts {
    // Declared first, so that files are closed before `cleanup` removes them.
    open: BTreeMap<Partition, OpenPart>,
    closed: Vec<ClosedPart>,
    root: PathBuf,
    stamp: PullStamp,
    key: Option<FileKey>,
    next_number: u32,
    use_count: u64,
    press: Press,
    cleanup: Cleanup,
}

impl Parts {
    pub(super) fn new(root: PathBuf, stamp: PullStamp, key: Option<FileKey>) -> Self {
        Self {
            open: BTreeMap::new(),
            closed: Vec::new(),
            root,
            stamp,
            key,
            next_number: 0,
            use_count: 0,
            press: Press::default(),
            cleanup: Cleanup::default(),
        }
    }

    /// What its files have in common.
    pub(super) fn stamp(&self) -> &PullStamp {
        &self.stamp
    }

    /// Appends rows to their partition's file and says where the first of them stands.
    pub(super) fn append(
        &mut self,
        partition: Partition,
        batch: &RecordBatch,
        totals: &ControlTotals,
    ) -> Result<Place, LandingError> {
        self.make_room(partition)?;
        if !self.open.contains_key(&partition) {
            let part = self.create(partition)?;
            let open = OpenPart {
                part,
                last_use: 0,
                waiting_bytes: 0,
            };
            self.open.insert(partition, open);
        }
        self.use_count += 1;
        let last_use = self.use_count;
        let place = match self.open.get_mut(&partition) {
            Some(open) => {
                open.last_use = last_use;
                let place = Place {
                    part: open.part.names.number,
                    // A file is closed long before its rows leave 32 bits.
                    row: u32::try_from(open.part.row_count()).unwrap_or(u32::MAX),
                };
                open.part.append(batch, totals, &mut self.press)?;
                open.waiting_bytes = open.part.waiting_bytes();
                place
            }
            None => Place { part: 0, row: 0 },
        };
        self.limit_memory()?;
        Ok(place)
    }

    /// Closes every file that still takes rows.
    pub(super) fn close_all(&mut self) -> Result<(), LandingError> {
        while let Some((_, open)) = self.open.pop_first() {
            self.closed.push(open.part.close(&mut self.press)?);
        }
        Ok(())
    }

    /// The closed files in which some places are.
    pub(super) fn files_with(
        &self,
        places: &BTreeSet<Place>,
    ) -> Result<Vec<WrittenFile>, LandingError> {
        let numbers: BTreeSet<u32> = places.iter().map(|place| place.part).collect();
        let written = self.closed.iter();
        written
            .filter(|closed| numbers.contains(&closed.names.number))
            .map(|closed| {
                Ok(WrittenFile {
                    number: closed.names.number,
                    entity: closed.partition.entity,
                    path: closed.names.temporary.clone(),
                    decryption: self.decryption(&closed.names.temporary)?,
                })
            })
            .collect()
    }

    fn decryption(
        &self,
        path: &Path,
    ) -> Result<Option<Arc<FileDecryptionProperties>>, LandingError> {
        let path = path.to_owned();
        let decryption = self.key.as_ref().map(FileKey::decryption).transpose();
        decryption.map_err(|source| LandingError::Parquet { path, source })
    }

    /// Writes the files that hold superseded rows again, without those rows. All files must be
    /// closed.
    pub(super) fn drop_rows(&mut self, superseded: &BTreeSet<Place>) -> Result<(), LandingError> {
        let numbers: BTreeSet<u32> = superseded.iter().map(|place| place.part).collect();
        let (affected, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.closed)
            .into_iter()
            .partition(|closed| numbers.contains(&closed.names.number));
        self.closed = kept;
        for closed in affected {
            let rewritten = self.without_rows(&closed, superseded)?;
            let temporary = closed.names.temporary.as_path();
            fs::remove_file(temporary)
                .map_err(|error| LandingError::io("removed", temporary, error))?;
            self.closed.extend(rewritten);
        }
        Ok(())
    }

    /// Renames all files, makes the names durable, and gives the list to be committed.
    pub(super) fn publish(mut self) -> Result<Vec<LandedFile>, LandingError> {
        crashpoint!("landing.after_tmp_write");
        self.closed
            .sort_by(|base, peer| base.names.relative.cmp(&peer.names.relative));
        let mut folders = BTreeSet::new();
        for closed in &self.closed {
            closed.rename()?;
            self.cleanup.add(&closed.names.path);
            folders.insert(closed.folder().to_owned());
            crashpoint!("landing.after_rename");
        }
        for folder in &folders {
            durable::sync_folder(folder)?;
        }
        crashpoint!("landing.after_folder_sync");
        let files = self.closed.iter().map(|part| self.landed(part)).collect();
        self.cleanup.keep_all();
        Ok(files)
    }

    fn landed(&self, closed: &ClosedPart) -> LandedFile {
        LandedFile {
            path: closed.names.relative.clone(),
            pull_id: self.stamp.pull_id.clone(),
            source: self.stamp.source.clone(),
            entity: closed.partition.entity,
            period: closed.partition.period,
            quarantine: closed.partition.quarantine,
            size_bytes: closed.size_bytes,
            digest: closed.digest.clone(),
            totals: closed.totals.clone(),
            extracted_at: self.stamp.extracted_at,
            first_extracted_at: self.stamp.first_extracted_at,
            key_id: self.key.as_ref().map(|key| key.id().to_owned()),
        }
    }

    fn create(&mut self, partition: Partition) -> Result<Part, LandingError> {
        let Partition {
            quarantine,
            entity,
            period,
        } = partition;
        let folder = names::folder(quarantine, entity, &self.stamp.source, period);
        durable::create_folder(&self.root, &folder)?;
        let number = self.next_number;
        self.next_number += 1;
        let stem = names::stem(self.stamp.generation, &self.stamp.name, number);
        let relative = format!("{folder}/{stem}{}", names::FINISHED);
        let part_names = PartNames {
            number,
            path: names::absolute(&self.root, &relative)?,
            temporary: self
                .root
                .join(format!("{folder}/{stem}{}", names::TEMPORARY)),
            relative,
        };
        self.cleanup.add(&part_names.temporary);
        let mut stamps = vec![
            ("source", self.stamp.source.as_str()),
            ("pull_id", self.stamp.pull_id.as_str()),
            ("run_id", self.stamp.run_id.as_str()),
        ];
        if !self.stamp.replaces.is_empty() {
            stamps.push(("replaces", self.stamp.replaces.as_str()));
        }
        Part::create(partition, part_names, &stamps, self.key.as_ref())
    }

    /// Closes a full file of the partition and, where a new one is needed, the one that waited
    /// longest for rows.
    fn make_room(&mut self, partition: Partition) -> Result<(), LandingError> {
        let is_full = |open: &OpenPart| open.part.row_count() >= PART_ROWS_MAX;
        if self.open.get(&partition).is_some_and(is_full) {
            self.close(partition)?;
        }
        if self.open.contains_key(&partition) || self.open.len() < OPEN_PARTS_MAX {
            return Ok(());
        }
        let idle = self
            .open
            .iter()
            .min_by_key(|(_, open)| open.last_use)
            .map(|(partition, _)| *partition);
        idle.map_or(Ok(()), |idle| self.close(idle))
    }

    fn close(&mut self, partition: Partition) -> Result<(), LandingError> {
        if let Some(open) = self.open.remove(&partition) {
            self.closed.push(open.part.close(&mut self.press)?);
        }
        Ok(())
    }

    fn limit_memory(&mut self) -> Result<(), LandingError> {
        loop {
            let sizes = self.open.values().map(|open| open.waiting_bytes);
            if sizes.sum::<usize>() <= WAITING_BYTES_MAX {
                return Ok(());
            }
            let largest = self
                .open
                .values_mut()
                .max_by_key(|open| open.waiting_bytes)
                .filter(|open| open.waiting_bytes > 0);
            match largest {
                Some(open) => {
                    open.part.flush(&mut self.press)?;
                    open.waiting_bytes = 0;
                }
                None => return Ok(()),
            }
        }
    }

    /// A copy of a file without its superseded rows; `None` where no row is left.
    fn without_rows(
        &mut self,
        closed: &ClosedPart,
        superseded: &BTreeSet<Place>,
    ) -> Result<Option<ClosedPart>, LandingError> {
        let temporary = closed.names.temporary.as_path();
        let opened = Opened::unchecked(temporary, self.decryption(temporary)?)?;
        let place = closed.names.relative.as_str();
        let mut row = 0;
        let mut part: Option<Part> = None;
        for batch in opened.batches(None, None)? {
            let batch = batch.map_err(|error| LandingError::columns(place, error))?;
            let keep: BooleanArray = (row..)
                .take(batch.num_rows())
                .map(|row| {
                    let here = Place {
                        part: closed.names.number,
                        row,
                    };
                    Some(!superseded.contains(&here))
                })
                .collect();
            row += u32::try_from(batch.num_rows()).unwrap_or(u32::MAX);
            let left = filter_record_batch(&batch, &keep)
                .map_err(|error| LandingError::columns(place, error))?;
            if left.num_rows() == 0 {
                continue;
            }
            let totals = rows::totals_of(closed.partition.entity, &left, place)?;
            let mut open = match part.take() {
                Some(open) => open,
                None => self.create(closed.partition)?,
            };
            open.append(&left, &totals, &mut self.press)?;
            part = Some(open);
        }
        part.map(|part| part.close(&mut self.press)).transpose()
    }
}
