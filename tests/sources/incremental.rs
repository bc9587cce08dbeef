//! Asking only for what changed: the window starts at the vendor's clock, less the overlap.

use crossfoot::canonical::Entity;
use wiremock::ResponseTemplate;

use super::harness::{Desk, TOKEN, connector, items, json, pull, query, server};

fn incremental(text: &str) -> String {
    connector(r#"{ kind = "single" }"#)
        .replace("full_sweep = true", &format!("full_sweep = true\n{text}"))
}

#[tokio::test]
async fn the_window_reaches_back_over_the_last_one_on_the_vendors_clock() {
    // Goal: no row is lost between two windows, and the local clock has no say. Method: the
    // server's clock is an hour off ours; the second pull must ask from its time less the overlap.
    let desk = Desk::new();
    let server = server(|_| {
        json(format!(r#"{{"data":{}}}"#, items(&[1])))
            .insert_header("Date", "Sat, 21 Nov 2026 02:00:00 GMT")
    })
    .await;
    let text = incremental(
        r#"incremental = { parameter = "updated[gte]", format = "epoch_seconds", overlap = "10m" }"#,
    );
    let source = desk.open(&desk.api(&server.uri(), &text, TOKEN)).unwrap();
    let first = pull(source.as_ref(), "items", None, false).await.unwrap();
    assert_eq!(first.report.cursor.as_deref(), Some("2026-11-21T02:00:00Z"));
    assert_eq!(first.report.full_sweeps, [Entity::Products]);
    let second = pull(source.as_ref(), "items", first.report.cursor.clone(), false)
        .await
        .unwrap();
    assert!(
        second.report.full_sweeps.is_empty(),
        "a window proves no absence"
    );
    let full = pull(source.as_ref(), "items", first.report.cursor, true)
        .await
        .unwrap();
    assert_eq!(full.report.full_sweeps, [Entity::Products]);
    let asked: Vec<Option<String>> = server
        .received_requests()
        .await
        .unwrap()
        .iter()
        .map(|request| query(request, "updated[gte]"))
        .collect();
    let instant: jiff::Timestamp = "2026-11-21T01:50:00Z".parse().unwrap();
    assert_eq!(asked, [None, Some(instant.as_second().to_string()), None]);
}

#[tokio::test]
async fn start_and_headers_and_bodies_take_the_instant_too() {
    // Goal: the other places of a window. Method: `If-Modified-Since`, then `{since}` in a body,
    // both from `start`, which is a midnight of the books' zone.
    let mut desk = Desk::new();
    desk.zone = jiff::tz::TimeZone::get("America/New_York").unwrap();
    let server = server(|request| {
        let body = String::from_utf8(request.body.clone()).unwrap();
        let since = request
            .headers
            .get("if-modified-since")
            .and_then(|text| text.to_str().ok());
        match (since, body.as_str()) {
            (Some("Thu, 01 Jan 2026 05:00:00 GMT"), "") | (None, r#"{"from":"1767243600000"}"#) => {
                json(r#"{"data":[]}"#)
            }
            _ => ResponseTemplate::new(400),
        }
    })
    .await;
    let more = format!("{TOKEN}\nstart = \"2026-01-01\"");
    let by_header = incremental(
        r#"incremental = { header = "If-Modified-Since", format = "http_date", overlap = "1m" }"#,
    );
    desk.pull(&desk.api(&server.uri(), &by_header, &more), "items")
        .await
        .unwrap();
    let by_body = incremental(r#"incremental = { format = "epoch_milliseconds", overlap = "1m" }"#)
        .replace(
            r#"{ path = "/items" }"#,
            r#"{ method = "POST", path = "/items", body = { from = "{since}" } }"#,
        );
    desk.pull(&desk.api(&server.uri(), &by_body, &more), "items")
        .await
        .unwrap();
}

#[tokio::test]
async fn two_streams_of_one_entity_cannot_both_be_sweeps() {
    // Goal: a connector file that would delete what another stream brings is refused. Method: the
    // same stream twice under two names.
    let desk = Desk::new();
    let text = connector(r#"{ kind = "single" }"#);
    let stream = text[text.find("[[stream]]").unwrap()..].replace("\"items\"", "\"others\"");
    let config = desk.api(
        "https://api.example.com",
        &format!("{text}\n{stream}"),
        TOKEN,
    );
    let line = desk.open(&config).err().unwrap().line();
    assert!(
        line.starts_with("XF-S002") && line.contains("two streams"),
        "{line}"
    );
}
