//! Adding up one partition after the other.

use crate::reconcile::error::ReconcileError;

use super::chunk::Rows;
use super::leg::{FoldShape, LegRows, partition_count};
use super::lexicon::{INLINE, Lexicon};
use super::spool::Spool;

const SLOTS_FIRST: usize = 1 << 12;

/// All rows, ready to be given as units.
pub(crate) struct Folded {
    shape: FoldShape,
    lexicons: Vec<Lexicon>,
    spool: Spool,
    taken: Vec<LegRows>,
}

impl Folded {
    pub(super) fn new(
        shape: FoldShape,
        lexicons: Vec<Lexicon>,
        spool: Spool,
        taken: Vec<LegRows>,
    ) -> Self {
        Self {
            shape,
            lexicons,
            spool,
            taken,
        }
    }

    /// The number of a text in a key column: a unit that has the text has that number, if there is one.
    pub(crate) fn number(&self, column: usize, text: &str) -> Option<u32> {
        self.lexicons.get(column)?.find(text)
    }

    /// The text of a number of a key column.
    pub(crate) fn text(&self, column: usize, number: u32) -> &str {
        self.lexicons
            .get(column)
            .map_or("", |lexicon| lexicon.get(number))
    }

    /// Gives every unit once, in no order. Fails after the last one where rows or sums were lost.
    pub(crate) fn each(
        &mut self,
        mut give: impl FnMut(&FoldedUnit<'_>) -> Result<(), ReconcileError>,
    ) -> Result<(), ReconcileError> {
        let mut table = Table::new(&self.shape);
        let mut rows = Rows::new(self.lexicons.len(), self.shape.extremes.len());
        let mut given = vec![LegRows::none(self.shape.extremes.len()); self.shape.legs];
        for partition in 0..partition_count() {
            table.clear();
            self.spool.take(partition, |leg, packed| {
                rows.unpack(packed).ok_or_else(spoiled)?;
                table.add(leg, &rows)
            })?;
            for entry in 0..table.len() {
                let unit = FoldedUnit {
                    table: &table,
                    lexicons: &self.lexicons,
                    entry,
                };
                for (leg, given) in given.iter_mut().enumerate() {
                    given.rows += unit.rows(leg);
                    for (at, sum) in given.sums.iter_mut().enumerate() {
                        *sum = added(*sum, table.sums[table.place(entry, leg) + at])?;
                    }
                }
                give(&unit)?;
            }
        }
        for (leg, (taken, given)) in self.taken.iter().zip(&given).enumerate() {
            if taken != given {
                return Err(ReconcileError::Untied {
                    source_name: format!("leg {leg}"),
                    entity: "rows and sums".into(),
                    extracted: taken.rows,
                    accounted: given.rows,
                });
            }
        }
        Ok(())
    }
}

/// One unit.
pub(crate) struct FoldedUnit<'a> {
    table: &'a Table,
    lexicons: &'a [Lexicon],
    entry: usize,
}

impl FoldedUnit<'_> {
    /// How many rows a leg has.
    pub(crate) fn rows(&self, leg: usize) -> u64 {
        self.table.rows[self.entry * self.table.legs + leg]
    }

    /// In how many of a leg's rows a measure is present.
    pub(crate) fn present(&self, leg: usize, measure: usize) -> u64 {
        self.table.present[self.table.place(self.entry, leg) + measure]
    }

    /// The sum of a leg's measure, in twelve decimals; 0 where no row has it.
    pub(crate) fn sum(&self, leg: usize, measure: usize) -> i128 {
        self.table.sums[self.table.place(self.entry, leg) + measure]
    }

    /// The least and the greatest value of a leg's measure, where they were asked for and there is one.
    pub(crate) fn extremes(&self, leg: usize, measure: usize) -> Option<(i128, i128)> {
        let place = self.table.place(self.entry, leg) + measure;
        let extremes = self.table.extremes.get(place)?;
        (self.table.wanted[measure] && self.table.present[place] > 0).then_some(*extremes)
    }

    /// The number of a key column's text; `None` where it has none.
    pub(crate) fn number(&self, column: usize) -> Option<u32> {
        let number = self.table.keys[self.entry * self.lexicons.len() + column];
        (number != INLINE).then_some(number)
    }

    /// The text of a key column.
    pub(crate) fn text(&self, column: usize) -> &str {
        match self.number(column) {
            Some(number) => self.lexicons[column].get(number),
            None => self.table.inline_text(self.entry, column),
        }
    }
}

