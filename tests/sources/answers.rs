//! What a vendor's answers mean by the rules of its connector file.

use std::sync::atomic::{AtomicUsize, Ordering};

use crossfoot::canonical::Entity;
use crossfoot::sources::Seal;
use wiremock::{Request, ResponseTemplate};

use super::harness::{Desk, SINGLE, TOKEN, connector, items, json, query, server, status};

fn good() -> ResponseTemplate {
    json(format!(r#"{{"data":{}}}"#, items(&[1])))
}

fn answer(code: u16, body: &'static str) -> ResponseTemplate {
    ResponseTemplate::new(code).set_body_raw(body, "application/json")
}

/// The connector with more tables in front of its streams.
fn with_rules(rules: &str, paginate: &str) -> String {
    connector(paginate).replacen("[[stream]]", &format!("{rules}\n[[stream]]"), 1)
}

async fn told<F>(rules: &str, reply: F) -> (Result<usize, String>, usize)
where
    F: Fn(&Request) -> ResponseTemplate + Send + Sync + 'static,
{
    let desk = Desk::new();
    let server = server(reply).await;
    let config = desk.api(&server.uri(), &with_rules(rules, SINGLE), TOKEN);
    let result = desk
        .pull(&config, "items")
        .await
        .map(|pulled| pulled.records.len())
        .map_err(|failure| failure.report());
    (result, server.received_requests().await.unwrap().len())
}

#[tokio::test]
async fn rules_come_before_the_status() {
    // Goal: a status means what the connector says. Method: one answer of each class, and then a
    // good page.
    let rules = r#"
        request_id = ["X-Request-Id"]

        [[error]]
        status = 403
        path = "error.code"
        is = "concurrent"
        means = "again"

        [[error]]
        status = [400, 500]
        contains = "no right"
        means = "forbidden"

        [[error]]
        status = 500
        path = "errors.0"
        means = "stop"

        [[error]]
        status = [204, 304]
        means = "empty"

        [[error]]
        path = "success"
        is = "false"
        in_ok = true
        means = "stop"
    "#;
    let tries = AtomicUsize::new(0);
    let healed = told(rules, move |_| match tries.fetch_add(1, Ordering::SeqCst) {
        0 => answer(403, r#"{"error":{"code":"concurrent"}}"#),
        _ => good(),
    });
    assert_eq!(healed.await, (Ok(1), 2));
    for (code, body, expected) in [
        (
            400,
            r#"{"error":{"message":"you have no right here"}}"#,
            "XF-S005",
        ),
        (
            500,
            r#"{"errors":["Unable to find X in the Y Entity."]}"#,
            "XF-S007",
        ),
        (
            200,
            r#"{"success":false,"data":[],"message":"bad query"}"#,
            "XF-S007",
        ),
    ] {
        let (result, requests) = told(rules, move |_| {
            answer(code, body).insert_header("X-Request-Id", "req-7")
        })
        .await;
        let report = result.unwrap_err();
        assert!(report.contains(expected), "{report}");
        assert!(report.contains("(request id req-7)"), "{report}");
        assert_eq!(requests, 1);
    }
    for code in [204, 304] {
        assert_eq!(
            told(rules, move |_| status(code)).await,
            (Ok(0), 1),
            "{code}"
        );
        let (result, _) = told("", move |_| status(code)).await;
        assert!(result.is_err(), "{code}");
    }
}

#[tokio::test]
async fn an_expired_place_lets_the_list_begin_anew() {
    // Goal: a forgotten cursor costs no row and ends at last. Method: the cursor dies once, then
    // for ever.
    let rules = "[[error]]\nstatus = 400\npath = 'error.code'\nis = 'EXPIRED'\nmeans = 'restart'";
    let paginate = r#"{ kind = "cursor", next = "next", parameter = "cursor" }"#;
    for (deaths, expected) in [(1, Ok(3)), (99, Err("XF-S027"))] {
        let desk = Desk::new();
        let died = AtomicUsize::new(0);
        let server = server(move |request| match query(request, "cursor") {
            None => json(format!(r#"{{"data":{},"next":"c2"}}"#, items(&[1, 2]))),
            Some(_) if died.fetch_add(1, Ordering::SeqCst) < deaths => {
                answer(400, r#"{"error":{"code":"EXPIRED"}}"#)
            }
            Some(_) => json(format!(r#"{{"data":{}}}"#, items(&[3]))),
        })
        .await;
        let config = desk.api(&server.uri(), &with_rules(rules, paginate), TOKEN);
        let result = desk.pull(&config, "items").await;
        match (result, expected) {
            (Ok(pulled), Ok(count)) => {
                let mut ids = pulled.ids(Entity::Products);
                ids.sort_unstable();
                ids.dedup();
                assert_eq!(ids.len(), count);
                assert_eq!(pulled.report.seal, Seal::Sealed);
            }
            (Err(failure), Err(code)) => assert_eq!(failure.code(), code),
            _ => panic!("{deaths}"),
        }
        let asked = server.received_requests().await.unwrap().len();
        assert!(asked <= 6, "{asked}");
    }
}

#[tokio::test]
async fn a_field_that_is_missing_is_asked_for_no_more_and_told() {
    // Goal: one missing field costs itself alone. Method: the vendor names it, and answers well
    // without it.
    let rules = "[[error]]\nstatus = 400\nmeans = 'field'\nfield = \"No such column '(.+?)'\"";
    let desk = Desk::new();
    let server = server(|request| {
        let fields = query(request, "fields").unwrap();
        if fields.split(',').any(|field| field == "Old__c") {
            return answer(
                400,
                r#"[{"message":"\nNo such column 'Old__c' on entity 'X'"}]"#,
            );
        }
        assert_eq!(fields, "id,sku");
        good()
    })
    .await;
    let text = with_rules(rules, SINGLE)
        .replace(
            r#"{ path = "/items" }"#,
            r#"{ path = "/items", query = { fields = "{fields}" }, fields_under = "" }"#,
        )
        .replace(r#"sku = "sku" }"#, r#"sku = "sku", name = "Old__c" }"#);
    let config = desk.api(&server.uri(), &text, TOKEN);
    let pulled = desk
        .pull(&config, "items")
        .await
        .unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(pulled.ids(Entity::Products), ["1"]);
    assert!(
        pulled.report.gaps[0].contains("`Old__c`"),
        "{:?}",
        pulled.report.gaps
    );
    assert!(pulled.report.warnings[0].contains("`Old__c`"));
}

#[tokio::test]
async fn a_token_that_a_rule_calls_dead_is_told_at_once() {
    // Goal: vendors that refuse a token with another status. Method: a 403 with its own code.
    let rules = "[[error]]\nstatus = 403\npath = 'error.code'\nis = '3100'\nmeans = 'auth'";
    let (result, requests) = told(rules, |_| answer(403, r#"{"error":{"code":3100}}"#)).await;
    assert!(result.unwrap_err().contains("XF-S004"));
    assert_eq!(requests, 1);
}
