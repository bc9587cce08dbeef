//! The Zuora connector against Zuora's object queries, night after night.

use crossfoot::canonical::Entity;
use jiff::Timestamp;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::bench::{Bench, Vendor, amount, failed};
use super::fixtures;
use super::held::{Held, ok, refused};
use crate::sources::harness::query;

const OLD: &str = "2026-11-20T15:58:41-08:00";

fn item(id: &str) -> Value {
    json!({"id": id, "chargeName": "M365-BP", "chargeAmount": 22.0, "quantity": 1, "unitPrice": 22.0,
        "serviceStartDate": "2026-11-01", "serviceEndDate": "2026-11-30"})
}

fn invoice(id: &str, status: &str, balance: f64, items: Vec<Value>, changed: &str) -> Value {
    json!({"id": id, "invoiceNumber": format!("INV-{id}"), "accountId": "acc1", "amount": 506.00,
        "balance": balance, "currency": "USD", "invoiceDate": "2026-11-01", "dueDate": "2026-12-01",
        "status": status, "updatedDate": changed, "invoiceItems": items})
}

/// A version of one subscription: seats by the month, a fee that is charged once, and a discount.
fn subscription(id: &str, version: u32, status: &str, price: f64, changed: &str) -> Value {
    let charge = |number: &str, name: &str, kind: &str, price: f64| {
        json!({"id": format!("{id}-{number}"), "chargeNumber": number, "segment": 1, "name": name,
            "chargeType": kind, "chargeModel": "Per Unit Pricing", "billingPeriod": "Month",
            "effectiveStartDate": "2026-01-12", "effectiveEndDate": "2027-01-12",
            "ratePlanChargeTiers": [{"price": price, "currency": "USD", "tier": 1}]})
    };
    let mut seats = charge("C-1", "M365-BP", "Recurring", price);
    seats["quantity"] = 23.into();
    let mut fee = charge("C-2", "SETUP", "OneTime", 99.5);
    fee["billingPeriod"] = Value::Null;
    let mut discount = charge("C-3", "Loyal", "Recurring", 0.0);
    discount["chargeModel"] = "Discount-Percentage".into();
    json!({"id": id, "name": "A-S431", "version": version, "status": status, "accountId": "acc1",
        "isLatestVersion": status != "Expired", "currency": "USD", "updatedDate": changed,
        "ratePlans": [{"id": "rp1", "ratePlanCharges": [seats, fee]},
            {"id": "rp2", "ratePlanCharges": [discount]}]})
}

fn northwind() -> Held {
    let many: Vec<Value> = (0..99).map(|at| item(&format!("m{at}"))).collect();
    let all: Vec<Value> = (0..101).map(|at| item(&format!("m{at}"))).collect();
    Held::of(json!({
        "accounts": [{"id": "acc1", "accountNumber": "A1", "name": "Northwind Dental Group", "crmId": "001TO",
                "currency": "USD", "status": "Active", "updatedDate": OLD},
            {"id": "acc2", "name": "Acme", "currency": "USD", "status": "Active", "updatedDate": OLD},
            {"id": "acc3", "name": "Kestrel", "currency": "JPY", "status": "Canceled", "updatedDate": OLD}],
        "invoices": [invoice("i1", "Posted", 206.0, vec![item("t1")], OLD), invoice("i2", "Posted", 0.0, many, OLD),
            invoice("i3", "Draft", 506.0, vec![], OLD)],
        "invoice-items": all,
        "credit-memos": [{"id": "cm1", "memoNumber": "CM1", "accountId": "acc2", "totalAmount": 45.0,
            "balance": 45.0, "status": "Posted", "updatedDate": OLD, "creditMemoItems": []}],
        "subscriptions": [
            subscription("s1", 1, "Expired", 9.0, "2026-11-19T08:00:00-08:00"),
            subscription("s2", 2, "Active", 22.0, OLD)],
        "payments": [{"id": "p1", "paymentNumber": "P-1", "accountId": "acc1", "amount": 300.0,
            "currency": "USD", "effectiveDate": "2026-11-20", "status": "Processed", "updatedDate": OLD}],
    }))
}

pub(super) fn answer(held: &mut Held, request: &Request) -> ResponseTemplate {
    let path = request.url.path();
    if path == "/oauth/token" {
        return held.token();
    }
    if !held.knows(request) {
        return refused(
            401,
            json!({"message": "expired", "reasons": [{"code": 90_000_011}]}),
        );
    }
    let name = path.strip_prefix("/object-query/").unwrap();
    assert_eq!(query(request, "pageSize").as_deref(), Some("99"));
    let filter = query(request, "filter[]").unwrap_or_default();
    let since: Option<Timestamp> = filter
        .strip_prefix("updatedDate.GE:")
        .map(|text| text.parse().unwrap());
    let mut rows = held.all(name).clone();
    rows.retain(|row| {
        let stamp = row["updatedDate"]
            .as_str()
            .map(|text| text.parse::<Timestamp>().unwrap());
        since.is_none_or(|since| stamp.is_none_or(|at| at >= since))
    });
    let from: usize = query(request, "cursor").map_or(0, |text| text[1..].parse().unwrap());
    let (page, more) = match name {
        "invoice-items" => {
            assert_eq!(filter, "invoiceId.EQ:i2");
            (
                rows[from..(from + 60).min(rows.len())].to_vec(),
                from + 60 < rows.len(),
            )
        }
        _ => held.page(&rows, from),
    };
    let mut body = json!({"data": page});
    if more {
        body["nextPage"] = format!("c{}", from + page.len()).into();
    }
    ok(body)
}

