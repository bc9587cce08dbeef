//! What becomes of a unit, decided in the order of the domain: what a blind leg hides is unknown,
//! what is not due yet or stands in the next period is timing, and the rest is true.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::currency::Currency;
use crate::money::is_storable;
use crate::period::Period;
use crate::reconcile::catalog::SkuCatalog;
use crate::reconcile::discrepancy::Kind;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::identity::AccountDirectory;
use crate::reconcile::legs::{BilledLine, LegGroup, UnitRecords};
use crate::reconcile::outcome::{AccountRef, Finding};
use crate::reconcile::rates::FxRates;
use crate::reconcile::tally::{JudgedUnit, RowCounts, Verdict};

use super::blind::{Blindness, is_unresolved};
use super::causes::Case;
use super::classify::{Dress, cut_off, findings};
use super::currencies::pair_currencies;
use super::leftovers::{Leftover, Want};
use super::nearby::{Nearby, look_nearby};
use super::settings::Settings;
use super::severity::SeverityScale;
use super::tax::{TaxGap, tax_gap, tax_may_differ};
use super::timing::is_not_due;
use super::unit::{Coverage, Unit, build_units};

/// Everything that judging a unit reads.
pub(super) struct Context<'a> {
    pub(super) period: Period,
    pub(super) zone: &'a TimeZone,
    pub(super) today: Date,
    pub(super) max_shift: i32,
    pub(super) lag_days: u16,
    /// How many lines were billed in the periods nearby: where there is hardly any, a missing bill
    /// says nothing.
    pub(super) billed_lines: BTreeMap<i32, u64>,
    /// The taxes of invoices that differ, by the unit that shows them.
    pub(super) invoice_taxes: BTreeMap<(String, String, Currency), TaxGap>,
    pub(super) company_currency: Currency,
    pub(super) blindness: Blindness,
    /// While products are blind: the accounts that have a product on one side alone.
    pub(super) loose_accounts: BTreeSet<String>,
    pub(super) settings: &'a Settings<'a>,
    pub(super) catalog: &'a SkuCatalog,
    pub(super) rates: &'a FxRates,
    pub(super) scale: &'a SeverityScale<'a>,
    pub(super) directory: &'a AccountDirectory,
}

impl Context<'_> {
    /// The account of a unit, by its golden id; a stand-in is its own name.
    pub(super) fn account(&self, id: &str) -> AccountRef {
        self.directory.get(id).map_or_else(
            || AccountRef {
                id: id.to_owned(),
                name: id.to_owned(),
            },
            |golden| golden.account.clone(),
        )
    }

    pub(super) fn account_branch(&self, id: &str) -> Option<String> {
        self.directory.get(id)?.branch.clone()
    }

    pub(super) fn account_currency(&self, id: &str) -> Option<Currency> {
        self.directory.get(id)?.currency
    }

    /// How many periods on either side are read of a unit that differs: a bill that is shifted by so
    /// many may have another candidate as far beyond it.
    pub(super) fn reach(&self) -> i32 {
        self.max_shift * 2
    }
}

/// What a vendor counts beyond what is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct VendorGap {
    pub(super) vended: Decimal,
    pub(super) billed: Decimal,
}

/// How the sides of a unit differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Difference {
    /// Actual less expected.
    pub(super) amount: Decimal,
    pub(super) is_amount_outside: bool,
    /// Expected and actual quantity, where both are known and comparable.
    pub(super) quantities: Option<(Decimal, Decimal)>,
    pub(super) is_quantity_outside: bool,
    pub(super) vended: Option<VendorGap>,
    pub(super) tax: Option<TaxGap>,
}

impl Difference {
    fn is_equal(&self) -> bool {
        self.amount.is_zero()
            && self
                .quantities
                .is_none_or(|(expected, actual)| expected == actual)
    }

    /// Whether what was billed is not what was expected, tax and vendors apart.
    pub(super) fn is_revenue_outside(&self) -> bool {
        self.is_amount_outside || self.is_quantity_outside
    }
}

/// A group's units, judged.
#[derive(Debug, Default)]
pub(super) struct JudgedGroup {
    pub(super) units: Vec<JudgedUnit>,
    pub(super) findings: Vec<Finding>,
    /// Units that have one side only, whose other side may be another group's.
    pub(super) leftovers: Vec<Leftover>,
    pub(super) skipped: RowCounts,
}

/// What judging came to.
#[derive(Debug)]
pub(super) enum Judgement {
    /// All units are decided, but for the leftovers.
    Done(JudgedGroup),
    /// A unit differs: the records behind it are needed.
    NeedsRecords,
}

