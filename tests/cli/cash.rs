//! The manual match of a payment, as an analyst makes it.

use serde_json::{Value, json};

use crate::support::cli::Workspace;
use crate::support::postgres;

const CONFIG: &str = r#"
[company]
name = "Northwind"
timezone = "UTC"
currency = "USD"

STORE

[source.billing]
connector = "files"
role = "billing"
files = { accounts = "accounts.csv", invoices = "invoices.csv", payments = "payments.csv" }
"#;

const PAYMENTS: &str = "\
id,account_id,received_on,amount,currency,reference
p1,,2026-11-05,250.00,USD,
p2,b1,2026-10-20,80.00,USD,unreadable
";

fn workspace(store: &str) -> Workspace {
    let workspace = Workspace::new(&CONFIG.replace("STORE", store), "2026-11-20T06:00:00Z");
    workspace.write("accounts.csv", "id,name\nb1,Acme\nb2,Bolt\n");
    workspace.write(
        "invoices.csv",
        "id,number,account_id,issued_on,due_on,currency,total\n\
         i1,INV-1,b1,2026-10-01,2026-10-31,USD,200.00\n\
         i2,INV-2,b2,2026-10-01,2026-10-31,USD,90.00\n",
    );
    workspace.write("payments.csv", PAYMENTS);
    workspace.run(&["sync"]).expect(0);
    workspace.run(&["reconcile"]).expect(0);
    workspace
}

fn shown(workspace: &Workspace, payment: &str) -> Value {
    workspace
        .run(&["cash", "show", payment, "--json"])
        .expect(0)
        .json()
}

fn matched_by_hand(store: &str) {
    let mut workspace = workspace(store);
    assert_eq!(shown(&workspace, "p1")["state"], "suspense");
    let applied = workspace
        .run(&[
            "cash",
            "apply",
            "p1",
            "--invoice",
            "i1=120.00",
            "--invoice",
            "INV-2=90",
            "--by",
            "ann",
            "--note",
            "told by phone",
            "--json",
        ])
        .expect(0)
        .json();
    assert_eq!(applied["state"], "partial", "{applied}");
    assert_eq!(applied["rule"], "manual");
    assert_eq!(
        applied["applied"],
        json!([
            { "invoice": "i1", "amount": "120.00" },
            { "invoice": "i2", "amount": "90.00" },
        ])
    );
    assert_eq!(applied["unapplied"], "40.00");

    // Later nights, with an older payment that names the same invoice, leave it so.
    workspace.set_now("2026-11-21T06:00:00Z");
    workspace.write(
        "payments.csv",
        &format!("{PAYMENTS}p0,b2,2026-10-15,90.00,USD,INV-2\n"),
    );
    workspace.run(&["sync"]).expect(0);
    workspace.run(&["reconcile"]).expect(0);
    assert_eq!(shown(&workspace, "p1"), applied);
    assert_eq!(shown(&workspace, "p0")["state"], "unapplied");

    let trail = workspace.run(&["audit", "list", "--json"]).expect(0).json();
    let entries = trail.as_array().unwrap();
    let of_cash: Vec<&Value> = entries
        .iter()
        .filter(|one| one["action"] == "cash.apply")
        .collect();
    assert_eq!(of_cash.len(), 1, "{trail}");
    assert_eq!(of_cash[0]["actor"], "ann");
    assert_eq!(of_cash[0]["object"], "billing:p1");
    assert_eq!(of_cash[0]["reason"], "told by phone");
    workspace.run(&["audit", "verify"]).expect(0);

    // As it was known before, the match is not.
    let kpi = workspace
        .run(&["kpi", "--period", "2026-11", "--json"])
        .expect(0)
        .json();
    assert_eq!(kpi["match"]["total_rate"], "0", "partial is not matched");
    workspace
        .run(&["cash", "apply", "p1", "--invoice", "i1=0.01", "--by", "ann"])
        .expect(1);
    assert_eq!(shown(&workspace, "p1"), applied, "i1 is paid by p2 too");
    workspace
        .run(&[
            "cash",
            "apply",
            "nobody",
            "--invoice",
            "i1=1",
            "--by",
            "ann",
        ])
        .expect(1);
    workspace
        .run(&["cash", "apply", "p1", "--invoice", "i1", "--by", "ann"])
        .expect(2);
}

