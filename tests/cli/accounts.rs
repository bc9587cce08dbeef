//! What the CRM and the billing system keep of one customer, as a user sees it.

use serde_json::Value;

use crate::support::cli::Workspace;

const CONFIG: &str = r#"
[company]
name = "Acme"
timezone = "UTC"
currency = "USD"

[source.crm]
connector = "files"
role = "crm"
files = { accounts = "crm.csv", contracts = "contracts.csv" }

[source.billing]
connector = "files"
role = "billing"
files = { accounts = "billing.csv", contracts = "subscriptions.csv" }
"#;

const CRM: &str = "\
id,name,linked_ids,email,street,city,country,tax_id,payment_terms
c1,Anvil,billing:b1,ap@anvil.example,12 Main Street,Boston,US,,NET30
c2,Bolt,billing:b2,ap@bolt.example,1 Long Road,Boston,US,,
c3,Chisel,billing:b3,,,,,DE123456789,NET30
c4,Drill,,ap@drill.example,,,,,NET30
";

const BILLING: &str = "\
id,name,email,street,city,country,tax_id,payment_terms
b1,Anvil,AP@anvil.example,12 Main St.,BOSTON,US,,net 30 days
b2,Bolt,old@bolt.example,9 Short Road,Boston,US,,NET45
b3,Chisel,,,,,DE123456780,
b9,Nobody,nobody@x.example,,,,,
";

const CONTRACTS: &str = "\
id,account_id,sku,quantity,unit_price,currency,starts_on,frequency,payment_terms
k1,c2,SEAT,1,10,USD,2026-01-01,month,NET30
k2,c1,SEAT,1,10,USD,2026-01-01,month,
";

const SUBSCRIPTIONS: &str = "\
id,account_id,sku,quantity,unit_price,currency,starts_on,frequency
s1,b1,SEAT,12,10,USD,2026-01-01,year
";

fn books() -> Workspace {
    let workspace = Workspace::new(CONFIG, "2026-11-21T06:00:00Z");
    workspace.write("crm.csv", CRM);
    workspace.write("billing.csv", BILLING);
    workspace.write("contracts.csv", CONTRACTS);
    workspace.write("subscriptions.csv", SUBSCRIPTIONS);
    workspace.run(&["sync"]).expect(0);
    workspace
}

/// The items of the rule: account's name, product, field, kind, state.
fn items(workspace: &Workspace, more: &[&str]) -> Vec<Value> {
    let arguments = [&["discrepancies", "list", "--json"], more].concat();
    let listed = workspace.run(&arguments).expect(0).json();
    let of_rule = listed.as_array().unwrap().iter();
    of_rule
        .filter(|item| item["rule"] == "account_fields")
        .cloned()
        .collect()
}

fn told(items: &[Value]) -> Vec<String> {
    let text = |item: &Value, name: &str| item[name].as_str().unwrap_or("-").to_owned();
    let mut told: Vec<String> = items
        .iter()
        .map(|item| {
            ["account_name", "sku", "field", "kind", "severity", "state"]
                .map(|name| text(item, name))
                .join(" ")
        })
        .collect();
    told.sort();
    told
}

/// Goal: every reconcile compares the accounts once, and tells contacts and terms that differ, each
/// for itself, without money and outside the rate. Method: four customers with a fault each.
#[test]
fn accounts_are_compared_in_every_reconcile() {
    let workspace = books();
    let summaries = workspace.run(&["reconcile", "--json"]).expect(0).json();
    let of_rule: Vec<&Value> = summaries
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["rule"] == "account_fields")
        .collect();
    assert_eq!(of_rule.len(), 1, "{summaries}");
    assert_eq!(of_rule[0]["period"], "2026-11");
    assert_eq!(
        (&of_rule[0]["units"], &of_rule[0]["discrepant"]),
        (&3.into(), &3.into()),
        "{}",
        of_rule[0]
    );
    let found = items(&workspace, &[]);
    assert_eq!(
        told(&found),
        [
            "Anvil SEAT frequency TERMS_MISMATCH low open",
            "Bolt  address STALE_CONTACT info open",
            "Bolt  email STALE_CONTACT info open",
            "Bolt SEAT payment_terms TERMS_MISMATCH low open",
            "Chisel  tax_id STALE_CONTACT info open",
        ]
    );
    assert!(found.iter().all(|item| item["impact"] == "0.00"));
    let email = found.iter().find(|item| item["field"] == "email").unwrap();
    assert_eq!(
        (&email["expected"], &email["actual"]),
        (&"ap@bolt.example".into(), &"old@bolt.example".into())
    );
    let kpi = workspace
        .run(&["kpi", "--period", "2026-11", "--json"])
        .expect(0)
        .json();
    assert!(kpi["discrepancy"]["by_kind"]["STALE_CONTACT"].is_null());
    assert!(kpi["discrepancy"]["by_kind"]["TERMS_MISMATCH"].is_null());
    let of_accounts = &kpi["account_fields"];
    assert_eq!(
        (
            &of_accounts["customers"],
            &of_accounts["discrepant"],
            &of_accounts["count_rate"]
        ),
        (&3.into(), &3.into(), &"1".into()),
        "{of_accounts}"
    );

    let shown = workspace
        .run(&["discrepancies", "show", email["id"].as_str().unwrap()])
        .expect(0)
        .stdout;
    assert!(shown.contains("old@bolt.example"), "{shown}");
    assert!(shown.contains("accounts billing:b2"), "{shown}");
    let rules = workspace
        .run(&["reconcile", "--list", "--json"])
        .expect(0)
        .json();
    let listed = rules.as_array().unwrap().iter();
    let named: Vec<&Value> = listed
        .filter(|one| one["name"] == "account_fields")
        .collect();
    assert_eq!(named.len(), 1, "{rules}");
    assert_eq!(named[0]["every_reconcile"], true);
}

