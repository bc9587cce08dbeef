//! All KPIs of one scope and period, in one object.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::banner::banner;
use super::discrepancy_rate::{RateInput, discrepancy_figures};
use super::error::KpiError;
use super::figures::{
    AccountFigures, Freshness, FreshnessState, Kpi, MatchFigures, PromiseFigures,
    ReceivablesFigures,
};
use super::freshness::SourceTerms;
use super::matching::{FirstPasses, MatchInput, matching};
use super::resolution::{Measure, resolution};
use super::roll_forward::roll_forward;
use super::timeline::timelines;
use super::unavailable::{Known, unavailable};
use crate::config::{CalendarConfig, Role};
use crate::currency::Currency;
use crate::fault::Failure;
use crate::money::ratio;
use crate::period::{Period, PeriodSpan, local_day};
use crate::reconcile::cash::{CashBook, PaymentAccuracy};
use crate::reconcile::{Completeness, Discrepancy, DiscrepancyEvent};
use crate::store::Reconciliation;

/// The rule whose units and items the discrepancy figures are made of. Others have figures of
/// their own.
pub const KPI_RULE: &str = "contract_usage_billed";

/// What KPIs are computed from.
pub struct KpiInput<'a> {
    /// The period.
    pub span: PeriodSpan,
    /// What was known.
    pub as_of: Timestamp,
    /// Only this branch; the whole company without.
    pub branch: Option<&'a str>,
    /// The currency of the amounts; see [`super::scope_currency`].
    pub currency: Currency,
    /// The zone of the books.
    pub zone: &'a TimeZone,
    /// Working hours and holidays.
    pub calendar: &'a CalendarConfig,
    /// How many earlier periods make an error a recurring one.
    pub recurring_periods: u8,
    /// What the configuration says of the sources.
    pub sources: &'a [SourceTerms],
    /// Their state at `as_of`; see [`super::freshness`].
    pub freshness: &'a [Freshness],
    /// Of [`KPI_RULE`], the newest of each period of the span.
    pub reconciliations: &'a [Reconciliation],
    /// The periods for which [`KPI_RULE`] was ever reconciled.
    pub reconciled_periods: &'a [Period],
    /// All items of the book, whatever their period and state.
    pub discrepancies: &'a [Discrepancy],
    /// All their events up to `as_of`, in order.
    pub events: &'a [DiscrepancyEvent],
    /// What is owed, computed for the same span, `as_of`, branch and currency.
    pub receivables: ReceivablesFigures,
    /// Currencies that had no rate when that was computed.
    pub excluded_currencies: &'a [Currency],
    /// Invoices and payments after cash application; `None` when there are none to be had.
    pub book: Option<&'a CashBook>,
    /// Of the rule of accounts, the newest in the span.
    pub accounts: Option<&'a Reconciliation>,
    /// How accurate the payments of the span are; `None` when that cannot be said.
    pub payment_accuracy: Option<PaymentAccuracy>,
    /// What is known of the first attempts to place payments.
    pub passes: &'a FirstPasses,
    /// What became of promises; `None` when no source lands any.
    pub promises: Option<PromiseFigures>,
    /// The rate of a day: (from, into, day).
    pub rate_on: &'a dyn Fn(Currency, Currency, Date) -> Option<Decimal>,
}

/// All figures of one scope and period as they were known at `as_of`.
pub fn compute_kpi(input: &KpiInput<'_>) -> Result<Kpi, Failure> {
    Ok(compute(input)?)
}

