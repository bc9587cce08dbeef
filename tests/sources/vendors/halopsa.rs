//! The HaloPSA connector against Halo's wire format, night after night.

use crossfoot::canonical::Entity;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::bench::{Bench, Vendor, amount, broken, busy};
use super::fixtures;
use super::held::{Held, bodies_come_to, miscount_is_told, ok, refused};
use crate::sources::harness::query;

fn invoice(id: u64, due: f64, posted: bool, voided: bool, changed: &str) -> Value {
    json!({"id": id, "client_id": 250, "invoicenumber": format!("INV-{id}"), "posted": posted,
        "invoice_date": "2026-11-01T00:00:00", "duedate": "2026-12-01T00:00:00", "currency_code_name": "USD",
        "total": 506.00, "amountpaid": 506.0 - due, "amountdue": due, "paymentstatus": 1, "voided": voided,
        "last_modified": changed,
        "lines": [{"id": 55_120, "item_code": "M365-BP", "item_shortdescription": "M365 Business Premium",
            "qty_order": 23.0, "unit_price": 22.0, "net_amount": 506.0, "tax_amount": 0.0}]})
}

fn northwind() -> Held {
    let old = "2026-11-20T23:58:41.35";
    Held::of(json!({
        "clients": [{"id": 250, "name": "Northwind Dental Group", "inactive": false, "accountsid": "cus_1"},
            {"id": 251, "name": "Acme", "inactive": true, "accountsid": "0"}, {"id": 252, "name": "Kestrel", "inactive": false}],
        "recurring": [{"id": -77, "client_id": 250, "is_recurring_invoice": true, "period": "1",
            "startdate": "2026-01-01T00:00:00", "enddate": "1900-01-01T00:00:00", "total": 506.0,
            "lines": [{"id": 91, "item_code": "M365-BP", "qty_order": 23.0, "unit_price": 22.0}]}],
        "invoices": [invoice(10442, 206.0, true, false, old), invoice(10443, 0.0, true, false, old),
            invoice(10444, 506.0, true, true, old), invoice(10445, 506.0, false, false, old)],
    }))
}

fn answer(held: &mut Held, request: &Request) -> ResponseTemplate {
    let path = request.url.path();
    if path == "/auth/token" {
        let form = String::from_utf8_lossy(&request.body).into_owned();
        assert!(
            form.contains("grant_type=client_credentials") && form.contains("scope=all"),
            "{form}"
        );
        if !form.contains("client_secret=shhh") {
            return refused(400, json!({"error": "invalid_client"}));
        }
        return held.token();
    }
    if !held.knows(request) {
        return refused(401, json!({"error": "invalid_token"}));
    }
    let (list, key) = match path {
        "/api/Client" => ("clients", "clients"),
        "/api/RecurringInvoice" => {
            assert_eq!(query(request, "includelines").as_deref(), Some("true"));
            ("recurring", "invoices")
        }
        "/api/Invoice" => ("invoices", "invoices"),
        _ => {
            let id: u64 = path.strip_prefix("/api/Invoice/").unwrap().parse().unwrap();
            let found = held.all("invoices").iter().find(|one| one["id"] == id);
            return found.map_or(ResponseTemplate::new(404), |one| ok(one.clone()));
        }
    };
    assert_eq!(query(request, "pageinate").as_deref(), Some("true"));
    let since = query(request, "lastupdatefromdate").unwrap_or_default();
    let mut rows = held.all(list).clone();
    rows.retain(|row| {
        row["last_modified"]
            .as_str()
            .is_none_or(|stamp| stamp >= since.as_str())
    });
    let number: usize = query(request, "page_no").unwrap().parse().unwrap();
    let (mut page, _) = held.page(&rows, (number - 1) * held.page_size);
    if list == "invoices" {
        // A list of invoices does not hold their lines.
        for row in &mut page {
            row.as_object_mut().unwrap().remove("lines");
        }
    }
    ok(
        json!({"page_no": number, "page_size": 50, "record_count": rows.len() + held.miscount, key: page}),
    )
}

async fn halopsa() -> (Vendor<Held>, Bench) {
    let vendor = Vendor::start(northwind(), answer).await;
    let keys = "client_id = 'app'\nclient_secret = { file = 'secret' }";
    let bench = Bench::new("halopsa", &vendor, keys);
    bench.desk.secret("secret", "shhh");
    (vendor, bench)
}

