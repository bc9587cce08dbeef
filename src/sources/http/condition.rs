//! Conditions on records, by the texts at their paths.

use std::collections::BTreeMap;

use crate::config::OneOrMany;
use crate::sources::json::{Path, Scope};

/// A path of a record, and the texts that are looked for there.
#[derive(Debug)]
pub(super) struct Condition {
    path: Path,
    texts: OneOrMany<String>,
    is_wanted: bool,
}

impl Condition {
    /// Each path has one of its texts.
    pub(super) fn all_of(
        texts: &BTreeMap<String, OneOrMany<String>>,
    ) -> impl Iterator<Item = Self> {
        texts.iter().map(|entry| Self::new(entry, true))
    }

    /// No path has one of its texts.
    pub(super) fn none_of(
        texts: &BTreeMap<String, OneOrMany<String>>,
    ) -> impl Iterator<Item = Self> {
        texts.iter().map(|entry| Self::new(entry, false))
    }

    fn new((path, texts): (&String, &OneOrMany<String>), is_wanted: bool) -> Self {
        Self {
            path: Path::new(path),
            texts: texts.clone(),
            is_wanted,
        }
    }

    pub(super) fn holds(&self, scope: Scope<'_>) -> bool {
        self.holds_at(&self.path, scope)
    }

    /// Whether it can hold for the children of a record: what it says of the parent does.
    pub(super) fn may_hold_below(&self, parent: Scope<'_>) -> bool {
        match self.path.in_parent() {
            Some(path) => self.holds_at(&path, parent),
            None => true,
        }
    }

    fn holds_at(&self, path: &Path, scope: Scope<'_>) -> bool {
        let is_among = path.text(scope).is_some_and(|text| {
            let mut accepted = self.texts.as_slice().iter();
            accepted.any(|accepted| accepted == text)
        });
        is_among == self.is_wanted
    }
}