/// Goal: an item stands under one id over months until both sides agree, each field by itself; what
/// one side does not state any more is no difference. Method: two months, with one field mended.
#[test]
fn an_item_stands_over_months_until_both_agree() {
    let mut workspace = books();
    workspace.run(&["reconcile"]).expect(0);
    let before = items(&workspace, &[]);
    let id_of = |items: &[Value], field: &str| {
        let found = items.iter().find(|item| item["field"] == field);
        found.map(|item| item["id"].as_str().unwrap().to_owned())
    };
    workspace.set_now("2026-12-15T06:00:00Z");
    workspace.write(
        "billing.csv",
        &BILLING.replace("old@bolt.example", "ap@bolt.example"),
    );
    workspace.run(&["sync"]).expect(0);
    workspace.run(&["reconcile"]).expect(0);
    let after = items(&workspace, &[]);
    assert_eq!(id_of(&after, "address"), id_of(&before, "address"));
    assert_eq!(id_of(&after, "email"), None);
    assert_eq!(after.len(), before.len() - 1);
    let all = items(&workspace, &["--all"]);
    assert_eq!(all.len(), before.len(), "no second item in the new month");
    let cleared = all.iter().find(|item| item["field"] == "email").unwrap();
    assert_eq!(cleared["state"], "self_cleared");

    // The same fault again is the same item.
    workspace.set_now("2027-02-01T06:00:00Z");
    workspace.write("billing.csv", BILLING);
    workspace.run(&["sync"]).expect(0);
    workspace
        .run(&["reconcile", "--rule", "account_fields"])
        .expect(0);
    let again = items(&workspace, &[]);
    assert_eq!(id_of(&again, "email"), id_of(&before, "email"));
    let reopened = again.iter().find(|item| item["field"] == "email").unwrap();
    assert_eq!(reopened["state"], "reopened");

    // A dismissed one stays so while the values are those that were judged.
    let id = id_of(&again, "address").unwrap();
    workspace
        .run(&[
            "discrepancies",
            "move",
            &id,
            "dismissed",
            "--code",
            "false_positive",
        ])
        .expect(0);
    workspace.run(&["reconcile"]).expect(0);
    assert_eq!(id_of(&items(&workspace, &[]), "address"), None);
    workspace.write("billing.csv", &BILLING.replace("9 Short", "77 Other"));
    workspace.run(&["sync"]).expect(0);
    workspace.run(&["reconcile"]).expect(0);
    let other = items(&workspace, &[]);
    let other = other
        .iter()
        .find(|item| item["field"] == "address")
        .unwrap();
    assert_eq!(
        (&other["id"], &other["state"]),
        (&id.into(), &"reopened".into())
    );
}

/// Goal: while a source is blind for its accounts, nothing is opened and nothing is cleared. Method:
/// the billing file loses a header, then comes back mended.
#[test]
fn a_blind_source_opens_and_clears_nothing() {
    let workspace = books();
    workspace.run(&["reconcile"]).expect(0);
    let before = told(&items(&workspace, &["--all"]));
    workspace.write("billing.csv", "id,email\nb2,ap@bolt.example\n");
    workspace.write(
        "crm.csv",
        &CRM.replace("ap@anvil.example", "other@anvil.example"),
    );
    workspace.run(&["sync"]).expect(3);
    let summaries = workspace.run(&["reconcile", "--json"]).expect(3).json();
    let of_rule = summaries.as_array().unwrap().last().unwrap();
    assert_eq!(
        (&of_rule["rule"], &of_rule["units"], &of_rule["opened"]),
        (&"account_fields".into(), &0.into(), &0.into()),
        "{of_rule}"
    );
    assert_eq!(told(&items(&workspace, &["--all"])), before);

    workspace.write(
        "billing.csv",
        &BILLING.replace("old@bolt.example", "ap@bolt.example"),
    );
    workspace.run(&["sync"]).expect(0);
    workspace.run(&["reconcile"]).expect(0);
    let after = told(&items(&workspace, &[]));
    assert!(
        after.contains(&"Anvil  email STALE_CONTACT info open".to_owned()),
        "{after:?}"
    );
    assert!(
        !after.contains(&"Bolt  email STALE_CONTACT info open".to_owned()),
        "{after:?}"
    );
}

/// Goal: the fields are chosen in the configuration, and none switches the rule off. Method: one
/// field, then none.
#[test]
fn the_fields_are_chosen_in_the_configuration() {
    let workspace = books();
    for (fields, count) in [("\"payment_terms\"", 1), ("", 0)] {
        let config = format!("{CONFIG}\n[reconcile]\naccount_fields = [{fields}]\n");
        workspace.write("crossfoot.toml", &config);
        workspace.run(&["reconcile"]).expect(0);
        assert_eq!(items(&workspace, &[]).len(), count.max(1), "{fields}");
    }
    let config = format!("{CONFIG}\n[reconcile]\naccount_fields = [\"shoe_size\"]\n");
    workspace.write("crossfoot.toml", &config);
    let refused = workspace.run(&["check", "--offline"]).expect(2);
    assert!(
        refused.stderr.contains("payment_terms"),
        "{}",
        refused.stderr
    );
}
