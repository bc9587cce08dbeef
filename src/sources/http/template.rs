//! Filling in the `{names}` of a connector's request.

use std::collections::BTreeMap;

use super::call::{Body, Call};
use super::origin::Origin;
use crate::sources::connector::{Method, RequestSpec};
use crate::sources::error::SourceError;
use crate::sources::json::{Json, Path, Scope, Tree};

/// What stands for the names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'n> {
    /// The plain keys of `[source.x]`; never a secret, since a path ends up in logs.
    pub(super) plain: &'n BTreeMap<String, String>,
    /// The start of the window, as the vendor spells it.
    pub(super) since: Option<&'n str>,
    /// The parent record of a child's request.
    pub(super) record: Option<Json<'n>>,
    /// The ids of a lookup.
    pub(super) inputs: &'n [String],
}

/// A request of a connector, made ready.
#[derive(Debug)]
pub(super) struct RequestPlan {
    method: Method,
    path: String,
    query: BTreeMap<String, String>,
    body: Option<Tree>,
    fields: Vec<String>,
}

impl RequestPlan {
    /// Takes a request, and the paths of the maps whose fields it asks for.
    pub(super) fn new<'p>(spec: &RequestSpec, paths: impl Iterator<Item = &'p str>) -> Self {
        let mut fields: Vec<String> = match &spec.fields_under {
            Some(under) => paths
                .filter_map(|path| path.strip_prefix(under.as_str())?.strip_prefix('.'))
                .map(str::to_owned)
                .collect(),
            None => Vec::new(),
        };
        fields.sort();
        fields.dedup();
        Self {
            method: spec.method,
            path: spec.path.clone(),
            query: spec.query.clone(),
            body: spec.body.as_ref().map(object),
            fields,
        }
    }

    /// The call, with all names filled in.
    pub(super) fn call(
        &self,
        origin: &Origin,
        what: &str,
        names: Names<'_>,
    ) -> Result<Call, SourceError> {
        let bad = |detail: String| SourceError::BadConnector {
            file: what.to_owned(),
            detail,
        };
        let path = self.expand(&self.path, names, true).map_err(bad)?;
        let mut url = origin.join(&path);
        if !self.query.is_empty() {
            let mut pairs = url.query_pairs_mut();
            for (name, template) in &self.query {
                pairs.append_pair(name, &self.expand(template, names, false).map_err(bad)?);
            }
        }
        let body = match &self.body {
            Some(template) => Body::Json(self.expand_body(template, names).map_err(bad)?),
            None => Body::Empty,
        };
        Ok(Call {
            method: self.method,
            url,
            headers: reqwest::header::HeaderMap::new(),
            body,
            what: what.to_owned(),
        })
    }

    fn expand(&self, template: &str, names: Names<'_>, in_path: bool) -> Result<String, String> {
        let mut text = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after
                .split_once('}')
                .ok_or_else(|| format!("`{template}` has an open brace"))?;
            text.push_str(before);
            let filled = self
                .named(name, names)
                .ok_or_else(|| format!("nothing stands for `{{{name}}}` in `{template}`"))?;
            if in_path {
                push_segment(&filled, &mut text)?;
            } else {
                text.push_str(&filled);
            }
            rest = behind;
        }
        text.push_str(rest);
        Ok(text)
    }

    fn named(&self, name: &str, names: Names<'_>) -> Option<String> {
        match name {
            "fields" => Some(self.fields.join(",")),
            "since" => names.since.map(str::to_owned),
            _ => names
                .record
                .and_then(|record| Path::new(name).text(Scope::of(record)))
                .or_else(|| names.plain.get(name).map(String::as_str))
                .map(str::to_owned),
        }
    }

    fn expand_body(&self, template: &Tree, names: Names<'_>) -> Result<Tree, String> {
        Ok(match template {
            Tree::Text(text) if text == "{fields}" => {
                Tree::List(self.fields.iter().cloned().map(Tree::Text).collect())
            }
            Tree::Text(text) if text == "{inputs}" => Tree::List(
                names
                    .inputs
                    .iter()
                    .map(|id| Tree::Object(vec![("id".to_owned(), Tree::Text(id.clone()))]))
                    .collect(),
            ),
            Tree::Text(text) => Tree::Text(self.expand(text, names, false)?),
            Tree::List(items) => Tree::List(
                items
                    .iter()
                    .map(|item| self.expand_body(item, names))
                    .collect::<Result<_, _>>()?,
            ),
            Tree::Object(entries) => Tree::Object(
                entries
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), self.expand_body(value, names)?)))
                    .collect::<Result<_, String>>()?,
            ),
            other => other.clone(),
        })
    }
}

/// Text with `{key}` filled in from a table alone, for headers and credentials.
pub(super) fn fill(
    template: &str,
    texts: &dyn Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after
            .split_once('}')
            .ok_or_else(|| "a template has an open brace".to_owned())?;
        text.push_str(before);
        text.push_str(&texts(name).ok_or_else(|| name.to_owned())?);
        rest = behind;
    }
    text.push_str(rest);
    Ok(text)
}

