//! Dotted paths into a JSON value, and the record with its parents that they start from.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU32, Ordering};

use super::document::Json;
use super::tree::Tree;

/// A record and the records around it: `^.` in a path goes one up.
#[derive(Debug, Clone, Copy)]
pub(in crate::sources) struct Scope<'r> {
    /// The record itself.
    pub(in crate::sources) record: Json<'r>,
    /// The record that it is a child of.
    pub(in crate::sources) parent: Option<Json<'r>>,
}

impl<'r> Scope<'r> {
    /// A record without a parent.
    pub(in crate::sources) fn of(record: Json<'r>) -> Self {
        Self {
            record,
            parent: None,
        }
    }
}

/// A path, taken apart once; it is read for every record.
#[derive(Debug, Clone)]
pub(in crate::sources) struct Path {
    text: String,
    from_parent: bool,
    steps: Vec<Step>,
    /// The steps to the list that a `*` goes through.
    list_steps: Option<Vec<Step>>,
}

/// One step of a path.
#[derive(Debug)]
struct Step {
    /// What is between the dots.
    key: String,
    /// All of the path from here on.
    rest: String,
    /// What it means in a list.
    pick: Pick,
    /// How far behind its object the key stood the last time.
    distance: AtomicU32,
}

/// Which items of a list a step means.
#[derive(Debug, Clone)]
enum Pick {
    All,
    Numbered(usize),
    Equal { key: String, text: String },
    None,
}

impl Step {
    fn is_all(&self) -> bool {
        matches!(self.pick, Pick::All)
    }

    /// The value of the step's key in an object.
    #[inline]
    fn inner<'r>(&self, value: Json<'r>) -> Option<Json<'r>> {
        let distance = self.distance.load(Ordering::Relaxed);
        let (inner, found) = value.get_near(&self.key, distance)?;
        if found != distance {
            self.distance.store(found, Ordering::Relaxed);
        }
        Some(inner)
    }
}

impl Clone for Step {
    fn clone(&self) -> Self {
        Self {
            key: self.key.clone(),
            rest: self.rest.clone(),
            pick: self.pick.clone(),
            distance: AtomicU32::new(0),
        }
    }
}

impl Path {
    /// A path as it is written in a connector file. The empty path and `$` are the record itself.
    pub(in crate::sources) fn new(text: &str) -> Self {
        match text.strip_prefix("^.") {
            Some(rest) => Self::from(rest, true),
            None => Self::from(text.strip_prefix('$').unwrap_or(text), false),
        }
    }

    fn from(text: &str, from_parent: bool) -> Self {
        Self {
            text: text.to_owned(),
            from_parent,
            steps: steps_of(text),
            list_steps: text.split_once(".*").map(|(list, _)| steps_of(list)),
        }
    }

    /// The same path as the parent itself reads it; nothing for a path that stays in the record.
    pub(in crate::sources) fn in_parent(&self) -> Option<Self> {
        self.from_parent.then(|| Self::from(&self.text, false))
    }

    /// A record that has nothing but this text at this path.
    pub(in crate::sources) fn stub(&self, text: &str) -> Tree {
        let steps = self.steps.iter().rev();
        steps.fold(Tree::Text(text.to_owned()), |inner, step| {
            Tree::Object(vec![(step.key.clone(), inner)])
        })
    }

