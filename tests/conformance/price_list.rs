//! Deals of a real CRM against its price list, through a rule of the user's own: 1,480 deals name a
//! product that no price list has, until an alias says which one it is.

use serde_json::Value;

use super::data;
use crate::support::cli::Workspace;

/// A rule as a user writes it: every deal is a unit, and its product must have a price.
const RULE: &str = r#"
name = "deals_have_a_price"
key = ["source", "id"]

[kinds]
base_only = "WRONG_CODE"

[base]
entities = ["documents"]
sql = "select 'all' as account, canonical_sku(source, sku) as sku, source, id, quantity, cast(1 as decimal(28, 10)) as amount from documents"

[peer]
entities = ["documents", "products"]
sql = """
select 'all' as account, canonical_sku(d.source, d.sku) as sku, d.source, d.id, d.quantity,
       cast(1 as decimal(28, 10)) as amount
from documents as d
inner join (select distinct canonical_sku(source, sku) as sku from products) as p
    on p.sku = canonical_sku(d.source, d.sku)
"""
"#;

fn config(folder: &str, aliases: &str) -> String {
    format!(
        r#"
[company]
name = "Sales"
timezone = "UTC"
currency = "USD"

[reconcile]
sku_aliases = {{ {aliases} }}

[source.crm]
connector = "files"
role = "crm"
files = {{ documents = "{folder}/sales_pipeline.csv", products = "{folder}/products.csv" }}
max_age = "9000d"

[source.crm.map.documents]
id = "opportunity_id"
number = "opportunity_id"
kind = {{ value = "agreement" }}
sku = "product"
quantity = {{ value = "1" }}
unit_price = "close_value"
dated_on = {{ from = "close_date", format = "%m/%d/%Y" }}

[source.crm.map.products]
id = "product"
sku = "product"
list_price = "sales_price"
currency = {{ value = "USD" }}
"#
    )
}

/// Goal: a user's rule finds each deal of an unknown product by its own id, and an alias clears them
/// all. Method: the real pipeline, reconciled without and with the alias.
#[test]
fn deals_of_an_unknown_product_are_found_until_an_alias_is_configured() {
    let Some(folder) = data("crm_maven") else {
        return;
    };
    let folder = folder.canonicalize().unwrap();
    let folder = folder.to_str().unwrap();
    let workspace = Workspace::new(&config(folder, ""), "2018-01-10T06:00:00Z");
    workspace.write("deals_have_a_price.toml", RULE);
    let pulls = workspace.run(&["sync", "--json"]).expect(0).json();
    let rows: Vec<u64> = pulls
        .as_array()
        .unwrap()
        .iter()
        .map(|pull| pull["rows"].as_u64().unwrap())
        .collect();
    assert_eq!(rows, [7, 8800], "{pulls}");

    let reconcile = [
        "reconcile",
        "--period",
        "2017-12",
        "--rule",
        "deals_have_a_price.toml",
    ];
    workspace.run(&reconcile).expect(0);
    let list = ["discrepancies", "list", "--kind", "WRONG_CODE", "--json"];
    let found = workspace.run(&list).expect(0).json();
    let found = found.as_array().unwrap();
    assert_eq!(found.len(), 1480);
    assert!(found.iter().all(|item| item["sku"] == "GTXPro"));

    workspace.write("crossfoot.toml", &config(folder, r#""GTXPro" = "GTX Pro""#));
    workspace.run(&reconcile).expect(0);
    let open = workspace.run(&list).expect(0).json();
    assert_eq!(open, Value::Array(Vec::new()));
    let all = workspace
        .run(&["discrepancies", "list", "--state", "self_cleared", "--json"])
        .expect(0)
        .json();
    assert_eq!(all.as_array().unwrap().len(), 1480);
}
