//! Both legs of every unit, added up from what the servers and the usage file show.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crossfoot::demo::{Night, World};
use crossfoot::period::Period;
use crossfoot::reconcile::Kind;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value;

use super::client::Client;

/// A unit: company, product's code, service period.
pub(crate) type Unit = (String, String, Period);

/// What was sold and used of a unit.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    pub(crate) model: String,
    pub(crate) quantity: Decimal,
    pub(crate) price: Decimal,
    pub(crate) amount: Decimal,
    pub(crate) currency: String,
}

/// A billed line of a unit.
#[derive(Debug, Clone)]
pub(crate) struct Billed {
    pub(crate) invoice: String,
    pub(crate) quantity: Option<Decimal>,
    pub(crate) price: Option<Decimal>,
    pub(crate) amount: Decimal,
    pub(crate) currency: String,
}

/// Both legs.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) expected: BTreeMap<Unit, Expected>,
    pub(crate) billed: BTreeMap<Unit, Vec<Billed>>,
    pub(crate) has_usage: bool,
    /// What the two systems keep differently: company, product's code where it is about one, and kind.
    pub(crate) kept_otherwise: BTreeSet<(String, String, Kind)>,
}

const PERIODS: [&str; 3] = ["2026-08", "2026-09", "2026-10"];

impl Ledger {
    /// Reads everything that is shown on a night.
    pub(crate) async fn read(client: &Client, world: &World, night: Night, folder: &Path) -> Self {
        let usage = world.write_usage(folder, night).unwrap();
        let mut ledger = Self {
            has_usage: usage.is_some(),
            ..Self::default()
        };
        let used = usage.map(|path| used(&path)).unwrap_or_default();
        ledger.read_sold(client, &used).await;
        ledger.read_billed(client).await;
        ledger.read_kept(client).await;
        ledger
    }

    /// Streets of both systems, and how often a product is sold and set up to be billed.
    async fn read_kept(&mut self, client: &Client) {
        let properties = "properties=billing_customer_id,address";
        let (companies, _) = client.crm_all("companies", properties).await;
        let (customers, _) = client.billing_all("/v1/customers").await;
        let company_of: BTreeMap<String, &Value> = companies
            .iter()
            .map(|one| (text(&one["properties"]["billing_customer_id"]), one))
            .collect();
        for customer in &customers {
            let company = company_of[&text(&customer["id"])];
            if company["properties"]["address"] != customer["address"]["line1"] {
                let of_customer = (text(&company["id"]), String::new(), Kind::StaleContact);
                self.kept_otherwise.insert(of_customer);
            }
        }
        let (products, _) = client.billing_all("/v1/products").await;
        let sku_of: BTreeMap<String, String> = products
            .iter()
            .map(|one| (text(&one["id"]), text(&one["metadata"]["sku"])))
            .collect();
        let (subscriptions, _) = client.billing_all("/v1/subscriptions").await;
        for subscription in &subscriptions {
            let company = text(&company_of[&text(&subscription["customer"])]["id"]);
            for item in subscription["items"]["data"].as_array().unwrap() {
                // All is sold by the month.
                if item["price"]["recurring"]["interval"] != "month" {
                    let sku = sku_of[&text(&item["price"]["product"])].clone();
                    let of_product = (company.clone(), sku, Kind::TermsMismatch);
                    self.kept_otherwise.insert(of_product);
                }
            }
        }
    }

    async fn read_sold(&mut self, client: &Client, used: &BTreeMap<Unit, Decimal>) {
        let query = "properties=hs_is_closed_won&associations=companies,line_items";
        let (deals, _) = client.crm_all("deals", query).await;
        for deal in deals {
            if deal["properties"]["hs_is_closed_won"] != "true" {
                continue;
            }
            let company = text(&deal["associations"]["companies"]["results"][0]["id"]);
            let ids: Vec<String> = deal["associations"]["line items"]["results"]
                .as_array()
                .unwrap()
                .iter()
                .map(|end| text(&end["id"]))
                .collect();
            for item in client.line_items(&ids).await {
                for period in PERIODS {
                    let period: Period = period.parse().unwrap();
                    let unit = (company.clone(), text(&item["properties"]["hs_sku"]), period);
                    if let Some(expected) = expected(&item["properties"], period, used.get(&unit)) {
                        assert!(self.expected.insert(unit, expected).is_none(), "sold twice");
                    }
                }
            }
        }
    }

