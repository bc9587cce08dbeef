//! Figures of a period as they were known at an instant: the book, the landing and the freshness of
//! the sources, brought together.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::claimed_lines::claimed_lines;
use super::evaluate_collections::{account_branch, cash_book, golden_account};
use super::first_pass::first_passes;
use super::ledger::{Ledger, load_ledger, source_terms};
use super::period_book::PeriodBook;
use super::rates::Rates;
use crate::canonical::{Entity, Record};
use crate::collections::{
    PromiseInput, ReceivablesInput, case_lines, open_invoice_lines, promise_figures, receivables,
};
use crate::config::{CalendarConfig, ReportConfig, ReportKind};
use crate::currency::Currency;
use crate::env::Env;
use crate::fault::{Exit, Failure, Fault, Retry};
use crate::period::{Period, PeriodSpan, local_day};
use crate::reconcile::cash::{AccuracyInput, CashBook, ClaimLine, payment_accuracy};
use crate::reconcile::{ACCOUNT_RULE, BILLING_RULE, Discrepancy, DiscrepancyEvent};
use crate::report::kpi::{
    FirstPasses, Kpi, KpiInput, PromiseFigures, ReportInput, UnitFigures, UnitInput,
    scope_currency, unit_figures,
};
use crate::store::{DiscrepancyFilter, KpiSnapshot, Reconciliation};

/// How many earlier periods a chart shows.
const HISTORY_COUNT: i32 = 12;

/// The scope of the whole company, where a branch's name may stand.
const WHOLE: &str = "all";

/// No branch of that name.
#[derive(Debug, thiserror::Error)]
#[error("there is no branch `{0}`")]
struct NoBranch(String);

impl Fault for NoBranch {
    fn code(&self) -> &'static str {
        "XF-J108"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some("branches are the tables [branch.<name>] of the configuration".into())
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// What figures are computed from, read once for any number of periods and scopes.
pub(super) struct Facts {
    pub(super) as_of: Timestamp,
    ledger: Ledger,
    book: CashBook,
    claims: Vec<ClaimLine>,
    discrepancies: Vec<Discrepancy>,
    events: Vec<DiscrepancyEvent>,
    reconciled_periods: Vec<Period>,
    rates: Rates,
    passes: FirstPasses,
    promises: Vec<Record>,
    pub(super) periods: PeriodBook,
}

/// The figures of a period as they were known at `as_of`; those of a closed one as they were
/// reported, with what was found since beside them.
pub async fn compute_kpi(
    env: &Env,
    span: PeriodSpan,
    as_of: Timestamp,
    branch: Option<&str>,
) -> Result<Kpi, Failure> {
    let facts = Box::pin(Facts::read(env, as_of)).await?;
    Box::pin(facts.answer(env, span, branch)).await
}

/// The figures of a period as they stand at `as_of`, whether it is closed or not.
pub async fn standing_kpi(
    env: &Env,
    span: PeriodSpan,
    as_of: Timestamp,
    branch: Option<&str>,
) -> Result<Kpi, Failure> {
    let facts = Box::pin(Facts::read(env, as_of)).await?;
    Box::pin(facts.compute(env, span, branch)).await
}

/// Computes and keeps the figures of periods for the company and for every branch that has a report,
/// so that charts and restatements know what was known when.
pub async fn keep_kpis(env: &Env, run_id: &str, periods: &[Period]) -> Result<(), Failure> {
    if periods.is_empty() {
        return Ok(());
    }
    let facts = Box::pin(Facts::read(env, env.clock.now())).await?;
    let branches: BTreeSet<Option<&str>> = std::iter::once(None)
        .chain(
            env.config
                .report
                .values()
                .map(|report| report.branch.as_deref()),
        )
        .collect();
    for period in periods {
        for branch in &branches {
            let kpi = Box::pin(facts.answer(env, (*period).into(), *branch)).await?;
            keep_kpi(env, run_id, *period, &kpi).await?;
        }
    }
    Ok(())
}

impl Facts {
    pub(super) async fn read(env: &Env, as_of: Timestamp) -> Result<Self, Failure> {
        let ledger = load_ledger(env, as_of, false).await?;
        let book = cash_book(env, &ledger)?;
        let today = local_day(as_of, &env.config.zone(None));
        Ok(Self {
            as_of,
            claims: Box::pin(claimed_lines(env, &ledger, &book, today)).await?,
            book,
            discrepancies: env
                .store
                .discrepancies(&DiscrepancyFilter::default())
                .await?,
            // Events up to and with the instant itself.
            events: env
                .store
                .events_between(Timestamp::MIN, after(as_of))
                .await?,
            reconciled_periods: env.store.reconciled_periods(BILLING_RULE).await?,
            rates: Rates::of(&ledger.records(Entity::FxRates)?),
            passes: first_passes(env, as_of).await?,
            promises: ledger.records(Entity::Promises)?,
            periods: PeriodBook::read(env, as_of).await?,
            ledger,
        })
    }

