//! Reading JSON text (RFC 8259) into a document, strictly, with a limit on nesting.

use super::document::{Document, Parts};
use super::node::{DECODED, Node, NodeKind};
use super::scan::plain_end;
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

/// The same of a text, which is given back where it is none.
pub(in crate::sources) fn parse_text(text: String) -> Result<Document, String> {
    match scan(&text, false) {
        Ok((nodes, decoded)) => Ok(Document::new(Parts {
            text,
            decoded,
            nodes,
        })),
        Err(_) => Err(text),
    }
}

/// Reads a text of our own. With `keeps_nul`, a NUL in a text is kept for its column to refuse.
pub(super) fn read(text: String, keeps_nul: bool) -> Result<Document, JsonError> {
    let (nodes, decoded) = scan(&text, keeps_nul)?;
    Ok(Document::new(Parts {
        text,
        decoded,
        nodes,
    }))
}

/// The values of a text, and the texts in it that are not written as they read.
fn scan(text: &str, keeps_nul: bool) -> Result<(Vec<Node>, String), JsonError> {
    if u32::try_from(text.len()).is_err() {
        return Err(JsonError::TooLong);
    }
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        nodes: Vec::with_capacity(text.len() / BYTES_PER_VALUE + 1),
        decoded: String::new(),
        oddities: 0,
        keeps_nul,
    };
    reader.value(0, Key::default(), NOTHING)?;
    reader.blank();
    if reader.at != text.len() {
        return Err(reader.wrong());
    }
    Ok((reader.nodes, reader.decoded))
}

pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    pub(super) bytes: &'t [u8],
    pub(super) at: usize,
    pub(super) nodes: Vec<Node>,
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

/// Stands for no value: nothing looks like the outermost one.
pub(super) const NOTHING: u32 = 0;

/// The key in front of a value.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Key {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) flags: u8,
}

/// A place in a text, whose length was checked to fit.
#[inline]
pub(super) fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Reader<'_> {
    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    pub(super) fn blank(&mut self) {
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
    #[inline]
    pub(super) fn takes(&mut self, byte: u8) -> bool {
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
    #[inline]
    pub(super) fn leaf(
        &mut self,
        kind: NodeKind,
        span: (usize, usize),
        flags: u8,
        depth: u8,
        key: Key,
    ) {
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

    /// A value; `like` is where one stood at the same place of a record before.
    pub(super) fn value(&mut self, depth: u8, key: Key, like: u32) -> Result<(), JsonError> {
        if depth > DEPTH_MAX {
            return Err(JsonError::TooDeep(self.at));
        }
        self.blank();
        match self.peek().ok_or_else(|| self.wrong())? {
            b'{' => self.object(depth, key, like),
            b'[' => self.list(depth, key, like),
            b'"' => {
                let start = self.at + 1;
                self.at = plain_end::<false>(self.bytes, start, &mut false);
                if self.takes(b'"') {
                    let span = (start, self.at - 1);
                    self.leaf(NodeKind::Text, span, 0, depth, key);
                    return Ok(());
                }
                self.odd_text(start, depth, key)
            }
            b'0'..=b'9' | b'-' => self.number(depth, key),
            _ => self.word(depth, key),
        }
    }

    fn word(&mut self, depth: u8, key: Key) -> Result<(), JsonError> {
        let rest = &self.bytes[self.at..];
        let known = match (rest.first_chunk::<4>(), rest.first_chunk::<5>()) {
            (Some(b"null"), _) => Some((NodeKind::Null, 4)),
            (Some(b"true"), _) => Some((NodeKind::True, 4)),
            (_, Some(b"false")) => Some((NodeKind::False, 5)),
            _ => None,
        };
        if let Some((kind, length)) = known {
            let start = self.at;
            self.at += length;
            self.leaf(kind, (start, self.at), 0, depth, key);
            return Ok(());
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

    /// A text with escapes, from the place of the first of them on, as a value.
    #[cold]
    fn odd_text(&mut self, start: usize, depth: u8, key: Key) -> Result<(), JsonError> {
        if self.peek() != Some(b'\\') {
            return Err(self.wrong());
        }
        let quoted = self.escaped_text(start)?;
        let span = (quoted.start, quoted.end);
        let (kind, flags) = if quoted.is_broken {
            (NodeKind::Broken, 0)
        } else {
            (NodeKind::Text, DECODED)
        };
        self.leaf(kind, span, flags, depth, key);
        Ok(())
    }

    fn number(&mut self, depth: u8, key: Key) -> Result<(), JsonError> {
        let start = self.at;
        if self.takes(b'-') && self.peek() == Some(b'I') {
            self.at = start;
            if self.takes_word("-Infinity") {
                self.broken_word("-Infinity", depth, key);
                return Ok(());
            }
            self.at += 1;
            return Err(self.wrong());
        }
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

    /// A text in quotes: decoded where it has escapes, or broken where it is no Unicode or holds a
    /// NUL, which no store keeps.
    pub(super) fn text(&mut self) -> Result<Quoted, JsonError> {
        let start = self.at + 1;
        let mut has_dot = false;
        self.at = plain_end::<true>(self.bytes, start, &mut has_dot);
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
