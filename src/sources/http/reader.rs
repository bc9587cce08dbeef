//! Reading one list inside its bounds: in slices side by side, halved where the vendor cuts off,
//! and tied with the vendor's own count. Pages go to whoever maps them, one ahead.

use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::asked::{Asked, Asking};
use super::job::Export;
use super::job_plan::{JobPlan, PerRecordPlan};
use super::list::{ListPage, ListWalk};
use super::plan::{CountPlan, ListPlan, PagesPlan, StreamPlan};
use super::session::Session;
use super::tags::Tags;
use super::template::RequestPlan;
use super::transport::Patience;
use super::window::{Bounds, Window};
use crate::fault::Failure;
use crate::sources::error::SourceError;
use crate::sources::json::{Document, Json, Scope};

/// What reading a list came to.
#[derive(Debug, Default)]
pub(super) struct ReadList {
    /// How many different records came.
    pub(super) came: u64,
    /// How many the vendor counts, where it does.
    pub(super) counted: Option<u64>,
    /// Why it is not proven complete, if it is not.
    pub(super) unproven: Option<String>,
    /// Why the vendor could not be asked for its count, where it should have been.
    pub(super) uncounted: Option<String>,
    /// The server's clock at the first answer.
    pub(super) first_date: Option<Timestamp>,
}

impl ReadList {
    /// Compares what came with what the vendor counts.
    pub(super) fn tie(&mut self) {
        if let Some(count) = self.counted.filter(|count| *count != self.came) {
            let came = self.came;
            let why = format!("the vendor counts {count} records and {came} came");
            self.unproven = self.unproven.take().or(Some(why));
        }
    }

    /// Both parts together.
    fn and(self, other: Self) -> Self {
        Self {
            came: self.came + other.came,
            counted: self
                .counted
                .zip(other.counted)
                .map(|(base, more)| base + more),
            unproven: self.unproven.or(other.unproven),
            uncounted: self.uncounted.or(other.uncounted),
            first_date: self.first_date.into_iter().chain(other.first_date).min(),
        }
    }
}

/// A list of a stream, to be read.
#[derive(Clone, Copy)]
pub(super) struct Reader<'r> {
    pub(super) session: &'r Arc<Session>,
    pub(super) stream: &'r StreamPlan,
    pub(super) list: &'r ListPlan,
    /// The end of what is asked for where nothing else ends it.
    pub(super) now: Timestamp,
    /// What exports were when they were last read.
    pub(super) tags: &'r Tags,
}

impl<'r> Reader<'r> {
    /// Reads the list; every page goes into `pages`.
    pub(super) async fn read(
        self,
        bounds: Bounds,
        pages: mpsc::Sender<ListPage>,
    ) -> Result<ReadList, Failure> {
        let mut under_way = Vec::new();
        for slice in self.slices(bounds) {
            under_way.push(self.read_slice(slice, pages.clone()));
        }
        drop(pages);
        let read: Vec<ReadList> = stream::iter(under_way)
            .buffer_unordered(self.session.side_by_side)
            .try_collect()
            .await?;
        Ok(read.into_iter().reduce(ReadList::and).unwrap_or_default())
    }

    fn slices(&self, bounds: Bounds) -> Vec<Bounds> {
        let Some(length) = self.list.slices else {
            return vec![bounds];
        };
        let sliced = |window: Window| window.slices(length, self.now);
        match (bounds.changed, bounds.created) {
            (Some(changed), _) if self.can_end_changes() => sliced(changed)
                .into_iter()
                .map(|slice| Bounds {
                    changed: Some(slice),
                    ..bounds
                })
                .collect(),
            (None, Some(created)) if self.can_end_creation() => sliced(created)
                .into_iter()
                .map(|slice| Bounds {
                    created: Some(slice),
                    ..bounds
                })
                .collect(),
            _ => vec![bounds],
        }
    }

    fn can_end_changes(&self) -> bool {
        let incremental = self.stream.incremental.as_ref();
        let request = self.list.pages.as_ref().map(|pages| &pages.request);
        let both = incremental.zip(request);
        both.is_some_and(|(incremental, request)| incremental.has_end(request))
    }

    fn can_end_creation(&self) -> bool {
        let start = self.list.start.as_ref();
        start.is_some_and(|start| start.spec.has_end())
    }

    /// Reads one slice; where the vendor cuts an answer off, its halves in its place.
    async fn read_slice(
        self,
        bounds: Bounds,
        pages: mpsc::Sender<ListPage>,
    ) -> Result<ReadList, Failure> {
        let mut whole = ReadList {
            counted: Some(0),
            ..ReadList::default()
        };
        let mut left = vec![bounds];
        while let Some(bounds) = left.pop() {
            match self.read_bounds(bounds, &pages).await? {
                Part::Read(read) => whole = whole.and(read),
                Part::CutOff([first, second]) => left.extend([second, first]),
            }
        }
        Ok(whole)
    }

