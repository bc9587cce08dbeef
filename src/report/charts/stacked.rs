//! Stacked bars over periods.
#![expect(clippy::disallowed_types, reason = "charts draw with floats")]

use super::axis::{Plot, ceiling_of, drawn};
use super::svg::{Anchor, Ink, Svg, text_width};
use super::{AxisUnit, Drawing, PALETTE, PeriodLabel, Series};

const HEIGHT: u32 = 272;

/// Stacked bars over periods; the first series lies at the bottom. `last_text` is the whole of the
/// last bar. Figures must not be negative.
pub(in crate::report) fn draw_stacked(
    labels: &[PeriodLabel],
    series: &[Series],
    last_text: Option<&str>,
) -> Drawing {
    let mut svg = Svg::new(HEIGHT);
    let entries: Vec<_> = series
        .iter()
        .zip(PALETTE)
        .map(|(one, color)| (one.name.as_str(), color))
        .collect();
    let legend_rows = svg.legend(16.0, 24.0, &entries);
    let height_of = |index: usize| -> f64 {
        series
            .iter()
            .filter_map(|one| one.values.get(index).copied().flatten())
            .map(drawn)
            .sum()
    };
    let largest = (0..labels.len()).map(height_of).fold(0.0, f64::max);
    let top = 32.0 + f64::from(legend_rows) * 22.0;
    let margin = 14.0 + last_text.map_or(12.0, text_width);
    let plot = Plot::new(top, HEIGHT, ceiling_of(largest * 1.04), margin);
    plot.draw(&mut svg, AxisUnit::Plain, labels);
    let width = (plot.step(labels.len()) * 0.62).min(54.0);
    for index in 0..labels.len() {
        let x = plot.x(index, labels.len());
        let mut below = 0.0;
        for (one, color) in series.iter().zip(PALETTE) {
            let figure = one.values.get(index).copied().flatten().map_or(0.0, drawn);
            if figure <= 0.0 {
                continue;
            }
            let (bottom, top) = (plot.y(below), plot.y(below + figure));
            // A hair of the plate parts what lies on one another.
            let height = (bottom - top - 1.0).max(0.6);
            svg.rectangle(x - width / 2.0, top, width, height, color, 1.5);
            below += figure;
        }
        if index + 1 == labels.len()
            && let Some(text) = last_text
        {
            svg.text(
                (plot.right + 4.0, plot.y(below) + 5.0),
                Anchor::Start,
                Ink::Strong,
                text,
            );
        }
    }
    svg.finish()
}
