//! An API as a source, night after night, as its operator sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
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
    let config = format!(
        "[company]\nname = \"x\"\ntimezone = \"UTC\"\ncurrency = \"USD\"\n\
         [store]\nurl = \"sqlite:crossfoot.db\"\n[landing]\nurl = \"file:landing\"\n\
         [source.erp]\nconnector = \"./api.toml\"\nbase_url = \"{}\"\n",
        server.uri()
    );
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
