//! What the records of HubSpot become, column by column.

use crossfoot::canonical::Entity;
use crossfoot::config::{Role, SourceConfig};
use crossfoot::sources::{Seal, default_roles};
use wiremock::{MockServer, Request, ResponseTemplate};

use crate::sources::harness::{Desk, Pulled, header, json, query, server, status};

fn deal(id: &str, is_won: bool, line_items: &[&str], more: &str) -> String {
    let rows: Vec<String> = line_items
        .iter()
        .map(|id| format!(r#"{{"id":"{id}","type":"deal_to_line_item"}}"#))
        .collect();
    let rows = rows.join(",");
    format!(
        r#"{{"id":"{id}","properties":{{"deal_currency_code":"EUR","hs_is_closed_won":"{is_won}",
            "closedate":"2026-10-28T00:00:00Z","hs_object_id":"{id}"}},
            "updatedAt":"2026-11-20T23:58:41.337Z","archived":false,"associations":{{
            "companies":{{"results":[{{"id":"9002","type":"deal_to_company_unlabeled"}},
                {{"id":"9001","type":"deal_to_company"}}]}},
            "line items":{{"results":[{rows}]{more}}}}}}}"#
    )
}

fn line_item(id: &str) -> String {
    let (price, frequency, currency, start, end) = match id {
        "51001" => (
            "\"22.00\"",
            "\"monthly\"",
            "\"USD\"",
            "\"2026-11-01\"",
            "\"2027-10-31\"",
        ),
        "51002" => ("\"1200\"", "null", "null", "null", "null"),
        "51003" => ("\"5\"", "\"biweekly\"", "\"USD\"", "\"2026-11-01\"", "null"),
        _ => (
            "\"9.5\"",
            "\"annually\"",
            "\"USD\"",
            "\"2026-11-01\"",
            "null",
        ),
    };
    format!(
        r#"{{"id":"{id}","properties":{{"hs_sku":"M365-BP","quantity":"25","price":{price},
            "hs_discount_percentage":"","hs_line_item_currency_code":{currency},
            "recurringbillingfrequency":{frequency},"hs_recurring_billing_start_date":{start},
            "hs_recurring_billing_end_date":{end}}},"updatedAt":"2026-11-20T18:02:10.555Z"}}"#
    )
}

