//! The Stripe connector against Stripe's wire format, night after night.

use crossfoot::canonical::Entity;
use serde_json::{Map, Value, json};
use wiremock::{Request, ResponseTemplate};

use super::bench::{Bench, Vendor, amount, failed, night, unsealed};
use super::fixtures;
use crate::sources::harness::{header, query};

/// An account: its objects by kind, newest first, and what happened to them.
struct Account {
    objects: Map<String, Value>,
    events: Vec<Value>,
    page_size: usize,
    /// Whether the key may read events.
    reads_events: bool,
    /// Whether the last page says that there is more, and is empty.
    breaks_off: bool,
}

fn invoice(id: &str, customer: &str, status: &str, currency: &str, total: i64, paid: i64) -> Value {
    json!({"id": id, "object": "invoice", "number": format!("INV-{id}"), "customer": customer,
        "currency": currency, "created": 1_793_491_200, "effective_at": 1_793_494_800,
        "due_date": 1_796_083_200, "status": status, "total": total, "amount_paid": paid,
        "amount_remaining": total - paid, "total_taxes": [],
        "status_transitions": {"finalized_at": 1_793_494_800},
        "lines": {"object": "list", "has_more": false, "data": []}})
}

fn line(id: &str, currency: &str, amount: i64, quantity: i64) -> Value {
    json!({"id": id, "object": "line_item", "amount": amount, "currency": currency, "quantity": quantity,
        "description": "Microsoft 365 Business Premium", "discount_amounts": [], "taxes": [],
        "period": {"start": 1_793_491_200, "end": 1_796_083_200},
        "pricing": {"type": "price_details", "unit_amount_decimal": "2200",
            "price_details": {"price": "price_1", "product": "prod_1"}}})
}

impl Account {
    /// Northwind's 23 seats, of which 300.00 are paid; Acme's dispute and credit note; yen.
    fn northwind() -> Self {
        let customer = |id: &str, name: &str, currency: &str| {
            json!({"id": id, "object": "customer", "name": name, "currency": currency,
                "email": "ap@example.com", "address": null})
        };
        let mut of_northwind = invoice("in_nw", "cus_nw", "open", "usd", 50_600, 30_000);
        of_northwind["lines"] = json!({"object": "list", "has_more": true, "data": [
            line("il_0", "usd", 28_600, 13), line("il_1", "usd", 2_200, 1)]});
        let mut of_kestrel = invoice("in_kes", "cus_kes", "paid", "jpy", 55_000, 55_000);
        of_kestrel["lines"]["data"] = json!([line("il_k", "jpy", 55_000, 25)]);
        let objects = json!({
            "customers": [
                customer("cus_kes", "Kestrel Retail KK", "jpy"),
                customer("cus_blue", "Blue Heron Logistics", "usd"),
                customer("cus_ac", "Acme Fabrication Ltd", "usd"),
                customer("cus_nw", "Northwind Dental Group", "usd"),
            ],
            "products": [{"id": "prod_1", "object": "product", "name": "Seats",
                "metadata": {"sku": "M365-BP"}}],
            "subscriptions": [{"id": "sub_1", "object": "subscription", "customer": "cus_nw",
                "status": "active", "start_date": 1_767_225_600, "items": {"has_more": false, "data": [
                {"id": "si_1", "quantity": 23, "price": {"product": "prod_1", "currency": "usd",
                    "unit_amount_decimal": "2200", "billing_scheme": "per_unit",
                    "recurring": {"interval": "month", "interval_count": 1, "usage_type": "licensed"}}}]}}],
            "invoices": [of_kestrel, of_northwind],
            "credit_notes": [{"id": "cn_1", "object": "credit_note", "number": "CN-1",
                "customer": "cus_ac", "invoice": "in_ac", "currency": "usd", "created": 1_794_800_000,
                "effective_at": 1_794_800_000, "total": 4_500, "total_taxes": [], "status": "issued",
                "reason": "product_unsatisfactory", "lines": {"has_more": false, "data": [
                {"id": "cnli_1", "amount": 4_500, "quantity": 1, "description": "SLA credit"}]}}],
            "payment_intents": [
                intent("pi_ac", "cus_ac", 18_900, 1_794_100_000),
                intent("pi_nw", "cus_nw", 30_000, 1_795_132_000),
            ],
            "refunds": [{"id": "re_1", "object": "refund", "amount": 4_550, "currency": "usd",
                "charge": "ch_ac", "payment_intent": "pi_ac", "created": 1_795_140_000,
                "status": "succeeded", "reason": "requested_by_customer",
                "destination_details": {"type": "card"}}],
            "invoice_payments": [{"id": "inpay_1", "object": "invoice_payment", "amount_paid": 30_000,
                "currency": "usd", "invoice": "in_nw", "status": "paid",
                "payment": {"type": "payment_intent", "payment_intent": "pi_nw"}}],
            "disputes": [
                dispute("du_1", "pi_ac", 18_900, "needs_response"),
                dispute("du_0", "pi_nw", 100, "won"),
            ],
        });
        let Value::Object(objects) = objects else {
            unreachable!()
        };
        Self {
            objects,
            events: Vec::new(),
            page_size: 2,
            reads_events: true,
            breaks_off: false,
        }
    }

