//! From the tables of a connector file to plans.

use std::sync::Arc;

use super::compile_job::{columns, compile_job};
use super::condition::Condition;
use super::plan::{
    ChangedPlan, ChangesPlan, Children, CountPlan, FeedPlan, IncrementalPlan, InsteadPlan,
    ListPlan, LookupPlan, PagesPlan, RestPlan, StartPlan, StreamPlan,
};
use super::template::RequestPlan;
use super::window::Spelling;
use crate::canonical::Entity;
use crate::sources::connector::{
    ChangedSpec, ChangesSpec, ConnectorSpec, FeedSpec, IncrementalSpec, InsteadSpec, ListSpec,
    LookupSpec, PaginateSpec, RequestSpec, RestSpec, StartSpec, StreamSpec,
};
use crate::sources::json::Path;
use crate::sources::mapping::{Books, Mapping};

/// Compiles a connector's streams; `wanted` are the entities that the source is to pull.
pub(super) fn compile(
    spec: &ConnectorSpec,
    wanted: Option<&[Entity]>,
    books: &Arc<Books>,
) -> Result<Vec<StreamPlan>, String> {
    let mut plans = Vec::new();
    for stream in &spec.stream {
        let plan = compile_stream(stream, spec, wanted, books)
            .map_err(|detail| format!("stream `{}`: {detail}", stream.name))?;
        if !plan.lists.is_empty() {
            plans.push(plan);
        }
    }
    Ok(plans)
}

fn compile_stream(
    spec: &StreamSpec,
    connector: &ConnectorSpec,
    wanted: Option<&[Entity]>,
    books: &Arc<Books>,
) -> Result<StreamPlan, String> {
    let mut lists: Vec<ListPlan> = Vec::new();
    let mut instead = Vec::new();
    for list in &spec.list {
        let plan = compile_list(list, connector, wanted, books)?;
        if !plan.feeds.is_empty() {
            lists.push(plan);
            instead.push(list.instead.as_ref());
        }
    }
    // Those of them whose entities are not wanted are not there.
    for (at, spec) in instead.into_iter().enumerate() {
        let plan = spec.map(|spec| compile_instead(spec, &lists));
        if let Some(list) = lists.get_mut(at) {
            list.instead = plan;
        }
    }
    let changes = spec
        .changes
        .as_ref()
        .map(|changes| compile_changes(changes, &lists))
        .filter(|plan| !plan.objects.is_empty());
    Ok(StreamPlan {
        name: spec.name.clone(),
        full_sweep: spec.full_sweep,
        incremental: spec
            .incremental
            .as_ref()
            .map(compile_incremental)
            .transpose()?,
        changes,
        lists,
    })
}

fn compile_instead(spec: &InsteadSpec, lists: &[ListPlan]) -> InsteadPlan {
    let is_named = |list: &ListPlan| {
        let mut names = spec.lists.iter();
        list.name
            .as_ref()
            .is_some_and(|own| names.any(|name| name == own))
    };
    let places = lists.iter().enumerate();
    let places = places.filter(|(_, list)| is_named(list));
    InsteadPlan {
        above_rows: spec.above_rows,
        places: places.map(|(place, _)| place).collect(),
    }
}

fn compile_incremental(spec: &IncrementalSpec) -> Result<IncrementalPlan, String> {
    Ok(IncrementalPlan {
        spelling: Spelling::new(&spec.format, spec.zone.as_deref())?,
        spec: spec.clone(),
    })
}

fn compile_start(spec: &StartSpec) -> Result<StartPlan, String> {
    Ok(StartPlan {
        spelling: Spelling::new(&spec.format, spec.zone.as_deref())?,
        spec: spec.clone(),
    })
}

fn compile_list(
    spec: &ListSpec,
    connector: &ConnectorSpec,
    wanted: Option<&[Entity]>,
    books: &Arc<Books>,
) -> Result<ListPlan, String> {
    let mut feeds = Vec::new();
    let mut asked = Vec::new();
    for feed in &spec.feed {
        if wanted.is_none_or(|wanted| wanted.contains(&feed.entity)) {
            let plan = compile_feed(feed, books)?;
            asked.extend(own_paths(feed, &plan.mapping));
            feeds.push(plan);
        }
    }
    let is_own = |feed: &&FeedPlan| matches!(feed.children, Children::Own);
    let key = feeds
        .iter()
        .find(is_own)
        .and_then(|feed| feed.mapping.path_of("id"));
    Ok(ListPlan {
        name: spec.name.clone(),
        pass: spec.pass,
        pages: spec.request.as_ref().map(|request| PagesPlan {
            rows: spec.format.rows(),
            columns: columns(request, spec, connector),
            ..pages(
                request,
                &spec.records,
                spec.empty_in.as_deref(),
                &spec.paginate,
                &asked,
            )
        }),
        job: compile_job(spec, connector, &asked),
        instead: None,
        count: counted_at(spec).map(Path::new),
        count_request: spec.count_request.as_ref().map(|count| CountPlan {
            request: RequestPlan::new(&count.request, std::iter::empty()),
            path: Path::new(&count.path),
        }),
        key,
        cap_rows: spec.cap_rows,
        start: spec.start.as_ref().map(compile_start).transpose()?,
        slices: spec.slices.map(|length| length.0),
        feeds,
    })
}

