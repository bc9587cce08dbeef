//! Which units count as discrepant: the X of the discrepancy rate, unit by unit.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::error::KpiError;
use super::timeline::Timeline;
use crate::currency::Currency;
use crate::money::{minus, plus};
use crate::period::Period;
use crate::reconcile::Kind;
use crate::store::Reconciliation;

/// A unit with at least one counted item.
#[derive(Debug)]
pub(super) struct CountedUnit<'a> {
    pub(super) period: Period,
    pub(super) account: &'a str,
    pub(super) account_name: &'a str,
    pub(super) branch: Option<&'a str>,
    pub(super) currency: Currency,
    /// Its counted items.
    pub(super) items: Vec<&'a Timeline<'a>>,
    /// A − E, as it was counted; tax left out.
    pub(super) delta: Decimal,
    /// What it weighs in the value rate: |A − E|, or |E| of a bill in the wrong period.
    pub(super) value: Decimal,
    /// What of that weight the present amounts of the unit do not hold: a unit that was billed too
    /// much and is corrected now would weigh more than it is worth.
    pub(super) weight_beyond: Decimal,
    /// Tax that is wrong.
    pub(super) tax: Decimal,
    /// What later billing took off its leakage.
    pub(super) recovered: Decimal,
    /// What of its leakage was given up.
    pub(super) lost: Decimal,
}

/// All counted units, and how many others were dismissed as false positives.
#[derive(Debug, Default)]
pub(super) struct Counted<'a> {
    pub(super) units: Vec<CountedUnit<'a>>,
    pub(super) false_positive_units: u64,
}

type UnitKey<'a> = (Period, &'a str, &'a str, Currency);

/// Counts the units of the reconciled periods. Units that are unknown or not due yet are in
/// neither N nor X, while their standing items stay in the book: an account has as many present
/// differences as its newest reconcile counted, and what stands beyond that is left out. First to
/// go are items with a record of a source that was blind, then missing bills, then by key.
pub(super) fn counted<'a>(
    timelines: &'a [Timeline<'a>],
    reconciliations: &[Reconciliation],
    branch: Option<&str>,
) -> Result<Counted<'a>, KpiError> {
    let mut by_unit: BTreeMap<UnitKey<'a>, Vec<&'a Timeline<'a>>> = BTreeMap::new();
    for timeline in timelines {
        let item = timeline.item;
        let key = (
            item.period,
            item.account.as_str(),
            item.sku.as_str(),
            item.currency,
        );
        by_unit.entry(key).or_default().push(timeline);
    }
    let mut result = Counted::default();
    for reconciliation in reconciliations {
        let standing = Standing::of(reconciliation, branch);
        let mut by_account: BTreeMap<&str, Vec<(bool, CountedUnit<'a>)>> = BTreeMap::new();
        let mut dismissed: BTreeMap<&str, u64> = BTreeMap::new();
        let units = by_unit
            .iter()
            .filter(|((period, ..), _)| *period == reconciliation.period);
        for ((_, account, ..), items) in units {
            let counting: Vec<_> = items
                .iter()
                .copied()
                .filter(|timeline| timeline.is_counted())
                .collect();
            let differs = |timelines: &[&Timeline<'_>]| {
                timelines
                    .iter()
                    .any(|timeline| !timeline.item.outstanding.is_zero())
            };
            if counting.is_empty() {
                let is_false = items.iter().any(|timeline| timeline.is_false_positive());
                result.false_positive_units += u64::from(is_false);
                *dismissed.entry(account).or_default() += u64::from(is_false && differs(items));
                continue;
            }
            let still_differs = differs(&counting);
            if let Some(unit) = measured(counting)? {
                by_account
                    .entry(account)
                    .or_default()
                    .push((still_differs, unit));
            }
        }
        for (account, units) in by_account {
            let dismissed = dismissed.get(account).copied().unwrap_or_default();
            let beyond = standing.beyond(account, &units, dismissed);
            result.units.extend(without(units, beyond, &standing));
        }
    }
    Ok(result)
}

/// What the newest reconcile of a period says of its accounts.
struct Standing<'a> {
    /// Units that differ now, and units that are unknown or not due yet.
    accounts: BTreeMap<&'a str, (u64, u64)>,
    blind: Vec<&'a str>,
}

