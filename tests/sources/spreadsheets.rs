//! Spreadsheets as a source.

use std::io::{Cursor, Write};

use crossfoot::canonical::Entity;
use crossfoot::config::SourceConfig;
use jiff::tz::TimeZone;
use rust_xlsxwriter::{Format, Formula, Workbook};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::harness::{Desk, Pulled};

fn config(files: &str) -> SourceConfig {
    toml::from_str(&format!("connector = 'files'\nrole = 'billing'\n{files}")).unwrap()
}

async fn pulled(desk: &Desk, files: &str, stream: &str) -> Pulled {
    desk.pull(&config(files), stream)
        .await
        .unwrap_or_else(|failure| panic!("{}", failure.report()))
}

/// A workbook of one sheet, with the sheet's rows and the workbook's properties as they stand in
/// the files.
fn raw(rows: &str, properties: &str) -> Vec<u8> {
    let parts = [
        (
            "_rels/.rels",
            r#"<Relationships><Relationship Id="a" Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>"#.to_owned(),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            r#"<Relationships><Relationship Id="b" Type="x/worksheet" Target="/xl/worksheets/sheet1.xml"/></Relationships>"#.to_owned(),
        ),
        (
            "xl/workbook.xml",
            format!(r#"<workbook xmlns:r="r"><workbookPr {properties}/><sheets><sheet name="Only" sheetId="1" r:id="b"/></sheets></workbook>"#),
        ),
        (
            "xl/styles.xml",
            r#"<styleSheet><numFmts><numFmt numFmtId="170" formatCode="dd\.mm\.yyyy"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/></cellXfs></styleSheet>"#.to_owned(),
        ),
        (
            "xl/sharedStrings.xml",
            "<sst><si><t>USD</t></si><si><r><t>N</t></r><r><t>1</t></r><rPh><t>x</t></rPh></si></sst>".to_owned(),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!("<worksheet><sheetData>{rows}</sheetData></worksheet>"),
        ),
    ];
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        writer
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const HEADER: &str = "<row r='1'><c t='inlineStr'><is><t>id</t></is></c>\
    <c t='inlineStr'><is><t>number</t></is></c><c t='inlineStr'><is><t>account_id</t></is></c>\
    <c t='inlineStr'><is><t>issued_on</t></is></c><c t='inlineStr'><is><t>currency</t></is></c>\
    <c t='inlineStr'><is><t>total</t></is></c><c t='inlineStr'><is><t>note</t></is></c></row>";

#[tokio::test]
async fn a_workbook_of_a_spreadsheet_program() {
    // Goal: the sheet that is named, with typed cells. Method: a workbook of two sheets with
    // dates, instants, booleans, a formula with its value, blank rows and a blank cell.
    let mut desk = Desk::new();
    desk.zone = TimeZone::get("America/New_York").unwrap();
    let mut book = Workbook::new();
    book.add_worksheet().write_string(0, 0, "read me").unwrap();
    let sheet = book.add_worksheet().set_name("Open items").unwrap();
    for (column, name) in (0..).zip([
        "id",
        "account_id",
        "sku",
        "quantity",
        "unit_price",
        "currency",
        "starts_on",
        "closed_on",
        "deleted",
    ]) {
        sheet.write_string(0, column, name).unwrap();
    }
    let date = Format::new().set_num_format("yyyy-mm-dd");
    let moment = Format::new().set_num_format("dd/mm/yyyy hh:mm");
    sheet.write_number(2, 0, 1001).unwrap();
    sheet.write_string(2, 1, "crm:a1").unwrap();
    sheet.write_string(2, 2, "M365 & more").unwrap();
    sheet
        .write_formula(2, 3, Formula::new("=20+5").set_result("25"))
        .unwrap();
    sheet.write_number(2, 4, 0.1 + 0.2).unwrap();
    sheet.write_string(2, 5, "USD").unwrap();
    sheet
        .write_number_with_format(2, 6, 46_327.520_833_333_336, &moment)
        .unwrap();
    sheet.write_number_with_format(2, 7, 46_327, &date).unwrap();
    sheet.write_boolean(2, 8, false).unwrap();
    desk.file("book.xlsx", book.save_to_buffer().unwrap());
    let files = "files = { contracts = 'book.xlsx' }\nsheets = { contracts = 'Open items' }";
    let pulled = pulled(&desk, files, "contracts").await;
    let one = pulled.one(Entity::Contracts, "1001");
    assert_eq!(one.text("sku"), Some("M365 & more"));
    assert_eq!(one.decimal("quantity").unwrap().to_string(), "25");
    assert_eq!(one.decimal("unit_price").unwrap().to_string(), "0.3");
    assert_eq!(
        one.instant("starts_on").unwrap().to_string(),
        "2026-11-01T17:30:00Z"
    );
    assert_eq!(one.date("closed_on").unwrap().to_string(), "2026-11-01");
    assert!(!one.is_deleted());
    assert!(pulled.rejects.is_empty());
}

#[tokio::test]
async fn cells_are_taken_from_their_own_text() {
    // Goal: no digit is lost or gained, and what is no value is quarantined alone. Method: the
    // texts as they stand in the file: noise of a double, digits past a double, an error in a
    // column that is read and in one that is not, a value beside the header, 29 February 1900.
    let desk = Desk::new();
    let rows = format!(
        "{HEADER}\
         <row r='2'><c r='A2'><v>1</v></c><c r='B2' t='s'><v>1</v></c><c r='C2'><v>7.0</v></c>\
         <c r='D2' s='1'><v>46327</v></c><c r='E2' t='s'><v>0</v></c>\
         <c r='F2'><v>12.300000000000001</v></c></row>\
         <row r='4'><c r='A4'><v>9007199254740993</v></c><c r='B4' t='str'><v>N2</v></c>\
         <c r='C4' t='str'><v>a</v></c><c r='D4' s='2'><v>46328</v></c><c r='E4' t='s'><v>0</v></c>\
         <c r='F4'><v>9007199254740993</v></c><c r='G4' t='e'><v>#REF!</v></c></row>\
         <row r='5'><c r='A5'><v>3</v></c><c r='B5' t='str'><v>N3</v></c>\
         <c r='C5' t='str'><v>a</v></c><c r='D5' s='2'><v>46328</v></c><c r='E5' t='s'><v>0</v></c>\
         <c r='F5' t='e'><v>#N/A</v></c></row>\
         <row r='6'><c r='A6'><v>4</v></c><c r='AB6'><v>1</v></c></row>\
         <row r='7'><c r='A7'><v>5</v></c><c r='B7' t='str'><v>N5</v></c>\
         <c r='C7' t='str'><v>a</v></c><c r='D7' s='2'><v>60</v></c><c r='E7' t='s'><v>0</v></c>\
         <c r='F7'><v>1</v></c></row>"
    );
    desk.file("i.xlsx", raw(&rows, ""));
    let pulled = pulled(&desk, "files = { invoices = 'i.xlsx' }", "invoices").await;
    assert_eq!(pulled.ids(Entity::Invoices), ["1", "9007199254740993"]);
    let one = pulled.one(Entity::Invoices, "1");
    assert_eq!(
        (one.text("number"), one.text("account_id")),
        (Some("N1"), Some("7"))
    );
    assert_eq!(one.decimal("total").unwrap().to_string(), "12.3");
    assert_eq!(one.date("issued_on").unwrap().to_string(), "2026-11-01");
    let two = pulled.one(Entity::Invoices, "9007199254740993");
    assert_eq!(
        two.decimal("total").unwrap().to_string(),
        "9007199254740993"
    );
    let told: Vec<_> = pulled
        .rejects
        .iter()
        .map(|one| {
            let (id, text) = (one.id.as_deref(), one.text.as_deref());
            (one.origin.as_str(), id, one.field.as_str(), text)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("i.xlsx:5", Some("3"), "total", Some("#N/A")),
            ("i.xlsx:6", None, "row", None),
            ("i.xlsx:7", Some("5"), "issued_on", Some("60")),
        ]
    );
    assert!(pulled.rejects[1].reason.contains("column AB"));
}

#[tokio::test]
async fn days_may_count_from_1904() {
    let desk = Desk::new();
    let rows = format!(
        "{HEADER}<row r='2'><c r='A2'><v>1</v></c><c r='B2' t='s'><v>1</v></c><c r='C2'><v>7</v></c>\
         <c r='D2' s='1'><v>44865</v></c><c r='E2' t='s'><v>0</v></c><c r='F2'><v>1</v></c></row>"
    );
    desk.file("i.xlsx", raw(&rows, "date1904='1'"));
    let pulled = pulled(&desk, "files = { invoices = 'i.xlsx' }", "invoices").await;
    let one = pulled.one(Entity::Invoices, "1");
    assert_eq!(one.date("issued_on").unwrap().to_string(), "2026-11-01");
}

#[tokio::test]
async fn what_is_no_spreadsheet_fails_the_source() {
    // Goal: a file that cannot be read is told, not half read. Method: a sheet that is not there, a
    // missing column, XML that ends, a part that unpacks to more than a page, a damaged file.
    let desk = Desk::new();
    let fails = async |config: SourceConfig| {
        let failure = desk.pull(&config, "invoices").await.err().unwrap();
        format!("{} {}", failure.code(), failure.report())
    };
    let files = "files = { invoices = 'i.xlsx' }";
    desk.file("i.xlsx", raw(HEADER, ""));
    let told = fails(config(&format!("{files}\nsheets = {{ invoices = 'Mai' }}"))).await;
    assert!(
        told.contains("XF-S019") && told.contains("`Mai`") && told.contains("`Only`"),
        "{told}"
    );
    desk.file(
        "i.xlsx",
        raw("<row><c t='inlineStr'><is><t>id</t></is></c></row>", ""),
    );
    let told = fails(config(files)).await;
    assert!(
        told.contains("XF-S020") && told.contains("`number`"),
        "{told}"
    );
    desk.file("i.xlsx", raw(&format!("{HEADER}<row><c>"), ""));
    let told = fails(config(files)).await;
    assert!(
        told.contains("XF-S019") && told.contains("no XML"),
        "{told}"
    );
    desk.file(
        "i.xlsx",
        raw(&format!("{HEADER}<row>{}</row>", " ".repeat(9 << 20)), ""),
    );
    let mut small = config(files);
    small.limits.page_bytes = crossfoot::config::ByteSize(1 << 20);
    let told = fails(small).await;
    assert!(
        told.contains("XF-S014") && told.contains("page_bytes"),
        "{told}"
    );
    let mut cut = raw(HEADER, "");
    cut.truncate(cut.len() / 2);
    desk.file("i.xlsx", cut);
    let told = fails(config(files)).await;
    assert!(
        told.contains("XF-S019") && told.contains("it is no zip"),
        "{told}"
    );
}
