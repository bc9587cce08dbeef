//! Items of every kind, and of a rule of one's own, explained.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use crate::support::cli::Workspace;

const CONFIG: &str = r#"
[company]
name = "Acme"
timezone = "UTC"
currency = "USD"

[reconcile]
rules = ["copies.toml"]

[source.crm]
connector = "files"
role = "crm"
files = { accounts = "crm-accounts.csv", contracts = "contracts.csv", products = "products.csv" }

[source.billing]
connector = "files"
role = "billing"
files = { accounts = "billing-accounts.csv", invoices = "invoices.csv", invoice_lines = "lines.csv", fx_rates = "rates.csv" }

[source.seats]
connector = "files"
role = "usage"
files = { usage = "usage.csv" }

[source.vendor]
connector = "files"
role = "vendor"
files = { usage = "vendor.csv" }
"#;

const RULE: &str = r#"
name = "sold_vs_billed"
key = []

[measure.quantity]
type = "number"

[kinds]
base_only = "MISSING_IN_BILLING"
peer_only = "MISSING_IN_CRM"
quantity = "QUANTITY"

[[leg]]
name = "sold"
entity = "contracts"
where = "sku = 'QUANTITY'"

[[leg]]
name = "billed"
entities = ["invoice_lines"]
sql = "select 'QUANTITY' as sku, golden_account('crm', 'c1') as account, currency, quantity from invoice_lines where sku = 'QUANTITY' and service_from >= {period_start} and service_from < {period_end}"
"#;

