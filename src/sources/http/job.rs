//! Reading an export that the vendor makes on its own time: it is ordered, waited for, read in
//! parts, and cleared away whatever became of it. What is lost on the way is never taken for an
//! empty list: the next run orders a new export.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::Instant;
use url::Url;

use super::asked::Asked;
use super::call::{Call, Reply, Wants};
use super::job_files;
use super::job_plan::{JobPlan, ResultPlan};
use super::list::{ListPage, ListWalk, PageOf};
use super::reader::{ReadList, Reader};
use super::retry_after;
use super::session::Session;
use super::template::Given;
use super::transport::Patience;
use super::window::Bounds;
use crate::fault::Failure;
use crate::sources::connector::Method;
use crate::sources::error::SourceError;
use crate::sources::json::{Json, Scope};

/// A vendor that wants to be asked at once is not asked in a circle.
const PAUSE_MIN: Duration = Duration::from_millis(20);
/// Vendors often name one missing field at a time.
const FORGETS_MAX: u32 = 50;

/// An export to be made and read.
#[derive(Clone, Copy)]
pub(super) struct Export<'e> {
    pub(super) reader: Reader<'e>,
    pub(super) job: &'e JobPlan,
    pub(super) bounds: Bounds,
    /// The record that it is made for, where each has one of its own.
    pub(super) record: Option<Json<'e>>,
}

/// An export that was ordered. It is cleared away when nobody holds it any more.
pub(super) struct Order {
    session: Arc<Session>,
    /// Its id, where it has one.
    pub(super) id: Option<String>,
    /// What it was ordered with.
    mark: String,
    poll: Call,
    cleanup: Option<Call>,
    at: Instant,
    /// How long the vendor asks to wait before it is asked for.
    rest: Option<Duration>,
    /// The vendor's clock when it was ordered.
    date: Option<Timestamp>,
}

