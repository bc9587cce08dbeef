//! Which rows are the newest versions of their records, as of an instant.
//!
//! Few records have several versions, so most ids need no more than a bit: a first reading of the ids
//! alone marks those that may come twice, a second one compares the versions of these and of no
//! others. Neither sorts, and the memory is bounded whatever the count of rows: two bits for each of
//! some buckets, and the records under comparison, which are taken in several turns when they are too
//! many at once. Values and raw records are not read at all.
//!
//! What orders two versions of a record: when they were extracted, by which run, when they were
//! changed, a tombstone last, and the raw record where all that is equal. It does not depend on the
//! file in which they stand.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use arrow::array::{
    Array, AsArray, BooleanArray, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::error::ArrowError;
use jiff::Timestamp;

use super::content::{Digest, NEVER, id_digest};
use super::error::LandingError;
use super::file::LandedFile;
use super::names;
use super::row_set::RowSet;
use super::shelf::Shelf;
use crate::canonical::{Mark, mark_of};
use crate::totals::TotalsError;

/// Buckets for each row: the more, the fewer ids share one by chance.
const BUCKETS_PER_ROW: u64 = 8;
/// At the most; then two bits each are 128 MiB.
const BUCKETS_MAX: u64 = 1 << 29;
/// Records whose versions are compared in one turn, about.
const COMPARED_AT_ONCE: u64 = 1 << 20;

/// A file, and which of its rows count as of an instant.
#[derive(Debug, Clone)]
pub(super) struct ChosenFile {
    pub(super) file: LandedFile,
    /// The rows that were extracted by then.
    pub(super) known: RowSet,
    /// Those of them that are the newest versions of their records, tombstones among them.
    pub(super) newest: RowSet,
}

/// Chooses among the record files of one entity. What was extracted after `as_of` is not opened,
/// where it stands in a file of its own.
pub(super) fn choose(
    shelf: &Shelf,
    files: impl IntoIterator<Item = LandedFile>,
    as_of: Timestamp,
) -> Result<Vec<ChosenFile>, LandingError> {
    let mut known: Vec<LandedFile> = files
        .into_iter()
        .filter(|file| !file.quarantine && file.first_extracted_at <= as_of)
        .collect();
    known.sort_by(|base, peer| {
        let by_source = base.source.cmp(&peer.source);
        by_source.then_with(|| names::version_order(base).cmp(&names::version_order(peer)))
    });
    let mut chosen = Vec::with_capacity(known.len());
    for of_source in known.chunk_by(|base, peer| base.source == peer.source) {
        chosen.extend(choose_of_source(shelf, of_source, as_of)?);
    }
    Ok(chosen)
}

fn choose_of_source(
    shelf: &Shelf,
    files: &[LandedFile],
    as_of: Timestamp,
) -> Result<Vec<ChosenFile>, LandingError> {
    let mut chosen = Vec::with_capacity(files.len());
    for file in files {
        let known = known_rows(shelf, file, as_of)?;
        chosen.push(ChosenFile {
            file: file.clone(),
            newest: known.clone(),
            known,
        });
    }
    // One pull lands an id once.
    let is_one_pull =
        |file: &LandedFile| file.pull_id == files[0].pull_id && names::is_of_pull(file);
    if files.iter().all(is_one_pull) {
        return Ok(chosen);
    }
    let sieve = Sieve::of(shelf, &chosen)?;
    let turns = sieve.again_count().div_ceil(COMPARED_AT_ONCE);
    let mut newest: Vec<RowSet> = chosen.iter().map(|one| one.known.clone()).collect();
    for turn in 0..turns {
        compare(shelf, &chosen, &sieve, Turn { turn, turns }, &mut newest)?;
    }
    for (chosen, newest) in chosen.iter_mut().zip(newest) {
        chosen.newest = newest;
    }
    Ok(chosen)
}

/// The rows of a file that were extracted by an instant.
pub(super) fn known_rows(
    shelf: &Shelf,
    file: &LandedFile,
    as_of: Timestamp,
) -> Result<RowSet, LandingError> {
    let mut known = RowSet::all(file.totals.rows);
    if file.extracted_at <= as_of {
        return Ok(known);
    }
    let last = as_of.as_microsecond();
    visit(shelf, file, &["extracted_at"], |batch, first| {
        let instants = instants(batch, "extracted_at")?;
        for (row, instant) in (first..).zip(instants.values()) {
            if *instant > last {
                known.remove(row);
            }
        }
        Ok(())
    })?;
    Ok(known)
}

/// Which ids may come more than once: two bits for each of many buckets.
struct Sieve {
    seen: Vec<u64>,
    again: Vec<u64>,
    mask: u64,
}

