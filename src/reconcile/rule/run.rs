//! A rule file against the landed records of a period.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use crate::canonical::Entity;
use crate::currency::Currency;
use crate::fault::Failure;
use crate::money::{decimal_text, money_text};
use crate::reconcile::billing::{SeverityFacts, SeverityScale, rules_digest};
use crate::reconcile::catalog::SkuCatalog;
use crate::reconcile::discrepancy::{Kind, Side};
use crate::reconcile::engine::{RuleLegs, RuleUnit, Session};
use crate::reconcile::error::ReconcileError;
use crate::reconcile::input::ReconcileInput;
use crate::reconcile::outcome::{AccountRef, Completeness, Finding, Outcome};
use crate::reconcile::rates::FxRates;
use crate::reconcile::tally::{JudgedUnit, RowCounts, Tally, Verdict};
use crate::reconcile::tolerance::Tolerance;

use super::file::RuleFile;

/// Compares the two legs of a rule in a period.
pub async fn reconcile_rule(
    input: &ReconcileInput<'_>,
    rule: &RuleFile,
) -> Result<Outcome, Failure> {
    Ok(compare(input, rule).await?)
}

async fn compare(input: &ReconcileInput<'_>, rule: &RuleFile) -> Result<Outcome, ReconcileError> {
    let config = input.config;
    let read: BTreeSet<Entity> = rule
        .entities()
        .chain([Entity::Products, Entity::FxRates])
        .collect();
    let session = Session::open(
        &read.into_iter().collect::<Vec<_>>(),
        &input.files,
        Some(input.as_of),
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

    let judging = Judging {
        input,
        rule,
        tolerance: Tolerance::new(
            rule.tolerance
                .as_ref()
                .map_or(&config.tolerance.amount, |tolerance| &tolerance.0),
            config.tolerance.mode,
        ),
        scale: SeverityScale::new(config, &rates),
        is_blind: input
            .blind_sources
            .iter()
            .any(|blind| rule.entities().any(|entity| blind.covers(entity))),
    };
    let legs = RuleLegs {
        base_sql: &rule.base.sql,
        peer_sql: &rule.peer.sql,
        key: &rule.key,
        period_column: rule.period_column.as_deref(),
        period: input.period,
        default_currency: config.company.currency,
    };
    let mut tally = Tally::default();
    let mut findings = Vec::new();
    let mut unknown_units: BTreeSet<(String, String)> = BTreeSet::new();
    let mut watched = Vec::new();
    let mut rows = LegRows::default();
    session
        .rule_units(&legs, |unit| {
            let (judged, finding) = judging.judge(&unit)?;
            if judged.verdict == Verdict::Unknown {
                unknown_units.insert((unit.account.clone(), unit.sku.clone()));
            }
            if input
                .watched
                .contains(&(unit.account.clone(), unit.sku.clone()))
            {
                watched.push(judged.seen(&unit.sku));
            }
            rows.count(&unit, judged.verdict);
            tally.count(&judged)?;
            findings.extend(finding);
            Ok(())
        })
        .await?;
    let extracted = session.rule_row_counts(&legs).await?;
    Ok(Outcome {
        run_id: input.run_id.to_owned(),
        rule: rule.name.clone(),
        period: input.period,
        as_of: input.as_of,
        rules_version: rules_digest(config, &rule.text),
        input_digest: input.input_digest.clone(),
        totals: tally.totals(),
        completeness: rows.prove(rule, extracted)?,
        findings,
        unknown_units: unknown_units.into_iter().collect(),
        timing_units: Vec::new(),
        watched,
        seen_units: judging.is_blind.then(Vec::new),
        blind_sources: input
            .blind_sources
            .iter()
            .map(|blind| (blind.source.clone(), blind.reason.clone()))
            .collect(),
    })
}

struct Judging<'a> {
    input: &'a ReconcileInput<'a>,
    rule: &'a RuleFile,
    tolerance: Tolerance<'a>,
    scale: SeverityScale<'a>,
    is_blind: bool,
}

