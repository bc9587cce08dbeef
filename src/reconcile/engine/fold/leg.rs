//! Taking the rows of the legs.

use std::path::Path;

use datafusion::arrow::array::{Array, ArrayRef};

use crate::reconcile::error::ReconcileError;

use super::chunk::Rows;
use super::figures::Figures;
use super::key_column::{KeyColumn, TextColumn};
use super::lexicon::INLINE;
use super::page::{RowLayout, Staged};
use super::spool::{Form, Spool};
use super::units::Folded;

/// Into how many parts the keys are dealt, as powers of two: at least, and at most.
const PARTITIONS_MIN: u32 = 6;
const PARTITIONS_MAX: u32 = 12;
/// Units of a partition that the processor's cache has room for, about.
const UNITS_AT_ONCE: u64 = 1 << 12;
/// Rows of a batch that are dealt at once: they stay in the innermost cache.
const DEALT_ROWS: usize = 1024;
/// Bytes of plain rows that wait for each leg and partition.
const PAGE_BYTES: usize = 4 << 10;
/// Rows of a partition that are packed together, of those that are not plain.
const CHUNK_ROWS: usize = 1024;
/// Bytes of texts without a number that are packed together at the most.
const CHUNK_TEXT_BYTES: usize = 64 << 10;
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
    /// How many rows will come, about: it decides nothing but how long it takes.
    pub(crate) rows_expected: u64,
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
    /// As many bits choose the partition: half of them by the first key column, so that what is counted
    /// for one of its values is counted in few partitions, and the others by the whole key, so that one
    /// value with most of the rows does not come into one partition.
    partition_bits: u32,
    keys: Vec<KeyColumn>,
    /// What the lexicons of all columns may take.
    lexicon_bytes: usize,
    spool: Spool,
    staged: Staged,
    /// Plain rows by leg, then by partition; empty where a leg has none.
    pages: Vec<Vec<Vec<u8>>>,
    page_bytes: usize,
    /// All others, of one leg at a time.
    waiting: Vec<Rows>,
    waiting_leg: usize,
    taken: Vec<LegRows>,
    packed: Vec<u8>,
    hashes: Vec<u64>,
    /// The partition of each row of a batch.
    partitions: Vec<u16>,
    numbers: Vec<Vec<u32>>,
}

impl Fold {
    /// Rows of a shape, within about `memory_bytes`; what has no room is written below `folder`.
    pub(crate) fn new(shape: FoldShape, memory_bytes: usize, folder: &Path) -> Self {
        let key_count = shape.absent_keys.len();
        let measure_count = shape.extremes.len();
        let lexicon_bytes = memory_bytes / LEXICON_SHARE;
        let units = shape.rows_expected / (shape.legs as u64).max(1);
        let partition_bits = (units / UNITS_AT_ONCE).max(1).ilog2() + 1;
        let partition_bits = partition_bits.clamp(PARTITIONS_MIN, PARTITIONS_MAX);
        let partitions = 1 << partition_bits;
        let layout = RowLayout::new(key_count, measure_count);
        Self {
            partition_bits,
            keys: shape
                .absent_keys
                .iter()
                .map(|absent| KeyColumn::new(absent, lexicon_bytes / key_count))
                .collect(),
            lexicon_bytes,
            spool: Spool::new(partitions, memory_bytes / SPOOL_SHARE, folder),
            staged: Staged::new(layout),
            pages: vec![Vec::new(); shape.legs],
            page_bytes: PAGE_BYTES / layout.row_bytes.max(1) * layout.row_bytes,
            waiting: (0..partitions)
                .map(|_| Rows::new(key_count, measure_count))
                .collect(),
            waiting_leg: 0,
            taken: vec![LegRows::none(measure_count); shape.legs],
            packed: Vec::new(),
            hashes: Vec::new(),
            partitions: Vec::new(),
            numbers: vec![Vec::new(); key_count],
            shape,
        }
    }

