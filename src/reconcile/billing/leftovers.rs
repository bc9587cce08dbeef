//! Passes 5 to 7 of the leftovers: units that have one side only. The other side may stand under
//! another product of the same customer, or under another customer of the same product.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::currency::Currency;
use crate::money::decimal_text;
use crate::reconcile::discrepancy::{Kind, Severity};
use crate::reconcile::error::ReconcileError;
use crate::reconcile::outcome::Finding;
use crate::reconcile::tally::{JudgedUnit, Verdict};

use super::candidates::tell_candidates;
use super::classify::annualised;
use super::judge::Context;
use super::severity::SeverityFacts;

/// What a unit wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Want {
    /// It is sold, and has no bill.
    Bill,
    /// It is billed, and has no contract.
    Contract,
}

/// A unit with one side only.
#[derive(Debug)]
pub(super) struct Leftover {
    pub(super) want: Want,
    pub(super) sku: String,
    /// What it is while nothing is found; `None` where a blind source hides what it is.
    pub(super) finding: Option<Finding>,
    pub(super) unit: JudgedUnit,
    pub(super) quantity: Option<Decimal>,
}

impl Leftover {
    pub(super) fn new(
        want: Want,
        finding: Finding,
        unit: JudgedUnit,
        quantity: Option<Decimal>,
    ) -> Self {
        Self {
            want,
            sku: finding.sku.clone(),
            finding: Some(finding),
            unit,
            quantity: quantity.map(|quantity| quantity.normalize()),
        }
    }

    /// A sold unit of which nothing can be said now.
    pub(super) fn hidden(sku: &str, unit: JudgedUnit) -> Self {
        Self {
            want: Want::Bill,
            sku: sku.to_owned(),
            finding: None,
            unit,
            quantity: None,
        }
    }

    /// What it is short of, or has too much.
    pub(super) fn amount(&self) -> Decimal {
        match self.want {
            Want::Bill => self.unit.expected,
            Want::Contract => self.unit.actual,
        }
    }

    fn can_pair(&self) -> bool {
        self.quantity.is_some()
            && self
                .finding
                .as_ref()
                .is_some_and(|finding| !finding.ambiguous)
    }

    fn tag(&mut self) {
        if let Some(finding) = &mut self.finding {
            finding.ambiguous = true;
        }
    }
}

/// What became of the leftovers.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// The units, by product code.
    pub(super) units: Vec<(String, JudgedUnit)>,
    pub(super) findings: Vec<Finding>,
    /// Units that are a part of another one now: (account, product).
    pub(super) absorbed: Vec<(String, String)>,
}

/// Pairs what belongs together and lets the rest be what it is.
pub(super) fn settle_leftovers(
    mut leftovers: Vec<Leftover>,
    context: &Context<'_>,
) -> Result<Settled, ReconcileError> {
    leftovers.sort_by(|base, peer| key(base).cmp(&key(peer)));
    let by_code = pair_codes(&mut leftovers);
    hide(&mut leftovers, &by_code);
    let by_customer = pair_customers(&mut leftovers, &by_code, context)?;
    tell_candidates(&mut leftovers, &by_code, &by_customer, context);

    let mut partner_of: BTreeMap<usize, (usize, Kind)> = BTreeMap::new();
    for (kind, pairs) in [
        (Kind::WrongCode, &by_code),
        (Kind::CustomerMismatch, &by_customer),
    ] {
        for (sold, billed) in pairs {
            partner_of.insert(*sold, (*billed, kind));
            partner_of.insert(*billed, (*sold, kind));
        }
    }
    let mut settled = Settled::default();
    for (at, leftover) in leftovers.iter().enumerate() {
        match partner_of.get(&at) {
            Some((billed, Kind::WrongCode)) if leftover.want == Want::Bill => {
                settled.wrong_code(leftover, &leftovers[*billed], context)?;
            }
            Some((_, Kind::WrongCode)) => {}
            Some((other, _)) => settled.customer_mismatch(leftover, &leftovers[*other], context),
            None => {
                settled.findings.extend(leftover.finding.clone());
                let unit = leftover.unit.clone();
                settled.units.push((leftover.sku.clone(), unit));
            }
        }
    }
    Ok(settled)
}

fn key(leftover: &Leftover) -> (&str, &str, Currency, Want) {
    (
        &leftover.unit.account.id,
        &leftover.sku,
        leftover.unit.currency,
        leftover.want,
    )
}

