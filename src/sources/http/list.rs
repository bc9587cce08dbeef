//! Walking the pages of one list, from the first to a proven end.

use std::sync::Arc;

use jiff::Timestamp;

use super::asked::Asked;
use super::call::{Call, Reply, Wants};
use super::content;
use super::guard::Guard;
use super::pager::{Came, Pager, Step};
use super::plan::PagesPlan;
use super::session::Session;
use super::transport::Patience;
use crate::fault::Failure;
use crate::sources::error::SourceError;
use crate::sources::files::{Rows, RowsFault};
use crate::sources::json::{Document, Json, Path};
use crate::sources::mapping::BadRow;

/// A list whose places are forgotten so often cannot be read.
const RESTARTS_MAX: u32 = 2;
/// Vendors often name one missing field at a time.
const FORGETS_MAX: u32 = 50;

/// What a page is a page of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageOf {
    /// The list itself.
    List,
    /// An export in its place.
    Export,
    /// Rows of either: the page is the list of them.
    Rows,
}

/// A page as it came, or some of its rows.
#[derive(Debug)]
pub(super) struct ListPage {
    pub(super) json: Document,
    /// Rows that cannot be read.
    pub(super) bad: Vec<BadRow>,
    /// The number of the part that the rows stand in.
    pub(super) part: u64,
    pub(super) of: PageOf,
    /// The server's clock when it answered.
    pub(super) date: Option<Timestamp>,
}

/// A page whose rows are given some at a time.
struct RowsLeft {
    rows: Rows,
    /// The answer without them.
    reply: Reply,
    came: u64,
}

/// A page that was asked for, before the walk has taken it.
pub(super) struct Fetched {
    reply: Reply,
    fingerprint: [u8; 32],
}

/// A walk over the pages of one list.
pub(super) struct ListWalk<'w> {
    session: &'w Session,
    asked: Arc<Asked<'w>>,
    pages: &'w PagesPlan,
    pager: Pager<'w>,
    /// Where the walk began, and begins anew when its place is forgotten.
    first: Pager<'w>,
    restart_count: u32,
    forget_count: u32,
    guard: Guard,
    patience: Patience,
    rows_left: Option<RowsLeft>,
    /// Fields that an earlier request found out to be missing.
    lacking: Vec<String>,
    decoded_bytes: u64,
    /// How many parts with rows came.
    part_count: u64,
    is_over: bool,
    unproven: Option<String>,
}

impl<'w> ListWalk<'w> {
    pub(super) fn new(session: &'w Session, asked: Asked<'w>, pages: &'w PagesPlan) -> Self {
        let session = session.at(pages.host.as_deref());
        let spent = Arc::clone(&session.spent);
        let guard = Guard::new(session.source_name(), asked.what(), &session.limits, spent);
        Self {
            session,
            asked: Arc::new(asked),
            pages,
            pager: Pager::new(&pages.paginate),
            first: Pager::new(&pages.paginate),
            restart_count: 0,
            forget_count: 0,
            guard,
            patience: Patience::Full,
            rows_left: None,
            lacking: Vec::new(),
            decoded_bytes: 0,
            part_count: 0,
            is_over: false,
            unproven: None,
        }
    }

    /// From another place than the first page.
    pub(super) fn at(mut self, pager: Pager<'w>) -> Self {
        self.first = pager.clone();
        self.pager = pager;
        self
    }

    /// One try a page, as a probe needs it.
    pub(super) fn impatient(mut self) -> Self {
        self.patience = Patience::None;
        self
    }

    /// Where rows need not have these columns.
    pub(super) fn lacking(mut self, fields: Vec<String>) -> Self {
        self.lacking = fields;
        self
    }

    /// Counts different records by their ids.
    pub(super) fn counting(mut self, key: Option<&Path>) -> Self {
        if let Some(key) = key {
            self.guard.count_ids(key.clone());
        }
        self
    }