    fn halves(&self, bounds: Bounds) -> Option<[Bounds; 2]> {
        match (bounds.changed, bounds.created) {
            (Some(changed), _) if self.can_end_changes() => {
                let halves = changed.halves(self.now)?;
                Some(halves.map(|half| Bounds {
                    changed: Some(half),
                    ..bounds
                }))
            }
            (_, Some(created)) if self.can_end_creation() => {
                let halves = created.halves(self.now)?;
                Some(halves.map(|half| Bounds {
                    created: Some(half),
                    ..bounds
                }))
            }
            _ => None,
        }
    }

    async fn read_bounds(
        &self,
        bounds: Bounds,
        pages: &mpsc::Sender<ListPage>,
    ) -> Result<Part, Failure> {
        let list = self.list;
        let Some(own) = &list.pages else {
            return self.export(bounds, pages).await;
        };
        if let Some((job, per_record)) = self.per_record() {
            let each = self.export_each(own, job, per_record, bounds, pages);
            return each.await.map(Part::Read);
        }
        let asked = self.asked(&own.request, bounds)?;
        let is_counted = list.count.is_some() || list.count_request.is_some();
        let key = list.key.as_ref().filter(|_| is_counted);
        let mut walk = ListWalk::new(self.session, asked, own).counting(key);
        let mut read = ReadList::default();
        let mut is_first = true;
        while let Some(page) = walk.next().await? {
            if is_first && self.is_too_long(&page) {
                return self.export(bounds, pages).await;
            }
            is_first = false;
            if let Some(halves) = self.pass_on(page, bounds, &mut read, pages).await? {
                return Ok(Part::CutOff(halves));
            }
            let mut ahead = stream::iter(walk.ahead()).buffered(self.session.side_by_side);
            while let Some(fetched) = ahead.next().await {
                let page = walk.take(fetched?)?;
                if let Some(halves) = self.pass_on(page, bounds, &mut read, pages).await? {
                    return Ok(Part::CutOff(halves));
                }
                // There are fewer pages than there were at first.
                if walk.is_over() {
                    break;
                }
            }
        }
        read.unproven = read.unproven.or(walk.unproven().map(str::to_owned));
        read.came = walk.distinct_count();
        if let Some(count) = &list.count_request {
            match self.counted(count, bounds, read.came).await {
                Ok(counted) => read.counted = Some(counted),
                Err(failure) if is_refused(&failure) => read.uncounted = Some(failure.line()),
                Err(failure) => return Err(failure),
            }
        }
        let is_missed = list.is_counted() && read.counted.is_none() && read.came > 0;
        if is_missed && read.uncounted.is_none() {
            read.uncounted = Some("no answer says how many there are".to_owned());
        }
        read.tie();
        Ok(Part::Read(read))
    }

    /// Sends a page on, and notes what it says of the whole list. Gives the halves of the bounds
    /// where the vendor cut the page off.
    async fn pass_on(
        &self,
        page: ListPage,
        bounds: Bounds,
        read: &mut ReadList,
        pages: &mpsc::Sender<ListPage>,
    ) -> Result<Option<[Bounds; 2]>, Failure> {
        let list = self.list;
        read.first_date = read.first_date.or(page.date);
        read.counted = read.counted.or_else(|| count_of(list, page.json.root()));
        let is_cut = list
            .cap_rows
            .is_some_and(|most| (list.records_of(&page).len() + page.bad.len()) as u64 >= most);
        if is_cut {
            if let Some(halves) = self.halves(bounds) {
                return Ok(Some(halves));
            }
            let why = "an answer is as long as the vendor lets it be, and may be cut off";
            read.unproven = Some(why.to_owned());
        }
        self.send(page, pages).await?;
        Ok(None)
    }

    /// Hands a page to whoever maps it.
    pub(super) async fn send(
        &self,
        page: ListPage,
        pages: &mpsc::Sender<ListPage>,
    ) -> Result<(), Failure> {
        pages.send(page).await.map_err(|_| SourceError::Stopped {
            source_name: self.session.source_name().to_owned(),
            stream: self.stream.name.clone(),
        })?;
        Ok(())
    }

    /// Whether the list is so long that an export takes its place.
    fn is_too_long(&self, first: &ListPage) -> bool {
        let most = self.list.job.as_ref().and_then(|job| job.above_rows);
        let count = count_of(self.list, first.json.root());
        most.zip(count).is_some_and(|(most, count)| count > most)
    }

