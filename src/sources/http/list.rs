//! Walking the pages of one list, from the first to a proven end.

use std::sync::Arc;

use jiff::Timestamp;

use super::asked::Asked;
use super::call::{Call, Reply};
use super::guard::Guard;
use super::pager::{Pager, Step};
use super::plan::PagesPlan;
use super::session::Session;
use super::transport::Patience;
use crate::fault::Failure;
use crate::sources::error::SourceError;
use crate::sources::json::{Document, Json, Path};

/// A list whose places are forgotten so often cannot be read.
const RESTARTS_MAX: u32 = 2;
/// Vendors often name one missing field at a time.
const FORGETS_MAX: u32 = 50;

/// A page as it came.
#[derive(Debug)]
pub(super) struct ListPage {
    pub(super) json: Document,
    /// The server's clock when it answered.
    pub(super) date: Option<Timestamp>,
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
    is_over: bool,
    unproven: Option<String>,
}

impl<'w> ListWalk<'w> {
    pub(super) fn new(session: &'w Session, asked: Asked<'w>, pages: &'w PagesPlan) -> Self {
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

    /// Counts different records by their ids.
    pub(super) fn counting(mut self, key: Option<&Path>) -> Self {
        if let Some(key) = key {
            self.guard.count_ids(key.clone());
        }
        self
    }

    /// The next page; nothing after the last.
    pub(super) async fn next(&mut self) -> Result<Option<ListPage>, Failure> {
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
        async move {
            let call = call_at(&asked, session, &place)?;
            let fits = |json: Json<'_>| pages.records_of(json).and_then(|_| place.fits(json));
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
        let reply = fetched.reply;
        // Where the vendor said in its own way that there is nothing, there is no list in it.
        let items = self.pages.records_of(reply.json.root()).unwrap_or_default();
        self.guard.see(&items)?;
        let source_name = self.session.source_name();
        match self
            .pager
            .advance(source_name, &self.session.origin, &reply, &items)?
        {
            Step::More => {}
            Step::End => self.is_over = true,
            Step::Unproven(why) => {
                self.is_over = true;
                self.unproven = Some(why);
            }
        }
        Ok(ListPage {
            date: reply.date,
            json: reply.json,
        })
    }

    /// Whether the end was reached.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// The rest of the walk, all at once: for children, of which one parent has few.
    pub(super) async fn rest(mut self) -> Result<(Vec<Document>, Option<String>), Failure> {
        let mut records = Vec::new();
        while let Some(page) = self.next().await? {
            let found = self.pages.records_of(page.json.root()).unwrap_or_default();
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
