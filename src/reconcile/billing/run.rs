//! The rule as a whole: legs to units, units to findings, and the proof that nothing was lost.

use std::collections::{BTreeMap, BTreeSet};

use crate::currency::Currency;
use crate::fault::Failure;
use crate::reconcile::engine::{BillingScope, Session};
use crate::reconcile::error::ReconcileError;
use crate::reconcile::input::ReconcileInput;
use crate::reconcile::legs::{LegGroup, UnitRecords};
use crate::reconcile::outcome::{Finding, Outcome, SeenUnit};
use crate::reconcile::tally::{JudgedUnit, Tally, Verdict};

use super::blind::{Blindness, is_loose};
use super::ground::Ground;
use super::judge::{Context, JudgedGroup, Judgement, judge};
use super::leftovers::{Leftover, settle_leftovers};
use super::settings::{Settings, rules_digest};
use super::severity::SeverityScale;
use super::tax::{TaxGap, invoice_gap};

/// The name of the rule.
pub const BILLING_RULE: &str = "contract_usage_billed";

/// Compares what was sold and used with what was billed in a period.
pub async fn reconcile_billing(input: &ReconcileInput<'_>) -> Result<Outcome, Failure> {
    Ok(compare(input).await?)
}

async fn compare(input: &ReconcileInput<'_>) -> Result<Outcome, ReconcileError> {
    let config = input.config;
    let ground = Ground::open(input).await?;
    let Ground {
        session,
        settings,
        scope,
        ..
    } = &ground;
    let scale = SeverityScale::new(config, &ground.rates);
    let mut context = ground.context(input, &scale, Blindness::of(input));
    context.invoice_taxes =
        invoice_gaps(session, &scope.reaching(context.reach()), settings).await?;
    let mut judged = JudgedUnits {
        watched: input.watched.clone(),
        blindness: context.blindness,
        ..JudgedUnits::default()
    };
    let mut suspects: BTreeMap<(String, String), LegGroup> = BTreeMap::new();
    let mut loose_accounts: BTreeSet<String> = BTreeSet::new();
    session
        .billing_legs(scope, None, |group| {
            if context.blindness.products && is_loose(&group) {
                loose_accounts.insert(group.account.clone());
            }
            match judge(&group, None, &context)? {
                Judgement::Done(done) => judged.take(&group.sku, done)?,
                Judgement::NeedsRecords => {
                    suspects.insert((group.account.clone(), group.sku.clone()), group);
                }
            }
            Ok(())
        })
        .await?;
    context.loose_accounts = loose_accounts;
    let nearby = scope.reaching(context.reach());
    if !suspects.is_empty() {
        context.billed_lines = session.billed_lines(&nearby).await?;
    }
    let keys: BTreeSet<(String, String)> = suspects.keys().cloned().collect();
    let mut records = session.unit_records(&nearby, &keys).await?;
    for (key, group) in &suspects {
        let of_unit: UnitRecords = records.remove(key).unwrap_or_default();
        if let Judgement::Done(done) = judge(group, Some(&of_unit), &context)? {
            judged.take(&group.sku, done)?;
        }
    }
    judged.settle(&context)?;
    let row_counts = session.billing_row_counts(scope).await?;
    judged.findings.sort_by(|base, peer| {
        let key = |finding: &Finding| {
            (
                finding.account.id.clone(),
                finding.sku.clone(),
                finding.currency,
                finding.kind,
            )
        };
        key(base).cmp(&key(peer))
    });
    Ok(Outcome {
        run_id: input.run_id.to_owned(),
        rule: BILLING_RULE.to_owned(),
        period: input.period,
        as_of: input.as_of,
        rules_version: rules_digest(config, BILLING_RULE),
        input_digest: input.input_digest.clone(),
        totals: judged.tally.totals(),
        sums: judged.tally.sums(),
        completeness: judged.tally.completeness(&row_counts, &input.rejected)?,
        findings: scale.with_history(BILLING_RULE, input.period, &input.history, judged.findings),
        unknown_units: judged.unknown_units.into_iter().collect(),
        timing_units: judged.timing_units.into_iter().collect(),
        undecided_records: BTreeMap::new(),
        skipped_fields: BTreeSet::new(),
        watched: judged.watched_seen,
        seen_units: (judged.blindness != Blindness::default())
            .then(|| judged.seen_units.into_iter().collect()),
        blind_sources: input
            .blind_sources
            .iter()
            .map(|blind| (blind.source.clone(), blind.reason.clone()))
            .collect(),
    })
}

