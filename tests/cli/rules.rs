//! Rules of the user's own, as they are configured, listed, checked and tried out.

use std::fmt::Write as _;

use crate::support::cli::Workspace;

const NOW: &str = "2026-11-21T06:00:00Z";

const CONFIG: &str = r#"
[company]
name = "Acme"
timezone = "UTC"
currency = "USD"

[reconcile]
rules = ["orders.toml"]

[source.shop]
connector = "files"
role = "crm"
files = { documents = "orders.csv" }

[source.bank]
connector = "files"
role = "bank"
files = { payments = "payments.csv" }
"#;

const RULE: &str = r#"
name = "orders_paid"
about = "every order is paid"
key = ["number"]

[measure.amount]
tolerance = { percent = "10" }

[kinds]
base_only = "MISSING_IN_BILLING"
peer_only = "MISSING_IN_CRM"
amount = "AMOUNT"

[[leg]]
name = "ordered"
entity = "documents"
period_column = "dated_on"
columns = { amount = "quantity * unit_price", account = "'all'", sku = "'all'" }

[[leg]]
name = "paid"
entity = "payments"
period_column = "received_on"
out_of_scope = "status = 'failed'"
columns = { number = "reference", account = "'all'", sku = "'all'" }
"#;

/// Orders of 10 each, and payments that name them by `prefix` and number.
fn shop(prefix: &str, paid: impl Fn(u32) -> u32) -> Workspace {
    let workspace = Workspace::new(CONFIG, NOW);
    workspace.write("orders.toml", RULE);
    let mut orders = "id,kind,number,quantity,unit_price,dated_on\n".to_owned();
    let mut payments = "id,received_on,amount,currency,reference,status\n".to_owned();
    for number in 1..=30 {
        writeln!(orders, "o{number},agreement,{number:03},1,10,2026-11-05").unwrap();
        writeln!(
            payments,
            "p{number},2026-11-06,{},USD,{prefix}{number:03},succeeded",
            paid(number)
        )
        .unwrap();
    }
    payments.push_str("p99,2026-11-06,10,USD,999,failed\n");
    workspace.write("orders.csv", &orders);
    workspace.write("payments.csv", &payments);
    workspace.run(&["sync"]).expect(0);
    workspace
}

/// Goal: a configured rule is compared in every reconcile, listed, checked, and shown in the
/// configuration. Method: orders of which three are paid short.
#[test]
fn a_configured_rule_is_part_of_every_reconcile() {
    let workspace = shop("", |number| if number <= 3 { 5 } else { 10 });
    let summaries = workspace
        .run(&["reconcile", "--period", "2026-11", "--json"])
        .expect(0)
        .json();
    assert_eq!(summaries[0]["rule"], "contract_usage_billed");
    let rule = &summaries[1];
    assert_eq!(
        (
            &rule["rule"],
            &rule["units"],
            &rule["discrepant"],
            &rule["opened"]
        ),
        (&"orders_paid".into(), &30.into(), &3.into(), &3.into()),
        "{rule}"
    );
    assert_eq!(rule["sums"][0]["expected"], "300", "{rule}");
    assert_eq!(rule["groups"][0]["examples"].as_array().unwrap().len(), 3);
    let items = workspace
        .run(&["discrepancies", "list", "--json"])
        .expect(0)
        .json();
    assert_eq!(items.as_array().unwrap().len(), 3);
    assert_eq!(items[0]["impact"], "-5.00");
    assert_eq!(items[0]["rules_version"].as_str().unwrap().len(), 16);

    let rules = workspace
        .run(&["reconcile", "--list", "--json"])
        .expect(0)
        .json();
    assert_eq!(rules[1]["name"], "orders_paid", "{rules}");
    assert_eq!(rules[1]["every_reconcile"], true);
    assert_eq!(rules[1]["rules_version"], items[0]["rules_version"]);
    let check = workspace.run(&["check", "--offline"]).expect(0);
    assert!(
        check.stdout.contains("rule orders.toml"),
        "{}",
        check.stdout
    );
    let shown = workspace.run(&["config", "show"]).expect(0);
    assert!(shown.stdout.contains("\"orders.toml\""), "{}", shown.stdout);
    // By its name, too; and again nothing changes.
    let again = [
        "reconcile",
        "--period",
        "2026-11",
        "--rule",
        "orders_paid",
        "--json",
    ];
    let again = workspace.run(&again).expect(0).json();
    assert_eq!(again[0]["opened"], 0);
}

/// Goal: a rule that cannot be compared is told with its place and keeps nothing else from being
/// compared. Method: a column that is not there.
#[test]
fn a_broken_rule_takes_nothing_from_the_others() {
    let workspace = shop("", |_| 10);
    workspace.write(
        "orders.toml",
        &RULE.replace("number = \"reference\"", "number = \"refrence\""),
    );
    let ran = workspace
        .run(&["reconcile", "--period", "2026-11"])
        .expect(1);
    assert!(
        ran.stdout.contains("contract_usage_billed"),
        "{}",
        ran.stdout
    );
    for part in [
        "orders.toml:25:23",
        "there is no column `refrence`: did you mean `reference`?",
    ] {
        assert!(ran.stderr.contains(part), "`{part}` in {}", ran.stderr);
    }
    let check = workspace.run(&["check", "--offline"]).expect(2);
    assert!(
        check.stdout.contains("did you mean `reference`?")
            || check.stderr.contains("did you mean `reference`?")
    );
}

