//! Rows of one leg and partition, as columns that are packed as tightly as their values allow.

use super::lexicon::INLINE;

/// Rows as columns. `absent` has a bit for every measure that a row does not have.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// The lower half of the key's hash.
    pub(super) hashes: Vec<u32>,
    pub(super) keys: Vec<Vec<u32>>,
    pub(super) measures: Vec<Vec<i128>>,
    pub(super) absent: Vec<u32>,
    /// The lengths of the texts that have no number, row by row and column by column.
    pub(super) inline_lengths: Vec<u32>,
    pub(super) inline_bytes: Vec<u8>,
}

impl Rows {
    pub(super) fn new(key_count: usize, measure_count: usize) -> Self {
        Self {
            keys: vec![Vec::new(); key_count],
            measures: vec![Vec::new(); measure_count],
            ..Self::default()
        }
    }

    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    pub(super) fn clear(&mut self) {
        self.hashes.clear();
        self.keys.iter_mut().for_each(Vec::clear);
        self.measures.iter_mut().for_each(Vec::clear);
        self.absent.clear();
        self.inline_lengths.clear();
        self.inline_bytes.clear();
    }

    /// Appends the rows in packed form.
    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&length(self.len()));
        pack_words(&self.hashes, out);
        for column in &self.keys {
            pack_words(column, out);
        }
        for column in &self.measures {
            pack_numbers(column, out);
        }
        pack_words(&self.absent, out);
        out.extend_from_slice(&length(self.inline_lengths.len()));
        pack_words(&self.inline_lengths, out);
        out.extend_from_slice(&length(self.inline_bytes.len()));
        out.extend_from_slice(&self.inline_bytes);
    }

    /// Reads what [`Rows::pack`] wrote, in place of the rows that are here. `None` where the bytes are
    /// something else.
    pub(super) fn unpack(&mut self, packed: &[u8]) -> Option<()> {
        self.clear();
        let mut rest = packed;
        let rows = take_length(&mut rest)?;
        unpack_words(rows, &mut rest, &mut self.hashes)?;
        for column in &mut self.keys {
            unpack_words(rows, &mut rest, column)?;
        }
        for column in &mut self.measures {
            unpack_numbers(rows, &mut rest, column)?;
        }
        unpack_words(rows, &mut rest, &mut self.absent)?;
        let inline = take_length(&mut rest)?;
        unpack_words(inline, &mut rest, &mut self.inline_lengths)?;
        let bytes = take_length(&mut rest)?;
        self.inline_bytes.extend_from_slice(take(&mut rest, bytes)?);
        rest.is_empty().then_some(())
    }

    /// How many of a row's key columns carry their text themselves.
    pub(super) fn inline_count(&self, row: usize) -> usize {
        if self.inline_lengths.is_empty() {
            return 0;
        }
        let is_inline = |column: &&Vec<u32>| column[row] == INLINE;
        self.keys.iter().filter(is_inline).count()
    }
}

fn length(count: usize) -> [u8; 4] {
    // A chunk is far smaller than 4 GiB.
    u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes()
}

fn take<'b>(rest: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (taken, left) = rest.split_at_checked(count)?;
    *rest = left;
    Some(taken)
}

fn take_length(rest: &mut &[u8]) -> Option<usize> {
    let bytes = take(rest, 4)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(bytes)).ok()
}

/// The least of the words, how many bytes their distances from it take, and the distances.
fn pack_words(words: &[u32], out: &mut Vec<u8>) {
    let least = words.iter().copied().min().unwrap_or_default();
    let widest = words.iter().copied().max().unwrap_or_default() - least;
    let width = match widest {
        0 => 0,
        1..=0xff => 1,
        0x100..=0xffff => 2,
        _ => 4,
    };
    out.extend_from_slice(&least.to_le_bytes());
    out.push(width);
    match width {
        0 => {}
        1 => out.extend(words.iter().map(|word| (word - least) as u8)),
        2 => out.extend(
            words
                .iter()
                .flat_map(|word| ((word - least) as u16).to_le_bytes()),
        ),
        _ => out.extend(words.iter().flat_map(|word| (word - least).to_le_bytes())),
    }
}

fn unpack_words(count: usize, rest: &mut &[u8], words: &mut Vec<u32>) -> Option<()> {
    let least = u32::from_le_bytes(take(rest, 4)?.try_into().ok()?);
    let width = take(rest, 1)?[0];
    let bytes = take(rest, count * usize::from(width))?;
    match width {
        0 => words.extend(std::iter::repeat_n(least, count)),
        1 => words.extend(bytes.iter().map(|byte| least.wrapping_add((*byte).into()))),
        2 => words.extend(
            bytes
                .as_chunks()
                .0
                .iter()
                .map(|two| least.wrapping_add(u16::from_le_bytes(*two).into())),
        ),
        4 => words.extend(
            bytes
                .as_chunks()
                .0
                .iter()
                .map(|four| least.wrapping_add(u32::from_le_bytes(*four))),
        ),
        _ => return None,
    }
    Some(())
}

/// As [`pack_words`], for exact numbers.
fn pack_numbers(numbers: &[i128], out: &mut Vec<u8>) {
    let least = numbers.iter().copied().min().unwrap_or_default();
    let greatest = numbers.iter().copied().max().unwrap_or_default();
    let distance = |number: &i128| number.wrapping_sub(least).cast_unsigned();
    let width: u8 = match distance(&greatest) {
        0 => 0,
        1..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        0x1_0000_0000..=0xffff_ffff_ffff_ffff => 8,
        _ => 16,
    };
    out.extend_from_slice(&least.to_le_bytes());
    out.push(width);
    match width {
        0 => {}
        2 => out.extend(
            numbers
                .iter()
                .flat_map(|number| (distance(number) as u16).to_le_bytes()),
        ),
        4 => out.extend(
            numbers
                .iter()
                .flat_map(|number| (distance(number) as u32).to_le_bytes()),
        ),
        8 => out.extend(
            numbers
                .iter()
                .flat_map(|number| (distance(number) as u64).to_le_bytes()),
        ),
        _ => out.extend(
            numbers
                .iter()
                .flat_map(|number| distance(number).to_le_bytes()),
        ),
    }
}

fn unpack_numbers(count: usize, rest: &mut &[u8], numbers: &mut Vec<i128>) -> Option<()> {
    let least = i128::from_le_bytes(take(rest, 16)?.try_into().ok()?);
    let width = take(rest, 1)?[0];
    let bytes = take(rest, count * usize::from(width))?;
    let back = |distance: u128| least.wrapping_add(distance.cast_signed());
    match width {
        0 => numbers.extend(std::iter::repeat_n(least, count)),
        2 => numbers.extend(
            bytes
                .as_chunks()
                .0
                .iter()
                .map(|two| back(u16::from_le_bytes(*two).into())),
        ),
        4 => numbers.extend(
            bytes
                .as_chunks()
                .0
                .iter()
                .map(|four| back(u32::from_le_bytes(*four).into())),
        ),
        8 => numbers.extend(
            bytes
                .as_chunks()
                .0
                .iter()
                .map(|eight| back(u64::from_le_bytes(*eight).into())),
        ),
        16 => numbers.extend(
            bytes
                .as_chunks()
                .0
                .iter()
                .map(|sixteen| back(u128::from_le_bytes(*sixteen))),
        ),
        _ => return None,
    }
    Some(())
}
