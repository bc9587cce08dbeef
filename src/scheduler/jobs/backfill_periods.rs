//! Recomputes past periods. Every finished step is written down, so that a call after a kill goes
//! on where the killed one stopped.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::compute_kpi::{Facts, keep_kpi};
use super::reconcile_periods::recompare_periods;
use super::sync_scope::SyncScopeError;
use super::sync_sources::sync_sources;
use crate::config::nearest_name;
use crate::env::Env;
use crate::fault::{Exit, Failure, Fault, Retry};
use crate::period::Period;
use crate::report::kpi::{Adjustments, BannerState, DiscrepancyFigures, Kpi, adjustments};

/// No backfill is longer than this; a longer one is a mistyped year.
const PERIOD_COUNT_MAX: usize = 600;

/// The name of the step that pulls.
const SYNC_STEP: &str = "sync";

/// Which periods, and from which sources.
#[derive(Debug, Clone)]
pub struct BackfillRequest {
    /// The first period.
    pub first: Period,
    /// The last period.
    pub last: Period,
    /// The sources that are pulled before; all when empty.
    pub sources: Vec<String>,
}

/// One recomputed period.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BackfillPeriod {
    /// The period.
    pub period: Period,
    /// The figures as they were last computed before.
    pub reported: Option<DiscrepancyFigures>,
    /// The figures as they are now.
    pub restated: Option<DiscrepancyFigures>,
    /// The difference.
    pub adjustments: Adjustments,
    /// Open invoices at the period's end.
    pub receivables_gross: Option<Decimal>,
    /// Whether some source was failed, partial or stale.
    pub incomplete: bool,
    /// Whether an earlier call had done it.
    #[serde(skip)]
    pub resumed: bool,
}

/// What a backfill came to.
#[derive(Debug, Clone, Serialize)]
pub struct BackfillSummary {
    /// The periods in order.
    pub periods: Vec<BackfillPeriod>,
    /// Whether some source was failed, partial or stale.
    pub incomplete: bool,
}

/// A range that cannot be.
#[derive(Debug, thiserror::Error)]
enum RangeError {
    #[error("the first period is after the last: {0} > {1}")]
    Reversed(Period, Period),
    #[error("a backfill takes at most {PERIOD_COUNT_MAX} periods: {0}")]
    TooLong(usize),
    #[error("a backfill is about past periods: {0} has not begun")]
    Future(Period),
}

impl Fault for RangeError {
    fn code(&self) -> &'static str {
        "XF-J107"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some("as `crossfoot backfill --from 2025-01 --to 2025-12`".into())
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

impl BackfillRequest {
    /// The periods in order.
    pub fn periods(&self) -> impl Iterator<Item = Period> + use<> {
        self.first.through(self.last)
    }

    /// Proves that the range and the sources exist.
    pub fn check(&self, env: &Env) -> Result<(), Failure> {
        if self.first > self.last {
            return Err(RangeError::Reversed(self.first, self.last).into());
        }
        let count = self.periods().count();
        if count > PERIOD_COUNT_MAX {
            return Err(RangeError::TooLong(count).into());
        }
        if self.last > Period::at(env.clock.now(), &env.config.zone(None)) {
            return Err(RangeError::Future(self.last).into());
        }
        for name in &self.sources {
            if !env.config.source.contains_key(name) {
                let near = nearest_name(name, env.config.source.keys().map(String::as_str));
                return Err(SyncScopeError::NoSource {
                    name: name.clone(),
                    near,
                }
                .into());
            }
        }
        Ok(())
    }

