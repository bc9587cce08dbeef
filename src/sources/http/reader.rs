//! Reading one list inside its bounds: in slices side by side, halved where the vendor cuts off,
//! and tied with the vendor's own count. Pages go to whoever maps them, one ahead.

use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::asked::{Asked, Asking};
use super::list::{ListPage, ListWalk};
use super::plan::{CountPlan, ListPlan, StreamPlan};
use super::session::Session;
use super::template::RequestPlan;
use super::transport::Patience;
use super::window::{Bounds, Window};
use crate::fault::Failure;
use crate::sources::error::SourceError;
use crate::sources::json::{Json, Scope};

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
    pub(super) session: &'r Session,
    pub(super) stream: &'r StreamPlan,
    pub(super) list: &'r ListPlan,
    /// The end of what is asked for where nothing else ends it.
    pub(super) now: Timestamp,
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
        incremental.is_some_and(|incremental| incremental.has_end(&self.list.pages.request))
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
        let asked = self.asked(&list.pages.request, bounds)?;
        let is_counted = list.count.is_some() || list.count_request.is_some();
        let key = list.key.as_ref().filter(|_| is_counted);
        let mut walk = ListWalk::new(self.session, asked, &list.pages).counting(key);
        let mut read = ReadList::default();
        while let Some(page) = walk.next().await? {
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
        if let Some(count) = read.counted.filter(|count| *count != read.came) {
            let came = read.came;
            let why = format!("the vendor counts {count} records and {came} came");
            read.unproven = read.unproven.or(Some(why));
        }
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
        let is_cut = list.cap_rows.is_some_and(|most| {
            let records = list.pages.records_of(page.json.root()).unwrap_or_default();
            records.len() as u64 >= most
        });
        if is_cut {
            if let Some(halves) = self.halves(bounds) {
                return Ok(Some(halves));
            }
            let why = "an answer is as long as the vendor lets it be, and may be cut off";
            read.unproven = Some(why.to_owned());
        }
        pages.send(page).await.map_err(|_| SourceError::Stopped {
            source_name: self.session.source_name().to_owned(),
            stream: self.stream.name.clone(),
        })?;
        Ok(None)
    }

    fn asked(&self, request: &'r RequestPlan, bounds: Bounds) -> Result<Asked<'r>, SourceError> {
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