    /// The next page; nothing after the last.
    pub(super) async fn next(&mut self) -> Result<Option<ListPage>, Failure> {
        if let Some(page) = self.some_rows()? {
            return Ok(Some(page));
        }
        if self.is_over {
            return Ok(None);
        }
        loop {
            // A page that was asked for already is a loop, and is not asked for again.
            let call = call_at(&self.asked, self.session, &self.pager)?;
            self.guard.ask(call.fingerprint())?;
            match self.fetch(self.pager.clone()).await {
                Ok(fetched) => return self.accept(fetched).map(Some),
                Err(failure) => self.overcome(failure)?,
            }
        }
    }

    /// Goes on after a failure that the walk itself can do something about: a place that the vendor
    /// has forgotten, or fields that it does not have.
    pub(super) fn overcome(&mut self, failure: Failure) -> Result<(), Failure> {
        match failure.fault::<SourceError>() {
            Some(SourceError::Expired { .. }) if self.restart_count < RESTARTS_MAX => {
                self.restart_count += 1;
                self.pager = self.first.clone();
                self.rows_left = None;
                self.guard.start_anew();
                Ok(())
            }
            Some(SourceError::NoField { fields, .. })
                if self.forget_count < FORGETS_MAX && self.asked.forget(fields) =>
            {
                self.forget_count += 1;
                self.guard.unask();
                Ok(())
            }
            _ => Err(failure),
        }
    }

