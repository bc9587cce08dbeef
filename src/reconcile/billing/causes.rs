//! The causes of a difference. One root cause per unit, the first that applies; only quantity and
//! price split the money between them, so that the parts add up to actual less expected.

use rust_decimal::Decimal;

use crate::config::Proration;
use crate::money::{decimal_text, money_text, ratio, round_money};
use crate::reconcile::discrepancy::Kind;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::legs::{BilledLine, LegGroup};
use crate::reconcile::tolerance::rounding_floor;

use super::after_end::{AfterEnd, after_end};
use super::duplicate::find_copies;
use super::expected::Expected;
use super::judge::{Context, Difference, VendorGap};
use super::readings::Readings;
use super::split::Split;
use super::tax::TaxGap;
use super::unit::{Coverage, Unit};
use super::unsold::list_price;

/// One item of a unit, before it is dressed as a finding.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) kind: Kind,
    pub(super) field: &'static str,
    pub(super) expected: Option<String>,
    pub(super) actual: Option<String>,
    pub(super) impact: Decimal,
    pub(super) estimated: bool,
}

/// Why a unit differs.
#[derive(Debug)]
pub(super) struct Causes {
    /// The items; tax apart, their impacts add up to the unit's actual less its expected amount.
    pub(super) parts: Vec<Part>,
    /// Other kinds that apply, without an item.
    pub(super) tags: Vec<Kind>,
    /// What the unit should have been billed, a vendor's count included.
    pub(super) unit_expected: Decimal,
}

/// A unit that differs, with what is needed to tell why.
pub(super) struct Case<'a, 'c> {
    pub(super) group: &'a LegGroup,
    pub(super) unit: &'a Unit,
    pub(super) difference: &'a Difference,
    /// The lines of the unit in the period.
    pub(super) lines: &'a [&'a BilledLine],
    pub(super) context: &'a Context<'c>,
}

impl Case<'_, '_> {
    /// The causes, in their precedence: those of revenue, a vendor's count, tax.
    pub(super) fn causes(&self) -> Result<Causes, ReconcileError> {
        let unit_expected = self.unit.expected_amount();
        let vended = self.difference.vended;
        let tax = self.difference.tax;
        if !self.difference.is_revenue_outside() && self.unit.sold_in.is_none() {
            let tags: Vec<Kind> = tax.iter().map(|_| Kind::Tax).collect();
            return match (vended, tax) {
                (Some(gap), _) => self.vendor_cost(gap, tags),
                (None, Some(gap)) => Ok(Causes {
                    parts: vec![self.tax_part(gap)],
                    tags: Vec::new(),
                    // Tax adds nothing to what a unit is worth: the rest of it is within tolerance.
                    unit_expected: self.unit.billed.net,
                }),
                (None, None) => Ok(Causes {
                    parts: Vec::new(),
                    tags: Vec::new(),
                    unit_expected,
                }),
            };
        }
        let mut tags = Vec::new();
        let mut parts = self.revenue(&mut tags)?;
        tags.extend(vended.iter().map(|_| Kind::VendorCost));
        if let Some(gap) = tax {
            // Tax comes before what has no cause, and only that leaves its money to it.
            if parts.iter().all(|part| part.kind == Kind::Amount) {
                parts.insert(0, self.tax_part(gap));
            } else {
                tags.push(Kind::Tax);
            }
        }
        Ok(Causes {
            parts,
            tags,
            unit_expected,
        })
    }

    fn revenue(&self, tags: &mut Vec<Kind>) -> Result<Vec<Part>, ReconcileError> {
        let (unit, difference) = (self.unit, self.difference);
        let actual_amount = money_text(unit.billed.net, unit.currency);
        if let Some(sold_in) = unit.sold_in {
            if difference.is_quantity_outside {
                tags.push(Kind::Quantity);
            }
            let codes = (sold_in.to_string(), unit.currency.to_string());
            let part = self.whole(Kind::Currency, "currency", Some(codes.0), Some(codes.1));
            return Ok(vec![Part {
                estimated: true,
                ..part
            }]);
        }
        let readings = Readings::of(self.group, unit.currency, self.context);
        let Some(expected) = &unit.expected else {
            let nothing = money_text(Decimal::ZERO, unit.currency);
            let (kind, expected) = match unit.coverage {
                Coverage::None => (Kind::MissingInCrm, None),
                Coverage::Ended => (Kind::CancelledBilled, None),
                // A contract stands, and its cycle starts in another month.
                Coverage::NotCharged if self.is_part_billed(None, &readings)? => {
                    (Kind::Proration, Some(nothing))
                }
                Coverage::NotCharged => (Kind::Amount, Some(nothing)),
            };
            return Ok(vec![self.whole(
                kind,
                "amount",
                expected,
                Some(actual_amount),
            )]);
        };
        if unit.is_orphan {
            let used = expected.quantity.map(decimal_text);
            let part = self.whole(Kind::OrphanUsage, "quantity", used, None);
            return Ok(vec![Part {
                estimated: true,
                ..part
            }]);
        }
        let expected_amount = money_text(expected.amount, unit.currency);
        if unit.billed.line_count == 0 {
            let kind = Kind::MissingInBilling;
            return Ok(vec![self.whole(
                kind,
                "amount",
                Some(expected_amount),
                None,
            )]);
        }
        let split = || {
            Split {
                unit,
                expected,
                difference,
                lines: self.lines,
                readings: &readings,
                context: self.context,
            }
            .parts()
        };
        let copies = find_copies(
            self.lines,
            expected.quantity,
            expected.amount,
            self.context.period,
        );
        if copies.count > 0 {
            // What is left without the copies has a cause of its own, told as a tag.
            if copies.net != difference.amount {
                tags.extend(split()?.iter().map(|part| part.kind));
            }
            let (field, expected_text, actual_text) = match difference.quantities {
                Some((sold, billed)) => ("quantity", decimal_text(sold), decimal_text(billed)),
                None => ("amount", expected_amount, actual_amount),
            };
            let kind = Kind::Duplicate;
            return Ok(vec![self.whole(
                kind,
                field,
                Some(expected_text),
                Some(actual_text),
            )]);
        }
        if let Some(kind) = self.after_end(expected, &readings)? {
            let whole_cycle = readings.prorated(Proration::None)?;
            let is_whole = match whole_cycle {
                Some(whole) => is_near(unit, whole.amount)?,
                None => false,
            };
            if !is_whole {
                let causes = split()?.into_iter().map(|part| part.kind);
                tags.extend(causes.filter(|kind| *kind != Kind::Amount));
            }
            return Ok(vec![self.whole(
                kind,
                "amount",
                Some(expected_amount),
                Some(actual_amount),
            )]);
        }
        if expected.has_parts && self.is_part_billed(Some(expected), &readings)? {
            return Ok(vec![self.whole(
                Kind::Proration,
                "amount",
                Some(expected_amount),
                Some(actual_amount),
            )]);
        }
        split()
    }

