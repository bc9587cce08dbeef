//! Whether the legs of a unit agree, comparison by comparison.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::config::{AmountTolerance, Config};
use crate::currency::Currency;
use crate::period::Period;
use crate::reconcile::engine::{LegShape, LegSums, Measured, RuleUnit};
use crate::reconcile::error::ReconcileError;
use crate::reconcile::input::ReconcileInput;
use crate::reconcile::tally::Verdict;
use crate::reconcile::tolerance::Tolerance;

use super::file::{Comparison, NamedKind, RuleFile};
use super::measure::{Measure, MeasureType};

/// What became of a unit in one comparison.
#[derive(Debug)]
pub(super) struct Compared<'a> {
    pub(super) comparison: &'a Comparison,
    pub(super) verdict: Verdict,
    /// What differs beyond tolerance and has a name.
    pub(super) differences: Vec<Difference<'a>>,
    /// What has a name and could not be compared, since a row lacks it.
    pub(super) skipped: Vec<&'a NamedKind>,
}

/// One difference that has a name.
#[derive(Debug, Clone)]
pub(super) enum Difference<'a> {
    /// Only the base has the unit.
    BaseOnly(&'a NamedKind),
    /// Only the peer has it.
    PeerOnly(&'a NamedKind),
    /// A measure differs.
    Measure {
        at: usize,
        named: &'a NamedKind,
        base: Measured,
        peer: Measured,
    },
    /// A text differs.
    Text {
        named: &'a NamedKind,
        base: String,
        peer: String,
    },
}

/// What judges the units of a rule.
pub(super) struct Judging<'a> {
    rule: &'a RuleFile,
    tolerances: Vec<Tolerance<'a>>,
    /// Per comparison: the measures and texts that both of its legs have.
    shared: Vec<Shared<'a>>,
    blind: Vec<bool>,
    today: Date,
    period: Period,
}

