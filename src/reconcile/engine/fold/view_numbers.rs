//! Numbers of the texts of view arrays, mostly without reading the texts.
//!
//! A view of at most twelve bytes is its text. A longer one names its place in a buffer, and rows that
//! came from one dictionary name the same place: within the same buffers, equal views are equal texts.

use datafusion::arrow::array::{Array, StringViewArray};
use datafusion::arrow::buffer::Buffer;

use super::lexicon::{INLINE, Lexicon};

/// Short views that are remembered at once, at first and at the most; powers of two.
const SLOTS_FIRST: usize = 1 << 8;
const SLOTS_MAX: usize = 1 << 16;
/// The longest view that is its text.
const SHORT_BYTES: u32 = 12;
/// Texts of a dictionary that are no short ones begin further from each other than this, as a power of
/// two: a place that is cut by it is that of one text.
const PLACE_BITS: u32 = 4;
/// Buffers beyond this size have no table of their places.
const BUFFER_BYTES_MAX: usize = 16 << 20;
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
    short: ShortViews,
    /// What the present rows came to.
    numbers: Vec<u32>,
    /// Those whose views were not known, and the numbers of their texts.
    missing: Vec<usize>,
    found: Vec<u32>,
}

/// Views of one list of buffers.
#[derive(Debug)]
struct Known {
    /// Kept alive, so that no other buffer can take the place of one of them.
    buffers: Vec<Buffer>,
    /// For each buffer what its places are known as; empty until the buffer came twice.
    places: Vec<Vec<Place>>,
}

/// A text by its place in a buffer, cut by [`PLACE_BITS`].
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Its length, and what was cut off.
    mark: u32,
    /// A place whose text has no number is free.
    number: u32,
}

const NOBODY: Place = Place {
    mark: 0,
    number: INLINE,
};

/// Views that are their texts, whatever the buffers.
#[derive(Debug)]
struct ShortViews {
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

impl ViewNumbers {
    /// Gives the number of every row's text to `take`; `None` of a row that is null.
    pub(in crate::reconcile::engine) fn number(
        &mut self,
        array: &StringViewArray,
        lexicon: &mut Lexicon,
        mut take: impl FnMut(Option<u32>),
    ) {
        let at = self.list_of(array.data_buffers());
        let Self {
            lists,
            short,
            numbers,
            missing,
            found,
            ..
        } = self;
        let known = &mut lists[at];
        let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
        let mut start = 0;
        for views in array.views().chunks(ROWS_AT_ONCE) {
            let is_null = |row: usize| nulls.is_some_and(|nulls| nulls.is_null(start + row));
            numbers.clear();
            numbers.extend(views.iter().map(|view| {
                if is_short(*view) {
                    short.number(*view)
                } else {
                    known.number(*view)
                }
            }));
            missing.clear();
            let unknown = (0..views.len()).filter(|row| numbers[*row] == INLINE);
            missing.extend(unknown.filter(|row| !is_null(*row)));
            lexicon.numbers(missing.iter().map(|row| array.value(start + row)), found);
            for (row, number) in missing.iter().zip(&*found) {
                numbers[*row] = *number;
                let view = views[*row];
                if is_short(view) {
                    short.keep(view, *number);
                } else {
                    known.keep(view, *number);
                }
            }
            for (row, number) in numbers.iter().enumerate() {
                take((!is_null(row)).then_some(*number));
            }
            start += views.len();
        }
        short.grow();
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
            self.lists[at].came_again(buffers);
            return at;
        }
        let known = Known {
            buffers: buffers.to_vec(),
            places: Vec::new(),
        };
        if self.lists.len() < LISTS {
            self.lists.push(known);
            return self.lists.len() - 1;
        }
        let at = self.oldest;
        self.oldest = (at + 1) % LISTS;
        self.lists[at] = known;
        at
    }
}

impl Known {
    /// What came twice is likely to come again: from now on its places are remembered.
    fn came_again(&mut self, buffers: &[Buffer]) {
        for buffer in &self.buffers[self.places.len()..] {
            let is_small = buffer.len() <= BUFFER_BYTES_MAX;
            let count = if is_small {
                (buffer.len() >> PLACE_BITS) + 1
            } else {
                0
            };
            self.places.push(vec![NOBODY; count]);
        }
        self.buffers
            .extend_from_slice(&buffers[self.buffers.len()..]);
    }

