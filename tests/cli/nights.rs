//! Whole runs of the program over several nights.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::cli::Workspace;
use crate::support::postgres;

const CONFIG: &str = r#"
[company]
name = "Northwind"
timezone = "UTC"
currency = "USD"

STORE

[mail]
url = "file:var/mail"
from = "Reports <reports@northwind.example>"

[report.discrepancy-rate]
to = ["cfo@northwind.example"]

[job.nightly]
schedule = "30 1 * * *"
sync = "all"
reconcile = "open-periods"
collections = true
reports = ["discrepancy-rate"]
period = "current-month"
"#;

fn workspace(store: &str) -> Workspace {
    let workspace =
        Workspace::of_two_books(&CONFIG.replace("STORE", store), "2026-10-10T06:00:00Z");
    workspace.one_customer();
    workspace.write(
        "contracts.csv",
        "id,account_id,sku,quantity,unit_price,currency,starts_on\nk1,c1,SEAT,10,22.00,USD,2026-10-01\n",
    );
    workspace.write(
        "invoices.csv",
        "id,number,account_id,issued_on,due_on,currency,total\ni1,INV-1,b1,2026-10-01,2026-10-31,USD,176.00\n",
    );
    lines(&workspace, 8);
    workspace
}

/// The billed line with a number of seats.
fn lines(workspace: &Workspace, seats: u32) {
    workspace.write(
        "lines.csv",
        &format!(
            "id,invoice_id,sku,quantity,unit_price,net,currency,service_from,service_to\n\
             l1,i1,SEAT,{seats},22.00,{}.00,USD,2026-10-01,2026-11-01\n",
            seats * 22
        ),
    );
}

