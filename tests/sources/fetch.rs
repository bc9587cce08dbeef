//! Children that other requests bring, and children that are no longer there.

use crossfoot::canonical::Entity;
use crossfoot::sources::{Gone, Seal, Whole};
use wiremock::{MockServer, Request, ResponseTemplate};

use super::harness::{Desk, TOKEN, asked, at, cursor, json, pull, query, server};

const NIGHT: &str = "Sat, 21 Nov 2026 02:00:00 GMT";

/// Agreements with a list of additions for each, and invoices whose lines are fetched by id.
const SUPPLIER: &str = r#"
    base_url = "https://api.example.com"
    role = "billing"
    auth = { kind = "bearer", token = "token" }
    rate = { requests = 100, concurrent = 3 }

    [[stream]]
    name = "agreements"
    full_sweep = true
    [[stream.list]]
    request = { path = "/agreements" }
    records = "$"
    paginate = { kind = "single" }
    [[stream.list.feed]]
    entity = "contracts"
    [stream.list.feed.fetch]
    request = { path = "/agreements/{id}/additions" }
    records = "$"
    paginate = { kind = "link_header" }
    when = { status = "Active" }
    [stream.list.feed.map]
    id = "id"
    account_id = "^.company.id"
    sku = "product"
    quantity = "quantity"
    unit_price = "price"
    currency = { value = "USD" }
    starts_on = "from"

    [[stream]]
    name = "invoices"
    full_sweep = true
    [stream.incremental]
    parameter = "since"
    format = "rfc3339"
    overlap = "0s"
    [[stream.list]]
    request = { path = "/invoices" }
    records = "data"
    paginate = { kind = "single" }
    [[stream.list.feed]]
    entity = "invoices"
    gone = { status = "deleted" }
    map = { id = "id", number = "id", account_id = { value = "A" }, issued_on = "on", currency = { value = "USD" }, total = "total" }
    [[stream.list.feed]]
    entity = "invoice_lines"
    unless = { "^.status" = "deleted" }
    [stream.list.feed.lookup]
    ids = "lines.*"
    request = { path = "/lines", query = { ids = "{inputs:,}" } }
    chunk = 2
    records = "data"
    id = "id"
    may_lack = true
    [stream.list.feed.map]
    id = { from = "id", prefix = "L" }
    invoice_id = "^.id"
    net = "net"
    currency = { value = "USD" }
"#;