    /// The pages that are known to follow, to be asked for side by side and taken in this order;
    /// none where only a page itself says what follows it.
    pub(super) fn ahead(&self) -> Vec<impl Future<Output = Result<Fetched, Failure>> + use<'w>> {
        let places = if self.is_over {
            Vec::new()
        } else {
            self.pager.places_ahead()
        };
        places.into_iter().map(|place| self.fetch(place)).collect()
    }

    /// Asks for the page at a place.
    fn fetch(&self, place: Pager<'w>) -> impl Future<Output = Result<Fetched, Failure>> + use<'w> {
        let (session, asked, pages) = (self.session, Arc::clone(&self.asked), self.pages);
        let patience = self.patience;
        let lacking = self.lacking.clone();
        async move {
            let mut call = call_at(&asked, session, &place)?;
            if let Some(format) = pages.rows {
                call.wants = Wants::Rows(format);
            }
            let fits = |json: Json<'_>| {
                pages.fits(json, &lacking)?;
                match pages.rows {
                    None => place.fits(json),
                    Some(_) => Ok(()),
                }
            };
            let reply = session.fetch(&call, &fits, patience).await?;
            Ok(Fetched {
                reply,
                fingerprint: call.fingerprint(),
            })
        }
    }

    /// Takes a page that was asked for ahead, and goes on to the next.
    pub(super) fn take(&mut self, fetched: Fetched) -> Result<ListPage, Failure> {
        self.guard.ask(fetched.fingerprint)?;
        self.accept(fetched)
    }

    fn accept(&mut self, fetched: Fetched) -> Result<ListPage, Failure> {
        let mut reply = fetched.reply;
        if let Some(rows) = reply.rows.take() {
            let date = reply.date;
            self.part_count += 1;
            self.rows_left = Some(RowsLeft {
                rows,
                reply,
                came: 0,
            });
            let nothing = || Document::of_own("[]".to_owned());
            return match self.some_rows()? {
                Some(page) => Ok(page),
                None => Ok(ListPage {
                    json: nothing().map_err(|detail| self.spoilt(detail))?,
                    bad: Vec::new(),
                    part: self.part_count,
                    of: PageOf::Rows,
                    date,
                }),
            };
        }
        // Where the vendor said in its own way that there is nothing, there is no list in it.
        let items = self.pages.records_of(reply.json.root()).unwrap_or_default();
        self.guard.see(&items)?;
        self.advance(&reply, Came::of(&items))?;
        Ok(ListPage {
            date: reply.date,
            json: reply.json,
            bad: Vec::new(),
            part: 0,
            of: PageOf::List,
        })
    }

    fn advance(&mut self, reply: &Reply, came: Came<'_>) -> Result<(), SourceError> {
        let source_name = self.session.source_name();
        let origin = &self.session.origin;
        match self.pager.advance(source_name, origin, reply, came)? {
            Step::More => {}
            Step::End => self.is_over = true,
            Step::Unproven(why) => {
                self.is_over = true;
                self.unproven = self.unproven.take().or(Some(why));
            }
        }
        Ok(())
    }

    /// Some of the rows of the page that was asked for last; nothing where there are none left, and
    /// then the walk stands at the next page.
    fn some_rows(&mut self) -> Result<Option<ListPage>, Failure> {
        let Some(mut left) = self.rows_left.take() else {
            return Ok(None);
        };
        let before = left.rows.decoded_bytes();
        let some = left
            .rows
            .some_rows()
            .map_err(|fault| self.bad_rows(&fault))?;
        self.decoded_bytes += left.rows.decoded_bytes() - before;
        if self.decoded_bytes > self.session.limits.export_bytes.0 {
            let detail = "its rows are larger in all".to_owned();
            return Err(self.bad_rows(&RowsFault::TooLarge(detail)).into());
        }
        if let Some(some) = some {
            let items: Vec<Json<'_>> = some.good.root().items().into_iter().flatten().collect();
            self.guard.see_rows(&items, &some.bad)?;
            left.came += (items.len() + some.bad.len()) as u64;
            drop(items);
            let date = left.reply.date;
            self.rows_left = Some(left);
            return Ok(Some(ListPage {
                json: some.good,
                bad: some.bad,
                part: self.part_count,
                of: PageOf::Rows,
                date,
            }));
        }
        let name = self.pages.count_header.as_deref();
        let counted = name.and_then(|name| left.reply.header(name)?.parse::<u64>().ok());
        let came = left.came;
        let why = match counted {
            Some(count) if count == came => None,
            Some(count) => Some(format!(
                "the vendor counts {count} rows in a part and {came} came"
            )),
            None => name.map(|name| format!("a part came without its number of rows (`{name}`)")),
        };
        self.unproven = self.unproven.take().or(why);
        let came = Came {
            count: came,
            last: None,
        };
        self.advance(&left.reply, came)?;
        Ok(None)
    }

    fn bad_rows(&self, fault: &RowsFault) -> SourceError {
        content::bad_rows(self.session.source_name(), self.asked.what(), fault)
    }

    fn spoilt(&self, detail: String) -> SourceError {
        SourceError::Page {
            source_name: self.session.source_name().to_owned(),
            stream: self.asked.what().to_owned(),
            detail,
        }
    }

    /// Whether the end was reached.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// The rest of the walk, all at once: for children, of which one parent has few.
    pub(super) async fn rest(mut self) -> Result<(Vec<Document>, Option<String>), Failure> {
        let mut records = Vec::new();
        while let Some(page) = self.next().await? {
            // Children come as JSON; of rows that cannot be read, nobody could name the parent.
            if let Some(row) = page.bad.first() {
                let fault = SourceError::BadRows {
                    source_name: self.session.source_name().to_owned(),
                    stream: self.asked.what().to_owned(),
                    detail: format!("the row at line {} {}", row.line, row.reason),
                };
                return Err(fault.into());
            }
            let body = page.json.root();
            let found = self.pages.records_of(body).unwrap_or_default();
            records.extend(found.into_iter().map(Json::document));
        }
        Ok((records, self.unproven))
    }

    /// Why the end is not proven, if it is not.
    pub(super) fn unproven(&self) -> Option<&str> {
        self.unproven.as_deref()
    }

    /// How many different records came.
    pub(super) fn distinct_count(&self) -> u64 {
        self.guard.distinct_count()
    }
}

/// The call for the page at a place.
fn call_at(asked: &Asked<'_>, session: &Session, place: &Pager<'_>) -> Result<Call, SourceError> {
    let mut call = asked.call(session, &place.given())?;
    place.apply(&mut call)?;
    Ok(call)
}
