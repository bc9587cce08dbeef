//! What is proposed to put items right.

use serde_json::Value;

use crate::support::cli::Workspace;

const CONFIG: &str = r#"
[company]
name = "Northwind"
timezone = "UTC"
currency = "USD"

[source.crm]
connector = "files"
role = "crm"
files = { accounts = "crm-accounts.csv", contracts = "contracts.csv" }

[source.billing]
connector = "files"
role = "billing"
files = { accounts = "billing-accounts.csv", invoices = "invoices.csv", invoice_lines = "lines.csv" }

[job.nightly]
schedule = "30 1 * * *"
sync = "all"
reconcile = "open-periods"
"#;

/// A customer with a hostile name, and one error of each of five kinds in October.
fn workspace() -> Workspace {
    let workspace = Workspace::new(CONFIG, "2026-11-10T06:00:00Z");
    workspace.write(
        "crm-accounts.csv",
        "id,name,linked_ids\nc1,\"=HYPERLINK(\"\"http://x\"\")\",billing:b1\n",
    );
    workspace.write(
        "billing-accounts.csv",
        "id,name\nb1,\"=HYPERLINK(\"\"http://x\"\")\"\n",
    );
    workspace.write(
        "contracts.csv",
        "id,account_id,sku,quantity,unit_price,currency,starts_on,ends_on\n\
         k1,c1,SEAT,10,22.00,USD,2026-10-01,2026-11-01\n\
         k2,c1,DISK,2,5.00,USD,2026-10-01,2026-11-01\n\
         k3,c1,LINE,1,7.00,USD,2026-10-01,2026-11-01\n\
         k4,c1,MAIL,4,3.00,USD,2026-10-01,2026-11-01\n",
    );
    workspace.write(
        "invoices.csv",
        "id,number,account_id,issued_on,due_on,currency,total\n\
         i1,INV-1,b1,2026-10-01,2026-10-31,USD,217.00\n\
         i2,INV-2,b1,2026-10-05,2026-10-31,USD,7.00\n",
    );
    workspace.write(
        "lines.csv",
        "id,invoice_id,sku,quantity,unit_price,net,currency,service_from,service_to\n\
         l1,i1,SEAT,8,22.00,176.00,USD,2026-10-01,2026-11-01\n\
         l9,i2,LINE,1,7.00,7.00,USD,2026-10-01,2026-11-01\n\
         l2,i1,LINE,1,7.00,7.00,USD,2026-10-01,2026-11-01\n\
         l3,i1,MAIL,4,4.00,16.00,USD,2026-10-01,2026-11-01\n\
         l4,i1,FAX,1,9.00,9.00,USD,2026-10-01,2026-11-01\n",
    );
    workspace
}

fn export(workspace: &Workspace, name: &str, more: &[&str]) -> String {
    let arguments = [&["corrections", "export", "--out", name][..], more].concat();
    let ran = workspace.run(&arguments).expect(0);
    assert!(ran.stdout.starts_with("wrote "), "{}", ran.stdout);
    std::fs::read_to_string(workspace.path().join(name)).unwrap()
}

fn told(rows: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let mut told: Vec<String> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let parts = [
                "kind",
                "act",
                "system",
                "entity",
                "record_id",
                "field",
                "present",
                "proposed",
                "effect",
            ];
            parts.map(|part| text(&row[part])).join(" ")
        })
        .collect();
    told.sort();
    told
}

