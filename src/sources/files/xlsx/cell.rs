//! From the text of a cell to a value.

use std::str::FromStr;

use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span};
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::sources::json::Tree;

/// The digits that a spreadsheet shows of a number.
const DIGITS: usize = 15;
const MILLISECONDS_A_DAY: i64 = 86_400_000;

/// How a number is shown.
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    pub(super) counts_from_1904: bool,
    /// Spreadsheets know no zones; an instant in one is by the clock of the books.
    pub(super) zone: TimeZone,
}

/// A number without the noise of a binary double, or the text as it stands where it is none.
pub(super) fn number(text: &str) -> Tree {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let plain = match mantissa.split_once('.') {
        Some((whole, fraction)) => shown(whole, fraction),
        None => mantissa.to_owned(),
    };
    let rounded = format!("{plain}{exponent}");
    let is_number = Decimal::from_str(&plain).is_ok();
    if is_number && is_json_number(&rounded) {
        Tree::Number(rounded)
    } else {
        Tree::Text(text.to_owned())
    }
}

/// A number with a fraction, rounded to the digits that are shown.
fn shown(whole: &str, fraction: &str) -> String {
    let as_written = format!("{whole}.{fraction}");
    let digits = format!("{}{fraction}", whole.trim_start_matches('-'));
    let significant = digits.trim_start_matches('0').len();
    let text = match Decimal::from_str(&as_written) {
        Ok(value) if significant > DIGITS => {
            let surplus = significant - DIGITS;
            let places = fraction.len().saturating_sub(surplus);
            let places = u32::try_from(places).unwrap_or(u32::MAX);
            value
                .round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
                .to_string()
        }
        _ => as_written,
    };
    if text.contains('.') {
        let short = text.trim_end_matches('0').trim_end_matches('.');
        short.to_owned()
    } else {
        text
    }
}

fn is_json_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let digits = unsigned.split(['.', 'e', 'E']).next().unwrap_or_default();
    let has_spare_zero = digits.len() > 1 && digits.starts_with('0');
    !digits.is_empty()
        && !has_spare_zero
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && unsigned
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte))
}

/// A number that is shown as a date: a date where it is a whole number of days, else an instant. A
/// time without a day stays a number.
pub(super) fn dated(text: &str, calendar: &Calendar) -> Result<Tree, String> {
    let serial = Decimal::from_str(text).or_else(|_| Decimal::from_scientific(text));
    let Ok(serial) = serial else {
        return Ok(Tree::Text(text.to_owned()));
    };
    let first = if calendar.counts_from_1904 {
        Decimal::ZERO
    } else {
        Decimal::ONE
    };
    if serial < first {
        return Ok(number(text));
    }
    let leaves = || "is a date that leaves the calendar".to_owned();
    let (Some(days), Some(milliseconds)) = (
        serial.trunc().to_i32(),
        (serial.fract() * Decimal::from(MILLISECONDS_A_DAY))
            .round()
            .to_i64(),
    ) else {
        return Err(leaves());
    };
    let epoch: Date = match (calendar.counts_from_1904, days) {
        (true, _) => date(1904, 1, 1),
        (false, 60) => return Err("is 29 February 1900, a day that never was".to_owned()),
        // Spreadsheets count that day, so all later ones are one further.
        (false, ..60) => date(1899, 12, 31),
        (false, _) => date(1899, 12, 30),
    };
    let moment = Span::new()
        .try_days(days)
        .and_then(|span| epoch.checked_add(span))
        .map(|day| day.to_datetime(jiff::civil::Time::midnight()))
        .and_then(|day| day.checked_add(SignedDuration::from_millis(milliseconds)))
        .map_err(|_| leaves())?;
    local(moment, calendar)
}

/// A date that is written as ISO 8601 says.
pub(super) fn iso_dated(text: &str, calendar: &Calendar) -> Result<Tree, String> {
    match text.parse::<DateTime>() {
        Ok(moment) if !text.ends_with(['Z', 'z']) && !text.contains('+') => local(moment, calendar),
        _ => Ok(Tree::Text(text.to_owned())),
    }
}

