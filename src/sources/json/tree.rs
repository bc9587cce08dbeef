//! A JSON value to be built and written: the body of a request, a row of a file.

use super::document::Document;
use super::parse::read;
use super::write::write_text;

/// A JSON value of owned parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sources) enum Tree {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number's own text.
    Number(String),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Tree>),
    /// An object, in the order of its keys.
    Object(Vec<(String, Tree)>),
}

impl Document {
    /// Reads a text that was put together here. A NUL in it is kept for its column to refuse.
    pub(in crate::sources) fn of_own(text: String) -> Result<Self, String> {
        read(text, true).map_err(|error| error.to_string())
    }
}

impl Tree {
    /// The value as compact JSON text.
    pub(in crate::sources) fn to_text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    /// The value as if it had been read. Fails only for a number that is none, or for nesting
    /// without end.
    pub(in crate::sources) fn to_document(&self) -> Result<Document, String> {
        Document::of_own(self.to_text())
    }

    fn write(&self, text: &mut String) {
        match self {
            Self::Null => text.push_str("null"),
            Self::Bool(flag) => text.push_str(if *flag { "true" } else { "false" }),
            Self::Number(number) => text.push_str(number),
            Self::Text(plain) => write_text(plain, text),
            Self::List(items) => {
                text.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        text.push(',');
                    }
                    item.write(text);
                }
                text.push(']');
            }
            Self::Object(entries) => {
                text.push('{');
                for (at, (key, value)) in entries.iter().enumerate() {
                    if at > 0 {
                        text.push(',');
                    }
                    write_text(key, text);
                    text.push(':');
                    value.write(text);
                }
                text.push('}');
            }
        }
    }
}
