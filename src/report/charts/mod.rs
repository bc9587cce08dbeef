//! Charts: our own SVG for four shapes, drawn to PNG at twice the size, on a solid plate so that a
//! dark mode cannot swallow them. The only floats of the house are here; no figure comes from them.

mod axis;
mod bars;
mod line;
mod raster;
mod stacked;
mod svg;

use rust_decimal::Decimal;

pub(super) use bars::{Bar, draw_bars};
pub(super) use line::draw_lines;
pub(super) use raster::to_png;
pub(super) use stacked::draw_stacked;

/// Pixels that every chart is shown at, from left to right.
pub(super) const CHART_WIDTH: u32 = 592;

/// What an axis counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AxisUnit {
    /// Fractions, shown in per cent.
    Percent,
    /// Plain figures: days, money, counts.
    Plain,
}

/// A period below an axis: `Mar`, and the year where it starts or is first seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PeriodLabel {
    /// The first line.
    pub(super) main: String,
    /// The line below.
    pub(super) year: Option<String>,
}

/// Figures by period, with a name.
#[derive(Debug, Clone)]
pub(super) struct Series {
    /// The name in the legend.
    pub(super) name: String,
    /// One for each label; nothing where there is no figure.
    pub(super) values: Vec<Option<Decimal>>,
    /// What stands at the last point.
    pub(super) last_text: Option<String>,
}

/// A drawn chart, before it is a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Drawing {
    /// The SVG.
    pub(super) svg: String,
    /// Pixels that it is shown at, from top to bottom.
    pub(super) height: u32,
}

/// Colours of series: each has 3:1 or more against the plate, and they differ in lightness too.
const PALETTE: [&str; 6] = [
    "#1f4e79", "#c2701c", "#3c8d8d", "#8c4a7d", "#7a8a2b", "#8a94a3",
];
