//! The largest difference that is accepted.
//!
//! ```text
//! d        = |A - E|
//! lim_abs  = absolute limit of the currency        lim_pct = |E| × percent / 100
//! strict   : limit = min(lim_abs, lim_pct)          lenient : limit = max(lim_abs, lim_pct)
//! floor    : limit = max(limit, minor_unit(currency) × line_count)
//! within  <=> d <= limit
//! ```
//! A limit that is not configured does not limit; with neither, only the floor is accepted.

use rust_decimal::Decimal;

use crate::config::{AbsoluteTolerance, AmountTolerance, ToleranceMode};
use crate::currency::Currency;

use super::error::ReconcileError;

/// The tolerance of one measure, with the mode that holds for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tolerance<'a> {
    limits: &'a AmountTolerance,
    mode: ToleranceMode,
}

impl<'a> Tolerance<'a> {
    /// A measure's limits; `mode` holds where they do not name their own.
    pub(crate) fn new(limits: &'a AmountTolerance, mode: ToleranceMode) -> Self {
        Self {
            limits,
            mode: limits.mode.unwrap_or(mode),
        }
    }

    /// Whether an amount of money is near enough, given how many rounded lines it is the sum of.
    pub(crate) fn takes_amount(
        &self,
        expected: Decimal,
        actual: Decimal,
        currency: Currency,
        line_count: u64,
    ) -> Result<bool, ReconcileError> {
        let limit = self.amount_limit(expected, currency, line_count)?;
        Ok(distance(expected, actual)? <= limit)
    }

    /// How far an amount of money may be from an expected one.
    pub(crate) fn amount_limit(
        &self,
        expected: Decimal,
        currency: Currency,
        line_count: u64,
    ) -> Result<Decimal, ReconcileError> {
        let floor = rounding_floor(currency, line_count)?;
        let limit = self.limit(expected, Some(currency))?.unwrap_or_default();
        Ok(limit.max(floor))
    }

    /// Whether a measure without a rounding floor is near enough: a quantity, a unit price.
    pub(crate) fn takes(
        &self,
        expected: Decimal,
        actual: Decimal,
        currency: Option<Currency>,
    ) -> Result<bool, ReconcileError> {
        let limit = self.limit(expected, currency)?.unwrap_or_default();
        Ok(distance(expected, actual)? <= limit)
    }

    fn limit(
        &self,
        expected: Decimal,
        currency: Option<Currency>,
    ) -> Result<Option<Decimal>, ReconcileError> {
        Ok(self.bounds(expected, currency)?.limit())
    }

    /// The limits that are configured, for an expected figure.
    pub(crate) fn bounds(
        &self,
        expected: Decimal,
        currency: Option<Currency>,
    ) -> Result<Bounds, ReconcileError> {
        let absolute = match (&self.limits.absolute, currency) {
            (Some(AbsoluteTolerance::Plain(limit)), _) => Some(limit.0),
            (Some(AbsoluteTolerance::PerCurrency(limits)), Some(currency)) => {
                limits.get(&currency).map(|limit| limit.0)
            }
            _ => None,
        };
        let percent = self.limits.percent.map(|percent| percent.0);
        let percent_limit = match percent {
            Some(percent) => Some(
                expected
                    .abs()
                    .checked_mul(percent)
                    .and_then(|product| product.checked_div(Decimal::ONE_HUNDRED))
                    .ok_or_else(|| ReconcileError::Overflow("a tolerance in percent".into()))?,
            ),
            None => None,
        };
        Ok(Bounds {
            absolute,
            percent,
            percent_limit,
            mode: self.mode,
        })
    }
}

/// The limits of one measure for one expected figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// The absolute limit.
    pub(crate) absolute: Option<Decimal>,
    /// The limit in percent, as it is configured.
    pub(crate) percent: Option<Decimal>,
    /// What that is of the expected figure.
    pub(crate) percent_limit: Option<Decimal>,
    /// Which of both holds.
    pub(crate) mode: ToleranceMode,
}