impl Export<'_> {
    /// Makes the export and reads it; every part goes into `pages`.
    pub(super) async fn read(self, pages: &mpsc::Sender<ListPage>) -> Result<ReadList, Failure> {
        let order = self.order().await?;
        let read = self.bring(&order, pages).await;
        order.clear().await;
        read
    }

    async fn bring(
        &self,
        order: &Order,
        pages: &mpsc::Sender<ListPage>,
    ) -> Result<ReadList, Failure> {
        let answer = self.wait(order).await?;
        let body = answer.json.root();
        let counted = self.job.count.as_ref();
        let counted = counted.and_then(|path| path.text(Scope::of(body))?.parse::<u64>().ok());
        if let Some(tag) = self.tag_of(body)
            && self.reader.tags.is_unchanged(&order.mark, tag)
        {
            return Ok(self.unchanged(order, counted));
        }
        let mut read = match &self.job.result {
            ResultPlan::Pages(_) => self.walk(order, counted.is_some(), pages).await?,
            ResultPlan::Files(plan) => {
                job_files::read(self, plan, order, &answer, counted.is_some(), pages).await?
            }
        };
        if self.job.count.is_some() && counted.is_none() {
            let why = "the vendor does not say how many rows its export has".to_owned();
            read.unproven = read.unproven.or(Some(why));
        }
        read.counted = counted;
        read.first_date = order.date;
        read.tie();
        Ok(read)
    }

    /// What the vendor calls the content of the files.
    fn tag_of<'j>(&self, body: Json<'j>) -> Option<&'j str> {
        match &self.job.result {
            ResultPlan::Files(plan) => plan.tag.as_ref()?.text(Scope::of(body)),
            ResultPlan::Pages(_) => None,
        }
    }

    /// What reading an export comes to whose files were read before and are the same.
    fn unchanged(&self, order: &Order, counted: Option<u64>) -> ReadList {
        let session = self.reader.session;
        tracing::info!(
            source.name = session.source_name(),
            stream = %self.reader.stream.name,
            job.id = order.id,
            "source `{}` has an export of {} that did not change, and does not read it again",
            session.source_name(),
            self.reader.stream.name,
        );
        ReadList {
            came: counted.unwrap_or_default(),
            counted,
            first_date: order.date,
            ..ReadList::default()
        }
    }

    async fn order(&self) -> Result<Order, Failure> {
        let session = self.reader.session;
        let asked = self.reader.asked(&self.job.submit, self.bounds)?;
        let asked = asked.of_record(self.record);
        let id_path = self.job.poll.as_ref().map(|poll| &poll.id);
        let fits = |json: Json<'_>| match id_path {
            Some(path) if path.text(Scope::of(json)).is_none() => {
                Err(format!("the body names no job at `{}`", path.text_form()))
            }
            _ => Ok(()),
        };
        let mut forget_count = 0;
        let (reply, mark) = loop {
            let mut call = asked.call(session, &[])?;
            if id_path.is_none() {
                call.wants = Wants::Nothing;
            }
            match session.fetch(&call, &fits, Patience::Full).await {
                Ok(reply) => break (reply, mark_of(&call)),
                Err(failure) => match failure.fault::<SourceError>() {
                    Some(SourceError::NoField { fields, .. })
                        if forget_count < FORGETS_MAX && asked.forget(fields) =>
                    {
                        forget_count += 1;
                    }
                    _ => return Err(failure),
                },
            }
        };
        let id = id_path.and_then(|path| path.text(Scope::of(reply.json.root())));
        let id = id.map(str::to_owned);
        let poll = match &self.job.poll {
            Some(poll) => self.about(&poll.request, id.as_ref())?,
            None => self.call_to(self.place_of(&reply)?),
        };
        let cleanup = self.job.cleanup.as_ref();
        let cleanup = cleanup.map(|request| self.about(request, id.as_ref()));
        let mut cleanup = cleanup.transpose()?;
        if let Some(call) = &mut cleanup {
            call.wants = Wants::Nothing;
        }
        tracing::info!(
            source.name = session.source_name(),
            stream = %self.reader.stream.name,
            job.id = id,
            "source `{}` ordered an export of {}, which may take its time",
            session.source_name(),
            self.reader.stream.name,
        );
        Ok(Order {
            session: Arc::clone(session),
            id,
            mark,
            poll,
            cleanup,
            at: Instant::now(),
            rest: self.told_wait(&reply),
            date: reply.date,
        })
    }

    /// Where the answer to an order says that the job can be asked for.
    fn place_of(&self, reply: &Reply) -> Result<Url, SourceError> {
        let session = self.reader.session;
        let Some(location) = reply.header("Location") else {
            return Err(
                self.came_to_nothing(None, "the answer to the order does not say where it is")
            );
        };
        let source_name = session.source_name();
        let origin = &session.origin;
        origin.job_at(source_name, &reply.url, &location, session.is_overridden)
    }

    fn call_to(&self, url: Url) -> Call {
        Call {
            method: Method::Get,
            url,
            headers: reqwest::header::HeaderMap::new(),
            body: super::call::Body::Empty,
            wants: Wants::Json,
            what: self.reader.stream.name.clone(),
        }
    }

    fn about(
        &self,
        request: &super::template::RequestPlan,
        id: Option<&String>,
    ) -> Result<Call, SourceError> {
        let what = self.reader.stream.name.as_str();
        let given: Vec<Given> = vec![("job", id.cloned())];
        Asked::about(request, what, self.record, given).call(self.reader.session, &[])
    }

    /// Asks how far the job is, until it is done. Gives the last answer.
    async fn wait(&self, order: &Order) -> Result<Reply, Failure> {
        let job = self.job;
        let fits = |json: Json<'_>| match job.state.text(Scope::of(json)) {
            Some(_) => Ok(()),
            None => Err(format!(
                "the body has no state at `{}`",
                job.state.text_form()
            )),
        };
        let mut pause = job.every;
        if let Some(rest) = order.rest {
            tokio::time::sleep(rest.min(job.at_most)).await;
        }
        loop {
            let reply = self.ask(order, &fits).await?;
            let scope = Scope::of(reply.json.root());
            let state = job.state.text(scope).unwrap_or_default();
            let is = |states: &[String]| states.iter().any(|one| one == state);
            if is(job.done.as_slice()) {
                return Ok(reply);
            }
            if is(job.failed.as_slice()) {
                let message = job.message.as_ref().and_then(|path| path.text(scope));
                let why = match message {
                    Some(message) => format!("its state is `{state}`: {message}"),
                    None => format!("its state is `{state}`"),
                };
                return Err(self.came_to_nothing(order.id.as_deref(), &why).into());
            }
            if !is(job.running.as_slice()) {
                let why = format!("its state is `{state}`, which the connector does not know");
                return Err(self.came_to_nothing(order.id.as_deref(), &why).into());
            }
            let next = self.told_wait(&reply).unwrap_or(pause).max(PAUSE_MIN);
            if order.at.elapsed().saturating_add(next) > job.within {
                return Err(self.is_late(state).into());
            }
            tokio::time::sleep(next).await;
            pause = (pause.saturating_mul(3) / 2).min(job.at_most);
        }
    }

    /// How long an answer asks to wait.
    fn told_wait(&self, reply: &Reply) -> Option<Duration> {
        let now = reply.date.unwrap_or(self.reader.now);
        let text = reply.header("Retry-After")?;
        retry_after::wait_of(&text, now)
    }

    /// Asks for the job once. A job that is not there any more has no result.
    pub(super) async fn ask(
        &self,
        order: &Order,
        fits: &(dyn Fn(Json<'_>) -> Result<(), String> + Sync),
    ) -> Result<Reply, Failure> {
        let session = self.reader.session;
        let asked = session.fetch(&order.poll, fits, Patience::Full).await;
        asked.map_err(|failure| match failure.fault::<SourceError>() {
            Some(SourceError::NotFound { .. }) => {
                let why =
                    "the vendor does not know it any more: it expired, or somebody deleted it";
                self.came_to_nothing(order.id.as_deref(), why).into()
            }
            _ => failure,
        })
    }

    /// Reads the pages of the result.
    async fn walk(
        &self,
        order: &Order,
        is_counted: bool,
        pages: &mpsc::Sender<ListPage>,
    ) -> Result<ReadList, Failure> {
        let ResultPlan::Pages(plan) = &self.job.result else {
            return Ok(ReadList::default());
        };
        let what = self.reader.stream.name.as_str();
        let given: Vec<Given> = vec![("job", order.id.clone())];
        let asked = Asked::about(&plan.request, what, self.record, given);
        let key = self.reader.list.key.as_ref().filter(|_| is_counted);
        let mut walk = ListWalk::new(self.reader.session, asked, plan)
            .lacking(self.job.submit.forgotten_fields())
            .counting(key);
        while let Some(mut page) = walk.next().await? {
            if page.of == PageOf::List {
                page.of = PageOf::Export;
            }
            self.reader.send(page, pages).await?;
        }
        Ok(ReadList {
            came: walk.distinct_count(),
            unproven: walk.unproven().map(str::to_owned),
            ..ReadList::default()
        })
    }

    /// The error of an export without a result.
    pub(super) fn came_to_nothing(&self, id: Option<&str>, why: &str) -> SourceError {
        let transport = &self.reader.session.transport;
        let why = crate::sources::error::Exchanged::shown(why);
        SourceError::ExportFailed {
            source_name: transport.source_name.clone(),
            connector: transport.connector.clone(),
            stream: self.reader.stream.name.clone(),
            detail: match id {
                Some(id) => format!("job {id}: {why}"),
                None => why,
            },
        }
    }

    fn is_late(&self, state: &str) -> SourceError {
        let transport = &self.reader.session.transport;
        SourceError::ExportLate {
            source_name: transport.source_name.clone(),
            connector: transport.connector.clone(),
            stream: self.reader.stream.name.clone(),
            seconds: self.job.within.as_secs(),
            state: state.to_owned(),
        }
    }
}

impl Order {
    /// Clears it away now.
    async fn clear(mut self) {
        if let Some(call) = self.cleanup.take() {
            clear_away(&self.session, &call).await;
        }
    }
}

impl Drop for Order {
    fn drop(&mut self) {
        // The pull was stopped in between.
        if let (Some(call), Ok(runtime)) = (self.cleanup.take(), Handle::try_current()) {
            let session = Arc::clone(&self.session);
            runtime.spawn(async move { clear_away(&session, &call).await });
        }
    }
}

/// A short mark of what an order says.
fn mark_of(call: &Call) -> String {
    let whole = blake3::Hash::from_bytes(call.fingerprint()).to_hex();
    whole.chars().take(16).collect()
}

/// What stays behind costs nothing but room at the vendor's, for some days.
async fn clear_away(session: &Session, call: &Call) {
    if let Err(failure) = session.fetch(call, &|_| Ok(()), Patience::None).await {
        tracing::debug!(
            source.name = session.source_name(),
            "an export was not cleared away, and expires at the vendor's: {failure}"
        );
    }
}
