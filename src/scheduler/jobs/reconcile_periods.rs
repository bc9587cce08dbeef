//! Compares periods: the landing is opened, its sources' freshness decides what nothing can be said
//! of, every rule is run, and the book takes what came of it.

use std::path::Path;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;

use super::blind_sources::{blind_sources, rejected_rows};
use super::first_pass::keep_first_passes;
use super::ledger::{Ledger, load_ledger};
use super::period_book::PeriodBook;
use super::record_outcome::{Found, Recorder};
use crate::canonical::Entity;
use crate::config::Config;
use crate::currency::Currency;
use crate::env::Env;
use crate::fault::Failure;
use crate::period::Period;
use crate::reconcile::{
    ACCOUNT_RULE, Amounts, BILLING_RULE, Discrepancy, EntityFiles, FindingGroup, Opening, Outcome,
    PeriodHistory, PeriodState, ReconcileInput, RuleFile, WhichRule, reconcile_accounts,
    reconcile_billing, reconcile_rule, reconcile_rule_into, watched_records, watched_units,
};
use crate::store::{DiscrepancyChange, DiscrepancyFilter};

/// What the comparison of one period by one rule came to.
#[derive(Debug, Clone, Serialize)]
pub struct PeriodSummary {
    /// The rule.
    pub rule: String,
    /// The period.
    pub period: Period,
    /// Where the period stands: what is found of a closed one is an adjustment, and its figures stay
    /// as they were reported.
    pub period_state: PeriodState,
    /// Units that were compared.
    pub units: u64,
    /// Units that differ beyond tolerance.
    pub discrepant: u64,
    /// Units whose other side is not due yet.
    pub timing: u64,
    /// Units of which nothing can be said.
    pub unknown: u64,
    /// Units that differ within tolerance.
    pub within_tolerance: u64,
    /// Items that are new.
    pub opened: u64,
    /// Items that differ again.
    pub reopened: u64,
    /// Items that agree without anybody's doing.
    pub self_cleared: u64,
    /// Items whose resolution is proven.
    pub verified: u64,
    /// The sources that make units unknown, with the reason.
    pub blind_sources: Vec<(String, String)>,
    /// The sums of the compared units, by currency.
    pub sums: Vec<CurrencySums>,
    /// What was found: differences that are alike, the largest group first.
    pub groups: Vec<FindingGroup>,
    /// The one cause that explains a nearly total mismatch, where there is one.
    pub likely_cause: Option<String>,
    /// Why a configured rule could not be compared; its counts are then those of nothing.
    pub error: Option<String>,
}

/// The sums of the compared units of one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CurrencySums {
    /// The currency.
    pub currency: Currency,
    /// What the base says.
    pub expected: Decimal,
    /// What the peer says.
    pub actual: Decimal,
}

/// The current period and those before it, as `[reconcile] open_periods` says, oldest first; locked
/// ones are left out, closed ones are not: what is found of them is an adjustment.
pub async fn open_periods(env: &Env) -> Result<Vec<Period>, Failure> {
    let now = env.clock.now();
    let current = Period::at(now, &env.config.zone(None));
    let count = i32::from(env.config.reconcile.open_periods.max(1));
    let book = PeriodBook::read(env, now).await?;
    Ok(current
        .shifted(1 - count)
        .through(current)
        .filter(|period| book.state(*period) != PeriodState::Locked)
        .collect())
}

/// Compares periods by the billing rule, the configured ones and, once, that of accounts; or by a
/// named one alone.
pub async fn reconcile_periods(
    env: &Env,
    run_id: &str,
    periods: &[Period],
    rule: Option<&str>,
) -> Result<Vec<PeriodSummary>, Failure> {
    reconcile(env, run_id, periods, rule, true).await
}

/// Compares past periods by the rules whose items are of a period: accounts are known as they are
/// now, and say nothing of then.
pub(super) async fn recompare_periods(
    env: &Env,
    run_id: &str,
    periods: &[Period],
) -> Result<Vec<PeriodSummary>, Failure> {
    reconcile(env, run_id, periods, None, false).await
}

