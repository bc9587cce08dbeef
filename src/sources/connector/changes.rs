//! `[stream.changes]`: a feed that only says what changed.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::paginate::PaginateSpec;
use super::request::RequestSpec;
use crate::config::OneOrMany;

/// A change feed, read with a window in place of the lists. Each object that it names is asked for
/// again; what the feed itself says of it is not trusted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct ChangesSpec {
    /// What is asked.
    pub(in crate::sources) request: RequestSpec,
    /// The path of the changes in the answer.
    pub(in crate::sources) records: String,
    /// The path of an object that is there when the list is empty and therefore left out.
    pub(in crate::sources) empty_in: Option<String>,
    /// How the next page is asked for.
    pub(in crate::sources) paginate: PaginateSpec,
    /// What the changes are about.
    pub(in crate::sources) object: Vec<ChangedSpec>,
}

/// `[[stream.changes.object]]`: one kind of object.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct ChangedSpec {
    /// Which changes are about it: each path has one of the texts.
    #[serde(default, rename = "where")]
    pub(in crate::sources) only: BTreeMap<String, OneOrMany<String>>,
    /// The path of its id in a change.
    pub(in crate::sources) id: String,
    /// The name of the list whose feeds map the answer.
    pub(in crate::sources) list: String,
    /// How it is asked for; `{id}` is its id.
    pub(in crate::sources) request: RequestSpec,
    /// The path of the object in the answer; the answer itself, unless said otherwise.
    pub(in crate::sources) record: Option<String>,
    /// The path of a flag that says that it is gone.
    pub(in crate::sources) deleted: Option<String>,
}
