//! What a row says, as digests and marks: whether two rows are the same version, and which of two counts.

use std::cmp::Ordering;

use crate::canonical::{Absorbed, Mark, RowMarks, Rows};

/// 128 bits of BLAKE3: two different ids or contents share one with a chance of about 2⁻¹²⁸.
pub(super) type Digest = [u8; 16];

/// What decides between two contents of one id in one pull: the later `updated_at`, then the larger
/// mark, so that the answer does not depend on the order in which the pages came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// In microseconds since 1970, or [`NEVER`].
    pub(super) updated_at: i64,
    /// Of the whole version. Only what is compared with an earlier pull needs a digest.
    pub(super) mark: Mark,
}

/// Stands for an instant that no row says, before all others.
pub(super) const NEVER: i64 = i64::MIN;

/// What a version says, whichever id it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) rank: Rank,
    /// The typed values alone: rows that differ in nothing else than what crossfoot does not read
    /// do not contradict each other.
    pub(super) values: Mark,
}

impl Said {
    /// Whether nothing says which of the two is right: one instant of change, other values.
    pub(super) fn contradicts(&self, other: &Self) -> bool {
        self.rank.updated_at == other.rank.updated_at && self.values != other.values
    }

    /// Whether both say the same of the same instant.
    pub(super) fn repeats(&self, other: &Self) -> bool {
        self.rank.updated_at == other.rank.updated_at && self.values == other.values
    }
}

/// One content of an id, as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Content {
    /// The id.
    pub(super) id: Digest,
    pub(super) said: Said,
}

impl Content {
    /// What a row says. `absorbed` is written over.
    pub(super) fn of(rows: &Rows<'_>, row: usize, absorbed: &mut Absorbed) -> Self {
        let RowMarks { version, values } = rows.marks(row, absorbed);
        Self {
            id: id_digest(rows.id(row)),
            said: Said {
                rank: Rank {
                    updated_at: rows.updated_at(row).unwrap_or(NEVER),
                    mark: version,
                },
                values,
            },
        }
    }

    /// Ids together, and of each the one that counts first.
    pub(super) fn by_id_then_best(&self, other: &Self) -> Ordering {
        self.id
            .cmp(&other.id)
            .then_with(|| other.said.rank.cmp(&self.said.rank))
    }

    /// Whether nothing says which of the two is right: one instant of change, other values.
    pub(super) fn contradicts(&self, other: &Self) -> bool {
        self.said.contradicts(&other.said)
    }

    /// Whether both say the same of the same instant.
    pub(super) fn repeats(&self, other: &Self) -> bool {
        self.said.repeats(&other.said)
    }
}

/// The digest under which an id is kept.
pub(super) fn id_digest(id: &str) -> Digest {
    let mut digest = Digest::default();
    digest.copy_from_slice(&blake3::hash(id.as_bytes()).as_bytes()[..16]);
    digest
}
