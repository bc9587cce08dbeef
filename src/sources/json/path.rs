//! Dotted paths into a JSON tree, and the record with its parents that they start from.

use super::node::Json;

/// A record and the records around it: `^.` in a path goes one up.
#[derive(Debug, Clone, Copy)]
pub(in crate::sources) struct Scope<'r> {
    /// The record itself.
    pub(in crate::sources) record: &'r Json,
    /// The record that it is a child of.
    pub(in crate::sources) parent: Option<&'r Json>,
}

impl<'r> Scope<'r> {
    /// A record without a parent.
    pub(in crate::sources) fn of(record: &'r Json) -> Self {
        Self {
            record,
            parent: None,
        }
    }
}

/// A path, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sources) struct Path {
    text: String,
    from_parent: bool,
}

impl Path {
    /// A path as it is written in a connector file. The empty path and `$` are the record itself.
    pub(in crate::sources) fn new(text: &str) -> Self {
        match text.strip_prefix("^.") {
            Some(rest) => Self {
                text: rest.to_owned(),
                from_parent: true,
            },
            None => Self {
                text: text.strip_prefix('$').unwrap_or(text).to_owned(),
                from_parent: false,
            },
        }
    }

    /// The same path as the parent itself reads it; nothing for a path that stays in the record.
    pub(in crate::sources) fn in_parent(&self) -> Option<Self> {
        self.from_parent.then(|| Self {
            text: self.text.clone(),
            from_parent: false,
        })
    }

    /// A record that has nothing but this text at this path.
    pub(in crate::sources) fn stub(&self, text: &str) -> Json {
        let segments = self.text.rsplit('.').filter(|segment| !segment.is_empty());
        segments.fold(Json::Text(text.to_owned()), |inner, segment| {
            Json::Object(vec![(segment.to_owned(), inner)])
        })
    }

    /// The records that the path names in a body: the items of a list, or all that a `*` names.
    /// Nothing where there is no list, which is not the same as an empty one.
    pub(in crate::sources) fn records<'r>(&self, body: &'r Json) -> Option<Vec<&'r Json>> {
        let scope = Scope::of(body);
        if self.text.split('.').any(|segment| segment == "*") {
            return self.goes_through_list(scope).then(|| self.all(scope));
        }
        match self.all(scope).first() {
            Some(Json::List(items)) => Some(items.iter().collect()),
            _ => None,
        }
    }

    /// Whether there is a list where the first `*` of this path wants one.
    fn goes_through_list(&self, scope: Scope<'_>) -> bool {
        let before = match self.text.split_once('*') {
            Some((before, _)) => before.trim_end_matches('.'),
            None => &self.text,
        };
        let mut found = Vec::new();
        walk(scope.record, before, &mut found);
        matches!(found.first(), Some(Json::List(_)))
    }

    /// The path as it is written.
    pub(in crate::sources) fn text_form(&self) -> &str {
        if self.text.is_empty() {
            "$"
        } else {
            &self.text
        }
    }

    /// Everything that the path names; several values only where it has a `*`.
    pub(in crate::sources) fn all<'r>(&self, scope: Scope<'r>) -> Vec<&'r Json> {
        let start = if self.from_parent {
            scope.parent
        } else {
            Some(scope.record)
        };
        let mut found = Vec::new();
        if let Some(start) = start {
            walk(start, &self.text, &mut found);
        }
        found
    }

    /// The one value that the path names, unless it is absent.
    pub(in crate::sources) fn one<'r>(&self, scope: Scope<'r>) -> Option<&'r Json> {
        self.all(scope).into_iter().find(|value| !value.is_absent())
    }

    /// Whether the list that a `*` of this path goes through is there, and empty.
    pub(in crate::sources) fn names_empty_list(&self, scope: Scope<'_>) -> bool {
        let Some((list, _)) = self.text.split_once(".*") else {
            return false;
        };
        let list_path = Self {
            text: list.to_owned(),
            from_parent: self.from_parent,
        };
        matches!(list_path.one(scope), Some(Json::List(items)) if items.is_empty())
    }

    /// The text of the one value.
    pub(in crate::sources) fn text<'r>(&self, scope: Scope<'r>) -> Option<&'r str> {
        self.one(scope)?.scalar()
    }
}

fn walk<'r>(value: &'r Json, path: &str, found: &mut Vec<&'r Json>) {
    if path.is_empty() {
        found.push(value);
        return;
    }
    // A key that is spelled with dots of its own, as columns of files are, is taken whole.
    if let Some(inner) = value.get(path) {
        found.push(inner);
        return;
    }
    let (segment, rest) = split(path);
    match value {
        Json::List(items) => {
            if segment == "*" {
                for item in items {
                    walk(item, rest, found);
                }
            } else if let Some((key, text)) = filter_of(segment) {
                let is_meant = |item: &&Json| {
                    item.get(key)
                        .and_then(Json::scalar)
                        .is_some_and(|own| own == text)
                };
                if let Some(item) = items.iter().find(is_meant) {
                    walk(item, rest, found);
                }
            } else if let Some(item) = segment.parse().ok().and_then(|at: usize| items.get(at)) {
                walk(item, rest, found);
            }
        }
        Json::Object(_) => {
            if let Some(inner) = value.get(segment) {
                walk(inner, rest, found);
            }
        }
        _ => {}
    }
}

fn split(path: &str) -> (&str, &str) {
    path.split_once('.').unwrap_or((path, ""))
}

fn filter_of(segment: &str) -> Option<(&str, &str)> {
    segment
        .strip_prefix('[')?
        .strip_suffix(']')?
        .split_once('=')
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    #[test]
    fn paths_reach_into_objects_lists_and_parents() {
        let parent = parse(br#"{"account":"A-1"}"#).unwrap();
        let record = parse(
            br#"{"a":{"line items":[{"id":1,"type":"x"},{"id":2,"type":"y"}]},"b.c":"dotted","d":""}"#,
        )
        .unwrap();
        let scope = Scope {
            record: &record,
            parent: Some(&parent),
        };
        let text = |path: &str| Path::new(path).text(scope).map(str::to_owned);
        assert_eq!(text("a.line items.1.id").as_deref(), Some("2"));
        assert_eq!(text("a.line items.[type=y].id").as_deref(), Some("2"));
        assert_eq!(text("a.line items.[type=z].id"), None);
        assert_eq!(text("b.c").as_deref(), Some("dotted"));
        assert_eq!(text("^.account").as_deref(), Some("A-1"));
        assert_eq!(text("d"), None);
        assert_eq!(Path::new("a.line items.*.id").all(scope).len(), 2);
        assert_eq!(Path::new("$").all(scope), vec![&record]);
    }
}