    fn key(&self) -> String {
        format!(
            "backfill/{}/{}/{}",
            self.first,
            self.last,
            self.sources.join(",")
        )
    }
}

/// Pulls the sources once, then recomputes each period and keeps its figures.
pub async fn backfill_periods(
    env: &Env,
    run_id: &str,
    request: &BackfillRequest,
) -> Result<BackfillSummary, Failure> {
    let key = request.key();
    let done = env.store.checkpoints(&key).await?;
    let mut incomplete = false;
    if !done.iter().any(|step| step == SYNC_STEP) {
        let pulls = sync_sources(env, run_id, &request.sources, None, true).await?;
        let complete = pulls.iter().all(|pull| pull.state == "ok");
        incomplete |= !complete;
        if complete {
            env.store
                .save_checkpoint(&key, SYNC_STEP, env.clock.now())
                .await?;
        }
    }
    let finished: Vec<BackfillPeriod> = done
        .iter()
        .filter_map(|step| serde_json::from_str(step).ok())
        .collect();
    let periods: Vec<Period> = request.periods().collect();
    env.progress
        .begin("backfilling", u64::try_from(periods.len()).ok());
    let mut results = Vec::new();
    for period in periods {
        if let Some(earlier) = finished.iter().find(|earlier| earlier.period == period) {
            results.push(BackfillPeriod {
                resumed: true,
                ..earlier.clone()
            });
            env.progress.advance(1, &period.to_string());
            continue;
        }
        let now = env.clock.now();
        let result = recompute(env, run_id, period).await?;
        if !result.incomplete
            && let Ok(step) = serde_json::to_string(&result)
        {
            env.store.save_checkpoint(&key, &step, now).await?;
        }
        incomplete |= result.incomplete;
        results.push(result);
        env.progress.advance(1, &period.to_string());
    }
    env.progress.end();
    // An incomplete one keeps what it has: the next call does the rest.
    if !incomplete {
        env.store.clear_checkpoints(&key).await?;
    }
    Ok(BackfillSummary {
        periods: results,
        incomplete,
    })
}

async fn recompute(env: &Env, run_id: &str, period: Period) -> Result<BackfillPeriod, Failure> {
    let before = env
        .store
        .newest_kpis("all", period, period)
        .await?
        .into_iter()
        .next();
    let before = before.and_then(|kept| serde_json::from_str::<Kpi>(&kept.body).ok());
    recompare_periods(env, run_id, &[period]).await?;
    // By the clock as it is now: what was just recorded is later than the step's beginning.
    let facts = Facts::read(env, env.clock.now()).await?;
    let kpi = facts.answer(env, period.into(), None).await?;
    keep_kpi(env, run_id, period, &kpi).await?;
    let incomplete = matches!(
        kpi.banner.state,
        BannerState::Failed | BannerState::Partial | BannerState::Stale
    );
    let receivables_gross = kpi.receivables.gross;
    let (reported, restated, adjustments) = if let Some(found) = kpi.prior_period_adjustments {
        // A closed period: what was reported stands, and this is what it would be now.
        let restated = kpi.restated.map(|figures| *figures);
        let restated = restated.unwrap_or_else(|| kpi.discrepancy.clone());
        (Some(kpi.discrepancy), restated, found)
    } else {
        let changes = match &before {
            Some(before) => changes(env, &facts, period, before, &kpi).await?,
            None => Adjustments::default(),
        };
        let reported = before.map(|before| before.discrepancy);
        (reported, kpi.discrepancy, changes)
    };
    Ok(BackfillPeriod {
        period,
        reported,
        restated: Some(restated),
        adjustments,
        receivables_gross,
        incomplete,
        resumed: false,
    })
}

/// What lies between the figures of an open period as they were last computed and as they are now.
/// Where either cannot be said, neither can the money between them.
async fn changes(
    env: &Env,
    facts: &Facts,
    period: Period,
    before: &Kpi,
    now: &Kpi,
) -> Result<Adjustments, Failure> {
    let currency = now.currency;
    let then = facts
        .units(env, period, None, currency, before.as_of)
        .await?;
    let units = facts
        .units(env, period, None, currency, facts.as_of)
        .await?;
    let found = adjustments(&then, &units, currency)?;
    let is_told = before.discrepancy.gross.is_some() && now.discrepancy.gross.is_some();
    Ok(if is_told {
        found
    } else {
        Adjustments {
            gross: None,
            net: None,
            ..found
        }
    })
}