/// The units of one partition, column by column.
struct Table {
    key_count: usize,
    measure_count: usize,
    legs: usize,
    wanted: Vec<bool>,
    /// The hash, and the entry plus one; 0 is free.
    slots: Vec<u64>,
    hashes: Vec<u32>,
    keys: Vec<u32>,
    rows: Vec<u64>,
    sums: Vec<i128>,
    present: Vec<u64>,
    /// Empty where nobody asked for any.
    extremes: Vec<(i128, i128)>,
    /// Where the texts without a number of an entry begin; empty while there are none at all.
    inline_starts: Vec<usize>,
    inline_ends: Vec<usize>,
    inline_bytes: Vec<u8>,
}

impl Table {
    fn new(shape: &FoldShape) -> Self {
        Self {
            key_count: shape.absent_keys.len(),
            measure_count: shape.extremes.len(),
            legs: shape.legs,
            wanted: shape.extremes.clone(),
            slots: vec![0; SLOTS_FIRST],
            hashes: Vec::new(),
            keys: Vec::new(),
            rows: Vec::new(),
            sums: Vec::new(),
            present: Vec::new(),
            extremes: Vec::new(),
            inline_starts: Vec::new(),
            inline_ends: Vec::new(),
            inline_bytes: Vec::new(),
        }
    }

    fn len(&self) -> usize {
        self.hashes.len()
    }

    fn place(&self, entry: usize, leg: usize) -> usize {
        (entry * self.legs + leg) * self.measure_count
    }

    fn clear(&mut self) {
        self.slots.fill(0);
        self.hashes.clear();
        self.keys.clear();
        self.rows.clear();
        self.sums.clear();
        self.present.clear();
        self.extremes.clear();
        self.inline_starts.clear();
        self.inline_ends.clear();
        self.inline_bytes.clear();
    }

    fn add(&mut self, leg: usize, rows: &Rows) -> Result<(), ReconcileError> {
        let has_extremes = self.wanted.contains(&true);
        let mut inline = Inline::default();
        for row in 0..rows.len() {
            inline.advance(rows, row)?;
            let entry = self.entry(rows, row, &inline)?;
            self.rows[entry * self.legs + leg] += 1;
            let place = self.place(entry, leg);
            let absent = rows.absent[row];
            for (at, column) in rows.measures.iter().enumerate() {
                if absent & (1 << at) != 0 {
                    continue;
                }
                let number = column[row];
                let sum = &mut self.sums[place + at];
                *sum = added(*sum, number)?;
                if has_extremes {
                    let (least, greatest) = &mut self.extremes[place + at];
                    if self.present[place + at] == 0 {
                        (*least, *greatest) = (number, number);
                    } else {
                        *least = number.min(*least);
                        *greatest = number.max(*greatest);
                    }
                }
                self.present[place + at] += 1;
            }
        }
        Ok(())
    }

    /// The entry of a row's key, a new one where it is new.
    fn entry(&mut self, rows: &Rows, row: usize, inline: &Inline) -> Result<usize, ReconcileError> {
        let hash = rows.hashes[row];
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let content = self.slots[slot];
            if content == 0 {
                break;
            }
            if content >> 32 == u64::from(hash) {
                let entry = entry_in(content);
                if self.has_key(entry, rows, row, inline) {
                    return Ok(entry);
                }
            }
            slot = (slot + 1) & mask;
        }
        let entry = self.len();
        let numbered = u32::try_from(entry + 1)
            .map_err(|_| ReconcileError::Overflow("the units of a partition".into()))?;
        self.slots[slot] = (u64::from(hash) << 32) | u64::from(numbered);
        self.hashes.push(hash);
        self.keys.extend(rows.keys.iter().map(|column| column[row]));
        let cells = self.legs * self.measure_count;
        self.rows.resize(self.rows.len() + self.legs, 0);
        self.sums.resize(self.sums.len() + cells, 0);
        self.present.resize(self.present.len() + cells, 0);
        if self.wanted.contains(&true) {
            self.extremes.resize(self.extremes.len() + cells, (0, 0));
        }
        if !inline.lengths(rows).is_empty() || !self.inline_starts.is_empty() {
            self.keep_inline(rows, inline);
        }
        if self.len() * 2 > self.slots.len() {
            self.grow();
        }
        Ok(entry)
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
        // Entries from before the first text without a number have none.
        self.inline_starts.resize(self.len(), ends);
        let mut offset = inline.byte_start;
        for length in inline.lengths(rows) {
            let text = &rows.inline_bytes[offset..offset + *length as usize];
            offset += *length as usize;
            self.inline_bytes.extend_from_slice(text);
            self.inline_ends.push(self.inline_bytes.len());
        }
    }

    fn inline_text(&self, entry: usize, column: usize) -> &str {
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

fn added(sum: i128, number: i128) -> Result<i128, ReconcileError> {
    sum.checked_add(number)
        .ok_or_else(|| ReconcileError::Overflow("the sum of a unit".into()))
}

fn spoiled() -> ReconcileError {
    ReconcileError::Engine {
        doing: "reading its own spilled rows",
        source: "they are not as they were written".into(),
    }
}
