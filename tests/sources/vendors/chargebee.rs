//! The Chargebee connector against Chargebee's wire format, night after night.

use crossfoot::canonical::Entity;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::bench::{Bench, Vendor, amount, failed};
use super::fixtures;
use super::held::{Held, ok, refused};
use crate::sources::harness::{header, query};

/// 20 November 2026, 23:58:41 UTC.
const OLD: u64 = 1_795_219_121;

fn wrap(kind: &str, record: Value) -> Value {
    json!({ kind: record })
}

fn invoice(id: &str, status: &str, total: u64, currency: &str, updated: u64) -> Value {
    wrap(
        "invoice",
        json!({"id": id, "customer_id": "cb_northwind", "status": status, "date": 1_793_505_600,
        "due_date": 1_796_126_400, "price_type": "tax_exclusive", "total": total, "tax": 0,
        "amount_due": if status == "paid" { 0 } else { total }, "currency_code": currency,
        "updated_at": updated, "deleted": false,
        "line_items": [{"id": format!("li_{id}"), "entity_id": "M365-BP-USD-Monthly", "quantity": 23,
            "unit_amount": 2200, "amount": total, "discount_amount": 0, "tax_amount": 0,
            "date_from": 1_793_505_600, "date_to": 1_796_101_199}]}),
    )
}

fn transaction(id: &str, kind: &str, amount: u64) -> Value {
    wrap(
        "transaction",
        json!({"id": id, "customer_id": "cb_northwind", "type": kind, "amount": amount,
        "status": "success", "date": 1_795_000_000, "currency_code": "USD", "updated_at": OLD, "deleted": false,
        "payment_method": "card", "id_at_gateway": format!("pi_{id}"),
        "refunded_txn_id": if kind == "refund" { json!("txn_1") } else { Value::Null },
        "linked_invoices": [{"invoice_id": "INV-1", "applied_amount": amount}]}),
    )
}

fn customer(id: &str, deleted: bool) -> Value {
    wrap(
        "customer",
        json!({"id": id, "company": id.to_uppercase(), "net_term_days": 30,
        "preferred_currency_code": "USD", "updated_at": OLD, "deleted": deleted}),
    )
}

fn northwind() -> Held {
    let item = |id: &str, kind: &str, quantity: u64| {
        json!({"item_price_id": id, "item_type": kind,
        "quantity": quantity, "unit_price": 2200, "amount": 2200 * quantity})
    };
    Held::of(json!({
        "customers": [customer("cb_northwind", false), customer("cb_acme", false), customer("cb_blueheron", true)],
        "subscriptions": [wrap("subscription", json!({"id": "sub_1", "customer_id": "cb_northwind",
            "status": "active", "billing_period": 1, "billing_period_unit": "month", "currency_code": "USD",
            "started_at": 1_768_209_300, "updated_at": OLD, "deleted": false,
            "subscription_items": [item("M365-BP-USD-Monthly", "plan", 23), item("BACKUP", "addon", 2),
                item("SETUP", "charge", 1)]}))],
        "invoices": [invoice("INV-1", "payment_due", 50_600, "USD", OLD), invoice("INV-2", "paid", 55_000, "JPY", OLD),
            invoice("INV-3", "voided", 100, "USD", OLD)],
        "credit_notes": [wrap("credit_note", json!({"id": "CN-301", "customer_id": "cb_acme",
            "reference_invoice_id": "INV-2", "reason_code": "service_unsatisfactory", "status": "refund_due",
            "date": 1_794_800_000, "total": 4500, "amount_available": 4500, "currency_code": "USD",
            "updated_at": OLD, "deleted": false, "line_items": []}))],
        "transactions": [transaction("txn_1", "payment", 18_900), transaction("txn_2", "refund", 900),
            transaction("txn_3", "authorization", 5)],
        "usages": [wrap("usage", json!({"id": "usg_1", "usage_date": 1_795_100_000, "subscription_id": "sub_1",
            "item_price_id": "BACKUP-GB", "quantity": "412.5", "updated_at": OLD}))],
    }))
}

