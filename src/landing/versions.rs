//! Which versions of a source's records are landed already, and which one of this pull counts.
//!
//! Per id a digest is kept and never the record. Ids are kept as digests too, so that a record
//! takes the same few bytes whatever its id looks like.

use std::collections::hash_map::Entry;

use arrow::array::AsArray;
use jiff::Timestamp;

use super::content::{Content, Digest, DigestMap, DigestSet, NEVER, Said, id_digest};
use super::error::LandingError;
use super::file::LandedFile;
use super::merges::Merges;
use super::newest::{self, ChosenFile};
use super::rows;
use super::shelf::Shelf;
use crate::canonical::{Absorbed, Rows};

/// Where a row of this pull stands: in which of its files, and at which row there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The number of the file within the pull.
    pub(super) part: u32,
    /// The row within the file, from 0.
    pub(super) row: u32,
}

/// Stands for no place: there are never so many files.
const NOWHERE: Place = Place {
    part: u32::MAX,
    row: u32::MAX,
};

/// The newest landed version of an id.
#[derive(Debug, Clone, Copy)]
struct Landed {
    digest: Digest,
    living: bool,
}

/// A version of an id in this pull, and where it was written.
#[derive(Debug, Clone, Copy)]
struct Chosen {
    said: Said,
    place: Place,
}

impl Chosen {
    fn new(said: Said) -> Self {
        let place = NOWHERE;
        Self { said, place }
    }

    /// `None` where it equals the landed version, and until it is written.
    fn place(&self) -> Option<Place> {
        (self.place != NOWHERE).then_some(self.place)
    }
}

/// A content that contradicts the one that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Loser {
    /// The id.
    pub(super) id: Digest,
    /// The landed version of the id.
    pub(super) landed: Option<Digest>,
    /// Where it stands in this pull; `None` where it is the landed version.
    pub(super) place: Option<Place>,
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
    /// It contradicts the version that counts and is to be written aside; [`Versions::written`]
    /// must be told where.
    Contradicts,
    /// Its id came already, with this content or a newer one.
    Repeated,
}

/// What a written version is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It counts so far.
    Counts,
    /// It contradicts the one that counts, and is taken out again at the end.
    Rival,
}

/// The versions of one source's records of one entity.
#[derive(Debug, Default)]
pub(super) struct Versions {
    /// The landed files, and which of their rows are the newest versions.
    files: Vec<ChosenFile>,
    landed: DigestMap<Landed>,
    chosen: DigestMap<Chosen>,
    /// By id, what contradicts the chosen version: one content for each set of values, the one with
    /// the largest mark.
    rivals: DigestMap<Vec<Chosen>>,
    rejected: DigestSet,
    buried: DigestSet,
    merges: Merges,
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
    /// Reads what was landed by `as_of`, of the files of one entity and source. What is superseded
    /// is not read.
    pub(super) fn read(
        shelf: &Shelf,
        files: impl IntoIterator<Item = LandedFile>,
        as_of: Timestamp,
    ) -> Result<Self, LandingError> {
        let mut versions = Self {
            files: newest::choose(shelf, files, as_of)?,
            ..Self::default()
        };
        let mut absorbed = Absorbed::default();
        for chosen in &versions.files {
            let ChosenFile { file, newest, .. } = chosen;
            let links = file.entity.index_of("linked_ids");
            rows::visit_versions(shelf, file, newest, &mut absorbed, |rows, row, digest| {
                let landed = Landed {
                    digest,
                    living: !rows.is_deleted(row),
                };
                versions.landed.insert(id_digest(rows.id(row)), landed);
                if let Some(links) = links {
                    let named = rows.list(links, row);
                    versions.merges.note(rows.source(row), rows.id(row), &named);
                }
            })?;
        }
        Ok(versions)
    }

    /// Judges one version of this pull.
    pub(super) fn judge(&mut self, content: Content) -> Verdict {
        let said = content.said;
        let fresh = Chosen::new(said);
        let former = match self.chosen.entry(content.id) {
            Entry::Vacant(slot) => {
                slot.insert(fresh);
                Former::None
            }
            Entry::Occupied(mut slot) => {
                let chosen = *slot.get();
                if said.rank <= chosen.said.rank {
                    return if said.contradicts(&chosen.said) {
                        self.judge_rival(content)
                    } else {
                        Verdict::Repeated
                    };
                }
                slot.insert(fresh);
                self.yield_to(content, chosen);
                chosen.place().map_or(Former::Unchanged, Former::Written)
            }
        };
        if self.is_landed(content) {
            Verdict::Unchanged(former)
        } else {
            Verdict::Lands(former)
        }
    }

