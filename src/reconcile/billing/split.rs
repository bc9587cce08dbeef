//! What quantity and price have to do with a difference.
//!
//! ```text
//! price_effect = (pA - pE) × qA = A - pE × qA        qty_effect = (A - E) - price_effect
//! ```
//! so the quantity carries the rounding residual; AMOUNT where neither explains the difference.

use rust_decimal::Decimal;

use crate::money::{decimal_text, money_text, ratio, round_money};
use crate::reconcile::discrepancy::Kind;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::legs::BilledLine;
use crate::reconcile::tolerance::rounding_floor;

use super::causes::{Part, is_near};
use super::expected::{Discounting, Expected};
use super::judge::{Context, Difference};
use super::readings::Readings;
use super::unit::Unit;

/// Everything that tells quantity from price.
pub(super) struct Split<'a, 'c> {
    pub(super) unit: &'a Unit,
    pub(super) expected: &'a Expected,
    pub(super) difference: &'a Difference,
    pub(super) lines: &'a [&'a BilledLine],
    pub(super) readings: &'a Readings<'c>,
    pub(super) context: &'a Context<'c>,
}

impl Split<'_, '_> {
    /// The parts of the difference; their impacts add up to it.
    pub(super) fn parts(&self) -> Result<Vec<Part>, ReconcileError> {
        let stated = stated_price(self.lines);
        let whole = self.difference.amount;
        let Some((sold, billed)) = self.difference.quantities else {
            // Without comparable quantities only a price, stated or agreed otherwise, can say more
            // than the amounts.
            if let Some(by_discount) = self.discount(whole)? {
                return Ok(vec![by_discount]);
            }
            return Ok(vec![match (self.expected.unit_price, stated) {
                (Some(price), Some(stated)) if !self.is_same_price(price, stated)? => {
                    price_part(Kind::UnitPrice, price, stated, whole)
                }
                _ => self.amount_part(whole),
            }]);
        };
        if self.difference.is_quantity_outside
            && let Some(parts) = self.overage(billed)?
        {
            return Ok(parts);
        }
        let expected_price = match self.expected.unit_price {
            Some(price) => Some(price),
            None => ratio(self.expected.amount, sold),
        };
        let has_prices = self.lines.iter().all(|line| line.unit_price.is_some());
        let actual_price = ratio(self.unit.billed.net, billed);
        let (Some(expected_price), Some(actual_price), true) =
            (expected_price, actual_price, has_prices)
        else {
            if self.difference.is_quantity_outside {
                return Ok(vec![quantity_part(Kind::Quantity, sold, billed, whole)]);
            }
            let by_discount = self.discount(whole)?;
            return Ok(vec![by_discount.unwrap_or_else(|| self.amount_part(whole))]);
        };
        let price_effect = expected_price
            .checked_mul(billed)
            .and_then(|at_expected_price| self.unit.billed.net.checked_sub(at_expected_price))
            .ok_or_else(|| ReconcileError::Overflow("the price effect of a unit".into()))?;
        let floor = rounding_floor(self.unit.currency, self.unit.billed.line_count)?;
        let is_price_same =
            price_effect.abs() <= floor || self.is_same_price(expected_price, actual_price)?;
        // A line that states the contract's price and still has another amount is no price error.
        let states_expected_price = stated.is_some_and(|stated| stated == expected_price);
        let by_price = |impact: Decimal| -> Result<Part, ReconcileError> {
            if let Some(by_discount) = self.discount_price(billed, actual_price, impact)? {
                return Ok(by_discount);
            }
            Ok(if states_expected_price {
                self.amount_part(impact)
            } else {
                price_part(Kind::UnitPrice, expected_price, actual_price, impact)
            })
        };
        Ok(match (self.difference.is_quantity_outside, is_price_same) {
            (true, true) => vec![quantity_part(Kind::Quantity, sold, billed, whole)],
            (true, false) => {
                let effect = round_money(price_effect, self.unit.currency);
                vec![
                    quantity_part(Kind::Quantity, sold, billed, whole - effect),
                    by_price(effect)?,
                ]
            }
            (false, false) => vec![by_price(whole)?],
            (false, true) => vec![self.amount_part(whole)],
        })
    }

