//! A feed that says what changed: each object is asked for again.

use crossfoot::canonical::Entity;
use crossfoot::sources::Seal;
use wiremock::{Request, ResponseTemplate};

use super::harness::{Desk, TOKEN, asked, at, cursor, json, pull, query, server};

const NIGHT: &str = "Sat, 21 Nov 2026 02:00:00 GMT";

/// Invoices and credit notes of one stream, and the events about them.
const EVENTS: &str = r#"
    base_url = "https://api.example.com"
    role = "billing"
    auth = { kind = "bearer", token = "token" }

    [[stream]]
    name = "items"
    full_sweep = true
    incremental = { parameter = "created[gte]", format = "epoch_seconds", overlap = "10m", guard = "29d" }

    [stream.changes]
    request = { path = "/events", query = { "types[]" = ["item.updated", "item.deleted"] } }
    records = "data"
    paginate = { kind = "last_id", parameter = "after", id = "id", more = "more" }
    [[stream.changes.object]]
    where = { "object.kind" = "item" }
    id = "object.id"
    list = "items"
    request = { path = "/items/{id}" }
    deleted = "deleted"

    [[stream.list]]
    name = "items"
    request = { path = "/items" }
    records = "data"
    paginate = { kind = "single" }
    [[stream.list.feed]]
    entity = "products"
    map = { id = "id", sku = "sku" }

    [[stream.list]]
    pass = "open"
    request = { path = "/open" }
    records = "data"
    paginate = { kind = "single" }
    [[stream.list.feed]]
    entity = "products"
    map = { id = "id", sku = "sku" }
"#;

fn event(id: u64, kind: &str, object: &str) -> String {
    format!(r#"{{"id":"e{id}","object":{{"kind":"{kind}","id":"{object}","sku":"stale"}}}}"#)
}

fn answer(request: &Request) -> ResponseTemplate {
    let body = match (request.url.path(), query(request, "after").as_deref()) {
        ("/events", None) => format!(
            r#"{{"more":true,"data":[{},{},{}]}}"#,
            event(1, "item", "1"),
            event(2, "other", "x"),
            event(3, "item", "2")
        ),
        ("/events", Some("e3")) => format!(
            r#"{{"more":false,"data":[{},{}]}}"#,
            event(4, "item", "1"),
            event(5, "item", "3")
        ),
        ("/items", _) => r#"{"data":[{"id":"1","sku":"all"}]}"#.to_owned(),
        ("/items/1", _) => r#"{"id":"1","sku":"fresh"}"#.to_owned(),
        ("/items/2", _) => r#"{"id":"2","deleted":true}"#.to_owned(),
        ("/open", _) => r#"{"data":[{"id":"7","sku":"open"}]}"#.to_owned(),
        _ => return ResponseTemplate::new(404),
    };
    at(NIGHT, json(body))
}

#[tokio::test]
async fn what_the_feed_names_is_asked_for_again() {
    // Goal: Stripe's events. Method: an object named twice, one that is deleted, one that answers
    // 404, one of another kind; the feed's own words are stale and never land.
    let desk = Desk::new();
    let server = server(answer).await;
    let source = desk.open(&desk.api(&server.uri(), EVENTS, TOKEN)).unwrap();
    let last = cursor("2026-11-20T02:00:00Z", "2026-11-20T02:00:00Z", 500);
    let pulled = pull(source.as_ref(), "items", Some(last), false)
        .await
        .unwrap();
    assert_eq!(pulled.ids(Entity::Products), ["1", "7"]);
    let one = pulled.one(Entity::Products, "1");
    assert_eq!(one.text("sku"), Some("fresh"));
    let gone: Vec<&str> = pulled.gone.iter().map(|gone| gone.id.as_str()).collect();
    assert_eq!(gone, ["2", "3"]);
    assert_eq!(pulled.report.seal, Seal::Sealed);
    assert!(pulled.report.full_sweeps.is_empty());
    let asked = asked(&server).await;
    assert_eq!(
        asked[0],
        "/events?types[]=item.updated&types[]=item.deleted&created[gte]=1795139400"
    );
    assert!(asked.contains(&"/open".to_owned()));
    assert!(!asked.contains(&"/items".to_owned()));
}

#[tokio::test]
async fn a_feed_that_forgets_or_is_closed_gives_way_to_a_full_read() {
    // Goal: thirty days later, or without the right to read events, everything is read, and the
    // second is told. Method: an old cursor, then a 403.
    let desk = Desk::new();
    let server = server(|request| match request.url.path() {
        "/events" => ResponseTemplate::new(403),
        _ => answer(request),
    })
    .await;
    let source = desk.open(&desk.api(&server.uri(), EVENTS, TOKEN)).unwrap();
    for (last, warnings) in [("2026-10-01T00:00:00Z", 0), ("2026-11-20T02:00:00Z", 1)] {
        let last = cursor(last, last, 500);
        let pulled = pull(source.as_ref(), "items", Some(last), false)
            .await
            .unwrap();
        assert_eq!(pulled.ids(Entity::Products), ["1"]);
        assert_eq!(pulled.report.full_sweeps, [Entity::Products]);
        assert_eq!(pulled.report.warnings.len(), warnings);
        assert_eq!(pulled.report.seal, Seal::Sealed);
    }
    assert_eq!(asked(&server).await.len(), 3);
}

#[tokio::test]
async fn a_feed_that_fails_is_no_quiet_night() {
    // Goal: an object that does not answer fails the pull: the cursor must not pass its change.
    // Method: one of the objects is an HTML page.
    let desk = Desk::new();
    let server = server(|request| match request.url.path() {
        "/items/1" => ResponseTemplate::new(200).set_body_raw("<html>", "text/html"),
        _ => answer(request),
    })
    .await;
    let source = desk.open(&desk.api(&server.uri(), EVENTS, TOKEN)).unwrap();
    let last = cursor("2026-11-20T02:00:00Z", "2026-11-20T02:00:00Z", 500);
    let failed = pull(source.as_ref(), "items", Some(last), false).await;
    let line = failed.err().unwrap().line();
    assert!(line.starts_with("XF-S010"), "{line}");
}

#[tokio::test]
async fn a_feed_must_name_a_list_of_its_stream() {
    // Goal: a connector file that would ask for objects that nothing maps. Method: another name.
    let desk = Desk::new();
    let text = EVENTS.replace(r#"list = "items""#, r#"list = "others""#);
    let config = desk.api("https://x.example", &text, TOKEN);
    let line = desk.open(&config).err().unwrap().line();
    assert!(line.contains("`changes` names no list `others`"), "{line}");
}