    /// Takes rows of a leg: its key columns of any type, and its measures as decimals with ten or twelve
    /// decimals; `None` for one that the leg does not have.
    pub(crate) fn add(
        &mut self,
        leg: usize,
        keys: &[ArrayRef],
        measures: &[Option<ArrayRef>],
    ) -> Result<(), ReconcileError> {
        debug_assert!(keys.len() == self.keys.len() && measures.len() <= MEASURES_MAX);
        let rows = keys.first().map_or(0, Array::len);
        if rows == 0 {
            return Ok(());
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
        self.share_room();
        self.partitions.clear();
        let first_bits = self.partition_bits / 2;
        let columns = self.keys.iter_mut().zip(&texts).zip(&mut self.numbers);
        for (at, ((key, column), numbers)) in columns.enumerate() {
            key.number(column, numbers);
            let mut has_inline = false;
            for (hash, number) in self.hashes.iter_mut().zip(&*numbers) {
                *hash = mixed(*hash, (*number).into());
                has_inline |= *number == INLINE;
            }
            if has_inline {
                key.mix_inline(column, numbers, &mut self.hashes);
            }
            if at == 0 {
                let firsts = self.hashes.iter().map(|hash| upper(*hash, first_bits));
                self.partitions.extend(firsts);
            }
        }
        let other_bits = self.partition_bits - first_bits;
        for (partition, hash) in self.partitions.iter_mut().zip(&self.hashes) {
            *partition = *partition << other_bits | upper(*hash, other_bits);
        }
        let figures: Vec<Figures> = measures
            .iter()
            .map(|array| Figures::of(array.as_ref(), rows))
            .collect::<Result<_, _>>()?;
        let taken = &mut self.taken[leg];
        taken.rows += rows as u64;
        for (sum, figures) in taken.sums.iter_mut().zip(&figures) {
            *sum = figures
                .sum()
                .and_then(|own| sum.checked_add(own))
                .ok_or_else(|| ReconcileError::Overflow("the sum of a leg".into()))?;
        }
        if self.pages[leg].is_empty() {
            let page = || Vec::with_capacity(self.page_bytes);
            self.pages[leg] = (0..1 << self.partition_bits).map(|_| page()).collect();
        }
        let mut start = 0;
        while start < rows {
            let end = rows.min(start + DEALT_ROWS);
            self.deal(leg, start..end, &texts, &figures)?;
            start = end;
        }
        Ok(())
    }

    /// Lets each lexicon take a part of the room that none has taken: mostly one column has most of the
    /// texts.
    fn share_room(&mut self) {
        let taken = self.keys.iter().map(|key| key.lexicon.taken_bytes()).sum();
        let free = self.lexicon_bytes.saturating_sub(taken);
        for key in &mut self.keys {
            let own = key.lexicon.taken_bytes();
            key.lexicon.allow(own + free / 2);
        }
    }

    /// How many bytes went to disk so far.
    #[cfg(test)]
    pub(super) fn spilled_bytes(&self) -> u64 {
        self.spool.spilled_bytes()
    }

    /// Ends the legs.
    pub(crate) fn finish(mut self) -> Result<Folded, ReconcileError> {
        self.pack_all()?;
        for (leg, pages) in self.pages.iter_mut().enumerate() {
            for (partition, page) in pages.iter_mut().enumerate() {
                if !page.is_empty() {
                    self.spool.put_page(partition, leg, page)?;
                }
            }
        }
        self.spool.complete()?;
        let lexicons = self.keys.into_iter().map(|key| key.lexicon).collect();
        let partitions = 1 << self.partition_bits;
        Ok(Folded::new(
            self.shape, partitions, lexicons, self.spool, self.taken,
        ))
    }

    fn deal(
        &mut self,
        leg: usize,
        rows: std::ops::Range<usize>,
        texts: &[TextColumn],
        figures: &[Figures],
    ) -> Result<(), ReconcileError> {
        self.staged.begin(rows.len());
        for (column, numbers) in self.numbers.iter().enumerate() {
            let numbers = numbers[rows.clone()].iter().copied();
            self.staged.put_numbers(column, numbers);
        }
        for (measure, figures) in figures.iter().enumerate() {
            let plain = figures.plain[rows.clone()].iter().copied();
            self.staged.put_figures(measure, plain);
        }
        let is_plain = figures.iter().all(Figures::is_plain)
            && self
                .numbers
                .iter()
                .all(|numbers| !numbers[rows.clone()].contains(&INLINE));
        let pages = &mut self.pages[leg];
        if is_plain {
            for (row, partition) in self.staged.rows().zip(&self.partitions[rows]) {
                let partition = usize::from(*partition);
                let page = &mut pages[partition];
                page.extend_from_slice(row);
                if page.len() >= self.page_bytes {
                    self.spool.put_page(partition, leg, page)?;
                }
            }
            return Ok(());
        }
        if leg != self.waiting_leg {
            self.pack_all()?;
            self.waiting_leg = leg;
        }
        for (at, row) in rows.enumerate() {
            let partition = usize::from(self.partitions[row]);
            let is_inline = self.numbers.iter().any(|numbers| numbers[row] == INLINE);
            if is_inline || figures.iter().any(|figures| figures.is_wide(row)) {
                self.wait(partition, row, texts, figures)?;
                continue;
            }
            let page = &mut self.pages[leg][partition];
            if let Some(bytes) = self.staged.rows().nth(at) {
                page.extend_from_slice(bytes);
            }
            if page.len() >= self.page_bytes {
                self.spool.put_page(partition, leg, page)?;
            }
        }
        Ok(())
    }

    /// Keeps a row that is not plain.
    fn wait(
        &mut self,
        partition: usize,
        row: usize,
        texts: &[TextColumn],
        figures: &[Figures],
    ) -> Result<(), ReconcileError> {
        let waiting = &mut self.waiting[partition];
        waiting.hashes.push(low_half(self.hashes[row]));
        let mut absent = 0;
        for (at, (column, figures)) in waiting.measures.iter_mut().zip(figures).enumerate() {
            let figure = figures.get(row);
            column.push(figure.unwrap_or_default());
            absent |= if figure.is_none() { 1_u32 << at } else { 0 };
        }
        waiting.absent.push(absent);
        let columns = self.keys.iter().zip(texts).zip(&self.numbers);
        for (numbers_waiting, ((key, column), numbers)) in waiting.keys.iter_mut().zip(columns) {
            numbers_waiting.push(numbers[row]);
            if numbers[row] == INLINE {
                let text = key.text(column, row).as_bytes();
                // A text of four gigabytes is in no column of Arrow.
                let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
                waiting.inline_lengths.push(length);
                waiting.inline_bytes.extend_from_slice(text);
            }
        }
        if waiting.len() >= CHUNK_ROWS || waiting.inline_bytes.len() >= CHUNK_TEXT_BYTES {
            self.pack(partition)?;
        }
        Ok(())
    }

    fn pack(&mut self, partition: usize) -> Result<(), ReconcileError> {
        let waiting = &mut self.waiting[partition];
        self.packed.clear();
        waiting.pack(&mut self.packed);
        waiting.clear();
        self.spool
            .put(partition, self.waiting_leg, Form::Packed, &self.packed)
    }

    fn pack_all(&mut self) -> Result<(), ReconcileError> {
        for partition in 0..self.waiting.len() {
            if self.waiting[partition].len() > 0 {
                self.pack(partition)?;
            }
        }
        Ok(())
    }
}

#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "there are no more than a few thousand partitions"
)]
fn upper(hash: u64, bits: u32) -> u16 {
    (hash >> (u64::BITS - bits)) as u16
}

/// The hash of a key whose texts all have numbers; that of a row in `add`.
pub(super) fn hash_of_numbers(numbers: impl Iterator<Item = u32>) -> u64 {
    numbers.fold(MIX, |hash, number| mixed(hash, number.into()))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the other half chose the partition"
)]
pub(super) fn low_half(hash: u64) -> u32 {
    hash as u32
}

#[inline]
pub(super) fn mixed(row: u64, value: u64) -> u64 {
    let (low, high) = (row ^ value).carrying_mul(MIX, 0);
    (low ^ high).rotate_left(23)
}
