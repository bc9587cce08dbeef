//! Counts and sums of one group of units: the whole scope, an account, a branch or a currency.

use rust_decimal::Decimal;

use super::counted::CountedUnit;
use super::error::KpiError;
use super::figures::GroupFigures;
use crate::currency::Currency;
use crate::money::{minus, money_text, plus, ratio, times};
use crate::reconcile::{Amounts, UnitTotals};

/// Counts and sums; the sums in one currency. What has no rate is counted and not summed.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) name: Option<String>,
    compared_units: u64,
    gone_units: u64,
    pub(super) discrepant: u64,
    compared_value: Decimal,
    value: Decimal,
    expected: Decimal,
    billed: Decimal,
    difference: Decimal,
    pub(super) gross: Decimal,
    pub(super) leakage: Decimal,
    pub(super) overbilling: Decimal,
    pub(super) net: Decimal,
    pub(super) tax: Decimal,
    pub(super) recovered: Decimal,
    pub(super) lost: Decimal,
    pub(super) timing: u64,
    pub(super) timing_value: Decimal,
    pub(super) unknown: u64,
    pub(super) unknown_value: Decimal,
    pub(super) within: u64,
    pub(super) within_net: Decimal,
}

impl Tally {
    pub(super) fn add_totals(
        &mut self,
        totals: &UnitTotals,
        rate: Option<Decimal>,
    ) -> Result<(), KpiError> {
        self.compared_units += totals.units;
        self.timing += totals.timing;
        self.unknown += totals.unknown;
        self.within += totals.within_tolerance;
        let Some(rate) = rate else {
            return Ok(());
        };
        for (sum, amount) in [
            (&mut self.compared_value, totals.compared_value),
            (&mut self.expected, totals.expected_value),
            (&mut self.billed, totals.billed_value),
            (&mut self.timing_value, totals.timing_value),
            (&mut self.unknown_value, totals.unknown_value),
            (&mut self.within_net, totals.within_tolerance_net),
        ] {
            *sum = plus(*sum, times(amount, rate)?)?;
        }
        Ok(())
    }

    /// A counted unit stands in the denominators with the amounts that it was counted with, as it
    /// does in the numerators: those that the newest reconcile has of it give way.
    pub(super) fn add_unit(
        &mut self,
        unit: &CountedUnit<'_>,
        rate: Option<Decimal>,
    ) -> Result<(), KpiError> {
        self.discrepant += 1;
        self.gone_units += u64::from(unit.present.is_none());
        let Some(rate) = rate else {
            return Ok(());
        };
        let nothing = Amounts {
            expected: Decimal::ZERO,
            actual: Decimal::ZERO,
        };
        let present = unit.present.unwrap_or(nothing);
        let weight = unit.furthest.weight().max(unit.value);
        for (sum, amount) in [
            (&mut self.compared_value, minus(weight, present.weight())?),
            (
                &mut self.billed,
                minus(unit.furthest.actual.abs(), present.actual.abs())?,
            ),
            (&mut self.value, unit.value),
            (&mut self.difference, unit.difference),
            (&mut self.gross, plus(unit.leakage, unit.overbilling)?),
            (&mut self.leakage, unit.leakage),
            (&mut self.overbilling, unit.overbilling),
            (&mut self.net, minus(unit.overbilling, unit.leakage)?),
            (&mut self.tax, unit.tax),
            (&mut self.recovered, unit.recovered),
            (&mut self.lost, unit.lost),
        ] {
            *sum = plus(*sum, times(amount, rate)?)?;
        }
        Ok(())
    }

    /// N. A unit that was discrepant and whose records are gone by now was compared all the same.
    pub(super) fn units(&self) -> u64 {
        (self.compared_units + self.gone_units).max(self.discrepant)
    }

    pub(super) fn count_rate(&self) -> Option<Decimal> {
        rate(Decimal::from(self.discrepant), Decimal::from(self.units()))
    }

    pub(super) fn value_rate(&self) -> Option<Decimal> {
        rate(self.value, self.compared_value.max(self.value))
    }

    pub(super) fn billed_basis_rate(&self) -> Option<Decimal> {
        rate(self.difference, self.billed)
    }

    pub(super) fn leakage_rate(&self) -> Option<Decimal> {
        rate(self.leakage, self.expected)
    }

    pub(super) fn figures(&self, currency: Currency) -> GroupFigures {
        GroupFigures {
            name: self.name.clone(),
            units: self.units(),
            discrepant: self.discrepant,
            count_rate: self.count_rate(),
            value_rate: self.value_rate(),
            gross: printed(self.gross, currency),
            leakage: printed(self.leakage, currency),
            overbilling: printed(self.overbilling, currency),
            net: printed(self.net, currency),
        }
    }
}

fn rate(numerator: Decimal, denominator: Decimal) -> Option<Decimal> {
    ratio(numerator, denominator).map(|rate| rate.normalize())
}

/// The amount with at least the decimals of its currency.
pub(super) fn printed(amount: Decimal, currency: Currency) -> Decimal {
    // The text is what a figure looks like; reading it back keeps exactly its digits.
    money_text(amount, currency).parse().unwrap_or(amount)
}