fn answer(request: &Request) -> ResponseTemplate {
    if header(request, "authorization") != Some("Bearer pat-1") {
        return ResponseTemplate::new(401).set_body_raw(
            r#"{"status":"error","message":"Authentication credentials not found.","category":"INVALID_AUTHENTICATION"}"#,
            "application/json",
        );
    }
    let after = query(request, "after");
    match (
        request.method.as_str(),
        request.url.path(),
        after.as_deref(),
    ) {
        ("GET", "/crm/objects/2026-09/companies", after) => {
            let asked = query(request, "properties").unwrap();
            assert!(asked.split(',').any(|name| name == "name"), "{asked}");
            let link = if asked.contains("billing_customer_id") {
                "\"cus_1\""
            } else {
                "null"
            };
            match after {
                None => json(format!(
                    r#"{{"results":[{{"id":"9001","properties":{{"name":"Northwind <Dental>","domain":"nw.example",
                        "billing_customer_id":{link}}},"updatedAt":"2026-11-20T10:00:00Z"}}],
                        "paging":{{"next":{{"after":"9001","link":"https://api.hubapi.com/x?after=9001"}}}}}}"#
                )),
                Some(_) => json(
                    r#"{"results":[{"id":"9002","properties":{"name":null,"domain":"blue.example"},
                        "updatedAt":"2026-11-20T10:00:00.5Z"}]}"#,
                ),
            }
        }
        ("GET", "/crm/objects/2026-09/products", _) => json(
            r#"{"results":[{"id":"7001","properties":{"hs_sku":"M365-BP","name":"Seats","price":"22.00"},
                "updatedAt":"2026-11-20T10:00:00Z"}]}"#,
        ),
        ("GET", "/crm/objects/2026-09/deals", None) => {
            assert_eq!(
                query(request, "associations").as_deref(),
                Some("companies,line_items")
            );
            let asked = query(request, "properties").unwrap();
            assert_eq!(asked, "closedate,deal_currency_code,hs_is_closed_won");
            json(format!(
                r#"{{"results":[{},{}],"paging":{{"next":{{"after":"2"}}}}}}"#,
                deal("30011", true, &["51001", "51002", "51003"], ""),
                deal("30012", false, &["59999"], ""),
            ))
        }
        ("GET", "/crm/objects/2026-09/deals", Some("2")) => json(format!(
            r#"{{"results":[{}]}}"#,
            deal(
                "30013",
                true,
                &["51004"],
                r#","paging":{"next":{"after":"x"}}"#
            ),
        )),
        ("POST", "/crm/associations/2026-09/deals/line_items/batch/read", _) => {
            let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
            assert_eq!(body["inputs"][0]["id"], "30013");
            let (to, paging) = match body["inputs"][0]["after"].as_str() {
                None => ("51004", r#"{"next":{"after":"51004"}}"#),
                Some(_) => ("51005", "{}"),
            };
            json(format!(
                r#"{{"status":"COMPLETE","results":[{{"from":{{"id":"30013"}},"to":[{{"toObjectId":"{to}"}}],
                    "paging":{paging}}}]}}"#
            ))
        }
        ("POST", "/crm/objects/2026-09/line_items/batch/read", _) => {
            let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
            assert!(
                body["properties"]
                    .as_array()
                    .unwrap()
                    .contains(&"hs_sku".into())
            );
            let rows: Vec<String> = body["inputs"]
                .as_array()
                .unwrap()
                .iter()
                .map(|input| line_item(input["id"].as_str().unwrap()))
                .collect();
            assert!(
                !rows.iter().any(|row| row.contains("59999")),
                "only won deals are looked up"
            );
            json(format!(
                r#"{{"status":"COMPLETE","results":[{}]}}"#,
                rows.join(",")
            ))
        }
        _ => status(404),
    }
}

async fn hubspot(more: &str) -> (Desk, MockServer, SourceConfig) {
    let desk = Desk::new();
    desk.secret("key", "pat-1");
    let server = server(answer).await;
    let config = toml::from_str(&format!(
        "connector = 'hubspot'\nbase_url = '{}'\ntoken = {{ file = 'key' }}\n{more}",
        server.uri()
    ))
    .unwrap();
    (desk, server, config)
}

async fn pulled(stream: &str, more: &str) -> Pulled {
    let (desk, _server, config) = hubspot(more).await;
    desk.pull(&config, stream)
        .await
        .unwrap_or_else(|failure| panic!("{failure}"))
}

#[tokio::test]
async fn companies_with_a_link_of_the_companys_own() {
    // Goal: standard fields by themselves, and a custom property that the source adds: it is asked
    // for and mapped. Method: the server gives the property only when it is asked for.
    let plain = pulled("companies", "").await;
    assert_eq!(plain.report.full_sweeps, [Entity::Accounts]);
    let first = plain.one(Entity::Accounts, "9001");
    assert_eq!(first.text("name"), Some("Northwind <Dental>"));
    assert_eq!(
        first.instant("updated_at").unwrap().to_string(),
        "2026-11-20T10:00:00Z"
    );
    assert!(first.list("linked_ids").is_empty());
    assert_eq!(
        plain.one(Entity::Accounts, "9002").text("name"),
        Some("blue.example")
    );
    let linked = pulled(
        "companies",
        "[map.accounts]\nlinked_ids = { from = 'properties.billing_customer_id', prefix = 'billing:' }",
    )
    .await;
    assert_eq!(
        linked.one(Entity::Accounts, "9001").list("linked_ids"),
        ["billing:cus_1"]
    );
}

#[tokio::test]
async fn products_have_their_sku() {
    // Goal: the plain list of products. Method: one product.
    let products = pulled("products", "").await;
    let one = products.one(Entity::Products, "7001");
    assert_eq!(
        (one.text("sku"), one.text("name")),
        (Some("M365-BP"), Some("Seats"))
    );
    assert_eq!(one.decimal("list_price").unwrap().to_string(), "22");
}

