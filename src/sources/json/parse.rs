//! Reading JSON text (RFC 8259) into a document, strictly, with a limit on nesting.

use super::document::{Document, Parts};
use super::keys::{KeyMarks, first_repeated};
use super::node::{COMPACT, DECODED, DOTTED, KEY_BROKEN, KEY_DECODED, Node, NodeKind, REPEATED};
use super::scan::{first_word, plain_end};
use super::write::write_text;

/// Nesting deeper than this is refused: no API nests so deep, and the stack has an end.
const DEPTH_MAX: u8 = 96;
/// Bytes of text per value, for a first guess of how many values there are.
const BYTES_PER_VALUE: usize = 16;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Why a text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::sources) enum JsonError {
    /// The bytes are no UTF-8.
    #[error("no UTF-8 at byte {0}")]
    NotUtf8(usize),
    /// The text does not follow the grammar.
    #[error("no JSON at byte {0}")]
    NotJson(usize),
    /// The nesting is too deep.
    #[error("nested deeper than {DEPTH_MAX} levels at byte {0}")]
    TooDeep(usize),
    /// The text is longer than places in it can be counted.
    #[error("longer than 4 GiB")]
    TooLong,
}

/// Reads one JSON value and nothing behind it. A byte order mark in front is passed over.
pub(in crate::sources) fn parse(bytes: impl Into<Vec<u8>>) -> Result<Document, JsonError> {
    let mut bytes = bytes.into();
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    let text = String::from_utf8(bytes)
        .map_err(|error| JsonError::NotUtf8(error.utf8_error().valid_up_to()))?;
    read(text, false)
}

/// Reads a text of our own. With `keeps_nul`, a NUL in a text is kept for its column to refuse.
pub(super) fn read(text: String, keeps_nul: bool) -> Result<Document, JsonError> {
    if u32::try_from(text.len()).is_err() {
        return Err(JsonError::TooLong);
    }
    let mut reader = Reader {
        text: &text,
        bytes: text.as_bytes(),
        at: 0,
        nodes: Vec::with_capacity(text.len() / BYTES_PER_VALUE + 1),
        decoded: String::new(),
        oddities: 0,
        keeps_nul,
    };
    reader.value(0, Key::default())?;
    reader.blank();
    if reader.at != text.len() {
        return Err(reader.wrong());
    }
    let (nodes, decoded) = (reader.nodes, reader.decoded);
    Ok(Document::new(Parts {
        text,
        decoded,
        nodes,
    }))
}

pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    pub(super) bytes: &'t [u8],
    pub(super) at: usize,
    nodes: Vec<Node>,
    pub(super) decoded: String,
    /// How often something was written otherwise than as compact text.
    pub(super) oddities: usize,
    pub(super) keeps_nul: bool,
}

/// Where a text stands, and in which of the two.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Quoted {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) is_decoded: bool,
    pub(super) is_broken: bool,
    pub(super) has_dot: bool,
}

/// The key in front of a value.
#[derive(Debug, Clone, Copy, Default)]
struct Key {
    start: u32,
    end: u32,
    flags: u8,
}

