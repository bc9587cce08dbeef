//! The writer of one pull: from pages to files, landing only what is new.
//!
//! A row whose content equals the newest landed version of its id lands nothing. Where an id comes
//! more than once in a pull, one version counts: the one with the latest `updated_at`, then the one
//! with the larger mark. Rows are written as they come; a written row that turns out to be
//! superseded is taken out again at the end, so memory holds marks of each content of an id and
//! no records.
//!
//! Where two versions were changed at one instant and differ in a value, nothing says which of them
//! is right: one counts all the same, and the other goes to the quarantine, so that the source is
//! partial until somebody has looked at it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::absent::Absences;
use super::candidate::{Candidate, Candidates, candidates_of};
use super::conflict;
use super::content::{Content, id_digest};
use super::error::LandingError;
use super::file::{LandedFile, LandedPull};
use super::landed_batch::landed_batch;
use super::names;
use super::part::Partition;
use super::parts::{Parts, PullStamp};
use super::quarantine;
use super::shelf::Shelf;
use super::versions::{Place, Standing, Verdict, Versions};
use crate::canonical::{
    Absorbed, BatchBuilder, CanonicalBatch, Dated, Entity, Record, Reject, Rows, Value,
};
use crate::fault::Failure;
use crate::period::Period;
use crate::sources::MappedPage;
use crate::totals::ControlTotals;

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
    absences: Absences,
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
                    && file.first_extracted_at <= context.extracted_at
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
            name: context.pull_id.clone(),
            pull_id: context.pull_id.clone(),
            run_id: context.run_id.clone(),
            source: context.source.clone(),
            extracted_at: context.extracted_at,
            first_extracted_at: context.extracted_at,
            replaces: String::new(),
            generation,
        };
        Self {
            parts: Parts::new(shelf.root().to_owned(), stamp, shelf.key().cloned()),
            context,
            shelf,
            landed: earlier,
            versions: BTreeMap::new(),
            superseded: BTreeSet::new(),
            tally: LandedPull::default(),
            came: BTreeMap::new(),
            absences: Absences::default(),
            absorbed: Absorbed::default(),
        }
    }

    /// The instant of the pull.
    pub fn extracted_at(&self) -> Timestamp {
        self.context.extracted_at
    }

    /// Lands what is new on a page, and its rejects in the quarantine.
    pub fn write(&mut self, page: &MappedPage) -> Result<(), Failure> {
        for batch in &page.batches {
            self.write_batch(batch)?;
        }
        self.write_rejects(&page.rejects)?;
        self.absences.note(page);
        Ok(())
    }

    /// Buries what is gone: what the pages said so of, the children that their parents lost, and
    /// every living id of the fully swept entities that did not come, with its children. Then closes the files and
    /// gives them their names. Nothing of it counts before the store has committed it.
    ///
    /// An id that came as a reject is not gone. A reject whose id could not be read keeps nothing
    /// alive: leave its entity out of `full_sweeps` where that is not wanted.
    pub fn finish(mut self, full_sweeps: &[Entity]) -> Result<LandedPull, Failure> {
        let absences = std::mem::take(&mut self.absences);
        for entity in absences.entities() {
            self.bury_told(entity, &absences)?;
        }
        let swept: BTreeSet<Entity> = full_sweeps.iter().copied().collect();
        let mut below = Absences::default();
        for entity in &swept {
            let entity = *entity;
            self.read_versions(entity)?;
            let versions = self.versions.entry(entity).or_default();
            let gone = versions.missing(&self.shelf, absences.seen(entity))?;
            self.write_tombstones(entity, &gone)?;
            // Children that were swept themselves are told by that.
            if entity
                .children()
                .is_some_and(|(child, _)| !swept.contains(&child))
            {
                below.note_gone_above(entity, &gone);
            }
        }
        for entity in below.entities() {
            self.bury_told(entity, &below)?;
        }
        self.parts.close_all()?;
        self.quarantine_losers()?;
        self.parts.drop_rows(&self.superseded)?;
        let mut tally = self.tally;
        tally.totals = self.came.into_iter().collect();
        tally.files = self.parts.publish()?;
        tally.tie()?;
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
        if let Some(links) = entity.index_of("linked_ids") {
            let versions = self.versions.entry(entity).or_default();
            (0..rows.len()).for_each(|row| versions.note(&rows, links, row));
        }
        let Candidates { best, rivals } = candidates_of(&rows, &mut self.absorbed);
        let candidate_count = best.len() + rivals.len();
        self.tally.repeated_count += totals.rows - candidate_count as u64;
        let versions = self.versions.entry(entity).or_default();
        let verdicts: Vec<(Candidate, Verdict)> = best
            .into_iter()
            .chain(rivals)
            // The best of an id is judged before what contradicts it within the page.
            .map(|candidate| {
                let verdict = versions.judge(candidate.content);
                (candidate, verdict)
            })
            .collect();
        let mut landing: BTreeMap<Period, Vec<Candidate>> = BTreeMap::new();
        for (candidate, verdict) in verdicts {
            if self.is_written(verdict) {
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
    fn is_written(&mut self, verdict: Verdict) -> bool {
        let (former, lands) = match verdict {
            // A contradiction counts as repeated until the end, when nothing later settles it.
            Verdict::Repeated | Verdict::Contradicts => {
                self.tally.repeated_count += 1;
                return verdict == Verdict::Contradicts;
            }
            Verdict::Unchanged(former) => (former, false),
            Verdict::Lands(former) => (former, true),
        };
        self.superseded.extend(self.tally.withdraw(former));
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
        let batch = landed_batch(&self.context, entity, page, candidates)
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
                        landed.extend(loser.landed.map(|digest| (loser.id, digest)));
                    }
                }
            }
            for file in self.parts.files_with(&written)? {
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
                for records in conflict::records_of(self.shelf.open(&file)?, entity)? {
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

    /// Buries what the pages said is gone, and the children that are missing below their parents.
    fn bury_told(&mut self, entity: Entity, absences: &Absences) -> Result<(), LandingError> {
        self.read_versions(entity)?;
        let mut due = Vec::new();
        let gone = absences.gone(entity);
        let gone_ids = gone.iter().map(|(id, _)| id_digest(id)).collect();
        for (id, at) in gone {
            let versions = self.versions.entry(entity).or_default();
            if versions.went_into(id_digest(id), &gone_ids) {
                continue;
            }
            let Some(burial) = versions.bury(id_digest(id), at) else {
                continue;
            };
            self.superseded.extend(self.tally.withdraw(burial.former));
            if burial.is_due {
                due.push(id.to_owned());
            }
        }
        self.write_tombstones(entity, &due)?;
        let versions = self.versions.entry(entity).or_default();
        let mut lost = BTreeSet::new();
        for (column, parents) in absences.whole(entity) {
            lost.extend(versions.missing_below(&self.shelf, column, parents)?);
        }
        for id in &lost {
            versions.bury(id_digest(id), None);
        }
        if let Some(seen) = absences.seen(entity) {
            self.tally.unknown_count += versions.unknown_count(seen);
        }
        let lost: Vec<String> = lost.into_iter().collect();
        self.write_tombstones(entity, &lost)
    }

    fn write_tombstones(&mut self, entity: Entity, gone: &[String]) -> Result<(), LandingError> {
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
            let files = files_of(&self.landed, entity).into_iter().cloned();
            let as_of = self.context.extracted_at;
            let versions = Versions::read(&self.shelf, files, as_of)?;
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
