//! An API as a source: opening it from its connector, and pulling its streams.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use super::auth::{self, Credentials};
use super::call;
use super::children::{self, Fetched};
use super::exchange::Exchanger;
use super::list::ListWalk;
use super::origin::Origin;
use super::pager::Pager;
use super::plan::{self, Children, FeedPlan, ListPlan, StreamPlan};
use super::session::Session;
use super::template::{self, Names};
use super::throttle::Throttle;
use super::transport::{Patience, Transport};
use super::{client, probe, retry_after};
use crate::fault::Failure;
use crate::period::local_midnight;
use crate::retry::RetryLimits;
use crate::sources::connector::{self, InstantFormat};
use crate::sources::error::SourceError;
use crate::sources::json::{Json, Path, Scope};
use crate::sources::mapping::{Books, PageBuilder, Tally};
use crate::sources::page::{MappedPage, PullReport, PullRequest, Seal};
use crate::sources::registry::OpenSource;
use crate::sources::source::{ProbeReport, Source, StreamInfo};

/// A source that is an HTTP API.
pub(in crate::sources) struct ApiSource {
    pub(super) session: Session,
    pub(super) streams: Vec<StreamPlan>,
    pub(super) can_miss: Vec<String>,
    zone: TimeZone,
    start: Option<Date>,
}

/// Opens the API of a source: reads its connector and its credentials.
pub(in crate::sources) fn open(request: OpenSource<'_>) -> Result<ApiSource, Failure> {
    let OpenSource {
        name,
        config,
        base,
        zone,
        clock,
        tokens,
    } = request;
    let spec = connector::load(name, config, base)?;
    let bad = |detail: String| SourceError::BadConnector {
        file: config.connector.clone(),
        detail,
    };
    let origin = Origin::new(
        name,
        "base_url",
        config.base_url.as_deref().unwrap_or(&spec.base_url),
    )?;
    let credentials = Credentials::new(name, config, base);
    let opened = auth::open(&spec.auth, &credentials, &origin, tokens)?;
    let plain = credentials.plain()?;
    let mut headers = reqwest::header::HeaderMap::new();
    for (header_name, text) in &spec.headers {
        let filled = template::fill(text, &|key| plain.get(key).cloned()).map_err(|key| {
            bad(format!(
                "header `{header_name}` names `{key}`, which is not set"
            ))
        })?;
        let (parsed, value) = call::header(header_name, &filled, false)
            .ok_or_else(|| bad(format!("`{header_name}` is no header")))?;
        headers.insert(parsed, value);
    }
    let authority = config.ca.as_ref().map(|path| base.join(path));
    let books = Arc::new(Books {
        source: name.to_owned(),
        zone: zone.clone(),
        minor_units: spec.minor_units.clone(),
    });
    let streams = plan::compile(&spec, config.streams.as_deref(), &books).map_err(bad)?;
    let limits = config.limits.clone();
    let total = limits.retry_for.0;
    let transport = Transport {
        source_name: name.to_owned(),
        connector: config.connector.clone(),
        credential_place: opened.place,
        exchanger: Exchanger {
            client: client::build(name, &origin, &limits, authority.as_deref())?,
            body_bytes_max: limits.page_bytes.0,
            error_message: spec
                .error_message
                .iter()
                .map(|path| Path::new(path))
                .collect(),
            secrets: opened.secrets,
        },
        throttle: Throttle::new(config.rate.as_ref().or(spec.rate.as_ref())),
        limits: RetryLimits {
            first: RetryLimits::default().first.min(total / 8),
            total,
            ..RetryLimits::default()
        },
        clock,
    };
    let session = Session {
        origin,
        transport,
        authoriser: opened.authoriser,
        headers,
        plain,
        limits,
    };
    let can_miss = spec.can_miss;
    Ok(ApiSource {
        session,
        streams,
        can_miss,
        zone,
        start: config.start,
    })
}

#[async_trait]
impl Source for ApiSource {
    fn name(&self) -> &str {
        self.session.source_name()
    }

    fn streams(&self) -> Vec<StreamInfo> {
        self.streams
            .iter()
            .map(|stream| StreamInfo {
                name: stream.name.clone(),
                entities: stream.entities(),
            })
            .collect()
    }