impl Sieve {
    fn of(shelf: &Shelf, files: &[ChosenFile]) -> Result<Self, LandingError> {
        let row_count: u64 = files.iter().map(|chosen| chosen.known.count()).sum();
        let buckets = row_count.saturating_mul(BUCKETS_PER_ROW);
        let buckets = buckets.clamp(1 << 10, BUCKETS_MAX).next_power_of_two();
        let words = vec![0; usize::try_from(buckets / 64).unwrap_or(usize::MAX)];
        let mut sieve = Self {
            seen: words.clone(),
            again: words,
            mask: buckets - 1,
        };
        for chosen in files {
            visit(shelf, &chosen.file, &["id"], |batch, first| {
                let ids = texts(batch, "id")?;
                for (row, id) in (first..).zip(ids.iter().flatten()) {
                    if chosen.known.contains(row) {
                        sieve.pass(mark_of(id.as_bytes()));
                    }
                }
                Ok(())
            })?;
        }
        Ok(sieve)
    }

    fn place(&self, mark: Mark) -> (usize, u64) {
        let bucket = low_half(mark) & self.mask;
        let word = usize::try_from(bucket / 64).unwrap_or(usize::MAX);
        (word, 1 << (bucket % 64))
    }

    fn pass(&mut self, mark: Mark) {
        let (word, bit) = self.place(mark);
        if self.seen[word] & bit == 0 {
            self.seen[word] |= bit;
        } else {
            self.again[word] |= bit;
        }
    }

    fn may_repeat(&self, mark: Mark) -> bool {
        let (word, bit) = self.place(mark);
        self.again[word] & bit != 0
    }

    fn again_count(&self) -> u64 {
        let ones = self.again.iter().map(|word| u64::from(word.count_ones()));
        ones.sum()
    }
}

/// A part of the ids, so that not all of them are compared at once.
#[derive(Clone, Copy)]
struct Turn {
    turn: u64,
    turns: u64,
}

impl Turn {
    fn takes(self, mark: Mark) -> bool {
        // Other bits than those of the buckets.
        self.turns == 1 || low_half(mark >> 64) % self.turns == self.turn
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
fn low_half(mark: Mark) -> u64 {
    mark as u64
}

/// The newest version of an id so far, and where it stands.
struct Best {
    extracted_at: i64,
    run: u32,
    updated_at: i64,
    deleted: bool,
    file: u32,
    row: u64,
}

/// The names of runs, each kept once.
#[derive(Default)]
struct Runs {
    numbers: HashMap<String, u32>,
    names: Vec<String>,
}

impl Runs {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    fn compare(&self, base: u32, peer: u32) -> Ordering {
        let name = |number: u32| self.names.get(number as usize).map_or("", String::as_str);
        if base == peer {
            Ordering::Equal
        } else {
            name(base).cmp(name(peer))
        }
    }
}

/// Takes out what is superseded, of the ids of one turn.
fn compare(
    shelf: &Shelf,
    files: &[ChosenFile],
    sieve: &Sieve,
    turn: Turn,
    newest: &mut [RowSet],
) -> Result<(), LandingError> {
    let columns = ["id", "extracted_at", "run_id", "updated_at", "deleted"];
    let mut best: HashMap<Digest, Best> = HashMap::new();
    let mut tied: HashMap<Digest, Vec<Best>> = HashMap::new();
    let mut runs = Runs::default();
    for (number, chosen) in (0_u32..).zip(files) {
        visit(shelf, &chosen.file, &columns, |batch, first| {
            let version_columns = VersionColumns::of(batch)?;
            for (at, row) in (0..batch.num_rows()).zip(first..) {
                let id = version_columns.ids.value(at);
                let mark = mark_of(id.as_bytes());
                if !chosen.known.contains(row) || !sieve.may_repeat(mark) || !turn.takes(mark) {
                    continue;
                }
                let version = version_columns.version(at, &mut runs, number, row);
                match best.entry(id_digest(id)) {
                    Entry::Vacant(slot) => {
                        slot.insert(version);
                    }
                    Entry::Occupied(mut slot) => {
                        let former = slot.get_mut();
                        let loser = match order(&version, former, &runs) {
                            Ordering::Less => version,
                            Ordering::Greater => std::mem::replace(former, version),
                            Ordering::Equal => {
                                tied.entry(id_digest(id)).or_default().push(version);
                                continue;
                            }
                        };
                        newest[loser.file as usize].remove(loser.row);
                    }
                }
            }
            Ok(())
        })?;
    }
    for (id, mut versions) in tied {
        versions.extend(best.remove(&id));
        settle(shelf, files, versions, &runs, newest)?;
    }
    Ok(())
}

/// Of versions that nothing orders, the one with the largest raw record counts: any will do, as long
/// as it is the same one wherever they stand.
fn settle(
    shelf: &Shelf,
    files: &[ChosenFile],
    mut versions: Vec<Best>,
    runs: &Runs,
    newest: &mut [RowSet],
) -> Result<(), LandingError> {
    versions.sort_by(|base, peer| order(base, peer, runs));
    let mut winner: Option<(Best, Option<String>)> = None;
    while let Some(version) = versions.pop() {
        let is_behind = winner
            .as_ref()
            .is_some_and(|(best, _)| order(&version, best, runs) == Ordering::Less);
        let raw = if is_behind {
            None
        } else {
            raw_of(shelf, files, &version)?
        };
        let loser = match &mut winner {
            Some((best, largest)) if !is_behind && raw > *largest => {
                *largest = raw;
                std::mem::replace(best, version)
            }
            Some(_) => version,
            None => {
                winner = Some((version, raw));
                continue;
            }
        };
        newest[loser.file as usize].remove(loser.row);
    }
    Ok(())
}

fn raw_of(
    shelf: &Shelf,
    files: &[ChosenFile],
    version: &Best,
) -> Result<Option<String>, LandingError> {
    let file = &files[version.file as usize].file;
    let mut only = RowSet::none(file.totals.rows);
    only.insert(version.row);
    for batch in shelf.open(file)?.batches(Some(&["raw"]), Some(&only))? {
        let unfit = |error| LandingError::columns(&file.path, error);
        let batch = batch.map_err(unfit)?;
        let raws = texts(&batch, "raw").map_err(unfit)?;
        if let Some(raw) = raws.iter().next() {
            return Ok(raw.map(str::to_owned));
        }
    }
    Ok(None)
}

fn order(base: &Best, peer: &Best, runs: &Runs) -> Ordering {
    let by_extraction = base.extracted_at.cmp(&peer.extracted_at);
    by_extraction
        .then_with(|| runs.compare(base.run, peer.run))
        .then_with(|| base.updated_at.cmp(&peer.updated_at))
        .then_with(|| base.deleted.cmp(&peer.deleted))
}

/// The columns that tell and order versions.
struct VersionColumns<'b> {
    ids: &'b StringArray,
    runs: &'b StringArray,
    extracted_at: &'b TimestampMicrosecondArray,
    updated_at: &'b TimestampMicrosecondArray,
    deleted: &'b BooleanArray,
}

impl<'b> VersionColumns<'b> {
    fn of(batch: &'b RecordBatch) -> Result<Self, ArrowError> {
        let deleted = batch
            .column_by_name("deleted")
            .and_then(|array| array.as_boolean_opt());
        Ok(Self {
            ids: texts(batch, "id")?,
            runs: texts(batch, "run_id")?,
            extracted_at: instants(batch, "extracted_at")?,
            updated_at: instants(batch, "updated_at")?,
            deleted: deleted.ok_or_else(|| mistyped("deleted"))?,
        })
    }

