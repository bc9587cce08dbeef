//! Every way in which vendors cut a list into pages, and every way in which that goes wrong.

use crossfoot::canonical::Entity;
use crossfoot::sources::Seal;
use wiremock::{MockServer, Request, ResponseTemplate};

use super::harness::{Desk, Pulled, TOKEN, connector, items, json, query, server};

async fn pull_all<F>(paginate: &str, answer: F) -> (Pulled, MockServer)
where
    F: Fn(&Request) -> ResponseTemplate + Send + Sync + 'static,
{
    let desk = Desk::new();
    let server = server(answer).await;
    let config = desk.api(&server.uri(), &connector(paginate), TOKEN);
    let pulled = desk
        .pull(&config, "items")
        .await
        .unwrap_or_else(|failure| panic!("{failure}"));
    (pulled, server)
}

fn is_whole(pulled: &Pulled) {
    assert_eq!(pulled.ids(Entity::Products), ["1", "2", "3", "4", "5"]);
    assert_eq!(pulled.report.seal, Seal::Sealed);
    assert_eq!(pulled.report.full_sweeps, [Entity::Products]);
}

async fn fails<F>(paginate: &str, more: &str, answer: F) -> (String, usize)
where
    F: Fn(&Request) -> ResponseTemplate + Send + Sync + 'static,
{
    let desk = Desk::new();
    let server = server(answer).await;
    let config = desk.api(
        &server.uri(),
        &connector(paginate),
        &format!("{TOKEN}\n{more}"),
    );
    let failure = desk
        .pull(&config, "items")
        .await
        .err()
        .expect("the pull must fail");
    (
        failure.line(),
        server.received_requests().await.unwrap().len(),
    )
}