    /// A digest of the exchange rates.
    pub(super) fn rates_version(&self) -> String {
        self.rates.digest()
    }

    /// The counted units of a period as they were known at an instant up to that of these facts.
    pub(super) async fn units(
        &self,
        env: &Env,
        period: Period,
        branch: Option<&str>,
        currency: Currency,
        as_of: Timestamp,
    ) -> Result<Vec<UnitFigures>, Failure> {
        let newest = env
            .store
            .reconciliation(BILLING_RULE, period, as_of)
            .await?;
        let rate_on = |from: Currency, into: Currency, day: Date| -> Option<Decimal> {
            self.rates.rate(from, into, day)
        };
        unit_figures(&UnitInput {
            as_of,
            branch,
            currency,
            reconciliations: newest.as_slice(),
            discrepancies: &self.discrepancies,
            events: &self.events,
            rate_on: &rate_on,
        })
    }

    /// The figures as they stand, whether the period is closed or not.
    pub(super) async fn compute(
        &self,
        env: &Env,
        span: PeriodSpan,
        branch: Option<&str>,
    ) -> Result<Kpi, Failure> {
        let as_of = self.as_of;
        if let Some(name) = branch
            && !env.config.branch.contains_key(name)
        {
            return Err(NoBranch(name.to_owned()).into());
        }
        let mut reconciliations: Vec<Reconciliation> = Vec::new();
        for period in span.periods() {
            reconciliations.extend(
                env.store
                    .reconciliation(BILLING_RULE, period, as_of)
                    .await?,
            );
        }
        let rate_on = |from: Currency, into: Currency, day: Date| -> Option<Decimal> {
            self.rates.rate(from, into, day)
        };
        let zone = env.config.zone(branch);
        let currency = scope_currency(
            &reconciliations,
            &self.discrepancies,
            Some(&self.book),
            branch,
            env.config.company.currency,
        );
        let owed = receivables(&ReceivablesInput {
            book: &self.book,
            span,
            as_of,
            zone: &zone,
            branch,
            currency,
            rate_on: &rate_on,
        })?;
        let accuracy = payment_accuracy(&AccuracyInput {
            book: &self.book,
            claims: &self.claims,
            tolerance: &env.config.tolerance,
            correction_days: env.config.cash.correction_days,
            days: (span.first.first_day(), span.last.last_day()),
            today: local_day(as_of, &zone),
            branch,
            currency,
            rate_on: &rate_on,
        })?;
        let promises = self.promises(env, span, branch, currency)?;
        let terms = source_terms(env, &self.ledger.roles);
        let mut accounts = None;
        for period in span.periods() {
            let found = env
                .store
                .reconciliation(ACCOUNT_RULE, period, as_of)
                .await?;
            accounts = found.or(accounts);
        }
        let mut kpi = crate::report::kpi::compute_kpi(&KpiInput {
            span,
            as_of,
            branch,
            currency,
            zone: &zone,
            calendar: &calendar(env, branch),
            recurring_periods: env.config.reconcile.recurring_periods,
            sources: &terms,
            freshness: &self.ledger.freshness,
            reconciliations: &reconciliations,
            reconciled_periods: &self.reconciled_periods,
            discrepancies: &self.discrepancies,
            events: &self.events,
            receivables: owed.figures,
            excluded_currencies: &owed.excluded_currencies,
            book: Some(&self.book),
            accounts: accounts.as_ref(),
            payment_accuracy: Some(accuracy),
            passes: &self.passes,
            promises,
            rate_on: &rate_on,
        })?;
        kpi.provisional = span
            .periods()
            .any(|period| !self.periods.state(period).is_kept());
        Ok(kpi)
    }

