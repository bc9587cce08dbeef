//! Numbers of the texts of view arrays, mostly without reading the texts.
//!
//! A view of at most twelve bytes is its text. A longer one names its place in a buffer, and rows that
//! came from one dictionary name the same place: within the same buffers, equal views are equal texts.

use datafusion::arrow::array::{Array, StringViewArray};
use datafusion::arrow::buffer::Buffer;

use super::lexicon::{INLINE, Lexicon, Numbered};

/// Views that are remembered at once; a power of two.
const SLOTS: usize = 1 << 14;
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
    numbers: Vec<Numbered>,
}

const FREE: Numbered = Numbered {
    number: INLINE,
    hash: 0,
};

impl ViewNumbers {
    /// Gives the number of every row's text to `take`; `None` of a row that is null.
    pub(in crate::reconcile::engine) fn number(
        &mut self,
        array: &StringViewArray,
        lexicon: &mut Lexicon,
        mut take: impl FnMut(usize, Option<Numbered>),
    ) {
        let at = self.list_of(array.data_buffers());
        let known = &mut self.lists[at];
        let nulls = array.nulls();
        for (row, view) in array.views().iter().copied().enumerate() {
            if nulls.is_some_and(|nulls| nulls.is_null(row)) {
                take(row, None);
                continue;
            }
            let slot = slot_of(view);
            let mut numbered = known.numbers[slot];
            if numbered.number == INLINE || known.views[slot] != view {
                numbered = lexicon.number(array.value(row));
                (known.views[slot], known.numbers[slot]) = (view, numbered);
            }
            take(row, Some(numbered));
        }
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
                views: vec![0; SLOTS],
                numbers: vec![FREE; SLOTS],
            });
            return self.lists.len() - 1;
        }
        let at = self.oldest;
        self.oldest = (at + 1) % LISTS;
        let known = &mut self.lists[at];
        known.buffers = buffers.to_vec();
        known.numbers.fill(FREE);
        at
    }
}

#[expect(clippy::cast_possible_truncation, reason = "both halves are mixed")]
fn slot_of(view: u128) -> usize {
    let folded = (view as u64) ^ ((view >> 64) as u64).rotate_left(29);
    (folded.wrapping_mul(SPREAD) >> (64 - SLOTS.trailing_zeros())) as usize
}