#[tokio::test]
async fn line_items_of_won_deals_are_contracts() {
    // Goal: the sold leg. Method: a won deal with three items, a lost one, and a won one whose items
    // go on behind the first; one item has a rhythm that no contract has.
    let (desk, _server, config) = hubspot("").await;
    assert_eq!(default_roles(&config, desk.path()).unwrap(), [Role::Crm]);
    let pulled = desk
        .pull(&config, "deals")
        .await
        .unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(pulled.report.seal, Seal::Sealed);
    assert_eq!(pulled.report.full_sweeps, [Entity::Contracts]);
    assert_eq!(
        pulled.ids(Entity::Contracts),
        ["51001", "51002", "51004", "51005"]
    );
    let seats = pulled.one(Entity::Contracts, "51001");
    assert_eq!(
        (seats.text("account_id"), seats.text("sku")),
        (Some("9001"), Some("M365-BP"))
    );
    assert_eq!(seats.decimal("quantity").unwrap().to_string(), "25");
    assert_eq!(seats.decimal("unit_price").unwrap().to_string(), "22");
    assert_eq!(
        (seats.text("frequency"), seats.text("currency")),
        (Some("month"), Some("USD"))
    );
    assert_eq!(
        seats.instant("starts_on").unwrap().to_string(),
        "2026-11-01T00:00:00Z"
    );
    assert_eq!(
        seats.instant("ends_on").unwrap().to_string(),
        "2027-11-01T00:00:00Z"
    );
    assert_eq!(seats.decimal("discount_percent"), None);
    let once = pulled.one(Entity::Contracts, "51002");
    assert_eq!(
        (once.text("frequency"), once.text("currency")),
        (Some("once"), Some("EUR"))
    );
    assert_eq!(
        once.instant("starts_on").unwrap().to_string(),
        "2026-10-28T00:00:00Z"
    );
    assert_eq!(once.date("closed_on").unwrap().to_string(), "2026-10-28");
    assert_eq!(pulled.rejects.len(), 1);
    let reject = &pulled.rejects[0];
    assert_eq!(
        (reject.id.as_deref(), reject.field.as_str()),
        (Some("51003"), "frequency")
    );
    assert_eq!(reject.text.as_deref(), Some("biweekly"));
}

#[tokio::test]
async fn a_line_item_that_is_named_and_not_sent_leaves_the_window_open() {
    // Goal: a batch answer that lacks an id proves no absence. Method: the answer is empty, 207.
    let desk = Desk::new();
    desk.secret("key", "pat-1");
    let server = server(|request| {
        if request.method.as_str() == "POST" {
            return ResponseTemplate::new(207).set_body_raw(
                r#"{"status":"COMPLETE","results":[],"numErrors":1,"errors":[{"status":"error"}]}"#,
                "application/json",
            );
        }
        json(format!(
            r#"{{"results":[{}]}}"#,
            deal("30011", true, &["51001"], "")
        ))
    })
    .await;
    let config = toml::from_str(&format!(
        "connector = 'hubspot'\nbase_url = '{}'\ntoken = {{ file = 'key' }}",
        server.uri()
    ))
    .unwrap();
    let pulled = desk.pull(&config, "deals").await.unwrap();
    assert!(matches!(&pulled.report.seal, Seal::Unsealed(why) if why.contains("1 children")));
    assert!(pulled.report.full_sweeps.is_empty());
}

#[tokio::test]
async fn a_wrong_token_says_which() {
    // Goal: the error that a person sees first. Method: another token than the server wants.
    let (desk, _server, config) = hubspot("").await;
    desk.secret("key", "pat-2");
    let report = desk
        .pull(&config, "companies")
        .await
        .err()
        .unwrap()
        .report();
    assert!(
        report.starts_with("error[XF-S004]: hubspot refused the token for source"),
        "{report}"
    );
    assert!(
        report.contains("companies -> 401: Authentication credentials not found."),
        "{report}"
    );
    assert!(!report.contains("pat-2"));
}
