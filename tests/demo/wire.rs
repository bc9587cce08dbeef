//! The servers speak the vendors' wire formats.

use std::collections::BTreeSet;
use std::sync::Arc;

use crossfoot::demo::{DemoServers, Night, Outage, ServerName, World, serve};
use serde_json::{Value, json};

use super::client::Client;

async fn start(seed: u64) -> (Arc<World>, DemoServers, Client) {
    let world = Arc::new(World::generate(seed));
    let servers = serve(Arc::clone(&world)).await.unwrap();
    let client = Client::new(&world, &servers);
    (world, servers, client)
}

fn distinct(records: &[Value]) -> usize {
    let ids: BTreeSet<&str> = records
        .iter()
        .map(|record| record["id"].as_str().unwrap())
        .collect();
    ids.len()
}

/// Goal: paging gives every record once, over several pages. Method: read each list to its end and
/// compare with one read in another page size.
#[tokio::test]
async fn pages_are_complete_and_do_not_overlap() {
    let (_, _servers, client) = start(3).await;
    let (companies, pages) = client.crm_all("companies", "").await;
    assert_eq!((companies.len(), distinct(&companies)), (60, 60));
    assert!(pages > 1);
    let (deals, pages) = client
        .crm_all("deals", "associations=companies,line_items")
        .await;
    assert_eq!(deals.len(), distinct(&deals));
    assert!(pages > 1);

    let (invoices, pages) = client.billing_all("/v1/invoices").await;
    assert_eq!(invoices.len(), distinct(&invoices));
    assert!(pages > 1 && invoices.len() > 150);
    let mut small = Vec::<Value>::new();
    loop {
        let after = small.last().map_or(String::new(), |last: &Value| {
            format!("&starting_after={}", last["id"].as_str().unwrap())
        });
        let page = client
            .billing(&format!("/v1/invoices?limit=7{after}"))
            .await
            .body;
        let rows = page["data"].as_array().unwrap();
        assert!(rows.len() <= 7);
        small.extend(rows.iter().cloned());
        if page["has_more"] == json!(false) {
            break;
        }
    }
    assert_eq!(small, invoices);
    let created: Vec<i64> = invoices
        .iter()
        .map(|one| one["created"].as_i64().unwrap())
        .collect();
    assert!(created.is_sorted_by(|newer, older| newer >= older));
}

/// Goal: an invoice embeds ten lines at most and lists the rest. Method: find the long invoices, read
/// their lines, and add them up to the total.
#[tokio::test]
async fn long_invoices_list_their_lines() {
    let (_, _servers, client) = start(3).await;
    let (invoices, _) = client.billing_all("/v1/invoices").await;
    let long: Vec<&Value> = invoices
        .iter()
        .filter(|invoice| invoice["lines"]["has_more"] == json!(true))
        .collect();
    assert!(!long.is_empty());
    for invoice in &long {
        assert_eq!(invoice["lines"]["data"].as_array().unwrap().len(), 10);
        let path = format!("/v1/invoices/{}/lines", invoice["id"].as_str().unwrap());
        let (lines, _) = client.billing_all(&path).await;
        assert!(lines.len() > 10 && lines.len() == distinct(&lines));
        let sum: i64 = lines
            .iter()
            .map(|line| line["amount"].as_i64().unwrap())
            .sum();
        assert_eq!(Some(sum), invoice["total"].as_i64());
    }
    let missing = client.billing("/v1/invoices/in_none/lines").await;
    assert_eq!(
        (missing.status, &missing.body["error"]["code"]),
        (404, &json!("resource_missing"))
    );
}

/// Goal: an API lets nobody in without its token. Method: no token, a wrong one, and the other
/// server's, each with the vendor's body.
#[tokio::test]
async fn a_token_is_required() {
    let (world, servers, client) = start(3).await;
    let crm = format!("{}/crm/objects/2026-09/companies", servers.crm_url);
    let billing = format!("{}/v1/customers", servers.billing_url);
    for (url, other) in [(&crm, world.billing_key()), (&billing, world.crm_token())] {
        for token in [None, Some("wrong"), Some(other.as_str())] {
            let reply = client.with_token(url, token).await;
            assert_eq!(reply.status, 401);
            if url == &crm {
                assert_eq!(reply.body["category"], "INVALID_AUTHENTICATION");
            } else {
                assert_eq!(reply.body["error"]["type"], "invalid_request_error");
            }
        }
    }
    assert_eq!(
        client
            .with_token(&crm, Some(&world.crm_token()))
            .await
            .status,
        200
    );
}