/// Goal: one discrepancy lives through its nights under one id: found, kept over a failed source,
/// resolved by a person, proven by a sync, and back when the error is. Method: four nights over
/// files, by the command line, on the store that is configured.
fn a_discrepancy_lives_through_its_nights(store: &str) {
    let mut workspace = workspace(store);
    let first = workspace
        .run(&["run", "nightly", "--json"])
        .expect(0)
        .json();
    assert_eq!(first["reconcile"][2]["opened"], 1, "{first}");
    let items = workspace
        .run(&["discrepancies", "list", "--json"])
        .expect(0)
        .json();
    let item = &items[0];
    let id = item["id"].as_str().unwrap().to_owned();
    assert_eq!(item["kind"], "QUANTITY");
    assert_eq!(item["expected"], "10");
    assert_eq!(item["actual"], "8");
    assert_eq!(item["impact"], "-44.00");
    assert_eq!(item["period"], "2026-10");

    let limit = [
        "kpi",
        "--period",
        "2026-10",
        "--fail-on",
        "discrepancy.count_rate=0.5",
    ];
    let crossed = workspace.run(&limit).expect(4);
    assert!(
        crossed
            .stderr
            .contains("discrepancy.count_rate is above its limit: 1 > 0.5")
    );
    workspace
        .run(&["kpi", "--period", "2026-10", "--fail-on", "no.such=1"])
        .expect(2);

    // The billing source fails: nothing opens, nothing clears, and the exit code says so.
    workspace.set_now("2026-10-11T06:00:00Z");
    std::fs::remove_file(workspace.path().join("lines.csv")).unwrap();
    let second = workspace
        .run(&["run", "nightly", "--json"])
        .expect(3)
        .json();
    assert_eq!(second["reconcile"][2]["unknown"], 1, "{second}");
    let kept = workspace
        .run(&["discrepancies", "list", "--json"])
        .expect(0)
        .json();
    assert_eq!(kept[0]["id"], id.as_str());
    assert_eq!(kept[0]["state"], "open");
    let kpi = workspace
        .run(&["kpi", "--period", "2026-10", "--json"])
        .expect(0)
        .json();
    assert_eq!(kpi["banner"]["state"], "FAILED", "{kpi}");
    assert!(kpi["discrepancy"]["count_rate"].is_null(), "{kpi}");

    let limit = [
        "kpi",
        "--period",
        "2026-10",
        "--fail-on",
        "discrepancy.count_rate=0.5",
    ];
    workspace.run(&limit).expect(3);

    // A person works it; a state that only a sync can prove is refused.
    for state in ["acknowledged", "in_progress", "proposed"] {
        workspace
            .run(&["discrepancies", "move", &id, state, "--by", "maria"])
            .expect(0);
    }
    let alone = [
        "discrepancies",
        "move",
        &id,
        "approved",
        "--by",
        "maria",
        "--approver",
        "maria",
    ];
    workspace.run(&alone).expect(1);
    let approved = [
        "discrepancies",
        "move",
        &id,
        "approved",
        "--by",
        "maria",
        "--approver",
        "jonas",
    ];
    workspace.run(&approved).expect(0);
    let resolved = [
        "discrepancies",
        "move",
        &id,
        "resolved",
        "--code",
        "rebilled",
        "--by",
        "maria",
    ];
    workspace.run(&resolved).expect(0);
    let forged = workspace
        .run(&["discrepancies", "move", &id, "verified"])
        .expect(1);
    assert!(
        forged.stderr.contains("a person may move it to"),
        "{}",
        forged.stderr
    );

    // The trail names the second person where there was one, and nobody where there was none.
    let trail = workspace.run(&["audit", "list", "--json"]).expect(0).json();
    let approvals: Vec<(&str, &serde_json::Value)> = trail
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"] == "discrepancy.moved")
        .map(|entry| {
            let state = entry["after"]["state"].as_str().unwrap();
            assert_eq!(entry["actor"], "maria");
            (state, &entry["approval_id"])
        })
        .collect();
    let (nobody, jonas) = (serde_json::Value::Null, serde_json::Value::from("jonas"));
    assert_eq!(
        approvals,
        [
            ("acknowledged", &nobody),
            ("in_progress", &nobody),
            ("proposed", &nobody),
            ("approved", &jonas),
            ("resolved", &nobody),
        ]
    );

    // The next sync proves it, and a later one takes it back.
    workspace.set_now("2026-10-12T06:00:00Z");
    lines(&workspace, 10);
    let third = workspace
        .run(&["run", "nightly", "--json"])
        .expect(0)
        .json();
    assert_eq!(third["reconcile"][2]["verified"], 1, "{third}");
    workspace.set_now("2026-10-13T06:00:00Z");
    lines(&workspace, 9);
    let fourth = workspace
        .run(&["run", "nightly", "--json"])
        .expect(0)
        .json();
    assert_eq!(fourth["reconcile"][2]["reopened"], 1, "{fourth}");
    let again = workspace
        .run(&["discrepancies", "list", "--json"])
        .expect(0)
        .json();
    assert_eq!(again[0]["id"], id.as_str());
    assert_eq!(again[0]["state"], "reopened");

    // The past is told with the amounts that were known then, and the unit is one with its largest.
    for (as_of, recovered, outstanding) in [
        ("2026-10-10T06:00:00Z", "0.00", "44.00"),
        ("2026-10-12T06:00:00Z", "44.00", "0.00"),
        ("2026-10-13T06:00:00Z", "22.00", "22.00"),
    ] {
        let period = ["kpi", "--period", "2026-10", "--as-of", as_of, "--json"];
        let found = workspace.run(&period).expect(0).json()["discrepancy"].clone();
        assert_eq!(found["leakage"], "44.00", "{as_of}");
        assert_eq!(found["recovered"], recovered, "{as_of}");
        assert_eq!(found["outstanding"], outstanding, "{as_of}");
        assert_eq!(found["value_rate"], "0.2", "{as_of}");
    }

    // The same night again changes nothing and mails nothing.
    let mails = || {
        std::fs::read_dir(workspace.path().join("var/mail"))
            .unwrap()
            .count()
    };
    let before = (
        workspace
            .run(&["discrepancies", "show", &id, "--json"])
            .json(),
        mails(),
    );
    workspace.run(&["run", "nightly"]).expect(0);
    let after = (
        workspace
            .run(&["discrepancies", "show", &id, "--json"])
            .json(),
        mails(),
    );
    assert_eq!(before, after);
    workspace.run(&["landing", "verify"]).expect(0);
    workspace.run(&["audit", "verify"]).expect(0);
}

#[test]
fn a_discrepancy_lives_through_its_nights_on_sqlite() {
    a_discrepancy_lives_through_its_nights("[store]\nurl = \"sqlite:var/crossfoot.db\"");
}

#[test]
fn a_discrepancy_lives_through_its_nights_on_postgres() {
    postgres::told(a_discrepancy_lives_through_its_nights);
}

