//! The QuickBooks Online connector against Intuit's wire format, night after night.

use crossfoot::canonical::Entity;
use jiff::Timestamp;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::bench::{Bench, Vendor, amount, broken};
use super::fixtures;
use super::held::{Held, bodies_come_to, miscount_is_told, ok, refused};
use crate::sources::harness::{header, query};

const OLD: &str = "2026-11-20T15:58:41-08:00";

fn line(id: &str, amount: f64, quantity: f64) -> Value {
    json!({"Id": id, "Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {
        "ItemRef": {"value": "19", "name": "M365-BP"}, "UnitPrice": amount / quantity, "Qty": quantity}})
}

fn sale(id: &str, total: f64, balance: f64, lines: Value) -> Value {
    json!({"Id": id, "DocNumber": format!("INV-{id}"), "TxnDate": "2026-11-01", "DueDate": "2026-12-01",
        "CurrencyRef": {"value": "USD"}, "CustomerRef": {"value": "58"}, "Line": lines,
        "TotalAmt": total, "Balance": balance, "MetaData": {"LastUpdatedTime": OLD}})
}

fn payment(id: &str, total: f64, links: &[(&str, &str, f64)]) -> Value {
    let lines: Vec<Value> = links
        .iter()
        .map(|(kind, of, amount)| json!({"Amount": amount, "LinkedTxn": [{"TxnId": of, "TxnType": kind}]}))
        .collect();
    json!({"Id": id, "TxnDate": "2026-11-20", "CustomerRef": {"value": "58"}, "PaymentRefNum": "ACH 99812",
        "CurrencyRef": {"value": "USD"}, "TotalAmt": total, "Line": lines,
        "MetaData": {"LastUpdatedTime": OLD}})
}