/// Goal: each item says which record of which system is to be put right, with its value now and then,
/// and what that bills. Method: five kinds, exported in each format.
#[test]
fn every_item_proposes_an_act_on_a_record() {
    let workspace = workspace();
    workspace.run(&["run", "nightly"]).expect(0);
    let rows: Value = serde_json::from_str(&export(&workspace, "fixes.json", &[])).unwrap();
    assert_eq!(
        told(&rows),
        [
            "DUPLICATE credit billing invoice_lines l9 net 7.00 0.00 -7.00",
            "MISSING_IN_BILLING create billing invoice_lines - net - \
             DISK for 2026-10: 10.00 USD 10.00",
            "MISSING_IN_CRM create crm contracts - sku - FAX for 2026-10: 9.00 USD 0.00",
            "QUANTITY update billing invoice_lines l1 quantity 8 10 44.00",
            "UNIT_PRICE update billing invoice_lines l3 unit_price 4 3 -4.00",
        ]
    );
    let quantity = rows
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["kind"] == "QUANTITY")
        .unwrap();
    assert_eq!(quantity["record_number"], "INV-1");
    assert_eq!(quantity["account_record"], "b1");
    assert_eq!(quantity["code"], "rebilled");
    let evidence = quantity["evidence"].as_str().unwrap();
    assert!(
        evidence.contains("crm contracts k1 SEAT 10 x 22"),
        "{evidence}"
    );
    assert!(
        evidence.contains("billing invoice_lines l1 INV-1 8 x 22 = 176.00"),
        "{evidence}"
    );
    let choices: Value =
        serde_json::from_str(&export(&workspace, "all.json", &["--alternatives"])).unwrap();
    let other = |row: &&Value| row["kind"] == "QUANTITY" && row["choice"] == 2;
    let amended = choices.as_array().unwrap().iter().find(other).unwrap();
    assert_eq!(
        (
            &amended["system"],
            &amended["record_id"],
            &amended["proposed"]
        ),
        (&"crm".into(), &"k1".into(), &"8".into())
    );

    // A spreadsheet takes no name for a formula, and amounts stay numbers.
    let text = export(&workspace, "fixes.csv", &["--kind", "QUANTITY"]);
    assert!(text.starts_with("id,act,choice,system,entity,"), "{text}");
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains("\"'=HYPERLINK("), "{text}");
    assert!(text.contains(",44.00,USD,"), "{text}");
    let xlsx = ["corrections", "export", "--out", "fixes.xlsx"];
    workspace.run(&xlsx).expect(0);
    let bytes = std::fs::read(workspace.path().join("fixes.xlsx")).unwrap();
    assert!(bytes.starts_with(b"PK"));
    let wrong = ["corrections", "export", "--out", "fixes.pdf"];
    workspace.run(&wrong).expect(2);
}

/// Goal: what a person proposed to do is what is exported, and what is done with is not. Method: a
/// proposal to amend the contract, a write-off, a resolved item.
#[test]
fn a_proposed_resolution_decides_the_act() {
    let workspace = workspace();
    workspace.run(&["run", "nightly"]).expect(0);
    let items = workspace.run(&["discrepancies", "list", "--json"]).json();
    let id = |kind: &str| -> String {
        let mut all = items.as_array().unwrap().iter();
        let found = all.find(|one| one["kind"] == kind).unwrap();
        found["id"].as_str().unwrap().to_owned()
    };
    let steps = |id: &str, code: &str, last: usize| {
        let all: [&[&str]; 5] = [
            &["acknowledged"],
            &["in_progress"],
            &["proposed", "--code", code],
            &["approved", "--approver", "jonas"],
            &["resolved", "--code", code, "--approver", "jonas"],
        ];
        for step in &all[..last] {
            let arguments = [&["discrepancies", "move", id][..], step, &["--by", "maria"]].concat();
            workspace.run(&arguments).expect(0);
        }
    };
    steps(&id("QUANTITY"), "contract_amended", 3);
    steps(&id("UNIT_PRICE"), "written_off", 3);
    steps(&id("DUPLICATE"), "credit_issued", 5);
    let rows: Value = serde_json::from_str(&export(&workspace, "fixes.json", &[])).unwrap();
    assert_eq!(
        told(&rows),
        [
            "MISSING_IN_BILLING create billing invoice_lines - net - \
             DISK for 2026-10: 10.00 USD 10.00",
            "MISSING_IN_CRM create crm contracts - sku - FAX for 2026-10: 9.00 USD 0.00",
            "QUANTITY update crm contracts k1 quantity 10 8 0.00",
        ]
    );
}
