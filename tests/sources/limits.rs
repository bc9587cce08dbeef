//! Bodies and headers that want more than a page may have: of memory, of time, or of trust.

use std::time::{Duration, Instant};

use crossfoot::canonical::Entity;
use crossfoot::config::{ByteSize, HumanDuration, SourceConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wiremock::ResponseTemplate;

use super::harness::{Desk, SINGLE, TOKEN, connector, items, json, server, status};

const BOMB: &[u8] = include_bytes!("../fixtures/sources/bomb.json.gz");
const PAGE: &[u8] = include_bytes!("../fixtures/sources/page.json.gz");
const WHOLE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
    content-length: 33\r\nconnection: close\r\n\r\n{\"data\":[{\"id\":\"1\",\"sku\":\"S-1\"}]}";

/// A server below HTTP: the first connections get what their step does, the last one a page.
async fn raw<F, A>(steps: usize, act: F) -> String
where
    F: Fn(TcpStream) -> A + Send + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut count = 0;
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await;
            count += 1;
            if count <= steps {
                tokio::spawn(act(socket));
            } else {
                let _ = socket.write_all(WHOLE).await;
            }
        }
    });
    format!("http://{address}")
}

fn short(desk: &Desk, uri: &str) -> SourceConfig {
    let mut config = desk.api(uri, &connector(SINGLE), TOKEN);
    config.limits.read_timeout = HumanDuration(Duration::from_millis(300));
    config.limits.total_timeout = HumanDuration(Duration::from_millis(600));
    config.limits.retry_for = HumanDuration(Duration::from_secs(3));
    config.limits.page_bytes = ByteSize(1 << 20);
    config
}

async fn code_of(config: &SourceConfig, desk: &Desk) -> String {
    match desk.pull(config, "items").await {
        Ok(pulled) => format!("{} rows", pulled.ids(Entity::Products).len()),
        Err(failure) => failure.code().to_owned(),
    }
}

#[tokio::test]
async fn decoded_bytes_are_what_counts() {
    // Goal: a small answer that unpacks into a large one is stopped, and a good packed one is
    // read. Method: 16 MiB in 16 KiB against a limit of one MiB.
    let desk = Desk::new();
    for (packed, expected) in [(BOMB, "XF-S014"), (PAGE, "1 rows")] {
        let server = server(move |_| {
            ResponseTemplate::new(200)
                .insert_header("content-encoding", "gzip")
                .set_body_raw(packed, "application/json")
        })
        .await;
        assert_eq!(code_of(&short(&desk, &server.uri()), &desk).await, expected);
    }
}

#[tokio::test]
async fn an_endless_body_and_an_endless_header_are_stopped() {
    // Goal: neither fills the memory. Method: a body without an end, then 4 MiB of headers.
    let desk = Desk::new();
    let endless = raw(usize::MAX, |mut socket| async move {
        let _ = socket
            .write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"data\":[")
            .await;
        while socket.write_all(&[b' '; 8192]).await.is_ok() {}
    })
    .await;
    assert_eq!(code_of(&short(&desk, &endless), &desk).await, "XF-S014");
    let headed = raw(usize::MAX, |mut socket| async move {
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\n").await;
        for number in 0..4096 {
            let line = format!("x-{number}: {}\r\n", "y".repeat(1000));
            if socket.write_all(line.as_bytes()).await.is_err() {
                return;
            }
        }
        let _ = socket.write_all(b"\r\n{}").await;
    })
    .await;
    assert_eq!(code_of(&short(&desk, &headed), &desk).await, "XF-S008");
}

