//! A JSON text that was read, and the values in it.

use std::fmt;
use std::sync::Arc;

use super::keys;
use super::node::{COMPACT, DECODED, DOTTED, KEY_BROKEN, KEY_DECODED, Node, NodeKind, REPEATED};
use super::scan::is_same;

/// A text and where each of its values stands.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) text: String,
    /// The texts that are not written as they read, one behind the other.
    pub(super) decoded: String,
    pub(super) nodes: Vec<Node>,
}

/// A JSON value that owns the text it stands in, or shares it with others. Cheap to clone.
#[derive(Clone)]
pub(in crate::sources) struct Document {
    parts: Arc<Parts>,
    at: u32,
}

impl Document {
    pub(super) fn new(parts: Parts) -> Self {
        Self {
            parts: Arc::new(parts),
            at: 0,
        }
    }

    /// The value.
    pub(in crate::sources) fn root(&self) -> Json<'_> {
        Json {
            parts: &self.parts,
            at: self.at,
        }
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root().fmt(formatter)
    }
}

/// A JSON value within its document. Numbers are the text they were written as; an object keeps the
/// order of its keys.
#[derive(Clone, Copy)]
pub(in crate::sources) struct Json<'d> {
    parts: &'d Arc<Parts>,
    at: u32,
}

/// A value, to be matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sources) enum Shape<'d> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number's own text.
    Number(&'d str),
    /// Text, decoded.
    Text(&'d str),
    /// A value that is no JSON or no Unicode (`NaN`, half of a surrogate pair, NUL), as JSON text.
    /// It spoils a record only where a column is read from it.
    Broken,
    /// A list.
    List(Items<'d>),
    /// An object. A key that came twice stands here twice.
    Object(Entries<'d>),
}

impl<'d> Json<'d> {
    #[inline]
    fn node(self) -> &'d Node {
        &self.parts.nodes[self.at as usize]
    }

    #[inline]
    fn slice(self, start: u32, end: u32, is_decoded: bool) -> &'d str {
        let text = if is_decoded {
            &self.parts.decoded
        } else {
            &self.parts.text
        };
        &text[start as usize..end as usize]
    }

    #[inline]
    pub(super) fn kind(self) -> NodeKind {
        self.node().kind
    }

    /// The text that the value's node names.
    #[inline]
    pub(super) fn own_text(self) -> &'d str {
        let node = self.node();
        self.slice(node.start, node.end, node.is(DECODED))
    }

    /// Whether its text is not written as it reads.
    pub(in crate::sources) fn is_decoded(self) -> bool {
        self.node().is(DECODED)
    }

    pub(super) fn is_compact(self) -> bool {
        self.node().is(COMPACT)
    }

    #[inline]
    pub(super) fn key(self) -> &'d str {
        let node = self.node();
        self.slice(node.key_start, node.key_end, node.is(KEY_DECODED))
    }

    pub(super) fn is_key_decoded(self) -> bool {
        self.node().is(KEY_DECODED)
    }

    pub(super) fn is_key_broken(self) -> bool {
        self.node().is(KEY_BROKEN)
    }

    #[inline]
    pub(super) fn is_list(self) -> bool {
        self.kind() == NodeKind::List
    }

    /// Whether an object has a key with a dot.
    #[inline]
    pub(super) fn is_dotted(self) -> bool {
        self.node().is(DOTTED)
    }

    /// The value, to be matched.
    pub(in crate::sources) fn shape(self) -> Shape<'d> {
        match self.kind() {
            NodeKind::Null => Shape::Null,
            NodeKind::True => Shape::Bool(true),
            NodeKind::False => Shape::Bool(false),
            NodeKind::Number => Shape::Number(self.own_text()),
            NodeKind::Text => Shape::Text(self.own_text()),
            NodeKind::Broken => Shape::Broken,
            NodeKind::List => Shape::List(Items(self.inner())),
            NodeKind::Object => Shape::Object(Entries(self.inner())),
        }
    }

    #[inline]
    fn inner(self) -> Inner<'d> {
        Inner {
            parts: self.parts,
            at: self.at + 1,
            end: self.node().next,
        }
    }

    /// The values of a list.
    #[inline]
    pub(in crate::sources) fn items(self) -> Option<Items<'d>> {
        (self.kind() == NodeKind::List).then(|| Items(self.inner()))
    }

    /// The keys of an object, each with its value.
    #[inline]
    pub(in crate::sources) fn entries(self) -> Option<Entries<'d>> {
        (self.kind() == NodeKind::Object).then(|| Entries(self.inner()))
    }

    /// The value of a key; nothing for anything but an object.
    pub(in crate::sources) fn get(self, key: &str) -> Option<Self> {
        self.entries()?.0.find(|value| value.has_key(key))
    }

    /// Whether the value stands under this key. As bytes: places in the text are known to lie
    /// between letters.
    #[inline]
    fn has_key(self, key: &str) -> bool {
        let node = self.node();
        let text = if node.is(KEY_DECODED) {
            &self.parts.decoded
        } else {
            &self.parts.text
        };
        let place = node.key_start as usize..node.key_end as usize;
        is_same(&text.as_bytes()[place], key.as_bytes())
    }

    /// As [`Json::get`], looking first where the key stood in the object that was asked before:
    /// the records of a list mostly look alike.
    #[inline]
    pub(super) fn get_near(self, key: &str, distance: u32) -> Option<(Self, u32)> {
        let node = self.node();
        if node.kind != NodeKind::Object {
            return None;
        }
        let near = self.at.saturating_add(distance);
        if distance > 0 && near < node.next {
            let value = Self {
                parts: self.parts,
                at: near,
            };
            // Nothing but the object's own values stands within it at this depth.
            let is_own = value.node().depth == node.depth + 1;
            if is_own && !node.is(REPEATED) && value.has_key(key) {
                return Some((value, distance));
            }
        }
        self.get_anew(key)
    }

    /// As [`Json::get_near`], where the key has moved.
    #[inline(never)]
    fn get_anew(self, key: &str) -> Option<(Self, u32)> {
        let found = self.get(key)?;
        Some((found, found.at - self.at))
    }

    /// Whether it stands for nothing: `null`, or a text without letters.
    #[inline]
    pub(in crate::sources) fn is_absent(self) -> bool {
        let node = self.node();
        match node.kind {
            NodeKind::Null => true,
            NodeKind::Text => node.start == node.end,
            _ => false,
        }
    }

    /// The text of a scalar.
    #[inline]
    pub(in crate::sources) fn scalar(self) -> Option<&'d str> {
        match self.kind() {
            NodeKind::Text | NodeKind::Number => Some(self.own_text()),
            NodeKind::True => Some("true"),
            NodeKind::False => Some("false"),
            _ => None,
        }
    }

    /// What a person calls it.
    pub(in crate::sources) fn noun(self) -> &'static str {
        match self.kind() {
            NodeKind::Null => "null",
            NodeKind::True | NodeKind::False => "true or false",
            NodeKind::Number => "a number",
            NodeKind::Text => "text",
            NodeKind::Broken => "no valid JSON",
            NodeKind::List => "a list",
            NodeKind::Object => "an object",
        }
    }

    /// A key that stands twice in one object, anywhere below. Which of the two is meant nobody can
    /// say, so such a record is not read.
    pub(in crate::sources) fn repeated_key(self) -> Option<&'d str> {
        if !self.node().is(REPEATED) {
            return None;
        }
        let own = self.entries().and_then(|entries| {
            let mut names: Vec<&str> = entries.map(|(key, _)| key).collect();
            keys::first_repeated(&mut names)
        });
        own.or_else(|| self.inner().find_map(Self::repeated_key))
    }

    /// The value as a document of its own, which shares the text.
    pub(in crate::sources) fn document(self) -> Document {
        Document {
            parts: Arc::clone(self.parts),
            at: self.at,
        }
    }
}

