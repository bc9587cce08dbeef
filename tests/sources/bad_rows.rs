//! Rows of an export or a table that cannot be read: they are quarantined alone, and nothing that is
//! missing is taken for one of them.

use crossfoot::canonical::Entity;
use crossfoot::sources::Seal;
use wiremock::{MockServer, ResponseTemplate};

use super::export_files::DATA_QUERY;
use super::exports::{HEADER, config_of, example};
use super::harness::{Desk, Pulled, SINGLE, TOKEN, connector, json, server, status};

/// The ledger of the README's example: an export that is ready at once, in one part.
async fn ledger(rows: impl Into<Vec<u8>>, counted: usize) -> MockServer {
    let body = [HEADER.as_bytes(), &rows.into()].concat();
    server(move |request| {
        let state = || {
            json(format!(
                r#"{{"export":{{"id":"e1","state":"ready","rows":{counted}}}}}"#
            ))
        };
        match (request.method.as_str(), request.url.path()) {
            ("POST", "/exports") | ("GET", "/exports/e1") => state(),
            ("GET", "/exports/e1/rows") => ResponseTemplate::new(200)
                .insert_header("X-Rows", counted.to_string())
                .set_body_raw(body.clone(), "text/csv"),
            ("DELETE", "/exports/e1") => status(204),
            _ => status(404),
        }
    })
    .await
}

async fn pulled_of(rows: impl Into<Vec<u8>>, counted: usize) -> Pulled {
    let desk = Desk::new();
    let server = ledger(rows, counted).await;
    let config = config_of(&desk, &server, &example());
    desk.pull(&config, "invoices").await.unwrap()
}

/// Where it stood, its id, field, text and reason.
type Told<'p> = (&'p str, Option<&'p str>, &'p str, Option<&'p str>, &'p str);

