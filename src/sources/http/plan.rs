//! The streams of a connector, made ready for pulling: maps compiled, paths taken apart, and only
//! the entities that the source wants.

use std::time::Duration;

use super::condition::Condition;
use super::job_plan::JobPlan;
use super::list::{ListPage, PageOf};
use super::template::RequestPlan;
use super::window::Spelling;
use crate::canonical::Entity;
use crate::sources::connector::{IncrementalSpec, PaginateSpec, Pass, StartSpec};
use crate::sources::files::RowFormat;
use crate::sources::json::{Json, Path, Scope};
use crate::sources::mapping::Mapping;

/// A stream, ready.
#[derive(Debug)]
pub(super) struct StreamPlan {
    pub(super) name: String,
    pub(super) full_sweep: bool,
    pub(super) incremental: Option<IncrementalPlan>,
    pub(super) changes: Option<ChangesPlan>,
    pub(super) lists: Vec<ListPlan>,
}

/// How a stream's window is asked for, ready.
#[derive(Debug)]
pub(super) struct IncrementalPlan {
    pub(super) spec: IncrementalSpec,
    pub(super) spelling: Spelling,
}

/// How a list's `start` is asked for, ready.
#[derive(Debug)]
pub(super) struct StartPlan {
    pub(super) spec: StartSpec,
    pub(super) spelling: Spelling,
}

/// What is asked of a list of any kind, and how its pages are read.
#[derive(Debug)]
pub(super) struct PagesPlan {
    pub(super) request: RequestPlan,
    pub(super) records: Path,
    pub(super) empty_in: Option<Path>,
    pub(super) paginate: PaginateSpec,
    /// How the rows are written, where an answer is nothing but rows.
    pub(super) rows: Option<RowFormat>,
    /// Columns of such rows, of each group of which one must be there.
    pub(super) columns: Vec<Vec<String>>,
    /// The header that counts the rows of an answer.
    pub(super) count_header: Option<String>,
    /// The place that is asked, where it is not the source's own.
    pub(super) host: Option<String>,
}

/// A list, ready.
#[derive(Debug)]
pub(super) struct ListPlan {
    pub(super) name: Option<String>,
    pub(super) pass: Pass,
    /// Nothing where it is read by exports alone.
    pub(super) pages: Option<PagesPlan>,
    pub(super) job: Option<JobPlan>,
    pub(super) instead: Option<InsteadPlan>,
    pub(super) count: Option<Path>,
    pub(super) count_request: Option<CountPlan>,
    /// The path of a record's id, where the list's own records feed an entity: distinct ids are
    /// what a count is tied with.
    pub(super) key: Option<Path>,
    pub(super) cap_rows: Option<u64>,
    pub(super) start: Option<StartPlan>,
    pub(super) slices: Option<Duration>,
    pub(super) feeds: Vec<FeedPlan>,
}

/// What takes the place of a long list, ready.
#[derive(Debug)]
pub(super) struct InsteadPlan {
    pub(super) above_rows: u64,
    /// Where the lists stand in the stream.
    pub(super) places: Vec<usize>,
}

/// How the vendor is asked for the number of records, ready.
#[derive(Debug)]
pub(super) struct CountPlan {
    pub(super) request: RequestPlan,
    pub(super) path: Path,
}

/// A feed, ready.
#[derive(Debug)]
pub(super) struct FeedPlan {
    pub(super) mapping: Mapping,
    pub(super) children: Children,
    pub(super) conditions: Vec<Condition>,
    pub(super) gone: Vec<Condition>,
    /// The column that names a child's parent, where it can be read from the parent alone.
    pub(super) parent_column: Option<&'static str>,
}

/// Where a feed's records stand.
#[derive(Debug)]
pub(super) enum Children {
    /// They are the list's own.
    Own,
    /// In a list inside each record.
    Each {
        path: Path,
        rest: Option<Box<RestPlan>>,
    },
    /// Behind ids inside each record.
    Lookup {
        ids: Path,
        rest: Option<Box<RestPlan>>,
        lookup: Box<LookupPlan>,
    },
    /// In a list of their own for each record.
    Fetch {
        pages: Box<PagesPlan>,
        when: Vec<Condition>,
    },
}

/// How the rest of the children is fetched, ready.
#[derive(Debug)]
pub(super) struct RestPlan {
    pub(super) more: Path,
    pub(super) pages: PagesPlan,
}

/// How children are fetched by their ids, ready.
#[derive(Debug)]
pub(super) struct LookupPlan {
    pub(super) request: RequestPlan,
    pub(super) chunk: usize,
    pub(super) records: Path,
    pub(super) id: Path,
    pub(super) may_lack: bool,
}

/// A change feed, ready.
#[derive(Debug)]
pub(super) struct ChangesPlan {
    pub(super) pages: PagesPlan,
    pub(super) objects: Vec<ChangedPlan>,
}

/// One kind of object of a change feed, ready.
#[derive(Debug)]
pub(super) struct ChangedPlan {
    pub(super) conditions: Vec<Condition>,
    pub(super) id: Path,
    /// Which of the stream's lists maps it.
    pub(super) list: usize,
    pub(super) request: RequestPlan,
    pub(super) record: Option<Path>,
    pub(super) deleted: Option<Path>,
}

/// What the records of a body are, or why it is not the page that was asked for.
pub(super) fn records_of<'j>(
    records: &Path,
    empty_in: Option<&Path>,
    body: Json<'j>,
) -> Result<Vec<Json<'j>>, String> {
    if let Some(found) = records.records(body) {
        return Ok(found);
    }
    let is_empty = empty_in
        .and_then(|path| path.all(Scope::of(body)).first().copied())
        .is_some_and(|value| value.entries().is_some() || value.items().is_some());
    if is_empty {
        Ok(Vec::new())
    } else {
        Err(format!("the body has no list at `{}`", records.text_form()))
    }
}