/// Goal: a nearly total mismatch is told in a few lines, with its likely cause. Method: payments that
/// name every order with a prefix.
#[test]
fn a_total_mismatch_is_told_shortly() {
    let workspace = shop("C-", |_| 10);
    let ran = workspace
        .run(&["reconcile", "--period", "2026-11", "--rule", "orders_paid"])
        .expect(0);
    let lines = ran.stdout.lines().count();
    assert!(lines < 12, "{}", ran.stdout);
    for part in [
        "60 of 60 units differ",
        "MISSING_IN_BILLING",
        "-300.00",
        "no key of the base is in the peer: is the id prefix different? e.g. `001` beside `C-001`",
    ] {
        assert!(ran.stdout.contains(part), "`{part}` in {}", ran.stdout);
    }
}

/// Goal: a dry run tells what other settings would find and writes nothing. Method: a narrower
/// tolerance for one rule, wider settings for all, and a mistyped key.
#[test]
fn a_dry_run_tells_what_changed_rules_would_find() {
    let workspace = shop("", |number| if number <= 3 { 5 } else { 9 + number % 2 });
    workspace
        .run(&["reconcile", "--period", "2026-11"])
        .expect(0);
    workspace.write(
        "strict.toml",
        &RULE.replace("percent = \"10\"", "percent = \"1\""),
    );
    let replay = ["reconcile", "--dry-run", "--rules", "strict.toml", "--json"];
    let replay = &workspace.run(&replay).expect(0).json()[0];
    assert_eq!(replay["before"]["count"], 3, "{replay}");
    assert_eq!(replay["gained"]["count"], 14, "{replay}");
    assert_eq!(replay["gained"]["money"][0]["gross"], "14");
    assert_eq!(replay["gained"]["money"][0]["net"], "-14");
    assert_eq!(
        (&replay["lost"]["count"], &replay["changed"]["count"]),
        (&0.into(), &0.into())
    );

    workspace.write(
        "settings.toml",
        "[company]\nmateriality = \"1\"\n[tolerance]\namount = { percent = \"90\" }\n",
    );
    let settings = [
        "reconcile",
        "--dry-run",
        "--rules",
        "settings.toml",
        "--period",
        "2026-11",
    ];
    let ran = workspace.run(&settings).expect(0);
    assert!(ran.stdout.contains("orders_paid"), "{}", ran.stdout);
    workspace.write("wrong.toml", "[tolerance]\namuont = { percent = \"90\" }\n");
    let wrong = workspace
        .run(&["reconcile", "--dry-run", "--rules", "wrong.toml"])
        .expect(2);
    assert!(wrong.stderr.contains("wrong.toml:2:1"), "{}", wrong.stderr);
    assert!(
        wrong.stderr.contains("did you mean `amount`?"),
        "{}",
        wrong.stderr
    );
    let items = workspace
        .run(&["discrepancies", "list", "--json"])
        .expect(0)
        .json();
    assert_eq!(items.as_array().unwrap().len(), 3);
}

/// Goal: an item stays as it is while its figure is not there to be compared. Method: the amount of a
/// payment is taken away, and given back in full.
#[test]
fn an_absent_figure_clears_nothing() {
    let mut workspace = shop("", |number| if number <= 3 { 5 } else { 10 });
    let rule = RULE.replace(
        "number = \"reference\",",
        "number = \"reference\", amount = \"exact(raw_text(raw, 'method'))\", ",
    );
    let rule = rule
        .replace("[kinds]", "[measure.quantity]\n\n[kinds]")
        .replace("columns = { amount", "columns = { quantity = \"1\", amount")
        .replace("columns = { number", "columns = { quantity = \"1\", number");
    workspace.write("orders.toml", &rule);
    let with = |method: &str| {
        format!(
            "id,received_on,amount,currency,reference,method\np1,2026-11-06,5,USD,001,{method}\n"
        )
    };
    let mut night = |day: u32, method: &str| {
        workspace.write(
            "orders.csv",
            "id,kind,number,quantity,unit_price,dated_on\no1,agreement,001,1,10,2026-11-05\n",
        );
        workspace.write("payments.csv", &with(method));
        workspace.set_now(&format!("2026-11-{day}T06:00:00Z"));
        workspace.run(&["sync"]).expect(0);
        workspace
            .run(&["reconcile", "--period", "2026-11", "--rule", "orders.toml"])
            .expect(0);
        let items = workspace
            .run(&["discrepancies", "list", "--all", "--json"])
            .expect(0)
            .json();
        items[0]["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(night(22, "5"), "open");
    assert_eq!(night(23, ""), "open");
    assert_eq!(night(24, "10"), "self_cleared");
}

/// Goal: records of one rule live apart, though account and product are the same. Method: three
/// orders paid short, of which one is paid in full later.
#[test]
fn records_of_a_rule_live_apart() {
    let mut workspace = shop("", |number| if number <= 3 { 5 } else { 10 });
    workspace
        .run(&["reconcile", "--period", "2026-11"])
        .expect(0);
    let payments = std::fs::read_to_string(workspace.path().join("payments.csv")).unwrap();
    workspace.write(
        "payments.csv",
        &payments.replace("p2,2026-11-06,5,", "p2,2026-11-06,10,"),
    );
    workspace.set_now("2026-11-22T06:00:00Z");
    workspace.run(&["sync"]).expect(0);
    workspace
        .run(&["reconcile", "--period", "2026-11"])
        .expect(0);
    let items = workspace
        .run(&["discrepancies", "list", "--all", "--json"])
        .expect(0)
        .json();
    let mut told: Vec<String> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            let text = |name: &str| item[name].as_str().unwrap().to_owned();
            format!(
                "{} {} {}",
                text("state"),
                text("recovered"),
                text("outstanding")
            )
        })
        .collect();
    told.sort();
    assert_eq!(
        told,
        ["open 0.00 5.00", "open 0.00 5.00", "self_cleared 5.00 0.00"]
    );
}
