//! Folding the rows of any number of legs to units: the same key, the sums of each leg side by side.
//!
//! Every leg is read once. Its key columns become numbers (a `Lexicon` for each column), and its rows
//! are dealt to partitions by the hash of their key. Nearly every row is plain: its texts have numbers
//! and its figures fit in 64 bits, and it waits as a few words (`page`). What is not plain is packed
//! apart (`chunk`). Both stay in memory up to a budget and go to one unnamed file beyond it. Then one
//! partition after the other is added up in a table that is small enough for the processor's cache. Two
//! rows meet only if their
//! keys are equal, not only their hashes, so the answer is exact whatever the hash does; rows that are
//! split differently on two legs still come to the same sums. What a leg's rows came to when they were
//! taken must be what its units come to when they are given, or nothing is.
//!
//! Beside a hash join it needs neither a side in memory nor a sort, and a total mismatch costs no more
//! than a total match; beside a sieve over hashes of whole rows it reads every leg once, not twice.

mod cells;
#[expect(
    clippy::cast_possible_truncation,
    reason = "a distance is packed into no fewer bytes than the widest one takes"
)]
mod chunk;
mod figures;
mod key_column;
mod leg;
mod lexicon;
mod page;
mod spool;
mod table;
mod units;
mod view_numbers;

pub(super) use figures::PLAIN_SCALE;
pub(super) use leg::{Fold, FoldShape};
pub(super) use lexicon::{INLINE, Lexicon};
pub(super) use units::{Folded, FoldedUnit};
pub(super) use view_numbers::ViewNumbers;

#[cfg(test)]
mod tests;
