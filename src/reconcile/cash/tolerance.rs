//! How much a payment may be short before the rest is somebody's question.

use rust_decimal::Decimal;

use crate::config::{AbsoluteTolerance, ToleranceConfig, ToleranceMode};
use crate::currency::Currency;
use crate::money::{MoneyError, times};

/// The largest residual of an open amount that is written off: the limits of `[tolerance] cash`,
/// in the receipt's currency, and never less than one minor unit, which is rounding noise.
pub(super) fn cash_limit(
    tolerance: &ToleranceConfig,
    currency: Currency,
    expected: Decimal,
) -> Result<Decimal, MoneyError> {
    let cash = &tolerance.cash;
    let absolute = cash.absolute.as_ref().map(|limit| match limit {
        AbsoluteTolerance::Plain(amount) => amount.0,
        // A currency that is not named has no tolerance.
        AbsoluteTolerance::PerCurrency(limits) => {
            limits.get(&currency).map_or(Decimal::ZERO, |limit| limit.0)
        }
    });
    let percent = cash
        .percent
        .map(|percent| times(expected.abs(), times(percent.0, Decimal::new(1, 2))?))
        .transpose()?;
    let limit = match (absolute, percent, cash.mode.unwrap_or(tolerance.mode)) {
        (Some(absolute), Some(percent), ToleranceMode::Strict) => absolute.min(percent),
        (Some(absolute), Some(percent), ToleranceMode::Lenient) => absolute.max(percent),
        (Some(only), None, _) | (None, Some(only), _) => only,
        (None, None, _) => Decimal::ZERO,
    };
    Ok(limit.max(Decimal::new(1, currency.exponent())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AmountTolerance, DecimalText};

    #[test]
    fn the_mode_chooses_between_the_limits_and_the_floor_is_a_minor_unit() {
        let usd: Currency = "USD".parse().unwrap();
        let jpy: Currency = "JPY".parse().unwrap();
        let cash = |mode| ToleranceConfig {
            cash: AmountTolerance {
                mode: Some(mode),
                absolute: Some(AbsoluteTolerance::PerCurrency(
                    [(usd, DecimalText(Decimal::from(2)))].into(),
                )),
                percent: Some(DecimalText(Decimal::ONE)),
            },
            ..ToleranceConfig::default()
        };
        let hundred = Decimal::from(100);
        let limit = |mode, currency| {
            cash_limit(&cash(mode), currency, hundred)
                .unwrap()
                .normalize()
        };
        assert_eq!(limit(ToleranceMode::Strict, usd), Decimal::ONE);
        assert_eq!(limit(ToleranceMode::Lenient, usd), Decimal::from(2));
        assert_eq!(limit(ToleranceMode::Lenient, jpy), Decimal::ONE);
        let none = ToleranceConfig::default();
        assert_eq!(cash_limit(&none, usd, hundred).unwrap(), Decimal::new(1, 2));
        assert_eq!(cash_limit(&none, jpy, hundred).unwrap(), Decimal::ONE);
    }
}