#[tokio::test]
async fn recurring_invoices_are_contracts_and_invoices_have_their_lines() {
    // Goal: the scenario's figures, empty dates, and links to the accounting system. Method: pages of two.
    let (vendor, mut bench) = halopsa().await;
    bench.whole_night(&vendor, 1).await;
    assert_eq!(
        bench.one(Entity::Accounts, "250").list("linked_ids"),
        ["cus_1"]
    );
    assert!(
        bench
            .one(Entity::Accounts, "251")
            .list("linked_ids")
            .is_empty()
    );
    let seats = bench.one(Entity::Contracts, "-77:91");
    assert_eq!(amount(&seats, "quantity"), "23");
    assert_eq!(
        (seats.text("sku"), seats.text("frequency")),
        (Some("M365-BP"), Some("month"))
    );
    assert_eq!(
        seats.instant("starts_on").unwrap().to_string(),
        "2026-01-01T05:00:00Z"
    );
    assert_eq!(seats.instant("ends_on"), None);
    let open = bench.one(Entity::Invoices, "10442");
    assert_eq!(amount(&open, "total"), "506");
    assert_eq!(amount(&open, "balance"), "206");
    let status = |id: &str| {
        bench
            .one(Entity::Invoices, id)
            .text("status")
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        [
            status("10442"),
            status("10443"),
            status("10444"),
            status("10445")
        ],
        ["open", "paid", "void", "draft"]
    );
    assert_eq!(
        amount(&bench.one(Entity::Invoices, "10444"), "balance"),
        "0"
    );
    let line = bench.one(Entity::InvoiceLines, "10442:55120");
    assert_eq!(
        (line.text("sku"), amount(&line, "net")),
        (Some("M365-BP"), "506".into())
    );
}

#[tokio::test]
async fn a_late_edit_is_seen_and_ids_that_vanished_are_gone() {
    // Goal: an edit in the window, a deleted invoice with its lines, a recurring invoice that is gone.
    // Method: eight nights later, when the ids are compared.
    let (vendor, mut bench) = halopsa().await;
    bench.whole_night(&vendor, 1).await;
    vendor.change(|held| {
        held.all("invoices")[0] = invoice(10442, 0.0, true, false, "2026-11-27T10:00:00");
        held.all("invoices").remove(1);
        held.all("recurring").clear();
    });
    bench.whole_night(&vendor, 9).await;
    assert_eq!(bench.ids(Entity::Invoices), ["10442", "10444", "10445"]);
    assert_eq!(
        bench.one(Entity::Invoices, "10442").text("status"),
        Some("paid")
    );
    assert_eq!(
        bench.ids(Entity::InvoiceLines),
        ["10442:55120", "10444:55120", "10445:55120"]
    );
    assert_eq!(bench.ids(Entity::Contracts), Vec::<String>::new());
}

#[tokio::test]
async fn an_expired_token_a_burst_and_a_broken_server_pass() {
    // Goal: 401, 429 and 500 are overcome; a wrong secret is told. Method: one of each.
    let (vendor, mut bench) = halopsa().await;
    let faults = [
        ("/api/Client", ResponseTemplate::new(401)),
        ("/api/RecurringInvoice", busy()),
        ("/api/Invoice", broken()),
    ];
    bench.overcomes(&vendor, 1, faults).await;
    assert_eq!(bench.sum(Entity::Contracts, "quantity"), "23");
    bench.desk.secret("secret", "other");
    bench.refuses(&vendor, 2, ("clients", "XF-S004")).await;
}

#[tokio::test]
async fn a_count_that_does_not_tie_is_not_sealed() {
    // Goal: `record_count` is compared with what came. Method: one too many.
    let (vendor, mut bench) = halopsa().await;
    let why = "the vendor counts 4 records and 3 came";
    miscount_is_told(&vendor, &mut bench, "clients", why).await;
    assert_eq!(bench.ids(Entity::Invoices), Vec::<String>::new());
}

#[tokio::test]
async fn the_fixtures_say_the_same() {
    // Goal: the wire bodies beside the repository. Method: they are held in place of our own.
    let Some(folder) = fixtures::folder("halopsa") else {
        return;
    };
    let take = |file: &str, list: &str| {
        let body = fixtures::body(&folder, &format!("get_api_{file}.json"));
        body[list].as_array().unwrap().clone()
    };
    let lists = [
        ("clients", take("Client.200", "clients")),
        ("recurring", take("RecurringInvoice.200", "invoices")),
        ("invoices", take("Invoice.200.page1", "invoices")),
    ];
    let sums = [
        (Entity::Contracts, "quantity", "23"),
        (Entity::Invoices, "total", "506"),
        (Entity::Invoices, "balance", "206"),
        (Entity::InvoiceLines, "net", "506"),
    ];
    bodies_come_to(halopsa().await, lists, &sums).await;
}
