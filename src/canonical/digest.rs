//! What makes two versions of a record the same: all that the source said.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::batch::{epoch_days, unscaled};
use super::mark::{Mark, mark_of};

/// The typed values of a record as bytes. They are the same whether they come from a record or from
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
        match unscaled(number) {
            Some(digits) => self.unscaled(digits),
            // It has more decimals than the landing keeps, so no column holds it.
            None => self.tagged(8, number.normalize().to_string().as_bytes()),
        }
    }

    /// As [`Absorbed::decimal`], of the digits in the landing's scale.
    pub(crate) fn unscaled(&mut self, digits: i128) {
        self.bytes.push(3);
        self.bytes.extend_from_slice(&digits.to_le_bytes());
    }

    pub(crate) fn date(&mut self, day: Date) {
        self.days(epoch_days(day));
    }

    /// As [`Absorbed::date`], of the days since 1970.
    pub(crate) fn days(&mut self, days: i32) {
        self.bytes.push(4);
        self.bytes.extend_from_slice(&days.to_le_bytes());
    }

    pub(crate) fn instant(&mut self, microseconds: i64) {
        self.bytes.push(5);
        self.bytes.extend_from_slice(&microseconds.to_le_bytes());
    }

    pub(crate) fn flag(&mut self, flag: bool) {
        self.bytes.extend_from_slice(&[6, u8::from(flag)]);
    }

    fn tagged(&mut self, tag: u8, bytes: &[u8]) {
        self.bytes.push(tag);
        // No column holds a text of 4 GiB.
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(bytes);
    }

    /// A mark of the values.
    pub(crate) fn mark(&self) -> Mark {
        mark_of(&self.bytes)
    }

    /// The digest of the version that has these values: BLAKE3 of them, which nobody can make look
    /// alike, and of a mark of the record as the source gave it. So what crossfoot reads of a record
    /// never looks unchanged when it is not, and what it does not read does only by chance.
    pub(crate) fn version(&mut self, raw: &str) -> Digest {
        self.bytes.push(7);
        self.bytes
            .extend_from_slice(&mark_of(raw.as_bytes()).to_le_bytes());
        let mut digest = Digest::default();
        digest.copy_from_slice(&blake3::hash(&self.bytes).as_bytes()[..16]);
        digest
    }
}

/// 128 bits that tell a version of a record from every other: equal for equal ones. Their order
/// decides between two contents that were changed at one instant.
pub(crate) type Digest = [u8; 16];

#[cfg(test)]
mod tests {
    use super::*;

    // Goal: numbers and days that are equal are absorbed alike, and others are not. Method: numbers
    // in several scales, among them some that no column holds.
    #[test]
    fn equal_values_are_absorbed_alike() {
        let absorbed = |digits: i128, scale: u32| {
            let mut absorbed = Absorbed::default();
            absorbed.decimal(Decimal::try_from_i128_with_scale(digits, scale).unwrap());
            absorbed.bytes
        };
        assert_eq!(absorbed(150, 2), absorbed(15, 1));
        assert_eq!(absorbed(10, 11), absorbed(1, 10));
        assert_eq!(absorbed(10, 12), absorbed(1, 11));
        let distinct: std::collections::HashSet<Vec<u8>> =
            [(1, 0), (-1, 0), (1, 10), (1, 11), (2, 11), (0, 0)]
                .map(|(digits, scale)| absorbed(digits, scale))
                .into();
        assert_eq!(distinct.len(), 6);
    }
}
