//! From a source's text to an exact value, or a reason why not. Nothing is guessed and nothing is
//! rounded.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use rust_decimal::Decimal;

use crate::period::{local_day, local_midnight};

/// A landed decimal has at most this many digits after the point.
const SCALE_MAX: u32 = 10;
/// And at most this many digits in all.
const PRECISION: u32 = 28;
/// So many digits fit 64 bits, whatever they are.
const PLAIN_DIGITS_MAX: usize = 18;

/// Why a text is not the value that it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The text is no plain decimal number.
    #[error("is no decimal number")]
    NotDecimal,
    /// The number cannot be kept exactly.
    #[error("has more digits than can be kept exactly (18 before the point, 10 after it)")]
    TooManyDigits,
    /// The text is no date.
    #[error("is no date")]
    NotDate,
    /// The text is no instant.
    #[error("is no instant")]
    NotInstant,
}

/// Reads a decimal exactly: an optional `-`, digits, an optional point and digits, an optional
/// exponent. Signs, separators, symbols and other digits than ASCII's are refused.
pub fn parse_decimal(text: &str) -> Result<Decimal, ParseError> {
    if let Some(number) = plain_number(text) {
        return Ok(number);
    }
    let (mantissa_text, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
        None => (text, 0),
    };
    let (negative, unsigned) = match mantissa_text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa_text),
    };
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((_, "")) => return Err(ParseError::NotDecimal),
        Some(parts) => parts,
        None => (unsigned, ""),
    };
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
        return Err(ParseError::NotDecimal);
    }
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return Ok(Decimal::ZERO);
    }
    let trimmed = significant.trim_end_matches('0');
    let dropped_zeros = i64::try_from(significant.len() - trimmed.len()).unwrap_or(i64::MAX);
    let fraction_digits = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
    // The value is `trimmed` × 10^power, exactly.
    let power = exponent
        .saturating_sub(fraction_digits)
        .saturating_add(dropped_zeros);
    let scale = if power < 0 { power.unsigned_abs() } else { 0 };
    let trailing = if power > 0 { power.unsigned_abs() } else { 0 };
    let digit_count = trimmed.len() as u64 + trailing;
    let whole_digits = digit_count.saturating_sub(scale);
    if scale > u64::from(SCALE_MAX) || whole_digits > u64::from(PRECISION - SCALE_MAX) {
        return Err(ParseError::TooManyDigits);
    }
    let mut mantissa: i128 = trimmed.parse().map_err(|_| ParseError::TooManyDigits)?;
    for _ in 0..trailing {
        mantissa = mantissa.checked_mul(10).ok_or(ParseError::TooManyDigits)?;
    }
    let signed = if negative { -mantissa } else { mantissa };
    let scale = u32::try_from(scale).map_err(|_| ParseError::TooManyDigits)?;
    Decimal::try_from_i128_with_scale(signed, scale).map_err(|_| ParseError::TooManyDigits)
}

/// A number of few digits without an exponent, which most are.
fn plain_number(text: &str) -> Option<Decimal> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (digits, scale) = match unsigned.bytes().position(|byte| byte == b'.') {
        Some(point) => (unsigned.len() - 1, unsigned.len() - 1 - point),
        None => (unsigned.len(), 0),
    };
    let has_ends = !unsigned.starts_with('.') && !unsigned.ends_with('.');
    if !has_ends || !(1..=PLAIN_DIGITS_MAX).contains(&digits) || scale > SCALE_MAX as usize {
        return None;
    }
    let mut mantissa: i64 = 0;
    let mut has_point = false;
    for byte in unsigned.bytes() {
        match byte {
            b'0'..=b'9' => mantissa = mantissa * 10 + i64::from(byte - b'0'),
            b'.' if !has_point => has_point = true,
            _ => return None,
        }
    }
    let signed = if unsigned.len() < text.len() {
        -mantissa
    } else {
        mantissa
    };
    let number = Decimal::new(signed, u32::try_from(scale).ok()?);
    Some(if scale > 0 {
        number.normalize()
    } else {
        number
    })
}

/// A number that was computed from others, if it can be kept exactly.
pub(crate) fn exact(number: Decimal) -> Result<Decimal, ParseError> {
    if let Some(exact) = short_exact(number) {
        return Ok(exact);
    }
    let exact = number.normalize();
    let whole_digits_max = PRECISION - SCALE_MAX;
    let bound = 10_u128.pow(whole_digits_max + exact.scale().min(SCALE_MAX));
    if exact.scale() > SCALE_MAX || exact.mantissa().unsigned_abs() >= bound {
        return Err(ParseError::TooManyDigits);
    }
    Ok(exact)
}

/// As [`exact`], of a number with few digits: those are divided much faster, and nearly all are such.
fn short_exact(number: Decimal) -> Option<Decimal> {
    let mut left = i64::try_from(number.mantissa()).ok()?;
    let mut scale = number.scale();
    while scale > 0 && left % 10 == 0 {
        left /= 10;
        scale -= 1;
    }
    let bound = 10_u64.pow(PRECISION - SCALE_MAX);
    (scale <= SCALE_MAX && left.unsigned_abs() < bound).then(|| Decimal::new(left, scale))
}

