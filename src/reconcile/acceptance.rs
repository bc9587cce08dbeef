//! What a tolerance let through and what it did not: the limit that was applied to a measure, and the
//! smallest one that would have accepted it.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;

use crate::config::ToleranceMode;
use crate::currency::Currency;
use crate::money::{decimal_text, money_text};

use super::error::ReconcileError;
use super::tolerance::{Bounds, Tolerance, rounding_floor};

/// The decimals of a percentage that is proposed; it is rounded up, so that it accepts.
const PERCENT_DECIMALS: u32 = 4;

/// One compared measure of an item, and how its tolerance decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Acceptance {
    /// `amount`, `quantity`, `tax`, or a measure of a rule of one's own.
    pub measure: String,
    /// The expected figure.
    pub expected: String,
    /// The actual figure.
    pub actual: String,
    /// Actual less expected.
    pub difference: String,
    /// How large the difference may be.
    pub limit: String,
    /// The absolute limit that is configured.
    pub absolute: Option<String>,
    /// The limit in percent that is configured.
    pub percent: Option<String>,
    /// What that is of the expected figure.
    pub percent_limit: Option<String>,
    /// Rounding noise that is accepted in any case: one minor unit a line.
    pub floor: Option<String>,
    /// Whether both limits or either must hold.
    pub mode: ToleranceMode,
    /// Which bound decided: `absolute`, `percent`, `floor`, or `none` where nothing is accepted.
    pub decided_by: &'static str,
    /// Whether the difference is within the limit.
    pub accepted: bool,
    /// The least settings that would have accepted it, each of them enough; empty where it is
    /// accepted.
    pub smallest: Vec<Way>,
}

/// A setting that would have accepted a difference. What is absent stays as it is configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Way {
    /// The currency of the absolute limit, where it is money.
    pub currency: Option<Currency>,
    /// The absolute limit.
    pub absolute: Option<String>,
    /// The limit in percent.
    pub percent: Option<String>,
    /// The mode, where it must be another.
    pub mode: Option<ToleranceMode>,
}

/// A measure with both of its figures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured<'a> {
    pub(crate) measure: &'a str,
    pub(crate) expected: Decimal,
    pub(crate) actual: Decimal,
    /// The currency, where it is money.
    pub(crate) currency: Option<Currency>,
    /// How many lines may be off by a minor unit each, where that is accepted.
    pub(crate) floor_lines: Option<u64>,
}

impl Acceptance {
    /// How a tolerance decides a measure.
    pub(crate) fn of(
        tolerance: Tolerance<'_>,
        measured: &Measured<'_>,
    ) -> Result<Self, ReconcileError> {
        let Measured {
            expected, actual, ..
        } = *measured;
        let difference = actual
            .checked_sub(expected)
            .ok_or_else(|| ReconcileError::Overflow(format!("{actual} less {expected}")))?;
        let bounds = tolerance.bounds(expected, measured.currency)?;
        let floor = match measured.currency.zip(measured.floor_lines) {
            Some((currency, lines)) => Some(rounding_floor(currency, lines)?),
            None => None,
        };
        let configured = bounds.limit();
        let limit = configured
            .unwrap_or_default()
            .max(floor.unwrap_or_default());
        let accepted = difference.abs() <= limit;
        let text = |figure: Decimal| match measured.currency {
            Some(currency) => money_text(figure, currency),
            None => decimal_text(figure),
        };
        let decided_by = if floor.is_some_and(|floor| floor > configured.unwrap_or_default()) {
            "floor"
        } else if configured.is_none() {
            "none"
        } else if configured == bounds.absolute {
            "absolute"
        } else {
            "percent"
        };
        let smallest = if accepted {
            Vec::new()
        } else {
            ways(&bounds, difference.abs(), expected)
                .into_iter()
                .map(|(absolute, percent, mode)| Way {
                    currency: measured.currency.filter(|_| absolute.is_some()),
                    absolute: absolute.map(text),
                    percent: percent.map(decimal_text),
                    mode,
                })
                .collect()
        };
        Ok(Self {
            measure: measured.measure.to_owned(),
            expected: text(expected),
            actual: text(actual),
            difference: text(difference),
            limit: text(limit),
            absolute: bounds.absolute.map(text),
            percent: bounds.percent.map(decimal_text),
            percent_limit: bounds.percent_limit.map(text),
            floor: floor.map(text),
            mode: bounds.mode,
            decided_by,
            accepted,
            smallest,
        })
    }

    /// The smallest settings on one line: `amount absolute USD 12.50 or percent 4.2`.
    pub fn smallest_line(&self) -> Option<String> {
        let ways: Vec<String> = self.smallest.iter().map(Way::line).collect();
        (!ways.is_empty()).then(|| format!("{} {}", self.measure, ways.join(" or ")))
    }
}