/// Each product is named after the kind of its error.
fn books() -> Workspace {
    let workspace = Workspace::new(CONFIG, "2026-11-20T06:00:00Z");
    workspace.write("copies.toml", RULE);
    workspace.write(
        "crm-accounts.csv",
        "id,name,linked_ids\nc1,Acme,billing:b1\nc2,Other,billing:b2\n",
    );
    workspace.write("billing-accounts.csv", "id,name\nb1,Acme Inc\nb2,Other\n");
    workspace.write(
        "products.csv",
        "id,sku,list_price,currency\np1,ORPHAN_USAGE,9.00,USD\n",
    );
    workspace.write(
        "rates.csv",
        "id,from_currency,to_currency,rate,dated_on\nr1,EUR,USD,1.1,2026-10-30\n",
    );
    workspace.write(
        "contracts.csv",
        "id,account_id,sku,quantity,unit_price,currency,starts_on,ends_on,status,model,proration,discount_percent,discount_ends_on,tax_rate\n\
         k01,c1,TAX,10,22.00,USD,2026-01-01,,active,fixed,,,,10\n\
         k02,c1,VENDOR_COST,10,22.00,USD,2026-01-01,,active,fixed,,,,\n\
         k03,c1,SOLD_CODE,7,31.00,USD,2026-01-01,,active,fixed,,,,\n\
         k04,c1,CUSTOMER_MISMATCH,3,17.00,USD,2026-01-01,,active,fixed,,,,\n\
         k05,c1,PERIOD_CUTOFF,4,25.00,USD,2026-10-01,2026-11-01,active,fixed,,,,\n\
         k06,c1,CANCELLED_BILLED,5,10.00,USD,2026-01-01,2026-09-01,cancelled,fixed,,,,\n\
         k07,c1,BILLED_AFTER_END,31,10.00,USD,2026-01-01,2026-10-11,active,fixed,,,,\n\
         k08,c1,PRORATION,31,10.00,USD,2026-10-11,,active,fixed,day_actual,,,\n\
         k09,c1,DISCOUNT_EXPIRED,10,10.00,USD,2026-01-01,,active,fixed,,20,2026-08-01,\n\
         k10,c1,UNBILLED_OVERAGE,10,10.00,USD,2026-01-01,,active,commit,,,,\n\
         k11,c1,CURRENCY,10,10.00,EUR,2026-01-01,,active,fixed,,,,\n\
         k12,c1,DUPLICATE,10,10.00,USD,2026-01-01,,active,fixed,,,,\n\
         k13,c1,QUANTITY,10,10.00,USD,2026-01-01,,active,fixed,,,,\n\
         k14,c1,UNIT_PRICE,10,10.00,USD,2026-01-01,,active,fixed,,,,\n\
         k15,c1,MISSING_IN_BILLING,9,13.00,USD,2026-01-01,,active,fixed,,,,\n\
         k16,c2,RIGHT,10,10.00,USD,2026-01-01,,active,fixed,,,,\n",
    );
    let mut invoices = "id,number,account_id,issued_on,due_on,currency,total,status\n".to_owned();
    let mut lines =
        "id,invoice_id,sku,quantity,unit_price,net,tax,currency,service_from,service_to\n"
            .to_owned();
    // In every month the right bill of another customer, so that the months nearby are known.
    let rows = [
        (
            "RIGHT",
            "b2",
            10,
            "10.00",
            "100.00",
            "",
            "USD",
            "2026-09-01",
        ),
        (
            "RIGHT",
            "b2",
            10,
            "10.00",
            "100.00",
            "",
            "USD",
            "2026-10-01",
        ),
        (
            "RIGHT",
            "b2",
            10,
            "10.00",
            "100.00",
            "",
            "USD",
            "2026-11-01",
        ),
        (
            "TAX",
            "b1",
            10,
            "22.00",
            "220.00",
            "19.00",
            "USD",
            "2026-10-01",
        ),
        (
            "VENDOR_COST",
            "b1",
            10,
            "22.00",
            "220.00",
            "",
            "USD",
            "2026-10-01",
        ),
        (
            "BILLED_CODE",
            "b1",
            7,
            "31.00",
            "217.00",
            "",
            "USD",
            "2026-10-01",
        ),
        (
            "CUSTOMER_MISMATCH",
            "b2",
            3,
            "17.00",
            "51.00",
            "",
            "USD",
            "2026-10-01",
        ),
        (
            "PERIOD_CUTOFF",
            "b1",
            4,
            "25.00",
            "100.00",
            "",
            "USD",
            "2026-11-15",
        ),
        (
            "CANCELLED_BILLED",
            "b1",
            5,
            "10.00",
            "50.00",
            "",
            "USD",
            "2026-10-01",
        ),
        (
            "BILLED_AFTER_END",
            "b1",
            31,
            "10.00",
            "310.00",
            "",
            "USD",
            "2026-10-01",
        ),
        (
            "PRORATION",
            "b1",
            31,
            "10.00",
            "310.00",
            "",
            "USD",
            "2026-10-11",
        ),
        (
            "DISCOUNT_EXPIRED",
            "b1",
            10,
            "8.00",
            "80.00",
            "",
            "USD",
            "2026-10-01",
        ),
        (
            "UNBILLED_OVERAGE",
            "b1",
            10,
            "10.00",
            "100.00",
            "",
            "USD",
            "2026-10-01",
        ),
        (
            "CURRENCY",
            "b1",
            10,
            "10.00",
            "100.00",
            "",
            "USD",
            "2026-10-01",
        ),
        (
            "DUPLICATE",
            "b1",
            10,
            "10.00",
            "100.00",
            "",
            "USD",
            "2026-10-01",
        ),
        (
            "DUPLICATE",
            "b1",
            10,
            "10.00",
            "100.00",
            "",
            "USD",
            "2026-10-01",
        ),
        (
            "QUANTITY",
            "b1",
            8,
            "10.00",
            "80.00",
            "",
            "USD",
            "2026-10-01",
        ),
        (
            "UNIT_PRICE",
            "b1",
            10,
            "9.00",
            "90.00",
            "",
            "USD",
            "2026-10-01",
        ),
        (
            "MISSING_IN_CRM",
            "b1",
            2,
            "19.00",
            "38.00",
            "",
            "USD",
            "2026-10-01",
        ),
    ];
    for (at, (sku, account, quantity, price, net, tax, currency, from)) in rows.iter().enumerate() {
        writeln!(
            invoices,
            "i{at:02},N{at:02},{account},{from},2026-12-31,{currency},{net},open"
        )
        .unwrap();
        writeln!(
            lines,
            "l{at:02},i{at:02},{sku},{quantity},{price},{net},{tax},{currency},{from},"
        )
        .unwrap();
    }
    workspace.write("invoices.csv", &invoices);
    workspace.write("lines.csv", &lines);
    workspace.write(
        "usage.csv",
        "id,account_id,sku,quantity,starts_on\n\
         u1,c1,ORPHAN_USAGE,6,2026-10-05\n\
         u2,c1,UNBILLED_OVERAGE,14,2026-10-05\n",
    );
    workspace.write(
        "vendor.csv",
        "id,account_id,sku,quantity,starts_on\nv1,c1,VENDOR_COST,12,2026-10-05\n",
    );
    workspace.run(&["sync"]).expect(0);
    workspace
        .run(&["reconcile", "--period", "2026-10"])
        .expect(0);
    workspace
}

