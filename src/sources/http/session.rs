//! A source that can be asked: its origin, its authorisation, its transport.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;
use tokio::time::Instant;

use super::auth::Authoriser;
use super::call::{Call, Reply};
use super::origin::Origin;
use super::transport::{Patience, Sent, Transport};
use crate::config::Limits;
use crate::fault::Failure;
use crate::sources::json::Json;

/// What every stream of a source shares.
pub(super) struct Session {
    pub(super) origin: Origin,
    pub(super) transport: Transport,
    pub(super) authoriser: Authoriser,
    /// Headers of every request, such as the pinned version.
    pub(super) headers: HeaderMap,
    /// The plain keys of `[source.x]`, for paths and queries.
    pub(super) plain: BTreeMap<String, String>,
    pub(super) limits: Limits,
    /// How many requests may be under way at once.
    pub(super) side_by_side: usize,
    /// The server's clock at one of its answers, and when that was.
    pub(super) server_clock: Mutex<Option<(Timestamp, Instant)>>,
}

impl Session {
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
        if let Some(date) = reply.date {
            let mut clock = self
                .server_clock
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *clock = Some((date, Instant::now()));
        }
        Ok(reply)
    }

    /// Asks for a page. A 401 is answered by one new token and one replay, where tokens can be
    /// renewed.
    async fn ask(
        &self,
        call: &Call,
        fits: &(dyn Fn(Json<'_>) -> Result<(), String> + Sync),
        patience: Patience,
    ) -> Result<Reply, Failure> {
        let (grant, generation) = self.authoriser.headers(&self.transport, patience).await?;
        let refused = match self.send(call, grant, fits, patience).await? {
            Sent::Page(reply) => return Ok(*reply),
            Sent::Unauthorised(cause) => cause,
        };
        let renewed = self
            .authoriser
            .renewed(&self.transport, generation, patience)
            .await?;
        let Some(grant) = renewed else {
            return Err(self.transport.unauthorised(refused).into());
        };
        match self.send(call, grant, fits, patience).await? {
            Sent::Page(reply) => Ok(*reply),
            Sent::Unauthorised(cause) => Err(self.transport.unauthorised(cause).into()),
        }
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
        Ok(self.transport.send(call, &headers, fits, patience).await?)
    }

    pub(super) fn source_name(&self) -> &str {
        &self.transport.source_name
    }
}
