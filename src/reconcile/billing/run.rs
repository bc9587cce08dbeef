//! The rule as a whole: legs to units, units to findings, and the proof that nothing was lost.

use std::collections::{BTreeMap, BTreeSet};

use crate::canonical::Entity;
use crate::config::Role;
use crate::fault::Failure;
use crate::reconcile::catalog::SkuCatalog;
use crate::reconcile::engine::{BillingScope, Session};
use crate::reconcile::error::ReconcileError;
use crate::reconcile::input::ReconcileInput;
use crate::reconcile::legs::{LegGroup, UnitRecords};
use crate::reconcile::outcome::{Finding, Outcome, SeenUnit};
use crate::reconcile::rates::FxRates;
use crate::reconcile::tally::{Tally, Verdict};

use super::blind::Blindness;
use super::judge::{Context, JudgedGroup, Judgement, judge};
use super::settings::{Settings, rules_digest};
use super::severity::SeverityScale;

/// The name of the rule.
pub const BILLING_RULE: &str = "contract_usage_billed";

/// The entities that the rule reads.
pub(crate) const READ: &[Entity] = &[
    Entity::Products,
    Entity::Contracts,
    Entity::Usage,
    Entity::Invoices,
    Entity::InvoiceLines,
    Entity::FxRates,
];

/// Compares what was sold and used with what was billed in a period.
pub async fn reconcile_billing(input: &ReconcileInput<'_>) -> Result<Outcome, Failure> {
    Ok(compare(input).await?)
}

async fn compare(input: &ReconcileInput<'_>) -> Result<Outcome, ReconcileError> {
    let config = input.config;
    let session = Session::open(
        READ,
        &input.files,
        config.engine.memory_limit.0,
        input.spill_dir,
    )
    .await?;
    let products = session.records(Entity::Products).await?;
    let catalog = SkuCatalog::new(&products, &config.reconcile.sku_aliases);
    let rate_records = session.records(Entity::FxRates).await?;
    let rates = FxRates::on(input.period.last_day(), &rate_records);
    session.know_accounts(input.directory);
    session.know_products(&catalog);
    session.link_lines().await?;

    let settings = Settings::new(input);
    let scale = SeverityScale::new(config, &rates);
    let mut context = Context {
        period: input.period,
        zone: &input.zone,
        today: input.today,
        max_shift: i32::from(config.reconcile.max_shift),
        lag_days: settings.lag_days(),
        billed_offsets: BTreeSet::new(),
        company_currency: config.company.currency,
        blindness: Blindness::of(input),
        settings: &settings,
        catalog: &catalog,
        rates: &rates,
        scale: &scale,
        directory: input.directory,
    };
    let scope = BillingScope {
        period: input.period,
        max_shift: context.max_shift,
        zone: &input.zone,
        sold_by: input.sources_with(Role::Crm),
        used_by: input.usage_sources(),
        billed_by: input.sources_with(Role::Billing),
    };

    let mut judged = JudgedUnits {
        watched: input.watched.clone(),
        blindness: context.blindness,
        ..JudgedUnits::default()
    };
    let mut billed_offsets: BTreeSet<i32> = BTreeSet::new();
    let mut suspects: BTreeMap<(String, String), LegGroup> = BTreeMap::new();
    session
        .billing_legs(&scope, |group| {
            billed_offsets.extend(group.billed.iter().map(|sum| sum.offset));
            match judge(&group, None, &context)? {
                Judgement::Done(done) => judged.take(&group, done)?,
                Judgement::NeedsRecords => {
                    suspects.insert((group.account.clone(), group.sku.clone()), group);
                }
            }
            Ok(())
        })
        .await?;
    context.billed_offsets = billed_offsets;
    let keys: BTreeSet<(String, String)> = suspects.keys().cloned().collect();
    let mut records = session.unit_records(&scope, &keys).await?;
    for (key, group) in &suspects {
        let of_unit: UnitRecords = records.remove(key).unwrap_or_default();
        if let Judgement::Done(done) = judge(group, Some(&of_unit), &context)? {
            judged.take(group, done)?;
        }
    }
    let row_counts = session.billing_row_counts(&scope).await?;
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
        findings: judged.findings,
        unknown_units: judged.unknown_units.into_iter().collect(),
        timing_units: judged.timing_units.into_iter().collect(),
        undecided_records: BTreeMap::new(),
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

/// What was judged so far.
#[derive(Default)]
struct JudgedUnits {
    tally: Tally,
    findings: Vec<Finding>,
    unknown_units: BTreeSet<(String, String)>,
    timing_units: BTreeSet<(String, String)>,
    watched: BTreeSet<(String, String)>,
    watched_seen: Vec<SeenUnit>,
    /// Kept only while a leg is blind.
    seen_units: BTreeSet<(String, String)>,
    blindness: Blindness,
}

impl JudgedUnits {
    fn take(&mut self, group: &LegGroup, judged: JudgedGroup) -> Result<(), ReconcileError> {
        let key = (group.account.clone(), group.sku.clone());
        if self.watched.contains(&key) {
            let seen = judged.units.iter().map(|unit| unit.seen(&group.sku));
            self.watched_seen.extend(seen);
        }
        self.tally.skip(&judged.skipped);
        for unit in &judged.units {
            self.tally.count(unit)?;
            let key = || (group.account.clone(), group.sku.clone());
            match unit.verdict {
                Verdict::Unknown => {
                    self.unknown_units.insert(key());
                }
                Verdict::Timing => {
                    self.timing_units.insert(key());
                }
                Verdict::Equal | Verdict::Within | Verdict::Discrepant => {}
            }
            // What is billed may have come already where the bills are not seen.
            let is_seen = match unit.verdict {
                Verdict::Unknown => false,
                Verdict::Timing => !self.blindness.billed,
                Verdict::Equal | Verdict::Within | Verdict::Discrepant => true,
            };
            if is_seen && self.blindness != Blindness::default() {
                self.seen_units.insert(key());
            }
        }
        self.findings.extend(judged.findings);
        Ok(())
    }
}
