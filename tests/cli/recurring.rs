//! Errors that come back, items of the past, and who may work them.

use crate::support::cli::Workspace;

const CONFIG: &str = r#"
[company]
name = "Northwind"
timezone = "UTC"
currency = "USD"

[branch.north]
[branch.south]

[source.crm]
connector = "files"
role = "crm"
files = { accounts = "crm-accounts.csv", contracts = "contracts.csv" }

[source.billing]
connector = "files"
role = "billing"
files = { accounts = "billing-accounts.csv", invoices = "invoices.csv", invoice_lines = "lines.csv" }

[user.maria]
branches = ["north"]
may = ["read", "work"]

[user.jonas]
may = ["read", "work", "approve", "close"]

[user.paula]
branches = ["south"]
may = ["work", "approve"]
"#;

/// 10 seats sold in every month from August to October, and 8 billed.
fn workspace() -> Workspace {
    let workspace = Workspace::new(CONFIG, "2026-11-10T06:00:00Z");
    workspace.write(
        "crm-accounts.csv",
        "id,name,linked_ids,branch\nc1,Acme,billing:b1,north\n",
    );
    workspace.write(
        "billing-accounts.csv",
        "id,name,branch\nb1,Acme Inc,north\n",
    );
    workspace.write(
        "contracts.csv",
        "id,account_id,sku,quantity,unit_price,currency,starts_on,ends_on,branch\n\
         k1,c1,SEAT,10,22.00,USD,2026-08-01,2026-11-01,north\n",
    );
    let mut invoices = vec!["id,number,account_id,issued_on,due_on,currency,total".to_owned()];
    let header = "id,invoice_id,sku,quantity,unit_price,net,currency,service_from,service_to";
    let mut lines = vec![header.to_owned()];
    for month in 8..11 {
        let from = format!("2026-{month:02}-01");
        let to = format!("2026-{:02}-01", month + 1);
        invoices.push(format!("i{month},INV-{month},b1,{from},{from},USD,176.00"));
        lines.push(format!(
            "l{month},i{month},SEAT,8,22.00,176.00,USD,{from},{to}"
        ));
    }
    workspace.write("invoices.csv", &invoices.join("\n"));
    workspace.write("lines.csv", &lines.join("\n"));
    workspace.run(&["sync"]).expect(0);
    for period in ["2026-08", "2026-09", "2026-10"] {
        workspace.run(&["reconcile", "--period", period]).expect(0);
    }
    workspace
}

