//! The tables of a connector file.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::auth::AuthSpec;
use super::paginate::PaginateSpec;
use crate::canonical::Entity;
use crate::config::{FieldMap, HumanDuration, OneOrMany, RateConfig, Role};

/// A whole connector file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct ConnectorSpec {
    /// Scheme and host, and a path in front of all others where the vendor has one.
    pub(in crate::sources) base_url: String,
    /// Which legs such a source has, unless `[source.x] role` says otherwise.
    pub(in crate::sources) role: OneOrMany<Role>,
    /// How requests are authorised.
    pub(in crate::sources) auth: AuthSpec,
    /// Headers of every request, such as the pinned version; `{key}` stands for a plain key of
    /// `[source.x]`.
    #[serde(default)]
    pub(in crate::sources) headers: BTreeMap<String, String>,
    /// The rate budget that the vendor grants, unless `[source.x.rate]` says otherwise.
    pub(in crate::sources) rate: Option<RateConfig>,
    /// Where an error's body holds its message; of several paths, the first that is present.
    #[serde(default)]
    pub(in crate::sources) error_message: Vec<String>,
    /// Exponents of minor units that differ from ISO 4217.
    #[serde(default)]
    pub(in crate::sources) minor_units: BTreeMap<String, u32>,
    /// What such a source cannot see by its nature; `crossfoot check` prints it.
    #[serde(default)]
    pub(in crate::sources) can_miss: Vec<String>,
    /// What is pulled and committed as one, in the order in which it is best pulled.
    pub(in crate::sources) stream: Vec<StreamSpec>,
}

/// `[[stream]]`: lists that are pulled and committed as one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct StreamSpec {
    /// Its name, unique in the connector.
    pub(in crate::sources) name: String,
    /// Whether its lists, read without a window, hold every living record: an id that was landed
    /// before and does not come is then gone.
    #[serde(default)]
    pub(in crate::sources) full_sweep: bool,
    /// How to ask for what changed; without it, everything is read every time.
    pub(in crate::sources) incremental: Option<IncrementalSpec>,
    /// The lists, one after the other.
    pub(in crate::sources) list: Vec<ListSpec>,
}

/// How a list is asked for what changed since the last pull.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct IncrementalSpec {
    /// The query parameter that takes the instant.
    pub(in crate::sources) parameter: Option<String>,
    /// Or the header that takes it; a request body takes it as `{since}`.
    pub(in crate::sources) header: Option<String>,
    /// How the instant is spelled.
    pub(in crate::sources) format: InstantFormat,
    /// How far the window reaches back over the last one: rows are stamped before they are seen.
    pub(in crate::sources) overlap: HumanDuration,
}

/// How an instant is spelled in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::sources) enum InstantFormat {
    /// `2026-11-20T23:45:00Z`
    Rfc3339,
    /// Seconds since 1970.
    EpochSeconds,
    /// Milliseconds since 1970.
    EpochMilliseconds,
    /// `Fri, 20 Nov 2026 23:45:00 GMT`, as `If-Modified-Since` wants it.
    HttpDate,
}

/// `start` of a list: how `[source.x] start` is asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct StartSpec {
    /// The query parameter that takes the instant.
    pub(in crate::sources) parameter: String,
    /// How it is spelled.
    pub(in crate::sources) format: InstantFormat,
}

/// A request's verb.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(in crate::sources) enum Method {
    /// GET
    #[default]
    Get,
    /// POST, for queries that only read: they are repeated when they fail.
    Post,
}

/// A request. In path, query and body, `{key}` stands for a plain key of `[source.x]`, `{fields}`
/// for the fields that the maps name, and in a child's request `{path}` for a field of the parent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct RequestSpec {
    /// The verb.
    #[serde(default)]
    pub(in crate::sources) method: Method,
    /// The path under the base URL.
    pub(in crate::sources) path: String,
    /// The query.
    #[serde(default)]
    pub(in crate::sources) query: BTreeMap<String, String>,
    /// The JSON body of a POST.
    pub(in crate::sources) body: Option<toml::Table>,
    /// The field below which the maps' fields are asked for: of `properties.name` under
    /// `properties`, `{fields}` has `name`.
    pub(in crate::sources) fields_under: Option<String>,
}

/// `[[stream.list]]`: one list and what its records become.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct ListSpec {
    /// What is asked.
    pub(in crate::sources) request: RequestSpec,
    /// The path of the list in the answer; `$` is the answer itself.
    pub(in crate::sources) records: String,
    /// How the next page is asked for.
    pub(in crate::sources) paginate: PaginateSpec,
    /// The path of the number of records in the answer, where the vendor counts them.
    pub(in crate::sources) count: Option<String>,
    /// How `[source.x] start` is asked for; without it, `start` does not narrow this list.
    pub(in crate::sources) start: Option<StartSpec>,
    /// What its records become.
    pub(in crate::sources) feed: Vec<FeedSpec>,
}

/// `[[stream.list.feed]]`: an entity that is fed from a list's records, or from their children.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct FeedSpec {
    /// The entity.
    pub(in crate::sources) entity: Entity,
    /// Only records of which each path has one of the texts. `^.` looks at a child's parent.
    #[serde(default, rename = "where")]
    pub(in crate::sources) only: BTreeMap<String, OneOrMany<String>>,
    /// No record of which any of these paths has one of the texts.
    #[serde(default)]
    pub(in crate::sources) unless: BTreeMap<String, OneOrMany<String>>,
    /// The path of a list of children in the record, which are read in the record's place.
    pub(in crate::sources) each: Option<String>,
    /// How children are fetched by their ids.
    pub(in crate::sources) lookup: Option<LookupSpec>,
    /// How the rest of the children is fetched, when the record holds only the first of them.
    pub(in crate::sources) rest: Option<RestSpec>,
    /// The columns.
    pub(in crate::sources) map: FieldMap,
}

/// `lookup`: children whose ids stand in the record are fetched many at once.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct LookupSpec {
    /// The path of the ids, with a `*`.
    pub(in crate::sources) ids: String,
    /// What is asked; `{inputs}` in the body stands for the list of `{ id = ".." }`.
    pub(in crate::sources) request: RequestSpec,
    /// How many ids one request may have.
    pub(in crate::sources) chunk: usize,
    /// The path of the children in the answer.
    pub(in crate::sources) records: String,
    /// The path of a child's id.
    pub(in crate::sources) id: String,
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
