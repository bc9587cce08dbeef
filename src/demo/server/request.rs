//! A request and an answer, as far as the two APIs look at them.

use axum::http::Method;
use serde_json::Value;

/// What is asked.
#[derive(Debug)]
pub(super) struct Request {
    /// The verb.
    pub(super) method: Method,
    /// The path's parts, decoded.
    pub(super) path: Vec<String>,
    /// The query's pairs, decoded, in order.
    pub(super) query: Vec<(String, String)>,
    /// The body's text.
    pub(super) body: String,
    /// The base of the server's own addresses, as `http://127.0.0.1:1234`.
    pub(super) origin: String,
}

impl Request {
    /// The first value of a query's key.
    pub(super) fn value(&self, key: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// All values of a query's key.
    pub(super) fn values(&self, key: &str) -> Vec<&str> {
        let pairs = self.query.iter().filter(|(name, _)| name == key);
        pairs.map(|(_, value)| value.as_str()).collect()
    }

    /// The number that a query's key has; an error with the text where it is none.
    pub(super) fn number<N: std::str::FromStr>(&self, key: &str) -> Result<Option<N>, String> {
        self.value(key)
            .map(|text| text.parse().map_err(|_| text.to_owned()))
            .transpose()
    }

    /// The path's parts, to be matched.
    pub(super) fn parts(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }
}

/// What is answered: a status and a JSON body.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    /// The status.
    pub(super) status: u16,
    /// The body.
    pub(super) body: Value,
}

impl Answer {
    /// Status 200.
    pub(super) fn ok(body: Value) -> Self {
        Self { status: 200, body }
    }
}
