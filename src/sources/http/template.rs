//! Filling in the `{names}` of a connector's request.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::call::{self, Body, Call, Wants};
use super::origin::Origin;
use crate::sources::connector::{Method, RequestSpec};
use crate::sources::error::SourceError;
use crate::sources::json::{self, Json, Path, Scope, Shape, Tree};

/// A name of the engine's own and what stands for it; nothing where there is no value yet, as for
/// the cursor on the first page.
pub(super) type Given = (&'static str, Option<String>);

/// What stands for the names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'n> {
    /// The plain keys of `[source.x]`; never a secret, since a path ends up in logs.
    pub(super) plain: &'n BTreeMap<String, String>,
    /// The window, the place in the list, and whatever else this request is about.
    pub(super) given: &'n [Given],
    /// The parent record of a child's request.
    pub(super) record: Option<Json<'n>>,
    /// The ids of a lookup.
    pub(super) inputs: &'n [String],
}

/// What a name stands for.
enum Named {
    Text(String),
    /// It is known, and has no value yet.
    NotYet,
}

/// A request of a connector, made ready.
#[derive(Debug)]
pub(super) struct RequestPlan {
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Option<Tree>,
    fields: Vec<String>,
    fields_join: String,
    /// Fields that the vendor does not have, and that are asked for no more.
    forgotten: Mutex<BTreeSet<String>>,
    /// Whether the window's end stands in it.
    names_end: bool,
}

impl RequestPlan {
    /// Takes a request, and the paths of the maps whose fields it asks for.
    pub(super) fn new<'p>(spec: &RequestSpec, paths: impl Iterator<Item = &'p str>) -> Self {
        let mut fields: Vec<String> = match spec.fields_under.as_deref() {
            Some("") => paths.map(str::to_owned).collect(),
            Some(under) => paths
                .filter_map(|path| path.strip_prefix(under)?.strip_prefix('.'))
                .map(str::to_owned)
                .collect(),
            None => Vec::new(),
        };
        if spec.fields_first {
            for field in &mut fields {
                field.truncate(field.find('.').unwrap_or(field.len()));
            }
        }
        fields.sort();
        fields.dedup();
        let query = spec.query.iter().flat_map(|(name, texts)| {
            let texts = texts.as_slice().iter();
            texts.map(|text| (name.clone(), text.clone()))
        });
        let accept = spec.accept.iter();
        let accept = accept.map(|text| ("Accept".to_owned(), text.clone()));
        let own = spec.headers.iter();
        let own = own.map(|(name, text)| (name.clone(), text.clone()));
        Self {
            method: spec.method,
            path: spec.path.clone(),
            query: query.collect(),
            headers: accept.chain(own).collect(),
            body: spec.body.as_ref().map(object),
            fields,
            fields_join: spec.fields_join.clone().unwrap_or_else(|| ",".to_owned()),
            forgotten: Mutex::default(),
            names_end: spec.names("until"),
        }
    }

    /// Asks for these fields no more; a field below another is known by its last name as well.
    /// `false` where none of them is among the fields.
    pub(super) fn forget(&self, names: &[String]) -> bool {
        let mut is_known = false;
        for field in &self.fields {
            let last = field.rsplit('.').next().unwrap_or(field);
            if names.iter().any(|name| name == field || name == last) {
                self.forgotten().insert(field.clone());
                is_known = true;
            }
        }
        is_known
    }

    /// The fields that the vendor does not have.
    pub(super) fn forgotten_fields(&self) -> Vec<String> {
        self.forgotten().iter().cloned().collect()
    }

    fn forgotten(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.forgotten
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn asked_fields(&self) -> Vec<String> {
        let forgotten = self.forgotten();
        let fields = self.fields.iter();
        fields
            .filter(|field| !forgotten.contains(*field))
            .cloned()
            .collect()
    }

    /// Whether the window's end stands in it.
    pub(super) fn names_end(&self) -> bool {
        self.names_end
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
        let path = self.expand_path(names).map_err(bad)?;
        let mut url = origin.join(&path);
        let mut pairs = Vec::new();
        for (name, template) in &self.query {
            if let Some(text) = self.expand(template, names).map_err(bad)? {
                pairs.push((name, text));
            }
        }
        if !pairs.is_empty() {
            url.query_pairs_mut().extend_pairs(pairs);
        }
        let mut headers = reqwest::header::HeaderMap::new();
        for (name, template) in &self.headers {
            if let Some(text) = self.expand(template, names).map_err(bad)? {
                let parsed = call::header(name, &text, false)
                    .ok_or_else(|| bad(format!("`{name}` is no header")))?;
                headers.insert(parsed.0, parsed.1);
            }
        }
        let body = match &self.body {
            Some(template) => match self.expand_body(template, names).map_err(bad)? {
                Some(body) => Body::Json(body),
                None => Body::Empty,
            },
            None => Body::Empty,
        };
        Ok(Call {
            method: self.method,
            url,
            headers,
            body,
            wants: Wants::Json,
            what: what.to_owned(),
        })
    }

    fn expand_path(&self, names: Names<'_>) -> Result<String, String> {
        let mut path = String::new();
        for piece in pieces(&self.path)? {
            match piece {
                Piece::Plain(plain) => path.push_str(plain),
                Piece::Name(name) => match self.named(name, names, &self.path)? {
                    Named::Text(text) => push_segment(&text, &mut path)?,
                    Named::NotYet => {}
                },
            }
        }
        Ok(path)
    }

    /// The text with its names filled in; nothing when one of them has no value yet.
    fn expand(&self, template: &str, names: Names<'_>) -> Result<Option<String>, String> {
        let mut text = String::new();
        for piece in pieces(template)? {
            match piece {
                Piece::Plain(plain) => text.push_str(plain),
                Piece::Name(name) => match self.named(name, names, template)? {
                    Named::Text(filled) => text.push_str(&filled),
                    Named::NotYet => return Ok(None),
                },
            }
        }
        Ok(Some(text))
    }

    fn named(&self, name: &str, names: Names<'_>, template: &str) -> Result<Named, String> {
        if let Some((_, text)) = names.given.iter().find(|(given, _)| *given == name) {
            return Ok(text.clone().map_or(Named::NotYet, Named::Text));
        }
        let found = match name {
            "fields" => Some(self.asked_fields().join(&self.fields_join)),
            _ => match name.strip_prefix("inputs:") {
                Some(between) => Some(names.inputs.join(between)),
                None => names
                    .record
                    .and_then(|record| Path::new(name).text(Scope::of(record)))
                    .or_else(|| names.plain.get(name).map(String::as_str))
                    .map(str::to_owned),
            },
        };
        found
            .map(Named::Text)
            .ok_or_else(|| format!("nothing stands for `{{{name}}}` in `{template}`"))
    }

    /// The body with its names filled in; a key whose text has no value yet is left out.
    fn expand_body(&self, template: &Tree, names: Names<'_>) -> Result<Option<Tree>, String> {
        Ok(Some(match template {
            Tree::Text(text) if text == "{fields}" => {
                Tree::List(self.asked_fields().into_iter().map(Tree::Text).collect())
            }
            Tree::Text(text) if text == "{inputs}" => Tree::List(
                names
                    .inputs
                    .iter()
                    .map(|id| Tree::Object(vec![("id".to_owned(), Tree::Text(id.clone()))]))
                    .collect(),
            ),
            Tree::Text(text) => match number_name(text) {
                Some(name) => match self.named(name, names, text)? {
                    Named::Text(number) => number_of(&number)?,
                    Named::NotYet => return Ok(None),
                },
                None => match self.expand(text, names)? {
                    Some(text) => Tree::Text(text),
                    None => return Ok(None),
                },
            },
            Tree::List(items) => {
                let filled = items.iter().map(|item| self.expand_body(item, names));
                Tree::List(
                    filled
                        .filter_map(Result::transpose)
                        .collect::<Result<_, _>>()?,
                )
            }
            Tree::Object(entries) => {
                let filled = entries.iter().map(|(key, value)| {
                    let value = self.expand_body(value, names)?;
                    Ok(value.map(|value| (key.clone(), value)))
                });
                let entries = filled.filter_map(Result::transpose);
                Tree::Object(entries.collect::<Result<_, String>>()?)
            }
            other => other.clone(),
        }))
    }
}