    /// The records that the path names in a body: the items of a list, or all that a `*` names.
    /// Nothing where there is no list, which is not the same as an empty one.
    pub(in crate::sources) fn records<'r>(&self, body: Json<'r>) -> Option<Vec<Json<'r>>> {
        let scope = Scope::of(body);
        if let Some(place) = self.steps.iter().position(Step::is_all) {
            // Without the list that the first `*` goes through, nothing was sent; an empty list is
            // something else.
            let mut is_list = false;
            let _ = walk(body, &self.steps[..place], &mut |value| {
                is_list = value.items().is_some();
                ControlFlow::Break(())
            });
            return is_list.then(|| self.all(scope));
        }
        let list = self.find(scope, &|_| true)?;
        list.items().map(Iterator::collect)
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
    pub(in crate::sources) fn all<'r>(&self, scope: Scope<'r>) -> Vec<Json<'r>> {
        let mut found = Vec::new();
        self.visit(scope, &mut |value| {
            found.push(value);
            ControlFlow::Continue(())
        });
        found
    }

    /// Gives everything that the path names to `each`, until it breaks off.
    pub(in crate::sources) fn visit<'r>(
        &self,
        scope: Scope<'r>,
        each: &mut dyn FnMut(Json<'r>) -> ControlFlow<()>,
    ) {
        if let Some(start) = self.start(scope) {
            // Whoever breaks off has what it wants.
            let _ = walk(start, &self.steps, each);
        }
    }

    /// The one value that the path names, unless it is absent.
    pub(in crate::sources) fn one<'r>(&self, scope: Scope<'r>) -> Option<Json<'r>> {
        let mut value = self.start(scope)?;
        for (at, step) in self.steps.iter().enumerate() {
            // A list has many values, and a key with a dot may stand for several steps.
            let is_last = at + 1 == self.steps.len();
            if value.is_list() || (value.is_dotted() && !is_last) {
                return self.find(scope, &|value| !value.is_absent());
            }
            value = step.inner(value)?;
        }
        (!value.is_absent()).then_some(value)
    }

    fn start<'r>(&self, scope: Scope<'r>) -> Option<Json<'r>> {
        if self.from_parent {
            scope.parent
        } else {
            Some(scope.record)
        }
    }

    fn find<'r>(&self, scope: Scope<'r>, is_it: &dyn Fn(Json<'r>) -> bool) -> Option<Json<'r>> {
        let mut found = None;
        self.visit(scope, &mut |value| {
            if is_it(value) {
                found = Some(value);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        found
    }

    /// Whether the list that a `*` of this path goes through is there, and empty.
    pub(in crate::sources) fn names_empty_list(&self, scope: Scope<'_>) -> bool {
        let (Some(steps), Some(start)) = (&self.list_steps, self.start(scope)) else {
            return false;
        };
        let mut is_empty = false;
        // The first value there is decides.
        let _ = walk(start, steps, &mut |value| {
            if value.is_absent() {
                return ControlFlow::Continue(());
            }
            is_empty = value.items().is_some_and(|items| items.is_empty());
            ControlFlow::Break(())
        });
        is_empty
    }

    /// The text of the one value.
    pub(in crate::sources) fn text<'r>(&self, scope: Scope<'r>) -> Option<&'r str> {
        self.one(scope)?.scalar()
    }
}

fn steps_of(text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (key, behind) = rest.split_once('.').unwrap_or((rest, ""));
        steps.push(Step {
            key: key.to_owned(),
            rest: rest.to_owned(),
            pick: pick_of(key),
            distance: AtomicU32::new(0),
        });
        rest = behind;
    }
    steps
}

fn pick_of(segment: &str) -> Pick {
    if segment == "*" {
        return Pick::All;
    }
    let filter = segment
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
        .and_then(|inner| inner.split_once('='));
    match (filter, segment.parse()) {
        (Some((key, text)), _) => Pick::Equal {
            key: key.to_owned(),
            text: text.to_owned(),
        },
        (None, Ok(number)) => Pick::Numbered(number),
        (None, Err(_)) => Pick::None,
    }
}

fn walk<'r>(
    value: Json<'r>,
    steps: &[Step],
    each: &mut dyn FnMut(Json<'r>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let Some((step, behind)) = steps.split_first() else {
        return each(value);
    };
    if let Some(items) = value.items() {
        let one = match &step.pick {
            Pick::All => {
                for item in items {
                    walk(item, behind, each)?;
                }
                None
            }
            Pick::Equal { key, text } => items
                .into_iter()
                .find(|item| item.get(key).and_then(Json::scalar) == Some(text)),
            Pick::Numbered(number) => items.into_iter().nth(*number),
            Pick::None => None,
        };
        return match one {
            Some(item) => walk(item, behind, each),
            None => ControlFlow::Continue(()),
        };
    }
    // A key that is spelled with dots of its own, as columns of files are, is taken whole.
    if value.is_dotted()
        && !behind.is_empty()
        && let Some(inner) = value.get(&step.rest)
    {
        return each(inner);
    }
    match step.inner(value) {
        Some(inner) => walk(inner, behind, each),
        None => ControlFlow::Continue(()),
    }
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
            record: record.root(),
            parent: Some(parent.root()),
        };
        let text = |path: &str| Path::new(path).text(scope).map(str::to_owned);
        assert_eq!(text("a.line items.1.id").as_deref(), Some("2"));
        assert_eq!(text("a.line items.[type=y].id").as_deref(), Some("2"));
        assert_eq!(text("a.line items.[type=z].id"), None);
        assert_eq!(text("b.c").as_deref(), Some("dotted"));
        assert_eq!(text("^.account").as_deref(), Some("A-1"));
        assert_eq!(text("d"), None);
        assert_eq!(Path::new("a.line items.*.id").all(scope).len(), 2);
        assert_eq!(Path::new("$").all(scope), vec![record.root()]);
    }

    // Goal: where a key stood in one record never decides what the next one says. Method: one path
    // over records in which the key moves, is missing, stands deeper at the old place or twice.
    #[test]
    fn a_path_reads_each_record_for_itself() {
        let path = Path::new("b");
        for (text, expected) in [
            (r#"{"a":1,"b":2}"#, Some("2")),
            (r#"{"b":3,"a":1}"#, Some("3")),
            (r#"{"a":{"b":4}}"#, None),
            (r#"{"a":{"b":4},"b":5}"#, Some("5")),
            (r#"{"a":1,"b":6}"#, Some("6")),
            (r#"{"b":7,"b":8}"#, Some("7")),
            ("{}", None),
            ("[1,2]", None),
        ] {
            let record = parse(text).unwrap();
            assert_eq!(path.text(Scope::of(record.root())), expected, "{text}");
        }
    }
}
