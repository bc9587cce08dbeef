//! Collections by the command line.

use crate::support::cli::Workspace;

const CONFIG: &str = r#"
[company]
name = "Northwind"
timezone = "UTC"
currency = "USD"

[source.ledger]
connector = "files"
role = "billing"
files = { accounts = "accounts.csv", invoices = "invoices.csv" }

[[collections.level]]
name = "L1"
days_past_due = 3
"#;

/// Goal: a case says exactly what it is said to say, with nothing made up of what is not built.
/// Method: one overdue invoice, evaluated on a working day.
#[test]
fn a_case_has_its_fields_and_no_others() {
    let workspace = Workspace::new(CONFIG, "2026-11-20T06:00:00Z");
    workspace.write("accounts.csv", "id,name\na1,Acme\n");
    workspace.write(
        "invoices.csv",
        "id,number,account_id,issued_on,due_on,currency,total\n\
         i1,1,a1,2026-10-01,2026-10-31,USD,100.00\n",
    );
    workspace.run(&["sync"]).expect(0);
    workspace.run(&["collections", "run"]).expect(0);
    let cases = workspace
        .run(&["collections", "list", "--json"])
        .expect(0)
        .json();
    let case = cases[0].as_object().unwrap();
    let account = case["account"].clone();
    let expected = serde_json::json!([{
        "account": account,
        "invoice": "ledger:i1",
        "state": "overdue",
        "level": 1,
        "escalate": false,
        "dpd": 20,
        "currency": "USD",
        "open": "100.00",
        "disputed": "0.00",
        "promised": "0.00",
        "eligible": "100.00",
        "last_level": 0,
        "last_sent_on": null,
        "letters": [],
        "action": "none",
        "hold_reason": null,
    }]);
    assert_eq!(cases, expected);
}
