//! What the types of a connector file cannot say.

use std::collections::{BTreeMap, BTreeSet};

use super::check_job::{check_job, check_list_job};
use super::job::JobSpec;
use super::list::{FeedSpec, ListSpec, Pass};
use super::paginate::PaginateSpec;
use super::request::RequestSpec;
use super::spec::{ConnectorSpec, StreamSpec};

/// Refuses a file that would be read in another way than it is meant. The error is a sentence.
pub(super) fn check(spec: &ConnectorSpec) -> Result<(), String> {
    if let Some(host) = spec.hosts.iter().find(|host| !is_host(host)) {
        return Err(format!(
            "`hosts` has `{host}`, which is no host: write it as `example.com`, in lower case"
        ));
    }
    for (name, job) in &spec.job {
        check_job(job).map_err(|detail| format!("job `{name}`: {detail}"))?;
    }
    let mut names = BTreeSet::new();
    for stream in &spec.stream {
        if !names.insert(stream.name.as_str()) {
            return Err(format!("two streams are called `{}`", stream.name));
        }
        let mut requests = stream.list.iter().filter_map(|list| list.request.as_ref());
        let unknown = requests.find_map(|request| {
            let host = request.host.as_ref()?;
            (!spec.host.contains_key(host)).then_some(host)
        });
        if let Some(host) = unknown {
            return Err(format!("a request names no `[host.{host}]`"));
        }
        check_stream(stream, &spec.job)
            .map_err(|detail| format!("stream `{}`: {detail}", stream.name))?;
    }
    check_sweeps(spec)
}

/// Whether it is the name of a host and nothing more, and no whole top-level domain.
fn is_host(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let has_letter = text.bytes().any(|byte| byte.is_ascii_lowercase());
    text.contains('.') && text.split('.').all(is_part) && has_letter
}

