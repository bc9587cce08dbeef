//! Days sales outstanding by counting back: how many days of the newest sales are still owed.

use rust_decimal::Decimal;

use crate::money::{MoneyError, minus, plus, ratio, times};

/// What was sold in a month, and how many of its days count: all of them, but of the month that is
/// still running those up to the day on which the count starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthSales {
    /// Invoice totals incl. tax less credit memos.
    pub sales: Decimal,
    /// Days by the calendar: 28 to 31 for a whole month.
    pub day_count: i64,
}

/// What the count came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Countback {
    /// The days.
    Days(Decimal),
    /// History ran out, or a month sold nothing, with something left: at least so many days.
    AtLeast(Decimal),
}

/// Takes month after month, the newest first, off what is owed: a month that it covers counts with
/// all its days, the last one in proportion. A month without sales stops the count.
pub fn count_back(
    owed: Decimal,
    newest_first: impl IntoIterator<Item = MonthSales>,
) -> Result<Countback, MoneyError> {
    let mut left = owed;
    let mut days = Decimal::ZERO;
    for month in newest_first {
        if left.is_zero() || month.sales <= Decimal::ZERO {
            break;
        }
        let month_days = Decimal::from(month.day_count);
        if left < month.sales {
            let share = ratio(times(left, month_days)?, month.sales).ok_or(MoneyError::Overflow)?;
            return Ok(Countback::Days(plus(days, share)?));
        }
        days = plus(days, month_days)?;
        left = minus(left, month.sales)?;
    }
    Ok(if left.is_zero() {
        Countback::Days(days)
    } else {
        Countback::AtLeast(days)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn months(sales: &[(i64, i64)]) -> Vec<MonthSales> {
        let month = |(sales, day_count): &(i64, i64)| MonthSales {
            sales: Decimal::from(*sales),
            day_count: *day_count,
        };
        sales.iter().map(month).collect()
    }

    #[test]
    fn real_month_lengths_are_counted_and_the_last_month_in_part() {
        // 100 + 100 of 200: February and half of January.
        let days = count_back(Decimal::from(200), months(&[(100, 29), (200, 31)])).unwrap();
        assert_eq!(days, Countback::Days(Decimal::new(445, 1)));
    }

    #[test]
    fn an_exhausted_history_is_no_number() {
        let owed = Decimal::from(500);
        let ran_out = count_back(owed, months(&[(100, 31), (100, 30)])).unwrap();
        assert_eq!(ran_out, Countback::AtLeast(Decimal::from(61)));
        let stopped = count_back(owed, months(&[(100, 31), (0, 30), (900, 31)])).unwrap();
        assert_eq!(stopped, Countback::AtLeast(Decimal::from(31)));
        let exact = count_back(Decimal::from(200), months(&[(100, 31), (100, 30)])).unwrap();
        assert_eq!(exact, Countback::Days(Decimal::from(61)));
        assert_eq!(
            count_back(Decimal::ZERO, months(&[])).unwrap(),
            Countback::Days(Decimal::ZERO)
        );
    }
}