/// The path of the vendor's own count: said as such, or as what ends the pages.
fn counted_at(spec: &ListSpec) -> Option<&str> {
    // The records of such a list are none of those that are read.
    if spec
        .job
        .as_ref()
        .is_some_and(|job| job.per_record.is_some())
    {
        return None;
    }
    let total = match &spec.paginate {
        PaginateSpec::Page { total, .. } | PaginateSpec::Offset { total, .. } => total.as_deref(),
        _ => None,
    };
    spec.count.as_deref().or(total)
}

pub(super) fn pages(
    request: &RequestSpec,
    records: &str,
    empty_in: Option<&str>,
    paginate: &PaginateSpec,
    asked: &[String],
) -> PagesPlan {
    PagesPlan {
        request: RequestPlan::new(request, asked.iter().map(String::as_str)),
        records: Path::new(records),
        empty_in: empty_in.map(Path::new),
        paginate: paginate.clone(),
        rows: None,
        columns: Vec::new(),
        count_header: None,
        host: request.host.clone(),
    }
}

/// The paths that a feed reads from the list's own records: all of them, or those of its children's
/// rules that look at the parent.
fn own_paths(spec: &FeedSpec, mapping: &Mapping) -> Vec<String> {
    let of_conditions = spec
        .only
        .keys()
        .chain(spec.unless.keys())
        .chain(spec.gone.keys())
        .map(String::as_str);
    let all = mapping.paths().chain(of_conditions);
    if spec.each.is_none() && spec.lookup.is_none() && spec.fetch.is_none() {
        all.map(str::to_owned).collect()
    } else {
        all.filter_map(|path| path.strip_prefix("^."))
            .map(str::to_owned)
            .collect()
    }
}

fn compile_feed(spec: &FeedSpec, books: &Arc<Books>) -> Result<FeedPlan, String> {
    let mut mapping = Mapping::new(spec.entity, &spec.map, Arc::clone(books))?;
    mapping.repeats = spec.repeats;
    let rest = spec.rest.as_ref().map(compile_rest).map(Box::new);
    let children = match (&spec.each, &spec.lookup, &spec.fetch) {
        (Some(each), _, _) => Children::Each {
            path: Path::new(each),
            rest,
        },
        (None, Some(lookup), _) => Children::Lookup {
            ids: Path::new(&lookup.ids),
            rest,
            lookup: Box::new(compile_lookup(lookup, &mapping)),
        },
        (None, None, Some(fetch)) => {
            let asked: Vec<String> = mapping
                .paths()
                .filter(|path| !path.starts_with("^."))
                .map(str::to_owned)
                .collect();
            Children::Fetch {
                pages: Box::new(pages(
                    &fetch.request,
                    &fetch.records,
                    fetch.empty_in.as_deref(),
                    &fetch.paginate,
                    &asked,
                )),
                when: Condition::all_of(&fetch.when).collect(),
            }
        }
        (None, None, None) => Children::Own,
    };
    let parent_column = spec
        .entity
        .parent_column()
        .filter(|column| !matches!(children, Children::Own) && mapping.reads_only_parent(column));
    Ok(FeedPlan {
        children,
        conditions: Condition::all_of(&spec.only)
            .chain(Condition::none_of(&spec.unless))
            .collect(),
        gone: Condition::all_of(&spec.gone).collect(),
        parent_column,
        mapping,
    })
}

fn compile_rest(spec: &RestSpec) -> RestPlan {
    RestPlan {
        more: Path::new(&spec.more),
        pages: pages(&spec.request, &spec.records, None, &spec.paginate, &[]),
    }
}

fn compile_lookup(spec: &LookupSpec, mapping: &Mapping) -> LookupPlan {
    let own = mapping.paths().filter(|path| !path.starts_with("^."));
    LookupPlan {
        request: RequestPlan::new(&spec.request, own),
        chunk: spec.chunk,
        records: Path::new(&spec.records),
        id: Path::new(&spec.id),
        may_lack: spec.may_lack,
    }
}

fn compile_changes(spec: &ChangesSpec, lists: &[ListPlan]) -> ChangesPlan {
    let objects = spec.object.iter().filter_map(|object| {
        let named = |list: &ListPlan| list.name.as_deref() == Some(object.list.as_str());
        // A list whose entities are not wanted is not there, and neither are its objects.
        let list = lists.iter().position(named)?;
        Some(compile_changed(object, list))
    });
    ChangesPlan {
        pages: pages(
            &spec.request,
            &spec.records,
            spec.empty_in.as_deref(),
            &spec.paginate,
            &[],
        ),
        objects: objects.collect(),
    }
}

fn compile_changed(spec: &ChangedSpec, list: usize) -> ChangedPlan {
    ChangedPlan {
        conditions: Condition::all_of(&spec.only).collect(),
        id: Path::new(&spec.id),
        list,
        request: RequestPlan::new(&spec.request, std::iter::empty()),
        record: spec.record.as_deref().map(Path::new),
        deleted: spec.deleted.as_deref().map(Path::new),
    }
}