impl Bounds {
    /// The limit that holds; `None` where none is configured.
    pub(crate) fn limit(&self) -> Option<Decimal> {
        match (self.absolute, self.percent_limit) {
            (Some(absolute), Some(percent)) => Some(match self.mode {
                ToleranceMode::Strict => absolute.min(percent),
                ToleranceMode::Lenient => absolute.max(percent),
            }),
            (one, other) => one.or(other),
        }
    }
}

/// Rounding noise: one minor unit of the currency for each line.
pub(crate) fn rounding_floor(
    currency: Currency,
    line_count: u64,
) -> Result<Decimal, ReconcileError> {
    Decimal::new(1, currency.exponent())
        .checked_mul(Decimal::from(line_count))
        .ok_or_else(|| ReconcileError::Overflow("a rounding floor".into()))
}

fn distance(expected: Decimal, actual: Decimal) -> Result<Decimal, ReconcileError> {
    actual
        .checked_sub(expected)
        .map(|difference| difference.abs())
        .ok_or_else(|| ReconcileError::Overflow(format!("{actual} less {expected}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(toml: &str) -> AmountTolerance {
        toml::from_str(toml).unwrap()
    }

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    // Goal: both modes, the floor and absent limits do as the formula says, borders included.
    // Method: a table of configuration, expected, actual, lines and answer.
    #[test]
    fn limits_are_inclusive_and_absent_ones_do_not_limit() {
        let both = "absolute = { USD = \"0.05\" }\npercent = \"1\"";
        let table = [
            // min(0.05, 1 % of 2.00 = 0.02) = 0.02
            (both, "strict", "2.00", "2.02", 0, true),
            (both, "strict", "2.00", "2.03", 0, false),
            // max(0.05, 0.02) = 0.05
            (both, "lenient", "2.00", "2.05", 0, true),
            (both, "lenient", "2.00", "2.06", 0, false),
            // Nothing expected: the percentage is 0, so strict is 0 and lenient is absolute.
            (both, "strict", "0", "0.01", 0, false),
            (both, "lenient", "0", "0.05", 0, true),
            // The floor is one cent a line.
            ("", "strict", "10", "10.03", 3, true),
            ("", "strict", "10", "10.04", 3, false),
            ("", "strict", "10", "10.01", 0, false),
            // A percentage alone; an absolute of another currency does not limit.
            ("percent = \"10\"", "strict", "-50", "-55", 0, true),
            (
                "absolute = { EUR = \"9\" }\npercent = \"10\"",
                "strict",
                "50",
                "55",
                0,
                true,
            ),
            (
                "absolute = { EUR = \"9\" }",
                "strict",
                "50",
                "50.02",
                1,
                false,
            ),
        ];
        let dollar: Currency = "USD".parse().unwrap();
        for (toml, mode, expected, actual, lines, answer) in table {
            let limits = limits(&format!("mode = \"{mode}\"\n{toml}"));
            let tolerance = Tolerance::new(&limits, ToleranceMode::Strict);
            let within = tolerance
                .takes_amount(number(expected), number(actual), dollar, lines)
                .unwrap();
            assert_eq!(
                within, answer,
                "{mode} [{toml}] {expected} {actual} {lines}"
            );
        }
    }

    // Goal: a quantity has no tolerance unless it is given one. Method: off by the least.
    #[test]
    fn quantities_are_exact_by_default() {
        let none = limits("");
        let tolerance = Tolerance::new(&none, ToleranceMode::Lenient);
        assert!(tolerance.takes(number("10"), number("10.0"), None).unwrap());
        assert!(
            !tolerance
                .takes(number("10"), number("10.0000000001"), None)
                .unwrap()
        );
        let one = limits("absolute = 1");
        let tolerance = Tolerance::new(&one, ToleranceMode::Strict);
        assert!(tolerance.takes(number("10"), number("11"), None).unwrap());
    }
}