fn told(pulled: &Pulled) -> Vec<Told<'_>> {
    let rejects = pulled.rejects.iter();
    rejects
        .map(|one| {
            (
                one.origin.as_str(),
                one.id.as_deref(),
                one.field.as_str(),
                one.text.as_deref(),
                one.reason.as_str(),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_quarantined_alone() {
    // Goal: one broken row costs one row, and every row that the vendor counts is landed or quarantined.
    // Method: an export of five rows, of which one lacks a cell and one has a cell in another encoding.
    let rows = b"EUR,c1,2026-11-01,i1,INV-1,10.01\n\
                 EUR,c1,2026-11-02,INV-2,0.10\n\
                 EUR,c\xe9,2026-11-03,i3,INV-3,3\n\
                 EUR,c1,2026-11-04,i4,INV-4,\"4,00\"\n\
                 EUR,c1,2026-11-05,i5,INV-5,5.00\n";
    let pulled = pulled_of(*rows, 5).await;
    assert_eq!(pulled.ids(Entity::Invoices), ["i1", "i5"]);
    assert_eq!(
        told(&pulled),
        [
            (
                "stream invoices, page 1, record 2",
                Some("i4"),
                "total",
                Some("4,00"),
                "is no decimal number"
            ),
            (
                "stream invoices, part 1, line 3",
                None,
                "row",
                None,
                "has 5 cells where the header has 6"
            ),
            (
                "stream invoices, part 1, line 4",
                Some("i3"),
                "account_id",
                Some("c\u{fffd}"),
                "is no UTF-8 text in `customer`"
            ),
        ]
    );
    assert_eq!(
        pulled.rejects[1].raw,
        r#"["EUR","c1","2026-11-02","INV-2","0.10"]"#
    );
    let report = &pulled.report;
    assert_eq!(report.seal, Seal::Sealed);
    assert_eq!(
        (report.reported_rows, report.listed_rows),
        (Some(5), Some(5))
    );
    assert_eq!(pulled.records.len() + pulled.rejects.len(), 5);
    // The short row could be any invoice, so that none is taken for gone.
    assert!(report.full_sweeps.is_empty());
}

#[tokio::test]
async fn a_row_that_says_which_record_it_is_does_not_stop_the_sweep() {
    // Goal: a cell of another encoding hides no id but its own. Method: one bad number, then one bad id.
    let number = b"EUR,c1,2026-11-01,i1,INV-\xe9,10.01\n";
    let pulled = pulled_of(*number, 1).await;
    assert_eq!(pulled.rejects[0].id.as_deref(), Some("i1"));
    assert_eq!(pulled.report.full_sweeps, [Entity::Invoices]);
    let id = b"EUR,c1,2026-11-01,i\xe9,INV-1,10.01\n";
    let pulled = pulled_of(*id, 1).await;
    assert_eq!(pulled.rejects[0].id, None);
    assert_eq!(pulled.rejects[0].field, "id");
    assert!(pulled.report.full_sweeps.is_empty());
}

#[tokio::test]
async fn an_export_that_is_cut_off_is_never_fewer_rows() {
    // Goal: a bad row is no excuse for one that did not come. Method: an export whose last row is cut,
    // one whose last row is missing, and one that has a bad row and lacks another.
    let whole = "EUR,c1,2026-11-01,i1,INV-1,10.01\n";
    for cut in ["EUR,c1,2026-11-02,i2", "EUR,c1,\"2026-11"] {
        let desk = Desk::new();
        let server = ledger(format!("{whole}{cut}"), 2).await;
        let config = config_of(&desk, &server, &example());
        let line = desk.pull(&config, "invoices").await.err().unwrap().line();
        assert!(line.starts_with("XF-S031"), "{line}");
        assert!(
            line.contains("in the middle of the row at line 3") || line.contains("never closes"),
            "{line}"
        );
    }
    for (rows, came) in [(whole.to_owned(), 1), (format!("{whole}EUR,c1\n"), 2)] {
        let pulled = pulled_of(rows, 3).await;
        let Seal::Unsealed(why) = &pulled.report.seal else {
            panic!("it is sealed");
        };
        assert!(why.contains("counts 3 rows"), "{why}");
        assert!(why.contains(&format!("and {came} came")), "{why}");
        assert_eq!(pulled.report.reported_rows, Some(3));
        assert_eq!(pulled.report.listed_rows, Some(came));
        assert!(pulled.report.cursor.is_none() && pulled.report.full_sweeps.is_empty());
    }
}

#[tokio::test]
async fn a_broken_line_is_quarantined_alone() {
    // Goal: the same of JSON Lines. Method: Data Query with a broken line, one with a value in another
    // encoding, and one that is no object; then a page of HTML, which is no lines at all, and a last
    // line that is cut.
    let query = |body: &'static [u8]| {
        server(move |request| match request.url.path() {
            "/query/jobs" => json(r#"{"data":{"id":"dq1","queryStatus":"accepted"}}"#),
            "/query/jobs/dq1" => json(
                r#"{"data":{"id":"dq1","queryStatus":"completed","outputRows":5,
                    "dataFile":"https://owl.s3.amazonaws.com/dq1.jsonl"}}"#,
            ),
            _ => ResponseTemplate::new(200).set_body_raw(body, "application/octet-stream"),
        })
    };
    let desk = Desk::new();
    let lines =
        b"{\"id\":\"1\",\"sku\":\"a\"}\n{\"id\":\"2\",\"sku\":\n{\"id\":\"3\",\"sku\":\"\xe9\"}\n\
                  [4]\n{\"id\":\"5\",\"sku\":\"e\"}\n";
    let server = query(lines).await;
    let config = desk.api(&server.uri(), DATA_QUERY, TOKEN);
    let pulled = desk.pull(&config, "products").await.unwrap();
    assert_eq!(pulled.ids(Entity::Products), ["1", "5"]);
    assert_eq!(
        told(&pulled),
        [
            (
                "stream products, part 1, line 2",
                None,
                "row",
                None,
                "is no JSON at byte 16"
            ),
            (
                "stream products, part 1, line 3",
                Some("3"),
                "sku",
                Some("\u{fffd}"),
                "is no UTF-8 text in `sku`"
            ),
            (
                "stream products, part 1, line 4",
                None,
                "row",
                None,
                "is a list, not an object"
            ),
        ]
    );
    assert_eq!(pulled.report.seal, Seal::Sealed);
    assert_eq!(pulled.report.listed_rows, Some(5));

    for (body, expected) in [
        (&b"<html>\n<p>no\n"[..], "no line is a JSON object"),
        (
            b"{\"id\":\"1\",\"sku\":\"a\"}\n{\"id\":\"2",
            "in the middle",
        ),
    ] {
        let server = query(body).await;
        let config = desk.api(&server.uri(), DATA_QUERY, TOKEN);
        let line = desk.pull(&config, "products").await.err().unwrap().line();
        assert!(line.contains(expected), "{line}");
    }
}

#[tokio::test]
async fn a_tombstone_that_cannot_be_read_is_missed() {
    // Goal: nothing lands of a list of what is gone, so a bad row of it leaves the pull unproven. Method:
    // such a list as a table, with a good row and a bad one.
    let desk = Desk::new();
    let server = server(|request| match request.url.path() {
        "/gone" => ResponseTemplate::new(200).set_body_raw("id\n7\n8,9\n", "text/csv"),
        _ => json("{\"data\":[]}"),
    })
    .await;
    let text = connector(SINGLE)
        + "[stream.incremental]\nparameter = 'since'\nformat = 'rfc3339'\noverlap = '10m'\n\
           [[stream.list]]\npass = 'deleted'\nrequest = { path = '/gone' }\nformat = 'csv'\n\
           paginate = { kind = 'single' }\n\
           [[stream.list.feed]]\nentity = 'products'\nmap = { id = 'id' }\n";
    let config = desk.api(&server.uri(), &text, TOKEN);
    let source = desk.open(&config).unwrap();
    let cursor = super::harness::cursor("2026-11-20T00:00:00Z", "2026-11-20T00:00:00Z", 9);
    let pulled = super::harness::pull(source.as_ref(), "items", Some(cursor.clone()), false);
    let pulled = pulled.await.unwrap();
    assert_eq!(pulled.gone.len(), 1);
    assert!(pulled.rejects.is_empty());
    assert_eq!(
        pulled.report.seal,
        Seal::Unsealed("the row at line 3 of part 1 has 2 cells where the header has 1".into())
    );
    assert_eq!(pulled.report.cursor, Some(cursor));
}