/// A place in a text, whose length was checked to fit.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Reader<'_> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blank(&mut self) {
        if self.peek().is_some_and(|byte| byte <= b' ') {
            self.pass_blanks();
        }
    }

    #[cold]
    fn pass_blanks(&mut self) {
        let start = self.at;
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.oddities += usize::from(self.at > start);
    }

    pub(super) fn wrong(&self) -> JsonError {
        JsonError::NotJson(self.at)
    }

    /// Passes over `byte` if it stands here.
    fn takes(&mut self, byte: u8) -> bool {
        let is_here = self.peek() == Some(byte);
        self.at += usize::from(is_here);
        is_here
    }

    /// Passes over `word` if it stands here.
    pub(super) fn takes_word(&mut self, word: &str) -> bool {
        let is_here = self.bytes[self.at..].starts_with(word.as_bytes());
        if is_here {
            self.at += word.len();
        }
        is_here
    }

    /// Adds a value that holds no others.
    fn leaf(&mut self, kind: NodeKind, span: (usize, usize), flags: u8, depth: u8, key: Key) {
        let next = place(self.nodes.len() + 1);
        self.nodes.push(Node {
            start: place(span.0),
            end: place(span.1),
            next,
            key_start: key.start,
            key_end: key.end,
            kind,
            flags: flags | key.flags,
            depth,
        });
    }

    fn value(&mut self, depth: u8, key: Key) -> Result<(), JsonError> {
        if depth > DEPTH_MAX {
            return Err(JsonError::TooDeep(self.at));
        }
        self.blank();
        match self.peek().ok_or_else(|| self.wrong())? {
            b'{' => self.object(depth, key),
            b'[' => self.list(depth, key),
            b'"' => {
                let quoted = self.text()?;
                let span = (quoted.start, quoted.end);
                let (kind, flags) = match quoted {
                    Quoted {
                        is_broken: true, ..
                    } => (NodeKind::Broken, 0),
                    Quoted {
                        is_decoded: true, ..
                    } => (NodeKind::Text, DECODED),
                    _ => (NodeKind::Text, 0),
                };
                self.leaf(kind, span, flags, depth, key);
                Ok(())
            }
            b'0'..=b'9' | b'-' => self.number(depth, key),
            _ => self.word(depth, key),
        }
    }

    fn word(&mut self, depth: u8, key: Key) -> Result<(), JsonError> {
        for (word, kind) in [
            ("null", NodeKind::Null),
            ("true", NodeKind::True),
            ("false", NodeKind::False),
        ] {
            let start = self.at;
            if self.takes_word(word) {
                self.leaf(kind, (start, self.at), 0, depth, key);
                return Ok(());
            }
        }
        // No JSON, but written by serializers that do not care. The record that holds it is
        // quarantined; the page is not lost for it.
        for word in ["NaN", "Infinity"] {
            if self.takes_word(word) {
                self.broken_word(word, depth, key);
                return Ok(());
            }
        }
        Err(self.wrong())
    }

    /// A word that should be a number, kept as a text.
    fn broken_word(&mut self, word: &str, depth: u8, key: Key) {
        let start = self.decoded.len();
        write_text(word, &mut self.decoded);
        self.oddities += 1;
        let span = (start, self.decoded.len());
        self.leaf(NodeKind::Broken, span, DECODED, depth, key);
    }

    fn number(&mut self, depth: u8, key: Key) -> Result<(), JsonError> {
        if self.takes_word("-Infinity") {
            self.broken_word("-Infinity", depth, key);
            return Ok(());
        }
        let start = self.at;
        self.takes(b'-');
        if !self.takes(b'0') {
            self.digits()?;
        }
        if self.takes(b'.') {
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        self.leaf(NodeKind::Number, (start, self.at), 0, depth, key);
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            Err(self.wrong())
        } else {
            Ok(())
        }
    }

    /// Adds a list or an object whose values follow, and gives its place.
    fn open(&mut self, kind: NodeKind, depth: u8, key: Key) -> usize {
        let own = self.nodes.len();
        self.leaf(kind, (self.at, self.at), 0, depth, key);
        self.at += 1;
        own
    }

    /// Ends a list or an object behind its closing bracket.
    fn close(&mut self, own: usize, oddities: usize, flags: u8) {
        let end = place(self.at);
        let next = place(self.nodes.len());
        let is_compact = self.oddities == oddities;
        if let Some(node) = self.nodes.get_mut(own) {
            node.end = end;
            node.next = next;
            node.flags |= flags | if is_compact { COMPACT } else { 0 };
        }
    }

    fn list(&mut self, depth: u8, key: Key) -> Result<(), JsonError> {
        let oddities = self.oddities;
        let own = self.open(NodeKind::List, depth, key);
        self.blank();
        let mut flags = 0;
        if !self.takes(b']') {
            loop {
                flags |= self.inner(depth, Key::default())?;
                self.blank();
                if self.takes(b']') {
                    break;
                }
                if !self.takes(b',') {
                    return Err(self.wrong());
                }
            }
        }
        self.close(own, oddities, flags);
        Ok(())
    }

    /// A value one deeper; gives of its flags what holds for all that holds it.
    fn inner(&mut self, depth: u8, key: Key) -> Result<u8, JsonError> {
        let at = self.nodes.len();
        self.value(depth + 1, key)?;
        Ok(self.nodes.get(at).map_or(0, |node| node.flags & REPEATED))
    }

    fn object(&mut self, depth: u8, key: Key) -> Result<(), JsonError> {
        let oddities = self.oddities;
        let own = self.open(NodeKind::Object, depth, key);
        self.blank();
        let mut flags = 0;
        let mut marks = KeyMarks::new();
        if !self.takes(b'}') {
            loop {
                self.blank();
                if self.peek() != Some(b'"') {
                    return Err(self.wrong());
                }
                let quoted = self.text()?;
                if quoted.has_dot {
                    flags |= DOTTED;
                }
                if self.stands_twice(own, quoted, &mut marks) {
                    flags |= REPEATED;
                }
                self.blank();
                if !self.takes(b':') {
                    return Err(self.wrong());
                }
                let inner_key = Key {
                    start: place(quoted.start),
                    end: place(quoted.end),
                    flags: if quoted.is_broken {
                        KEY_BROKEN
                    } else if quoted.is_decoded {
                        KEY_DECODED
                    } else {
                        0
                    },
                };
                flags |= self.inner(depth, inner_key)?;
                self.blank();
                if self.takes(b'}') {
                    break;
                }
                if !self.takes(b',') {
                    return Err(self.wrong());
                }
            }
        }
        if marks.is_over() && self.has_repeated(own) {
            flags |= REPEATED;
        }
        self.close(own, oddities, flags);
        Ok(())
    }

    /// Whether a key stands in its object already.
    fn stands_twice(&self, own: usize, key: Quoted, marks: &mut KeyMarks) -> bool {
        let bytes = if key.is_decoded {
            self.decoded.as_bytes()
        } else {
            self.bytes
        };
        let word = first_word(bytes, key.start, key.end);
        let length = key.end - key.start;
        let last = key.end.checked_sub(1).and_then(|at| bytes.get(at));
        marks.may_repeat(word, length, last.copied().unwrap_or_default())
            && self
                .keys_of(own)
                .any(|other| other.as_bytes() == &bytes[key.start..key.end])
    }

    fn has_repeated(&self, own: usize) -> bool {
        let mut keys: Vec<&str> = self.keys_of(own).collect();
        first_repeated(&mut keys).is_some()
    }

    /// The keys of an object that is still read.
    fn keys_of(&self, own: usize) -> impl Iterator<Item = &str> {
        let mut at = own + 1;
        std::iter::from_fn(move || {
            let node = self.nodes.get(at)?;
            at = node.next as usize;
            let (start, end) = (node.key_start as usize, node.key_end as usize);
            Some(self.slice(start, end, node.is(KEY_DECODED)))
        })
    }

    fn slice(&self, start: usize, end: usize, is_decoded: bool) -> &str {
        if is_decoded {
            &self.decoded[start..end]
        } else {
            &self.text[start..end]
        }
    }

    /// A text in quotes: decoded where it has escapes, or broken where it is no Unicode or holds a
    /// NUL, which no store keeps.
    fn text(&mut self) -> Result<Quoted, JsonError> {
        let start = self.at + 1;
        let mut has_dot = false;
        self.at = plain_end(self.bytes, start, &mut has_dot);
        match self.peek() {
            Some(b'"') => {
                let end = self.at;
                self.at += 1;
                Ok(Quoted {
                    start,
                    end,
                    has_dot,
                    ..Quoted::default()
                })
            }
            Some(b'\\') => self.escaped_text(start),
            _ => Err(self.wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::{Json, Shape};
    use super::*;

    fn round(text: &str) -> String {
        parse(text).unwrap().root().to_text()
    }

    #[test]
    fn numbers_keep_their_text() {
        for text in [
            "9007199254740993",
            "0.30000000000000004",
            "1.5e3",
            "-0.00",
            "1e400",
            "123456789012345678901234567890.10",
        ] {
            assert_eq!(round(text), text);
            assert_eq!(parse(text).unwrap().root().shape(), Shape::Number(text));
        }
    }

    #[test]
    fn trees_come_back_compact() {
        let text = r#" { "a" : [ 1 , "x\né\u00e9\ud83d\ude00" , null ] , "b" : { } , "c" : [ ] } "#;
        assert_eq!(round(text), r#"{"a":[1,"x\néé😀",null],"b":{},"c":[]}"#);
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in [
            "",
            "<html>",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "01",
            "1.",
            ".5",
            "+1",
            "1 2",
            "\"\\x\"",
            "\"a\nb\"",
            "{a:1}",
            "'a'",
            "tru",
            "\"\\u12\"",
            "\"open",
        ] {
            assert!(parse(text).is_err(), "{text} must be refused");
        }
        assert_eq!(parse(b"[\"\xff\"]").unwrap_err(), JsonError::NotUtf8(2));
    }

    #[test]
    fn a_bomb_of_brackets_is_refused_without_a_stack_overflow() {
        let bomb = "[".repeat(200_000);
        assert_eq!(
            parse(bomb).unwrap_err(),
            JsonError::TooDeep(usize::from(DEPTH_MAX) + 1)
        );
    }

    #[test]
    fn what_no_column_can_hold_is_broken_and_kept() {
        for (text, raw) in [
            (r#"{"a":NaN}"#, r#"{"a":"NaN"}"#),
            (r#"{"a":-Infinity}"#, r#"{"a":"-Infinity"}"#),
            (r#"{"a":"x\ud800y"}"#, r#"{"a":"x\ud800y"}"#),
            (r#"{"a":"x\u0000"}"#, r#"{"a":"x\u0000"}"#),
        ] {
            let document = parse(text).unwrap();
            let inner = document.root().get("a").map(Json::shape);
            assert_eq!(inner, Some(Shape::Broken), "{text}");
            assert_eq!(document.root().to_text(), raw);
        }
    }
}
