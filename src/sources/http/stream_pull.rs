//! One pull of one stream: its passes in order, and what it can say of itself at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;

use super::asked::Asking;
use super::changes;
use super::course::Course;
use super::cursor::Cursor;
use super::mapper::Mapper;
use super::plan::{ChangesPlan, ListPlan, StreamPlan};
use super::reader::ReadList;
use super::session::Session;
use super::tags::Tags;
use super::template::RequestPlan;
use super::window::{Bounds, Window};
use crate::fault::Failure;
use crate::sources::connector::Pass;
use crate::sources::mapping::Tally;
use crate::sources::page::{MappedPage, PullReport, PullRequest, Seal};

/// A pull under way.
pub(super) struct StreamPull<'p> {
    pub(super) session: &'p Arc<Session>,
    pub(super) stream: &'p Arc<StreamPlan>,
    /// `[source.x] start`: older records are not asked for.
    pub(super) start: Option<Timestamp>,
    request: PullRequest,
    course: Course,
    pub(super) mapper: Mapper<'p>,
    pub(super) totals: Totals,
    pub(super) tags: Arc<Tags>,
    pub(super) warnings: Vec<String>,
}

/// What came so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Totals {
    rows: u64,
    /// How many records the vendor counted, as long as every list has a count.
    reported: Option<u64>,
    /// How many different records came from the lists that it counts.
    listed: u64,
    /// The server's clock at the first answer: what changes later belongs to the next window.
    first_date: Option<Timestamp>,
}

impl<'p> StreamPull<'p> {
    pub(super) fn new(
        session: &'p Arc<Session>,
        stream: &'p Arc<StreamPlan>,
        start: Option<Timestamp>,
        request: PullRequest,
        pages: mpsc::Sender<MappedPage>,
    ) -> Self {
        let cursor = request.cursor.as_deref();
        let course = Course::of(stream, cursor, request.full, request.now);
        let tags = match &course {
            // What nobody reads would be taken for gone.
            Course::Full => Tags::default(),
            Course::Narrow { cursor, .. } => Tags::known(cursor.tags.clone()),
        };
        let mapper = Mapper {
            session,
            stream,
            now: request.now,
            is_narrow: course != Course::Full,
            pages,
            tally: Tally::default(),
            page_count: 0,
            bare_count: 0,
            bare: BTreeSet::new(),
            unproven: None,
        };
        Self {
            session,
            stream,
            start,
            request,
            course,
            mapper,
            totals: Totals {
                rows: 0,
                reported: Some(0),
                listed: 0,
                first_date: None,
            },
            tags: Arc::new(tags),
            warnings: Vec::new(),
        }
    }

    /// Reads what its course is, and reports.
    pub(super) async fn run(mut self) -> Result<PullReport, Failure> {
        // The sweep comes first: what it names was there before the window's end, so that a record
        // that is new in between is brought by the window.
        let sweeps = match &self.course {
            Course::Full => !self.stream.full_sweep,
            Course::Narrow { sweeps, .. } => *sweeps,
        };
        let mut is_swept = false;
        if sweeps {
            for place in self.stream.places_of(Pass::Sweep) {
                self.read(place, Bounds::default()).await?;
                is_swept = true;
            }
        }
        self.totals = Totals {
            rows: 0,
            reported: Some(0),
            listed: 0,
            first_date: None,
        };
        let until = self.until();
        let until = self.changed(until).await?;
        if self.course != Course::Full {
            for pass in [Pass::Open, Pass::Deleted] {
                for place in self.stream.places_of(pass) {
                    self.read_beside(place, until).await?;
                }
            }
        }
        Ok(self.report(until, is_swept))
    }

    /// The end of the window: the later of the vendor's clock and ours, less the time in which rows
    /// may still move. Asking for too much loses nothing.
    fn until(&self) -> Timestamp {
        let now = self.session.server_now().max(self.request.now);
        settled(self.stream, now)
    }

    /// Reads what changed, or everything. Gives the window's end as it was asked for.
    async fn changed(&mut self, until: Timestamp) -> Result<Timestamp, Failure> {
        let window = self.course.window(self.stream, until);
        if let (Some(changes), Some(window)) = (&self.stream.changes, window) {
            if self.changes(changes, window).await? {
                return Ok(until);
            }
            self.course = Course::Full;
            self.mapper.is_narrow = false;
            self.tags = Arc::default();
            self.warnings.push(format!(
                "the change feed of {} is closed to this credential, so everything is read",
                self.stream.name
            ));
        }
        let bounds = Bounds {
            changed: self.course.window(self.stream, until),
            created: None,
        };
        let is_full = self.course == Course::Full;
        let lists = self.stream.lists.iter().enumerate();
        let wanted = lists.filter(|(_, list)| {
            if is_full {
                list.pass.brings_all()
            } else {
                list.pass.brings_window()
            }
        });
        for (place, _) in wanted {
            self.read(place, bounds).await?;
        }
        Ok(until)
    }

    /// Reads the change feed and what it names. `false` when the feed is closed.
    async fn changes(&mut self, plan: &ChangesPlan, window: Window) -> Result<bool, Failure> {
        let bounds = Bounds {
            changed: Some(window),
            created: None,
        };
        let asking = Asking {
            incremental: self.stream.incremental.as_ref(),
            start: None,
            pass: Pass::Changes,
            now: window.to.unwrap_or(self.request.now),
        };
        let what = self.stream.name.as_str();
        let feed = match changes::read_feed(self.session, plan, what, asking, bounds).await {
            Ok(feed) => feed,
            Err(failure) if changes::is_closed(&failure) => return Ok(false),
            Err(failure) => return Err(failure),
        };
        changes::read_objects(self.session, plan, what, &feed, &mut self.mapper).await?;
        self.take(feed.read);
        Ok(true)
    }

