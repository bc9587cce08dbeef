//! A writer of the little SVG that charts need.
#![expect(clippy::disallowed_types, reason = "charts draw with floats")]

use std::fmt::Write;

use super::{CHART_WIDTH, Drawing};

/// Where a text is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// The ink of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    /// For labels.
    Muted,
    /// For figures.
    Strong,
}

/// An SVG in the making, on a solid plate.
pub(super) struct Svg {
    body: String,
    height: u32,
}

/// The size of all letters, in pixels.
const LETTER: f64 = 14.0;

impl Svg {
    /// A plate of the charts' width.
    pub(super) fn new(height: u32) -> Self {
        let mut svg = Self {
            body: String::new(),
            height,
        };
        let (width, height) = (f64::from(CHART_WIDTH), f64::from(height));
        svg.rectangle(0.0, 0.0, width, height, "#f7f8fa", 0.0);
        svg
    }

    /// A filled rectangle with rounded corners.
    pub(super) fn rectangle(
        &mut self,
        x: f64,
        y: f64,
        width: f64,
        height: f64,
        fill: &str,
        radius: f64,
    ) {
        self.push(&format!(
            r#"<rect x="{x:.2}" y="{y:.2}" width="{width:.2}" height="{height:.2}" rx="{radius:.2}" fill="{fill}"/>"#
        ));
    }

    /// A straight line.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: &str, width: f64) {
        self.push(&format!(
            r#"<line x1="{:.2}" y1="{:.2}" x2="{:.2}" y2="{:.2}" stroke="{stroke}" stroke-width="{width:.2}"/>"#,
            from.0, from.1, to.0, to.1
        ));
    }

    /// A line through points.
    pub(super) fn path(&mut self, points: &[(f64, f64)], stroke: &str, is_dashed: bool) {
        let mut list = String::new();
        for (x, y) in points {
            // Writing to a string cannot fail.
            let _ = write!(list, "{x:.2},{y:.2} ");
        }
        let dash = if is_dashed {
            r#" stroke-dasharray="7 4""#
        } else {
            ""
        };
        self.push(&format!(
            r#"<polyline points="{}" fill="none" stroke="{stroke}" stroke-width="2.5" stroke-linejoin="round" stroke-linecap="round"{dash}/>"#,
            list.trim_end()
        ));
    }

    /// A dot with a rim of the plate's colour.
    pub(super) fn dot(&mut self, at: (f64, f64), radius: f64, fill: &str) {
        self.push(&format!(
            r##"<circle cx="{:.2}" cy="{:.2}" r="{radius:.2}" fill="{fill}" stroke="#f7f8fa" stroke-width="1.5"/>"##,
            at.0, at.1
        ));
    }

    /// A text on its base line.
    pub(super) fn text(&mut self, at: (f64, f64), anchor: Anchor, ink: Ink, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let (family, fill) = match ink {
            Ink::Muted => ("Inter", "#5b6675"),
            Ink::Strong => ("Inter SemiBold", "#1d2733"),
        };
        self.push(&format!(
            r#"<text x="{:.2}" y="{:.2}" text-anchor="{anchor}" font-family="{family}" font-size="{LETTER}" fill="{fill}">{}</text>"#,
            at.0,
            at.1,
            escaped(text)
        ));
    }

    /// The names of series with their colours, from `left` on; returns how many rows they took.
    pub(super) fn legend(&mut self, left: f64, top: f64, entries: &[(&str, &str)]) -> u32 {
        let right = f64::from(CHART_WIDTH) - 16.0;
        let (mut x, mut row) = (left, 0_u32);
        for (name, color) in entries {
            let width = 18.0 + text_width(name) + 20.0;
            if x + width - 20.0 > right && x > left {
                x = left;
                row += 1;
            }
            let y = top + f64::from(row) * 22.0;
            self.rectangle(x, y - 10.0, 12.0, 12.0, color, 2.0);
            self.text((x + 18.0, y), Anchor::Start, Ink::Muted, name);
            x += width;
        }
        row + 1
    }

    /// The drawing.
    pub(super) fn finish(self) -> Drawing {
        let (width, height) = (CHART_WIDTH, self.height);
        Drawing {
            svg: format!(
                r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">{}</svg>"#,
                self.body
            ),
            height,
        }
    }

    fn push(&mut self, element: &str) {
        self.body.push_str(element);
    }
}

/// About how wide a text is; good enough for a legend.
pub(super) fn text_width(text: &str) -> f64 {
    text.chars()
        .map(|letter| {
            if letter.is_ascii_lowercase() {
                7.6
            } else {
                8.8
            }
        })
        .sum()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
