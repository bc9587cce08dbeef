//! Cloud costs of four providers, 1,000 lines with eleven decimals: unit price times quantity against
//! the cost, by tolerance.

use rust_decimal::Decimal;
use serde_json::Value;

use super::{data, decimal, expected};
use crate::support::cli::Workspace;

fn config(csv: &str) -> String {
    format!(
        r#"
[company]
name = "Cloud"
timezone = "UTC"
currency = "USD"

[source.focus]
connector = "files"
role = "vendor"
files = {{ documents = "{csv}" }}
max_age = "9000d"

[source.focus.map.documents]
id = "Id"
number = "Id"
kind = {{ value = "agreement" }}
account_id = {{ from = "SubAccountId", absent = "NULL" }}
sku = {{ from = "SkuId", absent = "NULL" }}
dated_on = {{ from = "BillingPeriodStart", format = "%Y-%m-%d %H:%M:%S" }}
"#
    )
}

/// Both costs in one rule: each is a measure of its own, from the record as the provider wrote it.
fn rule(tolerance: &str) -> String {
    let figure = |name: &str| format!("exact(nullif(raw_text(raw, '{name}'), 'NULL'))");
    format!(
        r#"
name = "unit_price_times_quantity"
key = ["id", "source"]

[measure.list_cost]
type = "money"
floor = false
tolerance = {{ absolute = "{tolerance}" }}

[measure.contracted_cost]
type = "money"
floor = false
tolerance = {{ absolute = "{tolerance}" }}

[kinds]
list_cost = "AMOUNT"
contracted_cost = "AMOUNT"

[[leg]]
name = "priced"
entity = "documents"
[leg.columns]
currency = "raw_text(raw, 'BillingCurrency')"
list_cost = "{list_price} * {quantity}"
contracted_cost = "{contracted_price} * {quantity}"

[[leg]]
name = "costed"
entity = "documents"
[leg.columns]
currency = "raw_text(raw, 'BillingCurrency')"
list_cost = "{list_cost}"
contracted_cost = "{contracted_cost}"
"#,
        list_price = figure("ListUnitPrice"),
        contracted_price = figure("ContractedUnitPrice"),
        quantity = figure("PricingQuantity"),
        list_cost = figure("ListCost"),
        contracted_cost = figure("ContractedCost"),
    )
}

fn query(workspace: &Workspace, sql: &str) -> Value {
    workspace
        .run(&["landing", "query", sql, "--format", "json"])
        .expect(0)
        .json()
}