    async fn pull(
        &self,
        request: PullRequest,
        pages: mpsc::Sender<MappedPage>,
    ) -> Result<PullReport, Failure> {
        let stream = self
            .streams
            .iter()
            .find(|stream| stream.name == request.stream);
        let Some(stream) = stream else {
            let known: Vec<&str> = self.streams.iter().map(|one| one.name.as_str()).collect();
            return Err(SourceError::NoStream {
                source_name: self.name().to_owned(),
                stream: request.stream,
                known: known.join(", "),
            }
            .into());
        };
        let since = self.since(stream, &request);
        let mut pull = Pull {
            session: &self.session,
            stream,
            now: request.now,
            pages,
            tally: Tally::default(),
            page_count: 0,
            reported: Some(0),
            unproven: None,
            server_started: None,
        };
        for list in &stream.lists {
            pull.list(list, since, self.start_instant()).await?;
        }
        Ok(pull.report(since.is_some_and(|window| window.is_narrow), request.cursor))
    }

    async fn probe(&self) -> Result<ProbeReport, Failure> {
        probe::probe(self).await
    }
}

/// From when on a stream is asked for.
#[derive(Debug, Clone, Copy)]
struct Since {
    instant: Timestamp,
    /// Whether records that did not change are left out, so that absence proves nothing.
    is_narrow: bool,
}

impl ApiSource {
    fn start_instant(&self) -> Option<Timestamp> {
        self.start.map(|day| local_midnight(day, &self.zone))
    }

    /// The start of an incremental stream's window: the cursor less the overlap, or `start`.
    fn since(&self, stream: &StreamPlan, request: &PullRequest) -> Option<Since> {
        let incremental = stream.incremental.as_ref()?;
        let cursor: Option<Timestamp> = match &request.cursor {
            Some(text) if !request.full => text.parse().ok(),
            _ => None,
        };
        let reached_back = cursor.and_then(|instant| {
            instant
                .checked_sub(jiff::SignedDuration::try_from(incremental.overlap.0).ok()?)
                .ok()
        });
        match reached_back {
            Some(instant) => Some(Since {
                instant,
                is_narrow: true,
            }),
            None => self.start_instant().map(|instant| Since {
                instant,
                is_narrow: false,
            }),
        }
    }
}

/// One pull under way.
struct Pull<'p> {
    session: &'p Session,
    stream: &'p StreamPlan,
    now: Timestamp,
    pages: mpsc::Sender<MappedPage>,
    tally: Tally,
    page_count: u64,
    /// How many records the vendor counted, as long as every list has a count.
    reported: Option<u64>,
    unproven: Option<String>,
    /// The server's clock at the first answer: what changes later belongs to the next window.
    server_started: Option<Timestamp>,
}

