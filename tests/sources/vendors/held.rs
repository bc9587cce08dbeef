//! What a small vendor holds: its lists by name, how long its pages are, and by how much it miscounts.

use std::collections::BTreeMap;

use crossfoot::canonical::Entity;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::bench::{Bench, Vendor, unsealed};

/// A vendor's records.
pub(super) struct Held {
    pub(super) lists: BTreeMap<String, Vec<Value>>,
    pub(super) page_size: usize,
    /// Added to every count.
    pub(super) miscount: usize,
    /// How many tokens were asked for.
    pub(super) tokens: usize,
}

impl Held {
    /// Lists of a JSON object, two records a page.
    pub(super) fn of(lists: Value) -> Self {
        let Value::Object(lists) = lists else {
            panic!("lists by their names are expected")
        };
        let lists = lists.into_iter().map(|(name, rows)| {
            let Value::Array(rows) = rows else {
                panic!("{name} is no list")
            };
            (name, rows)
        });
        Self {
            lists: lists.collect(),
            page_size: 2,
            miscount: 0,
            tokens: 0,
        }
    }

    /// A list; an unknown one is empty.
    pub(super) fn all(&mut self, name: &str) -> &mut Vec<Value> {
        self.lists.entry(name.to_owned()).or_default()
    }

    /// One page of some rows, from a place on, and whether there is more.
    pub(super) fn page(&self, rows: &[Value], from: usize) -> (Vec<Value>, bool) {
        let rest = rows.get(from..).unwrap_or_default();
        let page: Vec<Value> = rest.iter().take(self.page_size).cloned().collect();
        let more = rest.len() > page.len();
        (page, more)
    }

    /// A new access token, `token-1` and so on.
    pub(super) fn token(&mut self) -> ResponseTemplate {
        self.tokens += 1;
        ok(
            json!({"access_token": format!("token-{}", self.tokens), "token_type": "bearer",
            "expires_in": 3600}),
        )
    }

    /// Whether a request carries the newest token.
    pub(super) fn knows(&self, request: &Request) -> bool {
        let value = request.headers.get("authorization");
        let expected = format!("Bearer token-{}", self.tokens);
        value.is_some_and(|value| value.to_str().unwrap() == expected)
    }
}

/// A night in which the vendor counts one too many, and one in which it holds nothing: the first one
/// is not sealed for `why`, the second one is.
pub(super) async fn miscount_is_told(
    vendor: &Vendor<Held>,
    bench: &mut Bench,
    stream: &str,
    why: &str,
) {
    vendor.change(|held| held.miscount = 1);
    let reports = bench.night(vendor, 1).await;
    assert_eq!(unsealed(&reports, stream), why);
    vendor.change(|held| {
        held.miscount = 0;
        held.lists.clear();
    });
    bench.whole_night(vendor, 2).await;
}

/// The wire bodies beside the repository, held in place of what the vendor holds: they come to these
/// sums in one night.
pub(super) async fn bodies_come_to(
    (vendor, mut bench): (Vendor<Held>, Bench),
    lists: impl IntoIterator<Item = (&str, Vec<Value>)>,
    sums: &[(Entity, &str, &str)],
) {
    vendor.change(|held| {
        let named = lists
            .into_iter()
            .map(|(name, rows)| (name.to_owned(), rows));
        held.lists = named.collect();
    });
    bench.whole_night(&vendor, 1).await;
    bench.sums(sums);
}

/// A good answer.
pub(super) fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

/// A refusal with a body.
pub(super) fn refused(status: u16, body: Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

/// `/Date(ms+0000)/` of an instant.
pub(super) fn dotnet(text: &str) -> String {
    let at: jiff::Timestamp = text.parse().unwrap();
    format!("/Date({}+0000)/", at.as_millisecond())
}
