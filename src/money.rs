//! Money is exact: a decimal and its currency. Adding two currencies is an error, overflow is an
//! error, and rounding happens only where a figure is printed or a source rounds.

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};

use crate::currency::Currency;

/// How many decimals the store's scaled integers have: the largest exponent of ISO 4217.
pub const STORE_SCALE: u32 = 4;

/// An amount in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    /// The exact amount.
    pub amount: Decimal,
    /// What it is an amount of.
    pub currency: Currency,
}

/// What money refuses to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Two currencies met without a rate.
    #[error("{base} and {peer} cannot be added without a rate")]
    Mixed {
        /// The currency of the first amount.
        base: Currency,
        /// The currency of the second.
        peer: Currency,
    },
    /// The result does not fit an exact decimal.
    #[error("the amount does not fit an exact decimal")]
    Overflow,
    /// The store keeps four decimals, which every currency's amounts fit; this one has more.
    #[error("`{0}` has more decimals than an amount of money can have")]
    TooFine(Decimal),
}

impl Money {
    /// An amount of a currency.
    pub fn new(amount: Decimal, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// Adds an amount of the same currency.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed {
                base: self.currency,
                peer: other.currency,
            });
        }
        let amount = exact_sum(self.amount, other.amount).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(amount, self.currency))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} {}",
            money_text(self.amount, self.currency),
            self.currency
        )
    }
}

/// A sum that lost no digit; `None` where it needs more than a decimal's 96 bits. A decimal's own
/// checked addition drops digits behind the point before it refuses.
pub fn exact_sum(base: Decimal, addend: Decimal) -> Option<Decimal> {
    let sum = base.checked_add(addend)?;
    let scale = base.normalize().scale().max(addend.normalize().scale());
    (sum.scale() >= scale).then_some(sum)
}

/// Rounds to the currency's decimals, half away from zero.
pub fn round_money(amount: Decimal, currency: Currency) -> Decimal {
    amount.round_dp_with_strategy(currency.exponent(), RoundingStrategy::MidpointAwayFromZero)
}

/// The amount's exact text with at least the currency's decimals: `5504.09`, `0.00`, `1.005`.
pub fn money_text(amount: Decimal, currency: Currency) -> String {
    let mut exact = amount.normalize();
    if exact.scale() < currency.exponent() {
        exact.rescale(currency.exponent());
    }
    exact.to_string()
}

/// A figure's canonical text: no exponent, no trailing zeros, no negative zero.
pub fn decimal_text(figure: Decimal) -> String {
    figure.normalize().to_string()
}

/// The integer that the store keeps for an amount: scaled by 10⁴, exact or an error.
pub fn to_scaled(amount: Decimal) -> Result<i64, MoneyError> {
    let exact = amount.normalize();
    if exact.scale() > STORE_SCALE {
        return Err(MoneyError::TooFine(amount));
    }
    let factor = 10_i128.pow(STORE_SCALE - exact.scale());
    exact
        .mantissa()
        .checked_mul(factor)
        .and_then(|scaled| i64::try_from(scaled).ok())
        .ok_or(MoneyError::Overflow)
}

/// Whether an amount is one that the store can keep with room for the sums of many: below 10¹³.
pub fn is_storable(amount: Decimal) -> bool {
    amount.abs() < Decimal::from(10_000_000_000_000_i64) && to_scaled(amount).is_ok()
}

/// The amount behind one of the store's scaled integers.
pub fn from_scaled(scaled: i64) -> Decimal {
    Decimal::new(scaled, STORE_SCALE).normalize()
}

/// A quotient at full precision, or nothing for a zero denominator: a rate of nothing is no rate.
pub fn ratio(numerator: Decimal, denominator: Decimal) -> Option<Decimal> {
    if denominator.is_zero() {
        None
    } else {
        numerator.checked_div(denominator)
    }
}

/// The sum of two figures in one unit, at up to 28 digits: for figures that a quotient or a rate
/// has part in. Amounts that landed are added by [`exact_sum`].
pub fn plus(base: Decimal, addend: Decimal) -> Result<Decimal, MoneyError> {
    base.checked_add(addend).ok_or(MoneyError::Overflow)
}

/// The difference of two figures in one unit, at up to 28 digits.
pub fn minus(base: Decimal, subtrahend: Decimal) -> Result<Decimal, MoneyError> {
    base.checked_sub(subtrahend).ok_or(MoneyError::Overflow)
}

/// The product of two figures, at up to 28 digits.
pub fn times(base: Decimal, factor: Decimal) -> Result<Decimal, MoneyError> {
    base.checked_mul(factor).ok_or(MoneyError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaled_integers_are_exact_or_refused() {
        assert_eq!(to_scaled(Decimal::new(550_409, 2)), Ok(55_040_900));
        assert_eq!(from_scaled(55_040_900), Decimal::new(550_409, 2));
        assert!(to_scaled(Decimal::new(1, 5)).is_err());
        assert!(to_scaled(Decimal::MAX).is_err());
    }

    #[test]
    fn a_sum_is_exact_or_refused() {
        let widest = Decimal::try_from_i128_with_scale(10_i128.pow(28) - 1, 10).unwrap();
        let seven = widest * Decimal::from(7);
        assert_eq!(exact_sum(seven, widest), None);
        assert_eq!(exact_sum(seven, -widest), Some(widest * Decimal::from(6)));
        assert_eq!(
            exact_sum(Decimal::new(0, 9), Decimal::ONE),
            Some(Decimal::ONE)
        );
        assert_eq!(exact_sum(Decimal::MAX, Decimal::ONE), None);
    }

    #[test]
    fn text_has_the_decimals_of_its_currency() {
        let usd = "USD".parse().unwrap();
        let jpy = "JPY".parse().unwrap();
        assert_eq!(money_text(Decimal::new(5, 0), usd), "5.00");
        assert_eq!(money_text(Decimal::new(10_005, 3), usd), "10.005");
        assert_eq!(money_text(Decimal::new(500, 0), jpy), "500");
    }
}