    /// Reads a list of a pass that stands beside the window. Its counts are tied on their own.
    async fn read_beside(&mut self, place: usize, until: Timestamp) -> Result<(), Failure> {
        let bounds = Bounds {
            changed: self.course.window(self.stream, until),
            created: None,
        };
        let reported = self.totals.reported;
        self.read(place, bounds).await?;
        let list = &self.stream.lists[place];
        if !list.is_counted() {
            self.totals.reported = reported;
        }
        Ok(())
    }

    pub(super) fn take(&mut self, read: ReadList) {
        self.totals.rows += read.came;
        if read.counted.is_some() {
            self.totals.listed += read.came;
        }
        if let Some(why) = read.uncounted {
            let warning = format!("{} could not be counted: {why}", self.stream.name);
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        self.totals.reported = self
            .totals
            .reported
            .zip(read.counted)
            .map(|(sum, count)| sum + count);
        self.totals.first_date = self.totals.first_date.or(read.first_date);
        self.mapper.unproven = self.mapper.unproven.take().or(read.unproven);
    }

    fn report(mut self, until: Timestamp, is_swept: bool) -> PullReport {
        let bare = self.mapper.bare_count;
        if bare > 0 {
            self.warnings.push(format!(
                "{bare} records of {} came without the list that holds their children, so no landed \
                 child is taken for gone",
                self.stream.name
            ));
        }
        let missing = self.missing_fields();
        self.warnings.extend(missing.iter().cloned());
        let is_full = self.course == Course::Full;
        let tally = &self.mapper.tally;
        let is_proven = self.mapper.unproven.is_none();
        let is_sweep = is_proven && (is_swept || (self.stream.full_sweep && is_full));
        let swept = self.swept(is_full);
        let full_sweeps = swept
            .into_iter()
            .filter(|entity| is_sweep && tally.proves_absence(*entity))
            .filter(|entity| !self.mapper.bare.contains(entity))
            .collect();
        let (seal, cursor) = match &self.mapper.unproven {
            None => (Seal::Sealed, self.next_cursor(until, is_swept)),
            // What an unproven window missed must be asked for again.
            Some(why) => (Seal::Unsealed(why.clone()), self.request.cursor.clone()),
        };
        PullReport {
            cursor,
            seal,
            full_sweeps,
            reported_rows: self.totals.reported,
            listed_rows: self.totals.reported.map(|_| self.totals.listed),
            page_count: self.mapper.page_count,
            gaps: [missing, tally.gaps()].concat(),
            warnings: [self.warnings, tally.warnings()].concat(),
        }
    }

    /// The fields that the maps read and the vendor does not have, although every customer should.
    fn missing_fields(&self) -> Vec<String> {
        let lists = self.stream.lists.iter();
        let mut fields: Vec<String> = lists
            .flat_map(ListPlan::requests)
            .flat_map(RequestPlan::forgotten_fields)
            .filter(|field| !self.session.optional_fields.contains(field))
            .collect();
        fields.sort();
        fields.dedup();
        let told = fields.into_iter().map(|field| {
            format!(
                "the vendor has no field `{field}` in {}, or the credential may not see it",
                self.stream.name
            )
        });
        told.collect()
    }

    /// The entities of which every living record was looked for, if the pull is a sweep.
    fn swept(&self, is_full: bool) -> Vec<crate::canonical::Entity> {
        if is_full && self.stream.full_sweep {
            return self.stream.entities();
        }
        let lists = self.stream.lists_of(Pass::Sweep);
        let feeds = lists.flat_map(|list| &list.feeds);
        feeds.map(|feed| feed.mapping.entity()).collect()
    }

    fn next_cursor(&self, until: Timestamp, is_swept: bool) -> Option<String> {
        self.stream.incremental.as_ref()?;
        // The vendor's clock stamps the records, so it also cuts the windows. Where ours is behind,
        // or one of the two is not the time at all, the earlier one is the safe one.
        let first_date = self.totals.first_date.unwrap_or(self.request.now);
        let at = settled(self.stream, first_date.min(self.request.now));
        let at = at.min(until);
        let swept_now = Some(self.request.now);
        let (swept_at, full_rows) = match &self.course {
            Course::Full => (swept_now, Some(self.totals.rows)),
            Course::Narrow { cursor, .. } if is_swept => (swept_now, cursor.full_rows),
            Course::Narrow { cursor, .. } => {
                (cursor.swept_at.or(Some(cursor.at)), cursor.full_rows)
            }
        };
        // What is not understood is told every night, and so is read every night.
        let is_clean = self.mapper.tally.is_clean();
        let cursor = Cursor {
            at,
            swept_at,
            full_rows,
            tags: if is_clean {
                self.tags.seen()
            } else {
                BTreeMap::new()
            },
        };
        Some(cursor.text())
    }
}

fn settled(stream: &StreamPlan, now: Timestamp) -> Timestamp {
    let settle = stream.incremental.as_ref().map(|one| one.spec.settle.0);
    let settle = settle.and_then(|settle| SignedDuration::try_from(settle).ok());
    now.checked_sub(settle.unwrap_or_default()).unwrap_or(now)
}
