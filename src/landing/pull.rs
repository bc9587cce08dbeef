//! The writer of one pull: from pages to files, landing only what is new.
//!
//! A row whose content equals the newest landed version of its id lands nothing. Where an id comes
//! more than once in a pull, one version counts: the one with the latest `updated_at`, then the one
//! with the larger digest. Rows are written as they come; a written row that turns out to be
//! superseded is taken out again at the end, so memory holds digests of each content of an id and
//! no records.
//!
//! Where two versions were changed at one instant and differ in a value, nothing says which of them
//! is right: one counts all the same, and the other goes to the quarantine, so that the source is
//! partial until somebody has looked at it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array};
use arrow::compute::take;
use arrow::error::ArrowError;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::candidate::{Candidate, Candidates, candidates_of};
use super::conflict;
use super::error::LandingError;
use super::file::{LandedFile, LandedPull};
use super::names;
use super::part::Partition;
use super::parts::{Parts, PullStamp};
use super::quarantine;
use super::shelf::Shelf;
use super::versions::{Content, Former, Place, Standing, Verdict, Versions, id_digest};
use crate::canonical::{
    Absorbed, BatchBuilder, CanonicalBatch, Dated, Entity, Record, Reject, Rows, Value,
};
use crate::fault::Failure;
use crate::period::Period;
use crate::sources::MappedPage;
use crate::totals::{ControlTotals, TotalsError};

/// Tombstones that are written at once.
const TOMBSTONE_ROWS: usize = 8_192;

/// Which pull it is.
#[derive(Debug, Clone)]
pub struct PullContext {
    /// A UUID of version 7, used once.
    pub pull_id: String,
    /// The run that it belongs to.
    pub run_id: String,
    /// The source's name.
    pub source: String,
    /// The instant of the pull, which all of its rows carry.
    pub extracted_at: Timestamp,
    /// The zone of the books, in which an instant has its month.
    pub zone: TimeZone,
}

/// Writes the pages of one pull. Its calls block. Dropped without [`PullWriter::finish`], or after
/// an error, it leaves nothing behind.
pub struct PullWriter {
    context: PullContext,
    shelf: Arc<Shelf>,
    landed: Vec<LandedFile>,
    versions: BTreeMap<Entity, Versions>,
    parts: Parts,
    superseded: BTreeSet<Place>,
    tally: LandedPull,
    came: BTreeMap<Entity, ControlTotals>,
    absorbed: Absorbed,
}

impl PullWriter {
    /// Begins a pull of the files that `landed` holds of its source up to its instant.
    pub(super) fn begin(context: PullContext, shelf: Arc<Shelf>, landed: &[LandedFile]) -> Self {
        let mut earlier: Vec<LandedFile> = landed
            .iter()
            .filter(|file| {
                !file.quarantine
                    && file.source == context.source
                    && file.extracted_at <= context.extracted_at
            })
            .cloned()
            .collect();
        earlier.sort_by(|base, peer| names::version_order(base).cmp(&names::version_order(peer)));
        let generation = earlier
            .iter()
            .filter(|file| file.extracted_at == context.extracted_at)
            .map(|file| names::generation(&file.path) + 1)
            .max()
            .unwrap_or(0);
        let stamp = PullStamp {
            pull_id: context.pull_id.clone(),
            run_id: context.run_id.clone(),
            source: context.source.clone(),
            extracted_at: context.extracted_at,
            generation,
        };
        Self {
            parts: Parts::new(shelf.root().to_owned(), stamp),
            context,
            shelf,
            landed: earlier,
            versions: BTreeMap::new(),
            superseded: BTreeSet::new(),
            tally: LandedPull::default(),
            came: BTreeMap::new(),
            absorbed: Absorbed::default(),
        }
    }

    /// Lands what is new on a page, and its rejects in the quarantine.
    pub fn write(&mut self, page: &MappedPage) -> Result<(), Failure> {
        for batch in &page.batches {
            self.write_batch(batch)?;
        }
        self.write_rejects(&page.rejects)?;
        Ok(())
    }