async fn zuora() -> (Vendor<Held>, Bench) {
    let vendor = Vendor::start(northwind(), answer).await;
    let keys = "client_id = 'app'\nclient_secret = { file = 'secret' }";
    let bench = Bench::new("zuora", &vendor, keys);
    bench.desk.secret("secret", "shhh");
    (vendor, bench)
}

#[tokio::test]
async fn invoices_with_all_their_items_memos_and_payments_land() {
    // Goal: the scenario's figures, and the items beyond the 99 that an answer holds. Method: pages of
    // two, and an invoice of 101 items.
    let (vendor, mut bench) = zuora().await;
    bench.whole_night(&vendor, 1).await;
    assert_eq!(
        bench.one(Entity::Accounts, "acc1").list("linked_ids"),
        ["001TO"]
    );
    let open = bench.one(Entity::Invoices, "i1");
    assert_eq!(amount(&open, "balance"), "206");
    assert_eq!(
        (
            open.text("status"),
            open.date("due_on").unwrap().to_string()
        ),
        (Some("open"), "2026-12-01".into())
    );
    assert_eq!(
        bench.one(Entity::Invoices, "i2").text("status"),
        Some("paid")
    );
    assert_eq!(
        bench.one(Entity::Invoices, "i3").text("status"),
        Some("draft")
    );
    assert_eq!(bench.ids(Entity::InvoiceLines).len(), 102);
    let line = bench.one(Entity::InvoiceLines, "t1");
    assert_eq!(
        (
            line.text("sku"),
            line.date("service_to").unwrap().to_string()
        ),
        (Some("M365-BP"), "2026-12-01".into())
    );
    let memo = bench.one(Entity::Invoices, "cm1");
    assert_eq!(
        (memo.text("kind"), amount(&memo, "balance")),
        (Some("credit_memo"), "-45".into())
    );
    assert_eq!(bench.sum(Entity::Payments, "amount"), "300");
}

#[tokio::test]
async fn charges_of_the_latest_version_are_contracts() {
    // Goal: what is billed by agreement lands with its price and term, under numbers that an amendment
    // keeps; a cancelled subscription says so, and one that is deleted is gone in a week. Method: a
    // subscription in two versions, a third one the next night, then none.
    let (vendor, mut bench) = zuora().await;
    bench.whole_night(&vendor, 1).await;
    assert_eq!(
        bench.ids(Entity::Contracts),
        ["A-S431:C-1:1", "A-S431:C-2:1"]
    );
    let seats = bench.one(Entity::Contracts, "A-S431:C-1:1");
    assert_eq!(
        (amount(&seats, "quantity"), amount(&seats, "unit_price")),
        ("23".into(), "22".into())
    );
    assert_eq!(
        (
            seats.text("sku"),
            seats.text("frequency"),
            seats.text("status"),
            seats.text("account_id")
        ),
        (Some("M365-BP"), Some("month"), Some("active"), Some("acc1"))
    );
    // Midnights in New York.
    assert_eq!(
        seats.instant("starts_on").unwrap().to_string(),
        "2026-01-12T05:00:00Z"
    );
    assert_eq!(
        seats.instant("ends_on").unwrap().to_string(),
        "2027-01-12T05:00:00Z"
    );
    let fee = bench.one(Entity::Contracts, "A-S431:C-2:1");
    assert_eq!(
        (amount(&fee, "quantity"), amount(&fee, "unit_price")),
        ("1".into(), "99.5".into())
    );
    assert_eq!(fee.text("frequency"), Some("once"));
    vendor.change(|held| {
        let late = "2026-11-21T10:00:00-08:00";
        held.all("subscriptions")[1] = subscription("s2", 2, "Expired", 22.0, late);
        held.all("subscriptions")
            .push(subscription("s3", 3, "Cancelled", 23.5, late));
    });
    bench.whole_night(&vendor, 2).await;
    let seats = bench.one(Entity::Contracts, "A-S431:C-1:1");
    assert_eq!(
        (amount(&seats, "unit_price"), seats.text("status")),
        ("23.5".into(), Some("cancelled"))
    );
    vendor.change(|held| held.all("subscriptions").clear());
    bench.whole_night(&vendor, 9).await;
    assert!(bench.ids(Entity::Contracts).is_empty());
}

