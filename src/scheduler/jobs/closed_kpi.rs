//! What is answered of a period that is closed: the figures as they were reported, as they would be
//! now, and what lies between.

use super::close_period::{KeptScope, kept_scopes, scope_name};
use super::compute_kpi::Facts;
use crate::env::Env;
use crate::fault::Failure;
use crate::period::{Period, PeriodSpan};
use crate::reconcile::BILLING_RULE;
use crate::report::kpi::{Adjustments, CloseFacts, Kpi, adjustments};
use crate::store::PeriodClose;

impl Facts {
    /// The figures of a span as they were known. A closed month is told as it was reported; a longer
    /// span is told as it stands, and is provisional until its last month is closed.
    pub(super) async fn answer(
        &self,
        env: &Env,
        span: PeriodSpan,
        branch: Option<&str>,
    ) -> Result<Kpi, Failure> {
        let standing = self.compute(env, span, branch).await?;
        if !span.is_month() {
            return Ok(standing);
        }
        let period = span.first;
        let kept = match self.periods.close_id(period) {
            Some(id) => env.store.period_close(id).await?,
            None => None,
        };
        match kept {
            Some(close) => self.reported(env, &close, standing).await,
            None => Ok(standing),
        }
    }

    async fn reported(
        &self,
        env: &Env,
        close: &PeriodClose,
        standing: Kpi,
    ) -> Result<Kpi, Failure> {
        let period = close.period;
        let branch = standing.branch.clone();
        let kept = self.kept_scope(env, close, branch.as_deref()).await?;
        let newest = env
            .store
            .reconciliation(BILLING_RULE, period, self.as_of)
            .await?;
        let is_recomputed = newest.is_some_and(|newest| newest.at > close.at);
        let now = standing.discrepancy;
        let mut changes = adjustments(
            &kept.units,
            &self
                .units(
                    env,
                    period,
                    branch.as_deref(),
                    kept.kpi.currency,
                    self.as_of,
                )
                .await?,
            kept.kpi.currency,
        )?;
        if now.gross.is_none() && kept.kpi.discrepancy.gross.is_some() {
            // A source failed since: what was found of the period cannot be said now.
            changes = Adjustments {
                gross: None,
                net: None,
                ..changes
            };
        }
        let is_restated = is_recomputed || !now.says_the_same(&kept.kpi.discrepancy);
        Ok(Kpi {
            provisional: false,
            restated: is_restated.then(|| Box::new(now)),
            prior_period_adjustments: Some(changes),
            close: self.close_facts(period, close),
            ..kept.kpi
        })
    }

    /// What a close kept of a scope. A branch that was configured since is told as it was known then.
    async fn kept_scope(
        &self,
        env: &Env,
        close: &PeriodClose,
        branch: Option<&str>,
    ) -> Result<KeptScope, Failure> {
        if let Some(kept) = kept_scopes(close)?.remove(&scope_name(branch)) {
            return Ok(kept);
        }
        let then = Box::pin(Self::read(env, close.as_of)).await?;
        let kpi = then.compute(env, close.period.into(), branch).await?;
        let units = then
            .units(env, close.period, branch, kpi.currency, close.as_of)
            .await?;
        Ok(KeptScope { kpi, units })
    }

    fn close_facts(&self, period: Period, close: &PeriodClose) -> Option<CloseFacts> {
        let closing = self.periods.closing(period)?;
        Some(CloseFacts {
            state: self.periods.state(period),
            version: close.version,
            close_id: close.close_id.clone(),
            closed_at: close.at,
            prepared_by: closing.actor.clone(),
            reviewed_by: closing.approver.clone(),
            tax_filed: self.periods.is_tax_filed(period),
        })
    }
}
