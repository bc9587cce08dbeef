//! A report as files in a folder, for `report NAME --out DIR`.

use super::render::file_word;
use super::rendered::Rendered;

/// The files of a report: `NAME-PERIOD.html`, `.txt`, `.xlsx` and one `.png` for each chart, which
/// the HTML names by its file. The mail itself is composed elsewhere.
pub fn file_set(rendered: &Rendered, name: &str, period: &str) -> Vec<(String, Vec<u8>)> {
    let stem = format!("{}-{}", file_word(name), file_word(period));
    let mut html = rendered.html.clone();
    let mut files = Vec::new();
    for chart in &rendered.charts {
        let file_name = format!("{stem}-{}.png", chart.content_id);
        html = html.replace(
            &format!("src=\"cid:{}\"", chart.content_id),
            &format!("src=\"{file_name}\""),
        );
        files.push((file_name, chart.png.clone()));
    }
    if let Some(sheet) = &rendered.sheet {
        files.push((format!("{stem}.xlsx"), sheet.bytes.clone()));
    }
    files.push((format!("{stem}.html"), html.into_bytes()));
    files.push((format!("{stem}.txt"), rendered.text.clone().into_bytes()));
    files.sort();
    files
}
