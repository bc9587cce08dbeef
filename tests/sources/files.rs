//! The `files` source: what CONTRACT says of rows, headers and globs.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use crossfoot::canonical::Entity;
use crossfoot::config::SourceConfig;
use crossfoot::sources::{Seal, default_roles};
use jiff::tz::TimeZone;
use parquet::arrow::ArrowWriter;

use super::harness::{Desk, Pulled, now, pull};

fn config(files: &str) -> SourceConfig {
    toml::from_str(&format!("connector = 'files'\nrole = 'billing'\n{files}")).unwrap()
}

async fn pulled(desk: &Desk, files: &str, stream: &str) -> Pulled {
    desk.pull(&config(files), stream)
        .await
        .unwrap_or_else(|failure| panic!("{failure}"))
}

async fn fails(desk: &Desk, files: &str, stream: &str) -> (String, String) {
    let failure = desk
        .pull(&config(files), stream)
        .await
        .err()
        .expect("the pull must fail");
    (failure.code().to_owned(), failure.report())
}

#[tokio::test]
async fn a_csv_with_canonical_names_in_any_order() {
    // Goal: notes 1, 2 and 4. Method: a mark in front, quoted cells, blank cells, an unknown
    // column, dates where instants belong and the reverse, in a zone west of Greenwich.
    let mut desk = Desk::new();
    desk.zone = TimeZone::get("America/New_York").unwrap();
    desk.file(
        "c.csv",
        "\u{feff}sku,id,account_id,quantity,unit_price,currency,starts_on,ends_on,closed_on,colour\r\n\
         \"M365, BP\",k1,crm:a1,25,22.00,USD,2026-11-01,,2026-11-01T02:00:00Z,red\r\n\
         X,k2,a2,1,0.1,JPY,2026-11-01T12:30:00Z,2027-11-01,,\r\n",
    );
    let pulled = pulled(&desk, "files = { contracts = 'c.csv' }", "contracts").await;
    assert_eq!(pulled.report.seal, Seal::Sealed);
    assert_eq!(pulled.report.full_sweeps, [Entity::Contracts]);
    let one = pulled.one(Entity::Contracts, "k1");
    assert_eq!(
        (one.source(), one.text("sku")),
        ("billing", Some("M365, BP"))
    );
    assert_eq!(
        one.instant("starts_on").unwrap().to_string(),
        "2026-11-01T04:00:00Z"
    );
    assert_eq!(one.date("closed_on").unwrap().to_string(), "2026-10-31");
    assert_eq!(one.instant("updated_at"), Some(now()));
    assert!(!one.is_deleted());
    assert_eq!(
        (one.instant("ends_on"), one.text("frequency")),
        (None, None)
    );
    assert_eq!(
        one.raw.as_deref(),
        Some(
            r#"{"sku":"M365, BP","id":"k1","account_id":"crm:a1","quantity":"25","unit_price":"22.00","currency":"USD","starts_on":"2026-11-01","ends_on":"","closed_on":"2026-11-01T02:00:00Z","colour":"red"}"#
        )
    );
    let two = pulled.one(Entity::Contracts, "k2");
    assert_eq!(
        two.instant("starts_on").unwrap().to_string(),
        "2026-11-01T12:30:00Z"
    );
    assert_eq!(
        two.instant("ends_on").unwrap().to_string(),
        "2027-11-01T04:00:00Z"
    );
    assert_eq!(pulled.report.warnings.len(), 1);
    assert!(
        pulled.report.warnings[0].contains("c.csv")
            && pulled.report.warnings[0].ends_with(": colour")
    );
}