    #[inline]
    fn number(&self, view: u128) -> u32 {
        let (buffer, at, mark) = place_of(view);
        let place = self.places.get(buffer).and_then(|places| places.get(at));
        match place {
            Some(place) if place.mark == mark => place.number,
            _ => INLINE,
        }
    }

    /// Remembers the number of a view, in place of another one at the same place.
    fn keep(&mut self, view: u128, number: u32) {
        let (buffer, at, mark) = place_of(view);
        let places = self.places.get_mut(buffer);
        if let Some(place) = places.and_then(|places| places.get_mut(at)) {
            *place = Place { mark, number };
        }
    }
}

impl Default for ShortViews {
    fn default() -> Self {
        Self {
            slots: vec![FREE; SLOTS_FIRST],
            missed: 0,
        }
    }
}

impl ShortViews {
    /// Each view has two slots to choose from.
    #[inline]
    fn number(&self, view: u128) -> u32 {
        let slot = self.slot_of(view);
        let of = |slot: Slot| {
            if slot.view == view {
                slot.number
            } else {
                INLINE
            }
        };
        of(self.slots[slot]).min(of(self.slots[slot ^ 1]))
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

/// Whether a view is its text.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "its length is the lowest part"
)]
fn is_short(view: u128) -> bool {
    view as u32 <= SHORT_BYTES
}

/// The buffer of a view, the place in it, and what tells texts of one place apart.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "from the lowest: length, first bytes, buffer, offset, of 32 bits each"
)]
fn place_of(view: u128) -> (usize, usize, u32) {
    let (length, buffer, offset) = (view as u32, (view >> 64) as u32, (view >> 96) as u32);
    let cut_off = offset & ((1 << PLACE_BITS) - 1);
    // A buffer that has a table is shorter than what is lost of the length here.
    let mark = length << PLACE_BITS | cut_off;
    (buffer as usize, (offset >> PLACE_BITS) as usize, mark)
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Array, StringViewArray, StringViewBuilder};
    use proptest::prelude::*;

    use super::{Lexicon, ViewNumbers};

    const TEXT: &str = "acc_0000000017acc_0000000018acc_0000000017 and some more of it";

    /// Views into one buffer, wherever they begin and end; `None` is null.
    fn array(cuts: &[Option<(usize, usize)>]) -> StringViewArray {
        let mut builder = StringViewBuilder::new();
        let block = builder.append_block(TEXT.as_bytes().to_vec().into());
        for cut in cuts {
            match cut {
                None => builder.append_null(),
                Some((start, length)) => {
                    let length = (*length).min(TEXT.len() - start);
                    let [start, length] = [*start, length].map(|one| u32::try_from(one).unwrap());
                    builder.try_append_view(block, start, length).unwrap();
                }
            }
        }
        builder.finish()
    }

    proptest! {
        // Goal: a row's number is that of its text, however views overlap, repeat or run out of
        // room. Method: slices of one array, several times, with a lexicon that is soon full.
        #[test]
        fn a_view_has_the_number_of_its_text(
            cuts in prop::collection::vec(
                prop::option::weighted(0.9, (0..TEXT.len(), 0..30_usize)), 1..600),
            batch in 1..300_usize,
            bytes_max in prop_oneof![Just(20_000_usize), Just(1 << 20)],
        ) {
            let whole = array(&cuts);
            let (mut views, mut lexicon) = (ViewNumbers::default(), Lexicon::new(bytes_max));
            let mut oracle = Lexicon::new(bytes_max);
            for _ in 0..3 {
                for start in (0..whole.len()).step_by(batch) {
                    let slice = whole.slice(start, batch.min(whole.len() - start));
                    let mut numbers = Vec::new();
                    views.number(&slice, &mut lexicon, |number| numbers.push(number));
                    let expected: Vec<_> = slice
                        .iter()
                        .map(|text| text.map(|text| oracle.number(text)))
                        .collect();
                    prop_assert_eq!(numbers, expected);
                }
            }
        }
    }
}
