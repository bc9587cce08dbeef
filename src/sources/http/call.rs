//! A request as the connector wants it, before it is authorised, and the answer to it.

use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::secret::Secret;
use crate::sources::connector::Method;
use crate::sources::files::{RowFormat, Rows};
use crate::sources::json::{Document, Tree};

/// What a call carries.
#[derive(Debug, Clone)]
pub(super) enum Body {
    /// Nothing.
    Empty,
    /// A JSON text.
    Json(Tree),
    /// A form, as a token request sends it. It holds secrets.
    Form(Vec<(String, Secret)>),
}

/// What the answer to a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    /// One JSON value.
    Json,
    /// Rows, of which the columns are the JSON value.
    Rows(RowFormat),
    /// Its status and its headers; the JSON value is `null`.
    Nothing,
}

/// A request. It only reads, whatever its verb, so it may be repeated.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
    pub(super) wants: Wants,
    /// What is read, for the words of an error: the stream's name.
    pub(super) what: String,
}

impl Call {
    /// The request as it may be shown.
    pub(super) fn shown(&self) -> String {
        let verb = match self.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        };
        format!("{verb} {}", super::origin::shown(&self.url))
    }

    /// Two calls with one fingerprint ask for the same page.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        let body = match &self.body {
            Body::Json(json) => json.to_text(),
            Body::Empty | Body::Form(_) => String::new(),
        };
        *blake3::hash(format!("{}\n{body}", self.url).as_bytes()).as_bytes()
    }

    /// Sets a query parameter; one that is there already is replaced.
    pub(super) fn set_query(&mut self, name: &str, text: &str) {
        let others: Vec<(String, String)> = self
            .url
            .query_pairs()
            .filter(|(other, _)| other != name)
            .map(|(other, value)| (other.into_owned(), value.into_owned()))
            .collect();
        self.url
            .query_pairs_mut()
            .clear()
            .extend_pairs(others)
            .append_pair(name, text);
    }
}

/// A good answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) url: Url,
    /// The server's clock when it answered.
    pub(super) date: Option<Timestamp>,
    /// The `Link` header.
    pub(super) link: Option<String>,
    /// All headers, of which a cursor may be one.
    pub(super) headers: HeaderMap,
    pub(super) json: Document,
    /// The rows, where those are the body.
    pub(super) rows: Option<Rows>,
}

impl Reply {
    /// The text of a header of the answer.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        let value = self.headers.get(name)?;
        value.to_str().ok().map(str::to_owned)
    }
}

/// A header; nothing where its name or text cannot be one.
pub(super) fn header(name: &str, text: &str, is_secret: bool) -> Option<(HeaderName, HeaderValue)> {
    let name: HeaderName = name.parse().ok()?;
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(is_secret);
    Some((name, value))
}
