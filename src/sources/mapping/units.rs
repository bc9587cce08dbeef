//! Which currency a text names, and how many minor units one of it has at the vendor.

use super::columns::Books;
use crate::currency::Currency;

/// A currency at a vendor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    pub(super) currency: Currency,
    /// The vendor's own exponent where it has one: Stripe writes ISK with two decimals, though ISO
    /// 4217 gives it none.
    pub(super) exponent: u32,
}

/// The currency that was asked for last: the amounts of a record mostly share one.
#[derive(Debug, Default)]
pub(super) struct Units {
    last: Option<(String, bool, Unit)>,
}

impl Units {
    /// The currency of a text; with `upper`, in whichever case it is written.
    pub(super) fn of(&mut self, text: &str, upper: bool, books: &Books) -> Option<Unit> {
        if let Some((last, last_upper, unit)) = &self.last
            && last == text
            && *last_upper == upper
        {
            return Some(*unit);
        }
        let currency: Currency = if upper {
            text.to_uppercase().parse().ok()?
        } else {
            text.parse().ok()?
        };
        let exponent = books
            .minor_units
            .get(currency.code())
            .copied()
            .unwrap_or_else(|| currency.exponent());
        let unit = Unit { currency, exponent };
        self.last = Some((text.to_owned(), upper, unit));
        Some(unit)
    }
}