/// Judges the units of one customer and product. Without their records only units that agree, that
/// are not due, or of which nothing can be said, are decided.
pub(super) fn judge(
    group: &LegGroup,
    records: Option<&UnitRecords>,
    context: &Context<'_>,
) -> Result<Judgement, ReconcileError> {
    let mut built = build_units(group, context)?;
    pair_currencies(&mut built, context)?;
    let account = context.account(&group.account);
    let mut judged = JudgedGroup {
        skipped: built.skipped,
        ..JudgedGroup::default()
    };
    for unit in &built.units {
        if !is_storable(unit.expected_amount()) || !is_storable(unit.billed.net) {
            tracing::warn!(
                account.id = account.id,
                product.sku = group.sku,
                "the amounts of a unit are larger than the book can keep: it is unknown"
            );
            // What cannot be kept cannot be in a sum either; the unit itself is counted.
            let unknown = judged_unit(unit, &account, Verdict::Unknown, context);
            judged.units.push(JudgedUnit {
                expected: Decimal::ZERO,
                actual: Decimal::ZERO,
                ..unknown
            });
            continue;
        }
        let is_hidden = built.is_unreadable || is_hidden(unit, &group.account, context);
        let judging = Judging {
            group,
            unit,
            account: &account,
            context,
        };
        if is_hidden {
            let hidden = judged_unit(unit, &account, Verdict::Unknown, context);
            let is_unbilled = unit.billed.line_count == 0 && unit.expected.is_some();
            if is_unbilled && context.blindness.used && !context.blindness.sold {
                judged.leftovers.push(Leftover::hidden(&group.sku, hidden));
            } else {
                judged.units.push(hidden);
            }
        } else if !judging.decide(records, &mut judged)? {
            return Ok(Judgement::NeedsRecords);
        }
    }
    Ok(Judgement::Done(judged))
}

/// Whether something that was not seen could change what is expected of the unit, or whose it is.
fn is_hidden(unit: &Unit, account: &str, context: &Context<'_>) -> bool {
    let blindness = context.blindness;
    let is_metered = unit
        .expected
        .as_ref()
        .is_some_and(|expected| expected.is_metered);
    blindness.sold
        || (blindness.used && is_metered)
        || (blindness.accounts && (is_unresolved(account) || unit.is_one_sided()))
        || (blindness.products && unit.is_one_sided())
        || (blindness.rates && unit.sold_in.is_some())
}

fn judged_unit(
    unit: &Unit,
    account: &AccountRef,
    verdict: Verdict,
    context: &Context<'_>,
) -> JudgedUnit {
    let counted = |amount: Decimal| {
        if unit.is_unrated {
            Decimal::ZERO
        } else {
            amount
        }
    };
    let (expected, actual) = (counted(unit.expected_amount()), counted(unit.billed.net));
    JudgedUnit {
        account: account.clone(),
        branch: unit.branch.clone(),
        currency: unit.currency,
        expected,
        actual,
        verdict,
        weight: (actual - expected).abs(),
        is_partly_blind: context.blindness.vended && unit.vended.is_some(),
        rows: unit.rows.clone(),
    }
}

/// How the sides of a unit differ, by the tolerances.
pub(super) fn difference_of(
    group: &LegGroup,
    unit: &Unit,
    lines: &[&BilledLine],
    context: &Context<'_>,
) -> Result<Difference, ReconcileError> {
    let account = context.account(&group.account);
    let judging = Judging {
        group,
        unit,
        account: &account,
        context,
    };
    judging.compare(lines)
}

struct Judging<'a, 'c> {
    group: &'a LegGroup,
    unit: &'a Unit,
    account: &'a AccountRef,
    context: &'a Context<'c>,
}

