//! Values that floats, lenient parsers and hurried vendors get wrong.

use crossfoot::canonical::Entity;

use super::harness::{Desk, Pulled, SINGLE, TOKEN, connector, json, server};

async fn payments(rows: &str) -> Pulled {
    let desk = Desk::new();
    let body = format!(r#"{{"data":[{rows}]}}"#);
    let server = server(move |_| json(body.clone())).await;
    let text = connector(SINGLE).replace("\"products\"", "\"payments\"").replace(
        r#"map = { id = "id", sku = "sku" }"#,
        r#"map = { id = "id", received_on = "day", amount = "amount", currency = "currency", status = { from = "status", cases = { ok = "succeeded" } } }"#,
    );
    let config = desk.api(&server.uri(), &text, TOKEN);
    desk.pull(&config, "items")
        .await
        .unwrap_or_else(|failure| panic!("{failure}"))
}

fn row(id: &str, amount: &str) -> String {
    format!(
        r#"{{"id":"{id}","day":"2026-11-01","amount":{amount},"currency":"USD","status":"ok"}}"#
    )
}

#[tokio::test]
async fn amounts_are_their_own_text() {
    // Goal: no digit is lost on the way. Method: amounts that a float cannot hold, as numbers and
    // as texts.
    let amounts = [
        ("9007199254740993", "9007199254740993"),
        ("0.1", "0.1"),
        ("1.5e3", "1500"),
        ("-0.00", "0"),
        ("\"1890\"", "1890"),
        ("\"1.0E7\"", "10000000"),
        (
            "123456789012345678.0123456789",
            "123456789012345678.0123456789",
        ),
    ];
    for (amount, expected) in amounts {
        let pulled = payments(&row("p", amount)).await;
        let number = pulled.one(Entity::Payments, "p").decimal("amount").unwrap();
        assert_eq!(number.to_string(), expected, "{amount}");
    }
}

#[tokio::test]
async fn what_cannot_be_exact_is_quarantined_alone() {
    // Goal: one bad row costs one row, kept with its text. Method: bad rows among good ones.
    let bad = [
        "123456789012345678901234567890",
        "0.30000000000000004",
        "1e400",
        "NaN",
        "\"1,234.56\"",
        "\"$12\"",
        "\"(12.00)\"",
        "true",
        "[]",
        "null",
        "\"\"",
        "Infinity",
        "\"-Infinity\"",
        "79228162514264337593543950336",
        "18446744073709551616.00000000001",
        "\"1.234,56\"",
        "\"\u{661}\u{662}\"",
        "\"\u{2212}12\"",
        "\"0x1f\"",
        "\"+12\"",
        "{\"value\":12}",
    ];
    let mut rows = vec![row("first", "1")];
    rows.extend(
        bad.iter()
            .enumerate()
            .map(|(at, amount)| row(&format!("bad-{at}"), amount)),
    );
    rows.push(row("last", "2"));
    let pulled = payments(&rows.join(",")).await;
    assert_eq!(pulled.ids(Entity::Payments), ["first", "last"]);
    assert_eq!(pulled.rejects.len(), bad.len());
    for (at, reject) in pulled.rejects.iter().enumerate() {
        assert_eq!(reject.id.as_deref(), Some(format!("bad-{at}").as_str()));
        assert_eq!(
            (reject.field.as_str(), reject.source.as_str()),
            ("amount", "billing")
        );
        assert_eq!(
            reject.origin,
            format!("stream items, page 1, record {}", at + 2)
        );
        assert!(
            reject.raw.contains(&format!("\"id\":\"bad-{at}\"")) && reject.raw.contains(bad[at]),
            "{}",
            reject.raw
        );
        assert!(!reject.reason.is_empty());
    }
    assert_eq!(pulled.rejects[0].text.as_deref(), Some(bad[0]));
    assert_eq!(pulled.report.full_sweeps, [Entity::Payments]);
    assert!(
        pulled
            .report
            .warnings
            .iter()
            .any(|text| text.contains("21 payments did not fit"))
    );
}

#[tokio::test]
async fn odd_records_do_not_harm_their_neighbours() {
    // Goal: a key that stands twice, a lone surrogate, an unknown currency and a record without an
    // id are quarantined; an unknown status lands and is told. Method: all on one page.
    let rows = [
        r#"{"id":"twice","day":"2026-11-01","amount":1,"amount":2,"currency":"USD"}"#.to_owned(),
        r#"{"id":"half\ud800","day":"2026-11-01","amount":1,"currency":"USD"}"#.to_owned(),
        r#"{"id":"dead","day":"2026-11-01","amount":1,"currency":"DEM"}"#.to_owned(),
        row("good", "3").replace("\"ok\"", "\"odd\""),
    ];
    let pulled = payments(&rows.join(",")).await;
    assert_eq!(pulled.ids(Entity::Payments), ["good"]);
    let reasons: Vec<&str> = pulled
        .rejects
        .iter()
        .map(|reject| reject.reason.as_str())
        .collect();
    assert_eq!(
        reasons,
        [
            "the key `amount` stands twice",
            "is no valid JSON, not a text",
            "is no currency of ISO 4217",
        ]
    );
    assert_eq!(pulled.rejects[1].raw, rows[1]);
    let good = pulled.one(Entity::Payments, "good");
    assert_eq!(good.text("status"), Some("unmapped:odd"));
    assert!(
        pulled
            .report
            .gaps
            .iter()
            .any(|text| text.starts_with("1 payments landed with status `unmapped:odd`"))
    );
    // The one without a readable id could be any of the landed ones, so nothing is taken for gone.
    assert!(pulled.report.full_sweeps.is_empty());
}

#[tokio::test]
async fn what_stays_text_stays_as_it_is() {
    // Goal: ids keep their zeros and their letters, whatever they look like, and one of many marks
    // over a letter is one; a text of 100 kB is no id and costs its own row alone. Method: each as
    // an id beside its plain likeness.
    let marked = format!("e{}", "\u{301}".repeat(200));
    let long = "x".repeat(100_000);
    let ids = [
        "007",
        "7",
        "caf\u{e9}",
        "cafe\u{301}",
        "A\u{200b}1",
        "A1",
        &marked,
    ];
    let mut rows: Vec<String> = ids.iter().map(|id| row(id, "1")).collect();
    rows.push(row(&long, "1"));
    let pulled = payments(&rows.join(",")).await;
    assert_eq!(pulled.ids(Entity::Payments), ids);
    assert_eq!(pulled.rejects.len(), 1);
    assert_eq!(pulled.rejects[0].field, "id");
}

#[tokio::test]
async fn fields_that_come_go_or_change() {
    // Goal: a field that nobody reads may come and go; one that a column needs is missed loudly,
    // row by row and with its name; one that turned into something else is not guessed at. Method:
    // a new field, a field renamed, and a date and a currency that became objects.
    let good = row("good", "1").replace("\"status\"", "\"new\":{\"deep\":[1]},\"status\"");
    let renamed = row("renamed", "1").replace("\"amount\"", "\"amount_v2\"");
    let turned = row("turned", "1").replace("\"2026-11-01\"", "{\"date\":\"2026-11-01\"}");
    let coded = row("coded", "1").replace("\"USD\"", "840");
    let pulled = payments(&[good, renamed, turned, coded].join(",")).await;
    assert_eq!(pulled.ids(Entity::Payments), ["good"]);
    let told: Vec<(&str, &str, Option<&str>)> = pulled
        .rejects
        .iter()
        .map(|one| {
            (
                one.id.as_deref().unwrap(),
                one.field.as_str(),
                one.text.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("renamed", "amount", None),
            ("turned", "received_on", Some("{\"date\":\"2026-11-01\"}")),
            ("coded", "currency", Some("840")),
        ]
    );
    assert!(pulled.rejects.iter().all(|one| !one.reason.is_empty()));
    // They are known by their ids, so that what is landed of them is not taken for gone.
    assert_eq!(pulled.report.full_sweeps, [Entity::Payments]);
}

#[tokio::test]
async fn what_is_no_currency_of_today_is_never_summed() {
    // Goal: amounts stand beside a currency that is one, or in the quarantine. Method: codes that are
    // unknown, dead, for tests, in small letters, numbers, or not there.
    let wrong = ["ABC", "DEM", "XXX", "XTS", "usd", "840", "US", "", "$"];
    let mut rows: Vec<String> = wrong
        .iter()
        .map(|code| row(&format!("bad {code}"), "1").replace("USD", code))
        .collect();
    rows.push(row("null", "1").replace("\"USD\"", "null"));
    rows.push(row("good", "1").replace("USD", "KWD"));
    let pulled = payments(&rows.join(",")).await;
    assert_eq!(pulled.ids(Entity::Payments), ["good"]);
    assert_eq!(pulled.rejects.len(), wrong.len() + 1);
    assert!(pulled.rejects.iter().all(|one| one.field == "currency"));
}

#[tokio::test]
async fn a_nul_is_kept_for_nobody() {
    // Goal: no store holds a NUL in a text, so a row with one in a column is quarantined, from JSON and
    // from a table alike; where nobody reads it, it does no harm. Method: one in an id, one in a field
    // that no map has.
    let inside = row("a", "1").replace("\"a\"", "\"a\\u0000b\"");
    let beside = row("good", "1").replace("\"status\"", "\"note\":\"c\\u0000d\",\"status\"");
    let pulled = payments(&[inside, beside].join(",")).await;
    assert_eq!(pulled.ids(Entity::Payments), ["good"]);
    assert_eq!(pulled.rejects[0].field, "id");

    let desk = Desk::new();
    let server = server(|_| {
        let rows = b"id,sku,note\n1\x002,a,x\n3,b,y\x00z\n";
        wiremock::ResponseTemplate::new(200).set_body_raw(*rows, "text/csv")
    })
    .await;
    let text = connector(SINGLE).replace("records = \"data\"", "format = 'csv'");
    let config = desk.api(&server.uri(), &text, TOKEN);
    let pulled = desk.pull(&config, "items").await.unwrap();
    assert_eq!(pulled.ids(Entity::Products), ["3"]);
    assert_eq!(pulled.rejects[0].field, "id");
}
