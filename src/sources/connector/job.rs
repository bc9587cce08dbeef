//! `[job.NAME]` and `[stream.list.job]`: exports that the vendor makes on its own time. They are
//! ordered, waited for, read in parts and cleared away.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use super::list::Format;
use super::paginate::PaginateSpec;
use super::request::RequestSpec;
use crate::config::{HumanDuration, OneOrMany};
use crate::sources::files::RowFormat;

/// `[job.NAME]`: how the vendor makes exports. In its requests stand `{job}` for the job's id, and
/// the names of `with`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct JobSpec {
    /// Orders the export. When an answer is lost, it is ordered again: the first one expires.
    pub(in crate::sources) submit: RequestSpec,
    /// The path of the job's id in that answer.
    pub(in crate::sources) id: Option<String>,
    /// In place of `id` and `poll`: the answer's `Location` header is asked how far the job is.
    #[serde(default)]
    pub(in crate::sources) location: bool,
    /// Asks how far the job is.
    pub(in crate::sources) poll: Option<RequestSpec>,
    /// The path of the job's state in the answer to `poll`. A state that none of the three lists
    /// has is an error.
    pub(in crate::sources) state: String,
    /// States of a job that is under way.
    pub(in crate::sources) running: OneOrMany<String>,
    /// States of a job whose result can be read.
    pub(in crate::sources) done: OneOrMany<String>,
    /// States of a job that has no result and never will: failed, cancelled, expired.
    pub(in crate::sources) failed: OneOrMany<String>,
    /// The path of why it failed.
    pub(in crate::sources) message: Option<String>,
    /// The path of the number of rows in the answer to `poll`, once the job is done. It is tied
    /// with the rows that came.
    pub(in crate::sources) count: Option<String>,
    /// How long is waited before the job is asked for again; each wait is half as long again. What
    /// the answer says with `Retry-After` takes its place.
    pub(in crate::sources) every: HumanDuration,
    /// No wait is longer.
    pub(in crate::sources) at_most: HumanDuration,
    /// A job that is not done by then is given up.
    pub(in crate::sources) within: HumanDuration,
    /// The result as pages under the base URL.
    pub(in crate::sources) result: Option<ResultSpec>,
    /// Or as files that the answer to `poll` names.
    pub(in crate::sources) files: Option<FilesSpec>,
    /// Clears the job away, whatever became of it. That it fails is no fault.
    pub(in crate::sources) cleanup: Option<RequestSpec>,
}

/// `result`: pages of a finished job.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct ResultSpec {
    /// What is asked.
    pub(in crate::sources) request: RequestSpec,
    /// How a page is written.
    #[serde(default)]
    pub(in crate::sources) format: Format,
    /// The path of the records in a page of JSON.
    #[serde(default = "itself")]
    pub(in crate::sources) records: String,
    /// How the next page is asked for.
    #[serde(default)]
    pub(in crate::sources) paginate: PaginateSpec,
    /// The header that counts a page's rows. They are tied with what came.
    pub(in crate::sources) count_header: Option<String>,
}

/// `files`: files of a finished job.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct FilesSpec {
    /// The path of the files in the answer to `poll`: a list, with `*` all that it names, or the text
    /// of one. Of several paths, the first that names any.
    pub(in crate::sources) list: OneOrMany<String>,
    /// The path of what the vendor calls their content. Where it is what it was in the last window,
    /// they are not read again.
    pub(in crate::sources) tag: Option<String>,
    /// The path of their number. It is tied with the files that are named.
    pub(in crate::sources) count: Option<String>,
    /// How one is asked for under the base URL: `{file}` is a text of the list, `{path}` a field of
    /// an object in it.
    pub(in crate::sources) request: Option<RequestSpec>,
    /// Or its URL elsewhere, where it is asked for without credentials: `{file}`, `{path}` as
    /// above, and `{^.path}` for a field of the whole answer.
    pub(in crate::sources) url: Option<String>,
    /// The hosts, and those below them, that such a URL may have.
    #[serde(default)]
    pub(in crate::sources) hosts: Vec<String>,
    /// How a file is written; in gzip or not.
    pub(in crate::sources) format: RowFormat,
}

/// `[stream.list.job]`: a list that is read by an export.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct ListJobSpec {
    /// Which `[job.NAME]`.
    pub(in crate::sources) name: String,
    /// Texts for names in the job's requests, which may hold names themselves.
    #[serde(default)]
    pub(in crate::sources) with: BTreeMap<String, String>,
    /// Only where the list's own first page counts more records; without it, always, and the list
    /// has no request of its own.
    pub(in crate::sources) above_rows: Option<u64>,
    /// One export for each record of the list, whose fields are names in the job's requests. The
    /// exports' rows are what the feeds read.
    pub(in crate::sources) per_record: Option<PerRecordSpec>,
}

/// `per_record`: for which records of the list an export is made.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct PerRecordSpec {
    /// Only those of which each path has one of the texts.
    #[serde(default)]
    pub(in crate::sources) when: BTreeMap<String, OneOrMany<String>>,
    /// The path of the day from which a record stands as it is: one before the window, or before
    /// `[source.x] start`, has no export made.
    pub(in crate::sources) dated: Option<String>,
    /// The vendor has no exports of records before this day.
    pub(in crate::sources) not_before: Option<Date>,
}

impl JobSpec {
    /// The job with the texts of a list put in the places of their names.
    pub(in crate::sources) fn with(&self, texts: &BTreeMap<String, String>) -> Self {
        let filled = |request: &RequestSpec| request.with(texts);
        Self {
            submit: filled(&self.submit),
            poll: self.poll.as_ref().map(filled),
            cleanup: self.cleanup.as_ref().map(filled),
            result: self.result.as_ref().map(|result| ResultSpec {
                request: filled(&result.request),
                ..result.clone()
            }),
            files: self.files.as_ref().map(|files| FilesSpec {
                request: files.request.as_ref().map(filled),
                ..files.clone()
            }),
            ..self.clone()
        }
    }

    /// Whether `{name}` stands in any of its requests.
    pub(super) fn names(&self, name: &str) -> bool {
        let result = self.result.as_ref().map(|result| &result.request);
        let files = self.files.as_ref().and_then(|files| files.request.as_ref());
        let others = [self.poll.as_ref(), self.cleanup.as_ref(), result, files];
        let mut requests = others.into_iter().flatten().chain([&self.submit]);
        requests.any(|request| request.names(name))
    }
}

fn itself() -> String {
    "$".to_owned()
}