fn items(workspace: &Workspace) -> Vec<Value> {
    let listed = workspace
        .run(&["discrepancies", "list", "--period", "2026-10", "--json"])
        .expect(0)
        .json();
    listed.as_array().unwrap().clone()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

fn explained(workspace: &Workspace, item: &Value) -> Value {
    let shown = workspace
        .run(&["discrepancies", "show", text(item, "id"), "--json"])
        .expect(0)
        .json();
    assert_eq!(shown["explanation_error"], Value::Null, "{shown}");
    shown
}

/// The ids of the records that are told, as `entity id`.
fn records(shown: &Value) -> BTreeSet<String> {
    let records = shown["explanation"]["records"].as_array().unwrap();
    let named = records
        .iter()
        .map(|one| format!("{} {}", text(one, "entity"), text(one, "id")));
    named.collect()
}

fn field<'v>(shown: &'v Value, name: &str) -> &'v Value {
    let fields = shown["explanation"]["fields"].as_array().unwrap();
    fields
        .iter()
        .find(|one| one["field"] == name)
        .unwrap_or_else(|| panic!("no {name} in {shown}"))
}

// Goal: an item of every kind tells the records on its sides, what both say, and either what would
// have accepted it or why nothing would. Method: a month with one error of each kind, the product
// named after it; the records that must be told are those that were planted.
#[test]
fn every_kind_tells_its_sides() {
    let workspace = books();
    let all = items(&workspace);
    let expected: BTreeMap<(&str, &str), &[&str]> = BTreeMap::from([
        (
            ("TAX", "TAX"),
            &["contracts k01", "invoice_lines l03", "invoices i03"][..],
        ),
        (
            ("VENDOR_COST", "VENDOR_COST"),
            &[
                "contracts k02",
                "invoice_lines l04",
                "invoices i04",
                "usage v1",
            ],
        ),
        (
            ("WRONG_CODE", "BILLED_CODE"),
            &["contracts k03", "invoice_lines l05", "invoices i05"],
        ),
        (
            ("PERIOD_CUTOFF", "PERIOD_CUTOFF"),
            &["contracts k05", "invoice_lines l07", "invoices i07"],
        ),
        (
            ("CANCELLED_BILLED", "CANCELLED_BILLED"),
            &["contracts k06", "invoice_lines l08", "invoices i08"],
        ),
        (
            ("BILLED_AFTER_END", "BILLED_AFTER_END"),
            &["contracts k07", "invoice_lines l09", "invoices i09"],
        ),
        (
            ("PRORATION", "PRORATION"),
            &["contracts k08", "invoice_lines l10", "invoices i10"],
        ),
        (
            ("DISCOUNT_EXPIRED", "DISCOUNT_EXPIRED"),
            &["contracts k09", "invoice_lines l11", "invoices i11"],
        ),
        (
            ("UNBILLED_OVERAGE", "UNBILLED_OVERAGE"),
            &[
                "contracts k10",
                "invoice_lines l12",
                "invoices i12",
                "usage u2",
            ],
        ),
        (
            ("CURRENCY", "CURRENCY"),
            &["contracts k11", "invoice_lines l13", "invoices i13"],
        ),
        (
            ("DUPLICATE", "DUPLICATE"),
            &[
                "contracts k12",
                "invoice_lines l14",
                "invoice_lines l15",
                "invoices i14",
                "invoices i15",
            ],
        ),
        (
            ("UNIT_PRICE", "UNIT_PRICE"),
            &["contracts k14", "invoice_lines l17", "invoices i17"],
        ),
        (
            ("MISSING_IN_BILLING", "MISSING_IN_BILLING"),
            &["contracts k15"],
        ),
        (
            ("MISSING_IN_CRM", "MISSING_IN_CRM"),
            &["invoice_lines l18", "invoices i18"],
        ),
        (("ORPHAN_USAGE", "ORPHAN_USAGE"), &["usage u1"]),
    ]);
    for ((kind, sku), records_told) in expected {
        let found: Vec<&Value> = all
            .iter()
            .filter(|item| item["kind"] == kind && item["sku"] == sku)
            .collect();
        let [item] = found.as_slice() else {
            panic!("{kind} {sku}: {found:?} of {all:?}");
        };
        let shown = explained(&workspace, item);
        let told = records(&shown);
        let wanted: BTreeSet<String> = records_told.iter().map(|one| (*one).to_owned()).collect();
        assert_eq!(told, wanted, "{kind}");
        let explanation = &shown["explanation"];
        let is_accepted = explanation["accepted_by"] != Value::Null;
        assert_ne!(
            is_accepted,
            explanation["not_accepted"] != Value::Null,
            "{kind}: {explanation}"
        );
        let text = workspace
            .run(&["discrepancies", "show", text(item, "id")])
            .expect(0)
            .stdout;
        assert!(text.contains("tolerance"), "{kind}: {text}");
    }
}