fn local(moment: DateTime, calendar: &Calendar) -> Result<Tree, String> {
    if moment.time() == jiff::civil::Time::midnight() {
        return Ok(Tree::Text(moment.date().to_string()));
    }
    let zoned = moment
        .to_zoned(calendar.zone.clone())
        .map_err(|_| "is a date that leaves the calendar".to_owned())?;
    Ok(Tree::Text(
        zoned.strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string(),
    ))
}

/// The number of a column by its letters, from 0: `A1` is 0, `AA7` is 26.
pub(super) fn column_of(reference: &str) -> Option<usize> {
    let letters = reference.bytes().take_while(u8::is_ascii_uppercase);
    let count = letters.fold(0_usize, |count, letter| {
        count
            .saturating_mul(26)
            .saturating_add(usize::from(letter - b'A') + 1)
    });
    count.checked_sub(1).filter(|column| *column < 16_384)
}

/// The letters of a column.
pub(super) fn letters_of(column: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        let digit = u8::try_from((rest - 1) % 26).unwrap_or_default();
        letters.push(char::from(b'A' + digit));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

/// Text with the characters that XML cannot hold, which are written as `_x000D_`.
pub(super) fn unescaped(text: &str) -> String {
    if !text.contains("_x") {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        plain.push_str(&rest[..at]);
        let tail = &rest[at..];
        let letter = tail
            .get(2..6)
            .filter(|_| tail.as_bytes().get(6) == Some(&b'_'))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .and_then(char::from_u32);
        if let Some(letter) = letter {
            plain.push(letter);
            rest = &tail[7..];
        } else {
            plain.push_str("_x");
            rest = &tail[2..];
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(counts_from_1904: bool) -> Calendar {
        Calendar {
            counts_from_1904,
            zone: TimeZone::get("America/New_York").unwrap(),
        }
    }

    #[test]
    fn numbers_are_their_own_text_without_the_noise_of_a_double() {
        for (text, expected) in [
            ("12.300000000000001", "12.3"),
            ("0.30000000000000004", "0.3"),
            ("-1234567.8900000001", "-1234567.89"),
            ("9007199254740993", "9007199254740993"),
            ("1001.0", "1001"),
            ("0.1", "0.1"),
            ("99.949999999999989", "99.95"),
            ("1.5E-3", "1.5E-3"),
            ("10.005", "10.005"),
            ("123456789012.34", "123456789012.34"),
        ] {
            assert_eq!(number(text), Tree::Number(expected.to_owned()), "{text}");
        }
        assert_eq!(number("1,5"), Tree::Text("1,5".to_owned()));
        assert_eq!(number("NaN"), Tree::Text("NaN".to_owned()));
    }

    #[test]
    fn serial_numbers_are_days_of_either_calendar() {
        for (text, counts_from_1904, expected) in [
            ("1", false, "1900-01-01"),
            ("59", false, "1900-02-28"),
            ("61", false, "1900-03-01"),
            ("46327", false, "2026-11-01"),
            ("44865", true, "2026-11-01"),
            ("0", true, "1904-01-01"),
            ("46327.520833333336", false, "2026-11-01T12:30:00-05:00"),
            ("46327.999999999", false, "2026-11-02"),
        ] {
            let found = dated(text, &calendar(counts_from_1904)).unwrap();
            assert_eq!(found, Tree::Text(expected.to_owned()), "{text}");
        }
        assert!(dated("60", &calendar(false)).is_err());
        assert!(dated("99999999", &calendar(false)).is_err());
        assert_eq!(
            dated("0.5", &calendar(false)),
            Ok(Tree::Number("0.5".to_owned()))
        );
        let iso = iso_dated("2026-11-01T00:00:00", &calendar(false));
        assert_eq!(iso, Ok(Tree::Text("2026-11-01".to_owned())));
    }

    #[test]
    fn columns_have_letters_and_texts_escapes() {
        for (letters, column) in [("A", 0), ("Z", 25), ("AA", 26), ("XFD", 16_383)] {
            assert_eq!(column_of(&format!("{letters}7")), Some(column));
            assert_eq!(letters_of(column), letters);
        }
        assert_eq!((column_of("XFE1"), column_of("7")), (None, None));
        assert_eq!(unescaped("a_x000D_b_x_x00"), "a\rb_x_x00");
    }
}
