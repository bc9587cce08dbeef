//! What becomes of a unit, decided in the order of the domain: what a blind leg hides is unknown,
//! what is not due yet or stands in the next period is timing, and the rest is true.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::currency::Currency;
use crate::money::is_storable;
use crate::period::Period;
use crate::reconcile::catalog::SkuCatalog;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::identity::AccountDirectory;
use crate::reconcile::legs::{LegGroup, UnitRecords};
use crate::reconcile::outcome::{AccountRef, Finding};
use crate::reconcile::rates::FxRates;
use crate::reconcile::tally::{JudgedUnit, RowCounts, Verdict};

use super::blind::{Blindness, is_unresolved};
use super::classify::classify;
use super::settings::Settings;
use super::severity::SeverityScale;
use super::timing::{is_counterpart_nearby, is_not_due};
use super::unit::{Unit, build_units, pair_currencies};

/// Everything that judging a unit reads.
pub(super) struct Context<'a> {
    pub(super) period: Period,
    pub(super) zone: &'a TimeZone,
    pub(super) today: Date,
    pub(super) max_shift: i32,
    pub(super) lag_days: u16,
    /// The periods nearby in which anything was billed at all: in another, a missing bill says
    /// nothing.
    pub(super) billed_offsets: BTreeSet<i32>,
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
}

/// How the two sides of a unit differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Difference {
    /// Actual less expected.
    pub(super) amount: Decimal,
    pub(super) is_amount_outside: bool,
    /// Expected and actual quantity, where both are known and comparable.
    pub(super) quantities: Option<(Decimal, Decimal)>,
    pub(super) is_quantity_outside: bool,
}

impl Difference {
    fn is_equal(&self) -> bool {
        self.amount.is_zero()
            && self
                .quantities
                .is_none_or(|(expected, actual)| expected == actual)
    }

    fn is_outside(&self) -> bool {
        self.is_amount_outside || self.is_quantity_outside
    }
}

/// A group's units, judged.
#[derive(Debug, Default)]
pub(super) struct JudgedGroup {
    pub(super) units: Vec<JudgedUnit>,
    pub(super) findings: Vec<Finding>,
    pub(super) skipped: RowCounts,
}

/// What judging came to.
#[derive(Debug)]
pub(super) enum Judgement {
    /// All units are decided.
    Done(JudgedGroup),
    /// A unit differs: the records behind it are needed.
    NeedsRecords,
}

/// Judges the units of one customer and product. Without their records only units that agree, or of
/// which nothing can be said, are decided.
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
        let (expected, actual) = (unit.expected_amount(), unit.billed.net);
        if !is_storable(expected) || !is_storable(actual) {
            tracing::warn!(
                account.id = account.id,
                product.sku = group.sku,
                "the amounts of a unit are larger than the book can keep: it is unknown"
            );
            judged.units.push(JudgedUnit {
                account: account.clone(),
                branch: unit.branch.clone(),
                currency: unit.currency,
                // What cannot be kept cannot be in a sum either; the unit itself is counted.
                expected: Decimal::ZERO,
                actual: Decimal::ZERO,
                verdict: Verdict::Unknown,
                rows: unit.rows.clone(),
            });
            continue;
        }
        let difference = compare(unit, context)?;
        let verdict = if built.is_unreadable || is_hidden(unit, &group.account, context) {
            Verdict::Unknown
        } else if difference.is_outside() || unit.sold_in.is_some() {
            let Some(records) = records else {
                return Ok(Judgement::NeedsRecords);
            };
            if is_not_due(unit, context)
                || is_counterpart_nearby(unit, difference.amount, &records.lines, context)?
            {
                Verdict::Timing
            } else if context.blindness.billed || context.loose_accounts.contains(&group.account) {
                Verdict::Unknown
            } else {
                judged.findings.extend(classify(
                    group,
                    unit,
                    &difference,
                    records,
                    &account,
                    context,
                )?);
                Verdict::Discrepant
            }
        } else if context.blindness.billed {
            Verdict::Unknown
        } else if difference.is_equal() {
            Verdict::Equal
        } else {
            Verdict::Within
        };
        judged.units.push(JudgedUnit {
            account: account.clone(),
            branch: unit.branch.clone(),
            currency: unit.currency,
            expected: if unit.is_unrated {
                Decimal::ZERO
            } else {
                expected
            },
            actual: if unit.is_unrated {
                Decimal::ZERO
            } else {
                actual
            },
            verdict,
            rows: unit.rows.clone(),
        });
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

fn compare(unit: &Unit, context: &Context<'_>) -> Result<Difference, ReconcileError> {
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
    let quantities = unit
        .expected
        .as_ref()
        .and_then(|expected| expected.quantity)
        .zip(unit.billed.quantity);
    let is_quantity_outside = match quantities {
        Some((expected, actual)) => !context
            .settings
            .quantity_tolerance()
            .takes(expected, actual, None)?,
        None => false,
    };
    // Usage that nobody sold, bills or prices is a finding although no money differs.
    let is_unpriced_orphan = unit.is_orphan
        && unit
            .expected
            .as_ref()
            .and_then(|expected| expected.quantity)
            .is_some_and(|quantity| !quantity.is_zero());
    Ok(Difference {
        amount,
        is_amount_outside: is_amount_outside || is_unpriced_orphan,
        quantities,
        is_quantity_outside,
    })
}
