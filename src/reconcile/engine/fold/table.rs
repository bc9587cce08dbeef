//! Adding up the rows of one partition.

use crate::reconcile::error::ReconcileError;

use super::cells::Cells;
use super::chunk::Rows;
use super::leg::{FoldShape, hash_of_numbers, low_half};
use super::lexicon::INLINE;
use super::page::{ABSENT, RowLayout, figures_of, numbers_of};

const SLOTS_FIRST: usize = 1 << 12;
/// Rows of a page whose places are looked up at once.
const ROWS_AT_ONCE: usize = 256;

/// Where a key was looked for.
enum Probed {
    /// It is this entry's.
    Entry(usize),
    /// No entry has it; a new one goes here.
    FreeSlot(usize),
}

/// The units of one partition.
pub(super) struct Table {
    layout: RowLayout,
    key_count: usize,
    measure_count: usize,
    legs: usize,
    /// For each measure where its extremes stand in a cell, if they are wanted.
    extremes: Vec<Option<usize>>,
    /// Figures of a leg and entry: the sums, then the least and greatest of what wants them.
    cell_width: usize,
    /// The hash, and the entry plus one; 0 is free.
    slots: Vec<u64>,
    hashes: Vec<u32>,
    keys: Vec<u32>,
    rows: Vec<u32>,
    cells: Cells,
    /// How many rows of a leg and entry lack a measure. It ends with the last entry of which any does.
    lacking: Vec<u64>,
    /// Where the texts without a number of an entry begin; empty while there are none at all.
    inline_starts: Vec<usize>,
    inline_ends: Vec<usize>,
    inline_bytes: Vec<u8>,
    page_hashes: Vec<u32>,
}

