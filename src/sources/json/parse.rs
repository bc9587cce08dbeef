//! Reading JSON text (RFC 8259) into a tree, strictly, with a limit on nesting.

use super::node::Json;

/// Nesting deeper than this is refused: no API nests so deep, and the stack has an end.
const DEPTH_MAX: usize = 96;

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
}

/// Reads one JSON value and nothing behind it. A byte order mark in front is passed over.
pub(in crate::sources) fn parse(bytes: &[u8]) -> Result<Json, JsonError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text =
        std::str::from_utf8(bytes).map_err(|error| JsonError::NotUtf8(error.valid_up_to()))?;
    let mut reader = Reader { text, bytes, at: 0 };
    let value = reader.value(0)?;
    reader.blank();
    if reader.at == bytes.len() {
        Ok(value)
    } else {
        Err(JsonError::NotJson(reader.at))
    }
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn wrong(&self) -> JsonError {
        JsonError::NotJson(self.at)
    }

    /// Passes over `word` if it stands here.
    fn takes(&mut self, word: &str) -> bool {
        let is_here = self.bytes[self.at..].starts_with(word.as_bytes());
        if is_here {
            self.at += word.len();
        }
        is_here
    }

    fn value(&mut self, depth: usize) -> Result<Json, JsonError> {
        if depth > DEPTH_MAX {
            return Err(JsonError::TooDeep(self.at));
        }
        self.blank();
        match self.peek().ok_or_else(|| self.wrong())? {
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b'"' => self.text(),
            b'0'..=b'9' | b'-' => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Json, JsonError> {
        for (word, value) in [
            ("null", Json::Null),
            ("true", Json::Bool(true)),
            ("false", Json::Bool(false)),
        ] {
            if self.takes(word) {
                return Ok(value);
            }
        }
        // No JSON, but written by serializers that do not care. The record that holds it is
        // quarantined; the page is not lost for it.
        for word in ["NaN", "Infinity"] {
            if self.takes(word) {
                return Ok(Json::Broken(format!("\"{word}\"")));
            }
        }
        Err(self.wrong())
    }

    fn number(&mut self) -> Result<Json, JsonError> {
        if self.takes("-Infinity") {
            return Ok(Json::Broken("\"-Infinity\"".into()));
        }
        let start = self.at;
        self.takes("-");
        if !self.takes("0") {
            self.digits()?;
        }
        if self.takes(".") {
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Json::Number(self.text[start..self.at].to_owned()))
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

    fn list(&mut self, depth: usize) -> Result<Json, JsonError> {
        self.at += 1;
        let mut items = Vec::new();
        self.blank();
        if self.takes("]") {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.blank();
            if self.takes("]") {
                return Ok(Json::List(items));
            }
            if !self.takes(",") {
                return Err(self.wrong());
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, JsonError> {
        self.at += 1;
        let mut entries = Vec::new();
        self.blank();
        if self.takes("}") {
            return Ok(Json::Object(entries));
        }
        loop {
            self.blank();
            if self.peek() != Some(b'"') {
                return Err(self.wrong());
            }
            let (Json::Text(key) | Json::Broken(key)) = self.text()? else {
                return Err(self.wrong());
            };
            self.blank();
            if !self.takes(":") {
                return Err(self.wrong());
            }
            entries.push((key, self.value(depth + 1)?));
            self.blank();
            if self.takes("}") {
                return Ok(Json::Object(entries));
            }
            if !self.takes(",") {
                return Err(self.wrong());
            }
        }
    }

    /// A text in quotes: decoded, or broken where it is no Unicode or holds a NUL, which no store
    /// keeps.
    fn text(&mut self) -> Result<Json, JsonError> {
        let literal_start = self.at;
        self.at += 1;
        let mut decoded = String::new();
        let mut is_broken = false;
        loop {
            let plain_start = self.at;
            while self
                .peek()
                .is_some_and(|byte| byte != b'"' && byte != b'\\' && byte >= 0x20)
            {
                self.at += 1;
            }
            decoded.push_str(&self.text[plain_start..self.at]);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => match self.escape()? {
                    Some(letter) => decoded.push(letter),
                    None => is_broken = true,
                },
                _ => return Err(self.wrong()),
            }
        }
        self.at += 1;
        if is_broken {
            Ok(Json::Broken(self.text[literal_start..self.at].to_owned()))
        } else {
            Ok(Json::Text(decoded))
        }
    }

    /// An escaped letter; nothing where it is half of a pair, or NUL.
    fn escape(&mut self) -> Result<Option<char>, JsonError> {
        self.at += 1;
        let kind = self.peek().ok_or_else(|| self.wrong())?;
        self.at += 1;
        let letter = match kind {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.code_point(),
            _ => return Err(self.wrong()),
        };
        Ok(Some(letter))
    }

    fn code_point(&mut self) -> Result<Option<char>, JsonError> {
        let first = self.four_digits()?;
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(char::from_u32(first).filter(|letter| *letter != '\0'));
        }
        let after_first = self.at;
        if self.takes("\\u") {
            let second = self.four_digits()?;
            if (0xdc00..0xe000).contains(&second) {
                let combined = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(combined));
            }
            self.at = after_first;
        }
        Ok(None)
    }

    fn four_digits(&mut self) -> Result<u32, JsonError> {
        let digits = self
            .text
            .get(self.at..self.at + 4)
            .ok_or_else(|| self.wrong())?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(self.wrong());
        }
        let code = u32::from_str_radix(digits, 16).map_err(|_| self.wrong())?;
        self.at += 4;
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(text: &str) -> String {
        parse(text.as_bytes()).unwrap().to_text()
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
            assert_eq!(parse(text.as_bytes()), Ok(Json::Number(text.into())));
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
            assert!(parse(text.as_bytes()).is_err(), "{text} must be refused");
        }
        assert_eq!(parse(b"[\"\xff\"]"), Err(JsonError::NotUtf8(2)));
    }

    #[test]
    fn a_bomb_of_brackets_is_refused_without_a_stack_overflow() {
        let bomb = "[".repeat(200_000);
        assert_eq!(
            parse(bomb.as_bytes()),
            Err(JsonError::TooDeep(DEPTH_MAX + 1))
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
            let tree = parse(text.as_bytes()).unwrap();
            assert!(matches!(tree.get("a"), Some(Json::Broken(_))), "{text}");
            assert_eq!(tree.to_text(), raw);
        }
    }

    #[test]
    fn a_key_that_comes_twice_is_seen_wherever_it_stands() {
        let tree = parse(br#"{"a":[{"b":1,"amount":1,"amount":2}]}"#).unwrap();
        assert_eq!(tree.repeated_key(), Some("amount"));
        assert_eq!(
            parse(br#"{"a":{"x":1},"b":{"x":2}}"#)
                .unwrap()
                .repeated_key(),
            None
        );
    }
}