impl<'a> Standing<'a> {
    fn of(reconciliation: &'a Reconciliation, branch: Option<&str>) -> Self {
        let mut accounts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for totals in &reconciliation.totals {
            if branch.is_none_or(|wanted| totals.branch.as_deref() == Some(wanted)) {
                let (differing, open) = accounts.entry(&totals.account).or_default();
                *differing += totals.discrepant;
                *open += totals.unknown + totals.timing;
            }
        }
        let blind = reconciliation
            .blind_sources
            .iter()
            .map(|(source, _)| source.as_str())
            .collect();
        Self { accounts, blind }
    }

    /// How many standing differences of an account are of units that cannot be decided now.
    fn beyond(&self, account: &str, units: &[(bool, CountedUnit<'_>)], dismissed: u64) -> usize {
        let (differing, undecided) = self.accounts.get(account).copied().unwrap_or_default();
        let standing = units.iter().filter(|(differs, _)| *differs).count() as u64 + dismissed;
        usize::try_from(standing.saturating_sub(differing).min(undecided)).unwrap_or(usize::MAX)
    }

    fn is_blind(&self, unit: &CountedUnit<'_>) -> bool {
        unit.items
            .iter()
            .flat_map(|timeline| &timeline.item.sides)
            .any(|side| self.blind.contains(&side.source.as_str()))
    }
}

fn without<'a>(
    units: Vec<(bool, CountedUnit<'a>)>,
    beyond: usize,
    standing: &Standing<'_>,
) -> Vec<CountedUnit<'a>> {
    let (mut differing, mut kept): (Vec<_>, Vec<_>) =
        units.into_iter().partition(|(differs, _)| *differs);
    let is_missing = |unit: &CountedUnit<'_>| {
        unit.items
            .iter()
            .any(|timeline| timeline.item.kind == Kind::MissingInBilling)
    };
    // Stable: what is equally likely to be undecided stays in the order of the keys.
    differing.sort_by_key(|(_, unit)| (!standing.is_blind(unit), !is_missing(unit)));
    kept.extend(differing.into_iter().skip(beyond));
    kept.into_iter().map(|(_, unit)| unit).collect()
}

fn measured<'a>(items: Vec<&'a Timeline<'a>>) -> Result<Option<CountedUnit<'a>>, KpiError> {
    let Some(first) = items.first().map(|timeline| timeline.item) else {
        return Ok(None);
    };
    let mut delta = Decimal::ZERO;
    let mut tax = Decimal::ZERO;
    let mut present = Decimal::ZERO;
    let mut given_up = Decimal::ZERO;
    let mut shifted = Decimal::ZERO;
    let mut worth = Decimal::ZERO;
    for timeline in &items {
        let item = timeline.item;
        if item.kind == Kind::Tax {
            tax = plus(tax, item.impact)?;
            continue;
        }
        if item.kind == Kind::PeriodCutoff {
            shifted = shifted.max(item.unit_expected.abs());
        }
        delta = plus(delta, item.impact)?;
        let outstanding = with_sign_of(item.impact, item.outstanding);
        present = plus(present, outstanding)?;
        if timeline.is_lost() {
            given_up = plus(given_up, leak(outstanding))?;
        }
        worth = worth
            .max(item.unit_expected.abs())
            .max(item.unit_actual.abs());
    }
    let leakage = leak(delta);
    let recovered = minus(leakage, leak(present).min(leakage))?;
    let value = delta.abs().max(shifted);
    Ok(Some(CountedUnit {
        period: first.period,
        account: &first.account,
        account_name: &first.account_name,
        branch: first.branch.as_deref(),
        currency: first.currency,
        delta,
        value,
        weight_beyond: minus(value, worth.min(value))?,
        tax,
        recovered,
        lost: given_up.min(minus(leakage, recovered)?),
        items,
    }))
}

/// The book keeps what is outstanding as a magnitude; its direction is that of the impact.
fn with_sign_of(impact: Decimal, magnitude: Decimal) -> Decimal {
    if impact.is_sign_negative() {
        -magnitude.abs()
    } else {
        magnitude.abs()
    }
}

/// max(0, −delta).
pub(super) fn leak(delta: Decimal) -> Decimal {
    if delta < Decimal::ZERO {
        -delta
    } else {
        Decimal::ZERO
    }
}