struct Shared<'a> {
    measures: Vec<(usize, Option<&'a NamedKind>)>,
    fields: Vec<(usize, Option<&'a NamedKind>)>,
}

impl<'a> Judging<'a> {
    pub(super) fn new(
        input: &'a ReconcileInput<'a>,
        rule: &'a RuleFile,
        shapes: &[LegShape],
    ) -> Self {
        let shared = rule.comparisons.iter().map(|one| {
            let (base, peer) = (&shapes[one.base], &shapes[one.peer]);
            let has = |name: &str| base.has(name) && peer.has(name);
            Shared {
                measures: one
                    .measures
                    .iter()
                    .filter(|(at, _)| has(&rule.measures[*at].name))
                    .map(|(at, named)| (*at, named.as_ref()))
                    .collect(),
                fields: one
                    .fields
                    .iter()
                    .filter(|(at, _)| has(&rule.fields[*at]))
                    .map(|(at, named)| (*at, named.as_ref()))
                    .collect(),
            }
        });
        Self {
            rule,
            tolerances: rule
                .measures
                .iter()
                .map(|measure| tolerance(input.config, measure))
                .collect(),
            shared: shared.collect(),
            blind: rule.legs.iter().map(|leg| is_blind(input, leg)).collect(),
            today: input.today,
            period: input.period,
        }
    }

    /// Whether some leg reads what cannot be trusted now.
    pub(super) fn is_blind(&self) -> bool {
        self.blind.contains(&true)
    }

    /// The measures of which it is enough that all legs have the same: a unit of which that is true,
    /// and that every leg has, is equal in every comparison. `None` where nothing is so simple.
    pub(super) fn plain_measures(&self) -> Option<Vec<usize>> {
        let is_simple = |(comparison, shared): (&Comparison, &Shared<'_>)| {
            !shared.measures.is_empty()
                && shared.fields.is_empty()
                && shared.measures.len() == comparison.measures.len()
        };
        let comparisons = self.rule.comparisons.iter().zip(&self.shared);
        if self.is_blind() || !comparisons.clone().all(is_simple) {
            return None;
        }
        let measures: BTreeSet<usize> = self
            .shared
            .iter()
            .flat_map(|shared| shared.measures.iter().map(|(at, _)| *at))
            .collect();
        let is_valued = self
            .rule
            .value
            .is_none_or(|value| measures.contains(&value));
        // Each measure must be one of every leg.
        let is_everywhere = self.rule.legs.len() == 2
            || self
                .shared
                .iter()
                .all(|shared| shared.measures.len() == measures.len());
        (is_valued && is_everywhere).then(|| measures.into_iter().collect())
    }

    /// Judges a unit by every comparison that one of its legs takes part in.
    pub(super) fn judge(&self, unit: &RuleUnit) -> Result<Vec<Compared<'a>>, ReconcileError> {
        let mut all = Vec::new();
        for (comparison, shared) in self.rule.comparisons.iter().zip(&self.shared) {
            let (base, peer) = (&unit.legs[comparison.base], &unit.legs[comparison.peer]);
            if base.rows == 0 && peer.rows == 0 {
                continue;
            }
            let mut compared = if base.rows == 0 || peer.rows == 0 {
                self.one_sided(comparison, base, peer)
            } else {
                self.both(comparison, shared, unit)?
            };
            if self.blind[comparison.base] || self.blind[comparison.peer] {
                compared.verdict = Verdict::Unknown;
                compared.differences.clear();
            }
            all.push(compared);
        }
        Ok(all)
    }

    fn one_sided(
        &self,
        comparison: &'a Comparison,
        base: &LegSums,
        peer: &LegSums,
    ) -> Compared<'a> {
        let is_base = base.rows > 0;
        let named = if is_base {
            comparison.base_only.as_ref().map(Difference::BaseOnly)
        } else {
            comparison.peer_only.as_ref().map(Difference::PeerOnly)
        };
        let other = if is_base { peer } else { base };
        let verdict = match &named {
            // The other side may still come, or came just before or after the period.
            _ if other.near_rows > 0 || (is_base && !self.is_due()) => Verdict::Timing,
            Some(_) => Verdict::Discrepant,
            None => {
                let has_money = [base, peer]
                    .iter()
                    .any(|leg| self.value_of(leg).is_some_and(|value| !value.is_zero()));
                if has_money {
                    Verdict::Within
                } else {
                    Verdict::Equal
                }
            }
        };
        Compared {
            comparison,
            verdict,
            differences: named
                .filter(|_| verdict == Verdict::Discrepant)
                .into_iter()
                .collect(),
            skipped: Vec::new(),
        }
    }

    /// Whether what is missing should be there: the lag after the period's end is over.
    fn is_due(&self) -> bool {
        let Some(days) = self.rule.lag_days else {
            return true;
        };
        let last = self.period.end_day().checked_add(i32::from(days).days());
        last.is_ok_and(|last| self.today > last)
    }

    fn both(
        &self,
        comparison: &'a Comparison,
        shared: &Shared<'a>,
        unit: &RuleUnit,
    ) -> Result<Compared<'a>, ReconcileError> {
        let (base_leg, peer_leg) = (&unit.legs[comparison.base], &unit.legs[comparison.peer]);
        let mut differences = Vec::new();
        let mut skipped = Vec::new();
        let (mut is_compared, mut is_within) = (false, false);
        for (at, named) in &shared.measures {
            let (Some(base), Some(peer)) = (base_leg.measures[*at], peer_leg.measures[*at]) else {
                skipped.extend(*named);
                continue;
            };
            is_compared = true;
            if base == peer {
                continue;
            }
            let lines = base_leg.rows.max(peer_leg.rows);
            let is_near = self.takes(*at, base.least, peer.least, unit.currency, lines)?
                && self.takes(*at, base.greatest, peer.greatest, unit.currency, lines)?;
            match named {
                Some(named) if !is_near => differences.push(Difference::Measure {
                    at: *at,
                    named,
                    base,
                    peer,
                }),
                _ => is_within = true,
            }
        }
        for (at, named) in &shared.fields {
            let (Some(base), Some(peer)) = (&base_leg.texts[*at], &peer_leg.texts[*at]) else {
                skipped.extend(*named);
                continue;
            };
            is_compared = true;
            if base == peer {
                continue;
            }
            match named {
                Some(named) => differences.push(Difference::Text {
                    named,
                    base: shown(base),
                    peer: shown(peer),
                }),
                None => is_within = true,
            }
        }
        let verdict = match (differences.is_empty(), is_compared, is_within) {
            (false, _, _) => Verdict::Discrepant,
            // Neither side has anything of what the other one has: nothing can be said.
            (true, false, _) => Verdict::Unknown,
            (true, true, true) => Verdict::Within,
            (true, true, false) => Verdict::Equal,
        };
        Ok(Compared {
            comparison,
            verdict,
            differences,
            skipped,
        })
    }

    /// Whether two figures of a measure are near enough.
    pub(super) fn takes(
        &self,
        at: usize,
        base: Decimal,
        peer: Decimal,
        currency: Currency,
        lines: u64,
    ) -> Result<bool, ReconcileError> {
        let measure = &self.rule.measures[at];
        if measure.has_floor {
            return self.tolerances[at].takes_amount(base, peer, currency, lines);
        }
        let currency = (measure.kind != MeasureType::Number).then_some(currency);
        self.tolerances[at].takes(base, peer, currency)
    }

    /// The money of a leg's rows.
    pub(super) fn value_of(&self, leg: &LegSums) -> Option<Decimal> {
        let at = self.rule.value?;
        leg.measures[at].map(|measured| measured.least)
    }
}

/// The tolerance of a measure: its own, else that of the configuration for what it is.
pub(super) fn tolerance<'a>(config: &'a Config, measure: &'a Measure) -> Tolerance<'a> {
    let configured = &config.tolerance;
    let limits: &AmountTolerance =
        measure
            .tolerance
            .as_ref()
            .unwrap_or_else(|| match (measure.name.as_str(), measure.kind) {
                ("tax", _) => configured.tax.as_ref().unwrap_or(&configured.amount),
                (_, MeasureType::Money) => &configured.amount,
                (_, MeasureType::Price) => &configured.unit_price,
                (_, MeasureType::Number) => &configured.quantity,
            });
    Tolerance::new(limits, configured.mode)
}

fn is_blind(input: &ReconcileInput<'_>, leg: &super::file::RuleLeg) -> bool {
    input.blind_sources.iter().any(|blind| {
        let is_read = leg.sources.is_empty() || leg.sources.contains(&blind.source);
        is_read && leg.entities.iter().any(|entity| blind.covers(*entity))
    })
}

/// The texts of a unit's rows: the one that all have, or the first and the last of several.
fn shown((first, last): &(String, String)) -> String {
    if first == last {
        first.clone()
    } else {
        format!("{first} .. {last}")
    }
}
