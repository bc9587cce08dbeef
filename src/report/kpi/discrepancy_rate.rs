//! How much of what was billed is wrong.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::counted::{Counted, counted, shares};
use super::error::KpiError;
use super::figures::{DiscrepancyFigures, KindFigures};
use super::recurring::{recurring_rate, repeat_after_fix};
use super::tally::{Tally, printed};
use super::timeline::Timeline;
use crate::currency::Currency;
use crate::money::{minus, plus, ratio, times};
use crate::period::{Period, PeriodSpan};
use crate::reconcile::UnitTotals;
use crate::store::Reconciliation;

/// What the figures are computed from. Timelines and reconciliations are of the one rule that
/// feeds them, and of the scope's branch.
pub(super) struct RateInput<'a> {
    pub(super) span: PeriodSpan,
    pub(super) branch: Option<&'a str>,
    pub(super) currency: Currency,
    pub(super) timelines: &'a [Timeline<'a>],
    /// The newest of each period of the span.
    pub(super) reconciliations: &'a [Reconciliation],
    pub(super) reconciled_periods: &'a [Period],
    pub(super) recurring_periods: u8,
    /// The instants of the span and of the periods before it that make an error recurring.
    pub(super) recurring_bounds: (Timestamp, Timestamp),
    pub(super) rate_on: &'a dyn Fn(Currency, Currency, Date) -> Option<Decimal>,
    /// Sources that the figures need and that failed: nothing can be told.
    pub(super) failed_sources: &'a BTreeSet<&'a str>,
}

/// The figures of a span. Before any reconcile all of them are absent; when a required source
/// failed, only the counts of what was and was not decided are told.
pub(super) fn discrepancy_figures(input: &RateInput<'_>) -> Result<DiscrepancyFigures, KpiError> {
    if input.reconciliations.is_empty() {
        return Ok(DiscrepancyFigures::default());
    }
    let counted = counted(input.timelines, input.reconciliations)?;
    let mut groups = Groups::new(input);
    for reconciliation in input.reconciliations {
        for totals in &reconciliation.totals {
            if input
                .branch
                .is_none_or(|wanted| totals.branch.as_deref() == Some(wanted))
            {
                groups.add_totals(totals, reconciliation.period)?;
            }
        }
    }
    if !input.failed_sources.is_empty() {
        return Ok(withheld(input, &groups.all));
    }
    for unit in &counted.units {
        groups.add_unit(unit)?;
    }
    groups.figures(&counted)
}

/// A required source failed. Where the newest reconcile was made before that, its units are no
/// more known than the rest.
fn withheld(input: &RateInput<'_>, all: &Tally) -> DiscrepancyFigures {
    let is_seen = input.failed_sources.iter().all(|failed| {
        input.reconciliations.iter().all(|reconciliation| {
            reconciliation
                .blind_sources
                .iter()
                .any(|(source, _)| source == failed)
        })
    });
    if is_seen {
        DiscrepancyFigures {
            units: all.units(),
            timing: all.timing,
            unknown: all.unknown,
            within_tolerance: all.within,
            ..DiscrepancyFigures::default()
        }
    } else {
        DiscrepancyFigures {
            unknown: all.units() + all.timing + all.unknown,
            ..DiscrepancyFigures::default()
        }
    }
}

struct Groups<'a> {
    input: &'a RateInput<'a>,
    all: Tally,
    by_account: BTreeMap<String, Tally>,
    by_branch: BTreeMap<String, Tally>,
    by_currency: BTreeMap<Currency, Tally>,
    by_kind: BTreeMap<String, KindFigures>,
    excluded: BTreeSet<Currency>,
}

impl<'a> Groups<'a> {
    fn new(input: &'a RateInput<'a>) -> Self {
        Self {
            input,
            all: Tally::default(),
            by_account: BTreeMap::new(),
            by_branch: BTreeMap::new(),
            by_currency: BTreeMap::new(),
            by_kind: BTreeMap::new(),
            excluded: BTreeSet::new(),
        }
    }

    /// The rate at the end of a period; `None`, and the currency is named, where there is none.
    fn rate(&mut self, from: Currency, period: Period) -> Option<Decimal> {
        if from == self.input.currency {
            return Some(Decimal::ONE);
        }
        let rate = (self.input.rate_on)(from, self.input.currency, period.last_day());
        if rate.is_none() {
            self.excluded.insert(from);
        }
        rate
    }

