//! A company's own API, by exactly the file that the README of the connectors shows.

use std::path::Path;

use crossfoot::canonical::Entity;
use crossfoot::config::{Role, SourceConfig};
use crossfoot::sources::{Seal, default_roles};
use wiremock::{Request, ResponseTemplate};

use super::harness::{Desk, asked, at, cursor, header, json, pull, query, server, status};

const NIGHT: &str = "Sat, 21 Nov 2026 02:00:00 GMT";

/// The worked example of the README.
fn example() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/connectors/README.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, after) = text.split_once("## A worked example").unwrap();
    let (_, block) = after.split_once("```toml\n").unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

fn seat(id: &str, kind: &str, count: u64) -> String {
    format!(
        r#"{{"id":"{id}","kind":"{kind}","customer":{{"id":"c1"}},"product":"M365-BP","count":{count},
            "granted_on":"2026-11-01","last_day":"2026-11-30","changed_at":"2026-11-20T12:00:00Z"}}"#
    )
}

/// The licence server.
fn licences(request: &Request) -> ResponseTemplate {
    if header(request, "x-api-key") != Some("k-1") {
        return status(401);
    }
    let is_window = query(request, "changed_from").is_some();
    let body = match request.url.path() {
        "/api/customers" => r#"{"total":2,"customers":[
            {"id":"c1","name":"Northwind","domain":"northwind.example","billing_id":"cus_1"},
            {"id":"c2","name":""}]}"#
            .to_owned(),
        "/api/seats/count" => format!(r#"{{"count":{}}}"#, if is_window { 1 } else { 3 }),
        "/api/seats" if is_window => {
            format!(r#"{{"seats":[{}]}}"#, seat("s1", "full", 27))
        }
        "/api/seats" => match query(request, "after").as_deref() {
            None => format!(r#"{{"seats":[{}],"next":"p2"}}"#, seat("s1", "full", 25)),
            Some("p2") => format!(
                r#"{{"seats":[{},{}],"next":null}}"#,
                seat("s2", "full", 4),
                seat("s3", "trial", 9)
            ),
            Some(_) => return status(400),
        },
        "/api/seats/revoked" => r#"{"revoked":[{"seat_id":"s2"}]}"#.to_owned(),
        _ => return status(404),
    };
    at(NIGHT, json(body))
}

#[tokio::test]
async fn the_readmes_example_pulls_from_an_api_that_no_connector_speaks() {
    // Goal: an API is added as data. Method: the README's file, a first night, and a second one in
    // which a seat count changed and a seat was revoked.
    let desk = Desk::new();
    desk.secret("key", "k-1");
    desk.file("our-api.toml", example());
    let server = server(licences).await;
    let config: SourceConfig = toml::from_str(&format!(
        "connector = './our-api.toml'\nbase_url = '{}/api'\napi_key = {{ file = 'key' }}\nstart = '2026-01-01'",
        server.uri()
    ))
    .unwrap();
    assert_eq!(default_roles(&config, desk.path()).unwrap(), [Role::Usage]);
    let source = desk.open(&config).unwrap();

    let customers = pull(source.as_ref(), "customers", None, false)
        .await
        .unwrap();
    assert_eq!(customers.ids(Entity::Accounts), ["c1", "c2"]);
    let first = customers.one(Entity::Accounts, "c1");
    assert_eq!(first.list("linked_ids"), ["billing:cus_1"]);
    assert_eq!(customers.report.full_sweeps, [Entity::Accounts]);
    assert_eq!(customers.report.reported_rows, Some(2));

    let first = pull(source.as_ref(), "seats", None, false).await.unwrap();
    assert_eq!(first.ids(Entity::Usage), ["s1", "s2"]);
    assert_eq!(first.report.seal, Seal::Sealed);
    assert_eq!(first.report.reported_rows, Some(3));
    assert_eq!(first.report.full_sweeps, [Entity::Usage]);

    let last = cursor("2026-11-20T02:00:00Z", "2026-11-20T02:00:00Z", 3);
    let second = pull(source.as_ref(), "seats", Some(last), false)
        .await
        .unwrap();
    let changed = second.one(Entity::Usage, "s1");
    assert_eq!(changed.decimal("quantity"), Some(27.into()));
    assert_eq!(second.gone[0].id, "s2");
    assert_eq!(second.report.seal, Seal::Sealed);
    let asked = asked(&server).await;
    let window = "changed_from=2026-11-20T01:50:00Z&changed_until=2026-11-21T02:00:00Z";
    let expected = format!("/api/seats?limit=200&{window}&granted_from=2026-01-01");
    assert!(asked.contains(&expected), "{asked:?}");
    assert!(asked.contains(&"/api/seats/revoked?since=2026-11-20T01:50:00Z".to_owned()));

    let probe = source.probe().await.unwrap();
    assert_eq!(probe.works.len(), 3);
    assert!(probe.can_miss.iter().any(|one| one.contains("trial seats")));
}
