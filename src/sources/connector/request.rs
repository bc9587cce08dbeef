//! `request` of a list: what is asked, with `{names}` in it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::config::OneOrMany;

/// A request's verb.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(in crate::sources) enum Method {
    /// GET
    #[default]
    Get,
    /// POST, for queries that only read: they are repeated when they fail.
    Post,
    /// DELETE, to clear away an export that crossfoot itself ordered.
    Delete,
}

/// A request. In path, query, headers and body a name in braces stands for a value:
///
/// - `{key}`: a plain key of `[source.x]`, or what discovery found;
/// - `{fields}`: the fields that the maps read;
/// - `{window}`, `{since}`, `{until}`: the window (see `incremental`);
/// - `{start}`: the list's `start` clause;
/// - `{cursor}`, `{last}`, `{page}`, `{offset}`: where the paging stands;
/// - `{inputs}`, `{inputs:,}`: the ids of a lookup;
/// - `{path}` in a child's request: a field of the parent.
///
/// A body's text that is nothing but `{#name}` becomes a JSON number. A name that has no value yet,
/// as `{cursor}` on the first page, leaves out the query parameter or the key that it stands in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct RequestSpec {
    /// The verb.
    #[serde(default)]
    pub(in crate::sources) method: Method,
    /// The path under the base URL.
    pub(in crate::sources) path: String,
    /// The query; a list repeats its parameter.
    #[serde(default)]
    pub(in crate::sources) query: BTreeMap<String, OneOrMany<String>>,
    /// Headers of this request alone.
    #[serde(default)]
    pub(in crate::sources) headers: BTreeMap<String, String>,
    /// The `Accept` header, where JSON is not what is wanted.
    pub(in crate::sources) accept: Option<String>,
    /// The JSON body of a POST.
    pub(in crate::sources) body: Option<toml::Table>,
    /// The field below which the maps' fields are asked for: of `properties.name` under
    /// `properties`, `{fields}` has `name`. Empty, it has all paths as they are written.
    pub(in crate::sources) fields_under: Option<String>,
    /// Only the first name of each path is asked for, where the vendor gives a whole object for it:
    /// of `Owner.name`, `{fields}` has `Owner`.
    #[serde(default)]
    pub(in crate::sources) fields_first: bool,
    /// What stands between the fields; a comma, unless said otherwise.
    pub(in crate::sources) fields_join: Option<String>,
    /// The `[host.NAME]` that is asked, where it is not the base URL.
    pub(in crate::sources) host: Option<String>,
}

impl RequestSpec {
    /// The request with texts in the places of names.
    pub(super) fn with(&self, texts: &BTreeMap<String, String>) -> Self {
        let filled = |text: &str| {
            texts.iter().fold(text.to_owned(), |text, (name, own)| {
                text.replace(&format!("{{{name}}}"), own)
            })
        };
        let query = self.query.iter().map(|(name, texts)| {
            let texts = texts.as_slice().iter();
            let texts = texts.map(|text| filled(text)).collect();
            (name.clone(), OneOrMany::Many(texts))
        });
        let headers = self.headers.iter();
        Self {
            path: filled(&self.path),
            query: query.collect(),
            headers: headers
                .map(|(name, text)| (name.clone(), filled(text)))
                .collect(),
            body: self.body.as_ref().map(|body| table_with(body, &filled)),
            ..self.clone()
        }
    }

    /// Whether `{name}` stands anywhere in it.
    pub(in crate::sources) fn names(&self, name: &str) -> bool {
        let marks = [format!("{{{name}}}"), format!("{{#{name}}}")];
        let has = |text: &str| marks.iter().any(|mark| text.contains(mark.as_str()));
        let in_query = self.query.values().flat_map(OneOrMany::as_slice);
        has(&self.path)
            || in_query.chain(self.headers.values()).any(|text| has(text))
            || self.body.as_ref().is_some_and(|body| table_has(body, &has))
    }
}

fn table_with(table: &toml::Table, filled: &dyn Fn(&str) -> String) -> toml::Table {
    let entries = table.iter();
    entries
        .map(|(key, value)| (key.clone(), value_with(value, filled)))
        .collect()
}

fn value_with(value: &toml::Value, filled: &dyn Fn(&str) -> String) -> toml::Value {
    match value {
        toml::Value::String(text) => toml::Value::String(filled(text)),
        toml::Value::Array(items) => {
            let items = items.iter().map(|item| value_with(item, filled));
            toml::Value::Array(items.collect())
        }
        toml::Value::Table(table) => toml::Value::Table(table_with(table, filled)),
        other => other.clone(),
    }
}

fn table_has(table: &toml::Table, has: &dyn Fn(&str) -> bool) -> bool {
    table.values().any(|value| value_has(value, has))
}

fn value_has(value: &toml::Value, has: &dyn Fn(&str) -> bool) -> bool {
    match value {
        toml::Value::String(text) => has(text),
        toml::Value::Array(items) => items.iter().any(|item| value_has(item, has)),
        toml::Value::Table(table) => table_has(table, has),
        _ => false,
    }
}
