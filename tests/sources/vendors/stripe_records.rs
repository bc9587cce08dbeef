//! What the records of Stripe become, column by column.

use crossfoot::canonical::Entity;
use crossfoot::config::{Role, SourceConfig};
use crossfoot::sources::{Seal, default_roles};
use wiremock::{MockServer, Request, ResponseTemplate};

use crate::sources::harness::{Desk, Pulled, header, json, query, server, status};

fn list(rows: &str, more: bool) -> ResponseTemplate {
    json(format!(
        r#"{{"object":"list","has_more":{more},"data":[{rows}]}}"#
    ))
}

fn line(id: &str, amount: i64, quantity: u32, product: &str) -> String {
    format!(
        r#"{{"id":"{id}","object":"line_item","amount":{amount},"currency":"usd","description":"Seats",
            "discount_amounts":[{{"amount":100,"discount":"di_1"}}],"quantity":{quantity},
            "period":{{"start":1793491200,"end":1796083200}},
            "pricing":{{"type":"price_details","price_details":{{"price":"price_1","product":"{product}"}},
                "unit_amount_decimal":"2200.5"}},
            "taxes":[{{"amount":19}},{{"amount":1}}]}}"#
    )
}

fn invoice(id: &str, status: &str, currency: &str, total: i64, lines: &str, more: bool) -> String {
    let number = if status == "draft" {
        "null".to_owned()
    } else {
        format!("\"INV-{id}\"")
    };
    format!(
        r#"{{"id":"{id}","object":"invoice","number":{number},"customer":"cus_1","currency":"{currency}",
            "created":1793491200,"due_date":null,"status":"{status}","total":{total},
            "total_excluding_tax":{total},"total_taxes":[],"amount_remaining":20600,
            "status_transitions":{{"finalized_at":1793577600,"voided_at":null}},
            "lines":{{"object":"list","has_more":{more},"data":[{lines}],"url":"/v1/invoices/{id}/lines"}}}}"#
    )
}

fn answer(request: &Request) -> ResponseTemplate {
    if header(request, "authorization") != Some("Bearer rk_test_1")
        || header(request, "stripe-version") != Some("2026-08-26.dahlia")
    {
        return status(401);
    }
    let after = query(request, "starting_after");
    match (request.url.path(), after.as_deref()) {
        ("/v1/customers", None) => list(
            r#"{"id":"cus_1","name":"Northwind Dental Group","email":"ap@example.com","currency":"usd",
                "address":{"line1":"1 Main St","city":"Springfield","postal_code":"12345","country":"US"}}"#,
            true,
        ),
        ("/v1/customers", Some("cus_1")) => list(
            r#"{"id":"cus_2","name":null,"email":"kk@example.com","currency":null,"address":null}"#,
            false,
        ),
        ("/v1/products", None) => list(
            r#"{"id":"prod_1","name":"Seats","metadata":{"sku":"M365-BP"}},
               {"id":"prod_2","name":"Backup","metadata":{}}"#,
            false,
        ),
        ("/v1/subscriptions", None) if query(request, "status").as_deref() == Some("all") => list(
            r#"{"id":"sub_1","customer":"cus_1","status":"active","start_date":1767225600,
                "ended_at":null,"cancel_at":1798761600,"items":{"has_more":true,"data":[
                {"id":"si_1","quantity":23,"price":{"product":"prod_1","currency":"usd",
                 "unit_amount_decimal":"2200","billing_scheme":"per_unit",
                 "recurring":{"interval":"month","interval_count":3,"usage_type":"licensed"}}},
                {"id":"si_m","price":{"product":"prod_2","currency":"usd","unit_amount_decimal":"1",
                 "recurring":{"interval":"month","interval_count":1,"usage_type":"metered"}}}]}}"#,
            false,
        ),
        ("/v1/subscription_items", Some("si_m")) => list(
            r#"{"id":"si_2","quantity":1,"price":{"product":"prod_2","currency":"usd",
                "unit_amount_decimal":"990","recurring":{"interval":"year","interval_count":1,
                "usage_type":"licensed"}}}"#,
            false,
        ),
        ("/v1/invoices", None) => {
            let lines = format!(
                "{},{}",
                line("il_1", 48_400, 22, "prod_1"),
                line("il_2", 2_200, 1, "prod_1")
            );
            list(
                &[
                    invoice("in_1", "open", "usd", 50_600, &lines, true),
                    invoice("in_2", "void", "usd", 100, "", false),
                    invoice("in_3", "paid", "jpy", 55_000, "", false),
                    invoice("in_4", "draft", "usd", 1, "", false),
                ]
                .join(","),
                false,
            )
        }
        ("/v1/invoices/in_1/lines", Some("il_2")) => {
            list(&line("il_3", -2_200, 1, "prod_2"), false)
        }
        ("/v1/credit_notes", None) => list(
            r#"{"id":"cn_1","number":"CN-1","customer":"cus_1","invoice":"in_1","currency":"usd",
                "created":1794800000,"effective_at":1794800000,"total":4500,"total_excluding_tax":4500,
                "total_taxes":null,"status":"issued","reason":"product_unsatisfactory",
                "lines":{"has_more":false,"data":[{"id":"cnli_1","amount":4500,"quantity":1,
                "description":"SLA credit","unit_amount_decimal":"4500"}]}}"#,
            false,
        ),
        ("/v1/payment_intents", None) => list(
            r#"{"id":"pi_1","customer":"cus_1","amount":50600,"amount_received":30000,"currency":"usd",
                "created":1795132000,"status":"succeeded","payment_method_types":["card"]},
               {"id":"pi_2","customer":"cus_1","amount":100,"amount_received":0,"currency":"isk",
                "created":1795132000,"status":"requires_payment_method","payment_method_types":[]}"#,
            false,
        ),
        ("/v1/invoice_payments", None) => list(
            r#"{"id":"inpay_1","amount_paid":30000,"currency":"usd","invoice":"in_1","status":"paid",
                "payment":{"type":"payment_intent","payment_intent":"pi_1"}},
               {"id":"inpay_2","amount_paid":null,"currency":"usd","invoice":"in_1","status":"open",
                "payment":{"type":"payment_intent","payment_intent":"pi_2"}}"#,
            false,
        ),
        ("/v1/events" | "/v1/refunds" | "/v1/disputes", None) => list("", false),
        _ => ResponseTemplate::new(404).set_body_raw(
            r#"{"error":{"message":"Unrecognized request URL"}}"#,
            "application/json",
        ),
    }
}

