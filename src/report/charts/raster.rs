//! From SVG to PNG, with the fonts that are in the binary and no others.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use super::{CHART_WIDTH, Drawing};
use crate::report::ReportError;

const REGULAR: &[u8] = include_bytes!("../assets/Inter-Regular.ttf");
const SEMI_BOLD: &[u8] = include_bytes!("../assets/Inter-SemiBold.ttf");

/// Pixels of the picture for each pixel that it is shown at.
const DENSITY: u32 = 2;

/// The picture at twice the size that it is shown at. The same drawing gives the same bytes.
pub(in crate::report) fn to_png(drawing: &Drawing) -> Result<Vec<u8>, ReportError> {
    let mut options = Options {
        font_family: "Inter".to_owned(),
        ..Options::default()
    };
    let fonts = options.fontdb_mut();
    fonts.load_font_data(REGULAR.to_vec());
    fonts.load_font_data(SEMI_BOLD.to_vec());
    let tree = Tree::from_str(&drawing.svg, &options).map_err(|cause| ReportError::Chart {
        reason: cause.to_string(),
    })?;
    let mut picture =
        Pixmap::new(CHART_WIDTH * DENSITY, drawing.height * DENSITY).ok_or_else(|| {
            ReportError::Chart {
                reason: "it has no size".to_owned(),
            }
        })?;
    let scale = 2.0_f32;
    resvg::render(
        &tree,
        Transform::from_scale(scale, scale),
        &mut picture.as_mut(),
    );
    picture.encode_png().map_err(|cause| ReportError::Chart {
        reason: cause.to_string(),
    })
}