/// Goal: costs by provider, and the lines beyond each tolerance, equal an independent computation.
/// Method: one rule with both costs, reconciled at a millionth and replayed at a cent.
#[test]
fn costs_differ_as_the_reference_says() {
    let Some(folder) = data("focus_sample") else {
        return;
    };
    let reference = expected(&folder);
    let csv = folder.join("focus_sample.csv").canonicalize().unwrap();
    let workspace = Workspace::new(&config(csv.to_str().unwrap()), "2026-11-21T06:00:00Z");
    let pulls = workspace.run(&["sync", "--json"]).expect(0).json();
    assert_eq!(pulls[0]["rows"], reference["rows"], "{pulls}");
    assert_eq!(pulls[0]["rejected"], 0, "{pulls}");

    let by_provider = query(
        &workspace,
        "select raw_text(raw, 'ProviderName') as provider, count(*) as count, \
         sum(exact(raw_text(raw, 'BilledCost'))) as billed, \
         sum(exact(raw_text(raw, 'EffectiveCost'))) as effective \
         from documents group by raw_text(raw, 'ProviderName')",
    );
    let by_provider = by_provider.as_array().unwrap();
    assert_eq!(
        by_provider.len(),
        reference["by_provider"].as_object().unwrap().len()
    );
    for row in by_provider {
        let told = &reference["by_provider"][row["provider"].as_str().unwrap()];
        assert_eq!(decimal(&row["count"]), decimal(&told["rows"]));
        assert_eq!(decimal(&row["billed"]), decimal(&told["billed"]));
        assert_eq!(decimal(&row["effective"]), decimal(&told["effective"]));
    }
    let counted = |condition: &str| {
        let sql = format!("select count(*) as count from documents where {condition}");
        decimal(&query(&workspace, &sql)[0]["count"])
    };
    for (category, count) in reference["charge_category"].as_object().unwrap() {
        let found = counted(&format!("raw_text(raw, 'ChargeCategory') = '{category}'"));
        assert_eq!(found, decimal(count), "{category}");
    }
    for (period, count) in reference["billing_periods"].as_object().unwrap() {
        let found = counted(&format!("dated_on = date '{}'", &period[..10]));
        assert_eq!(found, decimal(count), "{period}");
    }
    assert_eq!(
        counted("exact(raw_text(raw, 'BilledCost')) < 0"),
        decimal(&reference["negative_billed_rows"])
    );
    assert_eq!(
        counted("raw_text(raw, 'ListUnitPrice') = 'NULL'"),
        decimal(&reference["null_unit_price_rows"])
    );

    let decimals = "select max(length(split_part(raw_text(raw, 'BilledCost'), '.', 2))) as decimals, \
                    count(*) filter (where raw_text(raw, 'BilledCost') ilike '%e%') as exponents \
                    from documents";
    let told = &query(&workspace, decimals)[0];
    assert_eq!(
        decimal(&told["decimals"]),
        decimal(&reference["max_decimals_billed"])
    );
    assert_eq!(
        decimal(&told["exponents"]),
        decimal(&reference["exponent_notation_cells"])
    );
    for (currency, count) in reference["currency"].as_object().unwrap() {
        let found = counted(&format!("raw_text(raw, 'BillingCurrency') = '{currency}'"));
        assert_eq!(found, decimal(count), "{currency}");
    }

    workspace.write("millionth.toml", &rule("0.000001"));
    let reconcile = [
        "reconcile",
        "--period",
        "2026-11",
        "--rule",
        "millionth.toml",
        "--json",
    ];
    let summary = &workspace.run(&reconcile).expect(0).json()[0];
    // A line without one of its prices is compared by the other one.
    assert_eq!(summary["units"], reference["rows"], "{summary}");
    let items = workspace
        .run(&["discrepancies", "list", "--json"])
        .expect(0)
        .json();
    let items = items.as_array().unwrap();
    for (field, key) in [
        ("list_cost", "list_unit*qty_vs_list_cost(tol 1e-6)"),
        (
            "contracted_cost",
            "contracted_unit*qty_vs_contracted_cost(tol 1e-6)",
        ),
    ] {
        let told = &reference[key];
        let off: Vec<Decimal> = items
            .iter()
            .filter(|item| item["field"] == field)
            .map(|item| (decimal(&item["actual"]) - decimal(&item["expected"])).abs())
            .collect();
        assert_eq!(
            off.len() as u64,
            told["beyond_tol"].as_u64().unwrap(),
            "{key}"
        );
        assert_eq!(
            off.into_iter().max().unwrap(),
            decimal(&told["max_abs"]),
            "{key}"
        );
        let column = if field == "list_cost" {
            "ListUnitPrice"
        } else {
            "ContractedUnitPrice"
        };
        let compared = counted(&format!("raw_text(raw, '{column}') <> 'NULL'"));
        assert_eq!(compared, decimal(&told["compared"]), "{key}");
    }

    workspace.write("cent.toml", &rule("0.01"));
    let replay = &workspace
        .run(&[
            "reconcile",
            "--dry-run",
            "--rules",
            "cent.toml",
            "--period",
            "2026-11",
            "--json",
        ])
        .expect(0)
        .json()[0];
    // The rule in force is not configured, so that all that the changed one finds is new.
    let gained = replay["gained"]["items"].as_array().unwrap();
    let of = |field: &str| {
        gained
            .iter()
            .filter(|item| item["after"]["field"] == field)
            .count() as u64
    };
    assert_eq!(
        of("list_cost"),
        reference["list_unit*qty_vs_list_cost(tol 0.01)"]["beyond_tol"]
            .as_u64()
            .unwrap()
    );
    assert_eq!(
        of("contracted_cost"),
        reference["contracted(tol 0.01)"]["beyond_tol"]
            .as_u64()
            .unwrap()
    );
}
