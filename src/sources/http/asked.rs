//! What every page of a list is asked with: the request, its names, and the bounds of its window.

use jiff::{SignedDuration, Timestamp};

use super::call::{self, Call};
use super::plan::{IncrementalPlan, StartPlan};
use super::session::Session;
use super::template::{self, Given, Names, RequestPlan};
use super::window::{Bounds, Window};
use crate::sources::connector::Pass;
use crate::sources::error::SourceError;
use crate::sources::json::Json;

/// A request that is asked page by page.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    request: &'a RequestPlan,
    what: &'a str,
    given: Vec<Given>,
    record: Option<Json<'a>>,
    /// Parameters that are set over those of the request.
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
}

/// How a list's bounds are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) incremental: Option<&'a IncrementalPlan>,
    pub(super) start: Option<&'a StartPlan>,
    pub(super) pass: Pass,
    /// The end of what is asked for where there is no window.
    pub(super) now: Timestamp,
}

/// Later than any record that a vendor has.
fn far_from(now: Timestamp) -> Timestamp {
    let ahead = SignedDuration::from_hours(24 * 3_650);
    now.checked_add(ahead).unwrap_or(now)
}

impl<'a> Asked<'a> {
    /// A request about one record: of its children, or of itself.
    pub(super) fn about(
        request: &'a RequestPlan,
        what: &'a str,
        record: Option<Json<'a>>,
        given: Vec<Given>,
    ) -> Self {
        Self {
            request,
            what,
            given,
            record,
            query: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// The same, with a record whose fields are names in it.
    pub(super) fn of_record(mut self, record: Option<Json<'a>>) -> Self {
        self.record = record;
        self
    }

    /// Asks for these fields no more. `false` where it did not ask for any of them.
    pub(super) fn forget(&self, fields: &[String]) -> bool {
        self.request.forget(fields)
    }

    /// A request of a list, inside its bounds.
    pub(super) fn within(
        request: &'a RequestPlan,
        what: &'a str,
        asking: Asking<'a>,
        bounds: Bounds,
    ) -> Result<Self, SourceError> {
        let mut asked = Self::about(request, what, None, Vec::new());
        let filled = asked
            .change_window(asking, bounds.changed)
            .and_then(|()| asked.start_window(asking, bounds.created));
        filled.map_err(|name| SourceError::BadConnector {
            file: what.to_owned(),
            detail: format!("a clause names `{{{name}}}`, which nothing stands for"),
        })?;
        Ok(asked)
    }

    fn change_window(&mut self, asking: Asking<'_>, changed: Option<Window>) -> Result<(), String> {
        let Some(IncrementalPlan { spec, spelling }) = asking.incremental else {
            return Ok(());
        };
        // A request that names an instant must say something also when everything is wanted.
        let from = changed.map_or(Timestamp::UNIX_EPOCH, |window| window.from);
        let to = changed.and_then(|window| window.to).unwrap_or(asking.now);
        let (since, until) = (spelling.spell(from), spelling.spell(to));
        let is_window = changed.is_some() && asking.pass.brings_window();
        let clause = match (&spec.clause, is_window) {
            (Some(clause), true) => template::fill(clause, &|name| match name {
                "since" => Some(since.clone()),
                "until" => Some(until.clone()),
                _ => None,
            })?,
            _ => String::new(),
        };
        if is_window {
            let bounds = [(&spec.parameter, &since), (&spec.until_parameter, &until)];
            for (parameter, text) in bounds {
                let set = parameter.iter().map(|name| (name.clone(), text.clone()));
                self.query.extend(set);
            }
            let header = spec.header.iter();
            self.headers
                .extend(header.map(|name| (name.clone(), since.clone())));
        }
        self.given.push(("since", Some(since)));
        self.given.push(("until", Some(until)));
        self.given.push(("window", Some(clause)));
        Ok(())
    }

    fn start_window(&mut self, asking: Asking<'_>, created: Option<Window>) -> Result<(), String> {
        let Some(StartPlan { spec, spelling }) = asking.start else {
            return Ok(());
        };
        let mut clause = String::new();
        if let Some(window) = created {
            let from = spelling.spell(window.from);
            // The last slice is open: invoices may be dated ahead.
            let to = spelling.spell(window.to.unwrap_or_else(|| far_from(asking.now)));
            if let Some(text) = &spec.clause {
                clause = template::fill(text, &|name| match name {
                    "from" => Some(from.clone()),
                    "to" => Some(to.clone()),
                    _ => None,
                })?;
            }
            if let Some(parameter) = &spec.parameter {
                self.query.push((parameter.clone(), from));
            }
            if let (Some(parameter), Some(_)) = (&spec.until_parameter, window.to) {
                self.query.push((parameter.clone(), to));
            }
        }
        self.given.push(("start", Some(clause)));
        Ok(())
    }

    /// What is read, for the words of an error.
    pub(super) fn what(&self) -> &'a str {
        self.what
    }

    /// The call, with the place in the list beside the other names.
    pub(super) fn call(&self, session: &Session, place: &[Given]) -> Result<Call, SourceError> {
        let given = [&self.given, place].concat();
        let names = Names {
            plain: &session.plain,
            given: &given,
            record: self.record,
            inputs: &[],
        };
        let mut call = self.request.call(&session.origin, self.what, names)?;
        for (parameter, text) in &self.query {
            call.set_query(parameter, text);
        }
        for (name, text) in &self.headers {
            if let Some((name, value)) = call::header(name, text, false) {
                call.headers.insert(name, value);
            }
        }
        Ok(call)
    }
}
