//! Which versions of a source's records are landed already, and which one of this pull counts.
//!
//! Per id a digest is kept and never the record. Ids are kept as digests too, so that a record
//! takes the same few bytes whatever its id looks like.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use arrow::array::AsArray;
use jiff::Timestamp;

use super::error::LandingError;
use super::file::LandedFile;
use super::rows;
use super::shelf::Shelf;
use crate::canonical::Record;

/// 128 bits of BLAKE3: two different ids or contents share one with a chance of about 2⁻¹²⁸.
pub(super) type Digest = [u8; 16];

/// Where a row of this pull stands: in which of its files, and at which row there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The number of the file within the pull.
    pub(super) part: u32,
    /// The row within the file, from 0.
    pub(super) row: u64,
}

/// What decides between two contents of one id in one pull: the later `updated_at`, then the larger
/// digest, so that the answer does not depend on the order in which the pages came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    updated_at: Option<Timestamp>,
    digest: Digest,
}

impl Rank {
    pub(super) fn of(record: &Record) -> Self {
        Self {
            updated_at: record.instant("updated_at"),
            digest: record.digest(),
        }
    }
}

/// The newest landed version of an id.
#[derive(Debug, Clone, Copy)]
struct Landed {
    digest: Digest,
    living: bool,
}

/// The version of an id that counts in this pull so far.
#[derive(Debug, Clone, Copy)]
struct Chosen {
    rank: Rank,
    /// `None` where it equals the landed version, and until it is written.
    place: Option<Place>,
}

/// What a version of this pull gives way to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Former {
    /// The id is new in this pull.
    None,
    /// A version that equals the landed one.
    Unchanged,
    /// A version that was written to a file of this pull.
    Written(Place),
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It lands; [`Versions::written`] must be told where.
    Lands(Former),
    /// It equals the landed version and lands nothing.
    Unchanged(Former),
    /// Its id came already, with this content or a newer one.
    Repeated,
}

/// The versions of one source's records of one entity.
#[derive(Debug, Default)]
pub(super) struct Versions {
    landed: HashMap<Digest, Landed>,
    chosen: HashMap<Digest, Chosen>,
    rejected: HashSet<Digest>,
    buried: HashSet<Digest>,
}

/// What burying an id changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Burial {
    /// The version of this pull that does not count then.
    pub(super) former: Former,
    /// Whether there is a landed version, so that a tombstone is due.
    pub(super) is_due: bool,
}

impl Versions {
    /// Reads what is landed; `files` are of one entity and source, oldest first.
    pub(super) fn read(shelf: &Shelf, files: &[&LandedFile]) -> Result<Self, LandingError> {
        let mut versions = Self::default();
        for file in files {
            rows::visit_records(shelf, file, |record| {
                let landed = Landed {
                    digest: record.digest(),
                    living: !record.is_deleted(),
                };
                versions.landed.insert(id_digest(record.id()), landed);
            })?;
        }
        Ok(versions)
    }

    /// Judges one version of this pull.
    pub(super) fn judge(&mut self, id: Digest, rank: Rank) -> Verdict {
        let former = match self.chosen.entry(id) {
            Entry::Vacant(slot) => {
                slot.insert(Chosen { rank, place: None });
                Former::None
            }
            Entry::Occupied(mut slot) => {
                let chosen = slot.get_mut();
                if rank <= chosen.rank {
                    return Verdict::Repeated;
                }
                let former = chosen.place.map_or(Former::Unchanged, Former::Written);
                *chosen = Chosen { rank, place: None };
                former
            }
        };
        match self.landed.get(&id) {
            Some(landed) if landed.digest == rank.digest => Verdict::Unchanged(former),
            _ => Verdict::Lands(former),
        }
    }

    /// Notes where a version that lands was written.
    pub(super) fn written(&mut self, id: Digest, place: Place) {
        if let Some(chosen) = self.chosen.get_mut(&id) {
            chosen.place = Some(place);
        }
    }

    /// Notes that a record came and did not fit: it is not gone.
    pub(super) fn rejected(&mut self, id: &str) {
        self.rejected.insert(id_digest(id));
    }

    /// Buries an id, unless a version of it came that changed after `at`, or one that did not fit.
    pub(super) fn bury(&mut self, id: Digest, at: Option<Timestamp>) -> Option<Burial> {
        let chosen = self.chosen.get(&id);
        let is_later = chosen.zip(at).is_some_and(|(chosen, at)| {
            let updated_at = chosen.rank.updated_at;
            updated_at.is_none_or(|updated_at| updated_at > at)
        });
        if is_later || self.rejected.contains(&id) || !self.buried.insert(id) {
            return None;
        }
        let former = match self.chosen.remove(&id) {
            None => Former::None,
            Some(chosen) => chosen.place.map_or(Former::Unchanged, Former::Written),
        };
        let is_due = self.landed.get(&id).is_some_and(|landed| landed.living);
        Some(Burial { former, is_due })
    }

