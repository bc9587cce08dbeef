//! Causes dressed as findings: whose they are, how much they matter, and the records on both sides.

use rust_decimal::Decimal;

use crate::period::Period;
use crate::reconcile::discrepancy::{Candidate, Kind};
use crate::reconcile::error::ReconcileError;
use crate::reconcile::legs::{BilledLine, UnitRecords};
use crate::reconcile::outcome::{AccountRef, Finding};

use super::causes::{Case, Causes, Part};
use super::severity::SeverityFacts;
use super::sides::sides;

/// What a finding takes from its unit beside its cause.
pub(super) struct Dress<'a> {
    pub(super) account: &'a AccountRef,
    pub(super) records: &'a UnitRecords,
    pub(super) is_ambiguous: bool,
    pub(super) candidates: Vec<Candidate>,
}

/// The findings of a unit that differs.
pub(super) fn findings(
    case: &Case<'_, '_>,
    causes: &Causes,
    dress: &Dress<'_>,
) -> Result<Vec<Finding>, ReconcileError> {
    let kinds: Vec<Kind> = causes
        .parts
        .iter()
        .map(|part| part.kind)
        .chain(causes.tags.iter().copied())
        .collect();
    let lines: Vec<&BilledLine> = case.lines.to_vec();
    causes
        .parts
        .iter()
        .map(|part| {
            let mut secondary: Vec<Kind> = kinds
                .iter()
                .copied()
                .filter(|kind| *kind != part.kind)
                .collect();
            secondary.sort_unstable();
            secondary.dedup();
            let amounts = (causes.unit_expected, case.unit.billed.net);
            let finding = finding(case, part, amounts, &lines, dress)?;
            Ok(Finding {
                secondary,
                ..finding
            })
        })
        .collect()
}

/// PERIOD_CUTOFF: the bill of the unit stands in another period.
pub(super) fn cut_off(
    case: &Case<'_, '_>,
    billed_in: Period,
    lines: &[&BilledLine],
    dress: &Dress<'_>,
) -> Result<Finding, ReconcileError> {
    let amount = case.unit.expected_amount();
    let part = Part {
        kind: Kind::PeriodCutoff,
        field: "period",
        expected: Some(case.context.period.to_string()),
        actual: Some(billed_in.to_string()),
        impact: Decimal::ZERO,
        estimated: false,
    };
    // Over both periods nothing is missing.
    finding(case, &part, (amount, amount), lines, dress)
}

fn finding(
    case: &Case<'_, '_>,
    part: &Part,
    (unit_expected, unit_actual): (Decimal, Decimal),
    lines: &[&BilledLine],
    dress: &Dress<'_>,
) -> Result<Finding, ReconcileError> {
    let unit = case.unit;
    let cycles = unit
        .expected
        .as_ref()
        .and_then(|expected| expected.cycles_per_year);
    Ok(Finding {
        kind: part.kind,
        account: dress.account.clone(),
        branch: unit.branch.clone(),
        sku: case.group.sku.clone(),
        currency: unit.currency,
        field: part.field.to_owned(),
        expected: part.expected.clone(),
        actual: part.actual.clone(),
        unit_expected,
        unit_actual,
        impact: part.impact,
        annualised: annualised(part.impact, cycles)?,
        severity: case.context.scale.of(SeverityFacts {
            kind: part.kind,
            impact: part.impact,
            currency: unit.currency,
            branch: unit.branch.as_deref(),
        }),
        estimated: part.estimated,
        ambiguous: dress.is_ambiguous,
        secondary: Vec::new(),
        linked: None,
        candidates: dress.candidates.clone(),
        sides: sides(case.group, unit, lines, dress.records),
    })
}

/// An impact over a year.
pub(super) fn annualised(
    impact: Decimal,
    cycles: Option<i64>,
) -> Result<Option<Decimal>, ReconcileError> {
    cycles
        .map(|cycles| {
            impact
                .checked_mul(Decimal::from(cycles))
                .ok_or_else(|| ReconcileError::Overflow("an annualised impact".into()))
        })
        .transpose()
}
