//! The system's side of the life of an item: what one reconcile does to the items of its rule and
//! period. What becomes of one item is said in `step`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::reconcile::discrepancy::Discrepancy;
use crate::reconcile::outcome::{Finding, Outcome};
use crate::store::DiscrepancyChange;

use super::identify::{NewIds, identify};
use super::step::{Half, Step, half_of};
use super::units::{keys, new_parts, record_of, units_seen};

/// The changes that an outcome makes to `standing`: all items of its rule and period, in any state.
/// Items of units that are unknown, or were not seen, do not move. Nothing changes where nothing differs, so that advancing
/// again with the same outcome is without effect.
pub fn advance(
    outcome: &Outcome,
    standing: Vec<Discrepancy>,
    now: Timestamp,
    verify_window: Duration,
) -> Vec<DiscrepancyChange> {
    Advance::new(outcome, standing, now, verify_window)
        .changes()
        .collect()
}

/// What an outcome makes of the items of its rule and period. Which item each finding is, is known at
/// once; the changes, which are large, are made one by one as they are asked for.
pub struct Advance<'a> {
    step: Step<'a>,
    standing: Vec<Discrepancy>,
    moves: Vec<Move>,
}

/// One item that may move, by its place among the standing ones, or that is new.
enum Move {
    Differs { item: usize, finding: usize },
    Agrees { item: usize, is_timing: bool },
    Opens { id: String, finding: usize },
}

impl<'a> Advance<'a> {
    /// See [`advance`].
    pub fn new(
        outcome: &'a Outcome,
        standing: Vec<Discrepancy>,
        now: Timestamp,
        verify_window: Duration,
    ) -> Self {
        let mut standing = standing;
        standing.sort_by(|base, peer| base.id.cmp(&peer.id));
        let matches = identify(&outcome.rule, &standing, &outcome.findings);
        // Only standing items are weighed with what their units came to.
        let (units, parts) = if standing.is_empty() {
            (BTreeMap::new(), BTreeMap::new())
        } else {
            (
                units_seen(outcome),
                new_parts(&outcome.rule, &outcome.findings, &matches.new),
            )
        };
        let differing = matches.pairs.iter().map(|(item, finding)| Move::Differs {
            item: *item,
            finding: *finding,
        });
        let mut moves: Vec<Move> = differing.collect();
        moves.extend(gone_moves(outcome, &standing, &matches.gone));
        let mut ids = NewIds::new(&standing);
        let mut halves: BTreeMap<Half<'a>, String> = BTreeMap::new();
        for (item, finding) in &matches.pairs {
            keep_half(
                &mut halves,
                &outcome.findings[*finding],
                &standing[*item].id,
            );
        }
        for finding in &matches.new {
            let id = ids.take(outcome, &outcome.findings[*finding]);
            keep_half(&mut halves, &outcome.findings[*finding], &id);
            moves.push(Move::Opens {
                id,
                finding: *finding,
            });
        }
        moves.sort_by(|base, peer| base.id(&standing).cmp(peer.id(&standing)));
        Self {
            step: Step {
                outcome,
                now,
                verify_window,
                units,
                new_parts: parts,
                ids: halves,
            },
            standing,
            moves,
        }
    }

    /// The changes, in the order of their items' ids.
    pub fn changes(&self) -> impl Iterator<Item = DiscrepancyChange> {
        let findings = &self.step.outcome.findings;
        self.moves.iter().filter_map(|one| match one {
            Move::Differs { item, finding } => self
                .step
                .differs(&self.standing[*item], &findings[*finding]),
            Move::Agrees { item, is_timing } => self.step.agrees(&self.standing[*item], *is_timing),
            Move::Opens { id, finding } => {
                Some(self.step.opened(id.clone(), findings[*finding].clone()))
            }
        })
    }
}

impl Move {
    fn id<'m>(&'m self, standing: &'m [Discrepancy]) -> &'m str {
        match self {
            Self::Differs { item, .. } | Self::Agrees { item, .. } => &standing[*item].id,
            Self::Opens { id, .. } => id,
        }
    }
}

/// The items whose cause was not found any more, as far as that says anything of them.
fn gone_moves(outcome: &Outcome, standing: &[Discrepancy], gone: &[usize]) -> Vec<Move> {
    let unknown: BTreeSet<(&str, &str)> = keys(&outcome.unknown_units);
    let seen: Option<BTreeSet<(&str, &str)>> = outcome.seen_units.as_deref().map(keys);
    let timing: BTreeSet<(&str, &str)> = keys(&outcome.timing_units);
    let mut moves = Vec::new();
    for at in gone {
        let item = &standing[*at];
        let key = (item.account.as_str(), item.sku.as_str());
        let is_seen = seen.as_ref().is_none_or(|seen| seen.contains(&key));
        let (is_unknown, is_timing) = match record_of(&outcome.rule, &item.sides) {
            // Others of the same account and product say nothing of this record.
            Some((source, id)) => {
                let record = (source.to_owned(), id.to_owned());
                let undecided = outcome.undecided_records.get(&record);
                (undecided == Some(&false), undecided == Some(&true))
            }
            None => (unknown.contains(&key), timing.contains(&key)),
        };
        if !is_unknown && is_seen && !is_skipped(outcome, item) {
            moves.push(Move::Agrees {
                item: *at,
                is_timing,
            });
        }
    }
    moves
}

/// Whether the field of an item could not be compared this time.
fn is_skipped(outcome: &Outcome, item: &Discrepancy) -> bool {
    let record = record_of(&outcome.rule, &item.sides);
    !outcome.skipped_fields.is_empty()
        && outcome.skipped_fields.contains(&(
            item.account.clone(),
            item.sku.clone(),
            record.map(|(source, id)| (source.to_owned(), id.to_owned())),
            item.field.clone(),
        ))
}

/// Keeps the id of a finding that is one of two halves.
fn keep_half<'a>(halves: &mut BTreeMap<Half<'a>, String>, finding: &'a Finding, id: &str) {
    if finding.linked.is_some() {
        halves.insert(half_of(finding), id.to_owned());
    }
}