impl Way {
    fn line(&self) -> String {
        let absolute = self.absolute.as_ref().map(|limit| match self.currency {
            Some(currency) => format!("absolute {currency} {limit}"),
            None => format!("absolute {limit}"),
        });
        let percent = self
            .percent
            .as_ref()
            .map(|limit| format!("percent {limit}"));
        let mode = self.mode.map(|mode| match mode {
            ToleranceMode::Strict => "mode strict".to_owned(),
            ToleranceMode::Lenient => "mode lenient".to_owned(),
        });
        let parts: Vec<String> = [absolute, percent, mode].into_iter().flatten().collect();
        parts.join(" with ")
    }
}

type Setting = (Option<Decimal>, Option<Decimal>, Option<ToleranceMode>);

/// The least changes to what is configured, each of which accepts a difference on its own.
fn ways(bounds: &Bounds, distance: Decimal, expected: Decimal) -> Vec<Setting> {
    let percent = smallest_percent(distance, expected);
    let by_absolute: Setting = (Some(distance), None, None);
    let by_percent = percent.map(|percent| (None, Some(percent), None));
    // Of nothing every percentage is nothing: only an absolute limit beside it can hold.
    let beside_percent: Setting = (Some(distance), None, Some(ToleranceMode::Lenient));
    match (bounds.absolute, bounds.percent_limit, bounds.mode) {
        (None, None, _) | (_, _, ToleranceMode::Lenient) => {
            std::iter::once(by_absolute).chain(by_percent).collect()
        }
        (Some(_), None, ToleranceMode::Strict) => vec![by_absolute],
        (None, Some(_), ToleranceMode::Strict) => vec![by_percent.unwrap_or(beside_percent)],
        (Some(absolute), Some(limit), ToleranceMode::Strict) => {
            let raised = (absolute < distance).then_some(distance);
            match percent {
                _ if limit >= distance => vec![(raised, None, None)],
                Some(percent) => vec![(raised, Some(percent), None)],
                None => vec![beside_percent],
            }
        }
    }
}

fn smallest_percent(distance: Decimal, expected: Decimal) -> Option<Decimal> {
    let exact = distance
        .checked_mul(Decimal::ONE_HUNDRED)?
        .checked_div(expected.abs())?;
    Some(exact.round_dp_with_strategy(PERCENT_DECIMALS, RoundingStrategy::AwayFromZero))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AmountTolerance;

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    // Goal: what is proposed accepts, and the limits that are configured are heeded. Method: a table
    // of configuration, expected, actual, which bound decided, and the proposal.
    #[test]
    fn the_smallest_tolerance_is_told() {
        let table = [
            (
                "",
                "300",
                "287.50",
                "floor",
                "amount absolute USD 12.50 or percent 4.1667",
            ),
            (
                "absolute = { USD = \"1\" }",
                "300",
                "287.50",
                "absolute",
                "amount absolute USD 12.50",
            ),
            (
                "percent = \"1\"",
                "300",
                "287.50",
                "percent",
                "amount percent 4.1667",
            ),
            (
                "percent = \"1\"",
                "0",
                "5",
                "floor",
                "amount absolute USD 5.00 with mode lenient",
            ),
            (
                "absolute = { USD = \"1\" }\npercent = \"2\"",
                "300",
                "287.50",
                "absolute",
                "amount absolute USD 12.50 with percent 4.1667",
            ),
            (
                "absolute = { USD = \"20\" }\npercent = \"2\"",
                "300",
                "287.50",
                "percent",
                "amount percent 4.1667",
            ),
            (
                "mode = \"lenient\"\nabsolute = { USD = \"1\" }\npercent = \"2\"",
                "300",
                "287.50",
                "percent",
                "amount absolute USD 12.50 or percent 4.1667",
            ),
            (
                "absolute = { USD = \"12.50\" }",
                "300",
                "287.50",
                "absolute",
                "",
            ),
        ];
        for (toml, expected, actual, decided_by, line) in table {
            let limits: AmountTolerance = toml::from_str(toml).unwrap();
            let tolerance = Tolerance::new(&limits, ToleranceMode::Strict);
            let measured = Measured {
                measure: "amount",
                expected: number(expected),
                actual: number(actual),
                currency: Some("USD".parse().unwrap()),
                floor_lines: Some(1),
            };
            let told = Acceptance::of(tolerance, &measured).unwrap();
            assert_eq!(told.decided_by, decided_by, "{toml} {told:?}");
            assert_eq!(told.smallest_line().unwrap_or_default(), line, "{toml}");
            assert_eq!(told.accepted, line.is_empty());
        }
    }
}