// Goal: an item that is a pair of two customers names both halves, each with its own side. Method: a
// bill that went to another customer.
#[test]
fn the_halves_of_a_pair_name_each_other() {
    let workspace = books();
    let all = items(&workspace);
    let halves: Vec<&Value> = all
        .iter()
        .filter(|item| item["kind"] == "CUSTOMER_MISMATCH")
        .collect();
    assert_eq!(halves.len(), 2, "{all:?}");
    for (half, other) in [(halves[0], halves[1]), (halves[1], halves[0])] {
        let shown = explained(&workspace, half);
        assert_eq!(shown["linked"]["id"], other["id"]);
        let is_sold = text(half, "impact").starts_with('-');
        let told = records(&shown);
        assert_eq!(told.contains("contracts k04"), is_sold, "{told:?}");
        assert_eq!(told.contains("invoice_lines l06"), !is_sold, "{told:?}");
        let side = if is_sold { "contract" } else { "billed" };
        assert_eq!(field(&shown, "quantity")[side], "3", "{shown}");
    }
}

// Goal: an item of a rule of one's own tells both legs column by column, the records of its entity
// legs, and the tolerance. Method: a rule of a contract and a query over bills.
#[test]
fn an_item_of_an_own_rule_tells_its_legs() {
    let workspace = books();
    let all = items(&workspace);
    let own: Vec<&Value> = all
        .iter()
        .filter(|item| item["rule"] == "sold_vs_billed")
        .collect();
    let [item] = own.as_slice() else {
        panic!("{own:?}");
    };
    let shown = explained(&workspace, item);
    assert_eq!(field(&shown, "quantity")["expected"], "10", "{shown}");
    assert_eq!(field(&shown, "quantity")["billed"], "8");
    assert_eq!(field(&shown, "sku")["expected"], "QUANTITY");
    assert_eq!(field(&shown, "currency")["billed"], "USD");
    assert_eq!(
        records(&shown),
        BTreeSet::from(["contracts k13".to_owned()]),
        "{shown}"
    );
    assert_eq!(
        shown["explanation"]["accepted_by"], "quantity absolute 2 or percent 20",
        "{shown}"
    );
    let text = workspace
        .run(&["discrepancies", "show", text(item, "id")])
        .expect(0)
        .stdout;
    assert!(text.contains("field     expected"), "{text}");
}
