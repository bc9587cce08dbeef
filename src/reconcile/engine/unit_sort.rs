//! Units in the order of their keys, however many: packed in memory up to a budget, then in sorted
//! runs on disk that are merged.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::reconcile::error::ReconcileError;

/// Bytes of a run that are read at once.
const READ_BYTES: usize = 64 << 10;
/// What a packed unit takes beside its bytes: where it stands.
const PLACE_BYTES: usize = size_of::<(usize, usize)>();

/// Packs the texts that a unit is ordered by. Texts are compared as bytes, one after the other.
pub(super) fn pack_texts<'t>(texts: impl IntoIterator<Item = &'t str>, out: &mut Vec<u8>) {
    for text in texts {
        // Escaped, so that the bytes of all texts together are ordered as the texts are.
        for byte in text.bytes() {
            match byte {
                0 => out.extend_from_slice(&[0, 1]),
                other => out.push(other),
            }
        }
        out.extend_from_slice(&[0, 0]);
    }
}

/// Takes a text that [`pack_texts`] packed.
pub(super) fn unpack_text(rest: &mut &[u8]) -> Option<String> {
    let mut text = Vec::new();
    loop {
        match rest {
            [0, 0, left @ ..] => {
                *rest = left;
                return String::from_utf8(text).ok();
            }
            [0, 1, left @ ..] => {
                text.push(0);
                *rest = left;
            }
            [byte, left @ ..] => {
                text.push(*byte);
                *rest = left;
            }
            [] => return None,
        }
    }
}

/// Packed units on their way to an order.
pub(crate) struct UnitSort {
    bytes: Vec<u8>,
    places: Vec<(usize, usize)>,
    bytes_max: usize,
    folder: PathBuf,
    runs: Option<Runs>,
}

struct Runs {
    file: File,
    length: u64,
    bounds: Vec<(u64, u64)>,
}

impl UnitSort {
    /// A sort that keeps about `bytes_max` in memory and writes what is more below `folder`.
    pub(crate) fn new(bytes_max: usize, folder: &Path) -> Self {
        Self {
            bytes: Vec::new(),
            places: Vec::new(),
            bytes_max,
            folder: folder.to_owned(),
            runs: None,
        }
    }

    /// Takes a unit, which `pack` appends: its order first. Equal bytes may come in any order.
    pub(crate) fn push(&mut self, pack: impl FnOnce(&mut Vec<u8>)) -> Result<(), ReconcileError> {
        let start = self.bytes.len();
        pack(&mut self.bytes);
        self.places.push((start, self.bytes.len()));
        let taken = self.bytes.len() + self.places.len() * PLACE_BYTES;
        if taken > self.bytes_max {
            self.write_run()?;
        }
        Ok(())
    }

    /// Gives all units in order.
    pub(super) fn each(
        self,
        mut give: impl FnMut(&[u8]) -> Result<(), ReconcileError>,
    ) -> Result<(), ReconcileError> {
        let mut sorted = self.sorted()?;
        while let Some(unit) = sorted.advance()? {
            give(unit)?;
        }
        Ok(())
    }

    /// All units, to be given in order.
    pub(crate) fn sorted(mut self) -> Result<SortedUnits, ReconcileError> {
        self.sort();
        if self.runs.is_some() {
            self.write_run()?;
            self.bytes = Vec::new();
            self.places = Vec::new();
        }
        let mut sorted = SortedUnits {
            heads: BinaryHeap::new(),
            given: None,
            next: 0,
            units: self,
        };
        let runs = sorted.units.runs.iter();
        let bounds: Vec<(u64, u64)> = runs.flat_map(|runs| runs.bounds.clone()).collect();
        for bounds in bounds {
            sorted.given = Some(Run::new(bounds));
            sorted.put_back()?;
        }
        Ok(sorted)
    }

    fn sort(&mut self) {
        let bytes = &self.bytes;
        self.places
            .sort_unstable_by(|base, peer| bytes[base.0..base.1].cmp(&bytes[peer.0..peer.1]));
    }

    fn write_run(&mut self) -> Result<(), ReconcileError> {
        self.sort();
        let folder = self.folder.clone();
        let failed = |error| spill_error("written", &folder, error);
        let mut runs = match self.runs.take() {
            Some(runs) => runs,
            None => Runs {
                file: std::fs::create_dir_all(&self.folder)
                    .and_then(|()| tempfile::tempfile_in(&self.folder))
                    .map_err(failed)?,
                length: 0,
                bounds: Vec::new(),
            },
        };
        let start = runs.length;
        let mut writer = BufWriter::with_capacity(1 << 20, &runs.file);
        for (from, to) in &self.places {
            let unit = &self.bytes[*from..*to];
            let length = u32::try_from(unit.len()).unwrap_or(u32::MAX).to_le_bytes();
            let written = writer.write_all(&length);
            written
                .and_then(|()| writer.write_all(unit))
                .map_err(failed)?;
            runs.length += (length.len() + unit.len()) as u64;
        }
        writer.flush().map_err(failed)?;
        drop(writer);
        runs.bounds.push((start, runs.length));
        self.runs = Some(runs);
        self.bytes.clear();
        self.places.clear();
        Ok(())
    }
}

