//! An API as a source, night after night, as its operator sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::support::cli::{Ran, Workspace};

/// Invoices that say what changed, of which every id is looked for once a week, and customers.
const CONNECTOR: &str = r#"
base_url_example = "https://acme.example.com"
role = "billing"
auth = { kind = "none" }
rate = { requests = 1000, concurrent = 4 }

[[stream]]
name = "customers"
full_sweep = true
[[stream.list]]
request = { path = "/customers" }
records = "data"
count = "total"
paginate = { kind = "single" }
[[stream.list.feed]]
entity = "accounts"
map = { id = "id", name = "name" }

[[stream]]
name = "invoices"
full_sweep = true
[stream.incremental]
parameter = "since"
format = "rfc3339"
overlap = "1h"
sweep_every = "2d"
[[stream.list]]
request = { path = "/invoices" }
records = "data"
paginate = { kind = "single" }
[[stream.list.feed]]
entity = "invoices"
[stream.list.feed.map]
id = "id"
number = "id"
account_id = "customer"
issued_on = "on"
currency = { value = "USD" }
total = "total"
[[stream.list.feed]]
entity = "invoice_lines"
each = "lines"
[stream.list.feed.map]
id = "id"
invoice_id = "^.id"
net = "net"
currency = { value = "USD" }
[[stream.list]]
pass = "sweep"
request = { path = "/invoices/ids" }
records = "data"
paginate = { kind = "single" }
[[stream.list.feed]]
entity = "invoices"
map = { id = "id" }
"#;

fn invoice(id: &str, lines: &[&str]) -> Value {
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| json!({"id": line, "net": "10.00"}))
        .collect();
    json!({"id": id, "customer": "c1", "on": "2026-11-01", "total": "20.00", "lines": lines})
}

/// What the vendor answers on a night.
fn answer(night: u64, request: &Request) -> ResponseTemplate {
    let is_window = request.url.query_pairs().any(|(name, _)| name == "since");
    let rows = match (request.url.path(), night, is_window) {
        ("/customers", ..) => json!([{"id": "c1", "name": "Northwind"}]),
        // Everything, on the first night.
        ("/invoices", 1, false) => json!([
            invoice("i1", &["l1", "l2"]),
            invoice("i2", &["l3"]),
            invoice("i3", &["l4"])
        ]),
        // On the second, one line was taken off one invoice.
        ("/invoices", 2, true) => json!([invoice("i1", &["l1"])]),
        // On the third a sweep is due: one invoice is not there any more, and one was hidden.
        ("/invoices", 3, true) => json!([]),
        ("/invoices/ids", 3, _) => json!([{"id": "i1"}, {"id": "i3"}, {"id": "hidden"}]),
        // So everything is read again on the fourth.
        ("/invoices", 4, false) => json!([
            invoice("i1", &["l1"]),
            invoice("i3", &["l4"]),
            invoice("hidden", &[])
        ]),
        _ => return ResponseTemplate::new(404),
    };
    let day = ["", "Sat, 21", "Sun, 22", "Mon, 23", "Tue, 24"][usize::try_from(night).unwrap()];
    ResponseTemplate::new(200)
        .insert_header("Date", format!("{day} Nov 2026 02:00:00 GMT"))
        .set_body_json(json!({"data": rows, "total": 1}))
}

/// A workspace whose source `erp` is the API at an address.
fn config_of(uri: &str) -> String {
    format!(
        "[company]\nname = \"x\"\ntimezone = \"UTC\"\ncurrency = \"USD\"\n\
         [store]\nurl = \"sqlite:crossfoot.db\"\n[landing]\nurl = \"file:landing\"\n\
         [source.erp]\nconnector = \"./api.toml\"\nbase_url = \"{uri}\"\n"
    )
}

fn count(workspace: &Workspace, table: &str) -> Value {
    let sql = format!("select id from {table} order by id");
    let ran = workspace.run(&["landing", "query", &sql, "--format", "json"]);
    ran.expect(0).json()
}

fn stream<'v>(status: &'v Value, name: &str) -> &'v Value {
    let streams = status["sources"][0]["streams"].as_array().unwrap();
    streams.iter().find(|one| one["stream"] == name).unwrap()
}

