//! From the differences of a unit to findings, and the money of each.
//!
//! ```text
//! E, A       = the unit's money by the base and by the peer            A - E = sum over its findings
//! QUANTITY   = (qA - qE) × pE        pE = E / qE, or the base's unit price where there is no amount
//! UNIT_PRICE = (pA - pE) × qA
//! AMOUNT     = what these leave; no finding of its own when they explain the amount within tolerance
//! ```
//! A further measure of money (tax, a fee) has its own difference as its money; a text has none.

use rust_decimal::Decimal;

use crate::money::{decimal_text, money_text, round_money};
use crate::reconcile::billing::{SeverityFacts, SeverityScale};
use crate::reconcile::discrepancy::{Kind, Side};
use crate::reconcile::engine::{LegSums, Measured, RuleUnit};
use crate::reconcile::error::ReconcileError;
use crate::reconcile::outcome::{AccountRef, Finding, storable};

use super::file::{NamedKind, RuleFile};
use super::judge::{Compared, Difference, Judging};
use super::measure::MeasureType;

/// Makes findings of what was judged.
pub(super) struct Telling<'a> {
    pub(super) rule: &'a RuleFile,
    pub(super) judging: &'a Judging<'a>,
    pub(super) scale: SeverityScale<'a>,
}

/// A finding before it is dressed: what differs, as texts, and its money.
struct Told<'a> {
    named: &'a NamedKind,
    expected: Option<String>,
    actual: Option<String>,
    amounts: (Decimal, Decimal),
    impact: Decimal,
}

/// A measure that differs.
struct Differing<'a> {
    at: usize,
    named: &'a NamedKind,
    base: Measured,
    peer: Measured,
}

/// What quantity and price explain of the difference of the unit's money.
#[derive(Default)]
struct Parts {
    explained: Decimal,
    has_quantity: bool,
    /// The place of the last finding that explains a part.
    last: Option<usize>,
}

