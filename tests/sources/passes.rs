//! The passes of a stream beside each other: what changed, what is open, what was deleted, and the
//! sweep over all that is there.

use crossfoot::canonical::Entity;
use crossfoot::sources::{Gone, Seal, Seen};
use wiremock::{MockServer, ResponseTemplate};

use super::harness::{Desk, TOKEN, asked, at, cursor, items, json, pull, query, server};

const NIGHT: &str = "Sat, 21 Nov 2026 02:00:00 GMT";

/// Products with all four passes.
const PASSES: &str = r#"
    base_url = "https://api.example.com"
    role = "billing"
    auth = { kind = "bearer", token = "token" }

    [[stream]]
    name = "items"
    full_sweep = true
    [stream.incremental]
    clause = "updated >= {since} and updated < {until}"
    format = "rfc3339"
    overlap = "15m"
    settle = "1m"
    guard = "29d"
    sweep_every = "7d"
    full_below = 10

    [[stream.list]]
    request = { path = "/items", query = { where = "{window}" } }
    records = "data"
    paginate = { kind = "single" }
    [[stream.list.feed]]
    entity = "products"
    gone = { archived = "true" }
    map = { id = "id", sku = "sku", updated_at = "at" }

    [[stream.list]]
    pass = "open"
    request = { path = "/open" }
    records = "data"
    paginate = { kind = "single" }
    [[stream.list.feed]]
    entity = "products"
    map = { id = "id", sku = "sku" }

    [[stream.list]]
    pass = "deleted"
    request = { path = "/deleted", query = { start = "{since}", end = "{until}" } }
    records = "data"
    paginate = { kind = "single" }
    [[stream.list.feed]]
    entity = "products"
    map = { id = "id" }

    [[stream.list]]
    pass = "sweep"
    request = { path = "/ids" }
    records = "data"
    paginate = { kind = "single" }
    [[stream.list.feed]]
    entity = "products"
    map = { id = "id" }
"#;

