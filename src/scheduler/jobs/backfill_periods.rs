//! Recomputes past periods. Every finished step is written down, so that a call after a kill goes
//! on where the killed one stopped.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::compute_kpi::{compute_kpi, keep_kpi};
use super::reconcile_periods::reconcile_periods;
use super::sync_scope::SyncScopeError;
use super::sync_sources::sync_sources;
use crate::config::nearest_name;
use crate::env::Env;
use crate::fault::{Exit, Failure, Fault, Retry};
use crate::period::Period;
use crate::report::kpi::{BannerState, DiscrepancyFigures, Kpi};

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

/// What the recomputation changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustments {
    /// How many units differ in their verdict.
    pub count: u64,
    /// The sum of the absolute changes of leakage and overbilling.
    pub gross: Option<Decimal>,
    /// The change of the net.
    pub net: Option<Decimal>,
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
    let reported = before
        .and_then(|snapshot| serde_json::from_str::<Kpi>(&snapshot.body).ok())
        .map(|kpi| kpi.discrepancy);
    reconcile_periods(env, run_id, &[period], None).await?;
    // By the clock as it is now: what was just recorded is later than the step's beginning.
    let kpi = compute_kpi(env, period.into(), env.clock.now(), None).await?;
    keep_kpi(env, run_id, period, &kpi).await?;
    let restated = kpi.discrepancy.clone();
    let adjustments = reported
        .as_ref()
        .map_or_else(Adjustments::default, |reported| Adjustments {
            count: reported.discrepant.abs_diff(restated.discrepant),
            gross: sum_of_changes(&[
                (reported.leakage, restated.leakage),
                (reported.overbilling, restated.overbilling),
            ]),
            net: change(reported.net, restated.net),
        });
    let incomplete = matches!(
        kpi.banner.state,
        BannerState::Failed | BannerState::Partial | BannerState::Stale
    );
    Ok(BackfillPeriod {
        period,
        reported,
        restated: Some(restated),
        adjustments,
        receivables_gross: kpi.receivables.gross,
        incomplete,
        resumed: false,
    })
}

fn change(before: Option<Decimal>, after: Option<Decimal>) -> Option<Decimal> {
    after?.checked_sub(before?)
}

fn sum_of_changes(pairs: &[(Option<Decimal>, Option<Decimal>)]) -> Option<Decimal> {
    pairs
        .iter()
        .try_fold(Decimal::ZERO, |sum, (before, after)| {
            sum.checked_add(change(*before, *after)?.abs())
        })
}