#[tokio::test]
async fn rows_that_do_not_fit_are_quarantined_alone() {
    // Goal: note 9. Method: bad rows between good ones; each keeps file, line, field, text, reason.
    let desk = Desk::new();
    desk.file(
        "drop/i.csv",
        b"id,number,account_id,issued_on,currency,total\n\
          i1,N1,a,2026-11-01,USD,10.005\n\
          i2,N2,a,2026-02-30,USD,1\n\
          i3,N3,a,2026-11-01,usd,1\n\
          i4,N4,a,2026-11-01,USD,\"1,234.56\"\n\
          i5,N5,,2026-11-01,USD,1\n\
          i6,N6,a,2026-11-01,USD\n\
          i7,\xff,a,2026-11-01,USD,1\n\
          i8,N8,a,2026-11-01,KWD,-1.250\n",
    );
    let pulled = pulled(&desk, "files = { invoices = 'drop/*.csv' }", "invoices").await;
    assert_eq!(pulled.ids(Entity::Invoices), ["i1", "i8"]);
    assert_eq!(
        pulled
            .one(Entity::Invoices, "i1")
            .decimal("total")
            .unwrap()
            .to_string(),
        "10.005"
    );
    let told: Vec<(&str, Option<&str>, &str, Option<&str>)> = pulled
        .rejects
        .iter()
        .map(|one| {
            (
                one.origin.as_str(),
                one.id.as_deref(),
                one.field.as_str(),
                one.text.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("drop/i.csv:3", Some("i2"), "issued_on", Some("2026-02-30")),
            ("drop/i.csv:4", Some("i3"), "currency", Some("usd")),
            ("drop/i.csv:5", Some("i4"), "total", Some("1,234.56")),
            ("drop/i.csv:6", Some("i5"), "account_id", None),
            ("drop/i.csv:7", None, "row", None),
            ("drop/i.csv:8", Some("i7"), "number", Some("\u{fffd}")),
        ]
    );
    assert_eq!(
        pulled.rejects[4].reason,
        "has 5 cells where the header has 6"
    );
    assert_eq!(
        pulled.rejects[4].raw,
        r#"["i6","N6","a","2026-11-01","USD"]"#
    );
    // The short row could be any id, so none is taken for gone this time.
    assert!(pulled.report.full_sweeps.is_empty());
}

#[tokio::test]
async fn a_file_that_ends_in_the_middle_of_a_row_is_not_sealed() {
    // Goal: a file that is still being copied is not all there is. Method: a table and lines without
    // their ends; the same with a last row that is whole and has no line end.
    let desk = Desk::new();
    for (name, cut, whole) in [
        ("p.csv", "id,sku\np1,S\np2", "id,sku\np1,S\np2,T"),
        (
            "p.jsonl",
            "{\"id\":\"p1\",\"sku\":\"S\"}\n{\"id\":\"p2\",\"sk",
            "{\"id\":\"p1\",\"sku\":\"S\"}\n{\"id\":\"p2\",\"sku\":\"T\"}",
        ),
    ] {
        let files = format!("files = {{ products = '{name}' }}");
        desk.file(name, cut);
        let half = pulled(&desk, &files, "products").await;
        assert_eq!(half.ids(Entity::Products), ["p1"]);
        assert_eq!(half.rejects.len(), 1);
        let Seal::Unsealed(why) = &half.report.seal else {
            panic!("{name} is sealed");
        };
        assert!(why.starts_with(name) && why.contains("at line"), "{why}");
        assert!(half.report.full_sweeps.is_empty());
        desk.file(name, whole);
        let all = pulled(&desk, &files, "products").await;
        assert_eq!(all.ids(Entity::Products), ["p1", "p2"]);
        assert_eq!(all.report.seal, Seal::Sealed);
    }
}

#[tokio::test]
async fn a_row_with_a_readable_id_does_not_stop_the_sweep() {
    // Goal: note 7 beside note 9. Method: one bad row that says which record it is.
    let desk = Desk::new();
    desk.file("p.csv", "id,sku,list_price\np1,S,1\np2,S,one\n");
    let pulled = pulled(&desk, "files = { products = 'p.csv' }", "products").await;
    assert_eq!(pulled.rejects[0].id.as_deref(), Some("p2"));
    assert_eq!(pulled.report.full_sweeps, [Entity::Products]);
}

#[tokio::test]
async fn what_fails_a_pull_names_file_field_and_cure() {
    // Goal: note 8. Method: no file, no header, a missing column, a quote that never closes, other
    // formats, a file that is none.
    let desk = Desk::new();
    let usage = "files = { usage = 'drop/u*.csv' }";
    let (code, report) = fails(&desk, usage, "usage").await;
    assert!(
        code == "XF-S017" && report.contains("`drop/u*.csv`"),
        "{report}"
    );
    desk.file("drop/u1.csv", "id,account_id,sku,quantity,starts_on\n");
    desk.file(
        "drop/u2.csv",
        "id,account_id,sku,Quantity,starts_on\nx,a,s,1,2026-11-01\n",
    );
    let (code, report) = fails(&desk, usage, "usage").await;
    assert!(
        code == "XF-S020" && report.contains("u2.csv") && report.contains("`quantity`"),
        "{report}"
    );
    assert!(
        report.contains("`usage.quantity`") && report.contains("the header has `Quantity`"),
        "{report}"
    );
    for (name, text, expected) in [
        ("empty.csv", "", "without a header"),
        (
            "open.csv",
            "id,sku\np1,\"never closed\np2,x\n",
            "never closes",
        ),
        ("twice.csv", "id,sku,id\n", "`id` twice"),
        (
            "page.jsonl",
            "<html>\n</html>\n",
            "no line is a JSON object",
        ),
        ("no.parquet", "PAR1 this is not", "Parquet"),
        ("book.xlsx", "PK", "it is no zip"),
        ("book.ods", "PK", ".parquet or .xlsx"),
    ] {
        desk.file(name, text);
        let (code, report) = fails(
            &desk,
            &format!("files = {{ products = '{name}' }}"),
            "products",
        )
        .await;
        assert!(
            code == "XF-S019" && report.contains(name) && report.contains(expected),
            "{report}"
        );
    }
}

#[tokio::test]
async fn a_header_without_rows_is_a_success() {
    // Goal: note 8's other half. Method: a CSV of a header, and an empty JSONL.
    let desk = Desk::new();
    desk.file("a.csv", "id,sku\n");
    desk.file("b.jsonl", "");
    let pulled = pulled(
        &desk,
        "files = { products = ['a.csv', 'b.jsonl'] }",
        "products",
    )
    .await;
    assert_eq!(
        (pulled.records.len(), &pulled.report.seal),
        (0, &Seal::Sealed)
    );
    assert_eq!(pulled.report.full_sweeps, [Entity::Products]);
}

#[tokio::test]
async fn a_role_is_required() {
    // Goal: note 10. Method: a source without one.
    let desk = Desk::new();
    let config: SourceConfig =
        toml::from_str("connector = 'files'\nfiles = { usage = 'u.csv' }").unwrap();
    assert_eq!(desk.open(&config).err().unwrap().code(), "XF-S024");
    assert_eq!(
        default_roles(&config, desk.path()).err().unwrap().code(),
        "XF-S024"
    );
}

#[tokio::test]
async fn a_foreign_header_is_mapped_and_one_file_feeds_two_entities() {
    // Goal: note 87. Method: an accounting export with names of its own and American dates.
    let desk = Desk::new();
    desk.file(
        "export.csv",
        "invoiceNumber,InvoiceDate,Due.Date,customerID,InvoiceAmount,Disputed\n\
         611365,1/2/2013,2/1/2013,0379-NEVHP,55.94,No\n\
         7900770,1/26/2013,2/25/2013,8976-AMJEO,-61.74,Yes\n",
    );
    let toml = r#"
        files = { invoices = "export.csv", accounts = "export.csv" }
        [map.invoices]
        id = "invoiceNumber"
        number = "invoiceNumber"
        kind = { from = "Disputed", cases = { No = "invoice", Yes = "credit_memo" } }
        account_id = "customerID"
        issued_on = { from = "InvoiceDate", format = "%m/%d/%Y" }
        due_on = { from = "Due.Date", format = "%m/%d/%Y", add_days = 1 }
        currency = { value = "USD" }
        total = "InvoiceAmount"
        [map.accounts]
        id = "customerID"
        name = "customerID"
    "#;
    let invoices = pulled(&desk, toml, "invoices").await;
    let one = invoices.one(Entity::Invoices, "611365");
    assert_eq!(one.date("issued_on").unwrap().to_string(), "2013-01-02");
    assert_eq!(one.date("due_on").unwrap().to_string(), "2013-02-02");
    assert_eq!(
        (one.text("currency"), one.text("kind")),
        (Some("USD"), Some("invoice"))
    );
    assert_eq!(
        invoices.one(Entity::Invoices, "7900770").text("kind"),
        Some("credit_memo")
    );
    let accounts = pulled(&desk, toml, "accounts").await;
    assert_eq!(accounts.ids(Entity::Accounts), ["0379-NEVHP", "8976-AMJEO"]);
    desk.file(
        "export.csv",
        "invoiceNumber,InvoiceDat,Due.Date,customerID,InvoiceAmount,Disputed\n",
    );
    let (code, report) = fails(&desk, toml, "invoices").await;
    assert!(
        code == "XF-S020" && report.contains("the header has `InvoiceDat`"),
        "{report}"
    );
}

#[tokio::test]
async fn json_lines_keep_their_numbers_and_lists() {
    // Goal: JSONL. Method: numbers as numbers, a list, a broken line, a null, an unknown key.
    let desk = Desk::new();
    desk.file(
        "a.jsonl",
        "{\"id\":7,\"name\":\"A\",\"linked_ids\":[\"billing:1\",\"billing:2\"],\"vip\":true}\n\
         {\"id\":\"8\",\"name\":\n\
         {\"id\":\"9\",\"name\":null}\n\
         {\"id\":\"10\",\"name\":\"B\",\"linked_ids\":\"x;y\",\"deleted\":true}\n",
    );
    let pulled = pulled(&desk, "files = { accounts = 'a.jsonl' }", "accounts").await;
    assert_eq!(pulled.ids(Entity::Accounts), ["7", "10"]);
    assert_eq!(
        pulled.one(Entity::Accounts, "7").list("linked_ids"),
        ["billing:1", "billing:2"]
    );
    let gone = pulled.one(Entity::Accounts, "10");
    assert!(gone.is_deleted() && gone.list("linked_ids") == ["x", "y"]);
    let origins: Vec<&str> = pulled
        .rejects
        .iter()
        .map(|one| one.origin.as_str())
        .collect();
    assert_eq!(origins, ["a.jsonl:2", "a.jsonl:3"]);
    assert_eq!(pulled.rejects[0].raw, "{\"id\":\"8\",\"name\":");
    assert!(
        pulled
            .report
            .warnings
            .iter()
            .any(|text| text.ends_with("only: vip"))
    );
}

#[tokio::test]
async fn parquet_of_other_programs() {
    // Goal: typed columns of every useful kind. Method: a file written here with decimals, floats,
    // integers, dates and instants; an instant without a zone is a date only at midnight.
    let desk = Desk::new();
    let decimals = Decimal128Array::from(vec![Some(2_200_i128), None])
        .with_precision_and_scale(12, 2)
        .unwrap();
    let day: i64 = 86_400_000_000;
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from(vec![1, 2]))),
        ("account_id", Arc::new(StringArray::from(vec!["a", "b"]))),
        ("sku", Arc::new(StringArray::from(vec!["s", "s"]))),
        ("quantity", Arc::new(Float64Array::from(vec![0.1, 22.0]))),
        (
            "starts_on",
            Arc::new(TimestampMicrosecondArray::from(vec![day, day + 1])),
        ),
        ("ends_on", Arc::new(Date32Array::from(vec![31, 31]))),
        (
            "updated_at",
            Arc::new(TimestampMicrosecondArray::from(vec![day, day]).with_timezone("UTC")),
        ),
        ("price", Arc::new(decimals)),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    desk.file("u.parquet", bytes);
    let pulled = pulled(&desk, "files = { usage = 'u.parquet' }", "usage").await;
    let one = pulled.one(Entity::Usage, "1");
    assert_eq!(one.decimal("quantity").unwrap().to_string(), "0.1");
    assert_eq!(
        one.instant("starts_on").unwrap().to_string(),
        "1970-01-02T00:00:00Z"
    );
    assert_eq!(
        one.instant("ends_on").unwrap().to_string(),
        "1970-02-01T00:00:00Z"
    );
    assert_eq!(
        one.instant("updated_at").unwrap().to_string(),
        "1970-01-02T00:00:00Z"
    );
    assert!(one.raw.as_deref().unwrap().contains("\"price\":22.00"));
    assert_eq!(pulled.rejects.len(), 1);
    assert_eq!(
        (
            pulled.rejects[0].origin.as_str(),
            pulled.rejects[0].field.as_str()
        ),
        ("u.parquet:2", "starts_on")
    );
}

