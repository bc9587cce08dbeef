//! The sums and extremes of the units of a partition: 64 bits each as long as all of them fit, so that a
//! partition stays in the processor's cache, and 128 bits from the first one on that does not.

use crate::reconcile::error::ReconcileError;

use super::page::FINER;
use super::table::added;

/// Figures by place. Those of 64 bits have the decimals of a plain row, the others those of a sum.
#[derive(Debug, Default)]
pub(super) struct Cells {
    narrow: Vec<i64>,
    wide: Vec<i128>,
    is_wide: bool,
}

impl Cells {
    /// Makes room for more figures, all 0.
    #[inline]
    pub(super) fn grow(&mut self, by: usize) {
        if self.is_wide {
            self.wide.resize(self.wide.len() + by, 0);
        } else {
            self.narrow.resize(self.narrow.len() + by, 0);
        }
    }

    pub(super) fn clear(&mut self) {
        self.narrow.clear();
        self.wide.clear();
        self.is_wide = false;
    }

    /// A figure in the decimals of a sum.
    #[inline]
    pub(super) fn get(&self, place: usize) -> i128 {
        if self.is_wide {
            self.wide[place]
        } else {
            i128::from(self.narrow[place]) * FINER
        }
    }

    /// Adds a plain row's figure.
    #[inline]
    pub(super) fn add(&mut self, place: usize, figure: i64) -> Result<(), ReconcileError> {
        if !self.is_wide
            && let Some(sum) = self.narrow[place].checked_add(figure)
        {
            self.narrow[place] = sum;
            return Ok(());
        }
        self.add_exact(place, i128::from(figure) * FINER)
    }

    /// Adds a figure in the decimals of a sum.
    pub(super) fn add_exact(&mut self, place: usize, figure: i128) -> Result<(), ReconcileError> {
        self.widen();
        self.wide[place] = added(self.wide[place], figure)?;
        Ok(())
    }

    /// Takes a plain row's figure into the least, which stands at `place`, and the greatest, behind it.
    pub(super) fn spread(&mut self, place: usize, figure: i64, is_first: bool) {
        if self.is_wide {
            self.spread_exact(place, i128::from(figure) * FINER, is_first);
        } else {
            spread(&mut self.narrow[place..place + 2], figure, is_first);
        }
    }

    /// As [`Cells::spread`], of a figure in the decimals of a sum.
    pub(super) fn spread_exact(&mut self, place: usize, figure: i128, is_first: bool) {
        self.widen();
        spread(&mut self.wide[place..place + 2], figure, is_first);
    }

    fn widen(&mut self) {
        if !self.is_wide {
            let narrow = self.narrow.drain(..);
            self.wide
                .extend(narrow.map(|figure| i128::from(figure) * FINER));
            self.is_wide = true;
        }
    }
}

fn spread<T: Copy + Ord>(extremes: &mut [T], figure: T, is_first: bool) {
    if let [least, greatest] = extremes {
        *least = if is_first { figure } else { figure.min(*least) };
        *greatest = if is_first {
            figure
        } else {
            figure.max(*greatest)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Goal: figures are the same in either width, and none is lost where they are widened. Method: sums
    // and extremes that fit, one that leaves 64 bits, one with more decimals, and a cell made afterwards.
    #[test]
    fn figures_are_the_same_in_either_width() {
        let mut cells = Cells::default();
        cells.grow(3);
        cells.add(0, 5).unwrap();
        cells.add(0, -7).unwrap();
        cells.spread(1, -3, true);
        cells.spread(1, 9, false);
        let told = |cells: &Cells| [0, 1, 2].map(|place| cells.get(place));
        assert_eq!(told(&cells), [-2 * FINER, -3 * FINER, 9 * FINER]);
        cells.add(0, i64::MAX).unwrap();
        assert!(!cells.is_wide);
        cells.add(0, i64::MAX).unwrap();
        assert!(cells.is_wide);
        let sum = (i128::from(i64::MAX) * 2 - 2) * FINER;
        assert_eq!(told(&cells), [sum, -3 * FINER, 9 * FINER]);
        cells.spread(1, -4, false);
        cells.spread_exact(1, 9 * FINER + 1, false);
        cells.add_exact(0, 1).unwrap();
        assert_eq!(told(&cells), [sum + 1, -4 * FINER, 9 * FINER + 1]);
        cells.grow(1);
        cells.add(3, 1).unwrap();
        assert_eq!(cells.get(3), FINER);
        assert!(cells.add_exact(0, i128::MAX).is_err());
        cells.clear();
        cells.grow(1);
        assert_eq!((cells.get(0), cells.is_wide), (0, false));
    }
}
