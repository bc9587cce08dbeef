//! Walking the pages of one list, from the first to a proven end.

use jiff::Timestamp;

use super::call::Call;
use super::guard::Guard;
use super::pager::{Pager, Step};
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
    first_call: Call,
    records: &'w Path,
    pager: Pager<'w>,
    guard: Guard,
    patience: Patience,
    is_over: bool,
    unproven: Option<String>,
}

impl<'w> ListWalk<'w> {
    pub(super) fn new(
        session: &'w Session,
        first_call: Call,
        records: &'w Path,
        pager: Pager<'w>,
        patience: Patience,
    ) -> Self {
        let guard = Guard::new(session.source_name(), &first_call.what, &session.limits);
        Self {
            session,
            first_call,
            records,
            pager,
            guard,
            patience,
            is_over: false,
            unproven: None,
        }
    }

    /// The next page; nothing after the last.
    pub(super) async fn next(&mut self) -> Result<Option<ListPage>, Failure> {
        if self.is_over {
            return Ok(None);
        }
        let mut call = self.first_call.clone();
        self.pager.apply(&mut call)?;
        self.guard.ask(call.fingerprint())?;
        let (records, pager) = (self.records, &self.pager);
        let fits = |json: Json<'_>| match records.records(json) {
            Some(_) => pager.fits(json),
            None => Err(format!("the body has no list at `{}`", records.text_form())),
        };
        let reply = self.session.fetch(&call, &fits, self.patience).await?;
        let items = self.records.records(reply.json.root()).unwrap_or_default();
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

    /// Why the end is not proven, if it is not.
    pub(super) fn unproven(&self) -> Option<&str> {
        self.unproven.as_deref()
    }

    /// How many records came.
    pub(super) fn row_count(&self) -> u64 {
        self.guard.row_count()
    }
}
