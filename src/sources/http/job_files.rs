//! Reading the files of a finished export: at the vendor's own place, or on another host, which gets
//! no credentials.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::asked::Asked;
use super::call::{Body, Call, Reply, Wants};
use super::content;
use super::guard::Guard;
use super::job::{Export, Order};
use super::job_plan::{FileAt, FilesPlan};
use super::list::{ListPage, PageOf};
use super::plan::columns_fit;
use super::reader::ReadList;
use super::template;
use super::transport::Patience;
use crate::fault::Failure;
use crate::sources::connector::Method;
use crate::sources::error::SourceError;
use crate::sources::files::RowsFault;
use crate::sources::json::{Json, Path, Scope};

/// An address holds for a while only: a new one is asked for, and the file with it, so often.
const RENEWALS_MAX: u32 = 2;

/// What the files share.
struct Files<'f> {
    export: &'f Export<'f>,
    plan: &'f FilesPlan,
    guard: Guard,
    decoded_bytes: u64,
    pages: &'f mpsc::Sender<ListPage>,
}

/// Reads all files that the answer names, one after the other.
pub(super) async fn read(
    export: &Export<'_>,
    plan: &FilesPlan,
    order: &Order,
    answer: &Reply,
    is_counted: bool,
    pages: &mpsc::Sender<ListPage>,
) -> Result<ReadList, Failure> {
    let reader = export.reader;
    let mut files = Files {
        export,
        plan,
        guard: Guard::new(
            reader.session.source_name(),
            &reader.stream.name,
            &reader.session.limits,
            Arc::clone(&reader.session.spent),
        ),
        decoded_bytes: 0,
        pages,
    };
    if let Some(key) = reader.list.key.as_ref().filter(|_| is_counted) {
        files.guard.count_ids(key.clone());
    }
    let mut calls = files.calls(order, answer.json.root())?;
    let mut read = ReadList {
        unproven: files.miscount(answer.json.root(), calls.len()),
        ..ReadList::default()
    };
    let mut at = 0;
    let mut renewal_count = 0;
    while let Some(call) = calls.get(at) {
        match files.fetch(call).await {
            Ok(reply) => {
                files.guard.ask(call.fingerprint())?;
                at += 1;
                files.send(reply, at as u64).await?;
                renewal_count = 0;
            }
            Err(failure) if renewal_count < RENEWALS_MAX && is_lapsed(&failure) => {
                renewal_count += 1;
                let again = export.ask(order, &|_| Ok(())).await?;
                let renewed = files.calls(order, again.json.root())?;
                if renewed.len() != calls.len() {
                    let why = "its files are others than before";
                    return Err(export.came_to_nothing(order.id.as_deref(), why).into());
                }
                calls = renewed;
            }
            Err(failure) if is_lapsed(&failure) => {
                let (number, count) = (at + 1, calls.len());
                let why = format!("file {number} of {count} is not given: {}", failure.line());
                return Err(export.came_to_nothing(order.id.as_deref(), &why).into());
            }
            Err(failure) => return Err(failure),
        }
    }
    read.came = files.guard.distinct_count();
    Ok(read)
}

/// Whether an address does not hold any more.
fn is_lapsed(failure: &Failure) -> bool {
    matches!(
        failure.fault::<SourceError>(),
        Some(
            SourceError::Forbidden { .. }
                | SourceError::NotFound { .. }
                | SourceError::Unauthorised { .. }
        )
    )
}

