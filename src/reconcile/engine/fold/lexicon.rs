//! The texts of one key column, each known by a number.

use crate::canonical::mark_of;

/// The number of a text that the lexicon has no room for: the row carries the text itself.
pub(in crate::reconcile::engine) const INLINE: u32 = u32::MAX;
/// Slots of a new table; always a power of two.
const SLOTS_FIRST: usize = 256;
/// Bytes of a text that stands in its slot; a longer one is looked up behind it.
const NEAR_BYTES: usize = 24;
/// What tells a longer text in a slot from the length of a short one.
const FAR: u32 = 1 << 31;

/// Texts by number. Once it is full it takes no new ones: a text has a number in every row, or in none.
#[derive(Debug)]
pub(in crate::reconcile::engine) struct Lexicon {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    hashes: Vec<u64>,
    slots: Vec<Slot>,
    bytes_max: usize,
    is_full: bool,
    looked_up: Vec<(u64, u32)>,
}

/// A text with its number, in one line of the processor's cache: a table of many texts is in no cache,
/// and each further place that is looked at would be waited for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(align(32))]
struct Slot {
    /// The number plus one; 0 is free.
    numbered: u32,
    /// The length of a text that stands here, or a part of a longer one's hash.
    head: u32,
    near: [u8; NEAR_BYTES],
}

impl Lexicon {
    /// A lexicon that takes about `bytes_max` of memory at most.
    pub(in crate::reconcile::engine) fn new(bytes_max: usize) -> Self {
        Self {
            bytes: Vec::new(),
            ends: Vec::new(),
            hashes: Vec::new(),
            slots: vec![Slot::default(); SLOTS_FIRST],
            bytes_max,
            is_full: false,
            looked_up: Vec::new(),
        }
    }

    /// How much memory it takes.
    pub(super) fn taken_bytes(&self) -> usize {
        self.bytes_with(self.slots.len())
    }

    /// Allows it another size. What is full stays so.
    pub(super) fn allow(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max;
    }

    /// The number of a text, a new one where it is new and there is room.
    pub(in crate::reconcile::engine) fn number(&mut self, text: &str) -> u32 {
        self.number_of(text, hash_of(text))
    }

    /// The numbers of several texts, in place of what `out` held. First all of their slots are looked
    /// at, so that their ways to memory overlap.
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
            (hash, self.slots[slot_of(hash, mask)].numbered)
        }));
        for (text, (hash, numbered)) in texts.zip(&looked_up) {
            let known = match numbered {
                0 => None,
                _ => self.find_slot(text, *hash).ok(),
            };
            out.push(known.unwrap_or_else(|| self.number_of(text, *hash)));
        }
        self.looked_up = looked_up;
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
        self.slots[slot] = Slot {
            numbered: number + 1,
            ..wanted(text, hash)
        };
        if is_crowded(self.ends.len(), self.slots.len()) {
            self.grow();
        }
        number
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
        // Only whole texts were ever put in.
        std::str::from_utf8(self.bytes_of(number)).unwrap_or_default()
    }

    fn find_slot(&self, text: &str, hash: u64) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let wanted = wanted(text, hash);
        let mut at = slot_of(hash, mask);
        loop {
            let slot = &self.slots[at];
            if slot.numbered == 0 {
                return Err(at);
            }
            if slot.head == wanted.head && slot.near == wanted.near {
                let number = slot.numbered - 1;
                if slot.head & FAR == 0 || self.bytes_of(number) == text.as_bytes() {
                    return Ok(number);
                }
            }
            at = (at + 1) & mask;
        }
    }

    #[inline]
    fn bytes_of(&self, number: u32) -> &[u8] {
        let at = number as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[at]]
    }

    fn has_room(&self, text: &str) -> bool {
        let slots = self.slots.len();
        let is_growing = is_crowded(self.ends.len() + 1, slots);
        let slots = if is_growing { slots * 2 } else { slots };
        self.bytes_with(slots) + text.len() <= self.bytes_max
    }

    fn bytes_with(&self, slots: usize) -> usize {
        let of_each = size_of::<u64>() + size_of::<usize>();
        self.bytes.len() + self.ends.len() * of_each + slots * size_of::<Slot>()
    }

    fn grow(&mut self) {
        let mut slots = vec![Slot::default(); self.slots.len() * 2];
        let mask = slots.len() - 1;
        for slot in self.slots.iter().filter(|slot| slot.numbered > 0) {
            let mut at = slot_of(self.hashes[slot.numbered as usize - 1], mask);
            while slots[at].numbered != 0 {
                at = (at + 1) & mask;
            }
            slots[at] = *slot;
        }
        self.slots = slots;
    }
}

/// What stands in the slot of a text, beside its number.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "a short length, and a part of the hash"
)]
fn wanted(text: &str, hash: u64) -> Slot {
    let mut slot = Slot::default();
    if let Some(near) = slot.near.get_mut(..text.len()) {
        near.copy_from_slice(text.as_bytes());
        slot.head = text.len() as u32;
    } else {
        slot.head = (hash >> 32) as u32 | FAR;
    }
    slot
}

fn is_crowded(texts: usize, slots: usize) -> bool {
    texts * 3 > slots * 2
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