/// Goal: outages can be switched, for one server alone. Method: each kind on, then off.
#[tokio::test]
async fn outages_are_switched_for_one_server() {
    let (_, servers, client) = start(3).await;
    for (outage, status) in [
        (Outage::Unavailable, 503),
        (Outage::Throttled, 429),
        (Outage::Revoked, 401),
    ] {
        servers.set_outage(ServerName::Billing, Some(outage));
        let reply = client.billing("/v1/customers").await;
        assert_eq!(reply.status, status);
        assert!(reply.body["error"]["message"].is_string());
        assert_eq!(reply.headers.contains_key("retry-after"), status == 429);
        assert_eq!(client.crm("/crm/objects/2026-09/deals").await.status, 200);
        servers.set_outage(ServerName::Billing, None);
        assert_eq!(client.billing("/v1/customers").await.status, 200);
    }
}

/// Goal: an answer looks like the vendor's: dated on the night, typed, limited. Method: the headers
/// of both, and a page's link, which leads to the next page.
#[tokio::test]
async fn answers_carry_the_vendors_headers() {
    let (_, servers, client) = start(3).await;
    servers.set_night(Night::Second);
    let reply = client
        .crm("/crm/objects/2026-09/companies?limit=2&properties=name,nothing")
        .await;
    assert_eq!(reply.headers["date"], "Tue, 06 Oct 2026 06:00:00 GMT");
    assert_eq!(
        reply.headers["content-type"],
        "application/json;charset=utf-8"
    );
    assert!(reply.headers.contains_key("x-hubspot-ratelimit-remaining"));
    let first = &reply.body["results"][0];
    assert!(first["properties"]["name"].is_string());
    assert!(first["properties"]["nothing"].is_null());
    assert!(first["properties"]["domain"].is_null());
    let next = &reply.body["paging"]["next"];
    let link = next["link"].as_str().unwrap();
    assert!(link.starts_with(&servers.crm_url), "{link}");
    let path = link.strip_prefix(&servers.crm_url).unwrap();
    let second = client.crm(path).await.body;
    assert_eq!(second["results"][0]["id"], next["after"]);

    let reply = client.billing("/v1/products").await;
    assert_eq!(reply.headers["content-type"], "application/json");
    assert!(reply.headers.contains_key("request-id"));
    assert_eq!(reply.body["object"], "list");
    assert_eq!(reply.body["url"], "/v1/products");
}

/// Goal: wrong requests are refused in the vendor's words, never answered with nothing. Method: a
/// limit, a cursor, a path and a body that are wrong.
#[tokio::test]
async fn wrong_requests_are_refused() {
    let (_, _servers, client) = start(3).await;
    for path in [
        "/crm/objects/2026-09/companies?limit=101",
        "/crm/objects/2026-09/companies?limit=x",
        "/crm/objects/2026-09/spaceships",
    ] {
        let reply = client.crm(path).await;
        assert_eq!(
            (reply.status, &reply.body["category"]),
            (400, &json!("VALIDATION_ERROR"))
        );
    }
    assert_eq!(client.crm("/crm/v3/objects/companies").await.status, 404);
    let reply = client
        .crm_post("/crm/objects/2026-09/deals/batch/read", &json!({}))
        .await;
    assert_eq!(reply.status, 400);
    for (path, status, parameter) in [
        ("/v1/customers?limit=0", 400, "limit"),
        (
            "/v1/customers?starting_after=cus_gone",
            404,
            "starting_after",
        ),
        ("/v1/invoices?created[gte]=soon", 400, "created[gte]"),
    ] {
        let reply = client.billing(path).await;
        assert_eq!(reply.status, status, "{path}");
        assert_eq!(reply.body["error"]["param"], parameter);
    }
    assert_eq!(client.billing("/v1/spaceships").await.status, 404);
}

