//! How figures are printed: en-US grouping, half away from zero, `-1,234.56`, dates in ISO form.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::currency::Currency;

/// Below this many units a rate says more than it knows: `X of N` is printed instead.
pub(in crate::report) const RATE_UNITS_MIN: u64 = 30;

/// Rounds half away from zero; zero has no sign.
pub(super) fn rounded(figure: Decimal, decimals: u32) -> Decimal {
    let mut result =
        figure.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero);
    if result.is_zero() {
        result = Decimal::ZERO;
    }
    if result.scale() < decimals {
        result.rescale(decimals);
    }
    result
}

/// Grouped by thousands with a fixed number of decimals.
pub(super) fn grouped(figure: Decimal, decimals: u32) -> String {
    let text = rounded(figure, decimals).to_string();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.as_str()),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut result = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            result.push(',');
        }
        result.push(digit);
    }
    if !fraction.is_empty() {
        result.push('.');
        result.push_str(fraction);
    }
    result
}

/// An amount with the decimals of its currency: `-1,234.56`.
pub(in crate::report) fn amount(figure: Decimal, currency: Currency) -> String {
    grouped(figure, currency.exponent())
}

/// An amount with its currency before it: `USD -1,234.56`.
pub(in crate::report) fn coded_amount(figure: Decimal, currency: Currency) -> String {
    format!("{} {}", currency.code(), amount(figure, currency))
}

/// A count: `12,431`.
pub(in crate::report) fn count(figure: u64) -> String {
    grouped(figure.into(), 0)
}

/// A rate as a percentage: `1.87 %`.
pub(in crate::report) fn percent(rate: Decimal) -> String {
    format!("{} %", grouped(in_points(rate), 2))
}

/// A share of a whole, to one decimal: `83.5 %`.
pub(in crate::report) fn share(part: Decimal, whole: Decimal) -> Option<String> {
    let ratio = crate::money::ratio(part, whole)?;
    Some(format!("{} %", grouped(in_points(ratio), 1)))
}

/// The rate, or `X of N` where there are too few units for one.
pub(in crate::report) fn rate_or_counts(rate: Decimal, of: u64, units: u64) -> String {
    if units < RATE_UNITS_MIN {
        format!("{} of {}", count(of), count(units))
    } else {
        percent(rate)
    }
}

/// A fraction as percentage points; what is too large to be one stays as it is.
pub(super) fn in_points(rate: Decimal) -> Decimal {
    rate.checked_mul(Decimal::ONE_HUNDRED).unwrap_or(rate)
}

/// Days to one decimal: `4.2 days`.
pub(in crate::report) fn days(figure: Decimal) -> String {
    format!("{} days", grouped(figure, 1))
}

/// The whole days between two instants, for ages.
pub(in crate::report) fn days_between(from: Timestamp, to: Timestamp) -> i64 {
    (to.as_second() - from.as_second()) / 86_400
}

/// A day in ISO form.
pub(in crate::report) fn day_of(day: Date) -> String {
    day.strftime("%Y-%m-%d").to_string()
}

/// An instant by the clock of `zone`, with the zone: `21 Nov 2026 02:14 EST`.
pub(in crate::report) fn instant_text(instant: Timestamp, zone: &TimeZone) -> String {
    instant
        .to_zoned(zone.clone())
        .strftime("%-d %b %Y %H:%M %Z")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn figures_are_grouped_and_rounded_away_from_zero() {
        assert_eq!(grouped(decimal("-1234.565"), 2), "-1,234.57");
        assert_eq!(grouped(decimal("1234567"), 2), "1,234,567.00");
        assert_eq!(grouped(decimal("-0.001"), 2), "0.00");
        assert_eq!(grouped(decimal("999"), 0), "999");
        assert_eq!(count(12_431), "12,431");
        assert_eq!(percent(decimal("0.0187")), "1.87 %");
        assert_eq!(days(decimal("4.25")), "4.3 days");
        assert_eq!(amount(decimal("1500"), "JPY".parse().unwrap()), "1,500");
        assert_eq!(amount(decimal("1.5"), "KWD".parse().unwrap()), "1.500");
    }

    #[test]
    fn few_units_have_no_rate() {
        assert_eq!(rate_or_counts(decimal("0.25"), 3, 12), "3 of 12");
        assert_eq!(rate_or_counts(decimal("0.1"), 3, 30), "10.00 %");
    }
}