/// Goal: a person's match is made, told and audited, and survives later nights; a refused one changes
/// nothing. Method: money in suspense over two customers' invoices.
#[test]
fn a_payment_is_matched_by_hand_on_sqlite() {
    matched_by_hand("");
}

/// Goal and method as on SQLite.
#[test]
fn a_payment_is_matched_by_hand_on_postgres() {
    postgres::told(matched_by_hand);
}

/// Goal: a payment that was received in a closed period stays as it was reported. Method: close the
/// month of the receipt, and apply.
#[test]
fn a_payment_of_a_closed_period_is_left_alone() {
    let workspace = workspace("");
    workspace.write(
        "payments.csv",
        &format!("{PAYMENTS}p4,,2026-10-25,30.00,USD,\n"),
    );
    workspace.run(&["sync"]).expect(0);
    let closed = [
        "periods",
        "close",
        "2026-10",
        "--by",
        "ann",
        "--approver",
        "bob",
        "--force",
    ];
    workspace.run(&closed).expect(0);
    let refused = workspace
        .run(&["cash", "apply", "p4", "--invoice", "i1=30", "--by", "ann"])
        .expect(1);
    assert!(refused.stderr.contains("XF-R034"), "{}", refused.stderr);
    assert_eq!(shown(&workspace, "p4")["state"], "suspense");
    workspace
        .run(&["cash", "apply", "p1", "--invoice", "i2=90", "--by", "ann"])
        .expect(0);
}

/// Goal: with users configured, only those with the right to work may match. Method: a reader, a
/// stranger and a worker.
#[test]
fn only_those_who_may_work_match() {
    let users = "[user.ann]\nmay = [\"work\"]\n[user.rita]\nmay = [\"read\"]\n";
    let workspace = workspace(users);
    for (by, code) in [("rita", 1), ("nobody", 1), ("ann", 0)] {
        workspace
            .run(&["cash", "apply", "p1", "--invoice", "i2=90", "--by", by])
            .expect(code);
    }
    assert_eq!(shown(&workspace, "p1")["applied"][0]["invoice"], "i2");
}

/// Goal: who applied a customer's cash by hand cannot approve its write-offs. Method: a service that
/// was never billed, a payment matched by ann, and a write-off that ann, then bob, would approve.
#[test]
fn who_applies_cash_approves_no_write_off() {
    let crm = "[source.crm]\nconnector = \"files\"\nrole = \"crm\"\nfiles = { accounts = \
               \"crm.csv\", contracts = \"contracts.csv\" }\n";
    let workspace = workspace("");
    workspace.write("crm.csv", "id,name,linked_ids\nc1,Acme,billing:b1\n");
    workspace.write(
        "contracts.csv",
        "id,account_id,sku,quantity,unit_price,currency,starts_on\n\
         k1,c1,SEAT,1,10,USD,2026-10-01\n",
    );
    workspace.write(
        "lines.csv",
        "id,invoice_id,sku,quantity,unit_price,net,currency\nl1,i2,OTHER,1,90,90,USD\n",
    );
    let config = CONFIG.replace("STORE", crm).replace(
        "payments = \"payments.csv\"",
        "payments = \"payments.csv\", invoice_lines = \"lines.csv\"",
    );
    workspace.write("crossfoot.toml", &config);
    workspace.run(&["sync"]).expect(0);
    workspace
        .run(&["reconcile", "--period", "2026-10"])
        .expect(0);
    let items = workspace
        .run(&[
            "discrepancies",
            "list",
            "--kind",
            "MISSING_IN_BILLING",
            "--json",
        ])
        .expect(0)
        .json();
    let id = items[0]["id"].as_str().unwrap();
    workspace
        .run(&["cash", "apply", "p1", "--invoice", "i1=100", "--by", "Ann"])
        .expect(0);
    let moves: [(&[&str], i32); 5] = [
        (&["acknowledged"], 0),
        (&["in_progress"], 0),
        (&["proposed", "--code", "written_off", "--by", "joe"], 0),
        (&["approved", "--by", "joe", "--approver", "ann"], 1),
        (&["approved", "--by", "joe", "--approver", "bob"], 0),
    ];
    for (moved, code) in moves {
        workspace
            .run(&[&["discrepancies", "move", id], moved].concat())
            .expect(code);
    }
}
