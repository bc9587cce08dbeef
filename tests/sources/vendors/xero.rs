//! The Xero connector against Xero's wire format, night after night.

use crossfoot::canonical::Entity;
use jiff::Timestamp;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::bench::{Bench, Vendor, amount, broken, busy};
use super::fixtures;
use super::held::{Held, bodies_come_to, dotnet, miscount_is_told, ok, refused};
use crate::sources::harness::{header, query};

const OLD: &str = "2026-11-20T23:58:41Z";

fn invoice(id: &str, status: &str, due: f64, changed: &str) -> Value {
    json!({"Type": "ACCREC", "InvoiceID": id, "InvoiceNumber": format!("INV-{id}"),
        "Contact": {"ContactID": "c1", "Name": "Northwind Dental Group"}, "Status": status,
        "LineAmountTypes": "Exclusive", "Date": "/Date(1793491200000+0000)/",
        "DateString": "2026-11-01T00:00:00", "DueDate": "/Date(1796083200000+0000)/",
        "LineItems": [{"LineItemID": format!("l-{id}"), "ItemCode": "M365-BP", "Quantity": 23.0,
            "UnitAmount": 22.00, "TaxAmount": 0.0, "LineAmount": 506.00}],
        "SubTotal": 506.00, "TotalTax": 0.0, "Total": 506.00, "AmountPaid": 506.0 - due,
        "AmountDue": due, "CurrencyCode": "USD", "UpdatedDateUTC": dotnet(changed)})
}

fn payment(id: &str, kind: &str, amount: f64, status: &str, changed: &str) -> Value {
    json!({"PaymentID": id, "PaymentType": kind, "Amount": amount, "Status": status,
        "Date": "/Date(1795132800000+0000)/", "BatchPayment": {"BatchPaymentID": "batch-1"},
        "Invoice": {"InvoiceID": "10442", "InvoiceNumber": "INV-10442", "CurrencyCode": "USD",
            "Contact": {"ContactID": "c1"}}, "UpdatedDateUTC": dotnet(changed)})
}

fn northwind() -> Held {
    let mut inclusive = invoice("10443", "PAID", 0.0, OLD);
    inclusive["LineAmountTypes"] = "Inclusive".into();
    inclusive["LineItems"][0] = json!({"LineItemID": "l-10443", "ItemCode": "M365-BP",
        "Quantity": 10.0, "UnitAmount": 11.0, "TaxAmount": 10.0, "LineAmount": 110.0});
    Held::of(json!({
        "Contacts": [
            {"ContactID": "c1", "ContactStatus": "ACTIVE", "Name": "Northwind Dental Group",
             "UpdatedDateUTC": dotnet(OLD), "EmailAddress": "ap@northwind.example",
             "Addresses": [{"AddressType": "POBOX", "City": "Springfield"}, {"AddressType": "STREET"}],
             "Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": "555-0100"}]},
            {"ContactID": "c2", "ContactStatus": "ACTIVE", "Name": "Acme", "UpdatedDateUTC": dotnet(OLD)},
            {"ContactID": "c3", "ContactStatus": "ARCHIVED", "Name": "Acme Ltd", "MergedToContactID": "c2",
             "UpdatedDateUTC": dotnet(OLD)},
        ],
        "Items": [{"ItemID": "i1", "Code": "M365-BP", "Name": "Business Premium",
            "SalesDetails": {"UnitPrice": 22.0}, "UpdatedDateUTC": dotnet(OLD)}],
        "Invoices": [
            invoice("10442", "AUTHORISED", 206.0, OLD), inclusive,
            invoice("10444", "VOIDED", 506.0, OLD), invoice("10445", "DRAFT", 506.0, OLD),
        ],
        "CreditNotes": [{"Type": "ACCRECCREDIT", "CreditNoteID": "n1", "CreditNoteNumber": "CN-301",
            "Contact": {"ContactID": "c2"}, "Status": "AUTHORISED", "DateString": "2026-11-16T00:00:00",
            "LineAmountTypes": "Exclusive", "SubTotal": 45.0, "TotalTax": 0.0, "Total": 45.0,
            "RemainingCredit": 45.0, "CurrencyCode": "USD", "UpdatedDateUTC": dotnet(OLD),
            "Allocations": [{"Amount": 0.0, "Invoice": {"InvoiceID": "10443"}}],
            "LineItems": [{"LineItemID": "ln1", "Quantity": 1.0, "UnitAmount": 45.0, "LineAmount": 45.0,
                "TaxAmount": 0.0}]}],
        "Payments": [
            payment("p1", "ACCRECPAYMENT", 200.0, "AUTHORISED", OLD),
            payment("p2", "ACCRECPAYMENT", 100.0, "AUTHORISED", OLD),
            payment("p3", "ACCPAYPAYMENT", 99.0, "AUTHORISED", OLD),
        ],
    }))
}

