//! Proving that a window is complete: counts that tie, answers that are cut off, lists that are
//! left out when they are empty, and slices.

use std::sync::atomic::{AtomicU64, Ordering};

use crossfoot::canonical::Entity;
use crossfoot::fault::Failure;
use crossfoot::sources::Seal;
use jiff::Timestamp;
use wiremock::{MockServer, Request, ResponseTemplate};

use super::harness::{
    Desk, Pulled, SINGLE, TOKEN, asked, connector, items, json, pull, query, server,
};

/// A stream of products whose list has the given keys.
fn with_list(keys: &str, stream: &str) -> String {
    connector(SINGLE)
        .replace(
            r#"records = "data""#,
            &format!("records = \"data\"\n{keys}"),
        )
        .replace("full_sweep = true", &format!("full_sweep = true\n{stream}"))
}

async fn pulled<F>(
    text: &str,
    last: Option<&str>,
    answer: F,
) -> (Result<Pulled, Failure>, MockServer)
where
    F: Fn(&Request) -> ResponseTemplate + Send + Sync + 'static,
{
    let desk = Desk::new();
    let server = server(answer).await;
    let source = desk.open(&desk.api(&server.uri(), text, TOKEN)).unwrap();
    let pulled = pull(source.as_ref(), "items", last.map(str::to_owned), false).await;
    (pulled, server)
}

const COUNT: &str = r#"count_request = { request = { path = "/count" }, path = "n" }"#;