fn compute(input: &KpiInput<'_>) -> Result<Kpi, KpiError> {
    let in_scope = |item: &&Discrepancy| {
        input
            .branch
            .is_none_or(|wanted| item.branch.as_deref() == Some(wanted))
    };
    let all = timelines(
        input.discrepancies.iter().filter(in_scope),
        input.events,
        input.as_of,
    );
    let of_rule = timelines(
        input
            .discrepancies
            .iter()
            .filter(in_scope)
            .filter(|item| item.rule == KPI_RULE),
        input.events,
        input.as_of,
    );
    let bounds = (
        input.span.first.bounds(input.zone).0,
        input.span.last.bounds(input.zone).1,
    );
    let failed_sources = failed_sources(input, bounds.1, &[Role::Crm, Role::Billing]);
    let mut discrepancy = discrepancy_figures(&RateInput {
        span: input.span,
        branch: input.branch,
        currency: input.currency,
        timelines: &of_rule,
        reconciliations: input.reconciliations,
        reconciled_periods: input.reconciled_periods,
        recurring_periods: input.recurring_periods,
        recurring_bounds: (
            input
                .span
                .first
                .shifted(1 - i32::from(input.recurring_periods.max(1)))
                .bounds(input.zone)
                .0,
            bounds.1,
        ),
        rate_on: input.rate_on,
        failed_sources: &failed_sources,
    })?;
    discrepancy
        .excluded_currencies
        .extend(input.excluded_currencies);
    discrepancy.excluded_currencies.sort_unstable();
    discrepancy.excluded_currencies.dedup();

    let cash_sources = failed_sources_of_cash(input, bounds.1);
    let cash_failed = !cash_sources.is_empty();
    let today = local_day(input.as_of, input.zone);
    let last_day = input.span.last.last_day().min(today);
    let receivables = if cash_failed {
        ReceivablesFigures::default()
    } else {
        input.receivables.clone()
    };
    let matching = match input.book.filter(|_| !cash_failed) {
        Some(book) => matching(&MatchInput {
            book,
            days: (input.span.first.first_day(), last_day),
            branch: input.branch,
            as_of: input.as_of,
            zone: input.zone,
            passes: input.passes,
        }),
        None => MatchFigures::default(),
    };
    let measure = Measure {
        bounds,
        as_of: input.as_of,
        calendar: input.calendar,
        zone: input.zone,
    };
    let missing: Vec<Period> = input
        .span
        .periods()
        .filter(|period| period.first_day() <= today)
        .filter(|period| {
            !input
                .reconciliations
                .iter()
                .any(|reconciliation| reconciliation.period == *period)
        })
        .collect();
    let promises = input.promises.clone().filter(|_| !cash_failed);
    let unavailable = unavailable(&Known {
        cash_sources: &cash_sources,
        matching: &matching,
        passes: input.passes,
        has_promises: input.promises.is_some(),
    });
    Ok(Kpi {
        period: input.span.to_string(),
        as_of: input.as_of,
        branch: input.branch.map(str::to_owned),
        currency: input.currency,
        rules_version: input
            .reconciliations
            .iter()
            .max_by_key(|reconciliation| (reconciliation.period, reconciliation.at))
            .map(|reconciliation| reconciliation.rules_version.clone()),
        freshness: input.freshness.to_vec(),
        banner: banner(input.freshness, &discrepancy, &missing),
        provisional: true,
        discrepancy,
        resolution: resolution(&all, &measure)?,
        payment_accuracy: input.payment_accuracy.clone().filter(|_| !cash_failed),
        matching,
        receivables,
        promises,
        deductions: None,
        unavailable,
        account_fields: input.accounts.map(|one| account_figures(one, input.branch)),
        roll_forward: roll_forward(&all, bounds, input.as_of),
        completeness: completeness(input.reconciliations),
        restated: None,
        prior_period_adjustments: None,
        close: None,
    })
}

/// The customers that were compared, and those that are kept differently.
fn account_figures(reconciliation: &Reconciliation, branch: Option<&str>) -> AccountFigures {
    let mut figures = AccountFigures::default();
    let totals = reconciliation.totals.iter();
    for one in totals.filter(|one| branch.is_none_or(|name| one.branch.as_deref() == Some(name))) {
        figures.customers += one.units;
        figures.discrepant += one.discrepant;
        figures.unknown += one.unknown;
    }
    figures.count_rate = ratio(
        Decimal::from(figures.discrepant),
        Decimal::from(figures.customers),
    )
    .map(|rate| rate.normalize());
    figures
}

fn failed_sources_of_cash<'a>(input: &'a KpiInput<'_>, end: Timestamp) -> BTreeSet<&'a str> {
    failed_sources(input, end, &[Role::Billing, Role::Bank])
}

/// The sources with one of the roles that failed, or were never pulled, for the span: those whose
/// last success was before its end, or that the newest reconcile of one of its periods could not
/// see. A source that failed later leaves what was known of the span as it is.
fn failed_sources<'a>(
    input: &'a KpiInput<'_>,
    end: Timestamp,
    roles: &[Role],
) -> BTreeSet<&'a str> {
    let is_needed = |name: &str| {
        input
            .sources
            .iter()
            .any(|terms| terms.name == name && terms.roles.iter().any(|role| roles.contains(role)))
    };
    let is_blind = |name: &str| {
        input
            .reconciliations
            .iter()
            .flat_map(|reconciliation| &reconciliation.blind_sources)
            .any(|(source, _)| source == name)
    };
    input
        .freshness
        .iter()
        .filter(|source| {
            matches!(source.state, FreshnessState::Failed | FreshnessState::Never)
                && is_needed(&source.source)
                && (source.last_success.is_none_or(|success| success < end)
                    || is_blind(&source.source))
        })
        .map(|source| source.source.as_str())
        .collect()
}

/// The identity of each source and entity, added up over the periods of the span.
fn completeness(reconciliations: &[Reconciliation]) -> Vec<Completeness> {
    let mut sums: BTreeMap<(&str, &str), Completeness> = BTreeMap::new();
    for part in reconciliations
        .iter()
        .flat_map(|reconciliation| &reconciliation.completeness)
    {
        let sum = sums
            .entry((&part.source, &part.entity))
            .or_insert_with(|| Completeness {
                source: part.source.clone(),
                entity: part.entity.clone(),
                extracted: 0,
                matched: 0,
                unmatched: 0,
                out_of_scope: 0,
                rejected: 0,
                holds: true,
            });
        sum.extracted += part.extracted;
        sum.matched += part.matched;
        sum.unmatched += part.unmatched;
        sum.out_of_scope += part.out_of_scope;
        sum.rejected += part.rejected;
        sum.holds &= part.holds
            && part.extracted == part.matched + part.unmatched + part.out_of_scope + part.rejected;
    }
    sums.into_values().collect()
}