fn answer(held: &mut Held, request: &Request) -> ResponseTemplate {
    if request.url.path() == "/connect/token" {
        // `app:shhh`
        assert_eq!(header(request, "authorization"), Some("Basic YXBwOnNoaGg="));
        return held.token();
    }
    if !held.knows(request) {
        return refused(
            401,
            json!({"Title": "Unauthorized", "Detail": "TokenExpired"}),
        );
    }
    assert_eq!(header(request, "xero-tenant-id"), Some("tenant-1"));
    assert_eq!(header(request, "accept"), Some("application/json"));
    let name = request.url.path().rsplit('/').next().unwrap().to_owned();
    let since: Option<Timestamp> = header(request, "if-modified-since").map(|text| {
        // An instant with its zone, as Xero's own description of its API asks for.
        text.parse().unwrap()
    });
    let of_type = query(request, "where");
    let open = query(request, "Statuses").is_some();
    let stamp = |row: &Value| {
        let text = row["UpdatedDateUTC"].as_str().unwrap();
        let digits = text
            .trim_start_matches("/Date(")
            .trim_end_matches("+0000)/");
        Timestamp::from_millisecond(digits.parse().unwrap()).unwrap()
    };
    let wanted = |row: &&Value| {
        let is_type = of_type
            .as_ref()
            .is_none_or(|text| *text == format!("Type==\"{}\"", row["Type"].as_str().unwrap()));
        is_type
            && (!open || row["Status"] == "AUTHORISED")
            && since.is_none_or(|at| stamp(row) >= at)
    };
    let rows: Vec<Value> = held.all(&name).iter().filter(wanted).cloned().collect();
    if name == "Items" {
        return ok(json!({"Items": rows}));
    }
    let number: usize = query(request, "page").unwrap().parse().unwrap();
    assert_eq!(query(request, "pageSize").as_deref(), Some("1000"));
    let (page, _) = held.page(&rows, (number - 1) * held.page_size);
    ok(
        json!({"Status": "OK", "pagination": {"page": number, "pageSize": 1000,
        "itemCount": rows.len() + held.miscount}, name: page}),
    )
}

async fn xero() -> (Vendor<Held>, Bench) {
    let vendor = Vendor::start(northwind(), answer).await;
    let keys = "tenant_id = 'tenant-1'\nclient_id = 'app'\nclient_secret = { file = 'secret' }";
    let bench = Bench::new("xero", &vendor, keys);
    bench.desk.secret("secret", "shhh");
    (vendor, bench)
}

#[tokio::test]
async fn sales_invoices_and_what_paid_them_land_page_by_page() {
    // Goal: the scenario's figures; bills' payments stay out; prices that hold the tax give it off; a
    // merged contact names its survivor. Method: pages of two.
    let (vendor, mut bench) = xero().await;
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.ids(Entity::Accounts), ["c1", "c2", "c3"]);
    assert_eq!(bench.one(Entity::Accounts, "c3").list("linked_ids"), ["c2"]);
    let account = bench.one(Entity::Accounts, "c1");
    assert_eq!(
        (account.text("city"), account.text("phone")),
        (Some("Springfield"), Some("555-0100"))
    );
    assert_eq!(
        bench.one(Entity::Products, "i1").text("sku"),
        Some("M365-BP")
    );
    assert_eq!(
        bench.ids(Entity::Invoices),
        ["10442", "10443", "10444", "10445", "n1"]
    );
    let open = bench.one(Entity::Invoices, "10442");
    assert_eq!(open.decimal("total").unwrap().to_string(), "506");
    assert_eq!(open.decimal("balance").unwrap().to_string(), "206");
    assert_eq!(
        (open.text("status"), open.text("number")),
        (Some("open"), Some("INV-10442"))
    );
    assert_eq!(open.date("issued_on").unwrap().to_string(), "2026-11-01");
    assert_eq!(open.date("due_on").unwrap().to_string(), "2026-12-01");
    assert_eq!(open.instant("updated_at").unwrap().to_string(), OLD);
    let void = bench.one(Entity::Invoices, "10444");
    assert_eq!(
        (
            void.text("status"),
            void.decimal("balance").unwrap().to_string()
        ),
        (Some("void"), "0".into())
    );
    let note = bench.one(Entity::Invoices, "n1");
    assert_eq!(
        (note.text("kind"), note.text("original_invoice_id")),
        (Some("credit_memo"), Some("10443"))
    );
    assert_eq!(note.decimal("balance").unwrap().to_string(), "-45");
    assert_eq!(
        amount(&bench.one(Entity::InvoiceLines, "ln1"), "quantity"),
        "-1"
    );
    let inclusive = bench.one(Entity::InvoiceLines, "l-10443");
    assert_eq!(inclusive.decimal("net").unwrap().to_string(), "100");
    assert_eq!(inclusive.decimal("unit_price").unwrap().to_string(), "10");
    assert_eq!(
        amount(&bench.one(Entity::InvoiceLines, "l-10442"), "quantity"),
        "23"
    );
    assert_eq!(bench.ids(Entity::Payments), ["p1", "p2"]);
    assert_eq!(bench.sum(Entity::Payments, "amount"), "300");
    let paid = bench.one(Entity::Payments, "p1");
    assert_eq!(
        (paid.text("reference"), paid.text("account_id")),
        (Some("batch-1"), Some("c1"))
    );
    assert_eq!(paid.date("received_on").unwrap().to_string(), "2026-11-20");
    assert_eq!(
        bench.one(Entity::Remittances, "p2").text("invoice_id"),
        Some("10442")
    );
}

