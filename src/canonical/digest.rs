//! What makes two versions of a record the same: a digest of all that the source said.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::mark::{Mark, mark_of};

/// The bytes that a digest is taken of. They are the same whether they come from a record or from
/// columns; kept between records only to spare their memory.
#[derive(Debug, Default)]
pub(crate) struct Absorbed {
    bytes: Vec<u8>,
}

impl Absorbed {
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// A value that is not there.
    pub(crate) fn absent(&mut self) {
        self.bytes.push(0);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.tagged(1, text.as_bytes());
    }

    /// A list of so many texts, each of which follows.
    pub(crate) fn list(&mut self, count: usize) {
        self.bytes.push(2);
        self.bytes.extend_from_slice(&(count as u64).to_le_bytes());
    }

    pub(crate) fn decimal(&mut self, number: Decimal) {
        self.tagged(3, number.normalize().to_string().as_bytes());
    }

    /// As [`Absorbed::decimal`], of the digits in the landing's scale.
    pub(crate) fn unscaled(&mut self, digits: i128, scale: u32) {
        let mut buffer = [0; DECIMAL_BYTES];
        let start = write_decimal(digits, scale, &mut buffer);
        self.tagged(3, &buffer[start..]);
    }

    pub(crate) fn date(&mut self, day: Date) {
        let (year, month, day_of_month) = (day.year(), day.month(), day.day());
        if let (Ok(year), Ok(month), Ok(day_of_month)) = (
            u16::try_from(year),
            u8::try_from(month),
            u8::try_from(day_of_month),
        ) {
            let digit = |number: u16| b'0' + u8::try_from(number % 10).unwrap_or_default();
            let pair = |number: u8| [b'0' + number / 10, b'0' + number % 10];
            let [month_tens, month_ones] = pair(month);
            let [day_tens, day_ones] = pair(day_of_month);
            let text = [
                digit(year / 1_000),
                digit(year / 100),
                digit(year / 10),
                digit(year),
                b'-',
                month_tens,
                month_ones,
                b'-',
                day_tens,
                day_ones,
            ];
            self.tagged(4, &text);
        } else {
            self.tagged(4, day.to_string().as_bytes());
        }
    }

    pub(crate) fn instant(&mut self, microseconds: i64) {
        self.tagged(5, &microseconds.to_le_bytes());
    }

    pub(crate) fn flag(&mut self, flag: bool) {
        self.bytes.extend_from_slice(&[6, u8::from(flag)]);
    }

    /// The record as the source gave it.
    pub(crate) fn raw(&mut self, raw: &str) {
        self.tagged(7, raw.as_bytes());
    }

    fn tagged(&mut self, tag: u8, bytes: &[u8]) {
        self.bytes.push(tag);
        self.bytes
            .extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.bytes.extend_from_slice(bytes);
    }

    /// A mark of what was absorbed.
    pub(crate) fn mark(&self) -> Mark {
        mark_of(&self.bytes)
    }

    /// The digest of what was absorbed.
    pub(crate) fn digest(&self) -> [u8; 16] {
        let mut digest = [0; 16];
        digest.copy_from_slice(&blake3::hash(&self.bytes).as_bytes()[..16]);
        digest
    }
}

/// A sign, 39 digits and a point.
const DECIMAL_BYTES: usize = 41;

/// Writes a number without trailing zeros to the end of a buffer, and says where it starts.
fn write_decimal(digits: i128, scale: u32, buffer: &mut [u8; DECIMAL_BYTES]) -> usize {
    let (mut left, mut scale) = (digits.unsigned_abs(), scale);
    // Numbers of 64 bits are divided much faster, and nearly all are such.
    if let Ok(mut short) = u64::try_from(left) {
        while scale > 0 && short % 10 == 0 {
            short /= 10;
            scale -= 1;
        }
        left = u128::from(short);
    }
    while scale > 0 && left % 10 == 0 {
        left /= 10;
        scale -= 1;
    }
    let mut at = DECIMAL_BYTES;
    let mut put = |byte: u8| {
        at -= 1;
        buffer[at] = byte;
        at
    };
    let mut start = DECIMAL_BYTES;
    let mut written = 0;
    while left > u128::from(u64::MAX) {
        start = put(b'0' + u8::try_from(left % 10).unwrap_or_default());
        left /= 10;
        written += 1;
        if written == scale {
            start = put(b'.');
        }
    }
    let mut left = u64::try_from(left).unwrap_or_default();
    while left > 0 || written <= scale {
        start = put(b'0' + u8::try_from(left % 10).unwrap_or_default());
        left /= 10;
        written += 1;
        if written == scale {
            start = put(b'.');
        }
    }
    if digits < 0 {
        start = put(b'-');
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    // Goal: columns and records give the same digest. Method: numbers of every sign and size, each
    // written from its digits and by the decimal library.
    #[test]
    fn digits_are_written_as_the_decimal_is() {
        for digits in [
            0,
            1,
            -1,
            10,
            12_345,
            10_000_000_000,
            -10_000_000_000,
            120_000_000_000,
            -1_005_000_000,
            99_999_999_999,
            1_234_567_890_123_456_780_123_456_789,
            -9_999_999_999_999_999_999_999_999_999,
        ] {
            for scale in [0, 2, 10] {
                let decimal = Decimal::try_from_i128_with_scale(digits, scale).unwrap();
                let mut buffer = [0; DECIMAL_BYTES];
                let start = write_decimal(digits, scale, &mut buffer);
                let text = std::str::from_utf8(&buffer[start..]).unwrap();
                assert_eq!(text, decimal.normalize().to_string());
            }
        }
    }

    // Goal: a date's bytes are its text. Method: days of short and long years.
    #[test]
    fn a_date_is_absorbed_as_its_text() {
        for (year, month, day) in [(1, 1, 1), (987, 12, 31), (2026, 3, 9), (9998, 10, 20)] {
            let date = jiff::civil::date(year, month, day);
            let mut absorbed = Absorbed::default();
            absorbed.date(date);
            assert_eq!(&absorbed.bytes[9..], date.to_string().as_bytes());
        }
    }
}
