//! Horizontal bars: ageing and backlog.
#![expect(clippy::disallowed_types, reason = "charts draw with floats")]

use rust_decimal::Decimal;

use super::axis::{as_float, drawn};
use super::svg::{Anchor, Ink, Svg, text_width};
use super::{CHART_WIDTH, Drawing};

/// One bar.
#[derive(Debug, Clone)]
pub(in crate::report) struct Bar {
    /// The name on the left.
    pub(in crate::report) name: String,
    /// Its length; less than nothing is drawn as nothing.
    pub(in crate::report) figure: Decimal,
    /// The figure on the right.
    pub(in crate::report) text: String,
}

const ROW: f64 = 36.0;

/// From calm to urgent: the later a row, the warmer. The names say the same in words.
const AGES: [&str; 5] = ["#3c8d8d", "#7a8a2b", "#d0a02c", "#c2701c", "#a8322d"];

/// Horizontal bars, one row each.
pub(in crate::report) fn draw_bars(bars: &[Bar]) -> Drawing {
    let rows = u32::try_from(bars.len()).unwrap_or(1).max(1);
    let mut svg = Svg::new(rows * 36 + 24);
    let widest = |text: fn(&Bar) -> &str| {
        bars.iter()
            .map(|bar| text_width(text(bar)))
            .fold(0.0, f64::max)
    };
    let left = 16.0 + widest(|bar| &bar.name) + 12.0;
    let room = f64::from(CHART_WIDTH) - left - widest(|bar| &bar.text) - 26.0;
    let largest = bars.iter().map(|bar| drawn(bar.figure)).fold(0.0, f64::max);
    for (index, (bar, color)) in bars.iter().zip(AGES).enumerate() {
        let middle = 12.0 + ROW * (as_float(index) + 0.5);
        svg.text(
            (left - 12.0, middle + 5.0),
            Anchor::End,
            Ink::Muted,
            &bar.name,
        );
        let figure = drawn(bar.figure).max(0.0);
        let length = if largest > 0.0 {
            figure / largest * room
        } else {
            0.0
        };
        svg.rectangle(left, middle - 11.0, room, 22.0, "#e9ecf0", 3.0);
        if length > 0.0 {
            svg.rectangle(left, middle - 11.0, length.max(3.0), 22.0, color, 3.0);
        }
        svg.text(
            (left + room + 10.0, middle + 5.0),
            Anchor::Start,
            Ink::Strong,
            &bar.text,
        );
    }
    svg.finish()
}