fn northwind() -> Held {
    let lines =
        json!([line("1", 506.0, 23.0), {"Amount": 506.0, "DetailType": "SubTotalLineDetail"}]);
    let discounted =
        json!([line("1", 200.0, 8.0), {"Amount": 20.0, "DetailType": "DiscountLineDetail"}]);
    let mut void = sale("10444", 0.0, 0.0, json!([]));
    void["PrivateNote"] = "Voided".into();
    Held::of(json!({
        "Customer": [
            {"Id": "58", "DisplayName": "Northwind Dental Group", "Active": true,
             "MetaData": {"LastUpdatedTime": OLD}},
            {"Id": "59", "DisplayName": "Acme", "Active": false, "MetaData": {"LastUpdatedTime": OLD}},
        ],
        "Item": [{"Id": "19", "Name": "M365-BP", "Sku": "CFQ7", "MetaData": {"LastUpdatedTime": OLD}}],
        "Invoice": [sale("10442", 506.0, 206.0, lines), sale("10443", 180.0, 0.0, discounted), void],
        "CreditMemo": [sale("301", 45.0, 0.0, json!([line("1", 45.0, 1.0)]))],
        "SalesReceipt": [sale("401", 10.0, 0.0, json!([line("1", 10.0, 1.0)]))],
        "Payment": [
            payment("20881", 300.0, &[("Invoice", "10442", 300.0)]),
            payment("20882", 0.0, &[("Invoice", "10443", 45.0), ("CreditMemo", "301", 45.0)]),
            payment("20883", 135.0, &[("Invoice", "10443", 135.0)]),
        ],
    }))
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The instants of a query's bounds.
fn is_in_window(query: &str, row: &Value) -> bool {
    let stamp = instant(row["MetaData"]["LastUpdatedTime"].as_str().unwrap());
    let bound = |mark: &str| {
        let (_, after) = query.split_once(mark)?;
        after.split('\'').next().map(instant)
    };
    bound("LastUpdatedTime >= '").is_none_or(|from| stamp >= from)
        && bound("LastUpdatedTime < '").is_none_or(|to| stamp < to)
}

fn answer(held: &mut Held, request: &Request) -> ResponseTemplate {
    let path = request.url.path();
    if path == "/oauth2/v1/tokens/bearer" {
        assert_eq!(header(request, "authorization"), Some("Basic YXBwOnNoaGg="));
        let form = String::from_utf8_lossy(&request.body).into_owned();
        let expected = match held.tokens {
            0 => "RT1-first".to_owned(),
            count => format!("RT1-{count}"),
        };
        if !form.contains(&format!("refresh_token={expected}")) {
            return refused(400, json!({"error": "invalid_grant"}));
        }
        held.tokens += 1;
        return ok(
            json!({"token_type": "bearer", "access_token": format!("token-{}", held.tokens),
            "refresh_token": format!("RT1-{}", held.tokens), "expires_in": 3600}),
        );
    }
    if !held.knows(request) {
        return refused(
            401,
            json!({"Fault": {"Error": [{"Detail": "Token expired", "code": "3200"}],
            "type": "AUTHENTICATION"}}),
        );
    }
    assert_eq!(query(request, "minorversion").as_deref(), Some("75"));
    if path == "/v3/company/4620/cdc" {
        let entity = query(request, "entities").unwrap();
        let gone = held.all(&format!("deleted {entity}")).clone();
        assert!(query(request, "changedSince").unwrap().ends_with('Z'));
        return ok(json!({"CDCResponse": [{"QueryResponse": [{entity: gone}]}]}));
    }
    assert_eq!(path, "/v3/company/4620/query");
    let text = query(request, "query").unwrap();
    let mut words = text.split(' ').skip_while(|word| *word != "from").skip(1);
    let entity = words.next().unwrap().to_owned();
    if ["Customer", "Item"].contains(&entity.as_str()) {
        assert!(text.contains("Active in (true,false)"), "{text}");
    }
    let rows: Vec<Value> = held
        .all(&entity)
        .iter()
        .filter(|row| is_in_window(&text, row))
        .cloned()
        .collect();
    if text.starts_with("select count(*)") {
        return ok(json!({"QueryResponse": {"totalCount": rows.len() + held.miscount}}));
    }
    assert!(text.ends_with("MAXRESULTS 1000"), "{text}");
    let (_, after) = text.split_once("STARTPOSITION ").unwrap();
    let from: usize = after.split(' ').next().unwrap().parse().unwrap();
    let (page, _) = held.page(&rows, from - 1);
    if page.is_empty() {
        ok(json!({"QueryResponse": {}, "time": "2026-11-21T01:00:00.000-08:00"}))
    } else {
        ok(json!({"QueryResponse": {entity: page, "startPosition": from}}))
    }
}

async fn quickbooks() -> (Vendor<Held>, Bench) {
    let vendor = Vendor::start(northwind(), answer).await;
    let keys = "realm_id = '4620'\nclient_id = 'app'\nclient_secret = { file = 'secret' }\n\
        refresh_token = { file = 'refresh' }";
    let bench = Bench::new("quickbooks", &vendor, keys);
    bench.desk.secret("secret", "shhh");
    bench.desk.secret("refresh", "RT1-first");
    (vendor, bench)
}

#[tokio::test]
async fn sales_credits_and_payments_land_page_by_page() {
    // Goal: the scenario's figures; a discount, a void, a receipt that is bill and payment at once, and
    // a payment of nothing that applies a credit memo. Method: pages of two.
    let (vendor, mut bench) = quickbooks().await;
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.ids(Entity::Accounts), ["58", "59"]);
    assert_eq!(
        bench.one(Entity::Accounts, "59").text("status"),
        Some("inactive")
    );
    let item = bench.one(Entity::Products, "19");
    assert_eq!(
        (item.text("sku"), item.list("aliases")),
        (Some("CFQ7"), &["M365-BP".to_owned()][..])
    );
    let open = bench.one(Entity::Invoices, "10442");
    assert_eq!(open.decimal("total").unwrap().to_string(), "506");
    assert_eq!(open.decimal("balance").unwrap().to_string(), "206");
    assert_eq!(
        (
            open.text("status"),
            open.date("due_on").unwrap().to_string()
        ),
        (Some("open"), "2026-12-01".into())
    );
    let status = |id: &str| {
        bench
            .one(Entity::Invoices, id)
            .text("status")
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        (status("10443"), status("10444"), status("401")),
        ("paid".into(), "void".into(), "paid".into())
    );
    let memo = bench.one(Entity::Invoices, "301");
    assert_eq!(
        (
            memo.text("kind"),
            memo.decimal("total").unwrap().to_string()
        ),
        (Some("credit_memo"), "-45".into())
    );
    assert_eq!(
        bench.ids(Entity::InvoiceLines),
        ["10442:1", "10443:1", "301:1", "401:1", "discount:10443"]
    );
    let seats = bench.one(Entity::InvoiceLines, "10442:1");
    assert_eq!(
        (
            seats.text("sku"),
            seats.decimal("quantity").unwrap().to_string()
        ),
        (Some("M365-BP"), "23".into())
    );
    assert_eq!(
        amount(&bench.one(Entity::InvoiceLines, "discount:10443"), "net"),
        "-20"
    );
    assert_eq!(
        amount(&bench.one(Entity::InvoiceLines, "301:1"), "net"),
        "-45"
    );
    assert_eq!(bench.ids(Entity::Payments), ["20881", "20883", "401"]);
    assert_eq!(bench.sum(Entity::Payments, "amount"), "445");
    assert_eq!(
        bench.ids(Entity::Remittances),
        [
            "20881:10442",
            "20882:10443",
            "20882:301",
            "20883:10443",
            "401"
        ]
    );
    let used = bench.one(Entity::Remittances, "20882:301");
    assert_eq!(
        (
            used.text("payment_id"),
            used.decimal("amount").unwrap().to_string()
        ),
        (Some("20882"), "-45".into())
    );
}