/// The taxes of invoices that are rounded as a whole and differ, by the unit that shows them.
pub(super) async fn invoice_gaps(
    session: &Session,
    scope: &BillingScope<'_>,
    settings: &Settings<'_>,
) -> Result<BTreeMap<(String, String, Currency), TaxGap>, ReconcileError> {
    let mut gaps: BTreeMap<(String, String, Currency), TaxGap> = BTreeMap::new();
    let by_invoice = settings.invoice_taxed();
    if by_invoice.is_empty() {
        return Ok(gaps);
    }
    let invoices = BillingScope {
        billed_by: by_invoice,
        ..scope.clone()
    };
    session
        .taxed_invoices(&invoices, |invoice| {
            if let Some((unit, gap)) = invoice_gap(&invoice, settings)? {
                gaps.entry(unit)
                    .and_modify(|known| *known = known.plus(gap))
                    .or_insert(gap);
            }
            Ok(())
        })
        .await?;
    Ok(gaps)
}

/// What was judged so far.
#[derive(Default)]
struct JudgedUnits {
    tally: Tally,
    findings: Vec<Finding>,
    leftovers: Vec<Leftover>,
    unknown_units: BTreeSet<(String, String)>,
    /// Units whose difference is timing, or is counted with another unit.
    timing_units: BTreeSet<(String, String)>,
    watched: BTreeSet<(String, String)>,
    watched_seen: Vec<SeenUnit>,
    /// Kept only while a leg is blind.
    seen_units: BTreeSet<(String, String)>,
    blindness: Blindness,
}

impl JudgedUnits {
    fn take(&mut self, sku: &str, judged: JudgedGroup) -> Result<(), ReconcileError> {
        self.tally.skip(&judged.skipped);
        for unit in &judged.units {
            self.take_unit(sku, unit)?;
        }
        self.findings.extend(judged.findings);
        self.leftovers.extend(judged.leftovers);
        Ok(())
    }

    /// Lets the leftovers become what they are, when all of them are known.
    fn settle(&mut self, context: &Context<'_>) -> Result<(), ReconcileError> {
        let settled = settle_leftovers(std::mem::take(&mut self.leftovers), context)?;
        for (sku, unit) in &settled.units {
            self.take_unit(sku, unit)?;
        }
        self.findings.extend(settled.findings);
        self.timing_units.extend(settled.absorbed);
        Ok(())
    }

    fn take_unit(&mut self, sku: &str, unit: &JudgedUnit) -> Result<(), ReconcileError> {
        let key = (unit.account.id.clone(), sku.to_owned());
        if self.watched.contains(&key) {
            self.watched_seen.push(unit.seen(sku));
        }
        self.tally.count(unit)?;
        match unit.verdict {
            Verdict::Unknown => {
                self.unknown_units.insert(key.clone());
            }
            Verdict::Timing | Verdict::Elsewhere => {
                self.timing_units.insert(key.clone());
            }
            Verdict::Equal | Verdict::Within | Verdict::Discrepant => {}
        }
        // What is billed may have come already where the bills are not seen.
        let is_seen = match unit.verdict {
            Verdict::Unknown => false,
            Verdict::Timing => !self.blindness.billed,
            Verdict::Equal | Verdict::Within | Verdict::Discrepant | Verdict::Elsewhere => {
                !unit.is_partly_blind
            }
        };
        if is_seen && self.blindness != Blindness::default() {
            self.seen_units.insert(key);
        }
        Ok(())
    }
}
