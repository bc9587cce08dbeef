//! The typical time to an end, with those that have not ended yet taken into account.

use rust_decimal::Decimal;

use crate::money::{MoneyError, minus, ratio, times};

/// Figures carry 28 digits; a product of quotients that is exactly one half may miss it by its
/// last few digits.
const NOISE: Decimal = Decimal::from_parts(1, 0, 0, false, 20);

/// The smallest time at which half or less are still going on, by Kaplan and Meier: S(t) is the
/// product over all times of an end up to t of (1 − ends at it / those still at risk). `censored`
/// are the ages of what has not ended; at equal times ends come first. `None` when S never falls
/// to one half.
pub fn kaplan_meier_median(
    ended: &[Decimal],
    censored: &[Decimal],
) -> Result<Option<Decimal>, MoneyError> {
    let half = Decimal::new(5, 1);
    let mut times_of_all: Vec<(Decimal, bool)> = ended
        .iter()
        .map(|time| (*time, false))
        .chain(censored.iter().map(|time| (*time, true)))
        .collect();
    times_of_all.sort_unstable();
    let mut surviving = Decimal::ONE;
    let mut at_risk = times_of_all.len();
    let mut rest = times_of_all.as_slice();
    while let Some((time, _)) = rest.first().copied() {
        let at_time = rest.partition_point(|(other, _)| *other <= time);
        let ends = rest[..at_time].iter().filter(|(_, open)| !open).count();
        if ends > 0 {
            let share = ratio(Decimal::from(ends), Decimal::from(at_risk));
            let staying = minus(Decimal::ONE, share.ok_or(MoneyError::Overflow)?)?;
            surviving = times(surviving, staying)?;
            if minus(surviving, half)? <= NOISE {
                return Ok(Some(time));
            }
        }
        at_risk -= at_time;
        rest = &rest[at_time..];
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(list: &[i64]) -> Vec<Decimal> {
        list.iter().copied().map(Decimal::from).collect()
    }

    #[test]
    fn open_items_pull_the_median_up() {
        let ended = days(&[1, 2, 3, 4]);
        assert_eq!(kaplan_meier_median(&ended, &[]), Ok(Some(Decimal::from(2))));
        // 6 at risk: 5/6, 4/6, 3/6 at the third end.
        let open = days(&[30, 40]);
        assert_eq!(
            kaplan_meier_median(&ended, &open),
            Ok(Some(Decimal::from(3)))
        );
        assert_eq!(kaplan_meier_median(&days(&[1]), &open), Ok(None));
        assert_eq!(kaplan_meier_median(&[], &[]), Ok(None));
    }

    #[test]
    fn what_was_censored_early_is_no_longer_at_risk() {
        // 4 at risk at 1: 3/4; the censored one at 2 leaves; 2 at risk at 3: 3/8.
        let median = kaplan_meier_median(&days(&[1, 3, 9]), &days(&[2])).unwrap();
        assert_eq!(median, Some(Decimal::from(3)));
    }
}
