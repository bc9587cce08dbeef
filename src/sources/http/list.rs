//! Walking the pages of one list, from the first to a proven end.

use jiff::Timestamp;

use super::asked::Asked;
use super::guard::Guard;
use super::pager::{Pager, Step};
use super::plan::PagesPlan;
use super::session::Session;
use super::transport::Patience;
use crate::fault::Failure;
use crate::sources::json::{Document, Json, Path};

/// A page as it came.
#[derive(Debug)]
pub(super) struct ListPage {
    pub(super) json: Document,
    /// The server's clock when it answered.
    pub(super) date: Option<Timestamp>,
}

/// A walk over the pages of one list.
pub(super) struct ListWalk<'w> {
    session: &'w Session,
    asked: Asked<'w>,
    pages: &'w PagesPlan,
    pager: Pager<'w>,
    guard: Guard,
    patience: Patience,
    is_over: bool,
    unproven: Option<String>,
}

impl<'w> ListWalk<'w> {
    pub(super) fn new(session: &'w Session, asked: Asked<'w>, pages: &'w PagesPlan) -> Self {
        let guard = Guard::new(session.source_name(), asked.what(), &session.limits);
        Self {
            session,
            asked,
            pages,
            pager: Pager::new(&pages.paginate),
            guard,
            patience: Patience::Full,
            is_over: false,
            unproven: None,
        }
    }

    /// From another place than the first page.
    pub(super) fn at(mut self, pager: Pager<'w>) -> Self {
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
        let mut call = self.asked.call(self.session, &self.pager.given())?;
        self.pager.apply(&mut call)?;
        self.guard.ask(call.fingerprint())?;
        let (pages, pager) = (self.pages, &self.pager);
        let fits = |json: Json<'_>| pages.records_of(json).and_then(|_| pager.fits(json));
        let reply = self.session.fetch(&call, &fits, self.patience).await?;
        let items = pages.records_of(reply.json.root()).unwrap_or_default();
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
        Ok(Some(ListPage {
            date: reply.date,
            json: reply.json,
        }))
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