    /// Reads the list by an export.
    async fn export(
        &self,
        bounds: Bounds,
        pages: &mpsc::Sender<ListPage>,
    ) -> Result<Part, Failure> {
        let Some(job) = &self.list.job else {
            return Ok(Part::Read(ReadList::default()));
        };
        // What the first page found out to be missing need not be found out again.
        if let Some(own) = &self.list.pages {
            job.submit.forget(&own.request.forgotten_fields());
        }
        let export = Export {
            reader: *self,
            job,
            bounds,
            record: None,
        };
        export.read(pages).await.map(Part::Read)
    }

    fn per_record(&self) -> Option<(&'r JobPlan, &'r PerRecordPlan)> {
        let job = self.list.job.as_ref()?;
        Some((job, job.per_record.as_ref()?))
    }

    /// Reads the list, and an export for each of its records that is wanted.
    async fn export_each(
        &self,
        own: &'r PagesPlan,
        job: &'r JobPlan,
        per_record: &'r PerRecordPlan,
        bounds: Bounds,
        pages: &mpsc::Sender<ListPage>,
    ) -> Result<ReadList, Failure> {
        let asked = self.asked(&own.request, Bounds::default())?;
        let mut walk = ListWalk::new(self.session, asked, own);
        let mut first_date = None;
        let mut unread = None;
        let mut wanted = Vec::new();
        while let Some(page) = walk.next().await? {
            first_date = first_date.or(page.date);
            let told = page.bad.first().map(|row| {
                let (line, reason) = (row.line, &row.reason);
                format!("the row at line {line} of the list of exports {reason}")
            });
            unread = unread.or(told);
            let records = own.records_of(page.json.root()).unwrap_or_default();
            let records = records.into_iter();
            let records = records.filter(|record| per_record.wants(*record, bounds));
            wanted.extend(records.map(Json::document));
        }
        let mut under_way = Vec::new();
        for record in &wanted {
            under_way.push(self.export_for(job, bounds, record, pages));
        }
        let read: Vec<ReadList> = stream::iter(under_way)
            .buffer_unordered(self.session.side_by_side)
            .try_collect()
            .await?;
        let mut read = read.into_iter().reduce(ReadList::and).unwrap_or_default();
        let unproven = read.unproven.or(walk.unproven().map(str::to_owned));
        read.unproven = unproven.or(unread);
        read.first_date = first_date;
        Ok(read)
    }

    async fn export_for(
        &self,
        job: &JobPlan,
        bounds: Bounds,
        record: &Document,
        pages: &mpsc::Sender<ListPage>,
    ) -> Result<ReadList, Failure> {
        let export = Export {
            reader: *self,
            job,
            bounds,
            record: Some(record.root()),
        };
        export.read(pages).await
    }

    pub(super) fn asked(
        &self,
        request: &'r RequestPlan,
        bounds: Bounds,
    ) -> Result<Asked<'r>, SourceError> {
        let asking = Asking {
            incremental: self.stream.incremental.as_ref(),
            start: self.list.start.as_ref(),
            pass: self.list.pass,
            now: self.now,
        };
        Asked::within(request, &self.stream.name, asking, bounds)
    }

    /// Asks for the vendor's count, and once more where it does not tie, since records move.
    async fn counted(
        &self,
        count: &'r CountPlan,
        bounds: Bounds,
        came: u64,
    ) -> Result<u64, Failure> {
        let call = self
            .asked(&count.request, bounds)?
            .call(self.session, &[])?;
        let number =
            |json: Json<'_>| -> Option<u64> { count.path.text(Scope::of(json))?.parse().ok() };
        let fits = |json: Json<'_>| match number(json) {
            Some(_) => Ok(()),
            None => Err(format!(
                "the body has no number at `{}`",
                count.path.text_form()
            )),
        };
        let mut counted = 0;
        for _ in 0..2 {
            let reply = self.session.fetch(&call, &fits, Patience::Full).await?;
            counted = number(reply.json.root()).unwrap_or_default();
            if counted == came {
                break;
            }
        }
        Ok(counted)
    }
}

/// Whether the vendor answers and will not say how many there are. The pages have their own end,
/// so that nothing is missed for it.
fn is_refused(failure: &Failure) -> bool {
    matches!(
        failure.fault::<SourceError>(),
        Some(
            SourceError::Forbidden { .. }
                | SourceError::NotFound { .. }
                | SourceError::Refused { .. }
        )
    )
}

/// What asking for some bounds came to.
enum Part {
    Read(ReadList),
    /// The vendor cut it off: these are to be read in its place.
    CutOff([Bounds; 2]),
}

fn count_of(list: &ListPlan, body: Json<'_>) -> Option<u64> {
    list.count.as_ref()?.text(Scope::of(body))?.parse().ok()
}
