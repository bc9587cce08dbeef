//! The proof that each row of a leg is in exactly one place.

use crate::reconcile::engine::RuleUnit;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::input::ReconcileInput;
use crate::reconcile::outcome::Completeness;
use crate::reconcile::tally::Verdict;

use super::file::{RuleFile, RuleLeg};
use super::judge::Compared;

/// The rows of every leg by what became of their units.
pub(super) struct RowProof {
    matched: Vec<u64>,
    unmatched: Vec<u64>,
}

impl RowProof {
    pub(super) fn new(rule: &RuleFile) -> Self {
        Self {
            matched: vec![0; rule.legs.len()],
            unmatched: vec![0; rule.legs.len()],
        }
    }

    /// Counts the rows of a unit. Those of a leg are matched when all comparisons that it takes part
    /// in agree.
    pub(super) fn count(&mut self, unit: &RuleUnit, compared: &[Compared<'_>]) {
        for (at, leg) in unit.legs.iter().enumerate() {
            let mut of_leg = compared
                .iter()
                .filter(|one| one.comparison.base == at || one.comparison.peer == at);
            let agrees = of_leg.all(|one| matches!(one.verdict, Verdict::Equal | Verdict::Within));
            if agrees {
                self.matched[at] += leg.rows;
            } else {
                self.unmatched[at] += leg.rows;
            }
        }
    }

    /// Counts the rows of units that are equal in every comparison, by leg.
    pub(super) fn count_plain(&mut self, rows: &[u64]) {
        for (matched, rows) in self.matched.iter_mut().zip(rows) {
            *matched += rows;
        }
    }

    /// Each leg is a source of its own to the proof: its rows, those that are not compared, and those
    /// that were rejected before they could be landed.
    pub(super) fn prove(
        &self,
        rule: &RuleFile,
        input: &ReconcileInput<'_>,
        counts: &[(u64, u64)],
    ) -> Result<Vec<Completeness>, ReconcileError> {
        let mut proofs = Vec::new();
        for (at, leg) in rule.legs.iter().enumerate() {
            let rejected = rejected(input, leg);
            let (landed, out_of_scope) = counts.get(at).copied().unwrap_or_default();
            let (matched, unmatched) = (self.matched[at], self.unmatched[at]);
            let extracted = landed + rejected;
            let accounted = matched + unmatched + out_of_scope + rejected;
            if accounted != extracted {
                return Err(ReconcileError::Untied {
                    source_name: rule.name.clone(),
                    entity: leg.name.clone(),
                    extracted,
                    accounted,
                });
            }
            proofs.push(Completeness {
                source: rule.name.clone(),
                entity: leg.name.clone(),
                extracted,
                matched,
                unmatched,
                out_of_scope,
                rejected,
                holds: true,
            });
        }
        Ok(proofs)
    }
}

/// The quarantined rows of the entity whose rows the leg has.
fn rejected(input: &ReconcileInput<'_>, leg: &RuleLeg) -> u64 {
    let Some(first) = leg.entities.first() else {
        return 0;
    };
    input
        .rejected
        .iter()
        .filter(|(source, entity, _)| {
            entity == first && (leg.sources.is_empty() || leg.sources.contains(source))
        })
        .map(|(_, _, rows)| rows)
        .sum()
}