impl Telling<'_> {
    /// The findings of a unit in one comparison.
    pub(super) fn findings(
        &self,
        unit: &RuleUnit,
        compared: &Compared<'_>,
        account: &AccountRef,
        branch: Option<&String>,
    ) -> Result<Vec<Finding>, ReconcileError> {
        let told = self.told(unit, compared)?;
        let sides = self.sides(unit, compared);
        let kinds: Vec<Kind> = told.iter().map(|one| one.named.kind).collect();
        let findings = told.into_iter().enumerate().map(|(at, one)| {
            let impact = storable(one.impact);
            let mut secondary: Vec<Kind> = Vec::new();
            for (other, kind) in kinds.iter().enumerate() {
                if other != at && *kind != one.named.kind && !secondary.contains(kind) {
                    secondary.push(*kind);
                }
            }
            Finding {
                kind: one.named.kind,
                account: account.clone(),
                branch: branch.cloned(),
                sku: unit.sku.clone(),
                currency: unit.currency,
                field: one.named.field.clone(),
                expected: one.expected,
                actual: one.actual,
                unit_expected: storable(one.amounts.0),
                unit_actual: storable(one.amounts.1),
                impact,
                annualised: None,
                severity: self.scale.of(SeverityFacts {
                    kind: one.named.kind,
                    impact,
                    currency: unit.currency,
                    branch: branch.map(String::as_str),
                }),
                estimated: false,
                ambiguous: false,
                secondary,
                linked: None,
                candidates: Vec::new(),
                sides: sides.clone(),
            }
        });
        Ok(findings.collect())
    }

    fn told<'c>(
        &self,
        unit: &RuleUnit,
        compared: &Compared<'c>,
    ) -> Result<Vec<Told<'c>>, ReconcileError> {
        let base = &unit.legs[compared.comparison.base];
        let peer = &unit.legs[compared.comparison.peer];
        let value = |leg: &LegSums| self.judging.value_of(leg);
        let amounts = (
            value(base).unwrap_or_default(),
            value(peer).unwrap_or_default(),
        );
        let delta = minus(amounts.1, amounts.0)?;
        let mut told: Vec<Told<'c>> = Vec::new();
        let mut parts = Parts::default();
        let mut of_value = None;
        for difference in &compared.differences {
            told.push(match difference {
                Difference::BaseOnly(named) => self.one_sided(unit, named, true, amounts, delta),
                Difference::PeerOnly(named) => self.one_sided(unit, named, false, amounts, delta),
                Difference::Text { named, base, peer } => Told {
                    named,
                    expected: Some(base.clone()),
                    actual: Some(peer.clone()),
                    amounts,
                    impact: Decimal::ZERO,
                },
                Difference::Measure { at, named, .. } if Some(*at) == self.rule.value => {
                    of_value = Some(*named);
                    continue;
                }
                Difference::Measure {
                    at,
                    named,
                    base,
                    peer,
                } => {
                    let measured = Differing {
                        at: *at,
                        named,
                        base: *base,
                        peer: *peer,
                    };
                    self.measure(unit, compared, &measured, amounts, &mut parts, told.len())?
                }
            });
        }
        if value(base).is_none() || value(peer).is_none() {
            return Ok(told);
        }
        let left = minus(delta, parts.explained)?;
        let is_explained =
            parts.last.is_some() && self.is_explained(unit, compared, parts.explained)?;
        match (of_value, parts.last) {
            (Some(named), _) if !is_explained => told.push(Told {
                named,
                expected: Some(money_text(amounts.0, unit.currency)),
                actual: Some(money_text(amounts.1, unit.currency)),
                amounts,
                impact: left,
            }),
            // What rounding left, or what no tolerance lets through, goes to the last cause.
            (_, Some(at)) => told[at].impact = plus(told[at].impact, left)?,
            _ => {}
        }
        Ok(told)
    }

    /// A measure that differs and is not the unit's own money.
    fn measure<'c>(
        &self,
        unit: &RuleUnit,
        compared: &Compared<'_>,
        measured: &Differing<'c>,
        amounts: (Decimal, Decimal),
        parts: &mut Parts,
        place: usize,
    ) -> Result<Told<'c>, ReconcileError> {
        let kind = self.rule.measures[measured.at].kind;
        let (expected, actual) = further(measured.base, measured.peer);
        let own = minus(actual, expected)?;
        let impact = match kind {
            MeasureType::Money => own,
            // Of several numbers the first one is the quantity that is paid for.
            MeasureType::Number if parts.has_quantity => Decimal::ZERO,
            MeasureType::Number => self.quantity_effect(measured.at, unit, compared)?,
            MeasureType::Price => self.price_effect(own, unit, compared)?,
        };
        parts.has_quantity |= kind == MeasureType::Number;
        let is_part = kind != MeasureType::Money;
        if is_part && !impact.is_zero() {
            parts.explained = plus(parts.explained, impact)?;
            parts.last = Some(place);
        }
        let text = |figure: Decimal| match kind {
            MeasureType::Number => decimal_text(figure),
            MeasureType::Money | MeasureType::Price => money_text(figure, unit.currency),
        };
        Ok(Told {
            named: measured.named,
            expected: Some(text(expected)),
            actual: Some(text(actual)),
            amounts: if is_part { amounts } else { (expected, actual) },
            impact,
        })
    }

    fn one_sided<'c>(
        &self,
        unit: &RuleUnit,
        named: &'c NamedKind,
        is_base: bool,
        amounts: (Decimal, Decimal),
        delta: Decimal,
    ) -> Told<'c> {
        let has_value = self.rule.value.is_some();
        let shown = |amount: Decimal| has_value.then(|| money_text(amount, unit.currency));
        let (expected, actual) = match (named.kind, is_base) {
            (Kind::WrongCode, _) => (None, Some(unit.sku.clone())),
            (_, true) => (shown(amounts.0), None),
            (_, false) => (None, shown(amounts.1)),
        };
        Told {
            named,
            expected,
            actual,
            amounts,
            impact: delta,
        }
    }

    /// Whether quantity and price explain the amount: what they leave is within its tolerance.
    fn is_explained(
        &self,
        unit: &RuleUnit,
        compared: &Compared<'_>,
        explained: Decimal,
    ) -> Result<bool, ReconcileError> {
        let Some(at) = self.rule.value else {
            return Ok(false);
        };
        let base = &unit.legs[compared.comparison.base];
        let peer = &unit.legs[compared.comparison.peer];
        let (Some(expected), Some(actual)) =
            (self.judging.value_of(base), self.judging.value_of(peer))
        else {
            return Ok(false);
        };
        let lines = base.rows.max(peer.rows);
        self.judging
            .takes(at, plus(expected, explained)?, actual, unit.currency, lines)
    }

    /// (qA − qE) × pE, rounded to the currency's decimals.
    fn quantity_effect(
        &self,
        at: usize,
        unit: &RuleUnit,
        compared: &Compared<'_>,
    ) -> Result<Decimal, ReconcileError> {
        let base = &unit.legs[compared.comparison.base];
        let peer = &unit.legs[compared.comparison.peer];
        let (Some(expected), Some(actual)) = (base.measures[at], peer.measures[at]) else {
            return Ok(Decimal::ZERO);
        };
        let of_amount = || {
            let amount = self.judging.value_of(base)?;
            crate::money::ratio(amount, expected.least)
        };
        let Some(price) = self.price(base).or_else(of_amount) else {
            return Ok(Decimal::ZERO);
        };
        let effect = times(minus(actual.least, expected.least)?, price)?;
        Ok(round_money(effect, unit.currency))
    }

    /// (pA − pE) × qA, rounded to the currency's decimals.
    fn price_effect(
        &self,
        difference: Decimal,
        unit: &RuleUnit,
        compared: &Compared<'_>,
    ) -> Result<Decimal, ReconcileError> {
        let peer = &unit.legs[compared.comparison.peer];
        let quantity = self
            .rule
            .measures
            .iter()
            .position(|measure| measure.name == "quantity")
            .and_then(|at| peer.measures[at]);
        let Some(quantity) = quantity else {
            return Ok(Decimal::ZERO);
        };
        Ok(round_money(
            times(difference, quantity.least)?,
            unit.currency,
        ))
    }

    /// The one price of a leg's rows.
    fn price(&self, leg: &LegSums) -> Option<Decimal> {
        let at = self
            .rule
            .measures
            .iter()
            .position(|measure| measure.kind == MeasureType::Price)?;
        let price = leg.measures[at]?;
        (price.least == price.greatest).then_some(price.least)
    }

    /// The source and id of the record that a unit is, where the rule has a key.
    pub(super) fn record(&self, unit: &RuleUnit) -> Option<(String, String)> {
        let key: Vec<&str> = unit.key.iter().map(String::as_str).collect();
        record_of_key(self.rule, &key)
    }

    /// The record that the key names, on each side that has it.
    fn sides(&self, unit: &RuleUnit, compared: &Compared<'_>) -> Vec<Side> {
        let Some((source, id)) = self.record(unit) else {
            return Vec::new();
        };
        let number = self.rule.key.iter().position(|column| column == "number");
        let label = number
            .and_then(|at| unit.key.get(at))
            .unwrap_or(&id)
            .clone();
        let comparison = compared.comparison;
        let legs = [("base", comparison.base), ("peer", comparison.peer)];
        let there = legs.into_iter().filter(|(_, at)| unit.legs[*at].rows > 0);
        there
            .map(|(side, at)| {
                let leg = &self.rule.legs[at];
                let sums = &unit.legs[at];
                let named = |name: &str| {
                    let at = self.rule.measures.iter().position(|one| one.name == name)?;
                    sums.measures[at].map(|measured| decimal_text(measured.least))
                };
                Side {
                    side: side.to_owned(),
                    source: source.clone(),
                    entity: leg
                        .entities
                        .first()
                        .map_or_else(String::new, |entity| entity.name().to_owned()),
                    label: label.clone(),
                    id: id.clone(),
                    quantity: named("quantity"),
                    unit_price: named("unit_price"),
                    amount: self
                        .judging
                        .value_of(sums)
                        .map(|amount| money_text(amount, unit.currency)),
                }
            })
            .collect()
    }
}

