//! An item explained in full.

use serde_json::Value;

use crate::support::cli::{TWO_BOOKS, Workspace};

const CONFIG: &str = r#"
[company]
name = "Acme"
timezone = "UTC"
currency = "USD"
"#;

const LATER: &str = "2026-10-21T06:00:00Z";

/// One customer: 10 seats at 22.00 are sold and 8 billed at 20.00, and a backup is sold in dollars that
/// is billed in two other currencies.
fn books() -> Workspace {
    let workspace = Workspace::of_two_books(CONFIG, "2026-10-20T06:00:00Z");
    workspace.one_customer();
    workspace.write(
        "contracts.csv",
        "id,account_id,sku,quantity,unit_price,discount_percent,currency,starts_on\n\
         k1,c1,SEAT,10,22.00,,USD,2026-10-01\n\
         k2,c1,BACKUP,1,50.00,10,USD,2026-10-01\n",
    );
    workspace.write(
        "invoices.csv",
        "id,number,account_id,issued_on,due_on,currency,total\n\
         i1,INV-1,b1,2026-10-01,2026-10-31,USD,160.00\n\
         i2,INV-2,b1,2026-10-01,2026-10-31,EUR,40.00\n\
         i3,INV-3,b1,2026-10-01,2026-10-31,GBP,35.00\n",
    );
    workspace.write(
        "lines.csv",
        "id,invoice_id,sku,quantity,unit_price,net,currency,service_from,service_to\n\
         l1,i1,SEAT,8,20.00,160.00,USD,2026-10-01,2026-11-01\n\
         l2,i2,BACKUP,1,40.00,40.00,EUR,2026-10-01,2026-11-01\n\
         l3,i3,BACKUP,1,35.00,35.00,GBP,2026-10-01,2026-11-01\n",
    );
    workspace.run(&["sync"]).expect(0);
    reconcile(&workspace);
    workspace
}

fn reconcile(workspace: &Workspace) {
    workspace
        .run(&["reconcile", "--period", "2026-10"])
        .expect(0);
}

fn items(workspace: &Workspace) -> Vec<Value> {
    let listed = workspace
        .run(&["discrepancies", "list", "--all", "--json"])
        .expect(0)
        .json();
    listed.as_array().unwrap().clone()
}