impl Pull<'_> {
    async fn list(
        &mut self,
        list: &ListPlan,
        since: Option<Since>,
        start: Option<Timestamp>,
    ) -> Result<(), Failure> {
        let call = self.first_call(list, since, start)?;
        let pager = Pager::new(&list.paginate);
        let mut walk = ListWalk::new(self.session, call, &list.records, pager, Patience::Full);
        let mut counted = None;
        while let Some(page) = walk.next().await? {
            self.page_count += 1;
            self.server_started = self.server_started.or(page.date);
            counted = counted.or_else(|| count_of(list, page.json.root()));
            let records = list.records.records(page.json.root()).unwrap_or_default();
            let mapped = self.map_page(list, &records).await?;
            self.pages
                .send(mapped)
                .await
                .map_err(|_| SourceError::Stopped {
                    source_name: self.session.source_name().to_owned(),
                    stream: self.stream.name.clone(),
                })?;
        }
        let unproven = walk.unproven().map(str::to_owned);
        self.unproven = self.unproven.take().or(unproven);
        self.tie(counted, walk.row_count());
        Ok(())
    }

    fn first_call(
        &self,
        list: &ListPlan,
        since: Option<Since>,
        start: Option<Timestamp>,
    ) -> Result<call::Call, SourceError> {
        let incremental = self.stream.incremental.as_ref();
        // A body that has `{since}` must say something also when everything is wanted.
        let instant = since.map_or(Timestamp::UNIX_EPOCH, |since| since.instant);
        let spelled = incremental.map(|incremental| spell(instant, incremental.format));
        let names = Names {
            plain: &self.session.plain,
            since: spelled.as_deref(),
            record: None,
            inputs: &[],
        };
        let mut call = list
            .request
            .call(&self.session.origin, &self.stream.name, names)?;
        if let (Some(incremental), Some(text), true) = (incremental, &spelled, since.is_some()) {
            if let Some(parameter) = &incremental.parameter {
                call.set_query(parameter, text);
            }
            if let Some(name) = &incremental.header {
                call.headers.extend(call::header(name, text, false));
            }
        }
        if let (Some(spec), Some(start)) = (&list.start, start) {
            call.set_query(&spec.parameter, &spell(start, spec.format));
        }
        Ok(call)
    }

    /// Compares what came with what the vendor counts.
    fn tie(&mut self, counted: Option<u64>, came: u64) {
        self.reported = match (self.reported, counted) {
            (Some(sum), Some(count)) => Some(sum + count),
            _ => None,
        };
        if let Some(count) = counted.filter(|count| *count != came) {
            let why = format!("the vendor counts {count} records and {came} came");
            self.unproven = self.unproven.take().or(Some(why));
        }
    }

    async fn map_page(
        &mut self,
        list: &ListPlan,
        records: &[Json<'_>],
    ) -> Result<MappedPage, Failure> {
        let mut builder = PageBuilder::default();
        for feed in &list.feeds {
            let fetched = children::fetch(self.session, feed, records, &self.stream.name).await?;
            self.feed(feed, records, &fetched, &mut builder)?;
            self.unproven = self.unproven.take().or(fetched.unproven);
        }
        Ok(builder.finish().map_err(|detail| self.bad_page(detail))?)
    }

    /// Maps the records of one feed: the page's own, or their children.
    fn feed(
        &mut self,
        feed: &FeedPlan,
        records: &[Json<'_>],
        fetched: &Fetched,
        builder: &mut PageBuilder,
    ) -> Result<(), SourceError> {
        for (at, record) in records.iter().enumerate() {
            match &feed.children {
                Children::Own => self.add(feed, Scope::of(*record), at, builder)?,
                Children::Each { path, .. } if !fetched.replaced.contains(&at) => {
                    for child in path.records(*record).unwrap_or_default() {
                        let scope = Scope {
                            record: child,
                            parent: Some(*record),
                        };
                        self.add(feed, scope, at, builder)?;
                    }
                }
                Children::Each { .. } | Children::Lookup { .. } => {}
            }
        }
        for (at, child) in &fetched.children {
            let scope = Scope {
                record: child.root(),
                parent: records.get(*at).copied(),
            };
            self.add(feed, scope, *at, builder)?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        feed: &FeedPlan,
        scope: Scope<'_>,
        at: usize,
        builder: &mut PageBuilder,
    ) -> Result<(), SourceError> {
        if !feed.wants(scope) {
            return Ok(());
        }
        let (stream, page) = (&self.stream.name, self.page_count);
        let origin = || format!("stream {stream}, page {page}, record {}", at + 1);
        builder
            .add(&feed.mapping, scope, &origin, self.now, &mut self.tally)
            .map_err(|detail| self.bad_page(detail))
    }

    fn bad_page(&self, detail: String) -> SourceError {
        SourceError::Page {
            source_name: self.session.source_name().to_owned(),
            stream: self.stream.name.clone(),
            detail,
        }
    }

    fn report(self, is_narrow: bool, old_cursor: Option<String>) -> PullReport {
        let cursor = match self.stream.incremental {
            // The vendor's clock stamps the records, so it also cuts the windows.
            Some(_) => Some(
                self.server_started
                    .map_or_else(|| self.now.to_string(), |at| at.to_string()),
            ),
            None => None,
        };
        let is_sweep = self.stream.full_sweep && !is_narrow && self.unproven.is_none();
        let full_sweeps = self
            .stream
            .entities()
            .into_iter()
            .filter(|entity| is_sweep && self.tally.proves_absence(*entity))
            .collect();
        let (seal, cursor) = match self.unproven {
            None => (Seal::Sealed, cursor),
            // What an unproven window missed must be asked for again.
            Some(why) => (Seal::Unsealed(why), old_cursor),
        };
        PullReport {
            cursor,
            seal,
            full_sweeps,
            reported_rows: self.reported,
            page_count: self.page_count,
            gaps: self.tally.gaps(),
            warnings: self.tally.warnings(),
        }
    }
}

fn count_of(list: &ListPlan, body: Json<'_>) -> Option<u64> {
    list.count.as_ref()?.text(Scope::of(body))?.parse().ok()
}

fn spell(instant: Timestamp, format: InstantFormat) -> String {
    match format {
        InstantFormat::Rfc3339 => instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        InstantFormat::EpochSeconds => instant.as_second().to_string(),
        InstantFormat::EpochMilliseconds => instant.as_millisecond().to_string(),
        InstantFormat::HttpDate => retry_after::as_http_date(instant),
    }
}
