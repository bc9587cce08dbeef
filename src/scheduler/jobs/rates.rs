//! Exchange rates as they are landed.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::canonical::Record;
use crate::currency::Currency;
use crate::money::ratio;

/// Rates by pair of currencies and day.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rates {
    by_pair: BTreeMap<(Currency, Currency), BTreeMap<Date, Decimal>>,
}

impl Rates {
    /// The rates of landed records.
    pub(crate) fn of(records: &[Record]) -> Self {
        let mut rates = Self::default();
        for record in records {
            let currency = |column| record.text(column).and_then(|code| code.parse().ok());
            let (Some(from), Some(into)) = (currency("from_currency"), currency("to_currency"))
            else {
                continue;
            };
            if let (Some(rate), Some(day)) = (record.decimal("rate"), record.date("dated_on")) {
                rates
                    .by_pair
                    .entry((from, into))
                    .or_default()
                    .insert(day, rate);
            }
        }
        rates
    }

    /// A digest of all of them: two tables of one digest give the same rates.
    pub(crate) fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for ((from, into), days) in &self.by_pair {
            for (day, rate) in days {
                let line = format!("{from} {into} {day} {}\n", rate.normalize());
                hasher.update(line.as_bytes());
            }
        }
        hasher.finalize().to_hex().to_string()
    }

    /// How many units of `into` one unit of `from` is on a day: the newest rate dated on or before
    /// it, or the inverse of the opposite one. `None` where there is neither.
    pub(crate) fn rate(&self, from: Currency, into: Currency, day: Date) -> Option<Decimal> {
        if from == into {
            return Some(Decimal::ONE);
        }
        let newest = |from, into| {
            let days: &BTreeMap<Date, Decimal> = self.by_pair.get(&(from, into))?;
            days.range(..=day).next_back().map(|(_, rate)| *rate)
        };
        newest(from, into).or_else(|| ratio(Decimal::ONE, newest(into, from)?))
    }
}
