//! Amounts of several currencies in one: at the rates of one day, or left out and named.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::currency::Currency;
use crate::money::{MoneyError, times};

/// Converts into one currency at one day's rates. A currency without a rate is left out, and its
/// name is kept.
pub(super) struct Converter<'a> {
    into: Currency,
    on: Date,
    rate_on: &'a dyn Fn(Currency, Currency, Date) -> Option<Decimal>,
    rates: BTreeMap<Currency, Option<Decimal>>,
}

impl<'a> Converter<'a> {
    pub(super) fn new(
        into: Currency,
        on: Date,
        rate_on: &'a dyn Fn(Currency, Currency, Date) -> Option<Decimal>,
    ) -> Self {
        Self {
            into,
            on,
            rate_on,
            rates: BTreeMap::new(),
        }
    }

    /// The amount in the one currency; `None` where there is no rate.
    pub(super) fn convert(
        &mut self,
        amount: Decimal,
        from: Currency,
    ) -> Result<Option<Decimal>, MoneyError> {
        if from == self.into {
            return Ok(Some(amount));
        }
        let rate = self
            .rates
            .entry(from)
            .or_insert_with(|| (self.rate_on)(from, self.into, self.on));
        rate.map(|rate| times(amount, rate)).transpose()
    }

    /// The currencies that had no rate.
    pub(super) fn excluded(&self) -> BTreeSet<Currency> {
        self.rates
            .iter()
            .filter(|(_, rate)| rate.is_none())
            .map(|(currency, _)| *currency)
            .collect()
    }
}