fn id_of(workspace: &Workspace, kind: &str, currency: &str) -> String {
    let found = items(workspace)
        .into_iter()
        .find(|item| item["kind"] == kind && item["currency"] == currency);
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

/// How many items of the seats are still open by other tolerances.
fn open_seats(tolerance: &str) -> usize {
    let mut workspace = books();
    workspace.write(
        "crossfoot.toml",
        &format!("{CONFIG}{TWO_BOOKS}\n[tolerance]\n{tolerance}\n"),
    );
    workspace.set_now(LATER);
    reconcile(&workspace);
    let is_open = |item: &&Value| item["sku"] == "SEAT" && item["state"] == "open";
    items(&workspace).iter().filter(is_open).count()
}

/// Goal: an item tells both sides field by field, and the smallest tolerance that would have accepted
/// it. Method: seats billed too few and too cheap; the tolerance that is told, and one that is a cent
/// or a part of a seat less, are each configured and the month is compared again.
#[test]
fn an_item_tells_what_would_have_accepted_it() {
    let workspace = books();
    let id = id_of(&workspace, "QUANTITY", "USD");
    let shown = workspace
        .run(&["discrepancies", "explain", &id, "--json"])
        .expect(0)
        .json();
    assert_eq!(shown["explanation_error"], Value::Null, "{shown}");
    let explanation = &shown["explanation"];
    let field = |name: &str| {
        let fields = explanation["fields"].as_array().unwrap();
        fields.iter().find(|one| one["field"] == name).unwrap()
    };
    assert_eq!(field("quantity")["contract"], "10", "{explanation}");
    assert_eq!(field("quantity")["billed"], "8");
    assert_eq!(field("unit_price")["contract"], "22");
    assert_eq!(field("unit_price")["billed"], "20");
    assert_eq!(field("amount")["expected"], "220.00");
    assert_eq!(field("amount")["billed"], "160.00");
    assert_eq!(field("account")["contract"], "c1");
    assert_eq!(field("account")["billed"], "b1");
    assert_eq!(
        field("service_period")["billed"],
        "2026-10-01 .. 2026-11-01"
    );
    let records = explanation["records"].as_array().unwrap();
    let invoice = records.iter().find(|one| one["entity"] == "invoices");
    assert_eq!(invoice.unwrap()["fields"]["number"], "INV-1");
    let amount = &explanation["tolerance"][0];
    assert_eq!(
        (&amount["limit"], &amount["decided_by"], &amount["accepted"]),
        (&"0.01".into(), &"floor".into(), &false.into())
    );
    assert_eq!(
        explanation["accepted_by"],
        "amount absolute USD 60.00 or percent 27.2728; and quantity absolute 2 or percent 20"
    );
    assert_eq!(shown["unit_items"][0]["kind"], "UNIT_PRICE");
    assert_eq!(shown["history"][0]["action"], "opened");

    assert_eq!(
        open_seats("amount = { absolute = { USD = \"60.00\" } }\nquantity = { absolute = \"2\" }"),
        0
    );
    assert_eq!(
        open_seats("amount = { percent = \"27.2728\" }\nquantity = { percent = \"20\" }"),
        0
    );
    assert_ne!(
        open_seats("amount = { absolute = { USD = \"59.99\" } }\nquantity = { absolute = \"2\" }"),
        0
    );
    assert_ne!(
        open_seats(
            "amount = { absolute = { USD = \"60.00\" } }\nquantity = { absolute = \"1.9\" }"
        ),
        0
    );
}

/// Goal: an ambiguous item says so and tells its candidates, as text too, and an item that has ended
/// tells what it was. Method: a backup that is billed in two other currencies, and is mended later.
#[test]
fn an_ambiguous_item_tells_why_nothing_was_taken() {
    let mut workspace = books();
    let id = id_of(&workspace, "MISSING_IN_BILLING", "USD");
    let shown = workspace.run(&["discrepancies", "show", &id]).expect(0);
    for part in [
        "ambiguous: several candidates stand equally near",
        "10 %",
        "other currency: BACKUP 2026-10, quantity 1, amount 40.00 EUR: others match as well",
        "other currency: BACKUP 2026-10, quantity 1, amount 35.00 GBP: others match as well",
        "contracts crm:k2: account_id c1",
        "the smallest that would have accepted it: amount absolute USD 45.00 or percent 100",
        "opened",
        "-45.00",
    ] {
        assert!(shown.stdout.contains(part), "`{part}` in {}", shown.stdout);
    }
    let brief = ["discrepancies", "show", &id, "--brief", "--json"];
    let brief = workspace.run(&brief).expect(0).json();
    assert_eq!(brief["ambiguous"], true, "{brief}");
    assert_eq!(brief["explanation"], Value::Null);
    assert!(brief["candidates"].is_array());

    let lines = std::fs::read_to_string(workspace.path().join("lines.csv")).unwrap();
    workspace.write(
        "lines.csv",
        &lines.replace("40.00,40.00,EUR", "45.00,45.00,USD"),
    );
    workspace.set_now(LATER);
    workspace.run(&["sync"]).expect(0);
    reconcile(&workspace);
    let ended = ["discrepancies", "show", &id, "--json"];
    let ended = workspace.run(&ended).expect(0).json();
    assert_eq!(ended["state"], "self_cleared", "{ended}");
    assert_eq!(
        ended["explanation"]["accepted_by"],
        "amount absolute USD 45.00 or percent 100"
    );
}

/// Goal: a kind and a code are explained however they are spelled, and a mistyped one is told the
/// nearest. Method: one of each.
#[test]
fn kinds_and_codes_are_explained() {
    let workspace = Workspace::new(CONFIG, LATER);
    let kind = workspace.run(&["explain", "tax"]).expect(0);
    assert!(kind.stdout.contains("impact:"), "{}", kind.stdout);
    let code = workspace
        .run(&["explain", "xf-s010", "--json"])
        .expect(0)
        .json();
    assert_eq!(code["code"], "XF-S010");
    assert!(code["do"].as_str().is_some_and(|text| !text.is_empty()));
    let mistyped = workspace.run(&["explain", "QUANTTY"]).expect(2);
    assert!(
        mistyped.stderr.contains("did you mean `QUANTITY`?"),
        "{}",
        mistyped.stderr
    );
}
