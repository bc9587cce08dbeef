//! Numbers of the texts of view arrays, mostly without reading the texts.
//!
//! A view of at most twelve bytes is its text. A longer one names its place in a buffer, and rows that
//! came from one dictionary name the same place: within the same buffers, equal views are equal texts.

use datafusion::arrow::array::{Array, StringViewArray};
use datafusion::arrow::buffer::Buffer;

use super::lexicon::{INLINE, Lexicon};

/// Views that are remembered at once, at first and at the most; powers of two.
const SLOTS_FIRST: usize = 1 << 10;
const SLOTS_MAX: usize = 1 << 17;
/// Lists of buffers that are told apart: one for each thread that reads.
const LISTS: usize = 4;
/// Rows that are looked up side by side, so that the processor waits for many places of memory at once.
const ROWS_AT_ONCE: usize = 256;
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Views that were numbered before.
#[derive(Debug, Default)]
pub(in crate::reconcile::engine) struct ViewNumbers {
    lists: Vec<Known>,
    oldest: usize,
    looked_up: LookedUp,
}

#[derive(Debug)]
struct Known {
    /// Kept alive, so that no other buffer can take the place of one of them.
    buffers: Vec<Buffer>,
    slots: Vec<Slot>,
    /// Texts that were looked up since the slots were made.
    missed: usize,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    view: u128,
    /// A slot whose text has no number is free.
    number: u32,
}

const FREE: Slot = Slot {
    view: 0,
    number: INLINE,
};

/// What some rows came to.
#[derive(Debug, Default)]
struct LookedUp {
    slots: Vec<Slot>,
    numbers: Vec<u32>,
    /// The rows whose views were not known, and the numbers of their texts.
    missing: Vec<usize>,
    found: Vec<u32>,
}

impl ViewNumbers {
    /// Gives the number of every row's text to `take`; `None` of a row that is null.
    pub(in crate::reconcile::engine) fn number(
        &mut self,
        array: &StringViewArray,
        lexicon: &mut Lexicon,
        mut take: impl FnMut(Option<u32>),
    ) {
        let at = self.list_of(array.data_buffers());
        let (known, looked_up) = (&mut self.lists[at], &mut self.looked_up);
        let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
        let mut start = 0;
        for views in array.views().chunks(ROWS_AT_ONCE) {
            let is_null = |row: usize| nulls.is_some_and(|nulls| nulls.is_null(start + row));
            known.look_up(views, is_null, looked_up);
            let missing = looked_up.missing.iter();
            lexicon.numbers(
                missing.map(|row| array.value(start + row)),
                &mut looked_up.found,
            );
            for (row, number) in looked_up.missing.iter().zip(&looked_up.found) {
                looked_up.numbers[*row] = *number;
                known.keep(views[*row], *number);
            }
            for (row, number) in looked_up.numbers.iter().enumerate() {
                take((!is_null(row)).then_some(*number));
            }
            start += views.len();
        }
        known.grow();
    }

    /// The list of known views whose buffers are the first ones of `buffers`.
    fn list_of(&mut self, buffers: &[Buffer]) -> usize {
        let is_prefix = |known: &Known| {
            known.buffers.len() <= buffers.len()
                && known
                    .buffers
                    .iter()
                    .zip(buffers)
                    .all(|(base, peer)| base.ptr_eq(peer) && base.len() == peer.len())
        };
        if let Some(at) = self.lists.iter().position(is_prefix) {
            let known = &mut self.lists[at].buffers;
            known.extend_from_slice(&buffers[known.len()..]);
            return at;
        }
        if self.lists.len() < LISTS {
            self.lists.push(Known {
                buffers: buffers.to_vec(),
                slots: vec![FREE; SLOTS_FIRST],
                missed: 0,
            });
            return self.lists.len() - 1;
        }
        let at = self.oldest;
        self.oldest = (at + 1) % LISTS;
        let known = &mut self.lists[at];
        known.buffers = buffers.to_vec();
        known.slots.fill(FREE);
        known.missed = 0;
        at
    }
}

impl Known {
    /// Puts the numbers of the views that are known into `out`, and says which ones are not.
    fn look_up(&self, views: &[u128], is_null: impl Fn(usize) -> bool, out: &mut LookedUp) {
        let LookedUp {
            slots,
            numbers,
            missing,
            ..
        } = out;
        missing.clear();
        slots.clear();
        slots.extend(views.iter().map(|view| self.slots[self.slot_of(*view)]));
        numbers.clear();
        for (row, (view, slot)) in views.iter().zip(&*slots).enumerate() {
            if slot.view == *view && slot.number != INLINE {
                numbers.push(slot.number);
                continue;
            }
            // Each has two to choose from.
            let other = self.slots[self.slot_of(*view) ^ 1];
            numbers.push(other.number);
            if (other.view != *view || other.number == INLINE) && !is_null(row) {
                missing.push(row);
            }
        }
    }

    /// Remembers a view's number, in place of another one where there is no room.
    fn keep(&mut self, view: u128, number: u32) {
        let slot = self.slot_of(view);
        let is_free = self.slots[slot].number == INLINE;
        self.slots[if is_free { slot } else { slot ^ 1 }] = Slot { view, number };
        self.missed += 1;
    }

    /// Takes more slots, all free, where there are too many texts for them.
    fn grow(&mut self) {
        let slots = self.slots.len();
        if self.missed > slots && slots < SLOTS_MAX {
            self.slots = vec![FREE; SLOTS_MAX.min(slots * 8)];
            self.missed = 0;
        }
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "both halves are mixed")]
    fn slot_of(&self, view: u128) -> usize {
        let folded = (view as u64) ^ ((view >> 64) as u64).rotate_left(29);
        (folded.wrapping_mul(SPREAD) >> (64 - self.slots.len().trailing_zeros())) as usize
    }
}
