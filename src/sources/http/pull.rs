//! An API as a source: opening it from its connector.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use super::auth::{self, Authoriser, Credentials};
use super::budget::Budget;
use super::call;
use super::content::BodyLimits;
use super::entry::Entry;
use super::exchange::Exchanger;
use super::meaning::Rules;
use super::origin::{self, Origin};
use super::plan::StreamPlan;
use super::session::Session;
use super::stream_pull::StreamPull;
use super::template;
use super::transport::{Patience, Transport};
use super::{client, compile, missed, probe};
use crate::fault::Failure;
use crate::period::local_midnight;
use crate::retry::RetryLimits;
use crate::sources::connector::{self, AuthSpec, HostSpec};
use crate::sources::error::SourceError;
use crate::sources::json::Path;
use crate::sources::mapping::Books;
use crate::sources::page::{MappedPage, PullReport, PullRequest};
use crate::sources::registry::{OpenSource, TokenKeeper};
use crate::sources::source::{MappedField, ProbeReport, Source, StreamInfo};

/// Requests under way at once, where neither connector nor configuration say it.
const SIDE_BY_SIDE: u32 = 4;

/// A source that is an HTTP API.
pub(in crate::sources) struct ApiSource {
    /// Before anything is found out.
    session: Arc<Session>,
    entry: Entry,
    pub(super) streams: Vec<Arc<StreamPlan>>,
    can_miss: Vec<String>,
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
        currency,
        clock,
        tokens,
        budgets,
    } = request;
    let spec = connector::load(name, config, base)?;
    let bad = |detail: String| SourceError::BadConnector {
        file: config.connector.clone(),
        detail,
    };
    let base_url = config.base_url.as_deref().or(spec.base_url.as_deref());
    let base_url = base_url.ok_or_else(|| SourceError::NoBaseUrl {
        source_name: name.to_owned(),
        connector: config.connector.clone(),
        example: spec.base_url_example.clone(),
    })?;
    let is_overridden = config.base_url.is_some();
    let mut hosts = spec.hosts.clone();
    if is_overridden {
        // The vendor's own links name its own host, which another one stands in for.
        hosts.extend(spec.base_url.as_deref().and_then(origin::host_of));
    }
    let origin = Origin::new(name, "base_url", base_url)?.with_hosts(hosts, is_overridden);
    let credentials = Credentials::new(name, config, base);
    let way = auth::choose(&spec.auth, &credentials)?;
    let opened = auth::open(way, &credentials, &origin, Arc::clone(&tokens))?;
    let mut places = BTreeMap::new();
    for (host, spec) in &spec.host {
        let keeper = Arc::clone(&tokens);
        let place = open_place(name, spec, &credentials, &origin, keeper, is_overridden)?;
        places.insert(host.clone(), place);
    }
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
        currency,
        minor_units: spec.minor_units.clone(),
    });
    let streams = compile::compile(&spec, config.streams.as_deref(), &books).map_err(bad)?;
    let limits = config.limits.clone();
    let rate = config.rate.as_ref().or(spec.rate.as_ref());
    let side_by_side = rate
        .and_then(|rate| rate.concurrent)
        .unwrap_or(SIDE_BY_SIDE);
    let total = limits.retry_for.0;
    let budget = Budget::shared(&origin, &opened.secrets, rate, budgets);
    let entry = Entry::new(&spec.discover, opened.token_hosts, is_overridden);
    let transport = Transport {
        source_name: name.to_owned(),
        connector: config.connector.clone(),
        credential_place: opened.place,
        exchanger: Exchanger {
            client: client::build(name, &origin, &limits, authority.as_deref())?,
            limits: BodyLimits {
                body_bytes: limits.page_bytes.0,
                export_bytes: limits.export_bytes.0,
            },
            error_message: spec
                .error_message
                .iter()
                .map(|path| Path::new(path))
                .collect(),
            rules: Rules::new(&spec.error, &spec.quota, &zone).map_err(bad)?,
            request_id: spec.request_id.clone(),
            secrets: opened.secrets,
        },
        budget,
        limits: RetryLimits {
            first: RetryLimits::default().first.min(total / 8),
            total,
            ..RetryLimits::default()
        },
        clock,
    };
    let mut session = Session {
        origin,
        transport: Arc::new(transport),
        authoriser: Arc::new(opened.authoriser),
        standing: Arc::default(),
        headers,
        plain,
        limits,
        spent: Arc::default(),
        side_by_side: side_by_side.max(1) as usize,
        optional_fields: spec.optional_fields,
        hosts: BTreeMap::new(),
        is_overridden,
        server_clock: Arc::default(),
    };
    session.hosts = places
        .into_iter()
        .map(|(name, place)| {
            let other = session.beside(place.origin, place.authoriser);
            (name, Arc::new(other))
        })
        .collect();
    let can_miss = spec.can_miss;
    Ok(ApiSource {
        session: Arc::new(session),
        entry,
        streams: streams.into_iter().map(Arc::new).collect(),
        can_miss,
        zone,
        start: config.start,
    })
}

/// A second place of the vendor.
struct Place {
    origin: Origin,
    authoriser: Authoriser,
}

fn open_place(
    source_name: &str,
    spec: &HostSpec,
    credentials: &Credentials<'_>,
    origin: &Origin,
    keeper: Arc<dyn TokenKeeper>,
    is_overridden: bool,
) -> Result<Place, SourceError> {
    let origin = if is_overridden {
        origin.clone()
    } else {
        Origin::new(source_name, "base_url", &spec.base_url)?
    };
    let way = auth::choose(&spec.auth, credentials)?;
    // No token of it may rotate: only one of a source's is kept.
    if matches!(way, AuthSpec::RefreshToken { .. }) {
        return Err(SourceError::BadConnector {
            file: source_name.to_owned(),
            detail: "a `host` cannot have a refresh token".to_owned(),
        });
    }
    let opened = auth::open(way, credentials, &origin, keeper)?;
    Ok(Place {
        origin,
        authoriser: opened.authoriser,
    })
}

impl ApiSource {
    /// The session, once what differs by customer is found out.
    pub(super) async fn enter(&self, patience: Patience) -> Result<Arc<Session>, Failure> {
        self.entry.enter(&self.session, patience).await
    }
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
        let start = self.start.map(|day| local_midnight(day, &self.zone));
        let session = Arc::new(self.enter(Patience::Full).await?.for_pull());
        StreamPull::new(&session, stream, start, request, pages)
            .run()
            .await
    }

    async fn probe(&self) -> Result<ProbeReport, Failure> {
        probe::probe(self).await
    }

    fn can_miss(&self) -> Vec<String> {
        let of_streams = self
            .streams
            .iter()
            .flat_map(|stream| missed::can_miss(stream));
        self.can_miss.iter().cloned().chain(of_streams).collect()
    }

    fn mapped_fields(&self) -> Vec<MappedField> {
        let lists = self.streams.iter().flat_map(|stream| &stream.lists);
        let feeds = lists.flat_map(|list| &list.feeds);
        let fields = feeds.flat_map(|feed| {
            let entity = feed.mapping.entity();
            let fields = feed.mapping.fields();
            fields.map(move |(column, path)| MappedField {
                entity,
                column,
                path: path.to_owned(),
            })
        });
        fields.collect()
    }

    fn streams_at_once(&self) -> usize {
        self.session.side_by_side
    }
}
