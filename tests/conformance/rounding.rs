//! Invoices of a parts dealer whose prices have nine decimals: what they come to by each way of
//! rounding, compared as the legs of one rule.

use rust_decimal::Decimal;
use serde_json::Value;

use super::{data, decimal, expected};
use crate::support::cli::Workspace;

fn config(folder: &str) -> String {
    format!(
        r#"
[company]
name = "Parts"
timezone = "UTC"
currency = "USD"

[reconcile]
rules = ["rounding.toml", "by_month.toml"]

[source.dealer]
connector = "files"
role = "billing"
files = {{ accounts = "{folder}/accounts.csv", products = "{folder}/skus.csv", documents = "{folder}/invoices.csv" }}
max_age = "9000d"

[source.dealer.map.accounts]
id = "account_id"
name = "company_name"

[source.dealer.map.products]
id = "item_id"
sku = "item_id"
name = "item_name"
list_price = "item_retail_price"
currency = {{ value = "USD" }}

[source.dealer.map.documents]
id = "invoice_id"
number = "invoice_id"
kind = {{ value = "purchase_order" }}
account_id = "account_id"
dated_on = "date_issued"

[source.lines]
connector = "files"
role = "usage"
files = {{ documents = "{folder}/invoice_line_items.csv" }}
max_age = "9000d"

[source.lines.map.documents]
id = {{ from = ["invoice_id", "item_id"], join = "/" }}
kind = {{ value = "delivery_note" }}
invoice_id = "invoice_id"
sku = "item_id"
quantity = "quantity"
"#
    )
}

/// The amount of every invoice, by one way of rounding.
fn leg(name: &str, amount: &str) -> String {
    format!(
        r#"
[[leg]]
name = "{name}"
entities = ["documents", "products"]
sql = """
select
    golden_account('dealer', min(i.account_id)) as account,
    l.invoice_id as number,
    min(i.dated_on) as dated_on,
    {amount} as amount
from documents as l
inner join documents as i on i.source = 'dealer' and i.id = l.invoice_id
inner join products as p on p.sku = l.sku
where l.source = 'lines'
group by l.invoice_id
"""
"#
    )
}

const EXACT: &str = "sum(l.quantity * p.list_price)";
const TOTAL: &str = "round_money(sum(l.quantity * p.list_price), 'USD', 'half_up')";
const LINE: &str = "sum(round_money(l.quantity * p.list_price, 'USD', 'half_up'))";
const EVEN: &str = "sum(round_money(l.quantity * p.list_price, 'USD', 'half_even'))";
const PRICE: &str = "sum(l.quantity * round_money(p.list_price, 'USD', 'half_up'))";

fn rounding() -> String {
    let head = r#"
name = "rounding"
about = "what invoices come to by each way of rounding"
key = ["number"]

[measure.amount]
floor = false
tolerance = { absolute = "0" }

[kinds]
amount = "AMOUNT"
"#;
    let compare = r#"
[[compare]]
base = "total"
peer = ["line", "price"]

[[compare]]
base = "line"
peer = "even"
"#;
    let legs = [
        ("total", TOTAL),
        ("line", LINE),
        ("even", EVEN),
        ("price", PRICE),
    ];
    let legs: String = legs
        .iter()
        .map(|(name, amount)| leg(name, amount))
        .collect();
    format!("{head}{legs}{compare}")
}

fn by_month() -> String {
    let head = r#"
name = "by_month"
key = ["number"]
period_column = "dated_on"

[measure.amount]
floor = false
tolerance = { absolute = "0.035" }

[kinds]
amount = "AMOUNT"
"#;
    format!("{head}{}{}", leg("exact", EXACT), leg("line", LINE))
}

const UNKNOWN_ITEM: &str = "select count(*) as n from documents as l \
    left join products as p on p.sku = l.sku where l.source = 'lines' and p.sku is null";
const UNKNOWN_INVOICE: &str = "select count(*) as n from documents as l \
    left join documents as i on i.source = 'dealer' and i.id = l.invoice_id \
    where l.source = 'lines' and i.id is null";
const WITHOUT_LINES: &str = "select count(*) as n from documents as i \
    left join documents as l on l.source = 'lines' and l.invoice_id = i.id \
    where i.source = 'dealer' and l.id is null";
const UNKNOWN_ACCOUNT: &str = "select count(*) as n from documents as i \
    left join accounts as a on a.id = i.account_id where i.source = 'dealer' and a.id is null";
const ITEM_TWICE: &str = "select count(*) as n from (select invoice_id, sku from documents \
    where source = 'lines' group by invoice_id, sku having count(*) > 1)";
const LINE_TWICE: &str = "select count(*) as n from (select invoice_id, sku, quantity from documents \
    where source = 'lines' group by invoice_id, sku, quantity having count(*) > 1)";
const NO_QUANTITY: &str =
    "select count(*) as n from documents where source = 'lines' and quantity <= 0";
const BELOW_COST: &str = "select count(*) as n from products \
    where list_price < exact(raw_text(raw, 'item_cost_price'))";
const BEFORE_JOINING: &str = "select count(*) as n from documents as i \
    inner join accounts as a on a.id = i.account_id where i.source = 'dealer' \
    and i.dated_on < to_date(raw_text(a.raw, 'joining_date'), '%d/%m/%Y')";