async fn stripe() -> (Desk, MockServer, SourceConfig) {
    let desk = Desk::new();
    desk.secret("key", "rk_test_1");
    let server = server(answer).await;
    let config = toml::from_str(&format!(
        "connector = 'stripe'\nbase_url = '{}'\napi_key = {{ file = 'key' }}",
        server.uri()
    ))
    .unwrap();
    (desk, server, config)
}

async fn pulled(stream: &str) -> Pulled {
    let (desk, _server, config) = stripe().await;
    desk.pull(&config, stream)
        .await
        .unwrap_or_else(|failure| panic!("{failure}"))
}

fn whole(pulled: &Pulled, sweeps: &[Entity]) {
    assert_eq!(pulled.report.seal, Seal::Sealed);
    assert_eq!(pulled.report.full_sweeps, sweeps);
    assert_eq!(pulled.rejects, []);
}

#[tokio::test]
async fn it_is_a_billing_source_with_the_streams_of_one() {
    // Goal: what the connector says of itself. Method: roles, streams, and a probe of all lists.
    let (desk, _server, config) = stripe().await;
    assert_eq!(
        default_roles(&config, desk.path()).unwrap(),
        [Role::Billing]
    );
    let source = desk.open(&config).unwrap();
    let names: Vec<String> = source
        .streams()
        .into_iter()
        .map(|stream| stream.name)
        .collect();
    assert_eq!(
        names,
        [
            "customers",
            "products",
            "subscriptions",
            "invoices",
            "payments",
            "remittances",
            "disputes"
        ]
    );
    let probe = source.probe().await.unwrap();
    // Nine lists, the open invoices, and the events of four streams.
    assert_eq!(probe.works.len(), 14);
    assert!(
        probe
            .can_miss
            .iter()
            .any(|text| text.starts_with("which invoice a dispute"))
    );
}

#[tokio::test]
async fn only_the_wanted_entities_are_pulled() {
    // Goal: `streams` narrows the source. Method: two entities of different streams.
    let (desk, _server, mut config) = stripe().await;
    config.streams = Some(vec![Entity::Accounts, Entity::InvoiceLines]);
    let source = desk.open(&config).unwrap();
    let streams = source.streams();
    let entities: Vec<&[Entity]> = streams.iter().map(|stream| &stream.entities[..]).collect();
    assert_eq!(entities, [[Entity::Accounts], [Entity::InvoiceLines]]);
}

#[tokio::test]
async fn customers_and_products() {
    // Goal: the plain lists. Method: two pages of customers, one of them without a name.
    let customers = pulled("customers").await;
    whole(&customers, &[Entity::Accounts]);
    let first = customers.one(Entity::Accounts, "cus_1");
    assert_eq!(first.text("name"), Some("Northwind Dental Group"));
    assert_eq!(
        (first.text("currency"), first.text("city")),
        (Some("USD"), Some("Springfield"))
    );
    assert_eq!(
        customers.one(Entity::Accounts, "cus_2").text("name"),
        Some("kk@example.com")
    );
    let products = pulled("products").await;
    assert_eq!(
        products.one(Entity::Products, "prod_1").text("sku"),
        Some("M365-BP")
    );
    assert_eq!(
        products.one(Entity::Products, "prod_2").text("sku"),
        Some("prod_2")
    );
}