fn answer(held: &mut Held, request: &Request) -> ResponseTemplate {
    // `cb_key:`
    if header(request, "authorization") != Some("Basic Y2Jfa2V5Og==") {
        return refused(
            401,
            json!({"message": "authentication failed",
            "api_error_code": "api_authentication_failed", "http_status_code": 401}),
        );
    }
    let name = request
        .url
        .path()
        .strip_prefix("/api/v2/")
        .unwrap()
        .to_owned();
    assert_eq!(query(request, "limit").as_deref(), Some("100"));
    if name != "usages" {
        assert_eq!(query(request, "include_deleted").as_deref(), Some("true"));
    }
    let since: u64 = query(request, "updated_at[after]").map_or(0, |text| text.parse().unwrap());
    let ids = query(request, "id[in]");
    let kind = name.trim_end_matches('s').to_owned();
    let mut rows = held.all(&name).clone();
    rows.retain(|row| {
        let row = &row[&kind];
        let quoted = row["id"].to_string();
        row["updated_at"].as_u64().unwrap() > since
            && ids.as_ref().is_none_or(|ids| ids.contains(&quoted))
    });
    let from = query(request, "offset").map_or(0, |text| {
        assert!(text.starts_with("[\""), "{text}");
        text.trim_matches(['[', ']', '"']).parse().unwrap()
    });
    let (page, more) = held.page(&rows, from);
    let mut body = json!({"list": page});
    if more {
        body["next_offset"] = format!("[\"{}\"]", from + page.len()).into();
    }
    ok(body)
}

async fn chargebee() -> (Vendor<Held>, Bench) {
    let vendor = Vendor::start(northwind(), answer).await;
    let bench = Bench::new("chargebee", &vendor, "api_key = { file = 'key' }");
    bench.desk.secret("key", "cb_key");
    (vendor, bench)
}

#[tokio::test]
async fn subscriptions_invoices_and_transactions_land_page_by_page() {
    // Goal: the scenario's figures in minor units of each currency; a refund is a row of its own; usage
    // belongs to its subscription's customer. Method: pages of two behind an opaque offset.
    let (vendor, mut bench) = chargebee().await;
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.ids(Entity::Accounts), ["cb_acme", "cb_northwind"]);
    assert_eq!(
        bench.one(Entity::Accounts, "cb_acme").text("payment_terms"),
        Some("NET30")
    );
    assert_eq!(
        bench.ids(Entity::Contracts),
        ["sub_1:BACKUP", "sub_1:M365-BP-USD-Monthly"]
    );
    let seats = bench.one(Entity::Contracts, "sub_1:M365-BP-USD-Monthly");
    assert_eq!(amount(&seats, "quantity"), "23");
    assert_eq!(amount(&seats, "unit_price"), "22");
    assert_eq!(
        (seats.text("frequency"), seats.text("account_id")),
        (Some("month"), Some("cb_northwind"))
    );
    let due = bench.one(Entity::Invoices, "INV-1");
    assert_eq!(amount(&due, "total"), "506");
    assert_eq!(amount(&due, "balance"), "506");
    assert_eq!(
        (
            due.text("status"),
            due.date("issued_on").unwrap().to_string()
        ),
        (Some("open"), "2026-11-01".into())
    );
    let yen = bench.one(Entity::Invoices, "INV-2");
    assert_eq!(
        (yen.text("currency"), amount(&yen, "total")),
        (Some("JPY"), "55000".into())
    );
    assert_eq!(
        amount(&bench.one(Entity::Invoices, "INV-3"), "balance"),
        "0"
    );
    let note = bench.one(Entity::Invoices, "CN-301");
    assert_eq!(
        (note.text("original_invoice_id"), amount(&note, "total")),
        (Some("INV-2"), "-45".into())
    );
    let line = bench.one(Entity::InvoiceLines, "li_INV-1");
    assert_eq!(line.date("service_from").unwrap().to_string(), "2026-11-01");
    assert_eq!(line.date("service_to").unwrap().to_string(), "2026-12-01");
    assert_eq!(bench.ids(Entity::Payments), ["txn_1", "txn_2"]);
    assert_eq!(bench.sum(Entity::Payments, "amount"), "180");
    assert_eq!(
        bench.one(Entity::Payments, "txn_2").text("reversal_of"),
        Some("txn_1")
    );
    assert_eq!(bench.ids(Entity::Remittances), ["txn_1:INV-1"]);
    let usage = bench.one(Entity::Usage, "usg_1");
    assert_eq!(
        (usage.text("account_id"), amount(&usage, "quantity")),
        (Some("cb_northwind"), "412.5".into())
    );
}