const NAME_TWICE: &str = "select count(*) - count(distinct name) as n from accounts";
const QUANTITY: &str = "select sum(quantity) as n from documents where source = 'lines'";

/// What others counted of the quality of the data, as questions to the landing.
fn counts_tie(workspace: &Workspace, reference: &Value) {
    let ask = |sql: &str| {
        let answer = workspace.run(&["landing", "query", sql, "--format", "json"]);
        answer.expect(0).json()[0].clone()
    };
    for (name, sql) in [
        ("lines_unknown_item", UNKNOWN_ITEM),
        ("lines_unknown_invoice", UNKNOWN_INVOICE),
        ("invoices_without_lines", WITHOUT_LINES),
        ("invoices_unknown_account", UNKNOWN_ACCOUNT),
        ("duplicate_invoice_item_lines", ITEM_TWICE),
        ("exact_duplicate_lines", LINE_TWICE),
        ("zero_or_negative_quantity", NO_QUANTITY),
        ("items_sold_below_cost(retail<cost)", BELOW_COST),
        ("invoices_dated_before_account_joining", BEFORE_JOINING),
        ("duplicate_company_names", NAME_TWICE),
        ("quantity_sum", QUANTITY),
    ] {
        assert_eq!(decimal(&ask(sql)["n"]), decimal(&reference[name]), "{name}");
    }
    let range = ask(
        "select min(dated_on) as first, max(dated_on) as last from documents where source = 'dealer'",
    );
    let told = &reference["date_range"];
    assert_eq!((&range["first"], &range["last"]), (&told[0], &told[1]));
}

/// Goal: invoices by each way of rounding, their largest difference and the sums of the months equal
/// an independent computation, and so do the counts of what is wrong with the data. Method: questions
/// to the landing, and two rules of the user's own, over all invoices and by month.
#[test]
fn invoices_round_as_the_reference_says() {
    let Some(folder) = data("billing_lines_autoparts") else {
        return;
    };
    let reference = expected(&folder);
    let folder = folder.canonicalize().unwrap();
    let workspace = Workspace::new(&config(folder.to_str().unwrap()), "2021-03-25T06:00:00Z");
    workspace.write("rounding.toml", &rounding());
    workspace.write("by_month.toml", &by_month());
    let pulls = workspace.run(&["sync", "--json"]).expect(0).json();
    let rows = |source: &str, stream: &str| {
        let all = pulls.as_array().unwrap();
        let pull = all
            .iter()
            .find(|pull| pull["source"] == source && pull["stream"] == stream);
        pull.unwrap_or_else(|| panic!("{pulls}"))["rows"].clone()
    };
    for (source, stream, name) in [
        ("dealer", "accounts", "accounts"),
        ("dealer", "products", "skus"),
        ("dealer", "documents", "invoices"),
        ("lines", "documents", "lines"),
    ] {
        assert_eq!(rows(source, stream), reference["rows"][name], "{name}");
    }

    counts_tie(&workspace, &reference);

    let summaries = workspace
        .run(&["reconcile", "--period", "2021-03", "--json"])
        .expect(0)
        .json();
    let rounding = &summaries[1];
    assert_eq!(
        rounding["units"], reference["rows"]["invoices"],
        "{rounding}"
    );
    let items = workspace
        .run(&["discrepancies", "list", "--json"])
        .expect(0)
        .json();
    let items = items.as_array().unwrap();
    let impacts = |field: &str| -> Vec<Decimal> {
        let of_field = items.iter().filter(|item| item["field"] == field);
        of_field.map(|item| decimal(&item["impact"])).collect()
    };
    let (line, price) = (impacts("line.amount"), impacts("price.amount"));
    let count = |name: &str| reference[name].as_u64().unwrap();
    assert_eq!(
        line.len() as u64,
        count("invoices_where_line_rounded_differs_from_total_rounded")
    );
    assert_eq!(
        price.len() as u64,
        count("invoices_where_price_rounded_differs")
    );
    assert_eq!(
        impacts("even.amount").len() as u64,
        count("half_up_vs_half_even_line_differences")
    );
    let largest = |impacts: &[Decimal]| impacts.iter().map(Decimal::abs).max().unwrap();
    assert_eq!(largest(&line), decimal(&reference["max_abs_difference"]));
    assert_eq!(
        largest(&price),
        decimal(&reference["max_abs_difference_price_rounded"])
    );
    let total = decimal(&reference["total_rounded_total"]);
    let sum = |impacts: &[Decimal]| impacts.iter().sum::<Decimal>();
    assert_eq!(
        total + sum(&line),
        decimal(&reference["line_rounded_total"])
    );
    assert_eq!(
        total + sum(&price),
        decimal(&reference["price_rounded_total"])
    );

    // What invoices come to without rounding, month by month, and no invoice is off by more than 3.5 cents.
    let mut exact = Decimal::ZERO;
    for (month, told) in reference["exact_total_by_month"].as_object().unwrap() {
        let summaries = workspace
            .run(&[
                "reconcile",
                "--period",
                month,
                "--rule",
                "by_month",
                "--json",
            ])
            .expect(0)
            .json();
        let by_month: &Value = &summaries[0];
        assert_eq!(by_month["discrepant"], 0, "{by_month}");
        let sum = decimal(&by_month["sums"][0]["expected"]);
        assert_eq!(sum, decimal(told), "{month}");
        exact += sum;
    }
    assert_eq!(exact, decimal(&reference["exact_total"]));
}