#[tokio::test]
async fn a_body_that_drips_or_stalls_is_left_in_time() {
    // Goal: a server that is never idle and never done cannot hold a pull. Method: a byte every 50
    // ms against a deadline of 600 ms, and a body that stops in the middle; then a page.
    let desk = Desk::new();
    let started = Instant::now();
    let dripping = raw(1, |mut socket| async move {
        let _ = socket
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
            .await;
        while socket.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    assert_eq!(code_of(&short(&desk, &dripping), &desk).await, "1 rows");
    let stalling = raw(1, |mut socket| async move {
        let _ = socket
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"data\":[")
            .await;
        tokio::time::sleep(Duration::from_secs(20)).await;
    })
    .await;
    assert_eq!(code_of(&short(&desk, &stalling), &desk).await, "1 rows");
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn what_is_cut_is_asked_for_again() {
    // Goal: no part of an answer is ever taken for it. Method: packed bytes that are cut, a
    // connection that is reset, and one that is closed without a word; then a page.
    let desk = Desk::new();
    let cut = raw(1, |mut socket| async move {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            PAGE.len() - 12
        );
        let _ = socket.write_all(head.as_bytes()).await;
        let _ = socket.write_all(&PAGE[..PAGE.len() - 12]).await;
    })
    .await;
    assert_eq!(code_of(&short(&desk, &cut), &desk).await, "1 rows");
    let reset = raw(1, |mut socket| async move {
        let _ = socket
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"data\":[")
            .await;
        let _ = socket.set_zero_linger();
    })
    .await;
    assert_eq!(code_of(&short(&desk, &reset), &desk).await, "1 rows");
    let closed = raw(1, |socket| async move { drop(socket) }).await;
    assert_eq!(code_of(&short(&desk, &closed), &desk).await, "1 rows");
}

#[tokio::test]
async fn a_length_that_is_too_small_ends_the_answer() {
    // Goal: only what the length covers is read, and the bytes behind it spoil no later answer.
    // Method: a whole page, with another answer's bytes behind it, twice.
    let desk = Desk::new();
    let long = raw(usize::MAX, |mut socket| async move {
        let _ = socket.write_all(WHOLE).await;
        let _ = socket
            .write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"data\":[]}")
            .await;
    })
    .await;
    let config = short(&desk, &long);
    for _ in 0..2 {
        assert_eq!(code_of(&config, &desk).await, "1 rows");
    }
}