    fn version(&self, at: usize, runs: &mut Runs, file: u32, row: u64) -> Best {
        let is_dated = self.updated_at.is_valid(at);
        Best {
            extracted_at: self.extracted_at.value(at),
            run: runs.number(self.runs.value(at)),
            updated_at: if is_dated {
                self.updated_at.value(at)
            } else {
                NEVER
            },
            deleted: self.deleted.is_valid(at) && self.deleted.value(at),
            file,
            row,
        }
    }
}

/// Gives some columns of a checked file to `visit`, with the place of each batch's first row, and
/// ties the count of rows.
pub(super) fn visit(
    shelf: &Shelf,
    file: &LandedFile,
    columns: &[&str],
    mut visit: impl FnMut(&RecordBatch, u64) -> Result<(), ArrowError>,
) -> Result<(), LandingError> {
    let mut row = 0;
    for batch in shelf.open(file)?.batches(Some(columns), None)? {
        batch
            .and_then(|batch| {
                visit(&batch, row)?;
                row += batch.num_rows() as u64;
                Ok(())
            })
            .map_err(|error| LandingError::columns(&file.path, error))?;
    }
    if row != file.totals.rows {
        let untied = TotalsError::Untied(format!("{row} rows against {}", file.totals.rows));
        return Err(LandingError::totals(&file.path, untied));
    }
    Ok(())
}

fn texts<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b StringArray, ArrowError> {
    batch
        .column_by_name(name)
        .and_then(|array| array.as_string_opt())
        .ok_or_else(|| mistyped(name))
}

fn instants<'b>(
    batch: &'b RecordBatch,
    name: &str,
) -> Result<&'b TimestampMicrosecondArray, ArrowError> {
    batch
        .column_by_name(name)
        .and_then(|array| array.as_primitive_opt::<TimestampMicrosecondType>())
        .ok_or_else(|| mistyped(name))
}

fn mistyped(name: &str) -> ArrowError {
    ArrowError::SchemaError(format!("column `{name}` is none of a landed file"))
}