/// Goal: four nights of one API: a full read, a window in which a line vanished, a sweep that finds
/// one record gone and one that nobody brought, and the full read that brings it. Method: the
/// program against a server on loopback; what landed, and what `status` says of each stream.
#[tokio::test(flavor = "multi_thread")]
async fn an_api_over_four_nights() {
    let night = Arc::new(AtomicU64::new(1));
    let server = MockServer::start().await;
    let clock = Arc::clone(&night);
    Mock::given(any())
        .respond_with(move |request: &Request| answer(clock.load(Ordering::SeqCst), request))
        .mount(&server)
        .await;
    let config = config_of(&server.uri());
    let mut workspace = Workspace::new(&config, "2026-11-21T01:00:00Z");
    workspace.write("api.toml", CONNECTOR);
    let sync = |workspace: &mut Workspace, number: u64| -> Ran {
        night.store(number, Ordering::SeqCst);
        workspace.set_now(&format!("2026-11-{}T02:00:01Z", 20 + number));
        workspace.run(&["sync", "--json"])
    };

    sync(&mut workspace, 1).expect(0);
    assert_eq!(
        count(&workspace, "invoice_lines").as_array().unwrap().len(),
        4
    );

    sync(&mut workspace, 2).expect(0);
    let lines = count(&workspace, "invoice_lines");
    assert_eq!(lines, json!([{"id": "l1"}, {"id": "l3"}, {"id": "l4"}]));

    let third = sync(&mut workspace, 3).expect(3).json();
    let invoices = count(&workspace, "invoices");
    assert_eq!(invoices, json!([{"id": "i1"}, {"id": "i3"}]));
    assert!(third.to_string().contains("1 records exist"), "{third}");
    let status = workspace.run(&["status", "--json"]).expect(0).json();
    assert_eq!(stream(&status, "invoices")["sealed"], false);
    assert_eq!(stream(&status, "invoices")["complete_to"], Value::Null);
    assert_eq!(stream(&status, "customers")["sealed"], true);
    assert_eq!(stream(&status, "customers")["reported"], 1);
    assert_eq!(stream(&status, "customers")["listed"], 1);
    assert_eq!(stream(&status, "invoices")["listed"], Value::Null);

    sync(&mut workspace, 4).expect(0);
    let invoices = count(&workspace, "invoices");
    assert_eq!(
        invoices,
        json!([{"id": "hidden"}, {"id": "i1"}, {"id": "i3"}])
    );
    let status = workspace.run(&["status", "--json"]).expect(0).json();
    let known = stream(&status, "invoices");
    assert_eq!(known["complete_to"], "2026-11-24T02:00:00Z");
    assert_eq!(known["swept_at"], "2026-11-24T02:00:01Z");
    let said = workspace.run(&["status"]).expect(0).stdout;
    assert!(said.contains("complete to"), "{said}");
}

/// Goal: a vendor that drips holds up nobody but itself: the other source lands whole, the run says
/// which one failed, and its records stay. Method: a server that sends a byte every 50 ms for ever,
/// beside one that answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_drips_holds_up_nobody_else() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dripping = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n";
                let mut is_taken = socket.write_all(head).await.is_ok();
                while is_taken {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    is_taken = socket.write_all(b" ").await.is_ok();
                }
            });
        }
    });
    let good = MockServer::start().await;
    Mock::given(any())
        .respond_with(|request: &Request| answer(1, request))
        .mount(&good)
        .await;
    let config = |slow: &str| {
        format!(
            "{}[source.slow]\nconnector = \"./api.toml\"\nbase_url = \"{slow}\"\n\
             limits = {{ total_timeout = \"1s\", retry_for = \"2s\" }}\n",
            config_of(&good.uri())
        )
    };
    let mut workspace = Workspace::new(&config(&good.uri()), "2026-11-21T02:00:01Z");
    workspace.write("api.toml", CONNECTOR);
    workspace.run(&["sync"]).expect(0);
    workspace.set_now("2026-11-21T03:00:01Z");
    workspace.write("crossfoot.toml", &config(&format!("http://{dripping}")));
    let begun = Instant::now();
    let second = workspace.run(&["sync", "--full", "--json"]).expect(3);
    assert!(begun.elapsed() < Duration::from_secs(30));
    let states = |stream: &Value| -> (String, String) {
        let text = |name: &str| stream[name].as_str().unwrap_or_default().to_owned();
        (text("source"), text("state"))
    };
    let told = second.json();
    let told: Vec<_> = told.as_array().unwrap().iter().map(states).collect();
    let of = |source: &str| {
        let own = told.iter().filter(|(name, _)| name == source);
        own.map(|(_, state)| state.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("erp"), ["ok", "ok"], "{told:?}");
    assert_eq!(of("slow"), ["failed", "failed"], "{told:?}");
    let landed = "select source, count(*) as n from invoice_lines group by source order by source";
    let landed = workspace.run(&["landing", "query", landed, "--format", "json"]);
    assert_eq!(
        landed.expect(0).json(),
        json!([{"source": "erp", "n": 4}, {"source": "slow", "n": 4}])
    );
}