impl Judging<'_> {
    fn judge(&self, unit: &RuleUnit) -> Result<(JudgedUnit, Option<Finding>), ReconcileError> {
        let kinds = self.rule.kinds;
        let difference = unit
            .peer_amount
            .checked_sub(unit.base_amount)
            .ok_or_else(|| ReconcileError::Overflow("the difference of a unit".into()))?;
        let kind: Option<Kind> = if unit.peer_rows == 0 {
            kinds.base_only
        } else if unit.base_rows == 0 {
            kinds.peer_only
        } else {
            let is_near = self.tolerance.takes_amount(
                unit.base_amount,
                unit.peer_amount,
                unit.currency,
                unit.base_rows.max(unit.peer_rows),
            )?;
            kinds.amount.filter(|_| !is_near)
        };
        let verdict = match kind {
            _ if self.is_blind => Verdict::Unknown,
            Some(_) => Verdict::Discrepant,
            None if difference.is_zero() => Verdict::Equal,
            None => Verdict::Within,
        };
        let golden = self.input.directory.get(&unit.account);
        let account = golden.map_or_else(
            || AccountRef {
                id: unit.account.clone(),
                name: unit.account.clone(),
            },
            |golden| golden.account.clone(),
        );
        let branch = golden.and_then(|golden| golden.branch.clone());
        let finding = kind
            .filter(|_| verdict == Verdict::Discrepant)
            .map(|kind| self.finding(unit, kind, difference, &account, branch.as_ref()));
        let judged = JudgedUnit {
            account,
            branch,
            currency: unit.currency,
            expected: unit.base_amount,
            actual: unit.peer_amount,
            verdict,
            weight: difference.abs(),
            is_partly_blind: false,
            rows: RowCounts::default(),
        };
        Ok((judged, finding))
    }

    fn finding(
        &self,
        unit: &RuleUnit,
        kind: Kind,
        difference: Decimal,
        account: &AccountRef,
        branch: Option<&String>,
    ) -> Finding {
        let text = |rows: u64, amount: Decimal, currency: Currency| {
            (rows > 0).then(|| money_text(amount, currency))
        };
        let (field, expected, actual) = match kind {
            Kind::WrongCode => ("sku", None, Some(unit.sku.clone())),
            Kind::UnitPrice => (
                "unit_price",
                text(unit.base_rows, unit.base_amount, unit.currency),
                text(unit.peer_rows, unit.peer_amount, unit.currency),
            ),
            _ => (
                "amount",
                text(unit.base_rows, unit.base_amount, unit.currency),
                text(unit.peer_rows, unit.peer_amount, unit.currency),
            ),
        };
        Finding {
            kind,
            account: account.clone(),
            branch: branch.cloned(),
            sku: unit.sku.clone(),
            currency: unit.currency,
            field: field.to_owned(),
            expected,
            actual,
            unit_expected: unit.base_amount,
            unit_actual: unit.peer_amount,
            impact: difference,
            annualised: None,
            severity: self.scale.of(SeverityFacts {
                kind,
                impact: difference,
                currency: unit.currency,
                branch: branch.map(String::as_str),
            }),
            estimated: false,
            ambiguous: false,
            secondary: Vec::new(),
            linked: None,
            candidates: Vec::new(),
            sides: self.sides(unit),
        }
    }

    /// The record that the key names, where the rule has one.
    fn sides(&self, unit: &RuleUnit) -> Vec<Side> {
        if self.rule.key.is_empty() {
            return Vec::new();
        }
        let part = |name: &str| {
            let at = self.rule.key.iter().position(|column| column == name)?;
            unit.key.get(at).cloned()
        };
        let (side, leg, amount, quantity) = if unit.base_rows > 0 {
            (
                "base",
                &self.rule.base,
                unit.base_amount,
                unit.base_quantity,
            )
        } else {
            (
                "peer",
                &self.rule.peer,
                unit.peer_amount,
                unit.peer_quantity,
            )
        };
        let id = part("id").unwrap_or_else(|| unit.key.join("/"));
        vec![Side {
            side: side.to_owned(),
            source: part("source").unwrap_or_else(|| self.rule.name.clone()),
            entity: leg
                .entities
                .first()
                .map_or_else(String::new, |entity| entity.name().to_owned()),
            label: part("number").unwrap_or_else(|| id.clone()),
            id,
            quantity: quantity.map(decimal_text),
            unit_price: None,
            amount: Some(money_text(amount, unit.currency)),
        }]
    }
}

/// The rows of both legs by what became of their units.
#[derive(Default)]
struct LegRows {
    matched: (u64, u64),
    unmatched: (u64, u64),
}

impl LegRows {
    fn count(&mut self, unit: &RuleUnit, verdict: Verdict) {
        let rows = match verdict {
            Verdict::Equal | Verdict::Within => &mut self.matched,
            Verdict::Timing | Verdict::Unknown | Verdict::Discrepant | Verdict::Elsewhere => {
                &mut self.unmatched
            }
        };
        rows.0 += unit.base_rows;
        rows.1 += unit.peer_rows;
    }

    /// Each leg is a source of its own to the proof: its rows, and those of other periods.
    fn prove(
        &self,
        rule: &RuleFile,
        extracted: [(u64, u64); 2],
    ) -> Result<Vec<Completeness>, ReconcileError> {
        let legs = [
            ("base", self.matched.0, self.unmatched.0, extracted[0]),
            ("peer", self.matched.1, self.unmatched.1, extracted[1]),
        ];
        legs.into_iter()
            .map(|(leg, matched, unmatched, (extracted, out_of_scope))| {
                let accounted = matched + unmatched + out_of_scope;
                if accounted != extracted {
                    return Err(ReconcileError::Untied {
                        source_name: rule.name.clone(),
                        entity: leg.to_owned(),
                        extracted,
                        accounted,
                    });
                }
                Ok(Completeness {
                    source: rule.name.clone(),
                    entity: leg.to_owned(),
                    extracted,
                    matched,
                    unmatched,
                    out_of_scope,
                    rejected: 0,
                    holds: true,
                })
            })
            .collect()
    }
}
