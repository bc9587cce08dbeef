//! The Autotask PSA connector against Autotask's wire format, night after night.

use crossfoot::canonical::Entity;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::bench::{Bench, Vendor, amount, failed};
use super::fixtures;
use super::held::{Held, miscount_is_told, ok, refused};
use crate::sources::harness::{header, query};

fn invoice(id: u64, paid: Value) -> Value {
    json!({"id": id, "companyID": 250, "invoiceNumber": format!("INV-{id}"),
        "invoiceDateTime": "2026-11-01T00:00:00", "dueDate": "2026-12-01T00:00:00", "invoiceTotal": 506.0,
        "totalTaxValue": 0.0, "isVoided": false, "paidDate": paid, "orderNumber": "",
        "createDateTime": "2026-11-01T06:02:12.71"})
}

fn item(id: u64, invoice: Value, posted: &str) -> Value {
    json!({"id": id, "companyID": 250, "contractID": 431, "serviceID": 19, "invoiceID": invoice,
        "itemName": "M365 Business Premium", "itemDate": "2026-11-01T00:00:00", "postedDate": posted,
        "quantity": 23.0, "rate": 22.0, "extendedPrice": 506.0, "totalAmount": 506.0, "taxDollars": 0.0})
}

fn northwind() -> Held {
    Held::of(json!({
        "Companies": [{"id": 250, "companyName": "Northwind Dental Group", "isActive": true,
                "lastTrackedModifiedDateTime": "2026-11-20T23:58:41.35"},
            {"id": 251, "companyName": "Acme", "isActive": true}, {"id": 252, "companyName": "Kestrel", "isActive": false}],
        "Services": [{"id": 19, "name": "M365 Business Premium", "sku": "M365-BP", "unitPrice": 22.0}],
        "Contracts": [{"id": 431, "companyID": 250, "status": 1, "startDate": "2026-01-01T00:00:00"},
            {"id": 432, "companyID": 251, "status": 0, "startDate": "2026-01-01T00:00:00"}],
        "ContractServiceUnits": [
            {"id": 88121, "contractID": 431, "serviceID": 19, "units": 23, "price": 506.0,
             "startDate": "2026-11-01T00:00:00", "endDate": "2026-11-30T00:00:00"},
            {"id": 88122, "contractID": 431, "serviceID": 19, "units": 0, "price": 0.0,
             "startDate": "2026-12-01T00:00:00", "endDate": "2026-12-31T00:00:00"},
        ],
        "Invoices": [invoice(10442, Value::Null), invoice(10443, json!("2026-11-15T00:00:00"))],
        "BillingItems": [item(771_002, json!(10442), "2026-11-01T06:02:11.203"),
            item(771_003, Value::Null, "2026-11-10T06:02:11.203")],
    }))
}

fn holds(filter: &Value, row: &Value) -> bool {
    let field = &row[filter["field"].as_str().unwrap()];
    let value = &filter["value"];
    match filter["op"].as_str().unwrap() {
        "gt" => field.as_u64().unwrap() > value.as_u64().expect("ids are numbers"),
        "eq" => field == value,
        // Both are of one shape, so that their order is that of their texts.
        "gte" => field.as_str().unwrap() >= value.as_str().unwrap(),
        "exist" => !field.is_null(),
        "notExist" => field.is_null(),
        other => panic!("{other}"),
    }
}

fn answer(held: &mut Held, request: &Request) -> ResponseTemplate {
    let path = request.url.path();
    if path == "/ATServicesRest/V1.0/zoneInformation" {
        assert_eq!(query(request, "user").as_deref(), Some("api@acme.example"));
        assert_eq!(header(request, "secret"), None);
        return ok(
            json!({"zoneName": "America East", "url": "https://webservices16.autotask.net/ATServicesRest/"}),
        );
    }
    assert_eq!(header(request, "username"), Some("api@acme.example"));
    assert_eq!(header(request, "apiintegrationcode"), Some("code-1"));
    if header(request, "secret") != Some("shhh") {
        return refused(
            401,
            json!({"errors": ["The API credentials are invalid or the user is inactive."]}),
        );
    }
    let name = path
        .strip_prefix("/ATServicesRest/V1.0/")
        .unwrap_or_else(|| panic!("{path}"));
    let (entity, verb) = name.split_once('/').unwrap();
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let filters = body["filter"].as_array().unwrap();
    let mut rows = held.all(entity).clone();
    rows.retain(|row| filters.iter().all(|filter| holds(filter, row)));
    if verb == "query/count" {
        return ok(json!({"queryCount": rows.len() + held.miscount}));
    }
    assert_eq!((verb, &body["MaxRecords"]), ("query", &json!(500)));
    let (page, more) = held.page(&rows, 0);
    let next =
        more.then_some("https://webservices16.autotask.net/ATServicesRest/V1.0/next?paging=x");
    ok(
        json!({"items": page, "pageDetails": {"count": page.len(), "requestCount": 500,
        "prevPageUrl": null, "nextPageUrl": next}}),
    )
}

async fn autotask() -> (Vendor<Held>, Bench) {
    let vendor = Vendor::start(northwind(), answer).await;
    let keys =
        "username = 'api@acme.example'\nsecret = { file = 'secret' }\nintegration_code = 'code-1'";
    let bench = Bench::new("autotask", &vendor, keys);
    bench.desk.secret("secret", "shhh");
    (vendor, bench)
}

