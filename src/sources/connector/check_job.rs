//! What the types of jobs and formats cannot say.

use std::collections::BTreeMap;

use super::check::check_paginate;
use super::job::{JobSpec, ListJobSpec};
use super::list::{Format, ListSpec};
use super::paginate::PaginateSpec;

/// Refuses a job that could not be waited for, or read. The error is a sentence.
pub(super) fn check_job(job: &JobSpec) -> Result<(), String> {
    match (&job.id, job.location, &job.poll) {
        (Some(_), false, Some(poll)) if poll.names("job") => {}
        (Some(_), false, Some(_)) => return Err("`poll` does not name `{job}`".into()),
        (None, true, None) => {}
        _ => return Err("it needs `id` and `poll`, or `location = true` alone".into()),
    }
    let result = job.result.as_ref().map(|result| &result.request);
    let files = job.files.as_ref().and_then(|files| files.request.as_ref());
    let requests = [
        Some(&job.submit),
        job.poll.as_ref(),
        job.cleanup.as_ref(),
        result,
        files,
    ];
    if requests.into_iter().flatten().any(|one| one.host.is_some()) {
        return Err("only a list's own request can have a `host`".into());
    }
    let states = [&job.running, &job.done, &job.failed];
    let mut named: Vec<&String> = states.iter().flat_map(|some| some.as_slice()).collect();
    let count = named.len();
    named.sort();
    named.dedup();
    if named.len() < count {
        return Err("a state means two things".into());
    }
    if job.every.0.is_zero() || job.within.0.is_zero() {
        return Err("`every` and `within` need a length".into());
    }
    match (&job.result, &job.files) {
        (Some(result), None) => {
            check_format(result.format, &result.paginate)?;
            check_paginate(&result.paginate, &result.request)?;
        }
        (None, Some(files)) => {
            if files.request.is_some() == files.url.is_some() {
                return Err("`files` needs `request` or `url`".into());
            }
            if files.url.is_some() && files.hosts.is_empty() {
                return Err("`files.url` needs `hosts`, to which it may lead".into());
            }
        }
        _ => return Err("it needs `result` or `files`".into()),
    }
    Ok(())
}

/// Refuses a list whose own request and whose job do not go together.
pub(super) fn check_list_job(
    list: &ListSpec,
    jobs: &BTreeMap<String, JobSpec>,
) -> Result<(), String> {
    check_format(list.format, &list.paginate)?;
    let Some(job) = &list.job else {
        return match list.request {
            Some(_) => Ok(()),
            None => Err("a list has neither `request` nor `job`".into()),
        };
    };
    let ListJobSpec {
        name,
        with,
        above_rows,
        per_record,
    } = job;
    let Some(named) = jobs.get(name) else {
        return Err(format!("`job` names no `[job.{name}]`"));
    };
    if let Some(unused) = with.keys().find(|text| !named.names(text)) {
        return Err(format!(
            "`{{{unused}}}` stands in no request of `[job.{name}]`"
        ));
    }
    if list.slices.is_some() || list.cap_rows.is_some() {
        return Err("a list with a `job` has no `slices` and no `cap_rows`".into());
    }
    match (above_rows, per_record, &list.request) {
        (Some(_), None, Some(_)) if list.count.is_none() => {
            Err("`above_rows` needs `count`, where the number of records stands".into())
        }
        (Some(_), None, Some(_)) | (None, Some(_), Some(_)) | (None, None, None) => Ok(()),
        (Some(_), Some(_), _) => Err("a job has both `above_rows` and `per_record`".into()),
        (None, None, Some(_)) => {
            Err("the list's own `request` is never asked: say `above_rows`, or leave it out".into())
        }
        (_, _, None) => Err("`above_rows` and `per_record` need the list's own `request`".into()),
    }
}

/// Rows have no body in which a page could say what follows it.
fn check_format(format: Format, paginate: &PaginateSpec) -> Result<(), String> {
    if format == Format::Json {
        return Ok(());
    }
    match paginate {
        PaginateSpec::Single
        | PaginateSpec::LinkHeader
        | PaginateSpec::Cursor {
            header: Some(_),
            more: None,
            ..
        }
        | PaginateSpec::Page {
            page_count: None,
            more: None,
            total: None,
            ..
        }
        | PaginateSpec::Offset { total: None, .. } => Ok(()),
        _ => Err(
            "pages of csv or jsonl follow each other by `single`, `link_header`, `cursor` with \
             `header`, or `page` and `offset` to an empty page"
                .into(),
        ),
    }
}