impl Files<'_> {
    /// The calls for the files that an answer names.
    fn calls(&self, order: &Order, body: Json<'_>) -> Result<Vec<Call>, Failure> {
        let lists = self.plan.lists.iter();
        let mut named = lists.filter_map(|list| {
            // One file needs no list.
            let one = || {
                let file = list.one(Scope::of(body))?;
                file.scalar().map(|_| vec![file])
            };
            list.records(body).or_else(one)
        });
        let first = named.next();
        let is_any = |files: &Vec<Json<'_>>| !files.is_empty();
        let others = || named.find(is_any);
        let Some(named) = first.clone().filter(is_any).or_else(others).or(first) else {
            let paths = self.plan.lists.iter().map(Path::text_form);
            let paths: Vec<String> = paths.map(|path| format!("`{path}`")).collect();
            let why = format!("the answer names no files at {}", paths.join(" or "));
            return Err(self
                .export
                .came_to_nothing(order.id.as_deref(), &why)
                .into());
        };
        let calls = named.into_iter().map(|file| self.call(order, body, file));
        calls
            .collect::<Result<_, SourceError>>()
            .map_err(Failure::from)
    }

    fn call(&self, order: &Order, body: Json<'_>, file: Json<'_>) -> Result<Call, SourceError> {
        let reader = self.export.reader;
        let session = reader.session;
        let what = reader.stream.name.as_str();
        let wants = Wants::Rows(self.plan.format);
        match &self.plan.at {
            FileAt::Home(request) => {
                let text = file.scalar().map(str::to_owned);
                let given = vec![("job", order.id.clone()), ("file", text)];
                let asked = Asked::about(request, what, Some(file), given);
                let call = asked.call(session, &[])?;
                Ok(Call { wants, ..call })
            }
            FileAt::Elsewhere { url, hosts } => {
                let scope = Scope {
                    record: file,
                    parent: Some(body),
                };
                let filled = template::fill(url, &|name| match name {
                    "file" => file.scalar().map(str::to_owned),
                    path => Path::new(path).text(scope).map(str::to_owned),
                });
                let filled = filled.map_err(|name| {
                    let why = format!("the answer has no `{name}` for a file");
                    self.export.came_to_nothing(order.id.as_deref(), &why)
                })?;
                let source_name = session.source_name();
                let is_overridden = session.is_overridden;
                Ok(Call {
                    method: Method::Get,
                    url: session
                        .origin
                        .file_at(source_name, &filled, hosts, is_overridden)?,
                    headers: reqwest::header::HeaderMap::new(),
                    body: Body::Empty,
                    wants,
                    what: what.to_owned(),
                })
            }
        }
    }

    fn miscount(&self, body: Json<'_>, named: usize) -> Option<String> {
        let path = self.plan.count.as_ref()?;
        let told = path.text(Scope::of(body)).unwrap_or("no");
        if told.parse() == Ok(named) {
            return None;
        }
        Some(format!("the vendor counts {told} files and names {named}"))
    }

    async fn fetch(&self, call: &Call) -> Result<Reply, Failure> {
        let forgotten = self.export.job.submit.forgotten_fields();
        let plan = self.plan;
        let fits = |json: Json<'_>| columns_fit(plan.format, &plan.columns, &forgotten, json);
        let session = self.export.reader.session;
        match &plan.at {
            FileAt::Home(_) => session.fetch(call, &fits, Patience::Full).await,
            FileAt::Elsewhere { .. } => session.fetch_bare(call, &fits, Patience::Full).await,
        }
    }

    /// Sends the rows of a file on.
    async fn send(&mut self, mut reply: Reply, part: u64) -> Result<(), Failure> {
        let Some(mut rows) = reply.rows.take() else {
            return Ok(());
        };
        let reader = self.export.reader;
        let most = reader.session.limits.export_bytes.0;
        loop {
            let before = rows.decoded_bytes();
            let some = rows.some_rows().map_err(|fault| self.bad_rows(&fault))?;
            self.decoded_bytes += rows.decoded_bytes() - before;
            if self.decoded_bytes > most {
                let fault = RowsFault::TooLarge("its files are larger in all".to_owned());
                return Err(self.bad_rows(&fault).into());
            }
            let Some(some) = some else {
                return Ok(());
            };
            let items: Vec<Json<'_>> = some.good.root().items().into_iter().flatten().collect();
            self.guard.see_rows(&items, &some.bad)?;
            drop(items);
            let page = ListPage {
                json: some.good,
                bad: some.bad,
                part,
                of: PageOf::Rows,
                date: reply.date,
            };
            reader.send(page, self.pages).await?;
        }
    }

    fn bad_rows(&self, fault: &RowsFault) -> SourceError {
        let reader = self.export.reader;
        content::bad_rows(reader.session.source_name(), &reader.stream.name, fault)
    }
}
