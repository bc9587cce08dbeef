//! Percentiles, interpolated, as SQL's `percentile_cont` defines them.

use rust_decimal::Decimal;

use crate::money::{MoneyError, minus, plus, ratio, times};

/// The value at a share from 0 to 1 of figures in ascending order; nothing of nothing:
/// k = share × (n − 1), and between the two neighbours of k in proportion.
pub fn percentile_cont(
    ascending: &[Decimal],
    share: Decimal,
) -> Result<Option<Decimal>, MoneyError> {
    let Some(steps) = ascending.len().checked_sub(1) else {
        return Ok(None);
    };
    let place = times(share, Decimal::from(steps))?;
    let below = place.floor();
    let at = |place: Decimal| usize::try_from(place).ok().and_then(|at| ascending.get(at));
    let (Some(low), Some(high)) = (at(below), at(place.ceil())) else {
        return Ok(None);
    };
    let part = times(minus(place, below)?, minus(*high, *low)?)?;
    plus(*low, part).map(Some)
}

/// The arithmetic mean; nothing of nothing.
pub(super) fn mean(figures: &[Decimal]) -> Result<Option<Decimal>, MoneyError> {
    let mut sum = Decimal::ZERO;
    for figure in figures {
        sum = plus(sum, *figure)?;
    }
    Ok(ratio(sum, Decimal::from(figures.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_between_two_are_interpolated() {
        let figures: Vec<Decimal> = [1, 2, 4, 10].map(Decimal::from).to_vec();
        let at = |share| {
            percentile_cont(&figures, share)
                .unwrap()
                .unwrap()
                .normalize()
        };
        assert_eq!(at(Decimal::new(5, 1)), Decimal::from(3));
        assert_eq!(at(Decimal::new(9, 1)), Decimal::new(82, 1));
        assert_eq!(at(Decimal::ONE), Decimal::from(10));
        assert_eq!(at(Decimal::ZERO), Decimal::ONE);
        assert_eq!(percentile_cont(&[], Decimal::ONE).unwrap(), None);
        assert_eq!(mean(&[]).unwrap(), None);
    }
}
