//! Counting: rows by source and entity, units by account, branch and currency, and the proof that
//! nothing was lost between the two.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::canonical::Entity;
use crate::currency::Currency;

use super::engine::PlainUnits;
use super::error::ReconcileError;
use super::legs::RowCount;
use super::outcome::{AccountRef, Completeness, SeenUnit, UnitTotals};
use super::worth::Amounts;

/// Rows by source and entity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RowCounts(BTreeMap<(String, Entity), u64>);

impl RowCounts {
    /// Counts rows of a source and entity.
    pub(crate) fn add(&mut self, source: &str, entity: Entity, rows: u64) {
        *self.0.entry((source.to_owned(), entity)).or_default() += rows;
    }

    /// Counts another's rows too.
    pub(crate) fn add_all(&mut self, other: &Self) {
        for ((source, entity), rows) in &other.0 {
            self.add(source, *entity, *rows);
        }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.values().all(|rows| *rows == 0)
    }

    fn of(&self, source: &str, entity: &str) -> u64 {
        self.0
            .iter()
            .filter(|((name, kind), _)| name == source && kind.name() == entity)
            .map(|(_, rows)| rows)
            .sum()
    }
}

/// What became of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Both sides are the same.
    Equal,
    /// They differ within tolerance.
    Within,
    /// They differ because one side is not due yet, or is recorded in the next period.
    Timing,
    /// A blind source could decide it.
    Unknown,
    /// They differ.
    Discrepant,
    /// What differs is counted elsewhere: with the unit of another period.
    Elsewhere,
}

/// A unit and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct JudgedUnit {
    pub(crate) account: AccountRef,
    pub(crate) branch: Option<String>,
    pub(crate) currency: Currency,
    pub(crate) expected: Decimal,
    pub(crate) actual: Decimal,
    pub(crate) verdict: Verdict,
    /// What it weighs among those that differ, where it does.
    pub(crate) weight: Decimal,
    /// Whether something that was not seen could still add a finding to it.
    pub(crate) is_partly_blind: bool,
    pub(crate) rows: RowCounts,
}

impl JudgedUnit {
    /// The unit for the book.
    pub(crate) fn seen(&self, sku: &str) -> SeenUnit {
        SeenUnit {
            account: self.account.id.clone(),
            sku: sku.to_owned(),
            currency: self.currency,
            record: None,
            amounts: Amounts {
                expected: self.expected,
                actual: self.actual,
            },
            is_decided: !matches!(
                self.verdict,
                Verdict::Timing | Verdict::Unknown | Verdict::Elsewhere
            ),
            is_discrepant: self.verdict == Verdict::Discrepant,
        }
    }
}

/// The sums of a reconcile while it goes on.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    totals: TotalsByUnit,
    sums: BTreeMap<Currency, Amounts>,
    matched: RowCounts,
    unmatched: RowCounts,
    out_of_scope: RowCounts,
}

impl Tally {
    /// Counts rows that are in no unit of the period.
    pub(crate) fn skip(&mut self, rows: &RowCounts) {
        self.out_of_scope.add_all(rows);
    }

    /// Counts a unit and its rows.
    pub(crate) fn count(&mut self, unit: &JudgedUnit) -> Result<(), ReconcileError> {
        if unit.verdict == Verdict::Elsewhere {
            self.out_of_scope.add_all(&unit.rows);
            return Ok(());
        }
        let totals = totals_of(
            &mut self.totals,
            &unit.account,
            unit.branch.as_ref(),
            unit.currency,
        );
        let value = unit.expected.abs().max(unit.actual.abs());
        let difference = checked(unit.actual, -unit.expected)?;
        match unit.verdict {
            Verdict::Timing => {
                totals.timing += 1;
                grow(&mut totals.timing_value, value)?;
            }
            Verdict::Unknown => {
                totals.unknown += 1;
                grow(&mut totals.unknown_value, value)?;
            }
            Verdict::Elsewhere => {}
            Verdict::Equal | Verdict::Within | Verdict::Discrepant => {
                totals.units += 1;
                // Figures of opposite sign are further apart than either is from zero.
                let compared = value.max(difference.abs());
                grow(&mut totals.compared_value, compared)?;
                grow(&mut totals.expected_value, unit.expected)?;
                grow(&mut totals.billed_value, unit.actual.abs())?;
                let sums = self.sums.entry(unit.currency).or_insert(Amounts {
                    expected: Decimal::ZERO,
                    actual: Decimal::ZERO,
                });
                grow(&mut sums.expected, unit.expected)?;
                grow(&mut sums.actual, unit.actual)?;
            }
        }
        match unit.verdict {
            Verdict::Within => {
                totals.within_tolerance += 1;
                grow(&mut totals.within_tolerance_net, difference)?;
            }
            Verdict::Discrepant => {
                totals.discrepant += 1;
                grow(&mut totals.discrepant_value, unit.weight)?;
            }
            Verdict::Equal | Verdict::Timing | Verdict::Unknown | Verdict::Elsewhere => {}
        }
        match unit.verdict {
            Verdict::Equal | Verdict::Within => self.matched.add_all(&unit.rows),
            Verdict::Timing | Verdict::Unknown | Verdict::Discrepant | Verdict::Elsewhere => {
                self.unmatched.add_all(&unit.rows);
            }
        }
        Ok(())
    }

