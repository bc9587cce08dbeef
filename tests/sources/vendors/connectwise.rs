//! The ConnectWise PSA connector against ConnectWise's wire format, night after night.

use crossfoot::canonical::Entity;
use jiff::Timestamp;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::bench::{Bench, Vendor, amount, broken};
use super::fixtures;
use super::held::{Held, bodies_come_to, miscount_is_told, ok, refused};
use crate::sources::harness::{header, query};

const OLD: &str = "2026-11-20T23:58:41Z";
const FRONT: &str = "/v4_6_release/apis/3.0";

fn invoice(id: u64, kind: &str, total: f64, paid: f64, changed: &str) -> Value {
    json!({"id": id, "invoiceNumber": format!("INV-{id}"), "type": kind, "company": {"id": 250},
        "date": "2026-11-01T00:00:00Z", "dueDate": "2026-12-01T00:00:00Z", "subtotal": total,
        "total": total, "salesTax": 0.0, "payments": paid, "balance": total - paid,
        "currency": {"currencyCode": "USD"}, "_info": {"lastUpdated": changed}})
}

fn addition(id: u64, product: &str, quantity: f64, included: f64) -> Value {
    json!({"id": id, "product": {"id": 611, "identifier": product}, "quantity": quantity,
        "lessIncluded": included, "billedQuantity": quantity - included, "unitPrice": 22.00,
        "billCustomer": "Billable", "effectiveDate": "2026-01-01T00:00:00Z", "cancelledDate": null,
        "_info": {"lastUpdated": OLD}})
}

fn agreement(id: u64, cycle: &str, cancelled: bool) -> Value {
    json!({"id": id, "company": {"id": 250}, "startDate": "2026-01-01T00:00:00Z",
        "endDate": if cancelled { json!("2026-10-31T00:00:00Z") } else { Value::Null },
        "cancelledFlag": cancelled, "billingCycle": {"id": 2, "name": cycle}, "agreementStatus": "Active",
        "currency": {"currencyCode": "USD"}, "_info": {"lastUpdated": OLD}})
}

fn northwind() -> Held {
    let mut free = addition(9014, "SPAM-FILTER", 23.0, 0.0);
    free["billCustomer"] = "NoCharge".into();
    Held::of(json!({
        "/company/companies": [
            {"id": 250, "identifier": "NorthwindDental", "name": "Northwind Dental Group",
             "status": {"name": "Active"}, "deletedFlag": false, "_info": {"lastUpdated": OLD}},
            {"id": 251, "name": "Acme", "status": {"name": "Active"}, "deletedFlag": false,
             "_info": {"lastUpdated": OLD}},
            {"id": 252, "name": "Blue Heron Logistics", "deletedFlag": true, "_info": {"lastUpdated": OLD}},
        ],
        "/finance/agreements": [agreement(431, "Monthly", false), agreement(432, "Annually", true)],
        "/finance/agreements/431/additions":
            [addition(9012, "M365-BP", 24.0, 1.0), free, addition(9016, "BACKUP", 2.0, 0.0)],
        "/finance/agreements/432/additions": [addition(9020, "M365-BP", 5.0, 0.0)],
        "/finance/invoices": [
            invoice(10442, "Agreement", 506.0, 300.0, OLD), invoice(10443, "Standard", 100.0, 0.0, OLD),
            invoice(10444, "CreditMemo", 45.0, 0.0, OLD),
        ],
        "/finance/invoices/10442/payments": [{"id": 881, "type": "Check", "invoice": {"id": 10442},
            "amount": 300.00, "paymentDate": "2026-11-20T00:00:00Z", "_info": {"lastUpdated": OLD}}],
    }))
}