    /// What became of the promises of a span; `None` where no source lands any.
    fn promises(
        &self,
        env: &Env,
        span: PeriodSpan,
        branch: Option<&str>,
        currency: Currency,
    ) -> Result<Option<PromiseFigures>, Failure> {
        if self.ledger.snapshot.files(Entity::Promises).is_empty() {
            return Ok(None);
        }
        let figures = promise_figures(&PromiseInput {
            promises: &self.promises,
            book: &self.book,
            account_of: &|source, id| golden_account(&self.ledger, source, id),
            branch_of: &|golden| account_branch(&self.ledger, golden),
            config: &env.config.collections,
            days: (span.first.first_day(), span.last.last_day()),
            today: local_day(self.as_of, &env.config.zone(branch)),
            branch,
            currency,
            rate_on: &|from, into, day| self.rates.rate(from, into, day),
        })?;
        Ok(Some(figures))
    }
}

/// The next instant that the store can tell from this one.
fn after(instant: Timestamp) -> Timestamp {
    instant
        .checked_add(jiff::SignedDuration::from_micros(1))
        .unwrap_or(instant)
}

/// The working hours of a branch, or of the company.
fn calendar(env: &Env, branch: Option<&str>) -> CalendarConfig {
    let named = branch
        .and_then(|name| env.config.branch.get(name))
        .and_then(|one| one.calendar.as_deref());
    env.config
        .calendar
        .get(named.unwrap_or("default"))
        .cloned()
        .unwrap_or_default()
}

/// Keeps the figures of a period, for charts and for what was reported before.
pub(crate) async fn keep_kpi(
    env: &Env,
    run_id: &str,
    period: Period,
    kpi: &Kpi,
) -> Result<(), Failure> {
    let body = serde_json::to_string(kpi).map_err(UnwritableFigures)?;
    let snapshot = KpiSnapshot {
        snapshot_id: env.new_id(),
        scope: kpi.branch.clone().unwrap_or_else(|| WHOLE.to_owned()),
        period,
        as_of: kpi.as_of,
        computed_at: env.clock.now(),
        run_id: run_id.to_owned(),
        body,
    };
    env.store.save_kpi(&snapshot).await
}

#[derive(Debug, thiserror::Error)]
#[error("the figures could not be written as JSON")]
struct UnwritableFigures(#[source] serde_json::Error);

impl Fault for UnwritableFigures {
    fn code(&self) -> &'static str {
        "XF-J109"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }
}

/// Everything that a report is rendered from; `version` and `corrections` are the caller's to set.
pub async fn report_input(
    env: &Env,
    run_id: &str,
    kind: ReportKind,
    report: &ReportConfig,
    span: PeriodSpan,
) -> Result<ReportInput, Failure> {
    let as_of = env.clock.now();
    let branch = report.branch.as_deref();
    let facts = Box::pin(Facts::read(env, as_of)).await?;
    let kpi = Box::pin(facts.answer(env, span, branch)).await?;
    let scope = branch.unwrap_or(WHOLE);
    let first = span.first.shifted(-HISTORY_COUNT);
    let earlier = env
        .store
        .newest_kpis(scope, first, span.first.previous())
        .await?;
    let history: Vec<Kpi> = earlier
        .iter()
        .filter_map(|one| match serde_json::from_str(&one.body) {
            Ok(kpi) => Some(kpi),
            Err(error) => {
                tracing::warn!(
                    period = %one.period, %error,
                    "figures that were kept of {} cannot be read: charts leave the period out",
                    one.period
                );
                None
            }
        })
        .collect();
    let zone = env.config.zone(branch);
    let name_of = |golden: &str| {
        let found = facts.ledger.directory.find(golden);
        found.map_or_else(|| golden.to_owned(), |account| account.name.clone())
    };
    let day = span.last.last_day().min(local_day(as_of, &zone));
    let cases = env.store.cases(None).await?;
    let levels: Vec<String> = env
        .config
        .collections
        .level
        .iter()
        .map(|level| level.name.clone())
        .collect();
    let in_period: Vec<Period> = span.periods().collect();
    let discrepancies = facts
        .discrepancies
        .into_iter()
        .filter(|item| branch.is_none_or(|name| item.branch.as_deref() == Some(name)))
        .filter(|item| item.state.is_listed() || in_period.contains(&item.period))
        .collect();
    Ok(ReportInput {
        kind,
        company: env.config.company.name.clone(),
        scope: branch.unwrap_or(&env.config.company.name).to_owned(),
        timezone: zone,
        run_id: run_id.to_owned(),
        as_of,
        kpi,
        history,
        discrepancies,
        open_invoices: open_invoice_lines(&facts.book, day, branch, &name_of),
        cases: case_lines(&cases, &levels, &name_of),
        extracts: facts.ledger.snapshot.extract_counts()?,
        version: 1,
        corrections: Vec::new(),
        thresholds: report
            .thresholds
            .iter()
            .map(|(name, limit)| (name.clone(), limit.0))
            .collect(),
        attachments: report.attachments.unwrap_or(true),
    })
}