    /// Counts units of an account that are the same on both sides.
    pub(crate) fn count_equal(
        &mut self,
        account: &AccountRef,
        branch: Option<&String>,
        units: &PlainUnits,
    ) -> Result<(), ReconcileError> {
        let totals = totals_of(&mut self.totals, account, branch, units.currency);
        totals.units += units.units;
        grow(&mut totals.compared_value, units.weight)?;
        grow(&mut totals.expected_value, units.value)?;
        grow(&mut totals.billed_value, units.weight)?;
        let sums = self.sums.entry(units.currency).or_insert(Amounts {
            expected: Decimal::ZERO,
            actual: Decimal::ZERO,
        });
        grow(&mut sums.expected, units.value)?;
        grow(&mut sums.actual, units.value)
    }

    /// The totals, by account, branch and currency, taken out; currencies are never added to each other.
    pub(crate) fn totals(&mut self) -> Vec<UnitTotals> {
        std::mem::take(&mut self.totals).into_values().collect()
    }

    /// The signed sums of the compared units, by currency.
    pub(crate) fn sums(&self) -> BTreeMap<Currency, Amounts> {
        self.sums.clone()
    }

    /// Proves for every source and entity that each living row is in exactly one place.
    pub(crate) fn completeness(
        &self,
        counts: &[RowCount],
        rejected: &[(String, Entity, u64)],
    ) -> Result<Vec<Completeness>, ReconcileError> {
        let mut counts: Vec<RowCount> = counts.to_vec();
        // A source whose rows were all rejected has no living one to be counted.
        for (source, entity, _) in rejected {
            let is_counted = counts
                .iter()
                .any(|count| count.source == *source && count.entity == entity.name());
            if !is_counted {
                counts.push(RowCount {
                    source: source.clone(),
                    entity: entity.name().to_owned(),
                    extracted: 0,
                    excluded: 0,
                });
            }
        }
        let mut proofs = Vec::new();
        for count in &counts {
            let rejected_rows: u64 = rejected
                .iter()
                .filter(|(source, entity, _)| {
                    *source == count.source && entity.name() == count.entity
                })
                .map(|(_, _, rows)| rows)
                .sum();
            let matched = self.matched.of(&count.source, &count.entity);
            let unmatched = self.unmatched.of(&count.source, &count.entity);
            let out_of_scope = self.out_of_scope.of(&count.source, &count.entity) + count.excluded;
            let extracted = count.extracted + rejected_rows;
            let accounted = matched + unmatched + out_of_scope + rejected_rows;
            if extracted != accounted {
                return Err(ReconcileError::Untied {
                    source_name: count.source.clone(),
                    entity: count.entity.clone(),
                    extracted,
                    accounted,
                });
            }
            proofs.push(Completeness {
                source: count.source.clone(),
                entity: count.entity.clone(),
                extracted,
                matched,
                unmatched,
                out_of_scope,
                rejected: rejected_rows,
                holds: true,
            });
        }
        Ok(proofs)
    }
}

type TotalsByUnit = BTreeMap<(String, Option<String>, Currency), UnitTotals>;

/// The totals of an account, branch and currency.
fn totals_of<'t>(
    totals: &'t mut TotalsByUnit,
    account: &AccountRef,
    branch: Option<&String>,
    currency: Currency,
) -> &'t mut UnitTotals {
    let key = (account.id.clone(), branch.cloned(), currency);
    totals.entry(key).or_insert_with(|| UnitTotals {
        account: account.id.clone(),
        account_name: account.name.clone(),
        branch: branch.cloned(),
        currency,
        units: 0,
        discrepant: 0,
        compared_value: Decimal::ZERO,
        expected_value: Decimal::ZERO,
        billed_value: Decimal::ZERO,
        discrepant_value: Decimal::ZERO,
        timing: 0,
        timing_value: Decimal::ZERO,
        unknown: 0,
        unknown_value: Decimal::ZERO,
        within_tolerance: 0,
        within_tolerance_net: Decimal::ZERO,
    })
}

fn grow(sum: &mut Decimal, amount: Decimal) -> Result<(), ReconcileError> {
    *sum = checked(*sum, amount)?;
    Ok(())
}

fn checked(base: Decimal, peer: Decimal) -> Result<Decimal, ReconcileError> {
    base.checked_add(peer)
        .ok_or_else(|| ReconcileError::Overflow(format!("{base} and {peer}")))
}