    /// Whether an id is landed as living and this pull says nothing of it.
    pub(super) fn is_silent(&self, id: Digest) -> bool {
        self.landed.get(&id).is_some_and(|landed| landed.living)
            && !self.chosen.contains_key(&id)
            && !self.rejected.contains(&id)
            && !self.buried.contains(&id)
    }

    /// How many ids are none that was ever brought, by this pull or by an earlier one.
    pub(super) fn unknown_count(&self, ids: &HashSet<Digest>) -> u64 {
        let is_unknown = |id: &&Digest| {
            !self.landed.get(*id).is_some_and(|landed| landed.living)
                && !self.chosen.contains_key(*id)
                && !self.rejected.contains(*id)
                && !self.buried.contains(*id)
        };
        ids.iter().filter(is_unknown).count() as u64
    }

    /// The ids that are landed as living, did not come in this pull and whose parent, in the newest
    /// version, is one of `parents`; sorted.
    pub(super) fn missing_below(
        &self,
        shelf: &Shelf,
        files: &[&LandedFile],
        column: &str,
        parents: &HashSet<Digest>,
    ) -> Result<Vec<String>, LandingError> {
        let mut missing: HashMap<Digest, String> = HashMap::new();
        for file in files {
            rows::visit_pairs(shelf, file, ["id", column], |id, parent| {
                let digest = id_digest(id);
                let is_below = parent.is_some_and(|parent| parents.contains(&id_digest(parent)));
                if is_below && self.is_silent(digest) {
                    missing.insert(digest, id.to_owned());
                } else {
                    missing.remove(&digest);
                }
            })?;
        }
        let mut missing: Vec<String> = missing.into_values().collect();
        missing.sort_unstable();
        Ok(missing)
    }

    /// The ids that are landed as living and did not come in this pull, sorted; a sweep that saw
    /// them, as `seen`, is as good as a record. They are read from
    /// `files` again, since only their digests are kept.
    pub(super) fn missing(
        &self,
        shelf: &Shelf,
        files: &[&LandedFile],
        seen: Option<&HashSet<Digest>>,
    ) -> Result<Vec<String>, LandingError> {
        let is_seen = |id: &Digest| seen.is_some_and(|seen| seen.contains(id));
        let mut wanted: HashSet<Digest> = self
            .landed
            .keys()
            .filter(|id| self.is_silent(**id) && !is_seen(id))
            .copied()
            .collect();
        let mut missing = Vec::with_capacity(wanted.len());
        for file in files.iter().rev() {
            if wanted.is_empty() {
                break;
            }
            let path = shelf.path(file)?;
            for batch in rows::batches(shelf.open(file)?, &path, Some("id"))? {
                let batch = batch.map_err(|error| LandingError::columns(&file.path, error))?;
                let ids = batch.column(0).as_string::<i32>();
                missing.extend(
                    ids.iter()
                        .flatten()
                        .filter(|id| wanted.remove(&id_digest(id)))
                        .map(str::to_owned),
                );
            }
        }
        missing.sort_unstable();
        Ok(missing)
    }
}

/// The digest under which an id is kept.
pub(super) fn id_digest(id: &str) -> Digest {
    let mut digest = Digest::default();
    digest.copy_from_slice(&blake3::hash(id.as_bytes()).as_bytes()[..16]);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(second: i64, digest: u8) -> Rank {
        Rank {
            updated_at: Timestamp::from_second(second).ok(),
            digest: [digest; 16],
        }
    }

    // Goal: of several contents the same one is chosen in every order. Method: all six orders of
    // three versions; the last verdict that is not `Repeated` must be of the newest.
    #[test]
    fn the_newest_content_wins_in_every_order() {
        let versions = [rank(1, 9), rank(2, 1), rank(2, 3)];
        for order in [
            [0, 1, 2],
            [0, 2, 1],
            [1, 0, 2],
            [1, 2, 0],
            [2, 0, 1],
            [2, 1, 0],
        ] {
            let mut state = Versions::default();
            let id = id_digest("x");
            let mut last = None;
            for at in order {
                if state.judge(id, versions[at]) != Verdict::Repeated {
                    last = Some(at);
                }
            }
            assert_eq!(last, Some(2), "{order:?}");
        }
    }

    // Goal: a version that is equal to the landed one takes a written one back. Method: a landed
    // digest, an older content first, then the landed content again.
    #[test]
    fn what_is_landed_supersedes_what_was_just_written() {
        let mut state = Versions::default();
        let id = id_digest("x");
        let landed = Landed {
            digest: [5; 16],
            living: true,
        };
        state.landed.insert(id, landed);
        let place = Place { part: 0, row: 4 };
        assert_eq!(state.judge(id, rank(1, 9)), Verdict::Lands(Former::None));
        state.written(id, place);
        assert_eq!(
            state.judge(id, rank(2, 5)),
            Verdict::Unchanged(Former::Written(place))
        );
        assert_eq!(
            state.judge(id, rank(3, 6)),
            Verdict::Lands(Former::Unchanged)
        );
    }
}
