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
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Views that were numbered before.
#[derive(Debug, Default)]
pub(in crate::reconcile::engine) struct ViewNumbers {
    lists: Vec<Known>,
    oldest: usize,
}

#[derive(Debug)]
struct Known {
    /// Kept alive, so that no other buffer can take the place of one of them.
    buffers: Vec<Buffer>,
    views: Vec<u128>,
    /// A slot whose text has no number is free.
    numbers: Vec<u32>,
    /// Texts that were looked up since the slots were made.
    missed: usize,
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
        let known = &mut self.lists[at];
        let nulls = array.nulls();
        // Many columns have one text in long runs of rows.
        let mut last: Option<(u128, u32)> = None;
        for (row, view) in array.views().iter().copied().enumerate() {
            if nulls.is_some_and(|nulls| nulls.is_null(row)) {
                take(None);
                continue;
            }
            if let Some((_, number)) = last.filter(|(known, _)| *known == view) {
                take(Some(number));
                continue;
            }
            let number = match known.find(view) {
                Ok(number) => number,
                Err(slot) => {
                    let number = lexicon.number(array.value(row));
                    (known.views[slot], known.numbers[slot]) = (view, number);
                    known.missed += 1;
                    number
                }
            };
            last = Some((view, number));
            take(Some(number));
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
                views: vec![0; SLOTS_FIRST],
                numbers: vec![INLINE; SLOTS_FIRST],
                missed: 0,
            });
            return self.lists.len() - 1;
        }
        let at = self.oldest;
        self.oldest = (at + 1) % LISTS;
        let known = &mut self.lists[at];
        known.buffers = buffers.to_vec();
        known.numbers.fill(INLINE);
        known.missed = 0;
        at
    }
}

impl Known {
    /// The number of a view, or the slot that it takes: each has two to choose from.
    #[inline]
    fn find(&self, view: u128) -> Result<u32, usize> {
        let slot = slot_of(view, self.numbers.len());
        let other = slot ^ 1;
        for slot in [slot, other] {
            if self.views[slot] == view && self.numbers[slot] != INLINE {
                return Ok(self.numbers[slot]);
            }
        }
        Err(if self.numbers[slot] == INLINE {
            slot
        } else {
            other
        })
    }

    /// Takes more slots, all free, where there are too many texts for them.
    fn grow(&mut self) {
        let slots = self.numbers.len();
        if self.missed > slots && slots < SLOTS_MAX {
            let more = SLOTS_MAX.min(slots * 8);
            self.views = vec![0; more];
            self.numbers = vec![INLINE; more];
            self.missed = 0;
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "both halves are mixed")]
fn slot_of(view: u128, slots: usize) -> usize {
    let folded = (view as u64) ^ ((view >> 64) as u64).rotate_left(29);
    (folded.wrapping_mul(SPREAD) >> (64 - slots.trailing_zeros())) as usize
}
