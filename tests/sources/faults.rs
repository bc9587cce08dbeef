//! What goes wrong on the way: retries, time-outs, answers that are no answers.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossfoot::canonical::Entity;
use crossfoot::config::{ByteSize, HumanDuration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wiremock::{Request, ResponseTemplate};

use super::harness::{Desk, SINGLE, TOKEN, connector, items, json, server, status};

fn good() -> ResponseTemplate {
    json(format!(r#"{{"data":{}}}"#, items(&[1])))
}

/// A server that answers with `first` a number of times and then well.
fn after<F>(times: usize, first: F) -> impl Fn(&Request) -> ResponseTemplate + Send + Sync
where
    F: Fn() -> ResponseTemplate + Send + Sync,
{
    let tries = AtomicUsize::new(0);
    move |_| {
        if tries.fetch_add(1, Ordering::SeqCst) < times {
            first()
        } else {
            good()
        }
    }
}

async fn outcome<F>(answer: F) -> (Result<usize, String>, usize)
where
    F: Fn(&Request) -> ResponseTemplate + Send + Sync + 'static,
{
    let desk = Desk::new();
    let server = server(answer).await;
    let config = desk.api(&server.uri(), &connector(SINGLE), TOKEN);
    let result = desk
        .pull(&config, "items")
        .await
        .map(|pulled| pulled.records.len())
        .map_err(|failure| failure.report());
    (result, server.received_requests().await.unwrap().len())
}

#[tokio::test]
async fn a_burst_of_errors_is_sat_out() {
    // Goal: what passes by itself costs no row. Method: each status that is worth a retry, twice.
    for code in [408, 425, 429, 500, 502, 503, 504] {
        let (result, requests) = outcome(after(2, move || status(code))).await;
        assert_eq!((result, requests), (Ok(1), 3), "{code}");
    }
}

#[tokio::test]
async fn an_error_that_stays_ends_loudly_within_its_time() {
    // Goal: retries are bounded by `retry_for`. Method: 503 for ever.
    let started = Instant::now();
    let (result, requests) = outcome(|_| status(503)).await;
    let report = result.unwrap_err();
    assert!(
        report.contains("XF-S008") && report.contains("-> 503"),
        "{report}"
    );
    assert!(requests > 1 && started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn refusals_are_told_at_once() {
    // Goal: no retry storm where a retry gives the same answer. Method: one request each.
    for (code, expected) in [
        (400, "XF-S007"),
        (403, "XF-S005"),
        (404, "XF-S006"),
        (422, "XF-S007"),
    ] {
        let (result, requests) = outcome(move |_| {
            ResponseTemplate::new(code)
                .set_body_raw(r#"{"error":{"message":"no\nway"}}"#, "application/json")
        })
        .await;
        let report = result.unwrap_err();
        assert!(report.contains(expected), "{report}");
        assert!(report.contains(&format!("-> {code}: no way")), "{report}");
        assert_eq!(requests, 1);
    }
}

#[tokio::test]
async fn retry_after_is_honoured_in_both_forms() {
    // Goal: no request before the time that the server named. Method: one second, as a number and
    // as a date that only makes sense against the server's own, skewed clock.
    let forms: [&[(&str, &str)]; 2] = [
        &[("Retry-After", "1")],
        &[
            ("Retry-After", "Fri, 20 Nov 2015 23:45:01 GMT"),
            ("Date", "Fri, 20 Nov 2015 23:45:00 GMT"),
        ],
    ];
    for headers in forms {
        let started = Instant::now();
        let (result, requests) = outcome(after(1, move || {
            headers.iter().fold(status(429), |answer, (name, text)| {
                answer.insert_header(*name, *text)
            })
        }))
        .await;
        assert_eq!((result, requests), (Ok(1), 2));
        assert!(
            started.elapsed() >= Duration::from_millis(990),
            "{:?}",
            started.elapsed()
        );
    }
}

#[tokio::test]
async fn a_retry_after_that_is_nonsense_or_too_long() {
    // Goal: nonsense falls back to our own waits; longer than `retry_for` gives up at once.
    // Method: a negative number heals; a day and a number beyond all numbers do not.
    let (result, _) = outcome(after(1, || status(429).insert_header("Retry-After", "-5"))).await;
    assert_eq!(result, Ok(1));
    for long in ["86400", "99999999999999999999"] {
        let started = Instant::now();
        let (result, requests) =
            outcome(move |_| status(429).insert_header("Retry-After", long)).await;
        let report = result.unwrap_err();
        assert!(report.contains("XF-S009"), "{report}");
        assert_eq!(requests, 1);
        assert!(started.elapsed() < Duration::from_secs(1));
    }
}

#[tokio::test]
async fn an_answer_that_is_no_page_is_never_zero_rows() {
    // Goal: an HTML page, an error object, an empty or broken body with status 200 are errors.
    // Method: each heals when it passes, and is loud after three tries when it stays.
    let bodies: [(&str, &[u8]); 10] = [
        ("text/html", b"<html><body>Sign in</body></html>"),
        ("application/json", b"<!doctype html>"),
        ("application/json", br#"{"error":{"message":"quota"}}"#),
        ("application/json", b""),
        ("application/json", br#"{"data":null}"#),
        ("application/json", br#"{"data":{}}"#),
        ("application/json", br#"{"data":[]} trailing"#),
        ("application/json", b"{\"data\":[{\"id\":\"\xff\"}]}"),
        // The empty list in UTF-16, with and without its mark.
        ("application/json; charset=utf-16", b"\xff\xfe{\0}\0"),
        (
            "application/json; charset=utf-16le",
            b"{\0\"\0d\0a\0t\0a\0\"\0:\0[\0]\0}\0",
        ),
    ];
    for (kind, body) in bodies {
        let answer = move || ResponseTemplate::new(200).set_body_raw(body, kind);
        let (result, requests) = outcome(after(1, answer)).await;
        assert_eq!(
            (result, requests),
            (Ok(1), 2),
            "{}",
            String::from_utf8_lossy(body)
        );
        let (result, requests) = outcome(move |_| answer()).await;
        let report = result.unwrap_err();
        assert!(report.contains("XF-S010"), "{report}");
        assert_eq!(requests, 3);
    }
    let (result, _) = outcome(|_| ResponseTemplate::new(204)).await;
    assert!(result.unwrap_err().contains("XF-S010"));
    let bomb = "[".repeat(200_000);
    let (result, _) = outcome(move |_| json(bomb.clone())).await;
    assert!(result.unwrap_err().contains("nested deeper"));
}

#[tokio::test]
async fn a_wrong_type_and_a_byte_order_mark_do_no_harm() {
    // Goal: lenient about the label, strict about the content. Method: JSON as text/plain, marked.
    let (result, _) = outcome(|_| {
        let body = format!("\u{feff}{{\"data\":{}}}", items(&[1]));
        ResponseTemplate::new(200).set_body_raw(body, "text/plain; charset=iso-8859-1")
    })
    .await;
    assert_eq!(result, Ok(1));
}

#[tokio::test]
async fn a_redirect_is_named_and_not_followed() {
    // Goal: the token does not travel. Method: a redirect to a server that counts its requests.
    let other = server(|_| good()).await;
    let target = format!("{}/items?secret=1", other.uri());
    let (result, requests) =
        outcome(move |_| status(302).insert_header("Location", target.as_str())).await;
    let report = result.unwrap_err();
    assert!(
        report.contains("XF-S011") && report.contains(&other.uri()),
        "{report}"
    );
    assert!(!report.contains("secret=1"));
    assert_eq!(requests, 1);
    assert!(other.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_stopped() {
    // Goal: memory is bounded by `page_bytes`. Method: a body of one MiB against a limit of 64 KiB.
    let desk = Desk::new();
    let server = server(|_| json(format!(r#"{{"data":[],"x":"{}"}}"#, "y".repeat(1 << 20)))).await;
    let mut config = desk.api(&server.uri(), &connector(SINGLE), TOKEN);
    config.limits.page_bytes = ByteSize(64 << 10);
    let line = desk.pull(&config, "items").await.err().unwrap().line();
    assert!(
        line.starts_with("XF-S014") && line.contains("page_bytes"),
        "{line}"
    );
}

/// A server below HTTP: it reads a request and does with the socket what the step says.
async fn raw_server(steps: Vec<&'static [u8]>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for step in steps {
            let Ok((mut socket, _)) = listener.accept().await else {
                return;
            };
            let mut request = [0; 4096];
            let read = socket.read(&mut request).await;
            assert!(!matches!(read, Err(error) if error.kind() == ErrorKind::InvalidInput));
            if step.is_empty() {
                // Says nothing, and keeps the connection open.
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_secs(30)).await;
                    drop(socket);
                });
            } else {
                socket.write_all(step).await.unwrap();
                socket.shutdown().await.unwrap();
            }
        }
    });
    format!("http://{address}")
}

const WHOLE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
    content-length: 33\r\nconnection: close\r\n\r\n{\"data\":[{\"id\":\"1\",\"sku\":\"S-1\"}]}";

#[tokio::test]
async fn broken_bodies_are_never_parsed() {
    // Goal: a cut body is a transport error, also when its part is valid JSON. Method: too short
    // for its length, a chunked body without its last chunk, garbage, and an empty reply; then a
    // whole answer.
    let steps: [&'static [u8]; 4] = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\nconnection: close\r\n\r\n{\"data\":[]}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\nb\r\n{\"data\":[]}\r\n",
        b"\x00\x01garbage\r\n\r\n",
        b"HTTP/1.1 ",
    ];
    for step in steps {
        let desk = Desk::new();
        let uri = raw_server(vec![step, WHOLE]).await;
        let config = desk.api(&uri, &connector(SINGLE), TOKEN);
        let pulled = desk
            .pull(&config, "items")
            .await
            .unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!(
            pulled.ids(Entity::Products),
            ["1"],
            "{}",
            String::from_utf8_lossy(step)
        );
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_left_and_asked_again() {
    // Goal: the idle time-out. Method: the first connection never answers.
    let desk = Desk::new();
    let uri = raw_server(vec![b"", WHOLE]).await;
    let mut config = desk.api(&uri, &connector(SINGLE), TOKEN);
    config.limits.read_timeout = HumanDuration(Duration::from_millis(200));
    let pulled = desk.pull(&config, "items").await.unwrap();
    assert_eq!(pulled.ids(Entity::Products), ["1"]);
}

#[tokio::test]
async fn plain_http_leaves_this_machine_never() {
    // Goal: no credential over an open line. Method: opening fails before any request.
    let desk = Desk::new();
    let config = desk.api("http://api.example.com", &connector(SINGLE), TOKEN);
    let report = desk.open(&config).err().unwrap().report();
    assert!(
        report.contains("XF-S015") && report.contains("this machine only"),
        "{report}"
    );
}