    fn all(&mut self, kind: &str) -> &mut Vec<Value> {
        self.objects[kind].as_array_mut().unwrap()
    }

    fn one(&mut self, id: &str) -> &mut Value {
        let mut all = self
            .objects
            .values_mut()
            .filter_map(Value::as_array_mut)
            .flatten();
        all.find(|one| one["id"] == id).unwrap()
    }

    /// Something happened to an object at a minute before or after the first night.
    fn happen(&mut self, minute: i64, kind: &str, object: &str, id: &str) {
        let created = night(1).as_second() + 60 * minute;
        // What an event says of its object is frozen, and old.
        let event = json!({"id": format!("evt_{}", self.events.len()), "object": "event", "type": kind,
            "created": created, "data": {"object": {"id": id, "object": object, "total": -1}}});
        self.events.insert(0, event);
    }
}

fn intent(id: &str, customer: &str, amount: i64, charged: i64) -> Value {
    json!({"id": id, "object": "payment_intent", "customer": customer, "amount": amount,
        "amount_received": amount, "currency": "usd", "created": 1_793_494_800, "status": "succeeded",
        "payment_method_types": ["card"],
        "latest_charge": {"id": id.replace("pi", "ch"), "created": charged,
            "payment_method_details": {"type": "us_bank_account"}}})
}

fn dispute(id: &str, payment: &str, amount: i64, status: &str) -> Value {
    json!({"id": id, "object": "dispute", "amount": amount, "currency": "usd", "status": status,
        "charge": payment.replace("pi", "ch"), "payment_intent": payment, "created": 1_795_000_900,
        "reason": "product_not_received", "evidence_details": {"due_by": 1_795_651_200}})
}

fn error(status: u16, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(status)
        .insert_header("Request-Id", "req_77")
        .set_body_json(json!({"error": body}))
}

fn answer(account: &mut Account, request: &Request) -> ResponseTemplate {
    assert_eq!(header(request, "stripe-version"), Some("2026-08-26.dahlia"));
    if header(request, "authorization") != Some("Bearer rk_test_1") {
        return error(
            401,
            &json!({"message": "Invalid API Key provided: rk_test_****"}),
        );
    }
    let parts: Vec<&str> = request.url.path().split('/').skip(2).collect();
    let rows = match parts.as_slice() {
        ["events"] if !account.reads_events => {
            return error(
                403,
                &json!({"message": "The provided key does not have events_read."}),
            );
        }
        ["events"] => events(account, request),
        ["invoices", "in_nw", "lines"] => {
            assert_eq!(query(request, "starting_after").as_deref(), Some("il_1"));
            let rest: Vec<Value> = (2..11)
                .map(|at| line(&format!("il_{at}"), "usd", 2_200, 1))
                .collect();
            return ResponseTemplate::new(200)
                .set_body_json(json!({"object": "list", "has_more": false, "data": rest}));
        }
        [kind] => {
            let status = query(request, "status").filter(|status| status != "all");
            let all = account.all(kind).iter();
            let all = all.filter(|one| {
                status
                    .as_ref()
                    .is_none_or(|status| one["status"] == *status)
            });
            all.cloned().collect()
        }
        [kind, id] => {
            let found = account
                .all(kind)
                .iter()
                .find(|one| one["id"] == *id)
                .cloned();
            return match found {
                Some(one) => {
                    ResponseTemplate::new(200).set_body_json(expanded(account, request, one))
                }
                None => error(
                    404,
                    &json!({"code": "resource_missing", "message": "No such object"}),
                ),
            };
        }
        _ => return error(404, &json!({"message": "Unrecognized request URL"})),
    };
    list(account, request, &rows)
}