#[tokio::test]
async fn rate_plans_beyond_the_99th_are_read_on_their_own() {
    // Goal: an answer holds at most 99 plans of a subscription; the others are not lost. Method: one of
    // 101 plans, with a charge in each.
    let (vendor, mut bench) = zuora().await;
    vendor.change(|held| {
        let one = subscription("s1", 1, "Active", 2.5, OLD);
        let plan = |at: usize| {
            let mut charge = one["ratePlans"][0]["ratePlanCharges"][0].clone();
            charge["chargeNumber"] = format!("C-{at}").into();
            json!({"id": format!("rp{at}"), "ratePlanCharges": [charge]})
        };
        let all: Vec<Value> = (0..101).map(plan).collect();
        let mut subscription = one.clone();
        subscription["ratePlans"] = all[..99].to_vec().into();
        held.lists
            .insert("subscriptions".into(), vec![subscription]);
        held.lists.insert("rate-plans".into(), all);
        held.page_size = 60;
    });
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.ids(Entity::Contracts).len(), 101);
    assert_eq!(bench.sum(Entity::Contracts, "unit_price"), "252.5");
    let asked = bench.asked(&vendor).await;
    let plans = asked
        .iter()
        .filter(|line| line.contains("/object-query/rate-plans"));
    assert!(
        plans
            .clone()
            .all(|line| line.contains("filter[]=subscriptionId.EQ:s1"))
    );
    assert_eq!(plans.count(), 2);
}

#[tokio::test]
async fn a_late_edit_comes_by_its_stamp_and_a_deleted_draft_is_found_in_a_week() {
    // Goal: the window's filter, and everything read again. Method: the next night and the ninth.
    let (vendor, mut bench) = zuora().await;
    bench.whole_night(&vendor, 1).await;
    vendor.change(|held| {
        held.all("invoices")[0] = invoice(
            "i1",
            "Posted",
            0.0,
            vec![item("t2")],
            "2026-11-21T10:00:00-08:00",
        );
        held.all("invoices").remove(2);
    });
    bench.asked(&vendor).await;
    bench.whole_night(&vendor, 2).await;
    assert_eq!(
        bench.one(Entity::Invoices, "i1").text("status"),
        Some("paid")
    );
    assert_eq!(bench.ids(Entity::Invoices), ["cm1", "i1", "i2", "i3"]);
    assert!(!bench.ids(Entity::InvoiceLines).contains(&"t1".to_owned()));
    let asked = bench.asked(&vendor).await;
    assert!(
        asked
            .iter()
            .any(|line| line.contains("filter[]=updatedDate.GE:2026-11-21T00:30:00Z")),
        "{asked:?}"
    );
    bench.whole_night(&vendor, 9).await;
    assert_eq!(bench.ids(Entity::Invoices), ["cm1", "i1", "i2"]);
}

#[tokio::test]
async fn failures_with_and_without_a_status_are_told_apart() {
    // Goal: 401, 429, 500 and a limit with status 200 are overcome; a refusal with status 200 is no empty
    // page; an empty tenant is sealed. Method: one of each.
    let (vendor, mut bench) = zuora().await;
    vendor.fail(
        "/object-query/accounts",
        refused(401, json!({"reasons": [{"code": 90_000_011}]})),
    );
    vendor.fail(
        "/object-query/invoices",
        ResponseTemplate::new(429).insert_header("Retry-After", "0"),
    );
    vendor.fail("/object-query/credit-memos", ResponseTemplate::new(500));
    let limit = json!({"success": false, "reasons": [{"code": 50_000_070, "message": "too many"}]});
    vendor.fail("/object-query/payments", ok(limit));
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.sum(Entity::Payments, "amount"), "300");
    let refusal =
        json!({"success": false, "reasons": [{"code": 50_000_020, "message": "no such field"}]});
    vendor.fail("/object-query/payments", ok(refusal));
    let reports = bench.night(&vendor, 2).await;
    assert!(
        failed(&reports, "payments").contains("no such field"),
        "{}",
        failed(&reports, "payments")
    );
    vendor.change(|held| held.lists.clear());
    bench.whole_night(&vendor, 9).await;
    assert_eq!(bench.ids(Entity::Invoices), Vec::<String>::new());
}

#[tokio::test]
async fn the_fixtures_say_the_same() {
    // Goal: the wire bodies beside the repository. Method: they are held in place of our own.
    let Some(folder) = fixtures::folder("zuora") else {
        return;
    };
    let (vendor, mut bench) = zuora().await;
    let take = |name: &str| {
        let file = format!("get_object-query_{name}.200.last.json");
        (
            name.to_owned(),
            fixtures::body(&folder, &file)["data"]
                .as_array()
                .unwrap()
                .clone(),
        )
    };
    let lists = ["accounts", "invoices", "payments"].map(take);
    vendor.change(|held| held.lists = lists.into_iter().collect());
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.sum(Entity::Invoices, "total"), "506");
    assert_eq!(bench.sum(Entity::Invoices, "balance"), "206");
    assert_eq!(bench.sum(Entity::InvoiceLines, "quantity"), "23");
    assert_eq!(bench.sum(Entity::Payments, "amount"), "300");
}