/// Of the ends of two measures the pair that is further apart.
fn further(base: Measured, peer: Measured) -> (Decimal, Decimal) {
    let apart = |base: Decimal, peer: Decimal| {
        peer.checked_sub(base)
            .map_or(Decimal::MAX, |difference| difference.abs())
    };
    if apart(base.least, peer.least) > apart(base.greatest, peer.greatest) {
        (base.least, peer.least)
    } else {
        (base.greatest, peer.greatest)
    }
}

fn overflow() -> ReconcileError {
    ReconcileError::Overflow("the difference of a unit".into())
}

fn plus(one: Decimal, other: Decimal) -> Result<Decimal, ReconcileError> {
    one.checked_add(other).ok_or_else(overflow)
}

fn minus(one: Decimal, other: Decimal) -> Result<Decimal, ReconcileError> {
    one.checked_sub(other).ok_or_else(overflow)
}

fn times(one: Decimal, other: Decimal) -> Result<Decimal, ReconcileError> {
    one.checked_mul(other).ok_or_else(overflow)
}

/// The source and id of the record that a unit with these key values is, where the rule has a key.
pub(super) fn record_of_key(rule: &RuleFile, key: &[&str]) -> Option<(String, String)> {
    if rule.key.is_empty() {
        return None;
    }
    let part = |name: &str| {
        let at = rule.key.iter().position(|column| column == name)?;
        key.get(at).map(|text| (*text).to_owned())
    };
    let id = part("id").unwrap_or_else(|| key.join("/"));
    Some((part("source").unwrap_or_else(|| rule.name.clone()), id))
}