    /// UNBILLED_OVERAGE: more was used than is committed, and what is committed was billed.
    fn overage(&self, billed: Decimal) -> Result<Option<Vec<Part>>, ReconcileError> {
        if !self.expected.has_overage {
            return Ok(None);
        }
        let Some(committed) = self.readings.unused()? else {
            return Ok(None);
        };
        let Some((sold, only)) = self.expected.quantity.zip(committed.quantity) else {
            return Ok(None);
        };
        if billed != only || only >= sold {
            return Ok(None);
        }
        let overage = committed.amount - self.expected.amount;
        let rest = self.unit.billed.net - committed.amount;
        let mut parts = vec![quantity_part(Kind::UnbilledOverage, sold, billed, overage)];
        let floor = rounding_floor(self.unit.currency, self.unit.billed.line_count)?;
        if rest.abs() <= floor {
            parts[0].impact += rest;
        } else {
            parts.push(
                match ratio(committed.amount, only).zip(ratio(self.unit.billed.net, only)) {
                    Some((agreed, actual)) => price_part(Kind::UnitPrice, agreed, actual, rest),
                    None => self.amount_part(rest),
                },
            );
        }
        Ok(Some(parts))
    }

    /// DISCOUNT_EXPIRED by the amounts alone.
    fn discount(&self, impact: Decimal) -> Result<Option<Part>, ReconcileError> {
        for other in self.other_discounts()? {
            if is_near(self.unit, other.amount)? {
                let part = Part {
                    kind: Kind::DiscountExpired,
                    ..self.amount_part(impact)
                };
                return Ok(Some(part));
            }
        }
        Ok(None)
    }

    /// DISCOUNT_EXPIRED: the price is the one with a discount that is over, or the one without a
    /// discount that is valid.
    fn discount_price(
        &self,
        billed: Decimal,
        actual_price: Decimal,
        impact: Decimal,
    ) -> Result<Option<Part>, ReconcileError> {
        for other in self.other_discounts()? {
            let Some(price) = other.unit_price else {
                if is_near(self.unit, other.amount)? {
                    return self.discount(impact);
                }
                continue;
            };
            let at_price = price
                .checked_mul(billed)
                .ok_or_else(|| ReconcileError::Overflow("a bill at another discount".into()))?;
            if is_near(self.unit, at_price)? || self.is_same_price(price, actual_price)? {
                let agreed = self.expected.unit_price.unwrap_or(actual_price);
                return Ok(Some(price_part(
                    Kind::DiscountExpired,
                    agreed,
                    actual_price,
                    impact,
                )));
            }
        }
        Ok(None)
    }

    /// What would be expected with other discounts, where that is another amount.
    fn other_discounts(&self) -> Result<Vec<Expected>, ReconcileError> {
        let mut others = Vec::new();
        if !self.readings.has_discount() {
            return Ok(others);
        }
        for discounting in [Discounting::Always, Discounting::Never] {
            if let Some(other) = self.readings.discounted(discounting)?
                && other.amount != self.expected.amount
            {
                others.push(other);
            }
        }
        Ok(others)
    }

    fn amount_part(&self, impact: Decimal) -> Part {
        Part {
            kind: Kind::Amount,
            field: "amount",
            expected: Some(money_text(self.expected.amount, self.unit.currency)),
            actual: Some(money_text(self.unit.billed.net, self.unit.currency)),
            impact,
            estimated: false,
        }
    }

    fn is_same_price(&self, expected: Decimal, actual: Decimal) -> Result<bool, ReconcileError> {
        self.context
            .settings
            .price_tolerance()
            .takes(expected, actual, Some(self.unit.currency))
    }
}

fn quantity_part(kind: Kind, sold: Decimal, billed: Decimal, impact: Decimal) -> Part {
    Part {
        kind,
        field: "quantity",
        expected: Some(decimal_text(sold)),
        actual: Some(decimal_text(billed)),
        impact,
        estimated: false,
    }
}

fn price_part(kind: Kind, expected: Decimal, actual: Decimal, impact: Decimal) -> Part {
    Part {
        kind,
        field: "unit_price",
        expected: Some(decimal_text(expected.round_dp(10))),
        actual: Some(decimal_text(actual.round_dp(10))),
        impact,
        estimated: false,
    }
}

/// The price that all charged lines name, where they name one and the same.
fn stated_price(lines: &[&BilledLine]) -> Option<Decimal> {
    let mut prices = lines.iter().map(|line| line.unit_price);
    let first = prices.next()??;
    prices.all(|price| price == Some(first)).then_some(first)
}
