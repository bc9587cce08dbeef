//! A rule against the landed records of a period.
//!
//! The way through: the rule's legs become queries (`legs`), the engine adds them up to units, each
//! unit is judged (`judge`), what differs becomes findings (`findings`), and `rows` proves that no row
//! was lost.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::canonical::Entity;
use crate::config::Config;
use crate::fault::Failure;
use crate::period::Period;
use crate::reconcile::billing::{SeverityScale, rules_digest};
use crate::reconcile::catalog::SkuCatalog;
use crate::reconcile::engine::{Plain, PlainTotals, RuleUnit, Session};
use crate::reconcile::error::ReconcileError;
use crate::reconcile::identity::AccountDirectory;
use crate::reconcile::input::{EntityFiles, ReconcileInput};
use crate::reconcile::outcome::{
    AccountRef, FindingSink, Outcome, SeenUnit, SkippedField, storable,
};
use crate::reconcile::rates::FxRates;
use crate::reconcile::tally::{JudgedUnit, RowCounts, Tally, Verdict};

use super::file::RuleFile;
use super::findings::{Telling, record_of_key};
use super::judge::{Compared, Judging};
use super::legs::{Cut, query, shapes, unknown_source};
use super::rows::RowProof;

/// Compares the legs of a rule in a period.
pub async fn reconcile_rule(
    input: &ReconcileInput<'_>,
    rule: &RuleFile,
) -> Result<Outcome, Failure> {
    let mut findings = Vec::new();
    let outcome = compare(input, rule, &mut findings).await?;
    Ok(Outcome {
        findings,
        ..outcome
    })
}

/// The same where the findings go to a sink, since there may be millions of them: the outcome has none.
pub async fn reconcile_rule_into(
    input: &ReconcileInput<'_>,
    rule: &RuleFile,
    findings: &mut dyn FindingSink,
) -> Result<Outcome, Failure> {
    Ok(compare(input, rule, findings).await?)
}

/// Proves that a rule could be asked: every entity and column that it names is there. Nothing is read.
pub async fn check_rule(
    config: &Config,
    rule: &RuleFile,
    spill_dir: &std::path::Path,
) -> Result<(), Failure> {
    let zone = config.zone(None);
    let session = Session::open_viewed(
        &entities_of(rule),
        &EntityFiles::default(),
        config.engine.memory_limit.0,
        spill_dir,
    )
    .await?;
    session.know_accounts(&AccountDirectory::default());
    session.know_products(&SkuCatalog::default());
    session.know_zone(&zone);
    check_sources(rule, config.source.keys())?;
    let query = query(
        rule,
        Cut {
            period: Period::of(jiff::civil::date(2000, 1, 1)),
            zone: &zone,
            currency: config.company.currency,
        },
    )?;
    shapes(&session, rule, &query).await?;
    Ok(())
}

/// The entities that a comparison by a rule reads.
pub(crate) fn entities_of(rule: &RuleFile) -> Vec<Entity> {
    let read: BTreeSet<Entity> = rule
        .entities()
        .chain([Entity::Products, Entity::FxRates])
        .collect();
    read.into_iter().collect()
}

fn check_sources<'n>(
    rule: &RuleFile,
    known: impl Iterator<Item = &'n String>,
) -> Result<(), ReconcileError> {
    let known: Vec<&str> = known.map(String::as_str).collect();
    unknown_source(rule, &known).map_or(Ok(()), Err)
}

