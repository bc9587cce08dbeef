//! Taking the rows of the legs.

use std::path::Path;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Decimal128Array};
use datafusion::arrow::datatypes::{DataType, Decimal128Type};

use crate::reconcile::error::ReconcileError;

use super::chunk::Rows;
use super::key_column::{KeyColumn, TextColumn};
use super::lexicon::INLINE;
use super::spool::Spool;
use super::table::Folded;

/// Into how many parts the keys are dealt; a power of two.
const PARTITIONS: usize = 256;
/// Rows of a partition that are packed together.
const CHUNK_ROWS: usize = 1024;
/// Bytes of texts without a number that are packed together at the most.
const CHUNK_TEXT_BYTES: usize = 64 << 10;
/// Decimals of every measure.
pub(super) const SCALE: i8 = 12;
/// No more measures: the absent ones of a row are told by the bits of one word.
const MEASURES_MAX: usize = 32;
/// Shares of the memory: what waits there, and what the lexicons of all columns hold.
const SPOOL_SHARE: usize = 4;
const LEXICON_SHARE: usize = 4;
const MIX: u64 = 0xd6e8_feb8_6659_fd93;

/// What rows look like.
#[derive(Debug, Clone)]
pub(crate) struct FoldShape {
    /// How many legs there are.
    pub(crate) legs: usize,
    /// For each key column what a row without a value has.
    pub(crate) absent_keys: Vec<String>,
    /// For each measure whether its least and its greatest value are asked for beside its sum.
    pub(crate) extremes: Vec<bool>,
}

/// Rows of one leg and the sums of their measures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LegRows {
    pub(crate) rows: u64,
    pub(crate) sums: Vec<i128>,
}

impl LegRows {
    pub(super) fn none(measure_count: usize) -> Self {
        Self {
            rows: 0,
            sums: vec![0; measure_count],
        }
    }
}

/// Rows on their way to units.
pub(crate) struct Fold {
    shape: FoldShape,
    keys: Vec<KeyColumn>,
    spool: Spool,
    waiting: Vec<Rows>,
    leg: usize,
    taken: Vec<LegRows>,
    packed: Vec<u8>,
    hashes: Vec<u64>,
    numbers: Vec<Vec<u32>>,
    /// The rows of a batch in the order of their partitions.
    dealt: Vec<u32>,
}

impl Fold {
    /// Rows of a shape, within about `memory_bytes`; what has no room is written below `folder`.
    pub(crate) fn new(shape: FoldShape, memory_bytes: usize, folder: &Path) -> Self {
        let key_count = shape.absent_keys.len();
        let measure_count = shape.extremes.len();
        let lexicon_bytes = memory_bytes / LEXICON_SHARE / key_count.max(1);
        Self {
            keys: shape
                .absent_keys
                .iter()
                .map(|absent| KeyColumn::new(absent, lexicon_bytes))
                .collect(),
            spool: Spool::new(PARTITIONS, memory_bytes / SPOOL_SHARE, folder),
            waiting: (0..PARTITIONS)
                .map(|_| Rows::new(key_count, measure_count))
                .collect(),
            leg: 0,
            taken: vec![LegRows::none(measure_count); shape.legs],
            packed: Vec::new(),
            hashes: Vec::new(),
            numbers: vec![Vec::new(); key_count],
            dealt: Vec::new(),
            shape,
        }
    }

    /// Takes rows of a leg: its key columns of any type, and its measures as decimals with twelve
    /// decimals; `None` for one that the leg does not have.
    pub(crate) fn add(
        &mut self,
        leg: usize,
        keys: &[ArrayRef],
        measures: &[Option<ArrayRef>],
    ) -> Result<(), ReconcileError> {
        debug_assert!(keys.len() == self.keys.len() && measures.len() <= MEASURES_MAX);
        let rows = keys.first().map_or(0, Array::len);
        if leg != self.leg {
            self.pack_all()?;
            self.leg = leg;
        }
        let texts: Vec<TextColumn> = keys
            .iter()
            .map(TextColumn::of)
            .collect::<Result<_, _>>()
            .map_err(|error| ReconcileError::Engine {
                doing: "reading the key of a leg",
                source: Box::new(error),
            })?;
        self.hashes.clear();
        self.hashes.resize(rows, MIX);
        for ((key, column), numbers) in self.keys.iter_mut().zip(&texts).zip(&mut self.numbers) {
            numbers.clear();
            let hashes = &mut self.hashes;
            key.number(column, |row, numbered| {
                numbers.push(numbered.number);
                hashes[row] = mixed(hashes[row], numbered.hash);
            });
        }
        let decimals: Vec<Option<Decimal128Array>> = measures
            .iter()
            .map(|array| array.as_ref().map(decimals_of).transpose())
            .collect::<Result<_, _>>()?;
        self.count(leg, rows, &decimals)?;
        self.deal(rows, &texts, &decimals)
    }

    /// How many bytes went to disk so far.
    #[cfg(test)]
    pub(super) fn spilled_bytes(&self) -> u64 {
        self.spool.spilled_bytes()
    }

    /// Ends the legs.
    pub(crate) fn finish(mut self) -> Result<Folded, ReconcileError> {
        self.pack_all()?;
        self.spool.complete()?;
        let lexicons = self.keys.into_iter().map(|key| key.lexicon).collect();
        Ok(Folded::new(self.shape, lexicons, self.spool, self.taken))
    }

