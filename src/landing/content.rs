//! What a row says, as digests and marks: whether two rows are the same version, and which of two counts.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

pub(super) use crate::canonical::Digest;
use crate::canonical::{Absorbed, Mark, RowMarks, Rows};

/// What decides between two contents of one id in one pull: the later `updated_at`, then the larger
/// digest, so that the answer does not depend on the order in which the pages came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// In microseconds since 1970, or [`NEVER`].
    pub(super) updated_at: i64,
    /// Of the whole version.
    pub(super) digest: Digest,
}

/// Stands for an instant that no row says, before all others.
pub(super) const NEVER: i64 = i64::MIN;

/// What a version says, whichever id it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) rank: Rank,
    /// The typed values alone: rows that differ in nothing else than what crossfoot does not read
    /// do not contradict each other. Half a mark: it is compared within one id alone.
    pub(super) values: u64,
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
                    digest: version,
                },
                values: half(values),
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

fn half(mark: Mark) -> u64 {
    u64::try_from(mark >> 64).unwrap_or_default()
}

/// The digest under which an id is kept: two different ids share one with a chance of about 2⁻¹²⁸.
pub(super) fn id_digest(id: &str) -> Digest {
    let mut digest = Digest::default();
    digest.copy_from_slice(&blake3::hash(id.as_bytes()).as_bytes()[..16]);
    digest
}

/// Ids by their digests, which are as good as any hash of them.
pub(super) type DigestMap<V> = HashMap<Digest, V, BuildHasherDefault<DigestHasher>>;

/// As [`DigestMap`], without values.
pub(super) type DigestSet = HashSet<Digest, BuildHasherDefault<DigestHasher>>;

/// Takes a digest's own bits for its hash.
#[derive(Default)]
pub(super) struct DigestHasher(u64);

impl Hasher for DigestHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk::<8>() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    // The length of a digest, which says nothing.
    #[inline]
    fn write_usize(&mut self, _: usize) {}

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}