#[tokio::test]
async fn a_window_brings_late_edits_and_what_was_deleted() {
    // Goal: a late edit, a deleted invoice with its lines, and an item taken off a subscription. Method:
    // stamps of the day between.
    let (vendor, mut bench) = chargebee().await;
    bench.whole_night(&vendor, 1).await;
    vendor.change(|held| {
        let day = OLD + 40_000;
        held.all("invoices")[0] = invoice("INV-1", "paid", 50_600, "USD", day);
        held.all("invoices")[1] = invoice("INV-2", "paid", 55_000, "JPY", day);
        held.all("invoices")[1]["invoice"]["deleted"] = true.into();
        let items = &mut held.all("subscriptions")[0]["subscription"]["subscription_items"];
        items.as_array_mut().unwrap().remove(1);
    });
    bench.asked(&vendor).await;
    bench.whole_night(&vendor, 2).await;
    assert_eq!(bench.ids(Entity::Invoices), ["CN-301", "INV-1", "INV-3"]);
    assert_eq!(
        bench.one(Entity::Invoices, "INV-1").text("status"),
        Some("paid")
    );
    assert_eq!(bench.ids(Entity::InvoiceLines), ["li_INV-1", "li_INV-3"]);
    assert_eq!(bench.ids(Entity::Contracts), ["sub_1:M365-BP-USD-Monthly"]);
    let asked = bench.asked(&vendor).await;
    let windows = asked
        .iter()
        .filter(|line| line.contains("updated_at[after]=1795222680"))
        .count();
    assert!(windows >= 3, "{asked:?}");
}

#[tokio::test]
async fn bursts_and_a_broken_server_pass_and_a_wrong_key_is_told() {
    // Goal: 429 and 500 are overcome, 401 names the key; an empty site is sealed. Method: one of each.
    let (vendor, mut bench) = chargebee().await;
    let burst = refused(429, json!({"api_error_code": "api_request_limit_exceeded"}));
    vendor.fail("/api/v2/customers", burst.insert_header("Retry-After", "0"));
    vendor.fail("/api/v2/invoices", ResponseTemplate::new(500));
    bench.whole_night(&vendor, 1).await;
    vendor.change(|held| held.lists.clear());
    bench.whole_night(&vendor, 2).await;
    assert_eq!(bench.ids(Entity::Contracts), Vec::<String>::new());
    bench.desk.secret("key", "other");
    let reports = bench.night(&vendor, 3).await;
    let line = failed(&reports, "customers");
    assert!(line.contains("XF-S004"), "{line}");
}

#[tokio::test]
async fn the_fixtures_say_the_same() {
    // Goal: the wire bodies beside the repository. Method: they are held in place of our own.
    let Some(folder) = fixtures::folder("chargebee") else {
        return;
    };
    let (vendor, mut bench) = chargebee().await;
    let take = |name: &str, pages: &[&str]| -> Vec<Value> {
        let bodies = pages.iter().map(|page| {
            let body = fixtures::body(&folder, &format!("get_api_v2_{name}.200.{page}.json"));
            body["list"].as_array().unwrap().clone()
        });
        bodies.flatten().collect()
    };
    let lists = [
        ("customers", take("customers", &["page1", "last"])),
        ("subscriptions", take("subscriptions", &["page1"])),
        ("invoices", take("invoices", &["page1"])),
        ("credit_notes", take("credit_notes", &["page1"])),
        ("transactions", take("transactions", &["page1"])),
        ("usages", take("usages", &["page1"])),
    ];
    vendor.change(|held| {
        held.lists = lists
            .into_iter()
            .map(|(name, rows)| (name.to_owned(), rows))
            .collect();
    });
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.ids(Entity::Accounts), ["cb_northwind"]);
    assert_eq!(bench.sum(Entity::Contracts, "quantity"), "23");
    let invoice = bench.one(Entity::Invoices, "INV-10442");
    assert_eq!(amount(&invoice, "total"), "506");
    assert_eq!(
        amount(&bench.one(Entity::Invoices, "CN-301"), "balance"),
        "-45"
    );
    assert_eq!(bench.sum(Entity::Payments, "amount"), "189");
    assert_eq!(bench.sum(Entity::Usage, "quantity"), "412.5");
}