    fn add_totals(&mut self, totals: &UnitTotals, period: Period) -> Result<(), KpiError> {
        let rate = self.rate(totals.currency, period);
        self.all.add_totals(totals, rate)?;
        self.by_currency
            .entry(totals.currency)
            .or_default()
            .add_totals(totals, Some(Decimal::ONE))?;
        let account = self.by_account.entry(totals.account.clone()).or_default();
        account.name = Some(totals.account_name.clone());
        account.add_totals(totals, rate)?;
        if let Some(branch) = &totals.branch {
            self.by_branch
                .entry(branch.clone())
                .or_default()
                .add_totals(totals, rate)?;
        }
        Ok(())
    }

    fn add_unit(&mut self, unit: &super::counted::CountedUnit<'_>) -> Result<(), KpiError> {
        let rate = self.rate(unit.currency, unit.period);
        self.all.add_unit(unit, rate)?;
        self.by_currency
            .entry(unit.currency)
            .or_default()
            .add_unit(unit, Some(Decimal::ONE))?;
        let account = self.by_account.entry(unit.account.to_owned()).or_default();
        account
            .name
            .get_or_insert_with(|| unit.account_name.to_owned());
        account.add_unit(unit, rate)?;
        if let Some(branch) = unit.branch {
            self.by_branch
                .entry(branch.to_owned())
                .or_default()
                .add_unit(unit, rate)?;
        }
        for (timeline, gross, net) in shares(unit)? {
            let name = timeline.item.kind.name().to_owned();
            let kind = self.by_kind.entry(name).or_default();
            kind.count += 1;
            if let Some(rate) = rate {
                kind.gross = plus(kind.gross, times(gross, rate)?)?;
                kind.net = plus(kind.net, times(net, rate)?)?;
            }
        }
        Ok(())
    }

    fn figures(self, counted: &Counted<'_>) -> Result<DiscrepancyFigures, KpiError> {
        let input = self.input;
        let money = |amount: Decimal| Some(printed(amount, input.currency));
        let all = &self.all;
        let unrecovered = minus(all.leakage, all.recovered)?;
        let groups = |tallies: BTreeMap<String, Tally>| {
            tallies
                .into_iter()
                .map(|(key, tally)| (key, tally.figures(input.currency)))
                .collect()
        };
        let mut by_kind = self.by_kind;
        for kind in by_kind.values_mut() {
            kind.gross = printed(kind.gross, input.currency);
            kind.net = printed(kind.net, input.currency);
        }
        let false_positives = counted.false_positive_units;
        let items: u64 = by_kind.values().map(|kind| kind.count).sum();
        let per_hundred = times(Decimal::from(items), Decimal::ONE_HUNDRED)?;
        Ok(DiscrepancyFigures {
            units: all.units(),
            discrepant: all.discrepant,
            count_rate: all.count_rate(),
            value_rate: all.value_rate(),
            billed_basis_rate: all.billed_basis_rate(),
            leakage_rate: all.leakage_rate(),
            density: ratio(per_hundred, Decimal::from(all.units())).map(|rate| rate.normalize()),
            recovery_rate: ratio(all.recovered, all.leakage).map(|rate| rate.normalize()),
            gross: money(all.gross),
            leakage: money(all.leakage),
            overbilling: money(all.overbilling),
            net: money(all.net),
            tax_impact: money(all.tax),
            recovered: money(all.recovered),
            outstanding: money(minus(unrecovered, all.lost)?),
            lost: money(all.lost),
            timing: all.timing,
            timing_value: money(all.timing_value),
            unknown: all.unknown,
            unknown_value: money(all.unknown_value),
            within_tolerance: all.within,
            within_tolerance_net: money(all.within_net),
            by_kind,
            by_account: groups(self.by_account),
            by_branch: groups(self.by_branch),
            by_currency: self
                .by_currency
                .iter()
                .map(|(currency, tally)| (*currency, tally.figures(*currency)))
                .collect(),
            excluded_currencies: self.excluded.into_iter().collect(),
            repeat_after_fix: repeat_after_fix(
                input.timelines,
                input.recurring_bounds,
                input.span.last,
                input.recurring_periods,
            ),
            recurring_rate: recurring_rate(
                counted,
                input.timelines,
                input.span,
                input.recurring_periods,
                input.reconciled_periods,
            ),
            false_positive_rate: ratio(
                Decimal::from(false_positives),
                Decimal::from(all.discrepant + false_positives),
            )
            .map(|rate| rate.normalize()),
        })
    }
}