/// The events of a window, of at most twenty types.
fn events(account: &Account, request: &Request) -> Vec<Value> {
    let since: i64 = query(request, "created[gte]").unwrap().parse().unwrap();
    let pairs = request
        .url
        .query_pairs()
        .filter(|(name, _)| name == "types[]");
    let types: Vec<String> = pairs.map(|(_, value)| value.into_owned()).collect();
    assert!((1..=20).contains(&types.len()), "{types:?}");
    let all = account.events.iter();
    all.filter(|event| event["created"].as_i64().unwrap() >= since)
        .filter(|event| types.iter().any(|one| event["type"] == *one))
        .cloned()
        .collect()
}

fn list(account: &Account, request: &Request, rows: &[Value]) -> ResponseTemplate {
    assert_eq!(query(request, "limit").as_deref(), Some("100"));
    let from = query(request, "starting_after").map_or(0, |id| {
        1 + rows
            .iter()
            .position(|one| one["id"] == id.as_str())
            .unwrap()
    });
    let until = (from + account.page_size).min(rows.len());
    let page: Vec<Value> = rows[from..until]
        .iter()
        .map(|one| expanded(account, request, one.clone()))
        .collect();
    let page = if account.breaks_off && until == rows.len() {
        Vec::new()
    } else {
        page
    };
    let more = until < rows.len() || account.breaks_off;
    ResponseTemplate::new(200)
        .set_body_json(json!({"object": "list", "has_more": more, "data": page}))
}

/// An object with the payment in it, where that was asked for.
fn expanded(account: &Account, request: &Request, mut object: Value) -> Value {
    let wanted = |name: &str| {
        request
            .url
            .query_pairs()
            .any(|(key, value)| key == "expand[]" && value.ends_with(name))
    };
    if wanted("payment_intent") {
        let intents = account.objects["payment_intents"].as_array().unwrap();
        if let Some(intent) = intents
            .iter()
            .find(|one| one["id"] == object["payment_intent"])
        {
            object["payment_intent"] = intent.clone();
        }
    }
    if !wanted("latest_charge") && object["latest_charge"].is_object() {
        object["latest_charge"] = object["latest_charge"]["id"].clone();
    }
    object
}

async fn account() -> (Vendor<Account>, Bench) {
    let vendor = Vendor::start(Account::northwind(), answer).await;
    let bench = Bench::new("stripe", &vendor, "api_key = { file = 'key' }");
    bench.desk.secret("key", "rk_test_1");
    (vendor, bench)
}