#[tokio::test]
async fn a_window_brings_edits_deletions_and_what_is_open() {
    // Goal: a late edit, a deleted payment and a deleted draft. Method: changes stamped in the night
    // between, and a bound in the header.
    let (vendor, mut bench) = xero().await;
    bench.whole_night(&vendor, 1).await;
    let day = "2026-11-21T12:00:00Z";
    vendor.change(|held| {
        held.all("Invoices")[1] = invoice("10443", "PAID", 0.0, day);
        held.all("Invoices")[3] = invoice("10445", "DELETED", 506.0, day);
        held.all("Payments")[1] = payment("p2", "ACCRECPAYMENT", 100.0, "DELETED", day);
    });
    bench.asked(&vendor).await;
    bench.whole_night(&vendor, 2).await;
    assert_eq!(
        bench.ids(Entity::Invoices),
        ["10442", "10443", "10444", "n1"]
    );
    assert_eq!(
        bench.ids(Entity::InvoiceLines),
        ["l-10442", "l-10443", "l-10444", "ln1"]
    );
    assert_eq!(
        amount(&bench.one(Entity::InvoiceLines, "l-10443"), "net"),
        "506"
    );
    assert_eq!(bench.ids(Entity::Payments), ["p1"]);
    assert_eq!(bench.ids(Entity::Remittances), ["p1"]);
    let asked = bench.asked(&vendor).await;
    assert!(
        asked
            .iter()
            .any(|line| line.contains("Statuses=AUTHORISED")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn an_expired_token_a_burst_and_a_broken_server_pass() {
    // Goal: 401, 429 and 500 are overcome. Method: one of each before the good answer.
    let (vendor, mut bench) = xero().await;
    let expired = refused(401, json!({"Detail": "TokenExpired: now"}));
    let faults = [
        ("/api.xro/2.0/Contacts", expired),
        (
            "/api.xro/2.0/Invoices",
            busy().insert_header("X-Rate-Limit-Problem", "minute"),
        ),
        ("/api.xro/2.0/Payments", broken()),
    ];
    bench.overcomes(&vendor, 1, faults).await;
    assert_eq!(bench.sum(Entity::Payments, "amount"), "300");
}

#[tokio::test]
async fn a_day_s_calls_used_up_parks_the_source() {
    // Goal: no further call when the day is used up. Method: the answer that says so.
    let (vendor, mut bench) = xero().await;
    let day = ResponseTemplate::new(429)
        .insert_header("X-Rate-Limit-Problem", "day")
        .insert_header("Retry-After", "66975");
    vendor.fail("/api.xro/2.0/Contacts", day);
    bench.refuses(&vendor, 1, ("contacts", "XF-S026")).await;
    let asked = vendor.asked().await;
    assert_eq!(
        asked.iter().filter(|line| line.starts_with("GET")).count(),
        1,
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_count_that_does_not_tie_is_not_sealed() {
    // Goal: `itemCount` is compared with what came. Method: one too many.
    let (vendor, mut bench) = xero().await;
    miscount_is_told(
        &vendor,
        &mut bench,
        "payments",
        "the vendor counts 4 records and 3 came",
    )
    .await;
    assert_eq!(bench.ids(Entity::Invoices), Vec::<String>::new());
}

#[tokio::test]
async fn the_fixtures_say_the_same() {
    // Goal: the wire bodies beside the repository. Method: they are held in place of our own.
    let Some(folder) = fixtures::folder("xero") else {
        return;
    };
    let take = |list: &str| {
        let body = fixtures::body(&folder, &format!("{list}.page1.json"));
        body[list].as_array().unwrap().clone()
    };
    let lists = [
        ("Invoices", take("Invoices")),
        ("Payments", take("Payments")),
    ];
    let sums = [
        (Entity::Invoices, "total", "506"),
        (Entity::Invoices, "balance", "206"),
        (Entity::InvoiceLines, "quantity", "23"),
        (Entity::Payments, "amount", "300"),
        (Entity::Remittances, "amount", "300"),
    ];
    bodies_come_to(xero().await, lists, &sums).await;
}
