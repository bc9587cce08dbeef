//! Children of a list's records that other requests bring.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::paginate::PaginateSpec;
use super::request::RequestSpec;
use crate::config::OneOrMany;

/// `lookup`: children whose ids stand in the record are fetched many at once.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct LookupSpec {
    /// The path of the ids, with a `*`.
    pub(in crate::sources) ids: String,
    /// What is asked; in the body `{inputs}` stands for the list of `{ id = ".." }`, and in path,
    /// query or body `{inputs:,}` for the ids with commas between.
    pub(in crate::sources) request: RequestSpec,
    /// How many ids one request may have.
    pub(in crate::sources) chunk: usize,
    /// The path of the children in the answer.
    pub(in crate::sources) records: String,
    /// The path of a child's id.
    pub(in crate::sources) id: String,
    /// Whether a child that is named and does not come is no fault.
    #[serde(default)]
    pub(in crate::sources) may_lack: bool,
}

/// `fetch`: a list of children for each record.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct FetchSpec {
    /// What is asked, with `{path}` for a field of the parent.
    pub(in crate::sources) request: RequestSpec,
    /// The path of the children in the answer.
    pub(in crate::sources) records: String,
    /// The path of an object that is there when the list is empty and therefore left out.
    pub(in crate::sources) empty_in: Option<String>,
    /// How the next page is asked for.
    #[serde(default = "single")]
    pub(in crate::sources) paginate: PaginateSpec,
    /// Only for parents of which each path has one of the texts; the others have no children.
    #[serde(default)]
    pub(in crate::sources) when: BTreeMap<String, OneOrMany<String>>,
}

/// `rest`: the children, or ids of children, that the record does not hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct RestSpec {
    /// The path in the record that says that there are more: present and not `false`.
    pub(in crate::sources) more: String,
    /// What is asked. With `last_id` paging it goes on after the last child that is there;
    /// otherwise the whole list is read anew.
    pub(in crate::sources) request: RequestSpec,
    /// The path of the children (or of the ids, with a `*`) in the answer.
    pub(in crate::sources) records: String,
    /// How the next page is asked for.
    pub(in crate::sources) paginate: PaginateSpec,
}

const fn single() -> PaginateSpec {
    PaginateSpec::Single
}
