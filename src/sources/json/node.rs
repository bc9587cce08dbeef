//! A JSON value as a tree.

/// A JSON value. Numbers are the text they were written as; an object keeps the order of its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sources) enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number's own text.
    Number(String),
    /// Text, decoded.
    Text(String),
    /// A value that is no JSON or no Unicode (`NaN`, half of a surrogate pair, NUL), as JSON text.
    /// It spoils a record only where a column is read from it.
    Broken(String),
    /// A list.
    List(Vec<Json>),
    /// An object. A key that came twice stands here twice.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// The value of a key; nothing for anything but an object.
    pub(in crate::sources) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(entries) => entries
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// Whether it stands for nothing: `null`, or a text without letters.
    pub(in crate::sources) fn is_absent(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            _ => false,
        }
    }

    /// The text of a scalar.
    pub(in crate::sources) fn scalar(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text),
            Self::Bool(true) => Some("true"),
            Self::Bool(false) => Some("false"),
            _ => None,
        }
    }

    /// What a person calls it.
    pub(in crate::sources) fn noun(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::Broken(_) => "no valid JSON",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// A key that stands twice in one object, anywhere below. Which of the two is meant nobody can
    /// say, so such a record is not read.
    pub(in crate::sources) fn repeated_key(&self) -> Option<&str> {
        match self {
            Self::List(items) => items.iter().find_map(Self::repeated_key),
            Self::Object(entries) => {
                let mut keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
                keys.sort_unstable();
                keys.windows(2)
                    .find(|pair| pair[0] == pair[1])
                    .map(|pair| pair[0])
                    .or_else(|| entries.iter().find_map(|(_, value)| value.repeated_key()))
            }
            _ => None,
        }
    }

    /// The value as compact JSON text; numbers are written as they were read.
    pub(in crate::sources) fn to_text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) {
        match self {
            Self::Null => text.push_str("null"),
            Self::Bool(flag) => text.push_str(if *flag { "true" } else { "false" }),
            Self::Number(number) => text.push_str(number),
            Self::Text(plain) => write_text(plain, text),
            Self::Broken(literal) => text.push_str(literal),
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

fn write_text(plain: &str, text: &mut String) {
    text.push('"');
    for letter in plain.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            control if u32::from(control) < 0x20 => {
                text.push_str("\\u00");
                for shift in [4, 0] {
                    let digit = (u32::from(control) >> shift) & 0xf;
                    text.extend(char::from_digit(digit, 16));
                }
            }
            other => text.push(other),
        }
    }
    text.push('"');
}
