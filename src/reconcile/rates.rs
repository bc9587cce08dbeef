//! Rates of exchange as they stand on the last day of a period.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::canonical::Record;
use crate::currency::Currency;

/// Per pair of currencies the rate that holds on one day: the number of units of the second for one
/// of the first.
#[derive(Debug, Clone, Default)]
pub(crate) struct FxRates {
    rates: BTreeMap<(Currency, Currency), Decimal>,
}

impl FxRates {
    /// The newest rate dated on or before `day` of every pair; of two of one date, the one of the
    /// lowest source and id.
    pub(crate) fn on(day: Date, records: &[Record]) -> Self {
        let mut newest: BTreeMap<(Currency, Currency), (Date, std::cmp::Reverse<String>, Decimal)> =
            BTreeMap::new();
        for record in records {
            let currency = |column: &str| record.text(column)?.parse::<Currency>().ok();
            let fact = (|| {
                let pair = (currency("from_currency")?, currency("to_currency")?);
                Some((pair, record.date("dated_on")?, record.decimal("rate")?))
            })();
            let Some((pair, dated_on, rate)) = fact else {
                continue;
            };
            if dated_on > day || rate <= Decimal::ZERO {
                continue;
            }
            let candidate = (dated_on, std::cmp::Reverse(record.key()), rate);
            match newest.get(&pair) {
                Some(known) if *known >= candidate => {}
                _ => {
                    newest.insert(pair, candidate);
                }
            }
        }
        Self {
            rates: newest
                .into_iter()
                .map(|(pair, (_, _, rate))| (pair, rate))
                .collect(),
        }
    }

    /// The rate from one currency to another: 1 for the same, the landed one, or the inverse of the
    /// landed one; `None` where neither is landed.
    pub(crate) fn rate(&self, from: Currency, to: Currency) -> Option<Decimal> {
        if from == to {
            return Some(Decimal::ONE);
        }
        self.rates.get(&(from, to)).copied().or_else(|| {
            self.rates
                .get(&(to, from))
                .and_then(|inverse| Decimal::ONE.checked_div(*inverse))
        })
    }
}