fn answer(request: &Request) -> ResponseTemplate {
    let addition = |id: u64| {
        format!(r#"{{"id":{id},"product":"P","quantity":2,"price":5,"from":"2026-01-01"}}"#)
    };
    let body = match request.url.path() {
        "/agreements" => r#"[{"id":1,"status":"Active","company":{"id":7}},
            {"id":2,"status":"Ended","company":{"id":8}},
            {"id":3,"status":"Active","company":{"id":9}}]"#
            .to_owned(),
        "/agreements/1/additions" if query(request, "p").is_none() => {
            return json(format!("[{}]", addition(11)))
                .insert_header("Link", r#"</agreements/1/additions?p=2>; rel="next""#);
        }
        "/agreements/1/additions" => format!("[{}]", addition(12)),
        "/agreements/3/additions" => format!("[{}]", addition(31)),
        "/invoices" => r#"{"data":[
            {"id":"i1","on":"2026-11-01","total":3,"lines":["a","b"]},
            {"id":"i2","on":"2026-11-02","total":0,"lines":[]},
            {"id":"i3","status":"deleted","lines":["c"]}]}"#
            .to_owned(),
        "/lines" => {
            let ids = query(request, "ids").unwrap();
            let known = ids.split(',').filter(|id| *id != "b");
            let rows: Vec<String> = known
                .map(|id| format!(r#"{{"id":"{id}","net":3}}"#))
                .collect();
            format!(r#"{{"data":[{}]}}"#, rows.join(","))
        }
        _ => return ResponseTemplate::new(404),
    };
    at(NIGHT, json(body))
}

async fn supplier() -> (Desk, MockServer) {
    (Desk::new(), server(answer).await)
}

#[tokio::test]
async fn a_list_of_children_for_each_parent() {
    // Goal: ConnectWise's additions: pages of their own, only for the parents that have some, and
    // in the order of the parents. Method: three agreements, one of them ended.
    let (desk, server) = supplier().await;
    let config = desk.api(&server.uri(), SUPPLIER, TOKEN);
    let pulled = desk.pull(&config, "agreements").await.unwrap();
    assert_eq!(pulled.ids(Entity::Contracts), ["11", "12", "31"]);
    let of = |id| pulled.one(Entity::Contracts, id).text("account_id");
    assert_eq!((of("12"), of("31")), (Some("7"), Some("9")));
    assert_eq!(pulled.report.seal, Seal::Sealed);
    assert_eq!(pulled.report.full_sweeps, [Entity::Contracts]);
    assert_eq!(asked(&server).await.len(), 4);
    assert!(pulled.whole.is_empty(), "a full sweep sees all");
}

#[tokio::test]
async fn a_child_that_cannot_be_fetched_fails_the_pull() {
    // Goal: an addition that does not answer is not "no additions". Method: a 404 for one parent.
    let desk = Desk::new();
    let server = server(|request| match request.url.path() {
        "/agreements/3/additions" => ResponseTemplate::new(404),
        _ => answer(request),
    })
    .await;
    let config = desk.api(&server.uri(), SUPPLIER, TOKEN);
    let line = desk.pull(&config, "agreements").await.err().unwrap().line();
    assert!(line.starts_with("XF-S006"), "{line}");
}

#[tokio::test]
async fn a_window_names_the_parents_whose_children_all_came() {
    // Goal: lines that vanished from an invoice that was read again can be told, and those of a
    // deleted invoice with it. Method: one with lines, one without, one deleted; a line that is
    // named and does not come is no fault here.
    let (desk, server) = supplier().await;
    let source = desk
        .open(&desk.api(&server.uri(), SUPPLIER, TOKEN))
        .unwrap();
    let last = cursor("2026-11-20T02:00:00Z", "2026-11-20T02:00:00Z", 500);
    let pulled = pull(source.as_ref(), "invoices", Some(last), false)
        .await
        .unwrap();
    assert_eq!(pulled.ids(Entity::Invoices), ["i1", "i2"]);
    assert_eq!(pulled.ids(Entity::InvoiceLines), ["La"]);
    let whole = |parent: &str| Whole {
        entity: Entity::InvoiceLines,
        column: "invoice_id",
        parent: parent.into(),
    };
    assert_eq!(pulled.whole, [whole("i3"), whole("i1"), whole("i2")]);
    let gone = Gone {
        entity: Entity::Invoices,
        id: "i3".into(),
        at: None,
    };
    assert_eq!(pulled.gone, [gone]);
    assert_eq!(pulled.report.seal, Seal::Sealed);
    assert_eq!(
        asked(&server).await,
        ["/invoices?since=2026-11-20T02:00:00Z", "/lines?ids=a,b"]
    );
}

#[tokio::test]
async fn children_that_are_named_and_lack_leave_the_window_open() {
    // Goal: without `may_lack`, a missing child is told, and its parent is not whole. Method: the
    // same invoices.
    let (desk, server) = supplier().await;
    let text = SUPPLIER.replace("may_lack = true", "");
    let source = desk.open(&desk.api(&server.uri(), &text, TOKEN)).unwrap();
    let last = cursor("2026-11-20T02:00:00Z", "2026-11-20T02:00:00Z", 500);
    let pulled = pull(source.as_ref(), "invoices", Some(last), false)
        .await
        .unwrap();
    assert!(matches!(pulled.report.seal, Seal::Unsealed(_)));
    let parents: Vec<&str> = pulled.whole.iter().map(|one| one.parent.as_str()).collect();
    assert_eq!(parents, ["i3", "i2"]);
}

#[tokio::test]
async fn a_record_without_its_list_of_children_does_not_lose_them() {
    // Goal: a vendor that leaves the lines out of a list has not deleted them. Method: an invoice
    // with lines, one with an empty list, and one without any list, which is told.
    let text = SUPPLIER.replace(
        r#"[stream.list.feed.lookup]
    ids = "lines.*"
    request = { path = "/lines", query = { ids = "{inputs:,}" } }
    chunk = 2
    records = "data"
    id = "id"
    may_lack = true"#,
        r#"each = "lines""#,
    );
    let desk = Desk::new();
    let server = server(|_| {
        let body = r#"{"data":[
            {"id":"i1","on":"2026-11-01","total":3,"lines":[{"id":"a","net":3}]},
            {"id":"i2","on":"2026-11-01","total":3,"lines":[]},
            {"id":"i3","on":"2026-11-01","total":3}]}"#;
        at(NIGHT, json(body))
    })
    .await;
    let source = desk.open(&desk.api(&server.uri(), &text, TOKEN)).unwrap();
    let last = cursor("2026-11-20T02:00:00Z", "2026-11-20T02:00:00Z", 500);
    let pulled = pull(source.as_ref(), "invoices", Some(last), false)
        .await
        .unwrap();
    let parents: Vec<&str> = pulled.whole.iter().map(|one| one.parent.as_str()).collect();
    assert_eq!(parents, ["i1", "i2"]);
    let warnings = pulled.report.warnings.join("\n");
    assert!(warnings.contains("1 records of invoices"), "{warnings}");
}