impl PagesPlan {
    /// The records of a body; an error where it is not the page that was asked for.
    pub(super) fn records_of<'j>(&self, body: Json<'j>) -> Result<Vec<Json<'j>>, String> {
        records_of(&self.records, self.empty_in.as_ref(), body)
    }

    /// Whether a body is what was asked for: the page, or the columns of its rows.
    pub(super) fn fits(&self, body: Json<'_>, lacking: &[String]) -> Result<(), String> {
        match self.rows {
            None => self.records_of(body).map(|_| ()),
            Some(format) => {
                let forgotten = [self.request.forgotten_fields(), lacking.to_vec()].concat();
                columns_fit(format, &self.columns, &forgotten, body)
            }
        }
    }
}

/// Whether rows have the columns that are read from them: of each group one, unless it is known to
/// be missing.
pub(super) fn columns_fit(
    format: RowFormat,
    groups: &[Vec<String>],
    forgotten: &[String],
    columns: Json<'_>,
) -> Result<(), String> {
    let Some(columns) = columns.items() else {
        return Err(format!("the body is no {}", format.name()));
    };
    if format == RowFormat::Jsonl {
        return Ok(());
    }
    let there: Vec<&str> = columns.filter_map(Json::scalar).collect();
    let lacks = |group: &&Vec<String>| {
        let mut names = group.iter();
        !names.any(|name| there.contains(&name.as_str()) || forgotten.contains(name))
    };
    match groups.iter().find(lacks) {
        None => Ok(()),
        Some(group) => Err(format!(
            "the header has no column `{}`",
            group.join("` or `")
        )),
    }
}

impl ListPlan {
    /// The records of a page that was read of it.
    pub(super) fn records_of<'p>(&self, page: &'p ListPage) -> Vec<Json<'p>> {
        let body = page.json.root();
        let found = match page.of {
            PageOf::List => self.pages.as_ref().map(|pages| pages.records_of(body)),
            PageOf::Export => self.job.as_ref().map(|job| job.records_of(body)),
            PageOf::Rows => body.items().map(|items| Ok(items.collect())),
        };
        found.and_then(Result::ok).unwrap_or_default()
    }

    /// Whether `[source.x] start` narrows it.
    pub(super) fn starts(&self) -> bool {
        let per_record = self.job.as_ref().and_then(|job| job.per_record.as_ref());
        self.start.is_some() || per_record.is_some_and(|each| each.dated.is_some())
    }

    /// Whether the vendor counts its records.
    pub(super) fn is_counted(&self) -> bool {
        let by_job = self.job.as_ref().is_some_and(|job| job.count.is_some());
        self.count.is_some() || self.count_request.is_some() || (by_job && self.pages.is_none())
    }

    /// The requests in which it names fields.
    pub(super) fn requests(&self) -> impl Iterator<Item = &RequestPlan> {
        let own = self.pages.as_ref().map(|pages| &pages.request);
        own.into_iter()
            .chain(self.job.as_ref().map(|job| &job.submit))
    }
}

impl FeedPlan {
    /// Whether a record passes the conditions on itself and on its parent.
    pub(super) fn wants(&self, scope: Scope<'_>) -> bool {
        self.conditions.iter().all(|one| one.holds(scope))
    }

    /// Whether a record says of itself that it is gone.
    pub(super) fn is_gone(&self, scope: Scope<'_>) -> bool {
        !self.gone.is_empty() && self.gone.iter().all(|one| one.holds(scope))
    }

    /// Whether the children of a record can pass the conditions on their parent, or be gone by
    /// them, so that they are worth fetching.
    pub(super) fn wants_children_of(&self, parent: Scope<'_>) -> bool {
        let can = |conditions: &[Condition]| {
            let mut conditions = conditions.iter();
            conditions.all(|condition| condition.may_hold_below(parent))
        };
        can(&self.conditions) || (!self.gone.is_empty() && can(&self.gone))
    }
}

impl IncrementalPlan {
    /// Whether the end of a window can be asked for in such a request.
    pub(super) fn has_end(&self, request: &RequestPlan) -> bool {
        let in_clause = || {
            let clause = self.spec.clause.as_deref();
            clause.is_some_and(|text| text.contains("{until}"))
        };
        self.spec.until_parameter.is_some() || request.names_end() || in_clause()
    }
}

impl StreamPlan {
    /// The entities that the stream feeds, each once.
    pub(super) fn entities(&self) -> Vec<Entity> {
        let feeds = self.lists.iter().flat_map(|list| &list.feeds);
        let mut entities: Vec<Entity> = feeds.map(|feed| feed.mapping.entity()).collect();
        entities.sort_unstable();
        entities.dedup();
        entities
    }

    /// The places of the lists of one pass.
    pub(super) fn places_of(&self, pass: Pass) -> Vec<usize> {
        let lists = self.lists.iter().enumerate();
        let of_pass = lists.filter(|(_, list)| list.pass == pass);
        of_pass.map(|(place, _)| place).collect()
    }

    /// Whether it feeds an entity.
    pub(super) fn feeds(&self, entity: Entity) -> bool {
        let mut feeds = self.lists.iter().flat_map(|list| &list.feeds);
        feeds.any(|feed| feed.mapping.entity() == entity)
    }

    /// The lists of one pass.
    pub(super) fn lists_of(&self, pass: Pass) -> impl Iterator<Item = &ListPlan> {
        self.lists.iter().filter(move |list| list.pass == pass)
    }
}