#[tokio::test]
async fn the_billed_leg_lands_page_by_page() {
    // Goal: the scenario to the cent: 23 seats for 506.00 of which 300.00 are paid, a credit note of
    // 45.00, a dispute of 189.00, a refund, and yen. Method: pages of two; an invoice whose lines go
    // on behind the second.
    let (vendor, mut bench) = account().await;
    bench.whole_night(&vendor, 1).await;
    assert_eq!(
        bench.ids(Entity::Accounts),
        ["cus_ac", "cus_blue", "cus_kes", "cus_nw"]
    );
    let open = bench.one(Entity::Invoices, "in_nw");
    let figure = |name: &str| open.decimal(name).unwrap().normalize().to_string();
    assert_eq!(
        (figure("total"), figure("balance")),
        ("506".into(), "206".into())
    );
    assert_eq!(open.date("due_on").unwrap().to_string(), "2026-11-30");
    let of_northwind: Vec<_> = bench
        .records(Entity::InvoiceLines)
        .into_iter()
        .filter(|line| line.text("invoice_id") == Some("in_nw"))
        .collect();
    let sum = |name: &str| -> String {
        let numbers = of_northwind.iter().filter_map(|line| line.decimal(name));
        numbers
            .sum::<rust_decimal::Decimal>()
            .normalize()
            .to_string()
    };
    assert_eq!((sum("quantity"), sum("net")), ("23".into(), "506".into()));
    let yen = bench.one(Entity::Invoices, "in_kes");
    assert_eq!(amount(&yen, "total"), "55000");
    let note = bench.one(Entity::Invoices, "cn_1");
    assert_eq!(amount(&note, "total"), "-45");
    assert_eq!(note.text("kind"), Some("credit_memo"));

    assert_eq!(bench.ids(Entity::Payments), ["pi_ac", "pi_nw", "re_1"]);
    let paid = bench.one(Entity::Payments, "pi_nw");
    assert_eq!(amount(&paid, "amount"), "300");
    assert_eq!(
        paid.date("received_on").unwrap().to_string(),
        "2026-11-19",
        "when it was charged"
    );
    assert_eq!(paid.text("method"), Some("us_bank_account"));
    let refund = bench.one(Entity::Payments, "re_1");
    assert_eq!(amount(&refund, "amount"), "-45.5");
    assert_eq!(
        (refund.text("reversal_of"), refund.text("account_id")),
        (Some("pi_ac"), Some("cus_ac"))
    );
    assert_eq!(bench.sum(Entity::Remittances, "amount"), "300");
    assert_eq!(
        bench.ids(Entity::Claims),
        ["du_1"],
        "a dispute that was won takes nothing"
    );
    let claim = bench.one(Entity::Claims, "du_1");
    assert_eq!(amount(&claim, "amount"), "189");
    assert_eq!(
        (
            claim.text("account_id"),
            claim.text("reason_code"),
            claim.text("reference")
        ),
        (Some("cus_ac"), Some("product_not_received"), Some("pi_ac"))
    );
    assert_eq!(
        claim.date("evidence_due_on").unwrap().to_string(),
        "2026-11-25"
    );

    let asked = bench.asked(&vendor).await;
    assert_eq!(asked[0], "GET /v1/customers?limit=100");
    assert_eq!(
        asked[1],
        "GET /v1/customers?limit=100&starting_after=cus_blue"
    );
    assert!(
        asked.contains(&"GET /v1/subscriptions?limit=100&status=all".to_owned()),
        "{asked:?}"
    );
    assert!(
        asked.iter().all(|line| !line.contains("/v1/events")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn nothing_is_there() {
    // Goal: an empty account is a success, also by its events. Method: no objects.
    let (vendor, mut bench) = account().await;
    vendor.change(|account| {
        for (_, objects) in &mut account.objects {
            *objects = json!([]);
        }
    });
    bench.whole_night(&vendor, 1).await;
    bench.whole_night(&vendor, 2).await;
    assert!(bench.ids(Entity::Accounts).is_empty());
}

#[tokio::test]
async fn a_late_edit_comes_by_its_event() {
    // Goal: events of the window, ten minutes back, say what to ask for again, and what they say
    // themselves is not believed; 404 and `deleted` are deletions, also of a draft's lines; a line
    // that a draft lost is gone. Method: two nights.
    let (vendor, mut bench) = account().await;
    vendor.change(|account| {
        let mut draft = invoice("in_draft", "cus_nw", "draft", "usd", 300, 0);
        draft["lines"]["data"] =
            json!([line("il_d1", "usd", 100, 1), line("il_d2", "usd", 200, 2)]);
        account.all("invoices").insert(0, draft);
        let mut other = invoice("in_other", "cus_ac", "draft", "usd", 500, 0);
        other["lines"]["data"] = json!([line("il_o", "usd", 500, 5)]);
        account.all("invoices").insert(0, other);
    });
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.ids(Entity::InvoiceLines).len(), 16);
    bench.asked(&vendor).await;
    vendor.change(|account| {
        // A minute before the first night's end, seen only after it.
        account.happen(-1, "invoice.updated", "invoice", "in_kes");
        account.one("in_kes")["total"] = 54_000.into();
        account.happen(500, "invoice.updated", "invoice", "in_draft");
        account.happen(501, "invoice.updated", "invoice", "in_draft");
        account.one("in_draft")["lines"]["data"]
            .as_array_mut()
            .unwrap()
            .pop();
        account.happen(502, "invoice.deleted", "invoice", "in_other");
        account.all("invoices").remove(0);
        account.happen(503, "customer.deleted", "customer", "cus_blue");
        *account.one("cus_blue") = json!({"id": "cus_blue", "object": "customer", "deleted": true});
        account.happen(504, "invoice_payment.paid", "invoice_payment", "inpay_2");
        account.all("invoice_payments").insert(
            0,
            json!({"id": "inpay_2", "object": "invoice_payment",
            "amount_paid": 20_600, "currency": "usd", "invoice": "in_nw", "status": "paid",
            "payment": {"type": "payment_intent", "payment_intent": "pi_2"}}),
        );
        account.happen(505, "payment_intent.succeeded", "payment_intent", "pi_2");
        let paid = intent("pi_2", "cus_nw", 20_600, 1_795_300_000);
        account.all("payment_intents").insert(0, paid);
        // No event tells of this one: what is open is read again every night.
        account.one("in_nw")["amount_remaining"] = 0.into();
    });
    bench.whole_night(&vendor, 2).await;
    assert_eq!(bench.ids(Entity::Accounts), ["cus_ac", "cus_kes", "cus_nw"]);
    assert_eq!(
        bench.ids(Entity::Invoices),
        ["cn_1", "in_draft", "in_kes", "in_nw"]
    );
    let yen = bench.one(Entity::Invoices, "in_kes");
    assert_eq!(amount(&yen, "total"), "54000");
    let open = bench.one(Entity::Invoices, "in_nw");
    assert_eq!(amount(&open, "balance"), "0");
    let lines = bench.ids(Entity::InvoiceLines);
    assert!(lines.contains(&"il_d1".to_owned()) && !lines.contains(&"il_d2".to_owned()));
    assert!(!lines.contains(&"il_o".to_owned()));
    assert_eq!(bench.sum(Entity::Remittances, "amount"), "506");
    assert_eq!(bench.sum(Entity::Payments, "amount"), "649.5");
    let asked = bench.asked(&vendor).await;
    let since = night(1).as_second() - 600;
    let of_events: Vec<&String> = asked
        .iter()
        .filter(|line| line.contains("/v1/events"))
        .collect();
    assert!(
        of_events
            .iter()
            .all(|line| line.contains(&format!("created[gte]={since}"))),
        "{of_events:?}"
    );
    let again = asked
        .iter()
        .filter(|line| *line == "GET /v1/invoices/in_draft");
    assert_eq!(again.count(), 1, "once, however often it changed");
    assert!(
        asked.contains(&"GET /v1/invoices?limit=100&status=open".to_owned()),
        "{asked:?}"
    );
    assert!(
        !asked.contains(&"GET /v1/customers?limit=100".to_owned()),
        "{asked:?}"
    );
}

#[tokio::test]
async fn after_a_month_everything_is_read() {
    // Goal: events are kept for 30 days, so an older window is not asked for. Method: a pause of 29
    // days, in which a customer vanished without an event.
    let (vendor, mut bench) = account().await;
    bench.whole_night(&vendor, 1).await;
    vendor.change(|account| {
        account.all("customers").remove(1);
    });
    bench.asked(&vendor).await;
    bench.whole_night(&vendor, 30).await;
    assert_eq!(bench.ids(Entity::Accounts), ["cus_ac", "cus_kes", "cus_nw"]);
    let asked = bench.asked(&vendor).await;
    assert!(
        asked.iter().all(|line| !line.contains("/v1/events")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_key_that_may_not_read_events_reads_everything() {
    // Goal: a restricted key is told, and nothing is missed. Method: the feed is forbidden.
    let (vendor, mut bench) = account().await;
    bench.whole_night(&vendor, 1).await;
    vendor.change(|account| {
        account.reads_events = false;
        account.all("customers").remove(1);
    });
    let reports = bench.night(&vendor, 2).await;
    let report = reports["customers"].as_ref().unwrap();
    assert!(
        report
            .warnings
            .iter()
            .any(|text| text.contains("change feed")),
        "{report:?}"
    );
    assert_eq!(bench.ids(Entity::Accounts), ["cus_ac", "cus_kes", "cus_nw"]);
}

#[tokio::test]
async fn a_list_that_breaks_off_is_not_sealed() {
    // Goal: an empty page that says that more follows proves nothing. Method: such a last page.
    let (vendor, mut bench) = account().await;
    vendor.change(|account| account.breaks_off = true);
    let reports = bench.night(&vendor, 1).await;
    assert!(!unsealed(&reports, "customers").is_empty());
    assert_eq!(bench.cursor("customers"), None);
}

#[tokio::test]
async fn what_stripe_refuses_and_what_is_done_about_it() {
    // Goal: limits and failures are waited for; a record that was deleted between two pages starts
    // the list anew; a key that is dead is told. Method: one answer of each in place of the right
    // one.
    let (vendor, mut bench) = account().await;
    vendor.fail(
        "/v1/customers",
        error(429, &json!({"code": "rate_limit", "message": "slow"})),
    );
    vendor.fail("/v1/customers", error(500, &json!({"type": "api_error"})));
    vendor.fail(
        "/v1/customers",
        error(409, &json!({"code": "lock_timeout"})),
    );
    vendor.fail(
        "/v1/products",
        error(400, &json!({"code": "x", "message": "again"}))
            .insert_header("Stripe-Should-Retry", "true"),
    );
    vendor.fail(
        "/v1/invoices",
        error(404, &json!({"code": "resource_missing", "param": "starting_after", "message": "No such invoice"})),
    );
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.ids(Entity::Accounts).len(), 4);
    assert_eq!(bench.sum(Entity::InvoiceLines, "quantity"), "47");

    bench.desk.secret("key", "rk_test_2");
    let line = failed(&bench.night(&vendor, 2).await, "customers");
    assert!(
        line.starts_with("XF-S004") && line.contains("req_77"),
        "{line}"
    );
}

#[tokio::test]
async fn the_fixtures_beside_the_repository_land() {
    // Goal: the shared scenario comes out as its authors wrote it. Method: their bodies, as a
    // server of static pages; nothing where they are not.
    let Some(folder) = fixtures::folder("stripe") else {
        return;
    };
    let vendor = Vendor::start(folder, |folder, request| {
        let after = query(request, "starting_after");
        let name = match (request.url.path(), after.as_deref()) {
            ("/v1/customers", None) => "customers.page1.json",
            ("/v1/customers", Some(_)) => "customers.page2.starting_after_cus_TOblueheron1.json",
            ("/v1/invoices", None) => "invoices.page1.json",
            ("/v1/invoices/in_TOnw01/lines", _) => "invoice_lines.in_TOnw01.page2.json",
            ("/v1/invoice_payments", None) => "invoice_payments.json",
            ("/v1/credit_notes", None) => "credit_notes.json",
            ("/v1/disputes", None) => "disputes.json",
            _ => {
                return ResponseTemplate::new(200)
                    .set_body_json(json!({"object": "list", "has_more": false, "data": []}));
            }
        };
        ResponseTemplate::new(200).set_body_json(fixtures::body(folder, name))
    })
    .await;
    let mut bench = Bench::new("stripe", &vendor, "api_key = { file = 'token' }");
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.ids(Entity::Accounts).len(), 4);
    let open = bench.one(Entity::Invoices, "in_TOnw01");
    let figure = |name: &str| open.decimal(name).unwrap().normalize().to_string();
    assert_eq!(
        (figure("total"), figure("balance")),
        ("506".into(), "206".into())
    );
    let lines = bench.records(Entity::InvoiceLines);
    let seats = lines
        .iter()
        .filter(|line| line.text("invoice_id") == Some("in_TOnw01"));
    let seats = seats.filter_map(|line| line.decimal("quantity"));
    assert_eq!(
        seats.sum::<rust_decimal::Decimal>().normalize().to_string(),
        "23"
    );
    let yen = bench.one(Entity::Invoices, "in_TOkes01");
    assert_eq!(amount(&yen, "total"), "55000");
    let note = bench.one(Entity::Invoices, "cn_TO1");
    assert_eq!(amount(&note, "total"), "-45");
    assert_eq!(bench.sum(Entity::Claims, "amount"), "189");
}
