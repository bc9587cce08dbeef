//! How old open amounts are, by the day on which they were due.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::money::{MoneyError, plus};
use crate::report::kpi::Aging;

/// Calendar days from the due date to a day: zero when it is due today, negative before.
pub fn days_past_due(due_on: Date, day: Date) -> i64 {
    i64::from((day - due_on).get_days())
}

/// Open amounts of one currency by days past due. What is due today is current; the buckets add up
/// to the sum of the amounts.
pub fn age(
    open: impl IntoIterator<Item = (Date, Decimal)>,
    day: Date,
) -> Result<Aging, MoneyError> {
    let mut aging = Aging::default();
    for (due_on, amount) in open {
        let bucket = match days_past_due(due_on, day) {
            ..=0 => &mut aging.current,
            1..=30 => &mut aging.month,
            31..=60 => &mut aging.two_months,
            61..=90 => &mut aging.quarter,
            _ => &mut aging.older,
        };
        *bucket = plus(*bucket, amount)?;
    }
    Ok(aging)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_bucket_borders_are_where_the_manual_puts_them() {
        let day = date(2024, 3, 31);
        let due = |days: i32| day.checked_sub(jiff::Span::new().days(days)).unwrap();
        let borders = [-1, 0, 1, 30, 31, 60, 61, 90, 91, 4000];
        let aging = age(borders.map(|days| (due(days), Decimal::ONE)), day).unwrap();
        let two = Decimal::from(2);
        assert_eq!(
            aging,
            Aging {
                current: two,
                month: two,
                two_months: two,
                quarter: two,
                older: two,
            }
        );
    }
}
