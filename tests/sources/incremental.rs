//! Asking only for what changed: the window starts where the last one ended, less the overlap.

use crossfoot::canonical::Entity;
use wiremock::ResponseTemplate;

use super::harness::{Desk, TOKEN, asked, connector, cursor, items, json, pull, query, server};

fn incremental(text: &str) -> String {
    connector(r#"{ kind = "single" }"#)
        .replace("full_sweep = true", &format!("full_sweep = true\n{text}"))
}

#[tokio::test]
async fn the_window_reaches_back_over_the_last_one_on_the_earlier_clock() {
    // Goal: no row is lost between two windows, whichever clock is wrong. Method: the server's clock
    // is an hour ahead of ours, then an hour behind; the second pull must ask from the earlier one
    // less the overlap, and one in full from nowhere.
    for (date, at, since) in [
        (
            "Sat, 21 Nov 2026 02:00:00 GMT",
            "2026-11-21T01:00:00Z",
            "2026-11-21T00:50:00Z",
        ),
        (
            "Sat, 21 Nov 2026 00:00:00 GMT",
            "2026-11-21T00:00:00Z",
            "2026-11-20T23:50:00Z",
        ),
    ] {
        let desk = Desk::new();
        let server = server(move |_| {
            json(format!(r#"{{"data":{}}}"#, items(&[1]))).insert_header("Date", date)
        })
        .await;
        let text = incremental(
            r#"incremental = { parameter = "updated[gte]", format = "epoch_seconds", overlap = "10m" }"#,
        );
        let source = desk.open(&desk.api(&server.uri(), &text, TOKEN)).unwrap();
        let first = pull(source.as_ref(), "items", None, false).await.unwrap();
        let expected = cursor(at, "2026-11-21T01:00:00Z", 1);
        assert_eq!(first.report.cursor, Some(expected));
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
        let instant: jiff::Timestamp = since.parse().unwrap();
        assert_eq!(asked, [None, Some(instant.as_second().to_string()), None]);
    }
}

#[tokio::test]
async fn the_stamps_of_rows_move_no_window() {
    // Goal: a row of the year 2099, or without a stamp, starves no later window and is kept.
    // Method: such rows beside an old one; the window ends by the clocks alone.
    let desk = Desk::new();
    let server = server(|_| {
        json(
            r#"{"data":[{"id":"1","sku":"A","at":"2099-01-01T00:00:00Z"},{"id":"2","sku":"B"},
                {"id":"3","sku":"C","at":"1970-01-01T00:00:00Z"},
                {"id":"4","sku":"D","at":null}]}"#,
        )
        .insert_header("Date", "Sat, 21 Nov 2026 01:00:00 GMT")
    })
    .await;
    let text =
        incremental(r#"incremental = { parameter = "since", format = "rfc3339", overlap = "1h" }"#)
            .replace(r#"sku = "sku" }"#, r#"sku = "sku", updated_at = "at" }"#);
    let source = desk.open(&desk.api(&server.uri(), &text, TOKEN)).unwrap();
    let first = pull(source.as_ref(), "items", None, false).await.unwrap();
    assert_eq!(first.ids(Entity::Products), ["1", "2", "3", "4"]);
    let expected = cursor("2026-11-21T01:00:00Z", "2026-11-21T01:00:00Z", 4);
    assert_eq!(first.report.cursor.as_deref(), Some(expected.as_str()));
    let second = pull(source.as_ref(), "items", first.report.cursor, false)
        .await
        .unwrap();
    assert_eq!(second.report.cursor, Some(expected));
}

#[tokio::test]
async fn headers_and_bodies_take_the_instant_too() {
    // Goal: the other places of a window. Method: `If-Modified-Since`, then `{since}` in a body,
    // both after a window that ended at six.
    let desk = Desk::new();
    let server = server(|request| {
        let body = String::from_utf8(request.body.clone()).unwrap();
        let since = request
            .headers
            .get("if-modified-since")
            .and_then(|text| text.to_str().ok());
        match (since, body.as_str()) {
            (Some("Thu, 01 Jan 2026 05:59:00 GMT"), "") | (None, r#"{"from":"1767247140000"}"#) => {
                json(r#"{"data":[]}"#)
            }
            _ => ResponseTemplate::new(400),
        }
    })
    .await;
    let last = "2026-01-01T06:00:00Z";
    let by_header = incremental(
        r#"incremental = { header = "If-Modified-Since", format = "http_date", overlap = "1m" }"#,
    );
    let source = desk
        .open(&desk.api(&server.uri(), &by_header, TOKEN))
        .unwrap();
    pull(source.as_ref(), "items", Some(last.into()), false)
        .await
        .unwrap();
    let by_body = incremental(r#"incremental = { format = "epoch_milliseconds", overlap = "1m" }"#)
        .replace(
            r#"{ path = "/items" }"#,
            r#"{ method = "POST", path = "/items", body = { from = "{since}" } }"#,
        );
    let source = desk
        .open(&desk.api(&server.uri(), &by_body, TOKEN))
        .unwrap();
    pull(source.as_ref(), "items", Some(last.into()), false)
        .await
        .unwrap();
}

#[tokio::test]
async fn start_bounds_when_a_record_came_to_be() {
    // Goal: `start` narrows the lists that say how, in every pass, and never by the last change:
    // an old customer is a customer. Method: a start in New York, a full read and a window.
    let mut desk = Desk::new();
    desk.zone = jiff::tz::TimeZone::get("America/New_York").unwrap();
    let server = server(|_| json(r#"{"data":[]}"#)).await;
    let window = r#"incremental = { parameter = "changed", format = "rfc3339", overlap = "0s" }"#;
    let start = r#"records = "data"
        start = { parameter = "created", format = "rfc3339" }"#;
    let more = format!("{TOKEN}\nstart = \"2026-01-01\"");
    for text in [
        incremental(window),
        incremental(window).replace(r#"records = "data""#, start),
    ] {
        let source = desk.open(&desk.api(&server.uri(), &text, &more)).unwrap();
        pull(source.as_ref(), "items", None, false).await.unwrap();
        let last = "2026-11-20T00:00:00Z".to_owned();
        pull(source.as_ref(), "items", Some(last), false)
            .await
            .unwrap();
    }
    assert_eq!(
        asked(&server).await,
        [
            "/items",
            "/items?changed=2026-11-20T00:00:00Z",
            "/items?created=2026-01-01T05:00:00Z",
            "/items?changed=2026-11-20T00:00:00Z&created=2026-01-01T05:00:00Z",
        ]
    );
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