async fn compare(
    input: &ReconcileInput<'_>,
    rule: &RuleFile,
    findings: &mut dyn FindingSink,
) -> Result<Outcome, ReconcileError> {
    let config = input.config;
    check_sources(rule, input.roles.keys())?;
    let session = Session::open_viewed(
        &entities_of(rule),
        &input.files,
        config.engine.memory_limit.0,
        input.spill_dir,
    )
    .await?;
    session.know_names_of(input).await?;
    let rate_records = session.records(Entity::FxRates).await?;
    let rates = FxRates::on(input.period.last_day(), &rate_records);

    let cut = Cut {
        period: input.period,
        zone: &input.zone,
        currency: config.company.currency,
    };
    let query = query(rule, cut)?;
    let shapes = shapes(&session, rule, &query).await?;
    let judging = Judging::new(input, rule, &shapes);
    let telling = Telling {
        rule,
        judging: &judging,
        scale: SeverityScale::new(config, &rates),
    };
    let mut collected = Collected::new(input, rule, findings);
    let is_watched = |key: &[&str]| is_watched_record(input, record_of_key(rule, key).as_ref());
    let plain = judging.plain_measures().map(|measures| Plain {
        measures,
        value: rule.value,
        watched: &input.watched,
        is_watched: &is_watched,
    });
    let counts = session.rule_row_counts(&query, &shapes).await?;
    let taken = |(extracted, excluded): &(u64, u64)| extracted.saturating_sub(*excluded);
    let rows_expected = counts.iter().map(taken).sum();
    let counted = session
        .rule_units(&query, &shapes, plain.as_ref(), rows_expected, |unit| {
            collected.take(&unit, &judging, &telling)
        })
        .await?;
    collected.take_plain(&counted)?;
    Ok(Outcome {
        run_id: input.run_id.to_owned(),
        rule: rule.name.clone(),
        period: input.period,
        as_of: input.as_of,
        rules_version: rules_digest(config, &rule.text),
        input_digest: input.input_digest.clone(),
        totals: collected.tally.totals(),
        sums: collected.tally.sums(),
        completeness: collected.rows.prove(rule, input, &counts)?,
        findings: Vec::new(),
        unknown_units: collected.unknown_units.into_iter().collect(),
        timing_units: collected.timing_units.into_iter().collect(),
        undecided_records: collected.undecided_records,
        skipped_fields: collected.skipped_fields,
        watched: collected.watched,
        seen_units: judging.is_blind().then(Vec::new),
        blind_sources: input
            .blind_sources
            .iter()
            .map(|blind| (blind.source.clone(), blind.reason.clone()))
            .collect(),
    })
}

/// What becomes of the units while they pass.
struct Collected<'a> {
    input: &'a ReconcileInput<'a>,
    tally: Tally,
    rows: RowProof,
    findings: &'a mut dyn FindingSink,
    unknown_units: BTreeSet<(String, String)>,
    timing_units: BTreeSet<(String, String)>,
    undecided_records: BTreeMap<(String, String), bool>,
    skipped_fields: BTreeSet<SkippedField>,
    watched: Vec<SeenUnit>,
}

impl<'a> Collected<'a> {
    fn new(
        input: &'a ReconcileInput<'a>,
        rule: &RuleFile,
        findings: &'a mut dyn FindingSink,
    ) -> Self {
        Self {
            input,
            tally: Tally::default(),
            rows: RowProof::new(rule),
            findings,
            unknown_units: BTreeSet::new(),
            timing_units: BTreeSet::new(),
            undecided_records: BTreeMap::new(),
            skipped_fields: BTreeSet::new(),
            watched: Vec::new(),
        }
    }

    /// Counts the units that were not given one by one: all of them are equal.
    fn take_plain(&mut self, counted: &PlainTotals) -> Result<(), ReconcileError> {
        for units in &counted.units {
            let (account, branch) = self.golden(&units.account);
            self.tally.count_equal(&account, branch.as_ref(), units)?;
        }
        self.rows.count_plain(&counted.rows);
        Ok(())
    }

    /// The account that units name, as it is shown, and its branch.
    fn golden(&self, id: &str) -> (AccountRef, Option<String>) {
        let golden = self.input.directory.get(id);
        let account = golden.map_or_else(
            || AccountRef {
                id: id.to_owned(),
                name: id.to_owned(),
            },
            |golden| golden.account.clone(),
        );
        (account, golden.and_then(|golden| golden.branch.clone()))
    }