    /// Writes a tombstone for every living id of the fully swept entities that did not come, closes
    /// the files and gives them their names. Nothing of it counts before the store has committed it.
    ///
    /// An id that came as a reject is not gone. A reject whose id could not be read keeps nothing
    /// alive: leave its entity out of `full_sweeps` where that is not wanted.
    pub fn finish(mut self, full_sweeps: &[Entity]) -> Result<LandedPull, Failure> {
        let swept: BTreeSet<Entity> = full_sweeps.iter().copied().collect();
        for entity in swept {
            self.write_tombstones(entity)?;
        }
        self.parts.close_all()?;
        self.quarantine_losers()?;
        self.parts.drop_rows(&self.superseded)?;
        let mut tally = self.tally;
        tally.totals = self.came.into_iter().collect();
        tally.files = self.parts.publish()?;
        tie_counts(&tally)?;
        Ok(tally)
    }

    /// Ends the pull without landing anything.
    pub fn abandon(self) {
        drop(self);
    }

    fn write_batch(&mut self, batch: &CanonicalBatch) -> Result<(), LandingError> {
        let entity = batch.entity();
        let page = || format!("a page of {entity}");
        let rows = Rows::new(entity, batch.batch())
            .map_err(|error| LandingError::columns(page(), error))?;
        self.check_source(&rows)?;
        let totals = rows
            .totals(0..rows.len())
            .map_err(|error| LandingError::totals(page(), error))?;
        batch
            .totals()
            .tie(&totals)
            .map_err(|error| LandingError::totals(page(), error))?;
        self.came
            .entry(entity)
            .or_default()
            .merge(&totals)
            .map_err(|error| LandingError::totals(page(), error))?;
        self.tally.row_count += totals.rows;

        self.read_versions(entity)?;
        let Candidates { best, rivals } = candidates_of(&rows, &mut self.absorbed);
        let candidate_count = best.len() + rivals.len();
        self.tally.repeated_count += totals.rows - candidate_count as u64;
        let mut landing: BTreeMap<Period, Vec<Candidate>> = BTreeMap::new();
        // The best of an id is judged before what contradicts it within the page.
        for candidate in best.into_iter().chain(rivals) {
            if self.is_written(entity, &candidate) {
                let period = self.period_of(&rows, candidate.row as usize);
                landing.entry(period).or_default().push(candidate);
            }
        }
        for (period, candidates) in landing {
            let partition = Partition {
                quarantine: false,
                entity,
                period,
            };
            self.append(partition, batch.batch(), &rows, &candidates)?;
        }
        Ok(())
    }

    /// Counts a candidate, and says whether it is to be written.
    fn is_written(&mut self, entity: Entity, candidate: &Candidate) -> bool {
        let versions = self.versions.entry(entity).or_default();
        let verdict = versions.judge(candidate.content);
        let (former, lands) = match verdict {
            // A contradiction counts as repeated until the end, when nothing later settles it.
            Verdict::Repeated | Verdict::Contradicts => {
                self.tally.repeated_count += 1;
                return verdict == Verdict::Contradicts;
            }
            Verdict::Unchanged(former) => (former, false),
            Verdict::Lands(former) => (former, true),
        };
        match former {
            Former::None => {}
            Former::Unchanged => {
                self.tally.unchanged_count -= 1;
                self.tally.repeated_count += 1;
            }
            Former::Written(place) => {
                self.superseded.insert(place);
                self.tally.new_count -= 1;
                self.tally.repeated_count += 1;
            }
        }
        if lands {
            self.tally.new_count += 1;
        } else {
            self.tally.unchanged_count += 1;
        }
        lands
    }

    /// Writes some rows of a page to one partition, and notes where they stand.
    fn append(
        &mut self,
        partition: Partition,
        page: &RecordBatch,
        rows: &Rows<'_>,
        candidates: &[Candidate],
    ) -> Result<(), LandingError> {
        let entity = partition.entity;
        let totals = rows
            .totals(candidates.iter().map(|candidate| candidate.row as usize))
            .map_err(|error| LandingError::totals(entity.name(), error))?;
        let indices: UInt32Array = candidates.iter().map(|candidate| candidate.row).collect();
        let batch = self
            .landed_batch(entity, page, &indices)
            .map_err(|error| LandingError::columns(entity.name(), error))?;
        let first = self.parts.append(partition, &batch, &totals)?;
        let versions = self.versions.entry(entity).or_default();
        for (row, candidate) in (first.row..).zip(candidates) {
            let part = first.part;
            let place = Place { part, row };
            if versions.written(&candidate.content, place) == Standing::Rival {
                self.superseded.insert(place);
            }
        }
        Ok(())
    }

