//! Tax: what was billed as tax against the net amount times the contract's rate, by line or by invoice
//! as the source rounds. One minor unit for each line is rounding and never a difference.

use rust_decimal::Decimal;

use crate::config::TaxRounding;
use crate::currency::Currency;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::legs::{BilledLine, TaxedInvoice, TaxedLine};

use super::expected::round;
use super::judge::Context;
use super::settings::Settings;
use super::unit::Unit;

/// Half of a minor unit: what rounding a line takes or gives at most.
const HALF: Decimal = Decimal::from_parts(5, 0, 0, false, 1);

/// A tax that differs beyond tolerance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TaxGap {
    pub(super) expected: Decimal,
    pub(super) actual: Decimal,
}

impl TaxGap {
    /// Both together.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            expected: self.expected + other.expected,
            actual: self.actual + other.actual,
        }
    }
}

/// The unit that shows the tax of an invoice: account, product and currency.
pub(super) type TaxedUnit = (String, String, Currency);

/// The tax of an invoice that is rounded as a whole, where it is beyond tolerance, and the unit that
/// shows it: the one whose line is furthest off, or the largest where lines tell no tax. What the
/// invoice itself tells counts where all of its lines can be compared.
pub(super) fn invoice_gap(
    invoice: &TaxedInvoice,
    settings: &Settings<'_>,
) -> Result<Option<(TaxedUnit, TaxGap)>, ReconcileError> {
    let overflow = || ReconcileError::Overflow("the tax of an invoice".into());
    let mut exact = Decimal::ZERO;
    let mut of_lines = Some(Decimal::ZERO);
    let mut furthest: Option<(Decimal, &TaxedLine)> = None;
    let mut line_count = 0;
    for line in invoice.lines.iter().filter(|line| line.offset == 0) {
        let Some(rate) = line.rate else {
            continue;
        };
        let tax = exact_tax(line.net, rate)?;
        exact = exact.checked_add(tax).ok_or_else(overflow)?;
        of_lines = match (of_lines, line.tax) {
            (Some(sum), Some(told)) => Some(sum.checked_add(told).ok_or_else(overflow)?),
            _ => None,
        };
        let off = line.tax.map_or(tax.abs(), |told| (told - tax).abs());
        if furthest.is_none_or(|(most, _)| off > most) {
            furthest = Some((off, line));
        }
        line_count += 1;
    }
    let is_whole = invoice.lines.len() == line_count;
    let told = invoice.tax.filter(|_| is_whole).or(of_lines);
    let (Some((_, line)), Some(actual)) = (furthest, told) else {
        return Ok(None);
    };
    let expected = round(exact, line.currency, settings.rounding(&invoice.source));
    let count = u64::try_from(line_count).unwrap_or(u64::MAX);
    let tolerance = settings.tax_tolerance();
    if tolerance.takes_amount(expected, actual, line.currency, count)? {
        return Ok(None);
    }
    let unit = (line.account.clone(), line.sku.clone(), line.currency);
    Ok(Some((unit, TaxGap { expected, actual })))
}

/// Whether the tax of a unit could differ, told from its sums alone: surely not while it is nearer to
/// the exact tax than all its lines' rounding could move it.
pub(super) fn tax_may_differ(unit: &Unit) -> Result<bool, ReconcileError> {
    let Some((rate, billed)) = rate_of(unit).zip(unit.billed.tax) else {
        return Ok(false);
    };
    let exact = exact_tax(unit.billed.net, rate)?;
    let minor = Decimal::new(1, unit.currency.exponent());
    let noise = minor * HALF * Decimal::from(unit.billed.line_count);
    let distance = billed
        .checked_sub(exact)
        .ok_or_else(|| ReconcileError::Overflow("the tax of a unit".into()))?
        .abs();
    Ok(distance > noise)
}

/// The tax of a unit against what its lines should carry, each rounded as its source rounds; `None`
/// while it is within tolerance. Of a source that rounds by the invoice, what its invoices said counts.
pub(super) fn tax_gap(
    unit: &Unit,
    by_invoice: Option<TaxGap>,
    lines: &[&BilledLine],
    context: &Context<'_>,
) -> Result<Option<TaxGap>, ReconcileError> {
    let is_by_invoice =
        |line: &&&BilledLine| context.settings.tax_rounding(&line.source) == TaxRounding::Invoice;
    if by_invoice.is_some() || lines.iter().any(|line| is_by_invoice(&line)) {
        return Ok(by_invoice.filter(|_| unit.sold_in.is_none()));
    }
    let Some((rate, actual)) = rate_of(unit).zip(unit.billed.tax) else {
        return Ok(None);
    };
    if !tax_may_differ(unit)? {
        return Ok(None);
    }
    let mut expected = Decimal::ZERO;
    for line in lines {
        let tax = round(
            exact_tax(line.net, rate)?,
            unit.currency,
            context.settings.rounding(&line.source),
        );
        expected = expected
            .checked_add(tax)
            .ok_or_else(|| ReconcileError::Overflow("the tax of a unit".into()))?;
    }
    let is_near = context.settings.tax_tolerance().takes_amount(
        expected,
        actual,
        unit.currency,
        unit.billed.line_count,
    )?;
    Ok((!is_near).then_some(TaxGap { expected, actual }))
}

fn rate_of(unit: &Unit) -> Option<Decimal> {
    if unit.sold_in.is_some() {
        return None;
    }
    unit.expected.as_ref()?.tax_rate
}

/// Net times rate, a rate being a percent figure.
pub(super) fn exact_tax(net: Decimal, rate: Decimal) -> Result<Decimal, ReconcileError> {
    net.checked_mul(rate)
        .and_then(|product| product.checked_div(Decimal::ONE_HUNDRED))
        .ok_or_else(|| ReconcileError::Overflow("the expected tax".into()))
}