/// Goal: what was done last counts, also when the clock stands; and a clock before the last run is
/// told to whoever writes. Method: a bad file and its cure at one instant, then an earlier one.
#[test]
fn the_later_of_two_works_at_one_instant_counts() {
    let mut workspace = workspace("");
    let contracts = std::fs::read_to_string(workspace.path().join("contracts.csv")).unwrap();
    for _ in 0..3 {
        workspace.write("contracts.csv", &contracts.replace("22.00", "dear"));
        workspace.run(&["run", "nightly"]).expect(3);
        workspace.write("contracts.csv", &contracts);
        let cured = workspace.run(&["run", "nightly"]).expect(0);
        assert_eq!(cured.stderr, "");
        let kpi = workspace
            .run(&["kpi", "--period", "2026-10", "--json"])
            .json();
        assert_eq!(kpi["discrepancy"]["units"], 1, "{kpi}");
    }
    workspace.set_now("2026-10-09T06:00:00Z");
    let written = workspace.run(&["reconcile", "--period", "2026-10"]);
    assert!(
        written.stderr.contains("is before the last run"),
        "{}",
        written.stderr
    );
    let read = workspace.run(&["status"]).expect(0);
    assert_eq!(read.stderr, "");
}

/// Goal: a backfill tells the figures of what it just compared, also when the clock goes on under
/// it. Method: a past month by the system's clock.
#[test]
fn a_backfill_counts_by_the_system_clock() {
    let workspace = workspace("");
    let range = ["backfill", "--from", "2026-10", "--to", "2026-10", "--json"];
    let periods = workspace.run_by_the_system_clock(&range).json();
    assert_eq!(periods[0]["restated"]["units"], 1, "{periods}");
    assert_eq!(periods[0]["restated"]["discrepant"], 1, "{periods}");
}

/// Goal: an item whose unit has no row left stays while its source is not whole, and clears once it
/// is. Method: a contract without a bill goes, first from a file with a bad row, then from a good one.
#[test]
fn an_item_without_rows_waits_for_a_whole_source() {
    let header = "id,account_id,sku,quantity,unit_price,currency,starts_on\n";
    let seats = "k1,c1,SEAT,8,22.00,USD,2026-10-01\n";
    let mut workspace = workspace("");
    let gone = "k2,c1,DISK,1,50.00,USD,2026-10-01\n";
    workspace.write("contracts.csv", &format!("{header}{seats}{gone}"));
    let state = |workspace: &Workspace| {
        let items = workspace
            .run(&["discrepancies", "list", "--all", "--json"])
            .json();
        assert_eq!(items.as_array().unwrap().len(), 1, "{items}");
        items[0]["state"].as_str().unwrap().to_owned()
    };
    workspace.run(&["run", "nightly"]).expect(0);
    assert_eq!(state(&workspace), "open");
    workspace.set_now("2026-10-11T06:00:00Z");
    let bad = "k3,c1,DISK,one,50.00,USD,2026-10-01\n";
    workspace.write("contracts.csv", &format!("{header}{seats}{bad}"));
    workspace.run(&["run", "nightly"]).expect(3);
    assert_eq!(state(&workspace), "open");
    workspace.set_now("2026-10-12T06:00:00Z");
    workspace.write("contracts.csv", &format!("{header}{seats}"));
    workspace.run(&["run", "nightly"]).expect(0);
    assert_eq!(state(&workspace), "self_cleared");
}

/// Goal: a backfill that was killed goes on where it stopped, and ends as one that was not.
/// Method: kill it once some periods are done, run it again, and compare with an undisturbed one.
#[test]
fn a_killed_backfill_goes_on() {
    let range = ["backfill", "--from", "2024-10", "--to", "2026-09", "--json"];
    let undisturbed = workspace("").run(&range).expect(0).json();
    let workspace = workspace("");
    let mut child = workspace
        .command()
        .args(range)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let store = workspace.path().join("var/crossfoot.db-wal");
    let begun = Instant::now();
    // Some periods are done once the store has grown beyond its schema.
    let grown = || store.metadata().is_ok_and(|file| file.len() > 250_000);
    while !grown() && begun.elapsed() < Duration::from_secs(20) {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let resumed = workspace.run(&range).expect(0).json();
    let figures = |periods: &serde_json::Value| -> Vec<serde_json::Value> {
        let periods = periods.as_array().unwrap();
        periods
            .iter()
            .map(|one| one["restated"]["units"].clone())
            .collect()
    };
    assert_eq!(figures(&resumed), figures(&undisturbed));
    assert_eq!(figures(&resumed).len(), 24);
    workspace.run(&["landing", "verify"]).expect(0);
}
