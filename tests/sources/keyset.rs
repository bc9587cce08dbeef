//! Places in a list that a request names itself, and the ends that prove it.

use crossfoot::canonical::Entity;
use crossfoot::sources::Seal;
use wiremock::{MockServer, Request, ResponseTemplate};

use super::harness::{Desk, Pulled, TOKEN, asked, connector, items, json, query, server};

async fn pull_all<F>(request: &str, paginate: &str, answer: F) -> (Pulled, MockServer)
where
    F: Fn(&Request) -> ResponseTemplate + Send + Sync + 'static,
{
    let desk = Desk::new();
    let server = server(answer).await;
    let text = connector(paginate).replace(r#"{ path = "/items" }"#, request);
    let pulled = desk
        .pull(&desk.api(&server.uri(), &text, TOKEN), "items")
        .await
        .unwrap_or_else(|failure| panic!("{failure}"));
    (pulled, server)
}

fn is_whole(pulled: &Pulled) {
    assert_eq!(pulled.ids(Entity::Products), ["1", "2", "3", "4", "5"]);
    assert_eq!(pulled.report.seal, Seal::Sealed);
    assert_eq!(pulled.report.full_sweeps, [Entity::Products]);
}

/// The ids above one, two at a time.
fn above(last: u64) -> Vec<u64> {
    (last + 1..=5).take(2).collect()
}

#[tokio::test]
async fn a_keyset_in_a_body_as_a_number() {
    // Goal: Autotask's way. Method: `{#last}` is a JSON number; the end is what `more` says.
    let request = r#"{ method = "POST", path = "/query", body = { filter = [
        { op = "gt", field = "id", value = "{#last}" } ] } }"#;
    let paginate = r#"{ kind = "keyset", id = "id", first = "0", more = "pages.next" }"#;
    let (pulled, server) = pull_all(request, paginate, |request| {
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        let last = body["filter"][0]["value"].as_u64().unwrap();
        let ids = above(last);
        let next = if ids.contains(&5) { "null" } else { "\"x\"" };
        json(format!(
            r#"{{"data":{},"pages":{{"next":{next}}}}}"#,
            items(&ids)
        ))
    })
    .await;
    is_whole(&pulled);
    assert_eq!(server.received_requests().await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_keyset_inside_a_query_text_ends_on_an_empty_page() {
    // Goal: COQL's way, and a short page is not the end. Method: `{last}` in the middle of a text.
    let request = r#"{ path = "/q", query = { q = "select x where id > {last} limit 2" } }"#;
    let paginate = r#"{ kind = "keyset", id = "id", first = "0" }"#;
    let (pulled, server) = pull_all(request, paginate, |request| {
        let text = query(request, "q").unwrap();
        let last = text.split(' ').nth(5).unwrap().parse().unwrap();
        json(format!(r#"{{"data":{}}}"#, items(&above(last))))
    })
    .await;
    is_whole(&pulled);
    let asked = asked(&server).await;
    assert_eq!(asked.len(), 4);
    assert_eq!(asked[3], "/q?q=select x where id > 5 limit 2");
}

#[tokio::test]
async fn a_probe_asks_for_the_first_page_wherever_its_place_is_named() {
    // Goal: `crossfoot check` of a list whose request names its place. Method: each kind of place.
    for (paginate, first) in [
        (
            r#"{ kind = "keyset", id = "id", first = "0" }"#,
            "/q?q=above 0",
        ),
        (r#"{ kind = "keyset", id = "id" }"#, "/q"),
    ] {
        let desk = Desk::new();
        let server = server(|_| json(r#"{"data":[]}"#)).await;
        let text = connector(paginate).replace(
            r#"{ path = "/items" }"#,
            r#"{ path = "/q", query = { q = "above {last}" } }"#,
        );
        let source = desk.open(&desk.api(&server.uri(), &text, TOKEN)).unwrap();
        source.probe().await.unwrap();
        assert_eq!(asked(&server).await, [first]);
    }
}

#[tokio::test]
async fn a_keyset_that_the_server_ignores_is_a_loop() {
    // Goal: the same page again is found at once. Method: a server that knows no keyset.
    let desk = Desk::new();
    let server = server(|_| json(format!(r#"{{"data":{}}}"#, items(&[1, 2])))).await;
    let text = connector(r#"{ kind = "keyset", id = "id", parameter = "after" }"#);
    let config = desk.api(&server.uri(), &text, TOKEN);
    let line = desk.pull(&config, "items").await.err().unwrap().line();
    assert!(line.starts_with("XF-S013"), "{line}");
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_cursor_in_a_header_with_a_word_for_none() {
    // Goal: Salesforce's locator. Method: `{cursor}` in the query, left out on the first page; the
    // text `null` is the end.
    let request = r#"{ path = "/results", query = { locator = "{cursor}", max = "2" } }"#;
    let paginate = r#"{ kind = "cursor", header = "Sforce-Locator", none = "null" }"#;
    let (pulled, server) = pull_all(request, paginate, |request| {
        let last = query(request, "locator").map_or(0, |text| text.parse().unwrap());
        let ids = above(last);
        let next = match ids.last() {
            Some(5) | None => "null".to_owned(),
            Some(id) => id.to_string(),
        };
        json(format!(r#"{{"data":{}}}"#, items(&ids))).insert_header("Sforce-Locator", next)
    })
    .await;
    is_whole(&pulled);
    assert_eq!(asked(&server).await[0], "/results?max=2");
}

#[tokio::test]
async fn a_flag_beside_the_cursor_decides() {
    // Goal: Zoho gives a token on the last page as well, and one without a token is no end. Method:
    // both, told apart by the last page's flag.
    let paginate = r#"{ kind = "cursor", next = "token", more = "more", parameter = "t" }"#;
    for (last_more, sealed) in [(false, true), (true, false)] {
        let (pulled, _) = pull_all(
            r#"{ path = "/items" }"#,
            paginate,
            move |request| match query(request, "t").as_deref() {
                None => json(format!(
                    r#"{{"data":{},"token":"a","more":true}}"#,
                    items(&[1, 2])
                )),
                Some("a") => {
                    let token = if last_more { "null" } else { "\"b\"" };
                    json(format!(
                        r#"{{"data":{},"token":{token},"more":{last_more}}}"#,
                        items(&[3, 4, 5])
                    ))
                }
                Some(_) => ResponseTemplate::new(400),
            },
        )
        .await;
        assert_eq!(pulled.ids(Entity::Products).len(), 5);
        assert_eq!(pulled.report.seal == Seal::Sealed, sealed);
    }
}

#[tokio::test]
async fn numbered_pages_and_rows_in_a_path_with_a_total() {
    // Goal: `{page}` and `{offset}` anywhere, and a total as the proof. Method: a path, and the
    // STARTPOSITION of a query text.
    let page = r#"{ kind = "page", total = "count", page_size = 2 }"#;
    let (pulled, server) = pull_all(r#"{ path = "/pages/{page}" }"#, page, |request| {
        let number: u64 = request
            .url
            .path()
            .rsplit('/')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        let rows = items(&above((number - 1) * 2));
        json(format!(r#"{{"data":{rows},"count":5}}"#))
    })
    .await;
    is_whole(&pulled);
    assert_eq!(pulled.report.reported_rows, Some(5));
    assert_eq!(asked(&server).await, ["/pages/1", "/pages/2", "/pages/3"]);
    let request =
        r#"{ path = "/q", query = { q = "select * STARTPOSITION {offset} MAXRESULTS 2" } }"#;
    let (pulled, server) = pull_all(request, r#"{ kind = "offset", first = 1 }"#, |request| {
        let text = query(request, "q").unwrap();
        let first: u64 = text.split(' ').nth(3).unwrap().parse().unwrap();
        json(format!(r#"{{"data":{}}}"#, items(&above(first - 1))))
    })
    .await;
    is_whole(&pulled);
    assert_eq!(asked(&server).await.len(), 4);
}

#[tokio::test]
async fn a_next_path_keeps_what_stands_in_front_of_all_paths() {
    // Goal: a proxy in front of a vendor. Method: a base with a path, and the vendor's own link.
    let desk = Desk::new();
    let server = server(|request| match request.url.path() {
        "/proxy/items" => json(format!(
            r#"{{"data":{},"next":"/items/2"}}"#,
            items(&[1, 2])
        )),
        "/proxy/items/2" => json(format!(r#"{{"data":{}}}"#, items(&[3, 4, 5]))),
        _ => ResponseTemplate::new(404),
    })
    .await;
    let text = connector(r#"{ kind = "next_url", next = "next" }"#);
    let config = desk.api(&format!("{}/proxy", server.uri()), &text, TOKEN);
    is_whole(&desk.pull(&config, "items").await.unwrap());
}

#[tokio::test]
async fn requests_repeat_parameters_and_carry_their_own_headers() {
    // Goal: the rest of a request. Method: a repeated parameter, a header with a name, an accepted
    // type, and all fields as they are written.
    let request = r#"{ path = "/items", query = { "t[]" = ["a", "b"], fields = "{fields}" },
        headers = { "X-Company" = "{company}" }, accept = "application/vnd.x+json",
        fields_under = "", fields_join = ", " }"#;
    let desk = Desk::new();
    let server = server(|_| json(r#"{"data":[]}"#)).await;
    let text = connector(r#"{ kind = "single" }"#).replace(r#"{ path = "/items" }"#, request);
    let config = desk.api(
        &server.uri(),
        &text,
        &format!("{TOKEN}\ncompany = \"acme\""),
    );
    desk.pull(&config, "items").await.unwrap();
    assert_eq!(asked(&server).await, ["/items?fields=id, sku&t[]=a&t[]=b"]);
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].headers["x-company"], "acme");
    assert_eq!(requests[0].headers["accept"], "application/vnd.x+json");
}

#[tokio::test]
async fn a_request_that_does_not_take_the_place_is_refused() {
    // Goal: a connector that would read its first page for ever. Method: each kind without its
    // parameter and without its name.
    let desk = Desk::new();
    for paginate in [
        r#"{ kind = "page" }"#,
        r#"{ kind = "offset" }"#,
        r#"{ kind = "keyset", id = "id" }"#,
        r#"{ kind = "cursor", next = "next" }"#,
        r#"{ kind = "cursor", parameter = "after" }"#,
        r#"{ kind = "page", parameter = "page", total = "n" }"#,
    ] {
        let config = desk.api("https://x.example", &connector(paginate), TOKEN);
        let line = desk.open(&config).err().unwrap().line();
        assert!(line.starts_with("XF-S002"), "{paginate}: {line}");
        assert!(line.contains("`paginate`"), "{paginate}: {line}");
    }
}

#[tokio::test]
async fn numbered_pages_are_asked_for_side_by_side_once_their_number_is_known() {
    // Goal: a long list is not read one round trip after the other. Method: a server that answers
    // slowly and counts how many requests it holds at once; then lists that grow and shrink.
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    let paginate = r#"{ kind = "page", parameter = "page", page_count = "pages" }"#;
    for (later, expected) in [(5, 5), (6, 6), (3, 3)] {
        let asked = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&asked);
        let started = std::time::Instant::now();
        let (pulled, _) = pull_all(r#"{ path = "/items" }"#, paginate, move |request| {
            count.fetch_add(1, Ordering::SeqCst);
            let number: u64 = query(request, "page").unwrap().parse().unwrap();
            let pages = if number == 1 { 5 } else { later };
            json(format!(
                r#"{{"data":{},"pages":{pages}}}"#,
                items(&[number])
            ))
            .set_delay(Duration::from_millis(100))
        })
        .await;
        assert_eq!(pulled.ids(Entity::Products).len(), expected);
        assert_eq!(pulled.report.seal, Seal::Sealed);
        // The first, then four at once; one after the other would take half a second and more.
        if later == 5 {
            assert!(started.elapsed() < Duration::from_millis(450));
            assert_eq!(asked.load(Ordering::SeqCst), 5);
        }
    }
}
