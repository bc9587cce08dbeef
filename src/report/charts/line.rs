//! Lines over periods.
#![expect(clippy::disallowed_types, reason = "charts draw with floats")]

use super::axis::{Plot, ceiling_of, drawn};
use super::svg::{Anchor, Ink, Svg, text_width};
use super::{AxisUnit, Drawing, PALETTE, PeriodLabel, Series};

const HEIGHT: u32 = 250;
/// The least distance between two lines of text.
const LINE: f64 = 17.0;

/// Lines over periods, each with its figure at the last point. A period without a figure breaks
/// the line; it is not drawn as zero.
pub(in crate::report) fn draw_lines(
    labels: &[PeriodLabel],
    unit: AxisUnit,
    series: &[Series],
) -> Drawing {
    let mut svg = Svg::new(HEIGHT);
    let entries: Vec<_> = series
        .iter()
        .zip(PALETTE)
        .map(|(one, color)| (one.name.as_str(), color))
        .collect();
    let legend_rows = svg.legend(16.0, 24.0, &entries);
    let largest = series
        .iter()
        .flat_map(|one| one.values.iter().flatten())
        .map(|figure| drawn(*figure))
        .fold(0.0, f64::max);
    let top = 32.0 + f64::from(legend_rows) * 22.0;
    let margin = series
        .iter()
        .filter_map(|one| one.last_text.as_deref())
        .map(text_width)
        .fold(0.0, f64::max);
    let plot = Plot::new(top, HEIGHT, ceiling_of(largest * 1.04), 14.0 + margin);
    plot.draw(&mut svg, unit, labels);
    for (index, (one, color)) in series.iter().zip(PALETTE).enumerate() {
        draw_line(&mut svg, &plot, one, color, index > 0);
    }
    draw_last_texts(&mut svg, &plot, series);
    svg.finish()
}

fn points_of(plot: &Plot, one: &Series) -> Vec<Option<(f64, f64)>> {
    one.values
        .iter()
        .enumerate()
        .map(|(index, figure)| {
            figure.map(|figure| (plot.x(index, one.values.len()), plot.y(drawn(figure))))
        })
        .collect()
}

fn draw_line(svg: &mut Svg, plot: &Plot, one: &Series, color: &str, is_dashed: bool) {
    let points = points_of(plot, one);
    for stretch in points.split(Option::is_none) {
        let stretch: Vec<_> = stretch.iter().flatten().copied().collect();
        if stretch.len() > 1 {
            svg.path(&stretch, color, is_dashed);
        }
    }
    for point in points.into_iter().flatten() {
        svg.dot(point, 4.0, color);
    }
}

// Figures stand to the right of their points, pushed apart where they would meet.
fn draw_last_texts(svg: &mut Svg, plot: &Plot, series: &[Series]) {
    let mut lasts: Vec<(f64, &str)> = series
        .iter()
        .filter_map(|one| {
            let (_, y) = points_of(plot, one).last().copied().flatten()?;
            Some((y, one.last_text.as_deref()?))
        })
        .collect();
    lasts.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut lowest = f64::MIN;
    for (y, text) in lasts {
        let y = y.max(lowest + LINE);
        lowest = y;
        svg.text(
            (plot.right + 4.0, y + 5.0),
            Anchor::Start,
            Ink::Strong,
            text,
        );
    }
}