async fn shop() -> MockServer {
    server(|request| {
        let rows = match request.url.path() {
            "/items" if query(request, "where").as_deref() == Some("") => items(&[1, 2, 3]),
            "/items" => r#"[{"id":"1","sku":"S-1","at":"2026-11-21T01:30:00Z"},
                {"id":"2","archived":true,"at":"2026-11-21T01:40:00Z"}]"#
                .to_owned(),
            "/open" => items(&[3]),
            "/deleted" => r#"[{"id":"9"}]"#.to_owned(),
            "/ids" => items(&[1, 3, 4]),
            _ => return ResponseTemplate::new(404),
        };
        at(NIGHT, json(format!(r#"{{"data":{rows}}}"#)))
    })
    .await
}

#[tokio::test]
async fn a_first_pull_reads_everything_and_no_other_pass() {
    // Goal: without a cursor the lists themselves are the sweep. Method: what was asked.
    let (desk, server) = (Desk::new(), shop().await);
    let source = desk.open(&desk.api(&server.uri(), PASSES, TOKEN)).unwrap();
    let first = pull(source.as_ref(), "items", None, false).await.unwrap();
    assert_eq!(asked(&server).await, ["/items?where="]);
    assert_eq!(first.report.full_sweeps, [Entity::Products]);
    let expected = cursor("2026-11-21T00:59:00Z", "2026-11-21T01:00:00Z", 3);
    assert_eq!(first.report.cursor, Some(expected));
}

#[tokio::test]
async fn a_window_reads_what_changed_what_is_open_and_what_was_deleted() {
    // Goal: the nightly pull. Method: a cursor of last night, swept two days ago; the window goes
    // from the cursor less the overlap to the later clock less the settling.
    let (desk, server) = (Desk::new(), shop().await);
    let source = desk.open(&desk.api(&server.uri(), PASSES, TOKEN)).unwrap();
    // The first answer tells the vendor's clock, which is an hour ahead of ours.
    pull(source.as_ref(), "items", None, false).await.unwrap();
    let last = cursor("2026-11-20T02:00:00Z", "2026-11-18T00:00:00Z", 500);
    let night = pull(source.as_ref(), "items", Some(last), false)
        .await
        .unwrap();
    let asked = asked(&server).await;
    assert_eq!(
        asked[1],
        "/items?where=updated >= 2026-11-20T01:45:00Z and updated < 2026-11-21T01:59:00Z"
    );
    assert_eq!(
        asked[2..],
        [
            "/open",
            "/deleted?end=2026-11-21T01:59:00Z&start=2026-11-20T01:45:00Z"
        ]
    );
    assert_eq!(night.ids(Entity::Products), ["1", "3"]);
    let gone = |id: &str, at: Option<&str>| Gone {
        entity: Entity::Products,
        id: id.into(),
        at: at.map(|at| at.parse().unwrap()),
    };
    assert_eq!(
        night.gone,
        [gone("2", Some("2026-11-21T01:40:00Z")), gone("9", None)]
    );
    assert!(night.report.full_sweeps.is_empty());
    assert_eq!(night.report.seal, Seal::Sealed);
    let expected = cursor("2026-11-21T00:59:00Z", "2026-11-18T00:00:00Z", 500);
    assert_eq!(night.report.cursor, Some(expected));
}

#[tokio::test]
async fn who_is_gone_without_a_name_leaves_the_pull_unproven() {
    // Goal: a deletion that nobody can assign is never passed over. Method: the list of what was
    // deleted, a record that is archived, and one that a window no longer wants, each without an id.
    let unwanted = PASSES.replace(
        r#"gone = { archived = "true" }"#,
        r#"where = { sku = "S-1" }"#,
    );
    let named = r#"{"id":"1","sku":"S-1","at":"2026-11-21T01:30:00Z"}"#;
    for (text, items, deleted) in [
        (PASSES, String::new(), r#"{"id":null}"#),
        (PASSES, r#",{"archived":true}"#.to_owned(), ""),
        (&unwanted, r#",{"sku":"S-2"}"#.to_owned(), ""),
    ] {
        let server = server(move |request| {
            let rows = match request.url.path() {
                "/items" => format!("{named}{items}"),
                "/deleted" => deleted.to_owned(),
                _ => String::new(),
            };
            at(NIGHT, json(format!(r#"{{"data":[{rows}]}}"#)))
        })
        .await;
        let desk = Desk::new();
        let source = desk.open(&desk.api(&server.uri(), text, TOKEN)).unwrap();
        let last = cursor("2026-11-20T02:00:00Z", "2026-11-20T02:00:00Z", 500);
        let night = pull(source.as_ref(), "items", Some(last), false)
            .await
            .unwrap();
        let Seal::Unsealed(why) = &night.report.seal else {
            panic!("{:?}", night.report.seal);
        };
        assert!(why.contains("gone came without an id"), "{why}");
        assert!(night.gone.is_empty());
    }
}

#[tokio::test]
async fn a_sweep_that_is_due_names_what_is_alive() {
    // Goal: once in seven days every id is looked for, before the window is read. Method: a cursor
    // that was swept eight days ago.
    let (desk, server) = (Desk::new(), shop().await);
    let source = desk.open(&desk.api(&server.uri(), PASSES, TOKEN)).unwrap();
    let last = cursor("2026-11-20T02:00:00Z", "2026-11-13T00:00:00Z", 500);
    let night = pull(source.as_ref(), "items", Some(last), false)
        .await
        .unwrap();
    assert_eq!(asked(&server).await[0], "/ids");
    let ids = ["1", "3", "4"].map(str::to_owned).to_vec();
    let seen = Seen {
        entity: Entity::Products,
        ids,
    };
    assert_eq!(night.seen, [seen]);
    assert_eq!(night.ids(Entity::Products), ["1", "3"]);
    assert_eq!(night.report.full_sweeps, [Entity::Products]);
    let expected = cursor("2026-11-21T00:59:00Z", "2026-11-21T01:00:00Z", 500);
    assert_eq!(night.report.cursor, Some(expected));
}

#[tokio::test]
async fn a_small_stream_an_old_cursor_and_a_wish_read_everything() {
    // Goal: the ways back to a full read. Method: three cursors, and `--full`.
    let (desk, server) = (Desk::new(), shop().await);
    let source = desk.open(&desk.api(&server.uri(), PASSES, TOKEN)).unwrap();
    let night = "2026-11-20T02:00:00Z";
    let old = "2026-10-20T02:00:00Z";
    for (last, full) in [
        (cursor(night, night, 9), false),
        (cursor(old, old, 500), false),
        (cursor(night, night, 500), true),
        (String::new(), false),
    ] {
        let pulled = pull(source.as_ref(), "items", Some(last), full)
            .await
            .unwrap();
        assert_eq!(pulled.ids(Entity::Products), ["1", "2", "3"]);
        assert_eq!(pulled.report.full_sweeps, [Entity::Products]);
    }
    assert_eq!(asked(&server).await, ["/items?where="; 4]);
}

#[tokio::test]
async fn what_is_no_longer_wanted_is_gone_when_a_window_brings_it() {
    // Goal: a deal that is no longer won leaves the contracts on the night it changes, not with the
    // next sweep. Method: `where` in a window; any version in the same pull would count more.
    let text = PASSES.replace(
        r#"gone = { archived = "true" }"#,
        r#"where = { sku = "S-1" }"#,
    );
    let (desk, server) = (Desk::new(), shop().await);
    let source = desk.open(&desk.api(&server.uri(), &text, TOKEN)).unwrap();
    let last = cursor("2026-11-20T02:00:00Z", "2026-11-20T02:00:00Z", 500);
    let night = pull(source.as_ref(), "items", Some(last), false)
        .await
        .unwrap();
    let ids: Vec<&str> = night.gone.iter().map(|gone| gone.id.as_str()).collect();
    assert_eq!(ids, ["2", "9"]);
    assert_eq!(night.gone[0].at, Some(jiff::Timestamp::MIN));
}

#[tokio::test]
async fn check_says_what_each_stream_can_miss() {
    // Goal: the passes decide what a source cannot see. Method: with and without them.
    let (desk, server) = (Desk::new(), shop().await);
    let misses = |text: String| {
        let config = desk.api(&server.uri(), &text, TOKEN);
        let source = desk.open(&config).unwrap();
        async move { source.probe().await.unwrap().can_miss.join("\n") }
    };
    let all = misses(PASSES.to_owned()).await;
    assert!(
        all.contains("does not tell of") && all.contains("every 7d"),
        "{all}"
    );
    let without = PASSES.split("[[stream.list]]\n    pass").next().unwrap();
    let sweep_only = misses(without.to_owned()).await;
    assert!(sweep_only.contains("for up to 7d"), "{sweep_only}");
    let none = misses(without.replace("sweep_every = \"7d\"", "")).await;
    assert!(none.contains("until a run with --full"), "{none}");
}

#[tokio::test]
async fn a_customers_own_host_must_be_said() {
    // Goal: a vendor without one host for all says so with an example. Method: no `base_url`.
    let desk = Desk::new();
    let text = PASSES.replace(
        r#"base_url = "https://api.example.com""#,
        r#"base_url_example = "https://acme.example.com""#,
    );
    let mut config = desk.api("https://x.example", &text, TOKEN);
    config.base_url = None;
    let report = desk.open(&config).err().unwrap().report();
    assert!(report.starts_with("error[XF-S015]"), "{report}");
    assert!(
        report.contains(r#"base_url = "https://acme.example.com""#),
        "{report}"
    );
}