#[tokio::test]
async fn redirects_lead_nowhere_else() {
    // Goal: no redirect is followed away from the vendor, and none in a circle. Method: to itself,
    // to another host, to the metadata service and to a file.
    let desk = Desk::new();
    for target in [
        "/items",
        "https://evil.example/items?token=1",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "gopher://evil.example",
    ] {
        for code in [301, 302, 307, 308] {
            let server = server(move |_| status(code).insert_header("Location", target)).await;
            let config = short(&desk, &server.uri());
            let report = desk.pull(&config, "items").await.err().unwrap().report();
            assert!(report.contains("XF-S011"), "{report}");
            assert!(!report.contains("token=1"), "{report}");
            assert_eq!(server.received_requests().await.unwrap().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_redirect_of_the_vendor_to_itself_is_followed() {
    // Goal: a list that has moved at its own host costs nothing, also where its real host is named,
    // which `base_url` stands in for; a chain that goes on for ever is told. Method: one step by
    // path, one by the connector's own host, and one more path at every step.
    let desk = Desk::new();
    for (target, expected) in [
        ("/moved", "1 rows"),
        ("https://api.example.com/moved", "1 rows"),
        ("+", "XF-S011"),
    ] {
        let server = server(move |request| match (request.url.path(), target) {
            ("/moved", _) => json(format!(r#"{{"data":{}}}"#, items(&[1]))),
            (path, "+") => status(302).insert_header("Location", format!("{path}x").as_str()),
            _ => status(308).insert_header("Location", target),
        })
        .await;
        let config = short(&desk, &server.uri());
        assert_eq!(code_of(&config, &desk).await, expected, "{target}");
        let requests = server.received_requests().await.unwrap();
        assert!(requests.len() <= 4, "{}", requests.len());
        for request in &requests {
            assert!(request.headers.contains_key("authorization"));
        }
    }
}

#[tokio::test]
async fn limits_are_of_a_stream_and_not_of_each_list() {
    // Goal: pages and rows count over lists, slices and children of one pull, and anew in the next.
    // Method: three lists of two pages each under a limit of five, then of six, pulled twice.
    let list = |name: &str| {
        format!(
            r#"
            [[stream.list]]
            request = {{ path = "/{name}" }}
            records = "data"
            paginate = {{ kind = "page", parameter = "page" }}
            [[stream.list.feed]]
            entity = "products"
            map = {{ id = "id", sku = "sku" }}
            "#
        )
    };
    let text = format!(
        "base_url = 'https://api.example.com'\nrole = 'billing'\n\
         auth = {{ kind = 'bearer', token = 'token' }}\n[[stream]]\nname = 'items'\n{}{}{}",
        list("a"),
        list("b"),
        list("c")
    );
    let server = server(|request| {
        let place = u64::from(request.url.path().as_bytes()[1]);
        let ids = match super::harness::query(request, "page").as_deref() {
            Some("1") => items(&[place]),
            _ => items(&[]),
        };
        json(format!(r#"{{"data":{ids}}}"#))
    })
    .await;
    let desk = Desk::new();
    for (limit, expected) in [
        ("pages = 5", "XF-S014"),
        ("pages = 6", "3 rows"),
        ("rows = 2", "XF-S014"),
        ("rows = 3", "3 rows"),
    ] {
        let config = desk.api(
            &server.uri(),
            &text,
            &format!("{TOKEN}\nlimits = {{ {limit} }}"),
        );
        let source = desk.open(&config).unwrap();
        for _ in 0..2 {
            let pulled = super::harness::pull(source.as_ref(), "items", None, false).await;
            let came = match pulled {
                Ok(pulled) => format!("{} rows", pulled.ids(Entity::Products).len()),
                Err(failure) => failure.code().to_owned(),
            };
            assert_eq!(came, expected, "{limit}");
        }
    }
}

#[tokio::test]
async fn a_secret_cannot_stand_in_a_url() {
    // Goal: logs of every proxy hold URLs, so no credential may. Method: a connector that tries.
    let desk = Desk::new();
    let server = server(|_| json(format!(r#"{{"data":{}}}"#, items(&[1])))).await;
    for path in ["/items/{token}", "/items?key={token}"] {
        let text = connector(SINGLE).replace("\"/items\"", &format!("\"{path}\""));
        let config = desk.api(&server.uri(), &text, TOKEN);
        assert_eq!(code_of(&config, &desk).await, "XF-S002", "{path}");
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_whole_api_that_limits_its_rate_is_read_with_few_refusals() {
    // Goal: the pause holds for all streams, so there is no hail of 429. Method: three answers,
    // then a second's pause, again and again, to eight pulls at once.
    let desk = Desk::new();
    let refusals = std::sync::Arc::new(std::sync::Mutex::new((0_usize, 0_usize, None::<Instant>)));
    let shared = std::sync::Arc::clone(&refusals);
    let server = server(move |_| {
        let mut state = shared.lock().unwrap();
        if state.2.is_some_and(|until| Instant::now() < until) || state.0 % 4 == 3 {
            if state.0 % 4 == 3 {
                state.2 = Some(Instant::now() + Duration::from_millis(900));
                state.0 += 1;
            }
            state.1 += 1;
            return status(429).insert_header("Retry-After", "1");
        }
        state.0 += 1;
        json(format!(r#"{{"data":{}}}"#, items(&[1])))
    })
    .await;
    let mut config = desk.api(&server.uri(), &connector(SINGLE), TOKEN);
    config.limits.retry_for = HumanDuration(Duration::from_secs(10));
    let source = desk.open(&config).unwrap();
    let pulls = (0..8).map(|_| super::harness::pull(source.as_ref(), "items", None, false));
    for pulled in futures::future::join_all(pulls).await {
        assert_eq!(pulled.unwrap().records.len(), 1);
    }
    let refused = refusals.lock().unwrap().1;
    assert!(refused <= 12, "{refused}");
}