/// An invoice as its vendor has it at a time.
struct Edit {
    id: &'static str,
    on: &'static str,
    total: &'static str,
    updated_at: &'static str,
}

const EDITS: [Edit; 5] = [
    edit("i1", "2026-10-03", "10.00", "2026-10-03T08:00:00Z"),
    edit("i2", "2026-11-02", "20.00", "2026-11-02T08:00:00Z"),
    // A late edit of the closed month, after the first night.
    edit("i1", "2026-10-03", "11.00", "2026-11-21T12:00:00Z"),
    // A new one, and one more edit, after the backfill.
    edit("i3", "2026-10-30", "30.00", "2026-11-22T03:00:00Z"),
    edit("i1", "2026-10-03", "12.00", "2026-11-22T12:00:00Z"),
];

const fn edit(
    id: &'static str,
    on: &'static str,
    total: &'static str,
    updated_at: &'static str,
) -> Edit {
    Edit {
        id,
        on,
        total,
        updated_at,
    }
}

/// Goal: a backfill of a closed month between two nights leaves what one clean pull of everything
/// leaves, whatever was edited before and behind it. Method: a vendor that knows since when; three
/// runs against it, and one of another workspace at the end.
#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_between_nights_leaves_what_one_pull_leaves() {
    let clock = Arc::new(AtomicU64::new(0));
    let (server, hours) = (MockServer::start().await, Arc::clone(&clock));
    let start: jiff::Timestamp = "2026-11-21T02:00:00Z".parse().unwrap();
    let at = move |hours: u64| start + jiff::SignedDuration::from_hours(hours.cast_signed());
    Mock::given(any())
        .respond_with(move |request: &Request| {
            if request.url.path() == "/customers" {
                return answer(1, request);
            }
            let now = at(hours.load(Ordering::SeqCst));
            let since = request.url.query_pairs().find(|(name, _)| name == "since");
            let since = since.map(|(_, value)| value.into_owned());
            let mut newest = std::collections::BTreeMap::new();
            for edit in &EDITS {
                let updated: jiff::Timestamp = edit.updated_at.parse().unwrap();
                let is_asked = since
                    .as_ref()
                    .is_none_or(|since| updated >= since.parse().unwrap());
                if updated <= now && is_asked {
                    newest.insert(edit.id, edit);
                }
            }
            let rows: Vec<Value> = newest
                .values()
                .map(|edit| {
                    json!({"id": edit.id, "customer": "c1", "on": edit.on, "total": edit.total,
                        "at": edit.updated_at, "lines": []})
                })
                .collect();
            let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            ResponseTemplate::new(200)
                .insert_header("Date", date.as_str())
                .set_body_json(json!({"data": rows, "total": rows.len()}))
        })
        .mount(&server)
        .await;
    let config = config_of(&server.uri());
    let connector = CONNECTOR
        .replace(
            "total = \"total\"",
            "total = \"total\"\nupdated_at = \"at\"",
        )
        .replace("sweep_every = \"2d\"", "sweep_every = \"30d\"");
    let run = |workspace: &mut Workspace, hours: u64, arguments: &[&str]| {
        clock.store(hours, Ordering::SeqCst);
        workspace.set_now(&at(hours).to_string());
        workspace.run(arguments).expect(0);
    };
    let newest = |workspace: &Workspace| {
        let sql = "select id, issued_on, total, updated_at, deleted from invoices order by id";
        let ran = workspace.run(&["landing", "query", sql, "--format", "json"]);
        ran.expect(0).json()
    };
    let mut nights = Workspace::new(&config, "2026-11-21T02:00:00Z");
    nights.write("api.toml", &connector);
    let backfill = ["backfill", "--from", "2026-10", "--to", "2026-10"];
    run(&mut nights, 0, &["sync"]);
    run(&mut nights, 20, &backfill);
    assert_eq!(newest(&nights)[0]["total"], "11.0000000000");
    run(&mut nights, 24, &["sync"]);
    assert_eq!(newest(&nights).as_array().unwrap().len(), 2);
    run(&mut nights, 30, &backfill);
    run(&mut nights, 48, &["sync"]);
    let mut clean = Workspace::new(&config, "2026-11-21T02:00:00Z");
    clean.write("api.toml", &connector);
    run(&mut clean, 48, &["sync"]);
    let landed = newest(&nights);
    assert_eq!(landed, newest(&clean));
    assert_eq!(landed.as_array().unwrap().len(), 3);
    assert_eq!(landed[0]["total"], "12.0000000000");
    nights.run(&["landing", "verify"]).expect(0);
}
