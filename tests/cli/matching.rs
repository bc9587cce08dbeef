//! How payments find their invoices over nights, and what the figures say of it.

use serde_json::{Value, json};

use crate::support::cli::Workspace;
use crate::support::postgres;

const CONFIG: &str = r#"
[company]
name = "Northwind"
timezone = "UTC"
currency = "USD"

STORE

[cash]
rules = ["match_single", "combo"]

[source.billing]
connector = "files"
role = "billing"
files = { accounts = "accounts.csv", invoices = "invoices.csv", payments = "payments.csv", promises = "promises.csv" }
"#;

/// One night: what the billing system has by then.
fn night(workspace: &mut Workspace, day: u32, invoices: &[&str], payments: &[&str]) {
    workspace.set_now(&format!("2026-11-{day:02}T06:00:00Z"));
    workspace.write(
        "invoices.csv",
        &format!(
            "id,number,account_id,kind,original_invoice_id,issued_on,due_on,currency,total\n{}\n",
            invoices.join("\n")
        ),
    );
    workspace.write(
        "payments.csv",
        &format!(
            "id,account_id,received_on,amount,currency\n{}\n",
            payments.join("\n")
        ),
    );
    workspace.run(&["sync"]).expect(0);
    workspace.run(&["reconcile"]).expect(0);
}

fn kpi(workspace: &Workspace, as_of: &str) -> Value {
    let ask = ["kpi", "--period", "2026-11", "--as-of", as_of, "--json"];
    workspace.run(&ask).expect(0).json()
}

const FIRST: [&str; 3] = [
    "i1,N-1,b1,,,2026-10-01,2026-10-31,USD,100.00",
    "i2,N-2,b1,,,2026-10-01,2026-10-31,USD,60.00",
    "i3,N-3,b1,,,2026-10-01,2026-10-31,USD,45.00",
];

fn attempts_are_told(store: &str) {
    let mut workspace = Workspace::new(&CONFIG.replace("STORE", store), "2026-11-02T06:00:00Z");
    workspace.write("accounts.csv", "id,name\nb1,Acme\nb2,Bolt\n");
    workspace.write(
        "promises.csv",
        "id,account_id,invoice_id,amount,currency,promised_on,due_on\n\
         r1,b1,i1,100.00,USD,2026-10-20,2026-11-03\n\
         r2,b2,,20.00,USD,2026-10-20,2026-11-03\n",
    );
    let mut payments = vec!["p1,b1,2026-11-01,100.00,USD", "p2,b1,2026-11-02,70.00,USD"];
    night(&mut workspace, 2, &FIRST, &payments);
    let told = kpi(&workspace, "2026-11-02T07:00:00Z");
    assert_eq!(told["match"]["first_pass_rate"], "0.5", "{told}");
    assert_eq!(told["match"]["total_rate"], "0.5");
    assert_eq!(told["promises"]["pending"], 1, "{told}");
    assert_eq!(told["promises"]["kept"], 1, "{told}");

    // p2 had to wait for its invoice: both sides are there for the first time. p3 is the sum of two.
    let mut invoices = FIRST.to_vec();
    invoices.push("i4,N-4,b1,,,2026-11-01,2026-11-30,USD,70.00");
    invoices.push("i5,N-5,b1,,,2026-11-01,2026-11-30,USD,80.00");
    payments.push("p3,b1,2026-11-03,105.00,USD");
    payments.push("p4,b1,2026-11-03,50.00,USD");
    night(&mut workspace, 3, &invoices, &payments);
    let told = kpi(&workspace, "2026-11-03T07:00:00Z");
    assert_eq!(told["match"]["first_pass_rate"], "0.75", "{told}");
    assert_eq!(told["match"]["auto_rate"], "0.75");

    // p4 finds an invoice that the comparison before had seen: that is no first attempt.
    invoices.push("m1,M-1,b1,credit_memo,i5,2026-11-02,,USD,-30.00");
    invoices.push("i6,N-6,b2,,,2026-11-02,2026-11-30,USD,20.00");
    invoices.push("i7,N-7,b2,,,2026-11-02,2026-11-30,USD,30.00");
    invoices.push("i8,N-8,b2,,,2026-11-02,2026-11-30,USD,35.00");
    invoices.push("i9,N-9,b2,,,2026-11-02,2026-11-30,USD,15.00");
    payments.push("p5,b2,2026-11-04,50.00,USD");
    night(&mut workspace, 8, &invoices, &payments);
    let told = kpi(&workspace, "2026-11-08T07:00:00Z");
    assert_eq!(told["match"]["first_pass_rate"], "0.6", "{told}");
    assert_eq!(told["match"]["auto_rate"], "0.8");
    assert_eq!(told["match"]["manual_rate"], "0");
    assert_eq!(told["unavailable"]["match.first_pass_rate"], Value::Null);
    assert_eq!(told["promises"]["broken"], 1, "{told}");
    assert_eq!(told["payment_accuracy"]["corrected_invoices"], 1);
    assert_eq!(told["receivables"]["paid_invoices"], 5, "{told}");
    let earlier = kpi(&workspace, "2026-11-03T07:00:00Z");
    assert_eq!(earlier["match"]["first_pass_rate"], "0.75");

    // What could be meant in two ways is proposed and not applied; a person says it.
    let list = workspace.run(&["cash", "list", "--json"]).expect(0).json();
    let shown = |id: &str| {
        let all = list.as_array().unwrap();
        all.iter().find(|one| one["payment"] == id).unwrap().clone()
    };
    assert_eq!(shown("p3")["rule"], "combo");
    assert_eq!(shown("p5")["state"], "ambiguous", "{list}");
    assert_eq!(shown("p5")["applied"], json!([]));
    assert_eq!(shown("p5")["unapplied"], "50.00");
    assert_eq!(
        shown("p5")["proposals"],
        json!([["i6", "i7"], ["i8", "i9"]])
    );
    let text = workspace.run(&["cash", "list"]).expect(0).stdout;
    assert!(
        text.contains("p5 could be for i6 + i7, or i8 + i9"),
        "{text}"
    );
    let apply = [
        "cash",
        "apply",
        "p5",
        "--invoice",
        "i8=35",
        "--invoice",
        "i9=15",
    ];
    workspace.run(&apply).expect(0);
    let told = kpi(&workspace, "2026-11-08T07:00:00Z");
    assert_eq!(told["match"]["manual_rate"], "0.2");
    assert_eq!(told["match"]["total_rate"], "1");
    let text = workspace
        .run(&["kpi", "--period", "2026-11"])
        .expect(0)
        .stdout;
    for line in [
        "in the first comparison",
        "invoice accuracy",
        "promises kept",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

/// Goal: which payments rules placed at the first attempt is known over nights and as of each, a late
/// invoice is no failed attempt, and what is ambiguous is a person's. Method: three nights.
#[test]
fn attempts_are_told_on_sqlite() {
    attempts_are_told("");
}

/// Goal and method as on SQLite.
#[test]
fn attempts_are_told_on_postgres() {
    postgres::told(attempts_are_told);
}

/// Goal: a rule that there is none of is told with the nearest one. Method: a typo.
#[test]
fn an_unknown_rule_is_told_with_the_nearest() {
    let config = CONFIG
        .replace("STORE", "")
        .replace("\"combo\"", "\"subset_proposal\"");
    let workspace = Workspace::new(&config, "2026-11-02T06:00:00Z");
    let told = workspace.run(&["check", "--offline"]).expect(2).stderr;
    assert!(
        told.contains("unknown value `subset_proposal`: did you mean `subset_proposals`?"),
        "{told}"
    );
}