#[tokio::test]
async fn many_rows_travel_in_pages() {
    // Goal: memory is bounded by the page, not by the file. Method: 20,000 rows over two files, and
    // a receiver that holds two pages at most.
    let desk = Desk::new();
    for part in 0..2 {
        let rows: Vec<String> = (0..10_000)
            .map(|row| format!("{part}-{row},a,s,1,2026-11-01"))
            .collect();
        let text = format!(
            "id,account_id,sku,quantity,starts_on\n{}\n",
            rows.join("\n")
        );
        desk.file(&format!("drop/u{part}.csv"), text);
    }
    let pulled = pulled(&desk, "files = { usage = 'drop/u*.csv' }", "usage").await;
    assert_eq!(pulled.page_sizes, [8_192, 8_192, 3_616]);
    assert_eq!(pulled.report.page_count, 3);
    assert_eq!(pulled.records.len(), 20_000);
}

#[tokio::test]
async fn a_pull_whose_receiver_is_gone_stops() {
    // Goal: a job that gives up does not leave a reader behind. Method: drop the receiver.
    let desk = Desk::new();
    desk.file("p.csv", "id,sku\np1,S\n");
    let source = desk
        .open(&config("files = { products = 'p.csv' }"))
        .unwrap();
    let request = crossfoot::sources::PullRequest {
        stream: "products".into(),
        cursor: None,
        full: false,
        now: now(),
    };
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    drop(receiver);
    assert_eq!(
        source.pull(request, sender).await.err().unwrap().code(),
        "XF-S023"
    );
    let unknown = pull(source.as_ref(), "invoices", None, false)
        .await
        .err()
        .unwrap();
    assert_eq!(unknown.code(), "XF-S021");
}
