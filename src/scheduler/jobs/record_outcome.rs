//! What a comparison found goes into the book: its items part by part, then what was counted.

use jiff::Timestamp;

use super::reconcile_periods::{PeriodSummary, sums};
use crate::env::Env;
use crate::fault::Failure;
use crate::reconcile::{
    AccountDirectory, Advance, Discrepancy, Glance, OneSided, Opened, Opening, Outcome,
    PeriodState, UnitTotals, group_findings, likely_cause, undecided_units,
};
use crate::store::{ChangeParts, ChangeSender, DiscrepancyChange, Reconciliation};

/// Changes that are made and written at once: a reconcile may have hundreds of thousands.
const PART_CHANGES: usize = 2048;

/// What a comparison found.
pub(super) struct Found {
    pub(super) outcome: Outcome,
    /// The findings that are not in the outcome.
    pub(super) opening: Option<Opening>,
    pub(super) standing: Vec<Discrepancy>,
}

/// The changes that a comparison makes.
enum Changes<'a> {
    Opened(Opened<'a>),
    Advanced(Advance<'a>),
}

/// Records what comparisons found.
pub(super) struct Recorder<'a> {
    pub(super) env: &'a Env,
    pub(super) directory: &'a AccountDirectory,
    pub(super) now: Timestamp,
    pub(super) period_state: PeriodState,
}

impl Recorder<'_> {
    /// Records one: the items that it moves, what was counted, and what is told of it.
    pub(super) async fn record(&self, found: Found) -> Result<PeriodSummary, Failure> {
        let (env, now) = (self.env, self.now);
        let Found {
            mut outcome,
            mut opening,
            standing,
        } = found;
        let undecided_units = undecided_units(&outcome, &standing);
        let sum = |count: fn(&UnitTotals) -> u64| outcome.totals.iter().map(count).sum::<u64>();
        let directory = self.directory;
        let (groups, cause) = match &mut opening {
            Some(opening) => (
                opening.groups(),
                likely_cause(&outcome, opening.one_sided(), directory),
            ),
            None => (
                group_findings(outcome.findings.iter().map(Glance::from)),
                likely_cause(&outcome, &OneSided::of(&outcome.findings), directory),
            ),
        };
        let mut summary = PeriodSummary {
            rule: outcome.rule.clone(),
            period: outcome.period,
            period_state: self.period_state,
            units: sum(|one| one.units),
            discrepant: sum(|one| one.discrepant),
            timing: sum(|one| one.timing),
            unknown: sum(|one| one.unknown),
            within_tolerance: sum(|one| one.within_tolerance),
            opened: 0,
            reopened: 0,
            self_cleared: 0,
            verified: 0,
            blind_sources: outcome.blind_sources.clone(),
            sums: sums(&outcome),
            groups,
            likely_cause: cause,
            error: None,
        };
        let totals = std::mem::take(&mut outcome.totals).into_iter();
        let reconciliation = Reconciliation {
            reconciliation_id: env.new_id(),
            run_id: outcome.run_id.clone(),
            rule: outcome.rule.clone(),
            period: outcome.period,
            at: now,
            as_of: outcome.as_of,
            rules_version: outcome.rules_version.clone(),
            input_digest: outcome.input_digest.clone(),
            blind_sources: outcome.blind_sources.clone(),
            undecided_units,
            completeness: outcome.completeness.clone(),
            totals: totals.map(UnitTotals::storable).collect(),
        };
        let verify_window = env.config.reconcile.verify_window.0;
        let changes = match opening {
            Some(opening) => Changes::Opened(opening.changes(&outcome, now)?),
            None => Changes::Advanced(Advance::new(&outcome, standing, now, verify_window)),
        };
        let (sender, parts) = ChangeParts::channel();
        let sent = send_changes(changes, sender, &mut summary);
        let written = env
            .store
            .record_reconciliation_parts(&reconciliation, parts);
        let (written, sent) = futures::join!(written, sent);
        // What broke the changes off is told before that they were broken off.
        sent?;
        written?;
        tracing::info!(
            rule.id = summary.rule,
            period = %summary.period,
            unit.count = summary.units,
            discrepant.count = summary.discrepant,
            "compared {}: {} units, {} discrepant, {} timing, {} unknown",
            summary.period,
            summary.units,
            summary.discrepant,
            summary.timing,
            summary.unknown,
        );
        Ok(summary)
    }
}

/// Sends changes part by part, and counts them.
async fn send_changes(
    changes: Changes<'_>,
    sender: ChangeSender,
    summary: &mut PeriodSummary,
) -> Result<(), Failure> {
    match changes {
        Changes::Opened(mut opened) => loop {
            let mut part = Vec::with_capacity(PART_CHANGES);
            while part.len() < PART_CHANGES
                && let Some(change) = opened.advance()?
            {
                part.push(change);
            }
            if part.is_empty() {
                break;
            }
            summary.count(&part);
            if !sender.send(part).await {
                return Ok(());
            }
        },
        Changes::Advanced(advance) => {
            let mut changes = advance.changes().peekable();
            while changes.peek().is_some() {
                let part: Vec<DiscrepancyChange> = changes.by_ref().take(PART_CHANGES).collect();
                summary.count(&part);
                if !sender.send(part).await {
                    return Ok(());
                }
            }
        }
    }
    sender.finish().await;
    Ok(())
}
