//! From the jobs of a connector file to plans, and from maps to the columns that rows must have.

use super::compile::pages;
use super::condition::Condition;
use super::job_plan::{FileAt, FilesPlan, JobPlan, PerRecordPlan, PollPlan, ResultPlan};
use super::plan::PagesPlan;
use super::template::RequestPlan;
use crate::config::{FieldRule, FieldTable};
use crate::sources::connector::{
    ConnectorSpec, FeedSpec, FilesSpec, JobSpec, ListSpec, PerRecordSpec, RequestSpec, ResultSpec,
};
use crate::sources::json::Path;

/// The job of a list; `asked` are the paths of the maps whose fields it asks for.
pub(super) fn compile_job(
    list: &ListSpec,
    connector: &ConnectorSpec,
    asked: &[String],
) -> Option<JobPlan> {
    let own = list.job.as_ref()?;
    let job = connector.job.get(&own.name)?.with(&own.with);
    let columns = columns(&job.submit, list, connector);
    let request = |spec: &RequestSpec| RequestPlan::new(spec, std::iter::empty());
    let poll = job.poll.as_ref().zip(job.id.as_ref());
    let result = match (&job.result, &job.files) {
        (Some(result), _) => ResultPlan::Pages(Box::new(result_pages(result, columns))),
        (None, Some(files)) => ResultPlan::Files(Box::new(files_plan(files, columns))),
        (None, None) => return None,
    };
    let JobSpec {
        running,
        done,
        failed,
        ..
    } = &job;
    Some(JobPlan {
        above_rows: own.above_rows,
        per_record: own.per_record.as_ref().map(per_record),
        submit: RequestPlan::new(&job.submit, asked.iter().map(String::as_str)),
        poll: poll.map(|(poll, id)| PollPlan {
            id: Path::new(id),
            request: request(poll),
        }),
        state: Path::new(&job.state),
        running: running.clone(),
        done: done.clone(),
        failed: failed.clone(),
        message: job.message.as_deref().map(Path::new),
        count: job.count.as_deref().map(Path::new),
        every: job.every.0,
        at_most: job.at_most.0.max(job.every.0),
        within: job.within.0,
        result,
        cleanup: job.cleanup.as_ref().map(request),
    })
}

fn result_pages(spec: &ResultSpec, columns: Vec<Vec<String>>) -> PagesPlan {
    PagesPlan {
        rows: spec.format.rows(),
        columns,
        count_header: spec.count_header.clone(),
        ..pages(&spec.request, &spec.records, None, &spec.paginate, &[])
    }
}

fn files_plan(spec: &FilesSpec, columns: Vec<Vec<String>>) -> FilesPlan {
    let at = match (&spec.request, &spec.url) {
        (Some(request), _) => FileAt::Home(RequestPlan::new(request, std::iter::empty())),
        (None, url) => FileAt::Elsewhere {
            url: url.clone().unwrap_or_default(),
            hosts: spec.hosts.clone(),
        },
    };
    FilesPlan {
        lists: spec
            .list
            .as_slice()
            .iter()
            .map(|path| Path::new(path))
            .collect(),
        tag: spec.tag.as_deref().map(Path::new),
        count: spec.count.as_deref().map(Path::new),
        at,
        format: spec.format,
        columns,
    }
}

fn per_record(spec: &PerRecordSpec) -> PerRecordPlan {
    PerRecordPlan {
        when: Condition::all_of(&spec.when).collect(),
        dated: spec.dated.as_deref().map(Path::new),
        not_before: spec.not_before,
    }
}

/// The columns that the rows of an answer must have: what the request asked for by name, or else
/// what the maps read. Of several paths of one rule, one is enough.
pub(super) fn columns(
    request: &RequestSpec,
    list: &ListSpec,
    connector: &ConnectorSpec,
) -> Vec<Vec<String>> {
    let is_asked = request.names("fields");
    let of_own =
        |feed: &&FeedSpec| feed.each.is_none() && feed.lookup.is_none() && feed.fetch.is_none();
    let feeds = list.feed.iter().filter(of_own);
    let mut groups: Vec<Vec<String>> = Vec::new();
    for feed in feeds.clone() {
        let of_conditions = [&feed.only, &feed.unless, &feed.gone];
        let paths = of_conditions.into_iter().flat_map(|one| one.keys());
        groups.extend(paths.map(|path| vec![path.clone()]));
    }
    let tables = feeds.flat_map(|feed| feed.map.values().map(FieldRule::table));
    for table in tables {
        if is_asked {
            groups.extend(table.all_paths().map(|path| vec![path.to_owned()]));
        } else {
            groups.extend(groups_of(&table));
        }
    }
    let is_optional = |group: &Vec<String>| {
        let mut names = group.iter();
        group.is_empty() || names.any(|name| connector.optional_fields.contains(name))
    };
    groups.retain(|group| !is_optional(group));
    groups.sort();
    groups.dedup();
    groups
}

/// The columns that a rule cannot do without.
fn groups_of(table: &FieldTable) -> Vec<Vec<String>> {
    let own = table.paths().iter();
    let others = table.or.iter().flat_map(|other| other.paths());
    let either: Vec<String> = own.chain(others).cloned().collect();
    let beside = table
        .all_paths()
        .filter(|path| !either.iter().any(|one| one == path));
    let mut groups: Vec<Vec<String>> = beside.map(|path| vec![path.to_owned()]).collect();
    // A constant stands in for a column that is not there.
    if table.value.is_none() {
        groups.push(either);
    }
    groups
}
