//! Exchange rates at the ends of months.

use rust_decimal::Decimal;

/// From which currency into dollars, the rate, and the day it is dated on.
const RATES: [(&str, Decimal, &str); 6] = [
    (
        "EUR",
        Decimal::from_parts(108, 0, 0, false, 2),
        "2026-07-31",
    ),
    (
        "EUR",
        Decimal::from_parts(109, 0, 0, false, 2),
        "2026-08-31",
    ),
    ("EUR", EURO_IN_SEPTEMBER, "2026-09-30"),
    ("JPY", Decimal::from_parts(66, 0, 0, false, 4), "2026-07-31"),
    ("JPY", Decimal::from_parts(67, 0, 0, false, 4), "2026-08-31"),
    ("JPY", Decimal::from_parts(68, 0, 0, false, 4), "2026-09-30"),
];

/// Dollars for one euro on the last day of September.
pub(super) const EURO_IN_SEPTEMBER: Decimal = Decimal::from_parts(110, 0, 0, false, 2);

/// The rates as a file with canonical columns.
pub(super) fn csv() -> String {
    let rows = RATES.map(|(from, rate, dated_on)| {
        format!("{from}-USD-{dated_on},{from},USD,{rate},{dated_on},demo\n")
    });
    format!(
        "id,from_currency,to_currency,rate,dated_on,rate_source\n{}",
        rows.concat()
    )
}
