//! Credentials: each kind, their renewal, and that they are never shown.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crossfoot::canonical::Entity;
use wiremock::{MockServer, Request, ResponseTemplate};

use super::harness::{
    Desk, SINGLE, TOKEN, asked, connector, header, items, json, pull, query, server, status,
    with_auth,
};

const LAST_ID: &str = r#"{ kind = "last_id", parameter = "after", id = "id", more = "more" }"#;

/// A server that wants certain headers, and answers 401 otherwise.
async fn wants(name: &'static str, text: &'static str) -> MockServer {
    server(move |request| {
        if header(request, name) == Some(text) {
            json(format!(r#"{{"data":{}}}"#, items(&[1])))
        } else {
            status(401)
        }
    })
    .await
}

fn form(request: &Request) -> Vec<(String, String)> {
    url::form_urlencoded::parse(&request.body)
        .into_owned()
        .collect()
}

fn has(form: &[(String, String)], name: &str, text: &str) -> bool {
    form.iter().any(|(key, value)| key == name && value == text)
}

#[tokio::test]
async fn headers_that_stand() {
    // Goal: bearer, basic, own headers and none. Method: a server that wants exactly one header.
    let desk = Desk::new();
    desk.secret("key", "k1");
    for (auth, more, name, text) in [
        (
            r#"{ kind = "bearer", token = "token" }"#,
            TOKEN,
            "authorization",
            "Bearer tok-secret-1",
        ),
        (
            r#"{ kind = "basic", username = "{api_key}" }"#,
            "api_key = { file = 'key' }",
            "authorization",
            "Basic azE6",
        ),
        (
            r#"{ kind = "basic", username = "{company}+{public_key}", password = "{private_key}" }"#,
            "company = 'co'\npublic_key = 'pub'\nprivate_key = { file = 'key' }",
            "authorization",
            "Basic Y28rcHViOmsx",
        ),
        (
            r#"{ kind = "header", headers = { "X-Key" = "Zoho {api_key}" } }"#,
            "api_key = { file = 'key' }",
            "x-key",
            "Zoho k1",
        ),
        (r#"{ kind = "none" }"#, "", "accept", "application/json"),
    ] {
        let server = wants(name, text).await;
        let config = desk.api(&server.uri(), &with_auth(auth, SINGLE), more);
        let pulled = desk
            .pull(&config, "items")
            .await
            .unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!(pulled.ids(Entity::Products), ["1"], "{auth}");
    }
}

#[tokio::test]
async fn a_wrong_token_is_told_at_once_and_never_shown() {
    // Goal: one request, a message that says what to renew, and no secret in it, even when the
    // vendor echoes it. Method: the server answers 401 with the token in its message.
    let desk = Desk::new();
    let server = server(|request| {
        let own = header(request, "authorization").unwrap().to_owned();
        ResponseTemplate::new(401).set_body_raw(
            format!(r#"{{"error":{{"message":"bad key: {own}"}}}}"#),
            "application/json",
        )
    })
    .await;
    let failure = desk
        .pull(&desk.api(&server.uri(), &connector(SINGLE), TOKEN), "items")
        .await
        .err()
        .unwrap();
    let report = failure.report();
    assert_eq!(failure.code(), "XF-S004");
    assert!(
        report.contains("/items -> 401: bad key: Bearer [secret]"),
        "{report}"
    );
    assert!(
        report.contains("renew the file token, then run `crossfoot check`"),
        "{report}"
    );
    assert!(
        !format!("{report}{failure:?}").contains("tok-secret-1"),
        "{report}"
    );
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_missing_credential_names_its_key() {
    // Goal: the configuration's fault is told with its cure. Method: no token at all, then a file
    // that others can read.
    let desk = Desk::new();
    let line = |more: &str| {
        desk.open(&desk.api("https://api.example.com", &connector(SINGLE), more))
            .err()
            .unwrap()
            .report()
    };
    let report = line("");
    assert!(
        report.contains("XF-S003") && report.contains("add `token ="),
        "{report}"
    );
    desk.file("open-token", "x");
    std::fs::set_permissions(
        desk.path().join("open-token"),
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )
    .unwrap();
    let report = line("token = { file = 'open-token' }");
    assert!(
        report.contains("XF-S003") && report.contains("chmod 600"),
        "{report}"
    );
}

const CLIENT: &str = "client_id = 'c1'\nclient_secret = { file = 'client' }";

#[tokio::test]
async fn client_credentials_in_the_form_and_in_a_header() {
    // Goal: both places of the client's secret. Method: the token endpoint accepts one of them.
    let desk = Desk::new();
    desk.secret("client", "s1");
    for client_auth in ["form", "basic"] {
        let server = server(move |request| {
            if request.url.path() == "/oauth/token" {
                let form = form(request);
                let in_form = has(&form, "client_id", "c1") && has(&form, "client_secret", "s1");
                let in_header = header(request, "authorization") == Some("Basic YzE6czE=");
                assert!(has(&form, "grant_type", "client_credentials"));
                assert!(has(&form, "scope", "read all"));
                return if (client_auth == "form") == in_form
                    && (client_auth == "basic") == in_header
                {
                    json(r#"{"access_token":"a1","expires_in":3600}"#)
                } else {
                    status(400)
                };
            }
            assert_eq!(header(request, "authorization"), Some("Bearer a1"));
            json(format!(r#"{{"data":{}}}"#, items(&[1])))
        })
        .await;
        let auth = format!(
            r#"{{ kind = "client_credentials", token_url = "https://login.example.com/oauth/token", scope = "read all", client_auth = "{client_auth}" }}"#
        );
        let config = desk.api(&server.uri(), &with_auth(&auth, SINGLE), CLIENT);
        desk.pull(&config, "items")
            .await
            .unwrap_or_else(|failure| panic!("{failure}"));
    }
}

const GRANT: &str = r#"{ kind = "client_credentials", token_url = "/token" }"#;

#[tokio::test]
async fn a_401_in_mid_run_is_answered_by_one_new_token_and_the_same_page() {
    // Goal: a revoked token costs one refresh and no row. Method: the first token dies after the
    // first page.
    let desk = Desk::new();
    desk.secret("client", "s1");
    let issued = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&issued);
    let server = server(move |request| {
        if request.url.path() == "/token" {
            let number = counter.fetch_add(1, Ordering::SeqCst) + 1;
            return json(format!(
                r#"{{"access_token":"a{number}","expires_in":3600}}"#
            ));
        }
        let token = header(request, "authorization").unwrap();
        match (query(request, "after").as_deref(), token) {
            (None, "Bearer a1") => json(format!(r#"{{"data":{},"more":true}}"#, items(&[1, 2]))),
            (Some("2"), "Bearer a2") => json(format!(r#"{{"data":{},"more":false}}"#, items(&[3]))),
            _ => status(401),
        }
    })
    .await;
    let config = desk.api(&server.uri(), &with_auth(GRANT, LAST_ID), CLIENT);
    let pulled = desk.pull(&config, "items").await.unwrap();
    assert_eq!(pulled.ids(Entity::Products), ["1", "2", "3"]);
    assert_eq!(issued.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_token_that_is_refused_for_good_costs_three_requests() {
    // Goal: a credential that the API does not take is told at once, however willingly tokens are handed
    // out for it; a second pull does not ask again. Method: an API that refuses every token from the
    // start, and one that does so from the second page on.
    let desk = Desk::new();
    desk.secret("client", "s1");
    for pages in [0, 1] {
        let server = server(move |request| {
            if request.url.path() == "/token" {
                return json(r#"{"access_token":"a1","expires_in":3600}"#);
            }
            match query(request, "after") {
                None if pages > 0 => json(format!(r#"{{"data":{},"more":true}}"#, items(&[1]))),
                _ => status(401),
            }
        })
        .await;
        let config = desk.api(&server.uri(), &with_auth(GRANT, LAST_ID), CLIENT);
        let source = desk.open(&config).unwrap();
        let failure = pull(source.as_ref(), "items", None, false).await.err();
        assert_eq!(failure.unwrap().code(), "XF-S004");
        let asked = asked(&server).await;
        // The token and the page twice; or, where the token was taken before, the page, a new one, and
        // the page again.
        let expected: &[&str] = match pages {
            0 => &["/token", "/items", "/items"],
            _ => &[
                "/token",
                "/items",
                "/items?after=1",
                "/token",
                "/items?after=1",
            ],
        };
        assert_eq!(asked, expected);
        if pages == 0 {
            let again = pull(source.as_ref(), "items", None, false).await.err();
            assert_eq!(again.unwrap().code(), "XF-S004");
            assert_eq!(server.received_requests().await.unwrap().len(), 3);
        }
    }
}

#[tokio::test]
async fn a_new_token_that_is_not_known_everywhere_yet_is_tried_twice() {
    // Goal: a vendor of many machines needs a moment with a new token. Method: the first page is refused
    // once.
    let desk = Desk::new();
    desk.secret("client", "s1");
    let tries = AtomicUsize::new(0);
    let server = server(move |request| match request.url.path() {
        "/token" => json(r#"{"access_token":"a1","expires_in":3600}"#),
        _ if tries.fetch_add(1, Ordering::SeqCst) == 0 => status(401),
        _ => json(format!(r#"{{"data":{}}}"#, items(&[1]))),
    })
    .await;
    let config = desk.api(&server.uri(), &with_auth(GRANT, SINGLE), CLIENT);
    let pulled = desk.pull(&config, "items").await.unwrap();
    assert_eq!(pulled.ids(Entity::Products), ["1"]);
    assert_eq!(asked(&server).await, ["/token", "/items", "/items"]);
}

#[tokio::test]
async fn a_refusal_to_renew_ends_the_pull_at_once() {
    // Goal: who takes the credential away in mid-run is heard from the token's own server. Method: both
    // words that mean it for good, behind the first page.
    for word in ["invalid_grant", "invalid_client"] {
        let desk = Desk::new();
        desk.secret("client", "s1");
        let issued = AtomicUsize::new(0);
        let server = server(move |request| match request.url.path() {
            "/token" if issued.fetch_add(1, Ordering::SeqCst) == 0 => {
                json(r#"{"access_token":"a1"}"#)
            }
            "/token" => ResponseTemplate::new(400)
                .set_body_raw(format!(r#"{{"error":"{word}"}}"#), "application/json"),
            _ if query(request, "after").is_none() => {
                json(format!(r#"{{"data":{},"more":true}}"#, items(&[1])))
            }
            _ => status(401),
        })
        .await;
        let config = desk.api(&server.uri(), &with_auth(GRANT, LAST_ID), CLIENT);
        let failure = desk.pull(&config, "items").await.err().unwrap();
        assert_eq!(failure.code(), "XF-S004");
        assert!(failure.line().contains(word), "{failure}");
        assert_eq!(
            asked(&server).await,
            ["/token", "/items", "/items?after=1", "/token"]
        );
    }
}

#[tokio::test]
async fn many_tasks_ask_for_one_token() {
    // Goal: refreshing is single-flight. Method: eight pulls of one source at once.
    let desk = Desk::new();
    desk.secret("client", "s1");
    let issued = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&issued);
    let server = server(move |request| {
        if request.url.path() == "/token" {
            counter.fetch_add(1, Ordering::SeqCst);
            return json(r#"{"access_token":"a1"}"#);
        }
        json(format!(r#"{{"data":{}}}"#, items(&[1])))
    })
    .await;
    let config = desk.api(&server.uri(), &with_auth(GRANT, SINGLE), CLIENT);
    let source = desk.open(&config).unwrap();
    let pulls = (0..8).map(|_| pull(source.as_ref(), "items", None, false));
    for pulled in futures::future::join_all(pulls).await {
        assert_eq!(pulled.unwrap().ids(Entity::Products), ["1"]);
    }
    assert_eq!(issued.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_token_endpoint_that_is_down_is_retried_and_one_that_refuses_is_told() {
    // Goal: the token request follows the same rules as every other. Method: 503 twice, then a
    // token; then a 400; then a refusal with status 200, as Zoho does it.
    let desk = Desk::new();
    desk.secret("client", "s1");
    let tries = AtomicUsize::new(0);
    let healed = server(move |request| {
        if request.url.path() != "/token" {
            return json(format!(r#"{{"data":{}}}"#, items(&[1])));
        }
        match tries.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => status(503),
            _ => json(r#"{"access_token":"a1"}"#),
        }
    })
    .await;
    let config = desk.api(&healed.uri(), &with_auth(GRANT, SINGLE), CLIENT);
    assert_eq!(desk.pull(&config, "items").await.unwrap().records.len(), 1);
    for (code, body) in [
        (400, r#"{"error":"invalid_client"}"#),
        (200, r#"{"error":"invalid_code"}"#),
    ] {
        let refusing =
            server(move |_| ResponseTemplate::new(code).set_body_raw(body, "application/json"))
                .await;
        let config = desk.api(&refusing.uri(), &with_auth(GRANT, SINGLE), CLIENT);
        let failure = desk.pull(&config, "items").await.err().unwrap();
        assert_eq!(failure.code(), "XF-S004", "{failure}");
        assert!(failure.line().contains("invalid_c"), "{failure}");
        assert_eq!(refusing.received_requests().await.unwrap().len(), 1);
    }
}

const REFRESH: &str = r#"{ kind = "refresh_token", token_url = "/token" }"#;

/// A vendor whose refresh tokens work once: `refresh-0` gives `refresh-1`, and so on.
async fn rotating(first: u64) -> (MockServer, Arc<Mutex<u64>>) {
    let valid = Arc::new(Mutex::new(first));
    let shared = Arc::clone(&valid);
    let server = server(move |request| {
        if request.url.path() != "/token" {
            return json(format!(r#"{{"data":{}}}"#, items(&[1])));
        }
        let mut number = shared.lock().unwrap();
        if !has(
            &form(request),
            "refresh_token",
            &format!("refresh-{number}"),
        ) {
            return ResponseTemplate::new(400)
                .set_body_raw(r#"{"error":"invalid_grant"}"#, "application/json");
        }
        *number += 1;
        json(format!(
            r#"{{"access_token":"a{number}","refresh_token":"refresh-{number}"}}"#
        ))
    })
    .await;
    (server, valid)
}

#[tokio::test]
async fn rotated_refresh_tokens_survive_a_restart_and_are_sealed() {
    // Goal: a token that works once is kept before it is needed, and the keeper learns nothing.
    // Method: three openings of the source over one keeper; the bytes are searched for the token.
    let desk = Desk::new();
    desk.secret("client", "s1");
    desk.secret("refresh", "refresh-0");
    let (server, valid) = rotating(0).await;
    let more = format!("{CLIENT}\nrefresh_token = {{ file = 'refresh' }}");
    let config = desk.api(&server.uri(), &with_auth(REFRESH, SINGLE), &more);
    for _ in 0..3 {
        desk.pull(&config, "items")
            .await
            .unwrap_or_else(|failure| panic!("{failure}"));
    }
    assert_eq!(*valid.lock().unwrap(), 3);
    let saved = desk.keeper.saved.lock().unwrap();
    assert_eq!(saved.len(), 3);
    for sealed in saved.iter() {
        assert!(!sealed.windows(8).any(|bytes| bytes == b"refresh-"));
    }
}

#[tokio::test]
async fn a_new_consent_wins_over_a_dead_kept_token() {
    // Goal: a person who consents anew is heard. Method: a kept token that the vendor no longer
    // accepts, and a new one in the configuration.
    let desk = Desk::new();
    desk.secret("client", "s1");
    desk.secret("refresh", "refresh-0");
    let (server, valid) = rotating(0).await;
    let more = format!("{CLIENT}\nrefresh_token = {{ file = 'refresh' }}");
    let config = desk.api(&server.uri(), &with_auth(REFRESH, SINGLE), &more);
    desk.pull(&config, "items").await.unwrap();
    *valid.lock().unwrap() = 70;
    let failure = desk.pull(&config, "items").await.err().unwrap();
    assert_eq!(failure.code(), "XF-S004");
    desk.secret("refresh", "refresh-70");
    desk.pull(&config, "items").await.unwrap();
}