    /// Rows of a page in the landed schema: their columns, and those that the landing adds.
    fn landed_batch(
        &self,
        entity: Entity,
        page: &RecordBatch,
        indices: &UInt32Array,
    ) -> Result<RecordBatch, ArrowError> {
        let schema = entity.landed_schema();
        let row_count = indices.values().len();
        // A page that lands as a whole needs no copy.
        let is_whole = row_count == page.num_rows()
            && indices.values().iter().copied().eq((0..).take(row_count));
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            let column: ArrayRef = match field.name().as_str() {
                "extracted_at" => {
                    let instant = self.context.extracted_at.as_microsecond();
                    let instants = TimestampMicrosecondArray::from_value(instant, row_count);
                    Arc::new(instants.with_timezone("UTC"))
                }
                "run_id" => {
                    let run_id = self.context.run_id.as_str();
                    Arc::new(StringArray::from_iter_values(std::iter::repeat_n(
                        run_id, row_count,
                    )))
                }
                name => {
                    let column = page.column_by_name(name).ok_or_else(|| {
                        ArrowError::SchemaError(format!("the page has no column `{name}`"))
                    })?;
                    if is_whole {
                        Arc::clone(column)
                    } else {
                        take(column, indices, None)?
                    }
                }
            };
            columns.push(column);
        }
        RecordBatch::try_new(schema, columns)
    }

    fn write_rejects(&mut self, rejects: &[Reject]) -> Result<(), LandingError> {
        let mut by_entity: BTreeMap<Entity, Vec<&Reject>> = BTreeMap::new();
        for reject in rejects {
            by_entity.entry(reject.entity).or_default().push(reject);
        }
        for (entity, rejects) in by_entity {
            self.append_rejects(entity, &rejects)?;
            self.tally.row_count += rejects.len() as u64;
            self.read_versions(entity)?;
            let versions = self.versions.entry(entity).or_default();
            for id in rejects.iter().filter_map(|reject| reject.id.as_deref()) {
                versions.rejected(id);
            }
        }
        Ok(())
    }

    fn append_rejects(&mut self, entity: Entity, rejects: &[&Reject]) -> Result<(), LandingError> {
        let row_count = rejects.len() as u64;
        let totals = ControlTotals {
            rows: row_count,
            ..ControlTotals::default()
        };
        let partition = Partition {
            quarantine: true,
            entity,
            period: self.extraction_period(),
        };
        let batch = quarantine::to_batch(rejects, self.parts.stamp())
            .map_err(|error| LandingError::columns("the quarantine", error))?;
        self.parts.append(partition, &batch, &totals)?;
        self.tally.rejected_count += row_count;
        Ok(())
    }

    /// Brings what contradicts a version that counts into the quarantine: from the files of this
    /// pull, which must be closed, or, where it is what an earlier pull landed, from there.
    fn quarantine_losers(&mut self) -> Result<(), LandingError> {
        let entities: Vec<Entity> = self.versions.keys().copied().collect();
        for entity in entities {
            let versions = self.versions.entry(entity).or_default();
            let mut written = BTreeSet::new();
            let mut landed = HashSet::new();
            for loser in versions.losers() {
                match loser.place {
                    Some(place) => {
                        written.insert(place);
                    }
                    None => {
                        landed.insert((loser.id, loser.digest));
                    }
                }
            }
            for file in self.parts.files_with(&written) {
                for records in file.records_at(&written)? {
                    self.quarantine(entity, &records?)?;
                }
            }
            let earlier: Vec<LandedFile> = files_of(&self.landed, entity)
                .into_iter()
                .rev()
                .cloned()
                .collect();
            for file in earlier {
                if landed.is_empty() {
                    break;
                }
                let (opened, path) = (self.shelf.open(&file)?, self.shelf.path(&file)?);
                for records in conflict::records_of(opened, &path, entity)? {
                    let mut found = records?;
                    found
                        .retain(|record| landed.remove(&(id_digest(record.id()), record.digest())));
                    self.quarantine(entity, &found)?;
                }
            }
        }
        self.parts.close_all()
    }

    /// Puts records that contradict what counts into the quarantine.
    fn quarantine(&mut self, entity: Entity, records: &[Record]) -> Result<(), LandingError> {
        if records.is_empty() {
            return Ok(());
        }
        let rejects: Vec<Reject> = records.iter().map(conflict::reject_of).collect();
        self.append_rejects(entity, &rejects.iter().collect::<Vec<_>>())?;
        self.tally.repeated_count -= rejects.len() as u64;
        Ok(())
    }

    fn write_tombstones(&mut self, entity: Entity) -> Result<(), LandingError> {
        self.read_versions(entity)?;
        let versions = self.versions.entry(entity).or_default();
        let gone = versions.missing(&self.shelf, &files_of(&self.landed, entity))?;
        let partition = Partition {
            quarantine: false,
            entity,
            period: self.extraction_period(),
        };
        for ids in gone.chunks(TOMBSTONE_ROWS) {
            let records: Vec<Record> = ids.iter().map(|id| self.tombstone(entity, id)).collect();
            let mut builder = BatchBuilder::new(entity);
            for record in &records {
                builder
                    .push(record)
                    .map_err(|error| LandingError::totals(entity.name(), error))?;
            }
            let batch = builder
                .finish()
                .map_err(|error| LandingError::columns(entity.name(), error))?;
            let rows = Rows::new(entity, batch.batch())
                .map_err(|error| LandingError::columns(entity.name(), error))?;
            let candidates: Vec<Candidate> = (0..rows.len())
                .zip(0..)
                .map(|(at, row)| Candidate {
                    row,
                    content: Content::of(&rows, at, &mut self.absorbed),
                })
                .collect();
            self.append(partition, batch.batch(), &rows, &candidates)?;
            self.tally.tombstone_count += ids.len() as u64;
        }
        Ok(())
    }

    /// The version that says that a record is gone: its key, and no value.
    fn tombstone(&self, entity: Entity, id: &str) -> Record {
        let mut record = Record::empty(entity);
        record.set("source", Some(Value::Text(self.context.source.clone())));
        record.set("id", Some(Value::Text(id.to_owned())));
        record.set(
            "updated_at",
            Some(Value::Instant(self.context.extracted_at)),
        );
        record.set("deleted", Some(Value::Bool(true)));
        record
    }

    /// Reads what is landed of an entity, the first time that the pull meets it.
    fn read_versions(&mut self, entity: Entity) -> Result<(), LandingError> {
        if !self.versions.contains_key(&entity) {
            let versions = Versions::read(&self.shelf, &files_of(&self.landed, entity))?;
            self.versions.insert(entity, versions);
        }
        Ok(())
    }

    fn check_source(&self, rows: &Rows<'_>) -> Result<(), LandingError> {
        let mut sources = (0..rows.len()).map(|row| rows.source(row));
        match sources.find(|source| *source != self.context.source) {
            None => Ok(()),
            Some(other) => Err(LandingError::OtherSource {
                pull: self.context.source.clone(),
                record: other.to_owned(),
            }),
        }
    }

    /// The month of a row's partition.
    fn period_of(&self, rows: &Rows<'_>, row: usize) -> Period {
        match rows.dated(row) {
            Some(Dated::Day(day)) => Period::of(day),
            Some(Dated::Instant(instant)) => Period::at(instant, &self.context.zone),
            None => self.extraction_period(),
        }
    }

    fn extraction_period(&self) -> Period {
        Period::at(self.context.extracted_at, &self.context.zone)
    }
}

fn files_of(landed: &[LandedFile], entity: Entity) -> Vec<&LandedFile> {
    landed.iter().filter(|file| file.entity == entity).collect()
}

/// Every row that came is accounted for, and every row that counts is in a file.
fn tie_counts(pull: &LandedPull) -> Result<(), LandingError> {
    let rows_in = |quarantine: bool| -> u64 {
        let files = pull
            .files
            .iter()
            .filter(|file| file.quarantine == quarantine);
        files.map(|file| file.totals.rows).sum()
    };
    let accounted =
        pull.new_count + pull.unchanged_count + pull.repeated_count + pull.rejected_count;
    let sides = [
        ("rows that came", pull.row_count, accounted),
        (
            "rows in files",
            rows_in(false),
            pull.new_count + pull.tombstone_count,
        ),
        ("rows in the quarantine", rows_in(true), pull.rejected_count),
    ];
    for (what, base, peer) in sides {
        if base != peer {
            let untied = TotalsError::Untied(format!("{what}: {base} against {peer}"));
            return Err(LandingError::totals("the pull", untied));
        }
    }
    Ok(())
}
