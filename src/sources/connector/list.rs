//! `[[stream.list]]`: one list, how it is proven complete, and what its records become.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::children::{FetchSpec, LookupSpec, RestSpec};
use super::job::ListJobSpec;
use super::paginate::PaginateSpec;
use super::request::RequestSpec;
use super::window::StartSpec;
use crate::canonical::Entity;
use crate::config::{FieldMap, HumanDuration, OneOrMany};
use crate::sources::files::RowFormat;

/// When a list is read, and what its records say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::sources) enum Pass {
    /// All records, or those that changed in the window.
    #[default]
    Changes,
    /// Without a window only: all records, where what changed is asked for in another way.
    Full,
    /// With a window only: what changed in it.
    Window,
    /// With a window only: records that may change without a stamp, such as all open invoices.
    Open,
    /// With a window only: records that are gone.
    Deleted,
    /// When a sweep is due: the ids of all living records. Nothing of it lands.
    Sweep,
    /// Where another list names it as what takes its place when it is long.
    Instead,
}

impl Pass {
    /// Whether it brings all records when everything is read.
    pub(in crate::sources) const fn brings_all(self) -> bool {
        matches!(self, Self::Changes | Self::Full)
    }

    /// Whether it brings what changed in a window.
    pub(in crate::sources) const fn brings_window(self) -> bool {
        matches!(self, Self::Changes | Self::Window)
    }

    /// Whether its records land, with the fields of the source laid over them.
    pub(in crate::sources) const fn lands(self) -> bool {
        !matches!(self, Self::Deleted | Self::Sweep)
    }
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::sources) enum Format {
    /// One JSON value.
    #[default]
    Json,
    /// A table with a header, by RFC 4180, in gzip or not.
    Csv,
    /// One JSON object a line, in gzip or not.
    Jsonl,
}

impl Format {
    /// How its rows are written, where it is nothing but rows.
    pub(in crate::sources) const fn rows(self) -> Option<RowFormat> {
        match self {
            Self::Json => None,
            Self::Csv => Some(RowFormat::Csv),
            Self::Jsonl => Some(RowFormat::Jsonl),
        }
    }
}

/// What it means that a list names an id more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::sources) enum Repeats {
    /// They are different records that have no id of their own: the second `x` is `x#2`.
    Numbered,
    /// They are one record, told with each of its children: the first one lands.
    Once,
}

/// `[[stream.list]]`: one list and what its records become.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct ListSpec {
    /// Its name, for `changes`.
    pub(in crate::sources) name: Option<String>,
    /// When it is read.
    #[serde(default)]
    pub(in crate::sources) pass: Pass,
    /// What is asked; only a list that is read by a `job` alone has none.
    pub(in crate::sources) request: Option<RequestSpec>,
    /// How an answer is written.
    #[serde(default)]
    pub(in crate::sources) format: Format,
    /// The path of the list in an answer of JSON; `$` is the answer itself.
    #[serde(default = "itself")]
    pub(in crate::sources) records: String,
    /// The path of an object that is there when the list is empty and therefore left out.
    pub(in crate::sources) empty_in: Option<String>,
    /// How the next page is asked for.
    #[serde(default)]
    pub(in crate::sources) paginate: PaginateSpec,
    /// How it is read by an export in place of pages.
    pub(in crate::sources) job: Option<ListJobSpec>,
    /// Which lists take its place in a full read when it is long.
    pub(in crate::sources) instead: Option<InsteadSpec>,
    /// The path of the number of records in the answer, where the vendor counts them.
    pub(in crate::sources) count: Option<String>,
    /// How the vendor is asked for the number of records, where the answer does not hold it.
    pub(in crate::sources) count_request: Option<CountSpec>,
    /// An answer with so many records is cut off by the vendor: its window is halved.
    pub(in crate::sources) cap_rows: Option<u64>,
    /// How `[source.x] start` is asked for; without it, `start` does not narrow this list.
    pub(in crate::sources) start: Option<StartSpec>,
    /// A window, or the time since `start`, that is longer than this is cut into slices of this
    /// length, which are read side by side.
    pub(in crate::sources) slices: Option<HumanDuration>,
    /// What its records become.
    #[serde(default)]
    pub(in crate::sources) feed: Vec<FeedSpec>,
    /// In place of `feed`: the name of a list before it in the stream, whose feeds it has.
    pub(in crate::sources) feeds_of: Option<String>,
}

/// `instead`: what takes the place of a long list. Where it is not to be had, the list itself is read
/// after all.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct InsteadSpec {
    /// Only once so many records came and there are more.
    pub(in crate::sources) above_rows: u64,
    /// The names of the lists, whose `pass` is `instead`. Together they bring what this one would.
    pub(in crate::sources) lists: Vec<String>,
}

/// `count_request`: how many records there are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct CountSpec {
    /// What is asked, with the list's own window.
    pub(in crate::sources) request: RequestSpec,
    /// The path of the number in the answer; `$` is the answer itself.
    pub(in crate::sources) path: String,
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
    /// Records of which each path has one of the texts are gone: the version that was landed is
    /// buried, and none lands.
    #[serde(default)]
    pub(in crate::sources) gone: BTreeMap<String, OneOrMany<String>>,
    /// The path of a list of children in the record, which are read in the record's place.
    pub(in crate::sources) each: Option<String>,
    /// How children are fetched by their ids.
    pub(in crate::sources) lookup: Option<LookupSpec>,
    /// How children are fetched by their parent, one list for each.
    pub(in crate::sources) fetch: Option<FetchSpec>,
    /// How the rest of the children is fetched, when the record holds only the first of them.
    pub(in crate::sources) rest: Option<RestSpec>,
    /// What a repeated id means; without it, versions of one record.
    pub(in crate::sources) repeats: Option<Repeats>,
    /// The columns.
    pub(in crate::sources) map: FieldMap,
}

fn itself() -> String {
    "$".to_owned()
}