#[tokio::test]
async fn a_count_is_asked_for_and_ties() {
    // Goal: the vendor's own count seals the window. Method: the count ties, ties at the second
    // asking because a record came in between, or never.
    for (first, then, sealed) in [(2, 2, true), (1, 2, true), (3, 3, false)] {
        let asked = AtomicU64::new(0);
        let (pulled, server) = pulled(&with_list(COUNT, ""), None, move |request| {
            match request.url.path() {
                "/count" if asked.fetch_add(1, Ordering::Relaxed) == 0 => {
                    json(format!(r#"{{"n":{first}}}"#))
                }
                "/count" => json(format!(r#"{{"n":{then}}}"#)),
                _ => json(format!(r#"{{"data":{}}}"#, items(&[1, 2]))),
            }
        })
        .await;
        let report = pulled.unwrap().report;
        assert_eq!(report.seal == Seal::Sealed, sealed, "{first} {then}");
        assert_eq!(report.reported_rows, Some(then));
        assert_eq!(report.full_sweeps.is_empty(), !sealed);
        let requests = server.received_requests().await.unwrap().len();
        assert_eq!(requests, if first == 2 { 2 } else { 3 });
    }
}

#[tokio::test]
async fn a_count_that_the_vendor_refuses_costs_no_record() {
    // Goal: the pages have their own end, so a count that is closed to the credential is told and
    // no more. Method: each refusal; a server that fails for good still fails the pull.
    for (code, is_good) in [(400, true), (403, true), (404, true), (500, false)] {
        let (pulled, _) = pulled(&with_list(COUNT, ""), None, move |request| {
            match request.url.path() {
                "/count" => ResponseTemplate::new(code),
                _ => json(format!(r#"{{"data":{}}}"#, items(&[1, 2]))),
            }
        })
        .await;
        assert_eq!(pulled.is_ok(), is_good, "{code}");
        let Ok(pulled) = pulled else { continue };
        assert_eq!(pulled.report.seal, Seal::Sealed);
        let counts = (pulled.report.reported_rows, pulled.report.listed_rows);
        assert_eq!(counts, (None, None));
        let warnings = pulled.report.warnings.join("; ");
        assert!(
            warnings.contains("could not be counted: XF-S00"),
            "{warnings}"
        );
    }
}

#[tokio::test]
async fn what_came_is_compared_as_the_vendor_counts() {
    // Goal: a count of parents stands beside parents, not beside their lines. Method: two records
    // with three children each, of which the vendor counts two.
    let text = with_list("count = \"n\"", "").replace(
        "[[stream.list.feed]]",
        "[[stream.list.feed]]\nentity = 'invoice_lines'\neach = 'lines'\n\
         map = { id = 'id', invoice_id = '^.id', net = 'net', currency = { value = 'USD' } }\n\
         [[stream.list.feed]]",
    );
    let (pulled, _) = pulled(&text, None, |_| {
        let lines = |of: u32| {
            let lines = (1..=3).map(|at| format!(r#"{{"id":"{of}-{at}","net":1}}"#));
            lines.collect::<Vec<_>>().join(",")
        };
        json(format!(
            r#"{{"n":2,"data":[{{"id":"1","sku":"A","lines":[{}]}},{{"id":"2","sku":"B","lines":[{}]}}]}}"#,
            lines(1),
            lines(2)
        ))
    })
    .await;
    let pulled = pulled.unwrap_or_else(|failure| panic!("{}", failure.report()));
    assert_eq!(pulled.records.len(), 8);
    let counts = (pulled.report.reported_rows, pulled.report.listed_rows);
    assert_eq!(counts, (Some(2), Some(2)));
}

#[tokio::test]
async fn a_bare_number_is_a_count_and_anything_else_is_none() {
    // Goal: a count that is not there is an error, never 0. Method: `$`, then an object in place.
    let text = with_list(&COUNT.replace(r#"path = "n""#, r#"path = "$""#), "");
    for (count, is_good) in [("1", true), (r#"{"message":"busy"}"#, false)] {
        let (pulled, _) = pulled(&text, None, move |request| match request.url.path() {
            "/count" => json(count),
            _ => json(format!(r#"{{"data":{}}}"#, items(&[1]))),
        })
        .await;
        assert_eq!(pulled.is_ok(), is_good);
    }
}

#[tokio::test]
async fn a_record_that_came_twice_does_not_stand_for_one_that_did_not() {
    // Goal: pages that moved are found by the count. Method: three records counted, three came,
    // one of them twice.
    let text = connector(r#"{ kind = "offset", parameter = "o", total = "n" }"#);
    let (pulled, _) = pulled(&text, None, |request| {
        let ids: &[u64] = match query(request, "o").as_deref() {
            Some("0") => &[1, 2],
            _ => &[2],
        };
        json(format!(r#"{{"data":{},"n":3}}"#, items(ids)))
    })
    .await;
    let report = pulled.unwrap().report;
    assert_eq!(
        report.seal,
        Seal::Unsealed("the vendor counts 3 records and 2 came".into())
    );
}

#[tokio::test]
async fn an_empty_list_that_is_left_out_is_empty_and_not_missing() {
    // Goal: QuickBooks' `"QueryResponse":{}`. Method: the object is there, then it is not.
    let text = with_list(r#"empty_in = "response""#, "")
        .replace(r#"records = "data""#, r#"records = "response.items""#);
    for (body, is_good) in [
        (r#"{"response":{}}"#, true),
        (r#"{"response":{"items":[]}}"#, true),
        (r#"{"fault":{}}"#, false),
        (r#"{"response":{"items":"none"}}"#, true),
    ] {
        let (pulled, _) = pulled(&text, None, move |_| json(body)).await;
        assert_eq!(pulled.is_ok(), is_good, "{body}");
    }
    // A wrapper for each record does not make a page out of anything.
    let text = connector(SINGLE).replace(r#"records = "data""#, r#"records = "list.*.item""#);
    for (body, is_good) in [
        (r#"{"list":[]}"#, true),
        (r#"{"list":[{"item":{"id":"1","sku":"s"}}]}"#, true),
        (r#"{"message":"down"}"#, false),
        (r#"{"list":{"item":{}}}"#, false),
    ] {
        let (pulled, _) = pulled(&text, None, move |_| json(body)).await;
        assert_eq!(pulled.is_ok(), is_good, "{body}");
    }
}

fn instant(request: &Request, name: &str) -> Option<Timestamp> {
    Some(query(request, name)?.parse().unwrap())
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_asked_for_in_halves() {
    // Goal: a vendor that sends a thousand rows and no word about more. Method: five records, of
    // which two a second apart, a cap of three, and a window of a day.
    let stamps = [
        "2026-11-20T04:00:00Z",
        "2026-11-20T16:00:00Z",
        "2026-11-20T20:00:00Z",
        "2026-11-20T20:00:01Z",
        "2026-11-20T23:00:00Z",
    ];
    let window = r#"incremental = { parameter = "since", until_parameter = "until",
        format = "rfc3339", overlap = "0s" }"#;
    let text = with_list("cap_rows = 3", window);
    let (pulled, server) = pulled(&text, Some("2026-11-20T01:00:00Z"), move |request| {
        let (since, until) = (instant(request, "since"), instant(request, "until"));
        let ids: Vec<u64> = (1..)
            .zip(stamps)
            .filter(|(_, stamp)| {
                let stamp: Timestamp = stamp.parse().unwrap();
                since.is_none_or(|since| since <= stamp) && until.is_none_or(|until| stamp < until)
            })
            .map(|(id, _)| id)
            .take(3)
            .collect();
        json(format!(r#"{{"data":{}}}"#, items(&ids)))
    })
    .await;
    let pulled = pulled.unwrap();
    assert_eq!(pulled.ids(Entity::Products), ["1", "2", "3", "4", "5"]);
    assert_eq!(pulled.report.seal, Seal::Sealed);
    assert_eq!(asked(&server).await.len(), 7);
}

#[tokio::test]
async fn an_answer_that_is_cut_off_for_good_leaves_the_window_open() {
    // Goal: what cannot be halved says so. Method: a cap on a full read, and one on rows that all
    // have the same stamp.
    let window = r#"incremental = { parameter = "since", until_parameter = "until",
        format = "rfc3339", overlap = "0s" }"#;
    let text = with_list("cap_rows = 3", window);
    for last in [None, Some("2026-11-21T00:59:30Z")] {
        let (pulled, _) = pulled(&text, last, |_| {
            json(format!(r#"{{"data":{}}}"#, items(&[1, 2, 3])))
        })
        .await;
        let report = pulled.unwrap().report;
        assert!(matches!(report.seal, Seal::Unsealed(_)));
        assert_eq!(report.cursor.as_deref(), last);
    }
}

#[tokio::test]
async fn a_long_past_is_read_in_slices_that_meet() {
    // Goal: slices run side by side and miss nothing. Method: ten weeks in slices of 31 days; each
    // is counted on its own, and the last one has no end.
    let keys = r#"slices = "31d"
        start = { parameter = "from", until_parameter = "to", format = "rfc3339" }
        count = "n""#;
    let desk = Desk::new();
    let server = server(|request| {
        let id = match query(request, "from").unwrap().as_str() {
            "2026-09-12T00:00:00Z" => 1,
            "2026-10-13T00:00:00Z" => 2,
            "2026-11-13T00:00:00Z" => 3,
            _ => return ResponseTemplate::new(400),
        };
        json(format!(r#"{{"data":{},"n":1}}"#, items(&[id])))
    })
    .await;
    let more = format!("{TOKEN}\nstart = \"2026-09-12\"");
    let config = desk.api(&server.uri(), &with_list(keys, ""), &more);
    let pulled = desk.pull(&config, "items").await.unwrap();
    let mut ids = pulled.ids(Entity::Products);
    ids.sort_unstable();
    assert_eq!(ids, ["1", "2", "3"]);
    assert_eq!(pulled.report.reported_rows, Some(3));
    assert_eq!(pulled.report.seal, Seal::Sealed);
    let mut asked = asked(&server).await;
    asked.sort_unstable();
    assert_eq!(
        asked,
        [
            "/items?from=2026-09-12T00:00:00Z&to=2026-10-13T00:00:00Z",
            "/items?from=2026-10-13T00:00:00Z&to=2026-11-13T00:00:00Z",
            "/items?from=2026-11-13T00:00:00Z",
        ]
    );
}

#[tokio::test]
async fn a_count_that_is_not_in_the_answer_is_missed() {
    // Goal: a proof that is not there any more is told. Method: a list that should be counted.
    let (pulled, _) = pulled(&with_list("count = \"n\"", ""), None, |_| {
        json(format!(r#"{{"data":{}}}"#, items(&[1, 2])))
    })
    .await;
    let report = pulled.unwrap().report;
    assert_eq!(report.seal, Seal::Sealed);
    assert_eq!(
        report.warnings,
        ["items could not be counted: no answer says how many there are"]
    );
}

#[tokio::test]
async fn children_whose_list_was_left_out_are_not_gone() {
    // Goal: a record without the list of its lines may have some, so that none is taken for gone; an
    // empty list, or null, says that there are none. Method: a full sweep of each.
    let text = connector(SINGLE).replace(
        "[[stream.list.feed]]",
        "[[stream.list.feed]]\nentity = 'invoice_lines'\neach = 'lines'\n\
         map = { id = 'id', invoice_id = '^.id', net = 'net', currency = { value = 'USD' } }\n\
         [[stream.list.feed]]",
    );
    for (second, expected) in [
        (
            r#""lines":[]"#,
            &[Entity::Products, Entity::InvoiceLines][..],
        ),
        (r#""lines":null"#, &[Entity::Products, Entity::InvoiceLines]),
        (r#""note":"""#, &[Entity::Products]),
    ] {
        let (pulled, _) = pulled(&text, None, move |_| {
            json(format!(
                r#"{{"data":[{{"id":"1","sku":"A","lines":[{{"id":"1-1","net":1}}]}},
                    {{"id":"2","sku":"B",{second}}}]}}"#
            ))
        })
        .await;
        let report = pulled.unwrap().report;
        assert_eq!(report.seal, Seal::Sealed);
        let mut swept = report.full_sweeps.clone();
        let mut expected = expected.to_vec();
        swept.sort_unstable();
        expected.sort_unstable();
        assert_eq!(swept, expected, "{second}");
        assert_eq!(report.warnings.is_empty(), expected.len() == 2);
    }
}
