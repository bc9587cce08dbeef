//! Sums of landed amounts: exact, or refused.

use rust_decimal::Decimal;

use crate::money::{MoneyError, exact_sum};

/// The sum, which lost no digit.
pub(super) fn plus(base: Decimal, addend: Decimal) -> Result<Decimal, MoneyError> {
    exact_sum(base, addend).ok_or(MoneyError::Overflow)
}

/// The difference, which lost no digit.
pub(super) fn minus(base: Decimal, subtrahend: Decimal) -> Result<Decimal, MoneyError> {
    exact_sum(base, -subtrahend).ok_or(MoneyError::Overflow)
}