/// The keys that stand in braces in a text.
pub(super) fn keys_of(template: &str) -> Vec<String> {
    template
        .split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}'))
        .map(|(key, _)| key.to_owned())
        .collect()
}

/// Appends a text as part of one path segment, so that an id from a vendor cannot climb about.
fn push_segment(text: &str, path: &mut String) -> Result<(), String> {
    if text.is_empty() || text.bytes().all(|byte| byte == b'.') {
        return Err(format!("`{text}` cannot stand in a path"));
    }
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            path.push(char::from(byte));
        } else {
            path.push('%');
            for digit in [byte >> 4, byte & 0xf] {
                let letter = char::from_digit(u32::from(digit), 16);
                path.extend(letter.map(|letter| letter.to_ascii_uppercase()));
            }
        }
    }
    Ok(())
}

fn object(table: &toml::Table) -> Tree {
    Tree::Object(
        table
            .iter()
            .map(|(key, value)| (key.clone(), json_of(value)))
            .collect(),
    )
}

fn json_of(value: &toml::Value) -> Tree {
    match value {
        toml::Value::String(text) => Tree::Text(text.clone()),
        toml::Value::Integer(number) => Tree::Number(number.to_string()),
        toml::Value::Float(number) => Tree::Number(number.to_string()),
        toml::Value::Boolean(flag) => Tree::Bool(*flag),
        toml::Value::Datetime(instant) => Tree::Text(instant.to_string()),
        toml::Value::Array(items) => Tree::List(items.iter().map(json_of).collect()),
        toml::Value::Table(table) => object(table),
    }
}

/// Puts a text at a path of a JSON body: keys of objects, and numbers of lists that are there.
pub(super) fn put(body: &mut Tree, path: &str, text: &str) -> bool {
    let (segment, rest) = path.split_once('.').unwrap_or((path, ""));
    let inner = match body {
        Tree::Object(entries) => {
            let at = entries
                .iter()
                .position(|(key, _)| key == segment)
                .unwrap_or_else(|| {
                    entries.push((segment.to_owned(), Tree::Object(Vec::new())));
                    entries.len() - 1
                });
            entries.get_mut(at).map(|(_, value)| value)
        }
        Tree::List(items) => segment.parse().ok().and_then(|at: usize| items.get_mut(at)),
        _ => None,
    };
    match inner {
        Some(slot) if rest.is_empty() => {
            *slot = Tree::Text(text.to_owned());
            true
        }
        Some(slot) => put(slot, rest, text),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::json::parse;

    #[test]
    fn names_are_filled_in_and_cannot_leave_their_place() {
        let spec: RequestSpec = toml::from_str(
            r#"method = "POST"
               path = "/v1/{realm_id}/{id}/lines"
               query = { properties = "{fields}" }
               body = { properties = "{fields}", inputs = "{inputs}", after = "{since}" }
               fields_under = "properties""#,
        )
        .unwrap();
        let paths = ["properties.b", "id", "properties.a", "properties.b"];
        let plan = RequestPlan::new(&spec, paths.into_iter());
        let record = parse(br#"{"id":"in/../1?x#y"}"#).unwrap();
        let plain = BTreeMap::from([("realm_id".to_owned(), "42".to_owned())]);
        let inputs = ["7".to_owned()];
        let names = Names {
            plain: &plain,
            since: Some("9"),
            record: Some(record.root()),
            inputs: &inputs,
        };
        let origin = Origin::new("s", "base_url", "https://h.example").unwrap();
        let call = plan.call(&origin, "lines", names).unwrap();
        assert_eq!(
            call.url.as_str(),
            "https://h.example/v1/42/in%2F..%2F1%3Fx%23y/lines?properties=a%2Cb"
        );
        let Body::Json(body) = &call.body else {
            panic!("a body is expected")
        };
        assert_eq!(
            body.to_text(),
            r#"{"properties":["a","b"],"inputs":[{"id":"7"}],"after":"9"}"#
        );
        let climbing = parse(br#"{"id":".."}"#).unwrap();
        let names = Names {
            record: Some(climbing.root()),
            ..names
        };
        assert!(plan.call(&origin, "lines", names).is_err());
    }

    #[test]
    fn a_cursor_is_put_into_a_body() {
        let table: toml::Table = toml::from_str("inputs = [{ id = '1' }]").unwrap();
        let mut body = object(&table);
        assert!(put(&mut body, "inputs.0.after", "x"));
        assert!(put(&mut body, "page.cursor", "y"));
        assert_eq!(
            body.to_text(),
            r#"{"inputs":[{"id":"1","after":"x"}],"page":{"cursor":"y"}}"#
        );
        assert!(!put(&mut body, "inputs.5.after", "x"));
    }
}
