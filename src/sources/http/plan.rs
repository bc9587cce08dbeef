//! The streams of a connector, made ready for pulling: maps compiled, paths taken apart, and only
//! the entities that the source wants.

use std::sync::Arc;

use super::template::RequestPlan;
use crate::canonical::Entity;
use crate::config::OneOrMany;
use crate::sources::connector::{
    ConnectorSpec, FeedSpec, IncrementalSpec, ListSpec, LookupSpec, PaginateSpec, RestSpec,
    StartSpec, StreamSpec,
};
use crate::sources::json::{Path, Scope};
use crate::sources::mapping::{Books, Mapping};

/// A stream, ready.
#[derive(Debug)]
pub(super) struct StreamPlan {
    pub(super) name: String,
    pub(super) full_sweep: bool,
    pub(super) incremental: Option<IncrementalSpec>,
    pub(super) lists: Vec<ListPlan>,
}

/// A list, ready.
#[derive(Debug)]
pub(super) struct ListPlan {
    pub(super) request: RequestPlan,
    pub(super) records: Path,
    pub(super) paginate: PaginateSpec,
    pub(super) count: Option<Path>,
    pub(super) start: Option<StartSpec>,
    pub(super) feeds: Vec<FeedPlan>,
}

/// A feed, ready.
#[derive(Debug)]
pub(super) struct FeedPlan {
    pub(super) mapping: Mapping,
    pub(super) children: Children,
    conditions: Vec<Condition>,
}

/// Where a feed's records stand.
#[derive(Debug)]
pub(super) enum Children {
    /// They are the list's own.
    Own,
    /// In a list inside each record.
    Each { path: Path, rest: Option<RestPlan> },
    /// Behind ids inside each record.
    Lookup {
        ids: Path,
        rest: Option<RestPlan>,
        lookup: LookupPlan,
    },
}

/// How the rest of the children is fetched, ready.
#[derive(Debug)]
pub(super) struct RestPlan {
    pub(super) more: Path,
    pub(super) request: RequestPlan,
    pub(super) records: Path,
    pub(super) paginate: PaginateSpec,
}

/// How children are fetched by their ids, ready.
#[derive(Debug)]
pub(super) struct LookupPlan {
    pub(super) request: RequestPlan,
    pub(super) chunk: usize,
    pub(super) records: Path,
    pub(super) id: Path,
}

#[derive(Debug)]
struct Condition {
    path: Path,
    texts: OneOrMany<String>,
    is_wanted: bool,
}

impl FeedPlan {
    /// Whether a record passes the conditions on itself and on its parent.
    pub(super) fn wants(&self, scope: Scope<'_>) -> bool {
        self.conditions
            .iter()
            .all(|condition| condition.holds(scope))
    }

    /// Whether the children of a record can pass the conditions on their parent, so that they are
    /// worth fetching.
    pub(super) fn wants_children_of(&self, parent: Scope<'_>) -> bool {
        self.conditions
            .iter()
            .filter_map(Condition::on_parent)
            .all(|(path, condition)| condition.holds_at(&path, parent))
    }
}

impl Condition {
    fn holds(&self, scope: Scope<'_>) -> bool {
        self.holds_at(&self.path, scope)
    }

    fn holds_at(&self, path: &Path, scope: Scope<'_>) -> bool {
        let is_among = path.text(scope).is_some_and(|text| {
            self.texts
                .as_slice()
                .iter()
                .any(|accepted| accepted == text)
        });
        is_among == self.is_wanted
    }

    fn on_parent(&self) -> Option<(Path, &Self)> {
        self.path.in_parent().map(|path| (path, self))
    }
}

impl StreamPlan {
    /// The entities that the stream feeds, each once.
    pub(super) fn entities(&self) -> Vec<Entity> {
        let mut entities: Vec<Entity> = self
            .lists
            .iter()
            .flat_map(|list| &list.feeds)
            .map(|feed| feed.mapping.entity())
            .collect();
        entities.sort_unstable();
        entities.dedup();
        entities
    }
}