fn check_stream(stream: &StreamSpec, jobs: &BTreeMap<String, JobSpec>) -> Result<(), String> {
    if let Some(incremental) = &stream.incremental
        && incremental.parameter.is_some()
        && incremental.header.is_some()
    {
        return Err("`incremental` has both `parameter` and `header`".into());
    }
    for list in &stream.list {
        check_list(list, jobs)?;
        let is_of_window = !matches!(list.pass, Pass::Changes | Pass::Instead);
        if is_of_window && stream.incremental.is_none() {
            return Err("a list with a `pass` needs `incremental` in its stream".into());
        }
    }
    check_instead(stream)?;
    if !stream.list.iter().any(|list| list.pass.brings_all()) {
        return Err("no list reads all of its records: each has a `pass`".into());
    }
    let brings_window = |list: &ListSpec| list.pass.brings_window();
    if stream.incremental.is_some()
        && stream.changes.is_none()
        && !stream.list.iter().any(brings_window)
    {
        return Err("no list reads what changed in a window".into());
    }
    let is_narrowed = stream
        .list
        .iter()
        .any(|list| list.pass.brings_all() && list.start.is_some());
    let sweeps_all = |list: &ListSpec| list.pass == Pass::Sweep && list.start.is_none();
    if is_narrowed && stream.list.iter().any(sweeps_all) {
        return Err("its lists have a `start` and its sweep has none, so it finds too much".into());
    }
    let Some(changes) = &stream.changes else {
        return Ok(());
    };
    if stream.incremental.is_none() {
        return Err("`changes` needs `incremental`, which says how the window is asked for".into());
    }
    check_paginate(&changes.paginate, &changes.request)?;
    for object in &changes.object {
        let named = |list: &&ListSpec| list.name.as_deref() == Some(object.list.as_str());
        match stream.list.iter().find(named) {
            None => return Err(format!("`changes` names no list `{}`", object.list)),
            Some(list) if !list.pass.brings_all() => {
                return Err(format!(
                    "list `{}`, which `changes` names, has a `pass`",
                    object.list
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// A list that takes another one's place is named by one, and stands for one that is read in full.
fn check_instead(stream: &StreamSpec) -> Result<(), String> {
    let mut unnamed: BTreeSet<&str> = BTreeSet::new();
    for list in stream.list.iter().filter(|list| list.pass == Pass::Instead) {
        let Some(name) = &list.name else {
            return Err("a list with the pass `instead` has no `name`".into());
        };
        unnamed.insert(name.as_str());
    }
    let known = unnamed.clone();
    for list in &stream.list {
        let Some(instead) = &list.instead else {
            continue;
        };
        if !list.pass.brings_all() || list.job.is_some() {
            return Err("`instead` is for a list of pages that is read in full".into());
        }
        if instead.lists.is_empty() {
            return Err("`instead` names no `lists`".into());
        }
        for name in &instead.lists {
            if !known.contains(name.as_str()) {
                return Err(format!(
                    "`instead` names no list `{name}` with the pass `instead`"
                ));
            }
            unnamed.remove(name.as_str());
        }
    }
    match unnamed.first() {
        Some(name) => Err(format!("nothing says when list `{name}` is read")),
        None => Ok(()),
    }
}

fn check_list(list: &ListSpec, jobs: &BTreeMap<String, JobSpec>) -> Result<(), String> {
    check_list_job(list, jobs)?;
    if let Some(request) = &list.request {
        check_paginate(&list.paginate, request)?;
    }
    if list.feed.is_empty() {
        return Err("a list has neither `feed` nor `feeds_of`".into());
    }
    for feed in &list.feed {
        check_feed(feed)?;
        let has_children = feed.each.is_some() || feed.lookup.is_some() || feed.fetch.is_some();
        if has_children && list.pass == Pass::Sweep {
            return Err("a sweep reads ids of records, not of their children".into());
        }
        if matches!(list.pass, Pass::Sweep | Pass::Deleted) && !feed.map.contains_key("id") {
            return Err(format!("the map of {} has no `id`", feed.entity));
        }
    }
    if list.slices.is_some_and(|length| length.0.is_zero()) {
        return Err("`slices` has no length".into());
    }
    Ok(())
}

fn check_feed(feed: &FeedSpec) -> Result<(), String> {
    let of_children = [
        feed.lookup.as_ref().map(|lookup| &lookup.request),
        feed.fetch.as_ref().map(|fetch| &fetch.request),
        feed.rest.as_ref().map(|rest| &rest.request),
    ];
    if of_children
        .into_iter()
        .flatten()
        .any(|one| one.host.is_some())
    {
        return Err("only a list's own request can have a `host`".into());
    }
    let has_children = feed.each.is_some() || feed.lookup.is_some() || feed.fetch.is_some();
    if feed.repeats.is_some() && has_children {
        return Err("`repeats` is for the list's own records, not for their children".into());
    }
    let ways = [
        feed.each.is_some(),
        feed.lookup.is_some(),
        feed.fetch.is_some(),
    ];
    if ways.iter().filter(|way| **way).count() > 1 {
        return Err("a feed has more than one of `each`, `lookup` and `fetch`".into());
    }
    if feed.rest.is_some() && feed.each.is_none() && feed.lookup.is_none() {
        return Err("a feed has a `rest` and no children".into());
    }
    if feed.lookup.as_ref().is_some_and(|lookup| lookup.chunk == 0) {
        return Err("a `lookup` has a chunk of 0".into());
    }
    if let Some(rest) = &feed.rest {
        check_paginate(&rest.paginate, &rest.request)?;
    }
    if let Some(fetch) = &feed.fetch {
        check_paginate(&fetch.paginate, &fetch.request)?;
    }
    Ok(())
}

/// A page that nothing asks for would be the first one again.
pub(super) fn check_paginate(paginate: &PaginateSpec, request: &RequestSpec) -> Result<(), String> {
    let (parameter, name) = match paginate {
        PaginateSpec::Cursor {
            next,
            header,
            parameter,
            body,
            ..
        } => {
            if next.is_some() == header.is_some() {
                return Err("`paginate` needs `next` or `header`, where the cursor stands".into());
            }
            if parameter.is_some() && body.is_some() {
                return Err("`paginate` has both `parameter` and `body`".into());
            }
            (parameter.as_ref().or(body.as_ref()), "cursor")
        }
        PaginateSpec::LastId { parameter, .. } | PaginateSpec::Keyset { parameter, .. } => {
            (parameter.as_ref(), "last")
        }
        PaginateSpec::Page { parameter, .. } => (parameter.as_ref(), "page"),
        PaginateSpec::Offset { parameter, .. } => (parameter.as_ref(), "offset"),
        PaginateSpec::Single | PaginateSpec::NextUrl { .. } | PaginateSpec::LinkHeader => {
            return Ok(());
        }
    };
    if parameter.is_none() && !request.names(name) {
        return Err(format!(
            "`paginate` needs `parameter`, or `{{{name}}}` in the request"
        ));
    }
    if let PaginateSpec::Page {
        total: Some(_),
        page_size: None | Some(0),
        ..
    } = paginate
    {
        return Err("`paginate` has a `total` and no `page_size`".into());
    }
    Ok(())
}

/// A full sweep of one stream would take for gone what another stream of the same entity brings.
fn check_sweeps(spec: &ConnectorSpec) -> Result<(), String> {
    let mut fed = BTreeMap::new();
    let sweeps = |stream: &StreamSpec| {
        stream.full_sweep || stream.list.iter().any(|list| list.pass == Pass::Sweep)
    };
    for stream in &spec.stream {
        for feed in stream.list.iter().flat_map(|list| &list.feed) {
            let first = fed.entry(feed.entity).or_insert(stream);
            if first.name != stream.name && (sweeps(first) || sweeps(stream)) {
                return Err(format!(
                    "{} are fed by two streams, `{}` and `{}`, so neither is a full sweep",
                    feed.entity, first.name, stream.name
                ));
            }
        }
    }
    Ok(())
}