    async fn read_billed(&mut self, client: &Client) {
        let (companies, _) = client
            .crm_all("companies", "properties=billing_customer_id")
            .await;
        let company_of: BTreeMap<String, String> = companies
            .iter()
            .map(|one| {
                (
                    text(&one["properties"]["billing_customer_id"]),
                    text(&one["id"]),
                )
            })
            .collect();
        let (products, _) = client.billing_all("/v1/products").await;
        let sku_of: BTreeMap<String, String> = products
            .iter()
            .map(|one| (text(&one["id"]), text(&one["metadata"]["sku"])))
            .collect();
        let zone = TimeZone::get("America/New_York").unwrap();
        let (invoices, _) = client.billing_all("/v1/invoices").await;
        for invoice in invoices.iter().filter(|one| one["status"] != "void") {
            let path = format!("/v1/invoices/{}/lines", text(&invoice["id"]));
            let lines = if invoice["lines"]["has_more"] == true {
                client.billing_all(&path).await.0
            } else {
                invoice["lines"]["data"].as_array().unwrap().clone()
            };
            for line in lines {
                let start = line["period"]["start"].as_i64().unwrap();
                let period = Period::at(Timestamp::from_second(start).unwrap(), &zone);
                let product = text(&line["pricing"]["price_details"]["product"]);
                let company = company_of[&text(&invoice["customer"])].clone();
                let unit = (company, sku_of[&product].clone(), period);
                self.billed.entry(unit).or_default().push(billed(&line));
            }
        }
    }
}

fn expected(properties: &Value, period: Period, used: Option<&Decimal>) -> Option<Expected> {
    let starts_on: Date = text(&properties["hs_recurring_billing_start_date"])
        .parse()
        .unwrap();
    if starts_on >= period.end_day() {
        return None;
    }
    let contracted = decimal(&properties["quantity"]);
    let model = text(&properties["billing_model"]);
    let used = used.copied().unwrap_or_default();
    let quantity = match model.as_str() {
        "fixed" => contracted,
        "per_seat_trueup" => contracted.max(used),
        "usage" => used,
        other => panic!("{other}"),
    };
    let price = decimal(&properties["price"]);
    let discount = match &properties["hs_discount_percentage"] {
        Value::Null => Decimal::ZERO,
        percent => decimal(percent),
    };
    let currency = text(&properties["hs_line_item_currency_code"]);
    let first = starts_on.max(period.first_day());
    let days = Decimal::from((period.end_day() - first).get_days());
    let month_days = Decimal::from(period.day_count());
    let exact = quantity * price * (Decimal::ONE_HUNDRED - discount) * days
        / (Decimal::ONE_HUNDRED * month_days);
    let amount =
        exact.round_dp_with_strategy(decimals(&currency), RoundingStrategy::MidpointAwayFromZero);
    Some(Expected {
        model,
        quantity,
        price: price * (Decimal::ONE_HUNDRED - discount) / Decimal::ONE_HUNDRED,
        amount,
        currency,
    })
}

fn billed(line: &Value) -> Billed {
    let currency = text(&line["currency"]).to_uppercase();
    let scale = decimals(&currency);
    let money = |minor: i64| Decimal::new(minor, scale);
    Billed {
        invoice: text(&line["invoice"]),
        quantity: line["quantity"].as_i64().map(Decimal::from),
        price: line["pricing"]["unit_amount_decimal"]
            .as_str()
            .map(|minor| money(minor.parse().unwrap())),
        amount: money(line["amount"].as_i64().unwrap()),
        currency,
    }
}

fn used(path: &Path) -> BTreeMap<Unit, Decimal> {
    let file = std::fs::read_to_string(path).unwrap();
    let mut rows = file.lines();
    assert_eq!(
        rows.next(),
        Some("id,account_id,sku,quantity,starts_on,ends_on")
    );
    let mut sums = BTreeMap::new();
    for row in rows {
        let cells: Vec<&str> = row.split(',').collect();
        let company = cells[1].strip_prefix("crm:").unwrap().to_owned();
        let period = Period::of(cells[4].parse().unwrap());
        let unit = (company, cells[2].to_owned(), period);
        *sums.entry(unit).or_insert(Decimal::ZERO) += cells[3].parse::<Decimal>().unwrap();
    }
    sums
}

fn decimals(currency: &str) -> u32 {
    if currency == "JPY" { 0 } else { 2 }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap()
}