    fn count(
        &mut self,
        leg: usize,
        rows: usize,
        decimals: &[Option<Decimal128Array>],
    ) -> Result<(), ReconcileError> {
        let taken = &mut self.taken[leg];
        taken.rows += rows as u64;
        for (sum, column) in taken.sums.iter_mut().zip(decimals) {
            let Some(column) = column else { continue };
            for number in column.iter().flatten() {
                *sum = sum
                    .checked_add(number)
                    .ok_or_else(|| ReconcileError::Overflow("the sum of a leg".into()))?;
            }
        }
        Ok(())
    }

    fn deal(
        &mut self,
        rows: usize,
        texts: &[TextColumn],
        decimals: &[Option<Decimal128Array>],
    ) -> Result<(), ReconcileError> {
        let mut ends = [0_u32; PARTITIONS + 1];
        for hash in &self.hashes {
            ends[partition_of(*hash) + 1] += 1;
        }
        for partition in 0..PARTITIONS {
            ends[partition + 1] += ends[partition];
        }
        let starts = ends;
        let mut next = ends;
        self.dealt.clear();
        self.dealt.resize(rows, 0);
        for (row, hash) in (0_u32..).zip(&self.hashes) {
            let place = &mut next[partition_of(*hash)];
            self.dealt[*place as usize] = row;
            *place += 1;
        }
        for partition in 0..PARTITIONS {
            let (start, end) = (starts[partition] as usize, starts[partition + 1] as usize);
            if start == end {
                continue;
            }
            self.append(partition, start..end, texts, decimals);
            let waiting = &self.waiting[partition];
            if waiting.len() >= CHUNK_ROWS || waiting.inline_bytes.len() >= CHUNK_TEXT_BYTES {
                self.pack(partition)?;
            }
        }
        Ok(())
    }

    fn append(
        &mut self,
        partition: usize,
        dealt: std::ops::Range<usize>,
        texts: &[TextColumn],
        decimals: &[Option<Decimal128Array>],
    ) {
        let waiting = &mut self.waiting[partition];
        let rows = &self.dealt[dealt];
        waiting
            .hashes
            .extend(rows.iter().map(|row| low_half(self.hashes[*row as usize])));
        for (column, numbers) in waiting.keys.iter_mut().zip(&self.numbers) {
            column.extend(rows.iter().map(|row| numbers[*row as usize]));
        }
        let before = waiting.absent.len();
        waiting.absent.resize(before + rows.len(), 0);
        for (at, (column, decimals)) in waiting.measures.iter_mut().zip(decimals).enumerate() {
            let bit = 1_u32 << at;
            let Some(decimals) = decimals else {
                column.resize(before + rows.len(), 0);
                waiting.absent[before..]
                    .iter_mut()
                    .for_each(|absent| *absent |= bit);
                continue;
            };
            let values = decimals.values();
            match decimals.nulls().filter(|nulls| nulls.null_count() > 0) {
                None => column.extend(rows.iter().map(|row| values[*row as usize])),
                Some(nulls) => {
                    for (row, absent) in rows.iter().zip(&mut waiting.absent[before..]) {
                        let is_null = nulls.is_null(*row as usize);
                        column.push(if is_null { 0 } else { values[*row as usize] });
                        *absent |= if is_null { bit } else { 0 };
                    }
                }
            }
        }
        let is_numbered =
            |numbers: &Vec<u32>| rows.iter().all(|row| numbers[*row as usize] != INLINE);
        if self.numbers.iter().all(is_numbered) {
            return;
        }
        for row in rows.iter().map(|row| *row as usize) {
            for ((key, column), numbers) in self.keys.iter().zip(texts).zip(&self.numbers) {
                if numbers[row] == INLINE {
                    let text = key.text(column, row).as_bytes();
                    // A text of four gigabytes is in no column of Arrow.
                    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
                    waiting.inline_lengths.push(length);
                    waiting.inline_bytes.extend_from_slice(text);
                }
            }
        }
    }

    fn pack(&mut self, partition: usize) -> Result<(), ReconcileError> {
        let waiting = &mut self.waiting[partition];
        self.packed.clear();
        waiting.pack(&mut self.packed);
        waiting.clear();
        self.spool.put(partition, self.leg, &self.packed)
    }

    fn pack_all(&mut self) -> Result<(), ReconcileError> {
        for partition in 0..PARTITIONS {
            if self.waiting[partition].len() > 0 {
                self.pack(partition)?;
            }
        }
        Ok(())
    }
}

pub(super) const fn partition_count() -> usize {
    PARTITIONS
}

fn partition_of(hash: u64) -> usize {
    (hash >> 56) as usize
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the other half chose the partition"
)]
fn low_half(hash: u64) -> u32 {
    hash as u32
}

fn mixed(row: u64, value: u64) -> u64 {
    let (low, high) = (row ^ value).carrying_mul(MIX, 0);
    (low ^ high).rotate_left(23)
}

fn decimals_of(array: &ArrayRef) -> Result<Decimal128Array, ReconcileError> {
    let found = || ReconcileError::ColumnType {
        column: "a measure".into(),
        wanted: "a decimal with twelve decimals",
        found: array.data_type().to_string(),
    };
    match array.data_type() {
        DataType::Decimal128(_, SCALE) => Ok(array.as_primitive::<Decimal128Type>().clone()),
        _ => Err(found()),
    }
}
