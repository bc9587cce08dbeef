//! Reports as files, and the spreadsheet.

use crossfoot::config::ReportKind;
use crossfoot::report::{file_set, render};

use super::sample;

/// Goal: a file set stands on its own in a folder. Method: the HTML names its pictures by file, and
/// no `cid:` is left.
#[test]
fn html_in_a_folder_names_its_pictures() {
    let rendered = render(&sample::input(ReportKind::CollectionStatus)).unwrap();
    let files = file_set(&rendered, "collection-status", "2026-03");
    let html = files
        .iter()
        .find(|(name, _)| name == "collection-status-2026-03.html")
        .map(|(_, bytes)| String::from_utf8(bytes.clone()).unwrap())
        .unwrap();
    assert!(!html.contains("cid:"));
    let pictures: Vec<_> = files
        .iter()
        .filter(|(name, _)| name.contains(".png"))
        .collect();
    assert_eq!(pictures.len(), 2);
    for (name, _) in pictures {
        assert!(html.contains(&format!("src=\"{name}\"")));
    }
}

/// Goal: names from the outside make no paths. Method: a report named like one.
#[test]
fn file_names_are_no_paths() {
    let rendered = render(&sample::input(ReportKind::ResolutionTime)).unwrap();
    for (name, _) in file_set(&rendered, "../../etc/x", "2026/03") {
        assert!(!name.contains('/') && !name.contains(".."), "{name}");
    }
}

/// Goal: the spreadsheet is an xlsx with every sheet, and hostile names stay text. Method: its zip
/// directory lists the parts; formulas would need an `f` element, which the writer only makes for
/// formulas, and no part for links exists.
#[test]
fn the_spreadsheet_has_its_parts_and_no_links() {
    let mut input = sample::input(ReportKind::DiscrepancyRate);
    for item in &mut input.discrepancies {
        item.account_name = "=HYPERLINK(\"http://evil.example\")".to_owned();
    }
    let sheet = render(&input).unwrap().sheet.unwrap();
    assert_eq!(sheet.file_name, "discrepancy-rate-2026-03.xlsx");
    let text = String::from_utf8_lossy(&sheet.bytes);
    for number in 1..=6 {
        assert!(
            text.contains(&format!("xl/worksheets/sheet{number}.xml")),
            "{number}"
        );
    }
    assert!(!text.contains("externalLinks") && !text.contains("worksheets/_rels"));
    assert!(sheet.bytes.starts_with(b"PK"));
}