impl Table {
    pub(super) fn new(shape: &FoldShape) -> Self {
        let (key_count, measure_count) = (shape.absent_keys.len(), shape.extremes.len());
        let mut cell_width = measure_count;
        let extremes = shape.extremes.iter().map(|is_wanted| {
            let place = is_wanted.then_some(cell_width);
            cell_width += if *is_wanted { 2 } else { 0 };
            place
        });
        Self {
            layout: RowLayout::new(key_count, measure_count),
            key_count,
            measure_count,
            legs: shape.legs,
            extremes: extremes.collect(),
            cell_width,
            slots: vec![0; SLOTS_FIRST],
            hashes: Vec::new(),
            keys: Vec::new(),
            rows: Vec::new(),
            cells: Cells::default(),
            lacking: Vec::new(),
            inline_starts: Vec::new(),
            inline_ends: Vec::new(),
            inline_bytes: Vec::new(),
            page_hashes: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    #[inline]
    pub(super) fn key(&self, entry: usize) -> &[u32] {
        &self.keys[entry * self.key_count..][..self.key_count]
    }

    #[inline]
    pub(super) fn rows(&self, entry: usize, leg: usize) -> u64 {
        self.rows[entry * self.legs + leg].into()
    }

    /// The sum of a measure.
    #[inline]
    pub(super) fn sum(&self, entry: usize, leg: usize, measure: usize) -> i128 {
        debug_assert!(measure < self.measure_count);
        let of_leg = entry * self.legs + leg;
        self.cells.get(of_leg * self.cell_width + measure)
    }

    /// The least and the greatest value of a measure, if they are wanted.
    #[inline]
    pub(super) fn extremes(
        &self,
        entry: usize,
        leg: usize,
        measure: usize,
    ) -> Option<(i128, i128)> {
        let place = (entry * self.legs + leg) * self.cell_width + self.extremes[measure]?;
        Some((self.cells.get(place), self.cells.get(place + 1)))
    }

    #[inline]
    pub(super) fn present(&self, entry: usize, leg: usize, measure: usize) -> u64 {
        let place = (entry * self.legs + leg) * self.measure_count + measure;
        self.rows(entry, leg) - self.lacking.get(place).copied().unwrap_or_default()
    }

    pub(super) fn clear(&mut self) {
        self.slots.fill(0);
        self.hashes.clear();
        self.keys.clear();
        self.rows.clear();
        self.cells.clear();
        self.lacking.clear();
        self.inline_starts.clear();
        self.inline_ends.clear();
        self.inline_bytes.clear();
    }

    /// Adds plain rows of a leg.
    pub(super) fn add_page(&mut self, leg: usize, page: &[u8]) -> Result<(), ReconcileError> {
        let RowLayout {
            key_bytes,
            row_bytes,
        } = self.layout;
        if !page.len().is_multiple_of(row_bytes) {
            return Err(spoiled());
        }
        for some in page.chunks(ROWS_AT_ONCE * row_bytes) {
            let mut hashes = std::mem::take(&mut self.page_hashes);
            hashes.clear();
            let keys = some.chunks_exact(row_bytes).map(|row| &row[..key_bytes]);
            hashes.extend(keys.map(|key| low_half(hash_of_numbers(numbers_of(key)))));
            for (row, hash) in some.chunks_exact(row_bytes).zip(&hashes) {
                let (key, behind_key) = row.split_at(key_bytes);
                let entry = self.plain_entry(key, *hash)?;
                self.add_row(leg, entry, figures_of(behind_key))?;
            }
            self.page_hashes = hashes;
        }
        Ok(())
    }

    fn add_row(
        &mut self,
        leg: usize,
        entry: usize,
        figures: impl Iterator<Item = i64>,
    ) -> Result<(), ReconcileError> {
        let of_leg = entry * self.legs + leg;
        let before = self.count_row(of_leg)?;
        let cell = of_leg * self.cell_width;
        let mut absent: u32 = 0;
        for (at, (figure, extremes)) in figures.zip(&self.extremes).enumerate() {
            if figure == ABSENT {
                absent |= 1 << at;
                continue;
            }
            self.cells.add(cell + at, figure)?;
            let Some(place) = *extremes else { continue };
            let lacking = self.lacking.get(of_leg * self.measure_count + at);
            let is_first = before == lacking.copied().unwrap_or_default();
            self.cells.spread(cell + place, figure, is_first);
        }
        if absent != 0 {
            self.lack(of_leg, absent);
        }
        Ok(())
    }

    /// Counts a row of a leg and entry; says how many there were before it.
    #[inline]
    fn count_row(&mut self, of_leg: usize) -> Result<u64, ReconcileError> {
        let before = self.rows[of_leg];
        self.rows[of_leg] = before
            .checked_add(1)
            .ok_or_else(|| ReconcileError::Overflow("the rows of a unit".into()))?;
        Ok(before.into())
    }

    /// Adds rows of a leg that are not plain.
    pub(super) fn add(&mut self, leg: usize, rows: &Rows) -> Result<(), ReconcileError> {
        let mut inline = Inline::default();
        for row in 0..rows.len() {
            inline.advance(rows, row)?;
            let entry = self.entry(rows, row, &inline)?;
            let of_leg = entry * self.legs + leg;
            let absent = rows.absent[row];
            for (at, column) in rows.measures.iter().enumerate() {
                if absent & (1 << at) != 0 {
                    continue;
                }
                let number = column[row];
                let is_first = self.present(entry, leg, at) == 0;
                let cell = of_leg * self.cell_width;
                self.cells.add_exact(cell + at, number)?;
                if let Some(place) = self.extremes[at] {
                    self.cells.spread_exact(cell + place, number, is_first);
                }
            }
            self.count_row(of_leg)?;
            if absent != 0 {
                self.lack(of_leg, absent);
            }
        }
        Ok(())
    }

    /// Counts the measures that a row lacks.
    fn lack(&mut self, of_leg: usize, absent: u32) {
        let first = of_leg * self.measure_count;
        if self.lacking.len() < first + self.measure_count {
            self.lacking.resize(first + self.measure_count, 0);
        }
        for at in 0..self.measure_count {
            self.lacking[first + at] += u64::from(absent >> at & 1);
        }
    }

    /// The entry of a key, or the slot in which it is to be entered.
    #[inline]
    fn probe(&self, hash: u32, is_key: impl Fn(usize) -> bool) -> Probed {
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let content = self.slots[slot];
            if content == 0 {
                return Probed::FreeSlot(slot);
            }
            if content >> 32 == u64::from(hash) {
                let entry = entry_in(content);
                if is_key(entry) {
                    return Probed::Entry(entry);
                }
            }
            slot = (slot + 1) & mask;
        }
    }

    /// The entry of a key whose texts have numbers, a new one where it is new.
    fn plain_entry(&mut self, key: &[u8], hash: u32) -> Result<usize, ReconcileError> {
        let found = self.probe(hash, |entry| {
            let known = &self.keys[entry * self.key_count..][..self.key_count];
            numbers_of(key).zip(known).all(|(own, known)| own == *known)
        });
        let slot = match found {
            Probed::Entry(entry) => return Ok(entry),
            Probed::FreeSlot(slot) => slot,
        };
        let entry = self.begin(slot, hash)?;
        self.keys.extend(numbers_of(key));
        self.close(entry);
        Ok(entry)
    }

    /// The entry of a row's key, a new one where it is new.
    fn entry(&mut self, rows: &Rows, row: usize, inline: &Inline) -> Result<usize, ReconcileError> {
        let hash = rows.hashes[row];
        let found = self.probe(hash, |entry| self.has_key(entry, rows, row, inline));
        let slot = match found {
            Probed::Entry(entry) => return Ok(entry),
            Probed::FreeSlot(slot) => slot,
        };
        let entry = self.begin(slot, hash)?;
        self.keys.extend(rows.keys.iter().map(|column| column[row]));
        if !inline.lengths(rows).is_empty() {
            self.keep_inline(rows, inline);
        }
        self.close(entry);
        Ok(entry)
    }

    /// Takes a free slot for a new entry.
    fn begin(&mut self, slot: usize, hash: u32) -> Result<usize, ReconcileError> {
        let entry = self.len();
        let numbered = u32::try_from(entry + 1)
            .map_err(|_| ReconcileError::Overflow("the units of a partition".into()))?;
        self.slots[slot] = (u64::from(hash) << 32) | u64::from(numbered);
        self.hashes.push(hash);
        self.rows.resize(self.rows.len() + self.legs, 0);
        self.cells.grow(self.legs * self.cell_width);
        Ok(entry)
    }

    /// Ends a new entry that has its key.
    fn close(&mut self, entry: usize) {
        if !self.inline_starts.is_empty() {
            self.inline_starts.resize(entry + 1, self.inline_ends.len());
        }
        if self.len() * 2 > self.slots.len() {
            self.grow();
        }
    }

    fn has_key(&self, entry: usize, rows: &Rows, row: usize, inline: &Inline) -> bool {
        let known = &self.keys[entry * self.key_count..(entry + 1) * self.key_count];
        let is_same = rows
            .keys
            .iter()
            .zip(known)
            .all(|(column, number)| column[row] == *number);
        is_same && (inline.count == 0 || self.has_inline(entry, rows, inline))
    }

    fn has_inline(&self, entry: usize, rows: &Rows, inline: &Inline) -> bool {
        let mut ends = self.inline_ends[self.inline_starts[entry]..].iter();
        let first = self.inline_starts[entry];
        let mut start = first
            .checked_sub(1)
            .map_or(0, |before| self.inline_ends[before]);
        let mut offset = inline.byte_start;
        inline.lengths(rows).iter().all(|length| {
            let text = &rows.inline_bytes[offset..offset + *length as usize];
            offset += *length as usize;
            let end = ends.next().copied().unwrap_or(start);
            let is_same = self.inline_bytes[start..end] == *text;
            start = end;
            is_same
        })
    }

    fn keep_inline(&mut self, rows: &Rows, inline: &Inline) {
        let ends = self.inline_ends.len();
        // Entries from before have none of their own.
        self.inline_starts.resize(self.len(), ends);
        let mut offset = inline.byte_start;
        for length in inline.lengths(rows) {
            let text = &rows.inline_bytes[offset..offset + *length as usize];
            offset += *length as usize;
            self.inline_bytes.extend_from_slice(text);
            self.inline_ends.push(self.inline_bytes.len());
        }
    }

    pub(super) fn inline_text(&self, entry: usize, column: usize) -> &str {
        let keys = &self.keys[entry * self.key_count..][..column];
        let before = keys.iter().filter(|number| **number == INLINE).count();
        let at = self.inline_starts[entry] + before;
        let start = at.checked_sub(1).map_or(0, |last| self.inline_ends[last]);
        std::str::from_utf8(&self.inline_bytes[start..self.inline_ends[at]]).unwrap_or_default()
    }

    fn grow(&mut self) {
        self.slots.clear();
        self.slots.resize(self.len() * 8, 0);
        self.slots.resize(self.slots.len().next_power_of_two(), 0);
        let mask = self.slots.len() - 1;
        for (entry, hash) in (1_u64..).zip(&self.hashes) {
            let mut slot = *hash as usize & mask;
            while self.slots[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = (u64::from(*hash) << 32) | entry;
        }
    }
}

/// Where the texts without a number of the present row stand among those of its chunk.
#[derive(Default)]
struct Inline {
    start: usize,
    count: usize,
    byte_start: usize,
}

impl Inline {
    /// Goes on to a row; rows come one after the other.
    fn advance(&mut self, rows: &Rows, row: usize) -> Result<(), ReconcileError> {
        if rows.inline_lengths.is_empty() {
            return Ok(());
        }
        let passed: usize = self
            .lengths(rows)
            .iter()
            .map(|length| *length as usize)
            .sum();
        self.byte_start += passed;
        self.start += self.count;
        self.count = rows.inline_count(row);
        if self.start + self.count > rows.inline_lengths.len() {
            return Err(spoiled());
        }
        Ok(())
    }

    fn lengths<'r>(&self, rows: &'r Rows) -> &'r [u32] {
        &rows.inline_lengths[self.start..self.start + self.count]
    }
}

/// The entry in a slot that is not free.
#[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
fn entry_in(content: u64) -> usize {
    (content as u32) as usize - 1
}

#[inline]
pub(super) fn added(sum: i128, number: i128) -> Result<i128, ReconcileError> {
    sum.checked_add(number)
        .ok_or_else(|| ReconcileError::Overflow("the sum of a unit".into()))
}

pub(super) fn spoiled() -> ReconcileError {
    ReconcileError::Engine {
        doing: "reading its own spilled rows",
        source: "they are not as they were written".into(),
    }
}
