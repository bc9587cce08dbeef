//! The rows of a page that may count: of each id the best one, and what contradicts it.

use super::content::Content;
use crate::canonical::{Absorbed, Rows};

/// A row of a page, and what it says.
pub(super) struct Candidate {
    pub(super) row: u32,
    pub(super) content: Content,
}

/// The rows of a page that may count.
pub(super) struct Candidates {
    /// The best one of each id, in the order of the page.
    pub(super) best: Vec<Candidate>,
    /// What contradicts it within the page.
    pub(super) rivals: Vec<Candidate>,
}

/// The rows of a page without those that repeat another, or were changed before it.
pub(super) fn candidates_of(rows: &Rows<'_>, absorbed: &mut Absorbed) -> Candidates {
    let mut all: Vec<Candidate> = (0..rows.len())
        .zip(0..)
        .map(|(at, row)| Candidate {
            row,
            content: Content::of(rows, at, absorbed),
        })
        .collect();
    all.sort_unstable_by(|one, other| {
        let by_content = one.content.by_id_then_best(&other.content);
        by_content.then_with(|| one.row.cmp(&other.row))
    });
    let mut best: Vec<Candidate> = Vec::with_capacity(all.len());
    let mut rivals: Vec<Candidate> = Vec::new();
    // Where the rivals of the present id begin.
    let mut begin = 0;
    for candidate in all {
        let winner = best.last().map(|winner| winner.content);
        match winner.filter(|winner| winner.id == candidate.content.id) {
            None => {
                best.push(candidate);
                begin = rivals.len();
            }
            Some(winner) if candidate.content.contradicts(&winner) => {
                let mut earlier = rivals[begin..].iter();
                if !earlier.any(|rival| rival.content.repeats(&candidate.content)) {
                    rivals.push(candidate);
                }
            }
            Some(_) => {}
        }
    }
    best.sort_unstable_by_key(|candidate| candidate.row);
    Candidates { best, rivals }
}