    /// The rivals of an id after `content` took the place of `former`: a later change settles every
    /// contradiction before it, and an equally late one is contradicted by what it displaced.
    fn yield_to(&mut self, content: Content, former: Chosen) {
        let said = content.said;
        if former.said.contradicts(&said) {
            let rivals = self.rivals.entry(content.id).or_default();
            rivals.retain(|rival| !rival.said.repeats(&said));
            rivals.push(former);
        } else if !former.said.repeats(&said) {
            self.rivals.remove(&content.id);
        }
    }

    fn judge_rival(&mut self, content: Content) -> Verdict {
        let said = content.said;
        let fresh = Chosen::new(said);
        let rivals = self.rivals.entry(content.id).or_default();
        match rivals.iter_mut().find(|rival| rival.said.repeats(&said)) {
            Some(rival) if said.rank <= rival.said.rank => return Verdict::Repeated,
            Some(rival) => *rival = fresh,
            None => rivals.push(fresh),
        }
        if self.is_landed(content) {
            Verdict::Repeated
        } else {
            Verdict::Contradicts
        }
    }

    fn is_landed(&self, content: Content) -> bool {
        let landed = self.landed.get(&content.id);
        landed.is_some_and(|landed| landed.digest == content.said.rank.digest)
    }

    /// Notes where a version was written, and says whether it is to stay there.
    pub(super) fn written(&mut self, content: &Content, place: Place) -> Standing {
        let mut rivals = self.rivals.get_mut(&content.id).into_iter().flatten();
        if let Some(rival) = rivals.find(|rival| rival.said == content.said) {
            rival.place = place;
            return Standing::Rival;
        }
        if let Some(chosen) = self.chosen.get_mut(&content.id) {
            chosen.place = place;
        }
        Standing::Counts
    }

    /// What contradicts a version that counts, in no order.
    pub(super) fn losers(&self) -> impl Iterator<Item = Loser> {
        let all = self.rivals.iter();
        all.flat_map(|(id, rivals)| {
            rivals.iter().map(|rival| Loser {
                id: *id,
                landed: self.landed.get(id).map(|landed| landed.digest),
                place: rival.place(),
            })
        })
    }

    /// Notes what a record of this pull says of others.
    pub(super) fn note(&mut self, rows: &Rows<'_>, links: usize, row: usize) {
        let named = rows.list(links, row);
        self.merges.note(rows.source(row), rows.id(row), &named);
    }

    /// Whether an id that is said to be gone, with others in `gone`, only went into a living one.
    pub(super) fn went_into(&self, id: Digest, gone: &DigestSet) -> bool {
        let came = self.chosen.contains_key(&id);
        self.merges.went_into(id, came, |other| {
            let is_landed = self.landed.get(other).is_some_and(|landed| landed.living);
            (is_landed || self.chosen.contains_key(other)) && !gone.contains(other)
        })
    }

    /// Notes that a record came and did not fit: it is not gone.
    pub(super) fn rejected(&mut self, id: &str) {
        self.rejected.insert(id_digest(id));
    }

