//! Scales and axes.
#![expect(clippy::disallowed_types, reason = "charts draw with floats")]

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::svg::{Anchor, Ink, Svg};
use super::{AxisUnit, CHART_WIDTH, PeriodLabel};

/// The part of a chart in which figures are drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plot {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    /// The figure at the upper edge; the lower edge is zero.
    pub(super) ceiling: f64,
}

impl Plot {
    /// A plot below `top`, above the labels of a chart of `height`, and `margin` off the right.
    pub(super) fn new(top: f64, height: u32, ceiling: f64, margin: f64) -> Self {
        Self {
            left: 62.0,
            right: f64::from(CHART_WIDTH) - margin,
            top,
            bottom: f64::from(height) - 46.0,
            ceiling,
        }
    }

    /// Where a figure lies.
    pub(super) fn y(&self, figure: f64) -> f64 {
        self.bottom - figure / self.ceiling * (self.bottom - self.top)
    }

    /// The middle of a period's place.
    pub(super) fn x(&self, index: usize, count: usize) -> f64 {
        self.left + self.step(count) * (as_float(index) + 0.5)
    }

    /// The width of a period's place.
    pub(super) fn step(&self, count: usize) -> f64 {
        (self.right - self.left) / as_float(count.max(1))
    }

    /// Grid lines with their figures, and the periods below.
    pub(super) fn draw(&self, svg: &mut Svg, unit: AxisUnit, labels: &[PeriodLabel]) {
        for tick in 0..=TICKS {
            let figure = self.ceiling * f64::from(tick) / f64::from(TICKS);
            let y = self.y(figure);
            let color = if tick == 0 { "#9aa4b1" } else { "#dfe3e8" };
            svg.line((self.left, y), (self.right, y), color, 1.0);
            let text = tick_text(figure, self.ceiling, unit);
            svg.text((self.left - 8.0, y + 5.0), Anchor::End, Ink::Muted, &text);
        }
        for (index, label) in labels.iter().enumerate() {
            let x = self.x(index, labels.len());
            svg.text(
                (x, self.bottom + 20.0),
                Anchor::Middle,
                Ink::Muted,
                &label.main,
            );
            if let Some(year) = &label.year {
                svg.text((x, self.bottom + 38.0), Anchor::Middle, Ink::Muted, year);
            }
        }
    }
}

const TICKS: i32 = 4;

/// A round figure at or above the largest one, of which a quarter is round as well.
pub(super) fn ceiling_of(largest: f64) -> f64 {
    if largest <= 0.0 {
        return 1.0;
    }
    let magnitude = 10_f64.powf(largest.log10().floor());
    [1.0, 1.2, 1.6, 2.0, 2.4, 3.2, 4.0, 6.0, 8.0, 10.0]
        .into_iter()
        .map(|step| step * magnitude)
        .find(|candidate| *candidate >= largest * 1.0001)
        .unwrap_or(magnitude * 20.0)
}

fn tick_text(figure: f64, ceiling: f64, unit: AxisUnit) -> String {
    match unit {
        AxisUnit::Percent => {
            let decimals = decimals_of(ceiling * 100.0 / f64::from(TICKS));
            format!("{:.decimals$} %", figure * 100.0)
        }
        AxisUnit::Plain => {
            let (scale, suffix) = match ceiling {
                big if big >= 4_000_000_000.0 => (1e9, "bn"),
                big if big >= 4_000_000.0 => (1e6, "m"),
                big if big >= 4_000.0 => (1e3, "k"),
                _ => (1.0, ""),
            };
            let decimals = decimals_of(ceiling / scale / f64::from(TICKS));
            let text = format!("{:.decimals$}", figure / scale);
            if figure > 0.0 {
                text + suffix
            } else {
                "0".to_owned()
            }
        }
    }
}

fn decimals_of(step: f64) -> usize {
    (0..4)
        .find(|decimals| {
            let scaled = step * 10_f64.powi(*decimals);
            (scaled - scaled.round()).abs() < 1e-6 * scaled.max(1.0)
        })
        .and_then(|decimals| usize::try_from(decimals).ok())
        .unwrap_or(4)
}

/// A figure for drawing.
pub(super) fn drawn(figure: Decimal) -> f64 {
    figure.to_f64().unwrap_or_default()
}

/// A small number for drawing.
pub(super) fn as_float(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_round_and_above_the_largest_figure() {
        for (largest, ceiling) in [
            (0.0187, 0.02),
            (0.0231, 0.024),
            (98.0, 100.0),
            (5504.0, 6000.0),
        ] {
            assert!((ceiling_of(largest) - ceiling).abs() < 1e-9, "{largest}");
        }
        assert_eq!(tick_text(0.005, 0.02, AxisUnit::Percent), "0.5 %");
        assert_eq!(tick_text(1500.0, 6000.0, AxisUnit::Plain), "1.5k");
        assert_eq!(tick_text(0.0, 6000.0, AxisUnit::Plain), "0");
    }
}