async fn reconcile(
    env: &Env,
    run_id: &str,
    periods: &[Period],
    rule: Option<&str>,
    with_accounts: bool,
) -> Result<Vec<PeriodSummary>, Failure> {
    let now = env.clock.now();
    let ledger = load_ledger(env, now, true).await?;
    let named = match rule {
        None | Some(BILLING_RULE | ACCOUNT_RULE) => None,
        Some(name) => Some(find_rule(&env.config, name)?),
    };
    let further: &[String] = if rule.is_none() {
        &env.config.reconcile.rules
    } else {
        &[]
    };
    let steps = u64::try_from(periods.len() * (1 + further.len())).ok();
    env.progress.begin("comparing", steps);
    if rule.is_none() && with_accounts {
        keep_first_passes(env, &ledger).await?;
    }
    let book = PeriodBook::read(env, now).await?;
    // New items of accounts are opened in the newest period that is compared and still open: they are
    // known as they are now, and say nothing of a period whose figures are kept.
    let is_wanted = rule == Some(ACCOUNT_RULE) || (rule.is_none() && with_accounts);
    let open = periods
        .iter()
        .filter(|period| !book.state(**period).is_kept());
    let accounts_in = open.max().filter(|_| is_wanted);
    let task = Task {
        env,
        book: &book,
        run_id,
        ledger: &ledger,
        now,
    };
    let mut summaries = Vec::new();
    let first = named.as_ref().map_or(WhichRule::Billing, WhichRule::File);
    for period in periods.iter().filter(|_| rule != Some(ACCOUNT_RULE)) {
        summaries.push(task.reconcile(*period, first).await?);
    }
    for name in further {
        let found = find_rule(&env.config, name);
        for period in periods {
            // A rule that cannot be compared takes nothing from the others.
            let summary = match &found {
                Ok(rule) => match task.reconcile(*period, WhichRule::File(rule)).await {
                    Ok(summary) => summary,
                    Err(failure) => {
                        PeriodSummary::failed(name, *period, book.state(*period), &failure)
                    }
                },
                Err(failure) => PeriodSummary::failed(name, *period, book.state(*period), failure),
            };
            if let Some(error) = &summary.error {
                tracing::error!(rule.id = name, period = %period, "the rule was not compared: {error}");
            }
            summaries.push(summary);
        }
    }
    if let Some(period) = accounts_in
        && !env.config.reconcile.account_fields.is_empty()
    {
        summaries.push(task.reconcile(*period, WhichRule::Accounts).await?);
    }
    env.progress.end();
    Ok(summaries)
}

/// A rule by its name, by the path of its file, or by the name that a configured file gives it.
pub(crate) fn find_rule(config: &Config, name: &str) -> Result<RuleFile, Failure> {
    let found = RuleFile::find(name, &config.base);
    let is_file = Path::new(name)
        .extension()
        .is_some_and(|ending| ending == "toml");
    if found.is_ok() || is_file {
        return found;
    }
    let mut configured = config
        .reconcile
        .rules
        .iter()
        .filter_map(|file| RuleFile::find(file, &config.base).ok());
    configured.find(|rule| rule.name == name).map_or(found, Ok)
}

/// One reconcile over several periods and rules.
struct Task<'a> {
    env: &'a Env,
    book: &'a PeriodBook,
    run_id: &'a str,
    ledger: &'a Ledger,
    now: Timestamp,
}

impl Task<'_> {
    async fn reconcile(
        &self,
        period: Period,
        rule: WhichRule<'_>,
    ) -> Result<PeriodSummary, Failure> {
        let env = self.env;
        env.progress.advance(0, &period.to_string());
        let standing = standing_items(env, period, rule).await?;
        let question = Question {
            period,
            now: self.now,
            rule,
            standing: &standing,
            history: history(env, self.book, period, rule).await?,
        };
        let (outcome, opening) = match rule {
            // Where nothing stands, whatever is found is new, and need not be in memory all at once.
            WhichRule::File(rule) if standing.is_empty() => {
                let mut opening = Opening::new(&rule.name, period, &env.spill_dir);
                let input = input_of(env, self.run_id, self.ledger, &question)?;
                let outcome = reconcile_rule_into(&input, rule, &mut opening).await?;
                (outcome, Some(opening))
            }
            _ => (
                compare(env, self.run_id, self.ledger, &question).await?,
                None,
            ),
        };
        let found = Found {
            outcome,
            opening,
            standing,
        };
        let recorder = Recorder {
            env,
            directory: &self.ledger.directory,
            now: self.now,
            period_state: self.book.state(period),
        };
        let summary = recorder.record(found).await?;
        env.progress.advance(1, &period.to_string());
        Ok(summary)
    }
}

impl PeriodSummary {
    /// What is told of a rule that could not be compared.
    fn failed(rule: &str, period: Period, period_state: PeriodState, failure: &Failure) -> Self {
        Self {
            rule: rule.to_owned(),
            period,
            period_state,
            units: 0,
            discrepant: 0,
            timing: 0,
            unknown: 0,
            within_tolerance: 0,
            opened: 0,
            reopened: 0,
            self_cleared: 0,
            verified: 0,
            blind_sources: Vec::new(),
            sums: Vec::new(),
            groups: Vec::new(),
            likely_cause: None,
            error: Some(failure.line()),
        }
    }

