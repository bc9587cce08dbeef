//! The pictures.

use crossfoot::config::ReportKind;
use crossfoot::report::render;

use super::sample;

/// Goal: pictures are twice as wide as shown, and have a solid plate. Method: read the PNG's head,
/// and see that different figures give different pictures.
#[test]
fn pictures_have_twice_their_size() {
    let mut input = sample::input(ReportKind::DiscrepancyRate);
    let rendered = render(&input).unwrap();
    assert_eq!(rendered.charts.len(), 2);
    for chart in &rendered.charts {
        assert_eq!(&chart.png[..8], b"\x89PNG\r\n\x1a\n");
        let width = u32::from_be_bytes(chart.png[16..20].try_into().unwrap());
        assert_eq!(width, 1184);
    }
    input.kpi.discrepancy.count_rate = Some(sample::decimal("0.05"));
    let other = render(&input).unwrap();
    assert_ne!(rendered.charts[0].png, other.charts[0].png);
    assert_eq!(rendered.charts[1].png, other.charts[1].png);
}

/// Goal: letters are really drawn: the fonts in the binary are found. Method: a picture with text is
/// larger than the same one whose labels are blank would be; a chart of the backlog shows names, so
/// its picture must hold many distinct rows of pixels. The PNG of a bare plate is under 4 kB.
#[test]
fn letters_are_drawn() {
    let rendered = render(&sample::input(ReportKind::ResolutionTime)).unwrap();
    for chart in &rendered.charts {
        assert!(
            chart.png.len() > 8_000,
            "{}: {}",
            chart.content_id,
            chart.png.len()
        );
    }
}