    fn take(
        &mut self,
        unit: &RuleUnit,
        judging: &Judging<'_>,
        telling: &Telling<'_>,
    ) -> Result<(), ReconcileError> {
        let compared = judging.judge(unit)?;
        let Some(decisive) = decisive(unit, judging, &compared)? else {
            return Ok(());
        };
        let (account, branch) = self.golden(&unit.account);
        let judged = JudgedUnit {
            account: account.clone(),
            branch: branch.clone(),
            currency: unit.currency,
            expected: decisive.expected,
            actual: decisive.actual,
            weight: (decisive.actual - decisive.expected).abs(),
            verdict: decisive.verdict,
            is_partly_blind: false,
            rows: RowCounts::default(),
        };
        let names = (unit.account.clone(), unit.sku.clone());
        let record = telling.record(unit);
        // What is undecided is asked of standing items alone; on a night without a source it is all.
        let is_named = self.input.watched.contains(&names);
        let is_watched = is_named && is_watched_record(self.input, record.as_ref());
        if is_named && matches!(judged.verdict, Verdict::Unknown | Verdict::Timing) {
            let is_timing = judged.verdict == Verdict::Timing;
            if let Some(record) = record.clone().filter(|_| is_watched) {
                self.undecided_records.insert(record, is_timing);
            }
            let units = if is_timing {
                &mut self.timing_units
            } else {
                &mut self.unknown_units
            };
            units.insert(names.clone());
        }
        if is_watched {
            let mut seen = judged.seen(&unit.sku);
            seen.record.clone_from(&record);
            seen.amounts.expected = storable(seen.amounts.expected);
            seen.amounts.actual = storable(seen.amounts.actual);
            self.watched.push(seen);
        }
        let skipped = compared.iter().flat_map(|one| &one.skipped);
        for named in skipped.filter(|_| is_watched) {
            self.skipped_fields.insert((
                names.0.clone(),
                names.1.clone(),
                record.clone(),
                named.field.clone(),
            ));
        }
        for one in &compared {
            if one.verdict == Verdict::Discrepant {
                let found = telling.findings(unit, one, &account, branch.as_ref())?;
                let (rule, history) = (&telling.rule.name, &self.input.history);
                for finding in found {
                    let raised = telling
                        .scale
                        .raised(rule, self.input.period, history, finding);
                    self.findings.take(raised)?;
                }
            }
        }
        self.rows.count(unit, &compared);
        self.tally.count(&judged)
    }
}

/// Whether a record of a watched account and product is watched itself.
fn is_watched_record(input: &ReconcileInput<'_>, record: Option<&(String, String)>) -> bool {
    match (&input.watched_records, record) {
        (Some(records), Some(record)) => records.contains(record),
        _ => true,
    }
}

/// What a unit counts as: the worst of its comparisons, of several the one that is furthest off.
struct Decisive {
    verdict: Verdict,
    expected: Decimal,
    actual: Decimal,
}

fn decisive(
    unit: &RuleUnit,
    judging: &Judging<'_>,
    compared: &[Compared<'_>],
) -> Result<Option<Decisive>, ReconcileError> {
    let mut worst: Option<((u8, Decimal), Decisive)> = None;
    for one in compared {
        let value = |at: usize| judging.value_of(&unit.legs[at]).unwrap_or_default();
        let (expected, actual) = (value(one.comparison.base), value(one.comparison.peer));
        let off = actual
            .checked_sub(expected)
            .ok_or_else(|| ReconcileError::Overflow("the difference of a unit".into()))?;
        let rank = match one.verdict {
            Verdict::Equal => 0,
            Verdict::Within => 1,
            Verdict::Timing => 2,
            Verdict::Unknown | Verdict::Elsewhere => 3,
            Verdict::Discrepant => 4,
        };
        let rank = (rank, off.abs());
        if worst.as_ref().is_none_or(|(known, _)| rank > *known) {
            let decisive = Decisive {
                verdict: one.verdict,
                expected,
                actual,
            };
            worst = Some((rank, decisive));
        }
    }
    Ok(worst.map(|(_, decisive)| decisive))
}