fn parse_exponent(text: &str) -> Result<i64, ParseError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ParseError::NotDecimal);
    }
    let value: i64 = digits.parse().map_err(|_| ParseError::TooManyDigits)?;
    Ok(if text.starts_with('-') { -value } else { value })
}

/// Reads a civil date: `YYYY-MM-DD`, or an instant, which becomes the local date of `zone`, or with
/// `format` (strptime's letters) whatever that says.
pub fn parse_date(text: &str, format: Option<&str>, zone: &TimeZone) -> Result<Date, ParseError> {
    if let Some(format) = format {
        return Date::strptime(format, text)
            .or_else(|_| DateTime::strptime(format, text).map(DateTime::date))
            .map_err(|_| ParseError::NotDate);
    }
    if text.len() == 10 {
        return text.parse().map_err(|_| ParseError::NotDate);
    }
    parse_rfc3339(text)
        .map(|instant| local_day(instant, zone))
        .ok_or(ParseError::NotDate)
}

/// Reads an instant: RFC 3339, or a date, which becomes its midnight in `zone`, or with `format`
/// whatever that says, by the clock of `zone` where it names no offset. Kept to the microsecond.
pub fn parse_instant(
    text: &str,
    format: Option<&str>,
    zone: &TimeZone,
) -> Result<Timestamp, ParseError> {
    if let Some(format) = format {
        if let Ok(instant) = Timestamp::strptime(format, text) {
            return Ok(instant);
        }
        if let Ok(local) = DateTime::strptime(format, text) {
            return local
                .to_zoned(zone.clone())
                .map(|zoned| zoned.timestamp())
                .map_err(|_| ParseError::NotInstant);
        }
        return Date::strptime(format, text)
            .map(|day| local_midnight(day, zone))
            .map_err(|_| ParseError::NotInstant);
    }
    if text.len() == 10 {
        let day: Date = text.parse().map_err(|_| ParseError::NotInstant)?;
        return Ok(local_midnight(day, zone));
    }
    parse_rfc3339(text).ok_or(ParseError::NotInstant)
}

/// RFC 3339, and the `+0000` that some APIs write instead of `+00:00`.
fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let to_microseconds = TimestampRound::new()
        .smallest(Unit::Microsecond)
        .mode(RoundMode::Trunc);
    text.parse::<Timestamp>()
        .or_else(|_| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text))
        .and_then(|instant| instant.round(to_microseconds))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (text, expected) in [
            ("0.1", "0.1"),
            ("0.30000000", "0.3"),
            ("9007199254740993", "9007199254740993"),
            ("1.5e3", "1500"),
            ("-0.00", "0"),
            ("0000012.50", "12.5"),
            ("10.005", "10.005"),
            ("1E-10", "0.0000000001"),
            (
                "123456789012345678.0123456789",
                "123456789012345678.0123456789",
            ),
        ] {
            assert_eq!(
                parse_decimal(text).unwrap().normalize().to_string(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_exact_decimal_is_refused() {
        for text in [
            "",
            " 1",
            "1,234.56",
            "1.234,56",
            "$12",
            "(12.00)",
            "٣",
            "−1",
            "0x10",
            "+12",
            "NaN",
            "Infinity",
            "1e",
            ".5",
            "5.",
            "1e400",
            "1e-30",
            "1.2.3",
            "--1",
            "1_000",
            "123456789012345678901234567890",
            "0.12345678901",
            "1e99999999999999999999",
        ] {
            assert!(parse_decimal(text).is_err(), "{text} must be refused");
        }
    }

    // Goal: what a computed number may be is what a written one may be. Method: each against the
    // parser of its own text.
    #[test]
    fn computed_numbers_have_the_limits_of_written_ones() {
        for (digits, scale) in [
            (0, 0),
            (-100, 4),
            (1, 10),
            (1, 11),
            (10, 11),
            (999_999_999_999_999_999, 0),
            (1_000_000_000_000_000_000, 0),
            (9_999_999_999_999_999_999_999_999_999, 10),
            (10_000_000_000_000_000_000_000_000_000, 10),
            (-70_000_000_000_000_000_000_000_000_000, 11),
        ] {
            let number = Decimal::try_from_i128_with_scale(digits, scale).unwrap();
            let written = parse_decimal(&number.normalize().to_string());
            assert_eq!(exact(number), written, "{digits} {scale}");
        }
    }

    #[test]
    fn dates_and_instants_meet_at_local_midnight() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let day = parse_date("2026-03-01T02:00:00Z", None, &zone).unwrap();
        assert_eq!(day.to_string(), "2026-02-28");
        let instant = parse_instant("2026-03-01", None, &zone).unwrap();
        assert_eq!(instant.to_string(), "2026-03-01T05:00:00Z");
        let american = parse_date("1/2/2013", Some("%m/%d/%Y"), &zone).unwrap();
        assert_eq!(american.to_string(), "2013-01-02");
        assert!(parse_date("2026-02-30", None, &zone).is_err());
        let salesforce = parse_instant("2026-11-20T18:02:10.000+0000", None, &zone).unwrap();
        assert_eq!(salesforce.to_string(), "2026-11-20T18:02:10Z");
    }
}