#[tokio::test]
async fn a_cursor_in_the_query_with_an_empty_page_in_the_middle() {
    // Goal: an empty page is not the end while the cursor says otherwise. Method: four pages, one
    // of them empty; the last has no `paging`, as HubSpot's.
    let paginate = r#"{ kind = "cursor", next = "paging.next.after", parameter = "after" }"#;
    let (pulled, server) = pull_all(paginate, |request| {
        let page = |ids: &[u64], after: &str| {
            let rows = items(ids);
            json(format!(
                r#"{{"data":{rows},"paging":{{"next":{{"after":"{after}"}}}}}}"#
            ))
        };
        match query(request, "after").as_deref() {
            None => page(&[1, 2], "a&b=c"),
            Some("a&b=c") => page(&[], "2"),
            Some("2") => page(&[3, 4], "3"),
            Some("3") => json(format!(r#"{{"data":{}}}"#, items(&[5]))),
            Some(_) => ResponseTemplate::new(400),
        }
    })
    .await;
    is_whole(&pulled);
    assert_eq!(pulled.report.page_count, 4);
    assert_eq!(server.received_requests().await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_cursor_in_the_body_of_a_post() {
    // Goal: a search that is asked by POST pages by its body. Method: the server reads the cursor
    // from the JSON that it was sent.
    let desk = Desk::new();
    let server = server(|request| {
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["limit"], 2);
        assert_eq!(request.method.as_str(), "POST");
        match body["page"]["after"].as_str() {
            None => json(format!(r#"{{"data":{},"next":"x"}}"#, items(&[1, 2, 3]))),
            Some("x") => json(format!(r#"{{"data":{},"next":null}}"#, items(&[4, 5]))),
            Some(_) => ResponseTemplate::new(400),
        }
    })
    .await;
    let text = connector(r#"{ kind = "cursor", next = "next", body = "page.after" }"#).replace(
        r#"{ path = "/items" }"#,
        r#"{ method = "POST", path = "/items", body = { limit = 2 } }"#,
    );
    let pulled = desk
        .pull(&desk.api(&server.uri(), &text, TOKEN), "items")
        .await
        .unwrap();
    is_whole(&pulled);
}

#[tokio::test]
async fn the_last_id_and_a_flag() {
    // Goal: Stripe's paging. Method: the next page starts after the last id; `has_more` ends it.
    let paginate =
        r#"{ kind = "last_id", parameter = "starting_after", id = "id", more = "has_more" }"#;
    let (pulled, _) = pull_all(paginate, |request| {
        let (ids, more) = match query(request, "starting_after").as_deref() {
            None => ([1, 2].as_slice(), true),
            Some("2") => ([3, 4].as_slice(), true),
            _ => ([5].as_slice(), false),
        };
        json(format!(r#"{{"data":{},"has_more":{more}}}"#, items(ids)))
    })
    .await;
    is_whole(&pulled);
    // A page that does not say whether there is more is no page: three tries, then loud.
    let (line, requests) = fails(paginate, "", |_| json(r#"{"data":[]}"#)).await;
    assert!(
        line.starts_with("XF-S010") && line.contains("has_more"),
        "{line}"
    );
    assert_eq!(requests, 3);
}

#[tokio::test]
async fn a_flag_that_promises_more_and_sends_nothing_leaves_the_window_open() {
    // Goal: an end that is not proven does not look like one. Method: `has_more` on an empty page.
    let paginate = r#"{ kind = "last_id", parameter = "after", id = "id", more = "has_more" }"#;
    let (pulled, _) = pull_all(paginate, |_| json(r#"{"data":[],"has_more":true}"#)).await;
    assert!(matches!(pulled.report.seal, Seal::Unsealed(_)));
    assert!(pulled.report.full_sweeps.is_empty());
}

#[tokio::test]
async fn page_numbers_end_by_an_empty_page_a_count_or_a_flag() {
    // Goal: the three ends of numbered pages. Method: the same server, told apart by what the
    // connector looks at.
    let answer = |request: &Request| {
        let number: u64 = query(request, "page").unwrap().parse().unwrap();
        let ids: &[u64] = match number {
            1 => &[1, 2],
            2 => &[3, 4],
            3 => &[5],
            _ => &[],
        };
        let rows = items(ids);
        json(format!(
            r#"{{"data":{rows},"pages":3,"more":{}}}"#,
            number < 3
        ))
    };
    for (paginate, requests) in [
        (r#"{ kind = "page", parameter = "page" }"#, 4),
        (
            r#"{ kind = "page", parameter = "page", page_count = "pages" }"#,
            3,
        ),
        (r#"{ kind = "page", parameter = "page", more = "more" }"#, 3),
    ] {
        let (pulled, server) = pull_all(paginate, answer).await;
        is_whole(&pulled);
        assert_eq!(
            server.received_requests().await.unwrap().len(),
            requests,
            "{paginate}"
        );
    }
}

#[tokio::test]
async fn offsets_end_by_an_empty_page_or_a_total() {
    // Goal: both ends of numbered rows; a short page is not one. Method: pages of two and one.
    let answer = |request: &Request| {
        let ids: &[u64] = match query(request, "offset").unwrap().as_str() {
            "0" => &[1, 2],
            "2" => &[3],
            "3" => &[4, 5],
            _ => &[],
        };
        json(format!(r#"{{"data":{},"total":5}}"#, items(ids)))
    };
    for (paginate, requests) in [
        (r#"{ kind = "offset", parameter = "offset" }"#, 4),
        (
            r#"{ kind = "offset", parameter = "offset", total = "total" }"#,
            3,
        ),
    ] {
        let (pulled, server) = pull_all(paginate, answer).await;
        is_whole(&pulled);
        assert_eq!(
            server.received_requests().await.unwrap().len(),
            requests,
            "{paginate}"
        );
    }
}

#[tokio::test]
async fn next_urls_in_the_body_absolute_and_relative() {
    // Goal: both forms of a link. Method: the first next URL is absolute, the second relative.
    let (pulled, _) = pull_all(r#"{ kind = "next_url", next = "next" }"#, |request| {
        let host = request.headers["host"].to_str().unwrap();
        let (ids, next): (&[u64], String) = match query(request, "p").as_deref() {
            None => (&[1, 2], format!("\"http://{host}/items?p=2\"")),
            Some("2") => (&[3, 4], "\"?p=3\"".to_owned()),
            _ => (&[5], "null".to_owned()),
        };
        json(format!(r#"{{"data":{},"next":{next}}}"#, items(ids)))
    })
    .await;
    is_whole(&pulled);
}

#[tokio::test]
async fn the_link_header() {
    // Goal: ConnectWise's paging over a bare list. Method: `rel="next"` among other links.
    let desk = Desk::new();
    let server = server(|request| match query(request, "p").as_deref() {
        None => json(items(&[1, 2])).insert_header(
            "Link",
            r#"</items?p=9>; rel="last", </items?p=2>; rel="next""#,
        ),
        Some("2") => json(items(&[3, 4, 5])).insert_header("Link", r#"</items>; rel="first""#),
        Some(_) => ResponseTemplate::new(400),
    })
    .await;
    let text =
        connector(r#"{ kind = "link_header" }"#).replace(r#"records = "data""#, r#"records = "$""#);
    let pulled = desk
        .pull(&desk.api(&server.uri(), &text, TOKEN), "items")
        .await
        .unwrap();
    is_whole(&pulled);
}

#[tokio::test]
async fn a_next_link_to_another_host_is_not_followed() {
    // Goal: the token never leaves the configured origin. Method: a second server counts what
    // reaches it; links also point to files and to the cloud's metadata address.
    let thief = server(|_| json(r#"{"data":[]}"#)).await;
    let targets = [
        format!("{}/items", thief.uri()),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1/items".to_owned(),
        "https://127.0.0.1/items".to_owned(),
    ];
    for target in targets {
        let (line, requests) = fails(r#"{ kind = "next_url", next = "next" }"#, "", move |_| {
            json(format!(r#"{{"data":{},"next":"{target}"}}"#, items(&[1])))
        })
        .await;
        assert!(line.starts_with("XF-S012"), "{line}");
        assert_eq!(requests, 1);
    }
    assert!(thief.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn one_host_stands_in_for_all_hosts_of_its_vendor() {
    // Goal: links to the vendor's own hosts are followed, and where `base_url` is set, on the host
    // that it names; no other link is. Method: pages whose links name the connector's own host, one
    // that it lists, and one that only looks like it.
    let listed = connector(r#"{ kind = "next_url", next = "next" }"#)
        .replace("role =", "hosts = [\"pages.example.com\"]\nrole =");
    let desk = Desk::new();
    for (links, expected) in [
        (
            [
                "https://api.example.com/items",
                "https://eu.pages.example.com/items",
            ],
            Ok(3),
        ),
        (
            [
                "https://api.example.com/items",
                "https://pages.example.com.evil.example/items",
            ],
            Err("XF-S012"),
        ),
    ] {
        let server = server(move |request| {
            let page: usize = query(request, "page").map_or(0, |page| page.parse().unwrap());
            let next = links.get(page).map_or("null".to_owned(), |link| {
                format!("\"{link}?page={}\"", page + 1)
            });
            let ids = items(&[page as u64 + 1]);
            json(format!(r#"{{"data":{ids},"next":{next}}}"#))
        })
        .await;
        let config = desk.api(&server.uri(), &listed, TOKEN);
        let pulled = desk.pull(&config, "items").await;
        let came = pulled.map(|pulled| pulled.records.len());
        assert_eq!(came.map_err(|failure| failure.code()), expected);
    }
    for wrong in ["https://example.com", "com", "*.example.com", "127.0.0.1"] {
        let text = listed.replace("pages.example.com", wrong);
        let config = desk.api("http://127.0.0.1:9", &text, TOKEN);
        let report = desk.open(&config).err().unwrap().report();
        assert!(report.contains("is no host"), "{report}");
    }
}

#[tokio::test]
async fn pages_that_repeat_are_told_within_one_repeat() {
    // Goal: no paging loop, whatever its form. Method: the same cursor, A to B to A, and always a
    // new cursor with the same rows.
    let cursor = r#"{ kind = "cursor", next = "next", parameter = "after" }"#;
    let (line, requests) = fails(cursor, "", |request| {
        let id = query(request, "after").map_or(1, |_| 2);
        json(format!(r#"{{"data":{},"next":"same"}}"#, items(&[id])))
    })
    .await;
    assert!(line.starts_with("XF-S013"), "{line}");
    assert_eq!(requests, 2);
    let (line, requests) = fails(cursor, "", |request| {
        let (id, next) = match query(request, "after").as_deref() {
            None => (1, "a"),
            Some("a") => (2, "b"),
            _ => (3, "a"),
        };
        json(format!(r#"{{"data":{},"next":"{next}"}}"#, items(&[id])))
    })
    .await;
    assert!(line.starts_with("XF-S013"), "{line}");
    assert_eq!(requests, 3);
    let (line, requests) = fails(cursor, "", |request| {
        let next = query(request, "after").map_or(1, |after| after.parse::<u64>().unwrap() + 1);
        json(format!(r#"{{"data":{},"next":"{next}"}}"#, items(&[1, 2])))
    })
    .await;
    assert!(
        line.starts_with("XF-S013") && line.contains("same records"),
        "{line}"
    );
    assert_eq!(requests, 2);
}

#[tokio::test]
async fn a_list_without_an_end_meets_its_limits() {
    // Goal: pages and rows are bounded. Method: a server that always has one more row.
    let answer = |request: &Request| {
        let next = query(request, "after").map_or(1, |after| after.parse::<u64>().unwrap() + 1);
        json(format!(r#"{{"data":{},"next":"{next}"}}"#, items(&[next])))
    };
    let cursor = r#"{ kind = "cursor", next = "next", parameter = "after" }"#;
    for limit in ["pages", "rows"] {
        let (line, requests) = fails(cursor, &format!("limits = {{ {limit} = 7 }}"), answer).await;
        assert!(
            line.starts_with("XF-S014") && line.contains(limit),
            "{line}"
        );
        assert!(requests <= 8, "{requests}");
    }
}

#[tokio::test]
async fn a_count_that_does_not_tie_leaves_the_window_open() {
    // Goal: completeness is proven by the vendor's own count. Method: it counts six and sends five.
    let desk = Desk::new();
    for (count, is_sealed) in [(5, true), (6, false)] {
        let server = server(move |_| {
            json(format!(
                r#"{{"data":{},"total":{count}}}"#,
                items(&[1, 2, 3, 4, 5])
            ))
        })
        .await;
        let text = connector(r#"{ kind = "single" }"#).replace(
            r#"records = "data""#,
            "records = \"data\"\ncount = \"total\"",
        );
        let pulled = desk
            .pull(&desk.api(&server.uri(), &text, TOKEN), "items")
            .await
            .unwrap();
        assert_eq!(pulled.report.seal == Seal::Sealed, is_sealed);
        assert_eq!(pulled.report.full_sweeps.is_empty(), !is_sealed);
        assert_eq!(pulled.report.reported_rows, Some(count));
    }
}