/// Units in their order, one after the other.
pub(crate) struct SortedUnits {
    units: UnitSort,
    /// How many were given, where all are in memory.
    next: usize,
    heads: BinaryHeap<Run>,
    /// The run whose unit was given last.
    given: Option<Run>,
}

impl SortedUnits {
    /// The next unit.
    pub(crate) fn advance(&mut self) -> Result<Option<&[u8]>, ReconcileError> {
        if self.units.runs.is_none() {
            let place = self.units.places.get(self.next).copied();
            self.next += 1;
            return Ok(place.map(|(start, end)| &self.units.bytes[start..end]));
        }
        self.put_back()?;
        self.given = self.heads.pop();
        Ok(self.given.as_ref().map(Run::unit))
    }

    /// Puts the run whose unit was given back among the others, unless it is at its end.
    fn put_back(&mut self) -> Result<(), ReconcileError> {
        let (Some(mut run), Some(runs)) = (self.given.take(), &self.units.runs) else {
            return Ok(());
        };
        let failed = |error| spill_error("read", &self.units.folder, error);
        if run.advance(&runs.file).map_err(failed)? {
            self.heads.push(run);
        }
        Ok(())
    }
}

fn spill_error(action: &'static str, folder: &Path, source: std::io::Error) -> ReconcileError {
    ReconcileError::Spill {
        action,
        folder: folder.to_owned(),
        source,
    }
}

/// A sorted run while it is merged. The heap gives the least unit first.
struct Run {
    next: u64,
    end: u64,
    read: Vec<u8>,
    from: usize,
    to: usize,
}

impl Run {
    fn new((start, end): (u64, u64)) -> Self {
        Self {
            next: start,
            end,
            read: Vec::new(),
            from: 0,
            to: 0,
        }
    }

    fn unit(&self) -> &[u8] {
        &self.read[self.from..self.to]
    }

    /// Goes on to the next unit, if there is one.
    fn advance(&mut self, file: &File) -> std::io::Result<bool> {
        let start = self.to;
        if !self.has(file, start, 4)? {
            return Ok(false);
        }
        let start = self.from;
        let length = self.read[start..start + 4]
            .try_into()
            .map_or(0, u32::from_le_bytes) as usize;
        if !self.has(file, start + 4, length)? {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        self.to = self.from + length;
        Ok(true)
    }

    /// Makes `length` bytes from a place on available, and puts `from` there.
    fn has(&mut self, file: &File, start: usize, length: usize) -> std::io::Result<bool> {
        self.from = start;
        if self.read.len() - start >= length {
            return Ok(true);
        }
        self.read.drain(..start);
        self.from = 0;
        let left = usize::try_from(self.end - self.next).unwrap_or(usize::MAX);
        let wanted = left.min(READ_BYTES.max(length));
        let before = self.read.len();
        self.read.resize(before + wanted, 0);
        file.read_exact_at(&mut self.read[before..], self.next)?;
        self.next += wanted as u64;
        Ok(self.read.len() >= length)
    }
}

impl Ord for Run {
    fn cmp(&self, other: &Self) -> Ordering {
        other.unit().cmp(self.unit())
    }
}

impl PartialOrd for Run {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Run {
    fn eq(&self, other: &Self) -> bool {
        self.unit() == other.unit()
    }
}

impl Eq for Run {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        // Goal: units come in the order of their texts, with or without room for them. Method: texts
        // with bytes that are hard to order, behind each of which the unit's number stands.
        #[test]
        fn units_come_in_order(
            keys in prop::collection::vec(("[\u{0}\u{1}ab]{0,3}", "[\u{0}ab\u{ff}]{0,2}"), 0..300),
            bytes_max in prop_oneof![Just(0_usize), Just(500), Just(1 << 20)],
        ) {
            let folder = tempfile::tempdir().unwrap();
            let mut sort = UnitSort::new(bytes_max, folder.path());
            for (at, (account, sku)) in (0_u32..).zip(&keys) {
                sort.push(|out| {
                    pack_texts([account.as_str(), sku.as_str()], out);
                    out.extend_from_slice(&at.to_be_bytes());
                })
                .unwrap();
            }
            let mut told = Vec::new();
            sort.each(|mut rest| {
                let account = unpack_text(&mut rest).unwrap();
                let sku = unpack_text(&mut rest).unwrap();
                told.push((account, sku, u32::from_be_bytes(rest.try_into().unwrap())));
                Ok(())
            })
            .unwrap();
            let mut expected: Vec<(String, String, u32)> = (0..)
                .zip(keys)
                .map(|(at, (account, sku))| (account, sku, at))
                .collect();
            expected.sort();
            prop_assert_eq!(told, expected);
        }
    }
}