fn answer(held: &mut Held, request: &Request) -> ResponseTemplate {
    // `acme+pub:priv`
    if header(request, "authorization") != Some("Basic YWNtZStwdWI6cHJpdg==") {
        return refused(
            401,
            json!({"code": "Unauthorized", "message": "Invalid credentials."}),
        );
    }
    assert_eq!(header(request, "clientid"), Some("guid-1"));
    let accepted = header(request, "accept").unwrap();
    assert!(accepted.contains("version=2025.16,"), "{accepted}");
    let path = request.url.path();
    let name = path.strip_prefix(FRONT).unwrap_or_else(|| panic!("{path}"));
    let conditions = query(request, "conditions").unwrap_or_default();
    let since: Option<Timestamp> = conditions
        .split_once("lastUpdated >= [")
        .map(|(_, after)| after.trim_end_matches(']').parse().unwrap());
    let (list, is_count) = match name.strip_suffix("/count") {
        Some(list) => (list, true),
        None => (name, false),
    };
    let mut rows = held.all(list).clone();
    rows.retain(|row| {
        let stamp: Timestamp = row["_info"]["lastUpdated"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        since.is_none_or(|since| stamp >= since)
            && (!conditions.contains("balance != 0") || row["balance"] != 0.0)
    });
    if is_count {
        return ok(json!({"count": rows.len() + held.miscount}));
    }
    assert_eq!(header(request, "pagination-type"), Some("forward-only"));
    assert_eq!(query(request, "pageSize").as_deref(), Some("1000"));
    let after: u64 = query(request, "pageId").map_or(0, |text| text.parse().unwrap());
    rows.retain(|row| row["id"].as_u64().unwrap() > after);
    let (page, more) = held.page(&rows, 0);
    let answer = ok(json!(page));
    if !more {
        return answer;
    }
    let host = header(request, "host").unwrap();
    let own = format!(
        "http://{host}{path}?{}",
        request.url.query().unwrap_or_default()
    );
    let mut next: url::Url = own.parse().unwrap();
    let pairs: Vec<(String, String)> = next
        .query_pairs()
        .filter(|(key, _)| key != "pageId")
        .map(|(a, b)| (a.into(), b.into()))
        .collect();
    let last = page.last().unwrap()["id"].to_string();
    next.query_pairs_mut()
        .clear()
        .extend_pairs(pairs)
        .append_pair("pageId", &last);
    answer.insert_header("Link", format!("<{next}>; rel=\"next\""))
}

async fn connectwise() -> (Vendor<Held>, Bench) {
    let vendor = Vendor::start(northwind(), answer).await;
    let keys = "company = 'acme'\npublic_key = 'pub'\nprivate_key = { file = 'private' }\nclient_id = 'guid-1'";
    let bench = Bench::new("connectwise", &vendor, keys);
    bench.desk.secret("private", "priv");
    (vendor, bench)
}

#[tokio::test]
async fn additions_are_contracts_and_invoices_have_their_payments() {
    // Goal: the scenario's figures; what is included is not billed; what is not billable is no contract;
    // the last day counts. Method: pages of two behind `Link`.
    let (vendor, mut bench) = connectwise().await;
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.ids(Entity::Accounts), ["250", "251"]);
    assert_eq!(bench.ids(Entity::Contracts), ["9012", "9016", "9020"]);
    let seats = bench.one(Entity::Contracts, "9012");
    assert_eq!(amount(&seats, "quantity"), "23");
    assert_eq!(amount(&seats, "unit_price"), "22");
    assert_eq!(
        (seats.text("account_id"), seats.text("sku")),
        (Some("250"), Some("M365-BP"))
    );
    assert_eq!(
        (seats.text("frequency"), seats.text("status")),
        (Some("month"), Some("active"))
    );
    assert_eq!(
        seats.instant("starts_on").unwrap().to_string(),
        "2026-01-01T05:00:00Z"
    );
    assert_eq!(seats.instant("ends_on"), None);
    let ended = bench.one(Entity::Contracts, "9020");
    assert_eq!(
        (ended.text("frequency"), ended.text("status")),
        (Some("year"), Some("cancelled"))
    );
    assert_eq!(
        ended.instant("ends_on").unwrap().to_string(),
        "2026-11-01T04:00:00Z"
    );
    let open = bench.one(Entity::Invoices, "10442");
    assert_eq!(amount(&open, "total"), "506");
    assert_eq!(amount(&open, "balance"), "206");
    assert_eq!(
        (
            open.text("status"),
            open.date("issued_on").unwrap().to_string()
        ),
        (Some("open"), "2026-11-01".into())
    );
    let memo = bench.one(Entity::Invoices, "10444");
    assert_eq!(
        (memo.text("kind"), amount(&memo, "total")),
        (Some("credit_memo"), "-45".into())
    );
    assert_eq!(bench.sum(Entity::Payments, "amount"), "300");
    assert_eq!(
        bench
            .one(Entity::Payments, "881")
            .date("received_on")
            .unwrap()
            .to_string(),
        "2026-11-20"
    );
    assert_eq!(
        bench.one(Entity::Remittances, "881").text("invoice_id"),
        Some("10442")
    );
    let asked = bench.asked(&vendor).await;
    assert!(
        !asked.iter().any(|line| line.contains("/10443/payments")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn what_vanishes_is_gone_and_a_late_edit_is_seen() {
    // Goal: a deleted addition and a deleted invoice, and an edit of a paid invoice. Method: eight nights
    // later, when the ids are compared.
    let (vendor, mut bench) = connectwise().await;
    bench.whole_night(&vendor, 1).await;
    vendor.change(|held| {
        held.all("/finance/agreements/431/additions").remove(2);
        held.all("/finance/agreements/431/additions")[0]["quantity"] = json!(26.0);
        held.all("/finance/invoices")[0] =
            invoice(10442, "Agreement", 550.0, 300.0, "2026-11-27T12:00:00Z");
        held.all("/finance/invoices").remove(1);
    });
    bench.whole_night(&vendor, 9).await;
    assert_eq!(bench.ids(Entity::Contracts), ["9012", "9020"]);
    assert_eq!(
        amount(&bench.one(Entity::Contracts, "9012"), "quantity"),
        "25"
    );
    assert_eq!(bench.ids(Entity::Invoices), ["10442", "10444"]);
    assert_eq!(
        amount(&bench.one(Entity::Invoices, "10442"), "balance"),
        "250"
    );
}

#[tokio::test]
async fn bursts_and_a_broken_server_pass_and_a_refusal_names_the_key() {
    // Goal: 429, 503 and 500 are overcome; 403 tells the stream. Method: one of each.
    let (vendor, mut bench) = connectwise().await;
    let burst = refused(429, json!({"code": "TooManyRequests"})).insert_header("Retry-After", "0");
    let [companies, additions, invoices, agreements] = [
        "company",
        "finance/agreements/431",
        "finance/invoices",
        "finance/agreements",
    ]
    .map(|path| format!("{FRONT}/{path}"));
    let down = ResponseTemplate::new(503);
    let faults = [
        (&*companies, burst),
        (&*additions, down),
        (&*invoices, broken()),
    ];
    bench.overcomes(&vendor, 1, faults).await;
    vendor.fail(&agreements, refused(403, json!({"code": "Forbidden"})));
    bench
        .refuses(&vendor, 2, ("agreements", "agreements"))
        .await;
    assert_eq!(bench.ids(Entity::Contracts), ["9012", "9016", "9020"]);
    bench.desk.secret("private", "other");
    bench.refuses(&vendor, 3, ("companies", "XF-S004")).await;
}

#[tokio::test]
async fn a_count_that_does_not_tie_is_not_sealed() {
    // Goal: the count is asked with the list's own conditions. Method: one too many.
    let (vendor, mut bench) = connectwise().await;
    miscount_is_told(
        &vendor,
        &mut bench,
        "invoices",
        "the vendor counts 4 records and 3 came",
    )
    .await;
    assert_eq!(bench.ids(Entity::Contracts), Vec::<String>::new());
}

#[tokio::test]
async fn the_fixtures_say_the_same() {
    // Goal: the wire bodies beside the repository. Method: they are held in place of our own.
    let Some(folder) = fixtures::folder("connectwise") else {
        return;
    };
    let take = |name: &str| {
        let file = format!("get_v4_6_release_apis_3.0_{name}.200.page1.json");
        fixtures::body(&folder, &file).as_array().unwrap().clone()
    };
    let additions = take("finance_agreements_parentId_additions");
    let payments = take("finance_invoices_parentId_payments");
    let lists = [
        ("/company/companies", take("company_companies")),
        ("/finance/agreements", take("finance_agreements")),
        ("/finance/agreements/431/additions", additions),
        ("/finance/invoices", take("finance_invoices")),
        ("/finance/invoices/10442/payments", payments),
    ];
    let sums = [
        (Entity::Contracts, "quantity", "23"),
        (Entity::Invoices, "total", "506"),
        (Entity::Invoices, "balance", "206"),
        (Entity::Payments, "amount", "300"),
    ];
    bodies_come_to(connectwise().await, lists, &sums).await;
}
