//! A source that can be asked: its origin, its authorisation, its transport.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;
use tokio::time::Instant;
use url::Url;

use super::auth::Authoriser;
use super::call::{Call, Reply};
use super::guard::Spent;
use super::origin::Origin;
use super::standing::Standing;
use super::transport::{Patience, Sent, Transport};
use crate::config::Limits;
use crate::fault::Failure;
use crate::sources::connector::Method;
use crate::sources::error::SourceError;
use crate::sources::json::Json;

/// An answer is behind so many redirects at most.
const REDIRECTS_MAX: usize = 3;

/// What every stream of a source shares.
pub(super) struct Session {
    pub(super) origin: Origin,
    pub(super) transport: Arc<Transport>,
    pub(super) authoriser: Arc<Authoriser>,
    /// Whether the vendor takes the credential.
    pub(super) standing: Arc<Standing>,
    /// Headers of every request to the origin, such as the pinned version or a tenant.
    pub(super) headers: HeaderMap,
    /// The plain keys of `[source.x]`, for paths and queries.
    pub(super) plain: BTreeMap<String, String>,
    pub(super) limits: Limits,
    /// What this pull took of them.
    pub(super) spent: Arc<Spent>,
    /// How many requests may be under way at once.
    pub(super) side_by_side: usize,
    /// Fields that not every customer of the vendor has.
    pub(super) optional_fields: Vec<String>,
    /// More places of the vendor, each with its own authorisation.
    pub(super) hosts: BTreeMap<String, Arc<Session>>,
    /// Whether one host that the configuration names stands in for all of the vendor's.
    pub(super) is_overridden: bool,
    /// The server's clock at one of its answers, and when that was.
    pub(super) server_clock: Arc<Mutex<Option<(Timestamp, Instant)>>>,
}

impl Session {
    /// The same session at another place, with more names.
    pub(super) fn moved(&self, origin: Origin, plain: BTreeMap<String, String>) -> Self {
        Self {
            origin,
            transport: Arc::clone(&self.transport),
            authoriser: Arc::clone(&self.authoriser),
            standing: Arc::clone(&self.standing),
            headers: self.headers.clone(),
            plain,
            limits: self.limits.clone(),
            spent: Arc::default(),
            side_by_side: self.side_by_side,
            optional_fields: self.optional_fields.clone(),
            hosts: self.hosts.clone(),
            is_overridden: self.is_overridden,
            server_clock: Arc::clone(&self.server_clock),
        }
    }

    /// The same session for one pull, which has the limits to itself, at all places of the vendor.
    pub(super) fn for_pull(&self) -> Self {
        let spent = Arc::<Spent>::default();
        let at_home = |place: &Self| Self {
            spent: Arc::clone(&spent),
            ..place.moved(place.origin.clone(), place.plain.clone())
        };
        let hosts = self.hosts.iter();
        let hosts = hosts.map(|(name, place)| (name.clone(), Arc::new(at_home(place))));
        Self {
            hosts: hosts.collect(),
            ..at_home(self)
        }
    }

    /// The session of a second place, which shares the way there and its budget.
    pub(super) fn beside(&self, origin: Origin, authoriser: Authoriser) -> Self {
        Self {
            authoriser: Arc::new(authoriser),
            standing: Arc::default(),
            hosts: BTreeMap::new(),
            ..self.moved(origin, self.plain.clone())
        }
    }

    /// The session of a second place of the vendor; itself without a name.
    pub(super) fn at(&self, host: Option<&str>) -> &Self {
        let other = host.and_then(|name| self.hosts.get(name));
        other.map_or(self, Arc::as_ref)
    }

    /// The server's clock now, as far as an answer told it; otherwise our own.
    pub(super) fn server_now(&self) -> Timestamp {
        let seen = *self
            .server_clock
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let told = seen.and_then(|(date, at)| {
            let since = SignedDuration::try_from(at.elapsed()).ok()?;
            date.checked_add(since).ok()
        });
        told.unwrap_or_else(|| self.transport.clock.now())
    }

