//! Exports and tables of an API: by the file that the README of the connectors shows, and by what a
//! server may do wrong.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crossfoot::canonical::Entity;
use crossfoot::config::{ByteSize, HumanDuration, SourceConfig};
use crossfoot::sources::Seal;
use tokio::sync::Notify;
use wiremock::{MockServer, Request, ResponseTemplate};

use super::harness::{Desk, TOKEN, connector, header, json, pull, query, server, status};

/// The worked example of the README.
pub(super) fn example() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/connectors/README.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, after) = text.split_once("## Exports").unwrap();
    let (_, block) = after.split_once("```toml\n").unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

pub(super) const HEADER: &str = "currency,customer,date,id,number,total\n";

fn table(rows: &str, count: usize) -> ResponseTemplate {
    ResponseTemplate::new(200)
        .insert_header("X-Rows", count.to_string())
        .set_body_raw(format!("{HEADER}{rows}"), "text/csv")
}

/// The ledger: an export that is ready at the third question, in two parts.
fn ledger(polls: &AtomicUsize, request: &Request) -> ResponseTemplate {
    if header(request, "authorization") != Some("Bearer tok-secret-1") {
        return status(401);
    }
    let state = |state: &str| {
        let problem = r#""problem":"the disk is full""#;
        let body = format!(r#"{{"export":{{"id":"e1","state":"{state}","rows":3,{problem}}}}}"#);
        json(body).insert_header("Retry-After", "0")
    };
    match (request.method.as_str(), request.url.path()) {
        ("POST", "/exports") => {
            let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
            let columns = ["currency", "customer", "date", "id", "number", "total"];
            let expected = serde_json::json!({"table": "invoices", "columns": columns});
            assert_eq!(body, expected);
            state("queued")
        }
        ("GET", "/exports/e1") => {
            let count = polls.fetch_add(1, Ordering::SeqCst);
            state(["queued", "running", "ready"][count.min(2)])
        }
        ("GET", "/exports/e1/rows") => match query(request, "from").as_deref() {
            None => table(
                "EUR,c1,2026-11-01,i1,INV-1,10.01\nEUR,c1,2026-11-02,i2,INV-2,0.10\n",
                2,
            )
            .insert_header("X-Next", "p2"),
            Some("p2") => table("EUR,\"c,2\",2026-11-03,i3,INV-3,1234567890.12\n", 1),
            Some(_) => status(400),
        },
        ("DELETE", "/exports/e1") => status(204),
        _ => status(404),
    }
}

pub(super) fn config_of(desk: &Desk, server: &MockServer, file: &str) -> SourceConfig {
    desk.file("ledger.toml", file);
    let text = format!(
        "connector = './ledger.toml'\nbase_url = '{}'\nrate = {{ requests = 1000 }}\n{TOKEN}",
        server.uri()
    );
    let mut config: SourceConfig = toml::from_str(&text).unwrap();
    config.limits.retry_for = HumanDuration(Duration::from_millis(1_500));
    config
}

/// The methods and paths of what a server was asked.
async fn asked(server: &MockServer) -> Vec<String> {
    let requests = server.received_requests().await.unwrap();
    let shown = requests.iter();
    shown
        .map(|request| format!("{} {}", request.method, request.url.path()))
        .collect()
}

#[tokio::test]
async fn the_readmes_example_is_ordered_read_and_cleared_away() {
    // Goal: an export is added as data. Method: the README's file, and a server that is not ready at
    // once.
    let desk = Desk::new();
    let polls = AtomicUsize::new(0);
    let server = server(move |request| ledger(&polls, request)).await;
    let config = config_of(&desk, &server, &example());
    let pulled = desk.pull(&config, "invoices").await.unwrap();
    assert_eq!(pulled.ids(Entity::Invoices), ["i1", "i2", "i3"]);
    let totals = pulled
        .of(Entity::Invoices)
        .filter_map(|one| one.decimal("total"));
    let sum: rust_decimal::Decimal = totals.sum();
    assert_eq!(sum.normalize().to_string(), "1234567900.23");
    assert_eq!(
        pulled.one(Entity::Invoices, "i3").text("account_id"),
        Some("c,2")
    );
    assert_eq!(pulled.report.seal, Seal::Sealed);
    assert_eq!(pulled.report.reported_rows, Some(3));
    let asked = asked(&server).await;
    let question = "GET /exports/e1";
    let rows = "GET /exports/e1/rows";
    let expected = [
        "POST /exports",
        question,
        question,
        question,
        rows,
        rows,
        "DELETE /exports/e1",
    ];
    assert_eq!(asked, expected);
    // A check orders nothing.
    let probe = desk.open(&config).unwrap().probe().await.unwrap();
    assert!(probe.works.is_empty());
}

#[tokio::test]
async fn a_job_that_does_not_end_is_given_up() {
    // Goal: the deadline holds, and the job is cleared away. Method: a server that asks to wait for an
    // hour and a half, against a deadline of one.
    let desk = Desk::new();
    let body = r#"{"export":{"id":"e1","state":"running","rows":3}}"#;
    let server = server(move |request| match request.method.as_str() {
        "DELETE" => status(500),
        "POST" => json(body),
        _ => json(body).insert_header("Retry-After", "5400"),
    })
    .await;
    let config = config_of(&desk, &server, &example());
    let line = desk.pull(&config, "invoices").await.err().unwrap().line();
    assert!(
        line.starts_with("XF-S030") && line.contains("`running` after 3600 s"),
        "{line}"
    );
    assert_eq!(
        asked(&server).await,
        ["POST /exports", "GET /exports/e1", "DELETE /exports/e1"]
    );
}

#[tokio::test]
async fn a_pull_that_is_stopped_clears_its_job_away() {
    // Goal: whoever stops a run leaves no job behind. Method: the pull is dropped while the job runs.
    let desk = Desk::new();
    let (is_asked, is_cleared) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (asked, cleared) = (is_asked.clone(), is_cleared.clone());
    let body = r#"{"export":{"id":"e1","state":"running","rows":3}}"#;
    let server = server(move |request| match request.method.as_str() {
        "DELETE" => {
            assert_eq!(request.url.path(), "/exports/e1");
            cleared.notify_one();
            status(204)
        }
        "POST" => json(body),
        _ => {
            asked.notify_one();
            json(body).insert_header("Retry-After", "60")
        }
    })
    .await;
    let config = config_of(&desk, &server, &example());
    let source = desk.open(&config).unwrap();
    let is_stopped = tokio::select! {
        _ = pull(source.as_ref(), "invoices", None, false) => false,
        () = is_asked.notified() => true,
    };
    assert!(is_stopped);
    is_cleared.notified().await;
}

#[tokio::test]
async fn an_export_is_no_larger_than_its_limit() {
    // Goal: what unpacks without end is stopped. Method: a limit of 100 bytes for the rows of an export.
    let desk = Desk::new();
    let polls = AtomicUsize::new(2);
    let server = server(move |request| ledger(&polls, request)).await;
    let mut config = config_of(&desk, &server, &example());
    config.limits.export_bytes = ByteSize(100);
    let line = desk.pull(&config, "invoices").await.err().unwrap().line();
    assert!(
        line.starts_with("XF-S014") && line.contains("export_bytes"),
        "{line}"
    );
}

#[tokio::test]
async fn a_list_may_be_a_table_or_lines() {
    // Goal: plain lists of CSV and JSON Lines, page by page; a column that is read must be there; a page
    // of HTML, or an object in place of a table, is no table. Method: one answer of each.
    let pages = r#"{ kind = "page", parameter = "page" }"#;
    for (format, first, second, end) in [
        ("csv", "id,sku\n1,a\n2,b\n", "id,sku\n3,c\n", "id,sku\n"),
        (
            "jsonl",
            "{\"id\":\"1\",\"sku\":\"a\"}\n{\"id\":\"2\",\"sku\":\"b\"}\n",
            "{\"id\":\"3\",\"sku\":\"c\"}",
            "",
        ),
    ] {
        let desk = Desk::new();
        let server = server(move |request| {
            let page: usize = query(request, "page").unwrap().parse().unwrap();
            ResponseTemplate::new(200).set_body_raw([first, second, end][page - 1], "text/plain")
        })
        .await;
        let text = connector(pages).replace("records = \"data\"", &format!("format = '{format}'"));
        let config = desk.api(&server.uri(), &text, TOKEN);
        let pulled = desk.pull(&config, "items").await.unwrap();
        assert_eq!(pulled.ids(Entity::Products), ["1", "2", "3"]);
        assert_eq!(pulled.report.seal, Seal::Sealed);
    }
    for (body, expected) in [
        ("id,name\n1,a\n", "the header has no column `sku`"),
        ("<html>no</html>", "no column"),
        ("", "it is empty, without a header"),
        (
            "{\"error\":{\"message\":\"no such table\"}}",
            "no such table",
        ),
        ("id,sku\n1", "in the middle of the row at line 2"),
    ] {
        let desk = Desk::new();
        let server =
            server(move |_| ResponseTemplate::new(200).set_body_raw(body, "text/csv")).await;
        let single = r#"{ kind = "single" }"#;
        let text = connector(single).replace("records = \"data\"", "format = 'csv'");
        let config = desk.api(&server.uri(), &text, TOKEN);
        let line = desk.pull(&config, "items").await.err().unwrap().line();
        assert!(line.contains(expected), "{body}: {line}");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_right_is_refused() {
    // Goal: a job that could not be waited for or read is told before anything is asked. Method: the
    // README's file, each time with one fault.
    for (from, to, expected) in [
        (
            "poll = { path = \"/exports/{job}\" }",
            "poll = { path = \"/exports\" }",
            "does not name `{job}`",
        ),
        (
            "poll = { path = \"/exports/{job}\" }\n",
            "",
            "needs `id` and `poll`",
        ),
        (
            "done = [\"ready\"]",
            "done = [\"running\"]",
            "a state means two things",
        ),
        (
            "name = \"export\"\n",
            "name = \"other\"\n",
            "no `[job.other]`",
        ),
        (
            "with = { table = \"invoices\" }",
            "with = { tables = \"invoices\" }",
            "`{tables}` stands in no request",
        ),
        (
            "[[stream.list]]\n",
            "[[stream.list]]\nrequest = { path = \"/invoices\" }\n",
            "is never asked",
        ),
        (
            "header = \"X-Next\"",
            "next = \"next\"",
            "follow each other by",
        ),
        ("every = \"5s\"", "every = \"0s\"", "need a length"),
        (
            "[[stream.list]]\n",
            "[[stream.list]]\nrequest = { path = \"/x\", host = \"elsewhere\" }\n",
            "no `[host.elsewhere]`",
        ),
        (
            "poll = { path = \"/exports/{job}\" }",
            "poll = { path = \"/exports/{job}\", host = \"x\" }",
            "only a list's own request can have a `host`",
        ),
        (
            "name = \"export\"\n",
            "name = \"export\"\nper_record = {}\n",
            "need the list's own `request`",
        ),
        (
            "[job.export.result]",
            "[job.export.files]\nlist = \"files\"\nurl = \"{file}\"\nformat = \"csv\"\n[job.export.result]",
            "it needs `result` or `files`",
        ),
    ] {
        let desk = Desk::new();
        let text = example();
        assert!(text.contains(from), "{from}");
        desk.file("ledger.toml", text.replacen(from, to, 1));
        let config: SourceConfig = toml::from_str(&format!(
            "connector = './ledger.toml'\nbase_url = 'http://127.0.0.1:9'\n{TOKEN}"
        ))
        .unwrap();
        let report = desk.open(&config).err().unwrap().report();
        assert!(report.contains(expected), "{expected}: {report}");
    }
}

#[tokio::test]
async fn a_part_without_its_count_is_not_proven() {
    // Goal: the count that a part should come with is missed where it is not there. Method: the ledger
    // without its header.
    let desk = Desk::new();
    let polls = AtomicUsize::new(2);
    let server = server(move |request| {
        if request.url.path() == "/exports/e1/rows" {
            let rows = format!("{HEADER}EUR,c1,2026-11-01,i1,INV-1,10.01\n");
            return ResponseTemplate::new(200).set_body_raw(rows, "text/csv");
        }
        ledger(&polls, request)
    })
    .await;
    let config = config_of(&desk, &server, &example());
    let pulled = desk.pull(&config, "invoices").await.unwrap();
    let why = "a part came without its number of rows (`X-Rows`)";
    assert_eq!(pulled.report.seal, Seal::Unsealed(why.into()));
}

#[tokio::test]
async fn what_takes_the_place_of_a_list_must_be_told() {
    // Goal: a list that is never read, or that nobody can name, is a fault of the file. Method: a list
    // with another one in its place, each time with one fault.
    let instead = "instead = { above_rows = 2, lists = ['all'] }";
    let other = "[[stream.list]]\nname = 'all'\npass = 'instead'\nrequest = { path = '/all' }\n\
                 records = 'data'\n[[stream.list.feed]]\nentity = 'products'\nmap = { id = 'id' }\n";
    let good = connector(r#"{ kind = "single" }"#).replace(
        "records = \"data\"",
        &format!("records = \"data\"\n{instead}"),
    ) + other;
    let desk = Desk::new();
    for (from, to, expected) in [
        ("", "", ""),
        ("['all']", "[]", "`instead` names no `lists`"),
        ("['all']", "['none']", "names no list `none`"),
        ("name = 'all'\n", "", "the pass `instead` has no `name`"),
        (instead, "", "nothing says when list `all` is read"),
    ] {
        let config = desk.api("http://127.0.0.1:9", &good.replacen(from, to, 1), TOKEN);
        match desk.open(&config) {
            Ok(_) => assert!(expected.is_empty()),
            Err(failure) => {
                let report = failure.report();
                assert!(
                    !expected.is_empty() && report.contains(expected),
                    "{report}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_long_list_gives_way_to_the_one_in_its_place() {
    // Goal: in a full read, a list that is too long is not landed, and the other one is; a list that is
    // as long as it may be, and one whose other is refused, is read itself. Method: pages of two.
    let pages = r#"{ kind = "page", parameter = "page" }"#;
    let instead = "instead = { above_rows = 3, lists = ['all'] }";
    let text = connector(pages).replace(
        "records = \"data\"",
        &format!("records = \"data\"\n{instead}"),
    ) + "[[stream.list]]\nname = 'all'\npass = 'instead'\nrequest = { path = '/all' }\n\
           records = 'data'\n[[stream.list.feed]]\nentity = 'products'\nmap = { id = 'id', sku = 'sku' }\n";
    for (rows, is_open, expected) in [
        (3, true, &["1", "2", "3"][..]),
        (4, true, &["91", "92"]),
        (4, false, &["1", "2", "3", "4"]),
    ] {
        let desk = Desk::new();
        let server = server(move |request| {
            let answer =
                |ids: &[u64]| json(format!(r#"{{"data":{}}}"#, super::harness::items(ids)));
            let all: Vec<u64> = (1..=rows).collect();
            match (request.url.path(), query(request, "page")) {
                ("/all", _) if is_open => answer(&[91, 92]),
                ("/all", _) => status(403),
                (_, page) => {
                    let number: usize = page.unwrap().parse().unwrap();
                    answer(all.chunks(2).nth(number - 1).unwrap_or_default())
                }
            }
        })
        .await;
        let config = desk.api(&server.uri(), &text, TOKEN);
        let pulled = desk.pull(&config, "items").await.unwrap();
        assert_eq!(pulled.ids(Entity::Products), expected);
        assert_eq!(pulled.report.seal, Seal::Sealed);
        assert_eq!(pulled.report.full_sweeps, [Entity::Products]);
        let warned = pulled.report.warnings.iter();
        let warned = warned.filter(|text| text.contains("so its pages are read"));
        assert_eq!(warned.count(), usize::from(!is_open));
    }
}
