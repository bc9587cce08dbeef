//! The texts of one key column, each known by a number.

use crate::canonical::mark_of;

/// The number of a text that the lexicon has no room for: the row carries the text itself.
pub(in crate::reconcile::engine) const INLINE: u32 = u32::MAX;
/// Slots of a new table; always a power of two.
const SLOTS_FIRST: usize = 1024;

/// Texts by number. Once it is full it takes no new ones: a text has a number in every row, or in none.
#[derive(Debug)]
pub(in crate::reconcile::engine) struct Lexicon {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    hashes: Vec<u64>,
    /// The upper half of the hash, and the number plus one; 0 is free.
    slots: Vec<u64>,
    bytes_max: usize,
    is_full: bool,
    looked_up: Vec<LookedUp>,
}

/// A text of several on its way to its number.
#[derive(Debug, Clone, Copy)]
struct LookedUp {
    hash: u64,
    /// What stands in the slot of the hash.
    content: u64,
    /// Where the text of that number stands.
    start: usize,
    end: usize,
}

impl Lexicon {
    /// A lexicon that takes about `bytes_max` of memory at most.
    pub(in crate::reconcile::engine) fn new(bytes_max: usize) -> Self {
        Self {
            bytes: Vec::new(),
            ends: Vec::new(),
            hashes: Vec::new(),
            slots: vec![0; SLOTS_FIRST],
            bytes_max,
            is_full: false,
            looked_up: Vec::new(),
        }
    }

    /// The number of a text, a new one where it is new and there is room.
    pub(in crate::reconcile::engine) fn number(&mut self, text: &str) -> u32 {
        self.number_of(text, hash_of(text))
    }

    fn number_of(&mut self, text: &str, hash: u64) -> u32 {
        let slot = match self.find_slot(text, hash) {
            Ok(number) => return number,
            Err(slot) => slot,
        };
        if self.is_full || !self.has_room(text) {
            self.is_full = true;
            return INLINE;
        }
        let Ok(number) = u32::try_from(self.ends.len()) else {
            return INLINE;
        };
        self.bytes.extend_from_slice(text.as_bytes());
        self.ends.push(self.bytes.len());
        self.hashes.push(hash);
        self.slots[slot] = tagged(hash, number);
        if self.ends.len() * 2 > self.slots.len() {
            self.grow();
        }
        number
    }

    /// The numbers of several texts, in place of what `out` held. A lexicon of many texts is in no cache:
    /// each step is taken for all of them before the next, so that their ways to memory overlap.
    pub(in crate::reconcile::engine) fn numbers<'t>(
        &mut self,
        texts: impl Iterator<Item = &'t str> + Clone,
        out: &mut Vec<u32>,
    ) {
        out.clear();
        let mut looked_up = std::mem::take(&mut self.looked_up);
        looked_up.clear();
        let mask = self.slots.len() - 1;
        looked_up.extend(texts.clone().map(|text| {
            let hash = hash_of(text);
            LookedUp {
                hash,
                content: self.slots[slot_of(hash, mask)],
                start: 0,
                end: 0,
            }
        }));
        for one in looked_up.iter_mut().filter(|one| one.content != 0) {
            (one.start, one.end) = self.place_of(number_in(one.content));
        }
        for (text, one) in texts.zip(&looked_up) {
            let is_it = one.content != 0
                && one.content >> 32 == one.hash >> 32
                && self.bytes[one.start..one.end] == *text.as_bytes();
            out.push(if is_it {
                number_in(one.content)
            } else {
                self.number_of(text, one.hash)
            });
        }
        self.looked_up = looked_up;
    }

    /// The number of a text, if it has one.
    pub(super) fn find(&self, text: &str) -> Option<u32> {
        self.find_slot(text, hash_of(text)).ok()
    }

    /// The text of a number.
    pub(super) fn get(&self, number: u32) -> &str {
        if number as usize >= self.ends.len() {
            return "";
        }
        let (start, end) = self.place_of(number);
        // Only whole texts were ever put in.
        std::str::from_utf8(&self.bytes[start..end]).unwrap_or_default()
    }

    fn find_slot(&self, text: &str, hash: u64) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = slot_of(hash, mask);
        loop {
            let content = self.slots[slot];
            if content == 0 {
                return Err(slot);
            }
            if content >> 32 == hash >> 32 {
                let number = number_in(content);
                let (start, end) = self.place_of(number);
                if self.bytes[start..end] == *text.as_bytes() {
                    return Ok(number);
                }
            }
            slot = (slot + 1) & mask;
        }
    }

    #[inline]
    fn place_of(&self, number: u32) -> (usize, usize) {
        let at = number as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        (start, self.ends[at])
    }

    fn has_room(&self, text: &str) -> bool {
        let of_each = size_of::<u64>() * 2 + size_of::<usize>();
        let taken = self.bytes.len() + self.ends.len() * of_each + self.slots.len() * 8;
        taken + text.len() + of_each <= self.bytes_max
    }

    fn grow(&mut self) {
        let mut slots = vec![0; self.slots.len() * 2];
        let mask = slots.len() - 1;
        for (number, hash) in (0_u32..).zip(&self.hashes) {
            let mut slot = slot_of(*hash, mask);
            while slots[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            slots[slot] = tagged(*hash, number);
        }
        self.slots = slots;
    }
}

fn tagged(hash: u64, number: u32) -> u64 {
    (hash >> 32 << 32) | (u64::from(number) + 1)
}

/// The number in a slot that is not free.
#[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
fn number_in(content: u64) -> u32 {
    content as u32 - 1
}

#[expect(clippy::cast_possible_truncation, reason = "the mask is far smaller")]
fn slot_of(hash: u64, mask: usize) -> usize {
    hash as usize & mask
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "half of the mark tells texts apart well enough to find them"
)]
pub(super) fn hash_of(text: &str) -> u64 {
    mark_of(text.as_bytes()) as u64
}