    /// Asks for a page, and notes the server's clock.
    pub(super) async fn fetch(
        &self,
        call: &Call,
        fits: &(dyn Fn(Json<'_>) -> Result<(), String> + Sync),
        patience: Patience,
    ) -> Result<Reply, Failure> {
        let reply = self.ask(call, fits, patience).await?;
        self.note(&reply);
        Ok(reply)
    }

    /// Asks without credentials and without the source's own headers: for what lies on another
    /// host, or wants none.
    pub(super) async fn fetch_bare(
        &self,
        call: &Call,
        fits: &(dyn Fn(Json<'_>) -> Result<(), String> + Sync),
        patience: Patience,
    ) -> Result<Reply, Failure> {
        let none = HeaderMap::new();
        match self.transport.send(call, &none, fits, patience).await? {
            Sent::Page(reply) => Ok(*reply),
            Sent::Unauthorised(cause) => Err(self.transport.unauthorised(cause).into()),
        }
    }

    fn note(&self, reply: &Reply) {
        if let Some(date) = reply.date {
            let mut clock = self
                .server_clock
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *clock = Some((date, Instant::now()));
        }
    }

    /// Asks for a page. A refused token is answered by one new one and one replay, where tokens
    /// can be renewed; one that is new itself by the replay alone. A credential that was never accepted is not tried again by every stream.
    async fn ask(
        &self,
        call: &Call,
        fits: &(dyn Fn(Json<'_>) -> Result<(), String> + Sync),
        patience: Patience,
    ) -> Result<Reply, Failure> {
        let turn = self.standing.turn().await;
        let turn = turn.map_err(|cause| self.transport.unauthorised(cause))?;
        let (grant, generation) = self.authoriser.headers(&self.transport, patience).await?;
        let refused = match self.send(call, grant.clone(), fits, patience).await? {
            Sent::Page(reply) => {
                self.authoriser.took(generation);
                return Ok(*reply);
            }
            Sent::Unauthorised(cause) => cause,
        };
        let renewed = match patience {
            // Another token in place of a new one would be refused as well; some vendors need a
            // moment until they know it everywhere. So a refusal for good costs three requests.
            Patience::Full if self.authoriser.is_untried(generation) => Some(grant),
            Patience::Full => {
                self.authoriser
                    .renewed(&self.transport, generation, patience)
                    .await?
            }
            // A probe asks once.
            Patience::None => None,
        };
        let refused = match renewed {
            Some(grant) => match self.send(call, grant, fits, patience).await? {
                Sent::Page(reply) => return Ok(*reply),
                Sent::Unauthorised(cause) => cause,
            },
            None => refused,
        };
        self.standing.refused(&refused);
        drop(turn);
        Err(self.transport.unauthorised(refused).into())
    }

    async fn send(
        &self,
        call: &Call,
        grant: HeaderMap,
        fits: &(dyn Fn(Json<'_>) -> Result<(), String> + Sync),
        patience: Patience,
    ) -> Result<Sent, Failure> {
        let mut headers = self.headers.clone();
        headers.extend(grant);
        let heard = || self.standing.heard();
        let mut call = std::borrow::Cow::Borrowed(call);
        let mut passed = Vec::new();
        loop {
            let sending = self
                .transport
                .send_heard(&call, &headers, fits, patience, &heard);
            let error = match sending.await {
                Ok(sent) => return Ok(sent),
                Err(error) => error,
            };
            passed.push(call.url.clone());
            let Some(next) = self.redirected(&call, &error, &passed) else {
                return Err(error.into());
            };
            call = std::borrow::Cow::Owned(next);
        }
    }

    /// The call that a redirect leads to, where it stays with the vendor and in no circle. A body
    /// goes along only where the status says that it should.
    fn redirected(&self, call: &Call, error: &SourceError, passed: &[Url]) -> Option<Call> {
        let SourceError::Redirected {
            to: Some(to),
            cause,
            ..
        } = error
        else {
            return None;
        };
        let keeps_body = matches!(cause.status, Some(307 | 308));
        if passed.len() > REDIRECTS_MAX || !(call.method == Method::Get || keeps_body) {
            return None;
        }
        let url = self.origin.reached(to)?;
        (!passed.contains(&url)).then(|| Call {
            url,
            ..call.clone()
        })
    }

    pub(super) fn source_name(&self) -> &str {
        &self.transport.source_name
    }
}