/// A part of a template.
enum Piece<'t> {
    Plain(&'t str),
    Name(&'t str),
}

fn pieces(template: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after
            .split_once('}')
            .ok_or_else(|| format!("`{template}` has an open brace"))?;
        pieces.push(Piece::Plain(before));
        pieces.push(Piece::Name(name));
        rest = behind;
    }
    pieces.push(Piece::Plain(rest));
    Ok(pieces)
}

/// The name in a text that is nothing but `{#name}`.
fn number_name(text: &str) -> Option<&str> {
    text.strip_prefix("{#")?.strip_suffix('}')
}

fn number_of(text: &str) -> Result<Tree, String> {
    let document = json::parse(text).ok();
    let shape = document.as_ref().map(|document| document.root().shape());
    match shape {
        Some(Shape::Number(number)) => Ok(Tree::Number(number.to_owned())),
        _ => Err(format!("`{text}` is no number")),
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
        let given = [("since", Some("9".to_owned()))];
        let names = Names {
            plain: &plain,
            given: &given,
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
        let mut body = object(&toml::from_str(r#"inputs = [{ id = "1" }]"#).unwrap());
        assert!(put(&mut body, "inputs.0.after", "x"));
        assert!(put(&mut body, "page.cursor", "y"));
        assert_eq!(
            body.to_text(),
            r#"{"inputs":[{"id":"1","after":"x"}],"page":{"cursor":"y"}}"#
        );
        assert!(!put(&mut body, "inputs.5.after", "x"));
    }
}