/// Pass 5: same customer, currency and quantity, another product. With several candidates nobody can
/// say, and all of them are told so.
fn pair_codes(leftovers: &mut [Leftover]) -> Vec<(usize, usize)> {
    type Key = (String, Currency, Decimal);
    let mut groups: BTreeMap<Key, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (at, leftover) in leftovers.iter().enumerate() {
        let Some(quantity) = leftover.quantity.filter(|_| leftover.can_pair()) else {
            continue;
        };
        let unit = &leftover.unit;
        let group = groups
            .entry((unit.account.id.clone(), unit.currency, quantity))
            .or_default();
        match leftover.want {
            Want::Bill => group.0.push(at),
            Want::Contract => group.1.push(at),
        }
    }
    let mut pairs = Vec::new();
    for (sold, billed) in groups.into_values() {
        match (sold.as_slice(), billed.as_slice()) {
            ([], _) | (_, []) => {}
            ([sold], [billed]) => pairs.push((*sold, *billed)),
            _ => {
                for at in sold.into_iter().chain(billed) {
                    leftovers[at].tag();
                }
            }
        }
    }
    pairs
}

/// Pass 6: same product, currency and quantity, the same price within tolerance, another customer, and
/// each the only candidate of the other.
fn pair_customers(
    leftovers: &mut [Leftover],
    by_code: &[(usize, usize)],
    context: &Context<'_>,
) -> Result<Vec<(usize, usize)>, ReconcileError> {
    type Key = (String, Currency, Decimal);
    type ByAmount = BTreeMap<Decimal, Vec<usize>>;
    let mut groups: BTreeMap<Key, (ByAmount, ByAmount)> = BTreeMap::new();
    let paired: BTreeSet<usize> = by_code
        .iter()
        .flat_map(|(sold, billed)| [*sold, *billed])
        .collect();
    for (at, leftover) in leftovers.iter().enumerate() {
        let Some(quantity) = leftover.quantity.filter(|_| leftover.can_pair()) else {
            continue;
        };
        if paired.contains(&at) {
            continue;
        }
        let group = groups
            .entry((leftover.sku.clone(), leftover.unit.currency, quantity))
            .or_default();
        let side = match leftover.want {
            Want::Bill => &mut group.0,
            Want::Contract => &mut group.1,
        };
        side.entry(leftover.amount().normalize())
            .or_default()
            .push(at);
    }
    let tolerance = context.settings.amount_tolerance();
    let mut pairs = Vec::new();
    for ((_, currency, _), (sold, billed)) in &groups {
        // Amounts, not units, meet here, so that many equal units cost no more than one.
        let mut wanted: BTreeMap<Decimal, Vec<Decimal>> = BTreeMap::new();
        let mut offered: BTreeMap<Decimal, Vec<Decimal>> = BTreeMap::new();
        for amount in sold.keys() {
            let limit = tolerance.amount_limit(*amount, *currency, 1)?;
            for (other, _) in billed.range(*amount - limit..=*amount + limit) {
                wanted.entry(*amount).or_default().push(*other);
                offered.entry(*other).or_default().push(*amount);
            }
        }
        for (amount, others) in &wanted {
            let single = |sides: &ByAmount, amounts: &[Decimal]| -> Option<usize> {
                match amounts {
                    [amount] => match sides.get(amount)?.as_slice() {
                        [only] => Some(*only),
                        _ => None,
                    },
                    _ => None,
                }
            };
            let billed_one = single(billed, others);
            let sold_one = others
                .first()
                .and_then(|other| single(sold, offered.get(other)?));
            if let (Some(sold_one), Some(billed_one)) = (sold_one, billed_one) {
                pairs.push((sold_one, billed_one));
                continue;
            }
            let units = |sides: &ByAmount, amounts: &[Decimal]| -> Vec<usize> {
                amounts
                    .iter()
                    .filter_map(|amount| sides.get(amount))
                    .flatten()
                    .copied()
                    .collect()
            };
            for at in units(sold, &[*amount])
                .into_iter()
                .chain(units(billed, others))
            {
                leftovers[at].tag();
            }
        }
    }
    Ok(pairs)
}

