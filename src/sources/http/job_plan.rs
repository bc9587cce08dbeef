//! Exports that the vendor makes on its own time, made ready.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::condition::Condition;
use super::plan::PagesPlan;
use super::template::RequestPlan;
use super::window::Bounds;
use crate::config::OneOrMany;
use crate::sources::files::RowFormat;
use crate::sources::json::{Json, Path, Scope};

/// How a list is read by an export, ready.
#[derive(Debug)]
pub(super) struct JobPlan {
    pub(super) above_rows: Option<u64>,
    pub(super) per_record: Option<PerRecordPlan>,
    pub(super) submit: RequestPlan,
    /// How it is asked how far the job is; by the `Location` of the order where there is none.
    pub(super) poll: Option<PollPlan>,
    pub(super) state: Path,
    pub(super) running: OneOrMany<String>,
    pub(super) done: OneOrMany<String>,
    pub(super) failed: OneOrMany<String>,
    pub(super) message: Option<Path>,
    pub(super) count: Option<Path>,
    pub(super) every: Duration,
    pub(super) at_most: Duration,
    pub(super) within: Duration,
    pub(super) result: ResultPlan,
    pub(super) cleanup: Option<RequestPlan>,
}

/// How it is asked how far a job is, ready.
#[derive(Debug)]
pub(super) struct PollPlan {
    /// The path of the job's id in the answer to the order.
    pub(super) id: Path,
    pub(super) request: RequestPlan,
}

/// For which records of the list an export is made, ready.
#[derive(Debug)]
pub(super) struct PerRecordPlan {
    pub(super) when: Vec<Condition>,
    pub(super) dated: Option<Path>,
    pub(super) not_before: Option<Date>,
}

/// What is read of a finished job, ready.
#[derive(Debug)]
pub(super) enum ResultPlan {
    Pages(Box<PagesPlan>),
    Files(Box<FilesPlan>),
}

/// The files of a finished job, ready.
#[derive(Debug)]
pub(super) struct FilesPlan {
    /// Of which the first counts that names any.
    pub(super) lists: Vec<Path>,
    pub(super) tag: Option<Path>,
    pub(super) count: Option<Path>,
    pub(super) at: FileAt,
    pub(super) format: RowFormat,
    /// Columns of the rows, of each group of which one must be there.
    pub(super) columns: Vec<Vec<String>>,
}

/// Where a file is.
#[derive(Debug)]
pub(super) enum FileAt {
    /// At the source's own place.
    Home(RequestPlan),
    /// On one of these hosts, which get no credentials.
    Elsewhere { url: String, hosts: Vec<String> },
}

impl PerRecordPlan {
    /// Whether an export is made for a record of the list. Where its day cannot be read, one is:
    /// too much loses nothing.
    pub(super) fn wants(&self, record: Json<'_>, bounds: Bounds) -> bool {
        let scope = Scope::of(record);
        if !self.when.iter().all(|one| one.holds(scope)) {
            return false;
        }
        let dated = self.dated.as_ref().and_then(|path| path.text(scope));
        let Some(at) = dated.and_then(instant_of) else {
            return true;
        };
        let floor = self.not_before.and_then(midnight_of);
        let floors = [
            bounds.changed.map(|window| window.from),
            bounds.created.map(|window| window.from),
            floor,
        ];
        floors.into_iter().flatten().all(|floor| at >= floor)
    }
}

/// A day, or an instant of it.
fn instant_of(text: &str) -> Option<Timestamp> {
    let instant = text.parse::<Timestamp>().ok();
    instant.or_else(|| midnight_of(text.parse::<Date>().ok()?))
}

fn midnight_of(day: Date) -> Option<Timestamp> {
    let midnight = day.to_zoned(TimeZone::UTC).ok()?;
    Some(midnight.timestamp())
}

impl JobPlan {
    /// The records of a page of JSON of its result.
    pub(super) fn records_of<'j>(&self, body: Json<'j>) -> Result<Vec<Json<'j>>, String> {
        match &self.result {
            ResultPlan::Pages(pages) => pages.records_of(body),
            ResultPlan::Files(_) => Err("files have rows".to_owned()),
        }
    }
}
