//! Exports whose result is files: at the vendor's own place, as Zuora's AQuA gives them, and behind one
//! address on another host, as its Data Query does.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossfoot::canonical::Entity;
use crossfoot::sources::Seal;
use flate2::Compression;
use flate2::write::GzEncoder;
use wiremock::{Request, ResponseTemplate};

use super::harness::{Desk, TOKEN, asked, header, json, query, server, status};

const AQUA: &str = r#"
base_url = "https://rest.zuora.com"
role = "billing"
auth = { kind = "bearer", token = "token" }
error_message = ["message"]

[job.aqua]
submit = { method = "POST", path = "/v1/batch-query/", body = { format = "csv", version = "1.2", encrypted = "none", dateTimeUtc = "true", queries = [{ name = "Invoice", type = "zoqlexport", query = "select {fields} from Invoice" }] }, fields_under = "Invoice" }
id = "id"
poll = { path = "/v1/batch-query/jobs/{job}" }
state = "status"
running = ["submitted", "executing"]
done = ["completed"]
failed = ["failed", "aborted", "error"]
message = "batches.0.message"
count = "batches.0.recordCount"
every = "5s"
at_most = "60s"
within = "1h"

[job.aqua.files]
list = "batches.*.segments.*"
request = { path = "/v1/file/{file}" }
format = "csv"

[[stream]]
name = "invoices"

[[stream.list]]
job = { name = "aqua" }

[[stream.list.feed]]
entity = "products"
map = { id = "Invoice.Id", sku = "Invoice.InvoiceNumber" }
"#;

pub(super) const DATA_QUERY: &str = r#"
base_url = "https://rest.zuora.com"
role = "billing"
auth = { kind = "bearer", token = "token" }

[job.query]
submit = { method = "POST", path = "/query/jobs", body = { query = "SELECT id, sku FROM product", outputFormat = "JSON", compression = "GZIP", output = { target = "S3" } } }
id = "data.id"
poll = { path = "/query/jobs/{job}" }
state = "data.queryStatus"
running = ["accepted", "in_progress"]
done = ["completed"]
failed = ["failed", "cancelled"]
message = "data.errorMessage"
count = "data.outputRows"
every = "5s"
at_most = "60s"
within = "1h"
files = { list = "data.dataFile", url = "{file}", hosts = ["amazonaws.com"], format = "jsonl" }

[[stream]]
name = "products"

[[stream.list]]
job = { name = "query" }

[[stream.list.feed]]
entity = "products"
map = { id = "id", sku = "sku" }
"#;

#[tokio::test]
async fn segments_are_read_at_home() {
    // Goal: a job whose result is several files of one table. Method: AQuA with two segments, and the
    // failure that comes with status 200.
    let desk = Desk::new();
    let polls = AtomicUsize::new(0);
    let server = server(move |request: &Request| {
        assert_eq!(header(request, "authorization"), Some("Bearer tok-secret-1"));
        let rows = |rows: &str| {
            let text = format!("Invoice.Id,Invoice.InvoiceNumber,Deleted\n{rows}");
            ResponseTemplate::new(200).set_body_raw(text, "text/csv")
        };
        match request.url.path() {
            "/v1/batch-query/" => {
                let body = String::from_utf8(request.body.clone()).unwrap();
                assert!(body.contains(r#""query":"select Id,InvoiceNumber from Invoice""#), "{body}");
                json(r#"{"id":"job1","status":"submitted","batches":[{"status":"pending"}]}"#)
            }
            "/v1/batch-query/jobs/job1" if polls.fetch_add(1, Ordering::SeqCst) == 0 => {
                json(r#"{"id":"job1","status":"executing","batches":[{"status":"executing"}]}"#)
                    .insert_header("Retry-After", "0")
            }
            "/v1/batch-query/jobs/job1" => json(
                r#"{"id":"job1","status":"completed","batches":[{"recordCount":3,"fileId":"f1","segments":["f1","f2"]}]}"#,
            ),
            "/v1/file/f1" => rows("a,INV-1,false\nb,INV-2,false\n"),
            "/v1/file/f2" => rows("c,\"INV,3\",false\n"),
            _ => status(404),
        }
    })
    .await;
    let config = desk.api(&server.uri(), AQUA, TOKEN);
    let pulled = desk.pull(&config, "invoices").await.unwrap();
    assert_eq!(pulled.ids(Entity::Products), ["a", "b", "c"]);
    assert_eq!(pulled.one(Entity::Products, "c").text("sku"), Some("INV,3"));
    assert_eq!(pulled.report.seal, Seal::Sealed);
    assert_eq!(pulled.report.reported_rows, Some(3));
}

#[tokio::test]
async fn an_order_that_is_refused_with_status_200_is_an_error() {
    // Goal: a vendor's error in a good answer is no job. Method: AQuA's syntax error.
    let desk = Desk::new();
    let server = server(|_| json(r#"{"errorCode":"90005","message":"a syntax error"}"#)).await;
    let config = desk.api(&server.uri(), AQUA, TOKEN);
    let line = desk.pull(&config, "invoices").await.err().unwrap().line();
    assert!(line.contains("a syntax error"), "{line}");
}

#[tokio::test]
async fn one_file_lies_elsewhere_and_gets_no_credential() {
    // Goal: a presigned address is asked for as it is, without a header of ours, on a known host only.
    // Method: Data Query, with the overridden host in place of the store; then a host that is not known.
    let desk = Desk::new();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder
        .write_all(b"{\"id\":\"1\",\"sku\":\"a\"}\n{\"id\":\"2\",\"sku\":\"b\"}\n")
        .unwrap();
    let file = encoder.finish().unwrap();
    let server = server(move |request: &Request| match request.url.path() {
        "/query/jobs" => json(r#"{"data":{"id":"dq1","queryStatus":"accepted"}}"#),
        "/query/jobs/dq1" => json(
            r#"{"data":{"id":"dq1","queryStatus":"completed","outputRows":2,
                "dataFile":"https://owl.s3.amazonaws.com/dq1.jsonl?X-Sig=a%2Fb&X-Exp=1"}}"#,
        ),
        "/dq1.jsonl" => {
            assert_eq!(header(request, "authorization"), None);
            assert_eq!(query(request, "X-Sig").as_deref(), Some("a/b"));
            ResponseTemplate::new(200).set_body_raw(file.clone(), "application/octet-stream")
        }
        _ => status(404),
    })
    .await;
    let config = desk.api(&server.uri(), DATA_QUERY, TOKEN);
    let pulled = desk.pull(&config, "products").await.unwrap();
    assert_eq!(pulled.ids(Entity::Products), ["1", "2"]);
    assert_eq!(pulled.report.seal, Seal::Sealed);

    // Without an override, the same address must lie on a host that the connector names.
    let own = DATA_QUERY.replace("https://rest.zuora.com", &server.uri());
    let mut config = desk.api(
        &server.uri(),
        &own.replace("amazonaws.com", "example.com"),
        TOKEN,
    );
    config.base_url = None;
    let line = desk.pull(&config, "products").await.err().unwrap().line();
    assert!(
        line.starts_with("XF-S012") && line.contains("owl.s3.amazonaws.com"),
        "{line}"
    );
    assert!(!line.contains("X-Sig"), "{line}");
    assert_eq!(
        asked(&server)
            .await
            .iter()
            .filter(|line| line.contains("dq1.jsonl"))
            .count(),
        1
    );
}