#[tokio::test]
async fn subscriptions_are_contracts_item_by_item() {
    // Goal: frequency, price and dates of each item, and the items behind `has_more`; a metered
    // item is no contract. Method: one subscription with three items over two requests.
    let pulled = pulled("subscriptions").await;
    whole(&pulled, &[Entity::Contracts]);
    assert_eq!(pulled.ids(Entity::Contracts), ["si_1", "si_2"]);
    let first = pulled.one(Entity::Contracts, "si_1");
    assert_eq!(first.text("account_id"), Some("cus_1"));
    assert_eq!(first.text("sku"), Some("prod_1"));
    assert_eq!(first.decimal("quantity").unwrap().to_string(), "23");
    assert_eq!(first.decimal("unit_price").unwrap().to_string(), "22");
    assert_eq!(
        (first.text("frequency"), first.text("status")),
        (Some("quarter"), Some("active"))
    );
    assert_eq!(
        first.instant("starts_on").unwrap().to_string(),
        "2026-01-01T00:00:00Z"
    );
    assert_eq!(
        first.instant("ends_on").unwrap().to_string(),
        "2027-01-01T00:00:00Z"
    );
    assert_eq!(
        pulled.one(Entity::Contracts, "si_2").text("frequency"),
        Some("year")
    );
}

#[tokio::test]
async fn invoices_with_all_their_lines_and_credit_notes() {
    // Goal: minor units by currency, the net of discounts, lines behind `has_more`, the balance of
    // a void invoice, and credit notes as negative documents. Method: four invoices and a note.
    let pulled = pulled("invoices").await;
    whole(&pulled, &[Entity::Invoices, Entity::InvoiceLines]);
    assert_eq!(
        pulled.ids(Entity::Invoices),
        ["in_1", "in_2", "in_3", "in_4", "cn_1"]
    );
    let open = pulled.one(Entity::Invoices, "in_1");
    assert_eq!(open.date("issued_on").unwrap().to_string(), "2026-11-02");
    assert_eq!(open.date("due_on").unwrap().to_string(), "2026-11-02");
    assert_eq!(open.decimal("total").unwrap().to_string(), "506");
    assert_eq!(open.decimal("balance").unwrap().to_string(), "206");
    assert_eq!(open.decimal("tax").unwrap().to_string(), "0");
    assert_eq!(
        pulled
            .one(Entity::Invoices, "in_2")
            .decimal("balance")
            .unwrap()
            .to_string(),
        "0"
    );
    assert_eq!(
        pulled
            .one(Entity::Invoices, "in_3")
            .decimal("total")
            .unwrap()
            .to_string(),
        "55000"
    );
    assert_eq!(
        pulled.one(Entity::Invoices, "in_4").text("number"),
        Some("in_4")
    );
    assert_eq!(
        pulled.ids(Entity::InvoiceLines),
        ["il_1", "il_2", "il_3", "cnli_1"]
    );
    let line = pulled.one(Entity::InvoiceLines, "il_3");
    assert_eq!(
        (line.text("invoice_id"), line.text("sku")),
        (Some("in_1"), Some("prod_2"))
    );
    assert_eq!(line.decimal("net").unwrap().to_string(), "-23");
    assert_eq!(line.decimal("tax").unwrap().to_string(), "0.2");
    assert_eq!(line.decimal("unit_price").unwrap().to_string(), "22.005");
    assert_eq!(line.date("service_from").unwrap().to_string(), "2026-11-01");
    assert_eq!(line.date("service_to").unwrap().to_string(), "2026-12-01");
    let note = pulled.one(Entity::Invoices, "cn_1");
    assert_eq!(
        (note.text("kind"), note.text("original_invoice_id")),
        (Some("credit_memo"), Some("in_1"))
    );
    assert_eq!(note.decimal("total").unwrap().to_string(), "-45");
    let note_line = pulled.one(Entity::InvoiceLines, "cnli_1");
    assert_eq!(note_line.decimal("net").unwrap().to_string(), "-45");
    assert_eq!(note_line.decimal("quantity").unwrap().to_string(), "-1");
    assert_eq!(note_line.decimal("unit_price").unwrap().to_string(), "45");
}

#[tokio::test]
async fn payments_are_what_was_received() {
    // Goal: `amount_received`, not `amount`; ISK has two decimals at Stripe; only paid invoice
    // payments are remittances. Method: a received and an open payment intent.
    let payments = pulled("payments").await;
    whole(&payments, &[Entity::Payments]);
    let received = payments.one(Entity::Payments, "pi_1");
    assert_eq!(received.decimal("amount").unwrap().to_string(), "300");
    assert_eq!(
        (received.text("status"), received.text("method")),
        (Some("succeeded"), Some("card"))
    );
    assert_eq!(
        received.date("received_on").unwrap().to_string(),
        "2026-11-19"
    );
    assert_eq!(
        payments.one(Entity::Payments, "pi_2").text("status"),
        Some("pending")
    );
    let remittances = pulled("remittances").await;
    whole(&remittances, &[Entity::Remittances]);
    assert_eq!(remittances.ids(Entity::Remittances), ["inpay_1"]);
    let paid = remittances.one(Entity::Remittances, "inpay_1");
    assert_eq!(
        (paid.text("payment_id"), paid.text("invoice_id")),
        (Some("pi_1"), Some("in_1"))
    );
    assert_eq!(paid.decimal("amount").unwrap().to_string(), "300");
}