    /// Buries an id, unless a version of it came that changed after `at`, or one that did not fit.
    pub(super) fn bury(&mut self, id: Digest, at: Option<Timestamp>) -> Option<Burial> {
        let chosen = self.chosen.get(&id);
        let is_later = chosen.zip(at).is_some_and(|(chosen, at)| {
            let updated_at = chosen.said.rank.updated_at;
            updated_at == NEVER || updated_at > at.as_microsecond()
        });
        if is_later || self.rejected.contains(&id) || !self.buried.insert(id) {
            return None;
        }
        self.rivals.remove(&id);
        let former = match self.chosen.remove(&id) {
            None => Former::None,
            Some(chosen) => chosen.place().map_or(Former::Unchanged, Former::Written),
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
    pub(super) fn unknown_count(&self, ids: &DigestSet) -> u64 {
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
        column: &str,
        parents: &DigestSet,
    ) -> Result<Vec<String>, LandingError> {
        let mut missing = Vec::new();
        for ChosenFile { file, newest, .. } in &self.files {
            rows::visit_pairs(shelf, file, newest, ["id", column], |id, parent| {
                let is_below = parent.is_some_and(|parent| parents.contains(&id_digest(parent)));
                if is_below && self.is_silent(id_digest(id)) {
                    missing.push(id.to_owned());
                }
            })?;
        }
        missing.sort_unstable();
        Ok(missing)
    }

    /// The ids that are landed as living and did not come in this pull, sorted; a sweep that saw
    /// them, as `seen`, is as good as a record. They are read from the files again, since only their
    /// digests are kept.
    pub(super) fn missing(
        &self,
        shelf: &Shelf,
        seen: Option<&DigestSet>,
    ) -> Result<Vec<String>, LandingError> {
        let is_seen = |id: &Digest| seen.is_some_and(|seen| seen.contains(id));
        let merged = self
            .merges
            .merged(|id| is_seen(id) || self.chosen.contains_key(id) || self.rejected.contains(id));
        let mut missing = Vec::new();
        for ChosenFile { file, newest, .. } in &self.files {
            for batch in shelf.open(file)?.batches(Some(&["id"]), Some(newest))? {
                let batch = batch.map_err(|error| LandingError::columns(&file.path, error))?;
                let ids = batch.column(0).as_string::<i32>();
                let gone = ids.iter().flatten().filter(|id| {
                    let id = id_digest(id);
                    self.is_silent(id) && !is_seen(&id) && !merged.contains(&id)
                });
                missing.extend(gone.map(str::to_owned));
            }
        }
        missing.sort_unstable();
        Ok(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::super::content::Rank;
    use super::*;

    fn content(second: i64, digest: u8, values: u8) -> Content {
        Content {
            id: id_digest("x"),
            said: Said {
                rank: Rank {
                    updated_at: second,
                    digest: [digest; 16],
                },
                values: u64::from(values),
            },
        }
    }

    /// Judges versions in an order, each written where it has to be; the last that lands.
    fn play(contents: &[Content], order: &[usize]) -> (Versions, Option<usize>) {
        let mut state = Versions::default();
        let mut last = None;
        for at in order {
            let content = &contents[*at];
            let verdict = state.judge(*content);
            if matches!(verdict, Verdict::Lands(_)) {
                last = Some(*at);
            }
            if matches!(verdict, Verdict::Lands(_) | Verdict::Contradicts) {
                let row = u32::try_from(*at).unwrap();
                state.written(content, Place { part: 0, row });
            }
        }
        (state, last)
    }

    const ORDERS: [[usize; 3]; 6] = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];

    // Goal: of several contents the same one is chosen in every order, and the same ones contradict
    // it. Method: all six orders of three versions.
    #[test]
    fn the_same_content_wins_in_every_order() {
        let older = [content(1, 9, 9), content(2, 1, 1), content(2, 3, 3)];
        let later_settles = [content(1, 9, 9), content(1, 8, 8), content(2, 1, 1)];
        let all_differ = [content(1, 1, 1), content(1, 2, 2), content(1, 3, 3)];
        let two_say_the_same = [content(1, 1, 1), content(1, 2, 1), content(1, 3, 3)];
        let winner_is_said_twice = [content(1, 1, 3), content(1, 2, 1), content(1, 3, 3)];
        for (contents, losers) in [
            (older, vec![1]),
            (later_settles, vec![]),
            (all_differ, vec![0, 1]),
            (two_say_the_same, vec![1]),
            (winner_is_said_twice, vec![1]),
        ] {
            for order in ORDERS {
                let (state, last) = play(&contents, &order);
                assert_eq!(last, Some(2), "{order:?}");
                let mut found: Vec<u32> = state
                    .losers()
                    .filter_map(|loser| loser.place)
                    .map(|place| place.row)
                    .collect();
                found.sort_unstable();
                assert_eq!(found, losers, "{contents:?} {order:?}");
            }
        }
    }

    // Goal: a version that is equal to the landed one takes a written one back. Method: a landed
    // digest, an older content first, then the landed content again.
    #[test]
    fn what_is_landed_supersedes_what_was_just_written() {
        let mut state = Versions::default();
        let landed = Landed {
            digest: [5; 16],
            living: true,
        };
        state.landed.insert(id_digest("x"), landed);
        let place = Place { part: 0, row: 4 };
        let first = content(1, 9, 9);
        assert_eq!(state.judge(first), Verdict::Lands(Former::None));
        state.written(&first, place);
        assert_eq!(
            state.judge(content(2, 5, 5)),
            Verdict::Unchanged(Former::Written(place))
        );
        assert_eq!(
            state.judge(content(3, 6, 6)),
            Verdict::Lands(Former::Unchanged)
        );
    }
}