#[tokio::test]
async fn the_zone_is_found_and_units_invoices_and_items_land_by_id() {
    // Goal: the scenario's figures, dates that are not shifted, and the price of one unit. Method: pages
    // of two, asked for by the last id, in the zone that the vendor names.
    let (vendor, mut bench) = autotask().await;
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.ids(Entity::Accounts), ["250", "251", "252"]);
    let account = bench.one(Entity::Accounts, "250");
    assert_eq!(
        account.instant("updated_at").unwrap().to_string(),
        "2026-11-20T23:58:41.35Z"
    );
    assert_eq!(
        bench.one(Entity::Products, "19").text("sku"),
        Some("M365-BP")
    );
    assert_eq!(bench.ids(Entity::Contracts), ["88121", "88122"]);
    let seats = bench.one(Entity::Contracts, "88121");
    assert_eq!(amount(&seats, "quantity"), "23");
    assert_eq!(amount(&seats, "unit_price"), "22");
    assert_eq!(
        (seats.text("account_id"), seats.text("sku")),
        (Some("250"), Some("19"))
    );
    assert_eq!(
        seats.instant("starts_on").unwrap().to_string(),
        "2026-11-01T04:00:00Z"
    );
    assert_eq!(
        seats.instant("ends_on").unwrap().to_string(),
        "2026-12-01T05:00:00Z"
    );
    let open = bench.one(Entity::Invoices, "10442");
    assert_eq!(
        (open.text("status"), amount(&open, "balance")),
        (Some("open"), "506".into())
    );
    assert_eq!(open.date("issued_on").unwrap().to_string(), "2026-11-01");
    let paid = bench.one(Entity::Invoices, "10443");
    assert_eq!(
        (paid.text("status"), amount(&paid, "balance")),
        (Some("paid"), "0".into())
    );
    assert_eq!(bench.ids(Entity::InvoiceLines), ["771002"]);
    let line = bench.one(Entity::InvoiceLines, "771002");
    assert_eq!(
        (line.text("sku"), amount(&line, "net")),
        (Some("19"), "506".into())
    );
}

#[tokio::test]
async fn late_changes_and_what_vanished_are_seen() {
    // Goal: an item that is invoiced later, a paid invoice, and units that are gone. Method: the next night.
    let (vendor, mut bench) = autotask().await;
    bench.whole_night(&vendor, 1).await;
    vendor.change(|held| {
        held.all("BillingItems")[1]["invoiceID"] = json!(10443);
        held.all("Invoices")[0]["paidDate"] = json!("2026-11-21T00:00:00");
        held.all("Invoices")[1]["isVoided"] = json!(true);
        held.all("ContractServiceUnits").remove(1);
    });
    bench.whole_night(&vendor, 2).await;
    assert_eq!(bench.ids(Entity::InvoiceLines), ["771002", "771003"]);
    assert_eq!(
        bench.one(Entity::Invoices, "10442").text("status"),
        Some("paid")
    );
    assert_eq!(
        bench.one(Entity::Invoices, "10443").text("status"),
        Some("void")
    );
    assert_eq!(bench.ids(Entity::Contracts), ["88121"]);
}

#[tokio::test]
async fn bursts_pass_and_a_field_that_is_unknown_is_not_asked_for_twice() {
    // Goal: 429 and 500 are overcome, but a 500 that names a field is our fault; 401 names the key.
    // Method: one of each.
    let (vendor, mut bench) = autotask().await;
    let front = "/ATServicesRest/V1.0/Companies";
    let burst = refused(
        429,
        json!({"errors": ["Thread threshold of 3 for Company exceeded."]}),
    );
    vendor.fail(front, burst.insert_header("Retry-After", "0"));
    vendor.fail(front, ResponseTemplate::new(500));
    bench.whole_night(&vendor, 1).await;
    bench.asked(&vendor).await;
    let unknown = json!({"errors": ["Unable to find lastUpdated in the Company Entity."]});
    vendor.fail(front, refused(500, unknown));
    let reports = bench.night(&vendor, 2).await;
    let line = failed(&reports, "companies");
    assert!(line.contains("Unable to find lastUpdated"), "{line}");
    let asked = bench.asked(&vendor).await;
    assert_eq!(
        asked
            .iter()
            .filter(|line| line.contains("Companies"))
            .count(),
        1,
        "{asked:?}"
    );
    bench.desk.secret("secret", "other");
    let reports = bench.night(&vendor, 3).await;
    assert!(
        failed(&reports, "services").contains("XF-S"),
        "{}",
        failed(&reports, "services")
    );
}

#[tokio::test]
async fn a_count_that_does_not_tie_is_not_sealed() {
    // Goal: the count is asked with the query's own filter. Method: one too many, then none at all.
    let (vendor, mut bench) = autotask().await;
    miscount_is_told(
        &vendor,
        &mut bench,
        "companies",
        "the vendor counts 4 records and 3 came",
    )
    .await;
    assert_eq!(bench.ids(Entity::Contracts), Vec::<String>::new());
}

#[tokio::test]
async fn the_fixtures_say_the_same() {
    // Goal: the wire bodies beside the repository. Method: they are held in place of our own.
    let Some(folder) = fixtures::folder("autotask") else {
        return;
    };
    let (vendor, mut bench) = autotask().await;
    let take = |name: &str| {
        let file = format!("post_ATServicesRest_V1.0_entity_query.200.{name}.json");
        fixtures::body(&folder, &file)["items"]
            .as_array()
            .unwrap()
            .clone()
    };
    let lists = [
        ("ContractServiceUnits", take("units")),
        ("Invoices", take("invoices")),
        ("BillingItems", take("billingitems")),
    ];
    vendor.change(|held| {
        held.lists.extend(
            lists
                .into_iter()
                .map(|(name, rows)| (name.to_owned(), rows)),
        );
    });
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.sum(Entity::Contracts, "quantity"), "23");
    assert_eq!(bench.sum(Entity::Invoices, "total"), "506");
    assert_eq!(bench.sum(Entity::InvoiceLines, "net"), "506");
}