/// Goal: an error of several months is one story: each item names the one before, and the third in a
/// row matters more. Method: three months of the same short bill.
#[test]
fn an_error_that_comes_back_names_the_one_before() {
    let workspace = workspace();
    let items = workspace.run(&["discrepancies", "list", "--json"]).json();
    let mut items = items.as_array().unwrap().clone();
    items.sort_by_key(|one| one["period"].as_str().unwrap().to_owned());
    let told: Vec<_> = items
        .iter()
        .map(|one| {
            (
                one["streak"].as_u64().unwrap(),
                one["recurs_from"].clone(),
                one["severity"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (1, serde_json::Value::Null, "low"),
            (2, items[0]["id"].clone(), "low"),
            (3, items[1]["id"].clone(), "medium"),
        ]
    );
    let newest = items[2]["id"].as_str().unwrap();
    let shown = workspace
        .run(&["discrepancies", "show", newest, "--json"])
        .json();
    assert_eq!(shown["earlier"].as_array().unwrap().len(), 2, "{shown}");
    assert_eq!(shown["earlier"][0]["period"], "2026-09");
    let text = workspace.run(&["discrepancies", "show", newest]).stdout;
    assert!(text.contains("3 periods in a row"), "{text}");
}

/// Goal: lists and items are told as they were known. Method: work on an item, then ask for the hours
/// before.
#[test]
fn items_are_told_as_they_were_known() {
    let mut workspace = workspace();
    let list = |workspace: &Workspace, more: &[&str]| {
        let arguments = [
            &["discrepancies", "list", "--period", "2026-10", "--json"][..],
            more,
        ]
        .concat();
        workspace.run(&arguments).expect(0).json()
    };
    let id = list(&workspace, &[])[0]["id"].as_str().unwrap().to_owned();
    workspace.set_now("2026-11-11T06:00:00Z");
    let by = ["--by", "maria"];
    let assign = [&["discrepancies", "assign", &id, "maria"][..], &by].concat();
    workspace.run(&assign).expect(0);
    let dismissed = [
        "discrepancies",
        "move",
        &id,
        "dismissed",
        "--code",
        "false_positive",
    ];
    workspace.run(&[&dismissed[..], &by].concat()).expect(0);
    assert_eq!(list(&workspace, &[]).as_array().unwrap().len(), 0);
    let before = list(&workspace, &["--as-of", "2026-11-11T05:00:00Z"]);
    assert_eq!(before[0]["state"], "open");
    assert_eq!(before[0]["owner"], serde_json::Value::Null);
    assert_eq!(before[0]["age_days"], 0);
    let none = list(&workspace, &["--as-of", "2026-11-10T05:00:00Z", "--all"]);
    assert_eq!(none.as_array().unwrap().len(), 0);
    let show = [
        "discrepancies",
        "show",
        &id,
        "--json",
        "--as-of",
        "2026-11-11T05:00:00Z",
    ];
    let shown = workspace.run(&show).expect(0).json();
    assert_eq!(shown["state"], "open");
    assert_eq!(shown["history"].as_array().unwrap().len(), 1);
    let early = [
        "discrepancies",
        "show",
        &id,
        "--as-of",
        "2026-11-01T00:00:00Z",
    ];
    workspace.run(&early).expect(1);
    let aging = [
        "collections",
        "aging",
        "--as-of",
        "2026-11-10T07:00:00Z",
        "--json",
    ];
    assert_eq!(
        workspace.run(&aging).expect(0).json()["as_of"],
        "2026-11-10T07:00:00Z"
    );
}

/// Goal: as soon as users are named, only they act, where and how they may; what is refused changes
/// nothing; and an owner sees what one person both did and approved. Method: moves, notes and closes by
/// several names.
#[test]
fn only_users_with_the_right_act() {
    let workspace = workspace();
    let items = workspace.run(&["discrepancies", "list", "--json"]).json();
    let id = items[0]["id"].as_str().unwrap().to_owned();
    let moved = |to: &str, more: &[&str]| {
        let arguments = [&["discrepancies", "move", &id, to][..], more].concat();
        workspace.run(&arguments)
    };
    let refused = moved("acknowledged", &[]).expect(1);
    assert!(
        refused.stderr.contains("there is no user `tester`"),
        "{}",
        refused.stderr
    );
    let refused = moved("acknowledged", &["--by", "paula"]).expect(1);
    assert!(
        refused.stderr.contains("in branch `north`"),
        "{}",
        refused.stderr
    );
    workspace
        .run(&["discrepancies", "note", &id, "text", "--by", "paula"])
        .expect(1);
    for state in ["acknowledged", "in_progress", "proposed"] {
        moved(state, &["--by", "maria"]).expect(0);
    }
    moved("approved", &["--by", "maria", "--approver", "paula"]).expect(1);
    moved("approved", &["--by", "maria", "--approver", "MARIA"]).expect(1);
    moved("approved", &["--by", "maria", "--approver", "jonas"]).expect(0);
    let close = |by: &str, approver: &str| {
        workspace.run(&[
            "periods",
            "close",
            "2026-08",
            "--by",
            by,
            "--approver",
            approver,
        ])
    };
    close("maria", "jonas").expect(1);
    close("jonas", "paula").expect(1);
    let none = workspace.run(&["audit", "list", "--self-approved", "--json"]);
    assert_eq!(none.expect(0).json().as_array().unwrap().len(), 0);
    moved("resolved", &["--by", "jonas", "--code", "rebilled"]).expect(0);
    let both = workspace
        .run(&["audit", "list", "--self-approved", "--json"])
        .expect(0)
        .json();
    let states: Vec<_> = both
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["after"]["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["approved", "resolved"]);
}
