//! Sources that fail or have to wait, beside others that do not.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::cli::Workspace;

const CONNECTOR: &str = r#"
base_url_example = "https://acme.example.com"
role = "billing"
auth = { kind = "none" }

[[error]]
status = 429
means = "quota"
resume = "24h"

[[stream]]
name = "invoices"
full_sweep = true
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
"#;

const CONFIG: &str = r#"
[company]
name = "Northwind"
timezone = "UTC"
currency = "USD"
[mail]
url = "file:var/mail"
from = "reports@northwind.example"
[report.discrepancy-rate]
to = ["cfo@northwind.example"]
[job.nightly]
schedule = "30 1 * * *"
sync = "all"
[source.erp]
connector = "./api.toml"
"#;

/// A server that answers well, or with one status while it is closed.
async fn vendor(closed: Arc<AtomicBool>, status: u16) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(move |_: &wiremock::Request| {
            if closed.load(Ordering::SeqCst) {
                return ResponseTemplate::new(status).insert_header("Retry-After", "7200");
            }
            ResponseTemplate::new(200).set_body_json(json!({"data": [
                {"id": "i1", "customer": "c1", "on": "2026-11-01", "total": "20.00"}
            ]}))
        })
        .mount(&server)
        .await;
    server
}

fn erp(status: &Value) -> &Value {
    let sources = status["sources"].as_array().unwrap();
    sources.iter().find(|one| one["source"] == "erp").unwrap()
}

/// Goal: who looks sees that a source waits and until when, and nothing of it once it answers.
/// Method: a day's quota that is used up with two hours to go; `status` and `schedule` between.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_waits_is_shown_until_it_answers() {
    let closed = Arc::new(AtomicBool::new(true));
    let server = vendor(Arc::clone(&closed), 429).await;
    let config = format!("{CONFIG}base_url = \"{}\"\n", server.uri());
    let mut workspace = Workspace::new(&config, "2026-11-21T02:00:00Z");
    workspace.write("api.toml", CONNECTOR);
    // Before the first pull there is no store, and nothing waits.
    let fires = workspace.run(&["schedule", "--json"]).expect(0).json();
    assert_eq!(fires.as_array().unwrap().len(), 1);

    let pulls = workspace.run(&["sync", "--json"]).expect(3).json();
    assert_eq!(pulls[0]["parked_until"], "2026-11-21T04:00:00Z");
    let status = workspace.run(&["status", "--json"]).expect(0).json();
    assert_eq!(erp(&status)["parked"]["until"], "2026-11-21T04:00:00Z");
    let reason = erp(&status)["parked"]["reason"].as_str().unwrap();
    assert!(reason.contains("XF-S026"), "{reason}");
    let shown = workspace.run(&["status"]).expect(0).stdout;
    assert!(shown.contains("2026-11-21T04:00:00Z"), "{shown}");
    let fires = workspace.run(&["schedule", "--json"]).expect(0).json();
    assert_eq!(fires[1]["job"], "resume:erp");
    assert_eq!(fires[1]["fires"], json!(["2026-11-21T04:00:00Z"]));
    let shown = workspace.run(&["schedule"]).expect(0).stdout;
    assert!(shown.contains("resume:erp"), "{shown}");

    closed.store(false, Ordering::SeqCst);
    workspace.set_now("2026-11-21T04:00:01Z");
    workspace.run(&["sync"]).expect(0);
    let status = workspace.run(&["status", "--json"]).expect(0).json();
    assert_eq!(erp(&status)["parked"], Value::Null);
    let fires = workspace.run(&["schedule", "--json"]).expect(0).json();
    assert_eq!(fires.as_array().unwrap().len(), 1);
}

/// Goal: one bad source among five takes nothing from the others, and every answer says that it is
/// not whole. Method: four sources of files and an API that refuses; the pulls, the states, the
/// comparison and the report.
#[tokio::test(flavor = "multi_thread")]
async fn one_bad_source_among_five() {
    let server = vendor(Arc::new(AtomicBool::new(true)), 403).await;
    let mut config = format!("{CONFIG}base_url = \"{}\"\n", server.uri());
    for (name, role, entity) in [
        ("crm", "crm", "accounts"),
        ("seats", "usage", "usage"),
        ("bank", "bank", "payments"),
        ("other", "billing", "invoices"),
    ] {
        writeln!(
            config,
            "[source.{name}]\nconnector = \"files\"\nrole = \"{role}\"\n\
             files = {{ {entity} = \"{name}.csv\" }}"
        )
        .unwrap();
    }
    let workspace = Workspace::new(&config, "2026-11-21T02:00:00Z");
    workspace.write("api.toml", CONNECTOR);
    workspace.write("crm.csv", "id,name\nc1,Acme\n");
    workspace.write(
        "seats.csv",
        "id,account_id,sku,quantity,starts_on\nu1,crm:c1,SEAT,3,2026-11-01\n",
    );
    workspace.write(
        "bank.csv",
        "id,received_on,amount,currency\np1,2026-11-02,5.00,USD\n",
    );
    workspace.write(
        "other.csv",
        "id,number,account_id,issued_on,currency,total\no1,1,crm:c1,2026-11-01,USD,5.00\n",
    );
    let pulls = workspace.run(&["sync", "--json"]).expect(3).json();
    let states: Vec<(&str, &str)> = pulls
        .as_array()
        .unwrap()
        .iter()
        .map(|pull| {
            (
                pull["source"].as_str().unwrap(),
                pull["state"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        states,
        [
            ("bank", "ok"),
            ("crm", "ok"),
            ("erp", "failed"),
            ("other", "ok"),
            ("seats", "ok"),
        ]
    );
    let compared = workspace.run(&["reconcile", "--json"]).expect(3).json();
    let blind = &compared[0]["blind_sources"];
    assert_eq!(blind.as_array().unwrap().len(), 1);
    assert_eq!(blind[0][0], "erp");
    workspace
        .run(&["report", "discrepancy-rate", "--out", "out"])
        .expect(3);
    let text = std::fs::read_dir(workspace.path().join("out"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .unwrap();
    let first_screen: String = text.lines().take(25).collect::<Vec<_>>().join("\n");
    assert!(
        first_screen.contains("DATA MISSING") && first_screen.contains("source `erp` failed"),
        "{first_screen}"
    );
}
