//! The flat list behind a document: one node per value, each in front of what it holds.

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeKind {
    Null,
    True,
    False,
    Number,
    Text,
    /// A value that is no JSON or no Unicode, as JSON text.
    Broken,
    List,
    Object,
}

/// The text of the value stands in the decoded texts, not in the document's own.
pub(super) const DECODED: u8 = 1;
/// The key stands in the decoded texts.
pub(super) const KEY_DECODED: u8 = 1 << 1;
/// The key is no Unicode; it is kept as its literal.
pub(super) const KEY_BROKEN: u8 = 1 << 2;
/// The list or object is written as compact as [`super::write`] would write it.
pub(super) const COMPACT: u8 = 1 << 3;
/// A key stands twice in one object, in it or below.
pub(super) const REPEATED: u8 = 1 << 4;
/// The object has a key with a dot.
pub(super) const DOTTED: u8 = 1 << 5;

/// One value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// Where its text starts: of a text without its quotes, of anything else with all that it is.
    pub(super) start: u32,
    /// Where its text ends.
    pub(super) end: u32,
    /// The node behind all that it holds.
    pub(super) next: u32,
    /// Where its key starts and ends, in an object.
    pub(super) key_start: u32,
    pub(super) key_end: u32,
    pub(super) kind: NodeKind,
    pub(super) flags: u8,
    /// How deep it is nested.
    pub(super) depth: u8,
}

impl Node {
    /// Whether a flag is set.
    #[inline]
    pub(super) fn is(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}