    /// CANCELLED_BILLED or BILLED_AFTER_END, where more was billed than is expected and lines reach
    /// beyond the end of the service.
    fn after_end(
        &self,
        expected: &Expected,
        readings: &Readings<'_>,
    ) -> Result<Option<Kind>, ReconcileError> {
        if self.difference.amount <= Decimal::ZERO {
            return Ok(None);
        }
        let counted_otherwise = [Proration::Second, Proration::DayActual, Proration::Day30];
        Ok(match after_end(expected, self.lines, self.context) {
            AfterEnd::Begins if readings.is_cancelled() => Some(Kind::CancelledBilled),
            // The days were counted wrong, and none after the end is billed.
            AfterEnd::Reaches
                if self.agrees_with(Some(expected), readings, &counted_otherwise)? =>
            {
                None
            }
            AfterEnd::Begins | AfterEnd::Reaches => Some(Kind::BilledAfterEnd),
            AfterEnd::Untold
                if self.agrees_with(Some(expected), readings, &[Proration::None])? =>
            {
                Some(Kind::BilledAfterEnd)
            }
            AfterEnd::Untold | AfterEnd::No => None,
        })
    }

    /// Whether what was billed is what another proration would make of the contracts.
    fn is_part_billed(
        &self,
        expected: Option<&Expected>,
        readings: &Readings<'_>,
    ) -> Result<bool, ReconcileError> {
        let all = [
            Proration::None,
            Proration::NextCycle,
            Proration::DayActual,
            Proration::Day30,
            Proration::Second,
        ];
        self.agrees_with(expected, readings, &all)
    }

    fn agrees_with(
        &self,
        expected: Option<&Expected>,
        readings: &Readings<'_>,
        prorations: &[Proration],
    ) -> Result<bool, ReconcileError> {
        let agreed = expected.map(|expected| expected.amount);
        for proration in prorations {
            if let Some(other) = readings.prorated(*proration)?
                && other.has_parts
                && Some(other.amount) != agreed
                && is_near(self.unit, other.amount)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// VENDOR_COST, valued like a quantity: what the vendor counts should have been billed.
    fn vendor_cost(&self, gap: VendorGap, tags: Vec<Kind>) -> Result<Causes, ReconcileError> {
        let unit = self.unit;
        let agreed = unit.expected.as_ref().and_then(|expected| {
            expected
                .unit_price
                .or_else(|| ratio(expected.amount, expected.quantity?))
        });
        let billed = || ratio(unit.billed.net, unit.billed.quantity?);
        let sold = agreed.or_else(billed);
        let price = sold.or_else(|| list_price(self.group, self.context).1);
        let impact = (gap.billed - gap.vended)
            .checked_mul(price.unwrap_or_default())
            .map(|impact| round_money(impact, unit.currency))
            .ok_or_else(|| ReconcileError::Overflow("what a vendor counts, in money".into()))?;
        Ok(Causes {
            parts: vec![Part {
                kind: Kind::VendorCost,
                field: "quantity",
                expected: Some(decimal_text(gap.vended)),
                actual: Some(decimal_text(gap.billed)),
                impact,
                estimated: sold.is_none(),
            }],
            tags,
            unit_expected: unit.billed.net - impact,
        })
    }

    fn tax_part(&self, gap: TaxGap) -> Part {
        Part {
            kind: Kind::Tax,
            field: "tax",
            expected: Some(money_text(gap.expected, self.unit.currency)),
            actual: Some(money_text(gap.actual, self.unit.currency)),
            impact: gap.actual - gap.expected,
            estimated: false,
        }
    }

    fn whole(
        &self,
        kind: Kind,
        field: &'static str,
        expected: Option<String>,
        actual: Option<String>,
    ) -> Part {
        Part {
            kind,
            field,
            expected,
            actual,
            impact: self.difference.amount,
            estimated: false,
        }
    }
}

/// Whether a unit was billed an amount, but for the rounding of its lines.
pub(super) fn is_near(unit: &Unit, amount: Decimal) -> Result<bool, ReconcileError> {
    let floor = rounding_floor(unit.currency, unit.billed.line_count)?;
    unit.billed
        .net
        .checked_sub(amount)
        .map(|distance| distance.abs() <= floor)
        .ok_or_else(|| ReconcileError::Overflow("a bill against another reading".into()))
}
