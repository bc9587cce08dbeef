//! What the vendor calls the content of exports, so that one which did not change is not read again.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The tags of a stream's exports, by what each was ordered with.
#[derive(Debug, Default)]
pub(super) struct Tags {
    /// Those of the last pull; none where everything is to be read.
    known: BTreeMap<String, String>,
    /// Those of this one.
    seen: Mutex<BTreeMap<String, String>>,
}

impl Tags {
    pub(super) fn known(known: BTreeMap<String, String>) -> Self {
        Self {
            known,
            seen: Mutex::default(),
        }
    }

    /// Notes what an export is now. Whether it is what was read before.
    pub(super) fn is_unchanged(&self, order: &str, tag: &str) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(order.to_owned(), tag.to_owned());
        self.known.get(order).is_some_and(|known| known == tag)
    }

    /// The tags of this pull, to be kept for the next one.
    pub(super) fn seen(&self) -> BTreeMap<String, String> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.clone()
    }
}
