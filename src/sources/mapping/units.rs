//! Which currency a text names, and how many minor units one of it has at the vendor.

use super::columns::Books;
use crate::currency::Currency;
use crate::days::Days;

/// A currency at a vendor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    /// Its three letters.
    pub(super) code: &'static str,
    /// The vendor's own exponent where it has one: Stripe writes ISK with two decimals, though ISO
    /// 4217 gives it none.
    pub(super) exponent: u32,
}

/// A text that named a currency.
#[derive(Debug)]
struct Asked {
    text: String,
    unit: Unit,
}

/// What one record leaves for the next: the currency that was asked for last, since the amounts of a
/// record mostly share one, and the days of the books' zone.
#[derive(Debug, Default)]
pub(super) struct Units {
    pub(super) days: Days,
    /// Of texts in their own case, and of those in any.
    last: [Option<Asked>; 2],
}

impl Units {
    /// The currency of a text; with `upper`, in whichever case it is written.
    pub(super) fn of(&mut self, text: &str, upper: bool, books: &Books) -> Option<Unit> {
        let last = self.last.get_mut(usize::from(upper))?;
        if let Some(asked) = last.as_ref().filter(|asked| asked.text == text) {
            return Some(asked.unit);
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
        let code = currency.static_code();
        let unit = Unit { code, exponent };
        *last = Some(Asked {
            text: text.to_owned(),
            unit,
        });
        Some(unit)
    }
}