/// The compact text of values that stand side by side in one list, with the commas between them;
/// nothing where they do not, or are written otherwise.
pub(in crate::sources) fn together<'d>(values: &[Json<'d>]) -> Option<&'d str> {
    let (first, last) = (values.first()?, values.last()?);
    let is_compact = values.iter().all(|value| value.is_compact());
    let is_row = values.windows(2).all(|pair| {
        Arc::ptr_eq(pair[0].parts, pair[1].parts) && pair[0].node().end + 1 == pair[1].node().start
    });
    let span = first.node().start as usize..last.node().end as usize;
    (is_compact && is_row).then(|| &first.parts.text[span])
}

impl fmt::Debug for Json<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_text())
    }
}

impl PartialEq for Json<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.compact() == other.compact()
    }
}

impl Eq for Json<'_> {}

#[derive(Clone)]
struct Inner<'d> {
    parts: &'d Arc<Parts>,
    at: u32,
    end: u32,
}

impl<'d> Iterator for Inner<'d> {
    type Item = Json<'d>;

    #[inline]
    fn next(&mut self) -> Option<Json<'d>> {
        if self.at >= self.end {
            return None;
        }
        let value = Json {
            parts: self.parts,
            at: self.at,
        };
        self.at = value.node().next;
        Some(value)
    }
}

/// The values of a list, one after the other.
#[derive(Clone)]
pub(in crate::sources) struct Items<'d>(Inner<'d>);

impl Items<'_> {
    /// Whether none is left.
    pub(in crate::sources) fn is_empty(&self) -> bool {
        self.0.at >= self.0.end
    }
}

impl<'d> Iterator for Items<'d> {
    type Item = Json<'d>;

    #[inline]
    fn next(&mut self) -> Option<Json<'d>> {
        self.0.next()
    }
}

/// The keys of an object with their values, one after the other.
#[derive(Clone)]
pub(in crate::sources) struct Entries<'d>(Inner<'d>);

impl<'d> Iterator for Entries<'d> {
    type Item = (&'d str, Json<'d>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|value| (value.key(), value))
    }
}

impl<'d> Entries<'d> {
    /// The values alone.
    pub(super) fn values(self) -> impl Iterator<Item = Json<'d>> {
        self.0
    }
}

impl PartialEq for Items<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.clone().eq(other.clone())
    }
}

impl Eq for Items<'_> {}

impl fmt::Debug for Items<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.clone()).finish()
    }
}

impl PartialEq for Entries<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.clone().eq(other.clone())
    }
}

impl Eq for Entries<'_> {}

impl fmt::Debug for Entries<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.clone()).finish()
    }
}