impl Judging<'_, '_> {
    /// Decides a unit that is seen whole; false where its records are needed for that.
    fn decide(
        &self,
        records: Option<&UnitRecords>,
        judged: &mut JudgedGroup,
    ) -> Result<bool, ReconcileError> {
        let (unit, context) = (self.unit, self.context);
        let as_judged = |verdict| judged_unit(unit, self.account, verdict, context);
        let none = UnitRecords::default();
        let lines: Vec<&BilledLine> = records
            .unwrap_or(&none)
            .lines
            .iter()
            .filter(|line| line.offset == 0 && line.currency == unit.currency)
            .collect();
        let difference = self.compare(&lines)?;
        let may_differ = difference.is_revenue_outside()
            || unit.sold_in.is_some()
            || difference.vended.is_some()
            || self.invoice_tax().is_some()
            || tax_may_differ(unit)?;
        if may_differ && is_not_due(unit, context) {
            judged.units.push(as_judged(Verdict::Timing));
            return Ok(true);
        }
        if may_differ && records.is_none() {
            return Ok(false);
        }
        let is_off = difference.is_revenue_outside() || unit.sold_in.is_some();
        if !is_off && difference.vended.is_none() && difference.tax.is_none() {
            judged.units.push(as_judged(if context.blindness.billed {
                Verdict::Unknown
            } else if difference.is_equal() {
                Verdict::Equal
            } else {
                Verdict::Within
            }));
            return Ok(true);
        }
        let Some(records) = records else {
            return Ok(false);
        };
        let case = Case {
            group: self.group,
            unit,
            difference: &difference,
            lines: &lines,
            context,
        };
        let mut dress = Dress {
            account: self.account,
            records,
            is_ambiguous: unit.is_ambiguous,
            candidates: Vec::new(),
        };
        let is_shiftable = difference.is_revenue_outside()
            && unit.sold_in.is_none()
            && !unit.is_orphan
            && !difference.amount.is_zero();
        let nearby = if is_shiftable {
            look_nearby(self.group, unit, records, context)?
        } else {
            Nearby::Nothing(Vec::new())
        };
        let undecided = match nearby {
            Nearby::Timing => Some(Verdict::Timing),
            Nearby::Hidden => Some(Verdict::Unknown),
            _ if context.blindness.billed
                || context.loose_accounts.contains(&self.group.account) =>
            {
                Some(Verdict::Unknown)
            }
            Nearby::BillOf => Some(Verdict::Elsewhere),
            _ => None,
        };
        if let Some(verdict) = undecided {
            judged.units.push(as_judged(verdict));
            return Ok(true);
        }
        match nearby {
            Nearby::BilledIn(period, lines) => {
                judged
                    .findings
                    .push(cut_off(&case, period, &lines, &dress)?);
                let amount = unit.expected_amount();
                judged.units.push(JudgedUnit {
                    actual: amount,
                    weight: amount.abs(),
                    ..as_judged(Verdict::Discrepant)
                });
                return Ok(true);
            }
            Nearby::Ambiguous(candidates) => {
                dress.is_ambiguous = true;
                dress.candidates = candidates;
            }
            Nearby::Nothing(candidates) => dress.candidates = candidates,
            Nearby::Hidden | Nearby::Timing | Nearby::BillOf => {}
        }
        let causes = case.causes()?;
        // A vendor that cannot be trusted now neither raises nor clears what it counts.
        let is_of_vendor = causes
            .parts
            .iter()
            .any(|part| part.kind == Kind::VendorCost);
        if is_of_vendor && context.blindness.vended {
            judged.units.push(as_judged(Verdict::Unknown));
            return Ok(true);
        }
        let differs = as_judged(Verdict::Discrepant);
        let is_counted = !unit.is_unrated;
        let differs = JudgedUnit {
            expected: if is_counted {
                causes.unit_expected
            } else {
                differs.expected
            },
            weight: if is_counted {
                (unit.billed.net - causes.unit_expected).abs()
            } else {
                differs.weight
            },
            ..differs
        };
        let mut found = findings(&case, &causes, &dress)?;
        let want = match found.as_slice() {
            [only] if only.kind == Kind::MissingInBilling => Some(Want::Bill),
            [only] if only.kind == Kind::MissingInCrm && unit.coverage == Coverage::None => {
                Some(Want::Contract)
            }
            _ => None,
        };
        match (want, found.pop()) {
            (Some(want), Some(finding)) => {
                let quantity = match want {
                    Want::Bill => unit.expected.as_ref().and_then(|one| one.quantity),
                    Want::Contract => unit.billed.quantity,
                };
                judged
                    .leftovers
                    .push(Leftover::new(want, finding, differs, quantity));
            }
            (_, last) => {
                found.extend(last);
                judged.findings.extend(found);
                judged.units.push(differs);
            }
        }
        Ok(true)
    }

    fn invoice_tax(&self) -> Option<TaxGap> {
        if self.context.invoice_taxes.is_empty() {
            return None;
        }
        let key = (
            self.group.account.clone(),
            self.group.sku.clone(),
            self.unit.currency,
        );
        self.context.invoice_taxes.get(&key).copied()
    }

    fn compare(&self, lines: &[&BilledLine]) -> Result<Difference, ReconcileError> {
        let (unit, context) = (self.unit, self.context);
        let expected = unit.expected_amount();
        let actual = unit.billed.net;
        let amount = actual
            .checked_sub(expected)
            .ok_or_else(|| ReconcileError::Overflow(format!("{actual} less {expected}")))?;
        let is_amount_outside = !context.settings.amount_tolerance().takes_amount(
            expected,
            actual,
            unit.currency,
            unit.billed.line_count,
        )?;
        let tolerance = context.settings.quantity_tolerance();
        let quantities = unit
            .expected
            .as_ref()
            .and_then(|expected| expected.quantity)
            .zip(unit.billed.quantity);
        let is_quantity_outside = match quantities {
            Some((expected, actual)) => !tolerance.takes(expected, actual, None)?,
            None => false,
        };
        // Usage that nobody sold, bills or prices is a finding although no money differs.
        let is_unpriced_orphan = unit.is_orphan
            && unit
                .expected
                .as_ref()
                .and_then(|expected| expected.quantity)
                .is_some_and(|quantity| !quantity.is_zero());
        let billed = if unit.billed.line_count == 0 {
            Some(Decimal::ZERO)
        } else {
            unit.billed.quantity
        };
        let vended = match unit.vended.zip(billed) {
            Some((vended, billed))
                if vended > billed && !tolerance.takes(billed, vended, None)? =>
            {
                Some(VendorGap { vended, billed })
            }
            _ => None,
        };
        Ok(Difference {
            amount,
            is_amount_outside: is_amount_outside || is_unpriced_orphan,
            quantities,
            is_quantity_outside,
            vended,
            tax: tax_gap(unit, self.invoice_tax(), lines, context)?,
        })
    }
}