/// Goal: batch reads answer for what is there and name what is not. Method: one good id and one bad
/// one, for objects and for associations.
#[tokio::test]
async fn batches_name_what_is_missing() {
    let (_, _servers, client) = start(3).await;
    let (deals, _) = client.crm_all("deals", "associations=line_items").await;
    let deal = &deals[0];
    let embedded: Vec<&Value> = deal["associations"]["line items"]["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|end| &end["id"])
        .collect();
    let body = json!({ "inputs": [{ "id": deal["id"] }, { "id": "1" }] });
    let path = "/crm/associations/2026-09/deals/line_items/batch/read";
    let reply = client.crm_post(path, &body).await;
    assert_eq!((reply.status, &reply.body["numErrors"]), (207, &json!(1)));
    let ends: Vec<&Value> = reply.body["results"][0]["to"]
        .as_array()
        .unwrap()
        .iter()
        .map(|end| &end["toObjectId"])
        .collect();
    assert_eq!(ends, embedded);

    let body = json!({ "properties": ["price"], "inputs": [{ "id": embedded[0] }, { "id": "1" }] });
    let path = "/crm/objects/2026-09/line_items/batch/read";
    let reply = client.crm_post(path, &body).await;
    assert_eq!(reply.status, 207);
    assert_eq!(reply.body["results"].as_array().unwrap().len(), 1);
    assert!(reply.body["results"][0]["properties"]["price"].is_string());
    assert_eq!(reply.body["errors"][0]["context"]["ids"], json!(["1"]));
}

/// Goal: money ties. Method: what payments received is what invoices say was paid, and no payment
/// came before its invoice.
#[tokio::test]
async fn payments_tie_to_invoices() {
    let (_, servers, client) = start(5).await;
    for night in Night::ALL {
        servers.set_night(night);
        let (invoices, _) = client.billing_all("/v1/invoices").await;
        let (payments, _) = client.billing_all("/v1/payment_intents").await;
        let (parts, _) = client.billing_all("/v1/invoice_payments").await;
        let sum = |rows: &[Value], key: &str| -> i64 {
            rows.iter().map(|row| row[key].as_i64().unwrap()).sum()
        };
        assert_eq!(
            sum(&payments, "amount_received"),
            sum(&parts, "amount_paid")
        );
        assert_eq!(sum(&invoices, "amount_paid"), sum(&parts, "amount_paid"));
        assert!(
            parts.len() > payments.len(),
            "one payment pays several invoices"
        );
        for part in &parts {
            let invoice = invoices
                .iter()
                .find(|one| one["id"] == part["invoice"])
                .unwrap();
            assert_eq!(invoice["currency"], part["currency"]);
            assert!(
                part["created"].as_i64() >= invoice["status_transitions"]["finalized_at"].as_i64()
            );
        }
        let open_due = |days: i64| {
            invoices
                .iter()
                .filter(|one| one["status"] == "open")
                .filter(|one| {
                    night.at().as_second() - one["due_date"].as_i64().unwrap() > days * 86_400
                })
                .count()
        };
        assert!(open_due(45) > 0, "somebody is due for a final notice");
        assert!(open_due(15) > open_due(45));
    }
}

/// Goal: what changed between two nights is found as the vendors tell it: by a search of the CRM, by
/// the events of the billing API. Method: the windows between the first two nights; every object
/// that an event names is there by its id.
#[tokio::test]
async fn what_changed_is_told_as_the_vendors_tell_it() {
    let (_, servers, client) = start(3).await;
    servers.set_night(Night::Second);
    let [since, until] = [Night::First, Night::Second].map(|night| night.at().as_millisecond());
    let filters = json!([
        { "propertyName": "hs_lastmodifieddate", "operator": "BETWEEN",
            "value": since.to_string(), "highValue": until.to_string() },
        { "propertyName": "hs_object_id", "operator": "GT", "value": "0" },
    ]);
    let body = json!({ "filterGroups": [{ "filters": filters }], "sorts": ["hs_object_id"],
        "properties": ["dealname"], "limit": 200, "after": "0" });
    let path = "/crm/objects/2026-09/deals/search";
    let found = client.crm_post(path, &body).await.body;
    assert!(found["results"][0]["properties"]["dealname"].is_string());
    let everything = client
        .crm_post(path, &json!({ "limit": 200, "after": "0" }))
        .await;
    assert!(found["total"].as_u64() < everything.body["total"].as_u64());
    let far = json!({ "limit": 200, "after": "9900" });
    assert_eq!(client.crm_post(path, &far).await.status, 400);

    let path = format!(
        "/v1/events?types[]=invoice.finalized&types[]=invoice.updated&created[gte]={}",
        since / 1_000
    );
    let events = client.billing(&format!("{path}&limit=100")).await.body;
    let events = events["data"].as_array().unwrap();
    assert!(!events.is_empty());
    for event in events {
        let id = event["data"]["object"]["id"].as_str().unwrap();
        let one = client.billing(&format!("/v1/invoices/{id}")).await;
        assert_eq!(one.body["id"], id);
    }
    assert_eq!(client.billing("/v1/invoices/in_none").await.status, 404);
}
