//! Where a stream stands: the text that is committed with its files.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The cursor of an incremental stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// The end of the last window: the vendor's clock then, or ours where that was earlier.
    pub(super) at: Timestamp,
    /// When every living record was last looked for, by our clock.
    pub(super) swept_at: Option<Timestamp>,
    /// How many records the last full read brought.
    pub(super) full_rows: Option<u64>,
    /// What the exports that it read were, by what each was ordered with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tags: BTreeMap<String, String>,
}

impl Cursor {
    /// Reads a cursor; a plain instant is one as well. Anything else is none, so that everything is
    /// read.
    pub(super) fn read(text: &str) -> Option<Self> {
        if let Ok(at) = text.parse() {
            return Some(Self {
                at,
                swept_at: None,
                full_rows: None,
                tags: BTreeMap::new(),
            });
        }
        serde_json::from_str(text).ok()
    }

    /// The text that is kept.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| self.at.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_a_plain_instant_is_one() {
        let cursor = Cursor {
            at: "2026-11-21T02:00:00Z".parse().unwrap(),
            swept_at: None,
            full_rows: Some(7),
            tags: BTreeMap::new(),
        };
        assert_eq!(Cursor::read(&cursor.text()), Some(cursor.clone()));
        let plain = Cursor::read("2026-11-21T02:00:00Z").unwrap();
        assert_eq!((plain.at, plain.full_rows), (cursor.at, None));
        assert_eq!(Cursor::read(""), None);
        assert_eq!(Cursor::read("{}"), None);
    }
}