    /// Counts items that enter a state.
    pub(super) fn count(&mut self, changes: &[DiscrepancyChange]) {
        use crate::reconcile::DiscrepancyState as State;
        for change in changes {
            let state = change.discrepancy.state;
            if change.was == Some(state) {
                continue;
            }
            match state {
                State::Open => self.opened += 1,
                State::Reopened => self.reopened += 1,
                State::SelfCleared => self.self_cleared += 1,
                State::Verified => self.verified += 1,
                _ => {}
            }
        }
    }

    /// Whether nothing can be said of a part of it.
    pub fn is_incomplete(&self) -> bool {
        !self.blind_sources.is_empty() || self.error.is_some()
    }
}

/// What is compared: a period by a rule, and what the book says of both.
pub(super) struct Question<'a> {
    pub(super) period: Period,
    pub(super) now: Timestamp,
    pub(super) rule: WhichRule<'a>,
    pub(super) standing: &'a [Discrepancy],
    pub(super) history: PeriodHistory,
}

/// What the periods before and the closes say of a period.
pub(super) async fn history(
    env: &Env,
    book: &PeriodBook,
    period: Period,
    rule: WhichRule<'_>,
) -> Result<PeriodHistory, Failure> {
    if !rule.is_periodic() {
        return Ok(PeriodHistory::default());
    }
    let filter = DiscrepancyFilter {
        periods: PeriodHistory::looks_at(period),
        rule: Some(rule.name().to_owned()),
        ..DiscrepancyFilter::default()
    };
    let earlier = env.store.discrepancies(&filter).await?;
    let is_filed = book.is_tax_filed(period);
    Ok(PeriodHistory::of(period, &earlier, book.kept(), is_filed))
}

/// The items of a rule and period, in any state; of a rule without periods, all of them.
async fn standing_items(
    env: &Env,
    period: Period,
    rule: WhichRule<'_>,
) -> Result<Vec<Discrepancy>, Failure> {
    let periods = if rule.is_periodic() {
        vec![period]
    } else {
        Vec::new()
    };
    let filter = DiscrepancyFilter {
        periods,
        rule: Some(rule.name().to_owned()),
        ..DiscrepancyFilter::default()
    };
    env.store.discrepancies(&filter).await
}

pub(super) async fn compare(
    env: &Env,
    run_id: &str,
    ledger: &Ledger,
    question: &Question<'_>,
) -> Result<Outcome, Failure> {
    let input = input_of(env, run_id, ledger, question)?;
    match question.rule {
        WhichRule::Billing => reconcile_billing(&input).await,
        WhichRule::Accounts => reconcile_accounts(&input).await,
        WhichRule::File(rule) => reconcile_rule(&input, rule).await,
    }
}

/// Everything that decides the answer to a question.
pub(super) fn input_of<'a>(
    env: &'a Env,
    run_id: &'a str,
    ledger: &'a Ledger,
    question: &Question<'_>,
) -> Result<ReconcileInput<'a>, Failure> {
    let Question {
        period, now, rule, ..
    } = *question;
    let zone = env.config.zone(None);
    Ok(ReconcileInput {
        run_id,
        period,
        today: now.to_zoned(zone.clone()).date(),
        as_of: ledger.as_of,
        config: &env.config,
        roles: &ledger.roles,
        files: entity_files(ledger, &rule.entities())?,
        input_digest: ledger.snapshot.digest(),
        directory: &ledger.directory,
        blind_sources: blind_sources(env, ledger),
        rejected: rejected_rows(ledger),
        watched: watched_units(question.standing),
        watched_records: watched_records(question.standing),
        history: question.history.clone(),
        spill_dir: &env.spill_dir,
        zone,
    })
}

/// The landed files of some entities, as the engine takes them.
pub(crate) fn entity_files(ledger: &Ledger, entities: &[Entity]) -> Result<EntityFiles, Failure> {
    let files = entities
        .iter()
        .map(|entity| Ok((*entity, ledger.snapshot.rows(*entity)?)));
    Ok(EntityFiles(files.collect::<Result<_, Failure>>()?))
}

/// The sums of the compared units.
pub(crate) fn sums(outcome: &Outcome) -> Vec<CurrencySums> {
    let of_currency = |(currency, amounts): (&Currency, &Amounts)| CurrencySums {
        currency: *currency,
        expected: amounts.expected,
        actual: amounts.actual,
    };
    outcome.sums.iter().map(of_currency).collect()
}