/// Compiles a connector's streams; `wanted` are the entities that the source is to pull.
pub(super) fn compile(
    spec: &ConnectorSpec,
    wanted: Option<&[Entity]>,
    books: &Arc<Books>,
) -> Result<Vec<StreamPlan>, String> {
    let mut plans = Vec::new();
    for stream in &spec.stream {
        let plan = compile_stream(stream, wanted, books)?;
        if !plan.lists.is_empty() {
            plans.push(plan);
        }
    }
    Ok(plans)
}

fn compile_stream(
    spec: &StreamSpec,
    wanted: Option<&[Entity]>,
    books: &Arc<Books>,
) -> Result<StreamPlan, String> {
    let mut lists = Vec::new();
    for list in &spec.list {
        let plan = compile_list(list, wanted, books)
            .map_err(|detail| format!("stream `{}`: {detail}", spec.name))?;
        if !plan.feeds.is_empty() {
            lists.push(plan);
        }
    }
    Ok(StreamPlan {
        name: spec.name.clone(),
        full_sweep: spec.full_sweep,
        incremental: spec.incremental.clone(),
        lists,
    })
}

fn compile_list(
    spec: &ListSpec,
    wanted: Option<&[Entity]>,
    books: &Arc<Books>,
) -> Result<ListPlan, String> {
    let feed_specs: Vec<&FeedSpec> = spec
        .feed
        .iter()
        .filter(|feed| wanted.is_none_or(|wanted| wanted.contains(&feed.entity)))
        .collect();
    let mut feeds = Vec::new();
    let mut asked = Vec::new();
    for feed in feed_specs {
        let plan = compile_feed(feed, books)?;
        asked.extend(own_paths(feed, &plan.mapping));
        feeds.push(plan);
    }
    Ok(ListPlan {
        request: RequestPlan::new(&spec.request, asked.iter().map(String::as_str)),
        records: Path::new(&spec.records),
        paginate: spec.paginate.clone(),
        count: spec.count.as_deref().map(Path::new),
        start: spec.start.clone(),
        feeds,
    })
}

/// The paths that a feed reads from the list's own records: all of them, or those of its children's
/// rules that look at the parent.
fn own_paths(spec: &FeedSpec, mapping: &Mapping) -> Vec<String> {
    let of_conditions = spec
        .only
        .keys()
        .chain(spec.unless.keys())
        .map(String::as_str);
    let all = mapping.paths().chain(of_conditions);
    if spec.each.is_none() && spec.lookup.is_none() {
        all.map(str::to_owned).collect()
    } else {
        all.filter_map(|path| path.strip_prefix("^."))
            .map(str::to_owned)
            .collect()
    }
}

fn compile_feed(spec: &FeedSpec, books: &Arc<Books>) -> Result<FeedPlan, String> {
    let mapping = Mapping::new(spec.entity, &spec.map, Arc::clone(books))?;
    let rest = spec.rest.as_ref().map(compile_rest);
    let children = match (&spec.each, &spec.lookup) {
        (Some(each), _) => Children::Each {
            path: Path::new(each),
            rest,
        },
        (None, Some(lookup)) => Children::Lookup {
            ids: Path::new(&lookup.ids),
            rest,
            lookup: compile_lookup(lookup, &mapping),
        },
        (None, None) => Children::Own,
    };
    let condition = |is_wanted| {
        move |(path, texts): (&String, &OneOrMany<String>)| Condition {
            path: Path::new(path),
            texts: texts.clone(),
            is_wanted,
        }
    };
    let conditions = spec
        .only
        .iter()
        .map(condition(true))
        .chain(spec.unless.iter().map(condition(false)))
        .collect();
    Ok(FeedPlan {
        mapping,
        children,
        conditions,
    })
}

fn compile_rest(spec: &RestSpec) -> RestPlan {
    RestPlan {
        more: Path::new(&spec.more),
        request: RequestPlan::new(&spec.request, std::iter::empty()),
        records: Path::new(&spec.records),
        paginate: spec.paginate.clone(),
    }
}

fn compile_lookup(spec: &LookupSpec, mapping: &Mapping) -> LookupPlan {
    LookupPlan {
        request: RequestPlan::new(&spec.request, mapping.paths()),
        chunk: spec.chunk,
        records: Path::new(&spec.records),
        id: Path::new(&spec.id),
    }
}