/// While usage is not seen, a bill without a contract may be the other side of a unit that is hidden.
fn hide(leftovers: &mut [Leftover], by_code: &[(usize, usize)]) {
    let hidden: BTreeSet<(String, Currency)> = leftovers
        .iter()
        .filter(|leftover| leftover.finding.is_none())
        .map(|leftover| (leftover.unit.account.id.clone(), leftover.unit.currency))
        .collect();
    if hidden.is_empty() {
        return;
    }
    let paired: BTreeSet<usize> = by_code.iter().map(|(_, billed)| *billed).collect();
    for (at, leftover) in leftovers.iter_mut().enumerate() {
        let unit = &mut leftover.unit;
        let is_paired = paired.contains(&at);
        if leftover.want == Want::Contract
            && !is_paired
            && hidden.contains(&(unit.account.id.clone(), unit.currency))
        {
            unit.verdict = Verdict::Unknown;
            leftover.finding = None;
        }
    }
}

impl Settled {
    /// WRONG_CODE: the two become one unit, told under the billed code.
    fn wrong_code(
        &mut self,
        sold: &Leftover,
        billed: &Leftover,
        context: &Context<'_>,
    ) -> Result<(), ReconcileError> {
        let (Some(base), Some(peer)) = (&sold.finding, &billed.finding) else {
            return Ok(());
        };
        let (expected, actual) = (sold.unit.expected, billed.unit.actual);
        let impact = actual
            .checked_sub(expected)
            .ok_or_else(|| ReconcileError::Overflow("a bill under another code".into()))?;
        let currency = sold.unit.currency;
        let is_price_same = context
            .settings
            .amount_tolerance()
            .takes_amount(expected, actual, currency, 1)?;
        let mut secondary = [base.secondary.clone(), peer.secondary.clone()].concat();
        if !is_price_same {
            secondary.push(Kind::UnitPrice);
        }
        secondary.sort_unstable();
        secondary.dedup();
        // What the contract recurs with, told by how its own impact was.
        let cycles = base
            .annualised
            .and_then(|yearly| crate::money::ratio(yearly, base.impact))
            .and_then(|cycles| i64::try_from(cycles).ok());
        let mut unit = JudgedUnit {
            expected,
            actual,
            weight: impact.abs(),
            verdict: Verdict::Discrepant,
            is_partly_blind: sold.unit.is_partly_blind || billed.unit.is_partly_blind,
            ..sold.unit.clone()
        };
        unit.rows.add_all(&billed.unit.rows);
        self.findings.push(Finding {
            kind: Kind::WrongCode,
            sku: billed.sku.clone(),
            field: "sku".to_owned(),
            expected: Some(sold.sku.clone()),
            actual: Some(billed.sku.clone()),
            unit_expected: expected,
            unit_actual: actual,
            impact,
            annualised: annualised(impact, cycles)?,
            severity: severity(context, Kind::WrongCode, impact, sold),
            secondary,
            candidates: Vec::new(),
            sides: [base.sides.clone(), peer.sides.clone()].concat(),
            ..base.clone()
        });
        let absorbed = (sold.unit.account.id.clone(), sold.sku.clone());
        self.absorbed.push(absorbed);
        self.units.push((billed.sku.clone(), unit));
        Ok(())
    }

    /// One leg of a CUSTOMER_MISMATCH: both units stay, and name each other.
    fn customer_mismatch(&mut self, own: &Leftover, other: &Leftover, context: &Context<'_>) {
        let Some(finding) = &own.finding else {
            return;
        };
        let (sold_to, billed_to) = match own.want {
            Want::Bill => (own, other),
            Want::Contract => (other, own),
        };
        let kind = Kind::CustomerMismatch;
        self.findings.push(Finding {
            kind,
            field: "customer".to_owned(),
            expected: Some(sold_to.unit.account.id.clone()),
            actual: Some(billed_to.unit.account.id.clone()),
            severity: severity(context, kind, finding.impact, own),
            linked: Some((other.unit.account.id.clone(), other.sku.clone())),
            candidates: Vec::new(),
            ..finding.clone()
        });
        self.units.push((own.sku.clone(), own.unit.clone()));
    }
}

fn severity(context: &Context<'_>, kind: Kind, impact: Decimal, leftover: &Leftover) -> Severity {
    context.scale.of(SeverityFacts {
        kind,
        impact,
        currency: leftover.unit.currency,
        branch: leftover.unit.branch.as_deref(),
    })
}

/// A quantity as it is told.
pub(super) fn quantity_text(leftover: &Leftover) -> Option<String> {
    leftover.quantity.map(decimal_text)
}
