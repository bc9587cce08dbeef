//! JSON as compact text: no blanks, the shortest escapes, numbers as they were read.

use std::borrow::Cow;

use super::document::Json;
use super::node::NodeKind;

impl<'d> Json<'d> {
    /// The value as compact JSON text.
    pub(in crate::sources) fn to_text(self) -> String {
        self.compact().into_owned()
    }

    /// As [`Json::to_text`], without a copy where the value was written so.
    pub(in crate::sources) fn compact(self) -> Cow<'d, str> {
        if self.is_compact() {
            return Cow::Borrowed(self.own_text());
        }
        let mut text = String::new();
        self.write(&mut text);
        Cow::Owned(text)
    }

    fn write(self, text: &mut String) {
        match self.kind() {
            NodeKind::Null => text.push_str("null"),
            NodeKind::True => text.push_str("true"),
            NodeKind::False => text.push_str("false"),
            NodeKind::Number | NodeKind::Broken => text.push_str(self.own_text()),
            NodeKind::Text => write_quoted(self.own_text(), self.is_decoded(), text),
            NodeKind::List | NodeKind::Object if self.is_compact() => {
                text.push_str(self.own_text());
            }
            NodeKind::List => {
                text.push('[');
                for (at, item) in self.items().into_iter().flatten().enumerate() {
                    if at > 0 {
                        text.push(',');
                    }
                    item.write(text);
                }
                text.push(']');
            }
            NodeKind::Object => {
                text.push('{');
                let values = self.entries().map(super::document::Entries::values);
                for (at, value) in values.into_iter().flatten().enumerate() {
                    if at > 0 {
                        text.push(',');
                    }
                    if value.is_key_broken() {
                        text.push_str(value.key());
                    } else {
                        write_quoted(value.key(), value.is_key_decoded(), text);
                    }
                    text.push(':');
                    value.write(text);
                }
                text.push('}');
            }
        }
    }
}

/// Writes a text in quotes; one that was not decoded has nothing to escape.
fn write_quoted(plain: &str, is_decoded: bool, text: &mut String) {
    if is_decoded {
        write_text(plain, text);
    } else {
        text.push('"');
        text.push_str(plain);
        text.push('"');
    }
}

/// Writes a text in quotes, with the escapes that it needs.
pub(in crate::sources) fn write_text(plain: &str, text: &mut String) {
    text.push('"');
    let mut rest = plain;
    while let Some(at) = rest.bytes().position(needs_escape) {
        text.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            control => {
                text.push_str("\\u00");
                for shift in [4, 0] {
                    let digit = u32::from(control >> shift) & 0xf;
                    text.extend(char::from_digit(digit, 16));
                }
            }
        }
        rest = &rest[at + 1..];
    }
    text.push_str(rest);
    text.push('"');
}

fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;

    // Goal: what was written compact is given back without a copy, and anything else is made
    // compact. Method: texts that differ from their compact form in one thing each.
    #[test]
    fn compact_text_is_the_same_for_every_spelling() {
        for (text, compact) in [
            (r#"{"a":[1,"x"],"b":{}}"#, r#"{"a":[1,"x"],"b":{}}"#),
            (r#"{"a": 1}"#, r#"{"a":1}"#),
            ("[\n1,\n2\n]", "[1,2]"),
            (r#"["\u00e9"]"#, r#"["é"]"#),
            (r#"["\/"]"#, r#"["/"]"#),
            (r#"["\b\u000B"]"#, r#"["\u0008\u000b"]"#),
            (r#"["\"\\\n\r\t\u0001"]"#, r#"["\"\\\n\r\t\u0001"]"#),
            (r#"{"\u0061.b":1}"#, r#"{"a.b":1}"#),
            (r#"{"\ud800":1}"#, r#"{"\ud800":1}"#),
            ("[NaN]", r#"["NaN"]"#),
        ] {
            assert_eq!(parse(text).unwrap().root().to_text(), compact);
            let document = parse(text).unwrap();
            let is_borrowed = matches!(document.root().compact(), std::borrow::Cow::Borrowed(_));
            assert_eq!(is_borrowed, text == compact, "{text}");
        }
    }
}