#[tokio::test]
async fn a_window_brings_late_edits_and_the_capture_what_was_deleted() {
    // Goal: a late edit, and a deletion with its lines. Method: a query's bounds, and tombstones of ids.
    let (vendor, mut bench) = quickbooks().await;
    bench.whole_night(&vendor, 1).await;
    let day = "2026-11-21T04:00:00-08:00";
    vendor.change(|held| {
        let first = &mut held.all("Invoice")[0];
        first["Balance"] = json!(0);
        first["MetaData"]["LastUpdatedTime"] = day.into();
        held.all("Invoice").remove(1);
        *held.all("deleted Invoice") = vec![
            json!({"domain": "QBO", "status": "Deleted", "Id": "10443", "MetaData": {"LastUpdatedTime": day}}),
            json!({"Id": "10442", "TotalAmt": 506.0, "MetaData": {"LastUpdatedTime": day}}),
        ];
    });
    bench.asked(&vendor).await;
    bench.whole_night(&vendor, 2).await;
    assert_eq!(
        bench.ids(Entity::Invoices),
        ["10442", "10444", "301", "401"]
    );
    assert_eq!(
        bench.one(Entity::Invoices, "10442").text("status"),
        Some("paid")
    );
    assert_eq!(
        bench.ids(Entity::InvoiceLines),
        ["10442:1", "301:1", "401:1"]
    );
    let asked = bench.asked(&vendor).await;
    assert!(
        asked.iter().any(
            |line| line.contains("/cdc?changedSince=2026-11-21T00:50:00Z")
                || line.contains("changedSince=2026-11-21T00:50:00Z")
        ),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_refresh_token_that_rotates_is_kept_before_it_is_used() {
    // Goal: every new refresh token is durable, and the next night begins with it. Method: a vendor that
    // takes each one once, and a token that expires in between.
    let (vendor, mut bench) = quickbooks().await;
    vendor.fail_after(
        1,
        "/v3/company/4620/query",
        refused(401, json!({"Fault": {"Error": [{"code": "3200"}]}})),
    );
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.desk.keeper.saved.lock().unwrap().len(), 2);
    bench.whole_night(&vendor, 2).await;
    assert_eq!(bench.desk.keeper.saved.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_burst_and_a_broken_server_pass_and_a_company_without_consent_is_told() {
    // Goal: 429 and 500 are overcome, 403 is not. Method: one of each.
    let (vendor, mut bench) = quickbooks().await;
    let throttled = json!({"Fault": {"Error": [{"code": "3001"}], "type": "SERVICE"}});
    let throttled = refused(429, throttled).insert_header("Retry-After", "0");
    let query = "/v3/company/4620/query";
    let faults = [(query, throttled), (query, broken())];
    bench.overcomes(&vendor, 1, faults).await;
    assert_eq!(bench.sum(Entity::Payments, "amount"), "445");
    let body = json!({"Fault": {"Error": [{"Detail": "not authorised for this company", "code": "3100"}]}});
    vendor.fail(query, refused(403, body));
    bench.refuses(&vendor, 2, ("customers", "XF-S")).await;
}

#[tokio::test]
async fn a_count_that_does_not_tie_is_not_sealed() {
    // Goal: `count(*)` is compared with what came, and an empty company is sealed. Method: one too many.
    let (vendor, mut bench) = quickbooks().await;
    miscount_is_told(
        &vendor,
        &mut bench,
        "customers",
        "the vendor counts 3 records and 2 came",
    )
    .await;
    assert_eq!(bench.ids(Entity::Invoices), Vec::<String>::new());
}

#[tokio::test]
async fn the_fixtures_say_the_same() {
    // Goal: the wire bodies beside the repository. Method: they are held in place of our own.
    let Some(folder) = fixtures::folder("quickbooks") else {
        return;
    };
    let take = |file: &str, list: &str| {
        let file = format!("get_v3_company_realmId_query.200.{file}.json");
        let body = fixtures::body(&folder, &file);
        body["QueryResponse"][list].as_array().unwrap().clone()
    };
    let lists = [
        ("Invoice", take("invoices", "Invoice")),
        ("Payment", take("payments", "Payment")),
    ];
    let sums = [
        (Entity::Invoices, "total", "506"),
        (Entity::Invoices, "balance", "206"),
        (Entity::InvoiceLines, "quantity", "23"),
        (Entity::Payments, "amount", "300"),
    ];
    bodies_come_to(quickbooks().await, lists, &sums).await;
}
