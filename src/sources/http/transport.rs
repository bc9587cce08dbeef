//! Sending a call until there is a page: inside the rate budget, with retries that grow and
//! scatter, and within a limit of time.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::time::Instant;

use super::budget::Budget;
use super::call::{Call, Reply};
use super::exchange::{Exchanger, Outcome, Stop};
use super::throttle::Parked;
use crate::clock::Clock;
use crate::retry::RetryLimits;
use crate::sources::error::{Exchanged, SourceError};
use crate::sources::json::Json;

/// A page that is no page may be a proxy's hiccup; after so many it is not.
const NOT_PAGE_TRIES_MAX: u32 = 3;

/// What a 401 is told as: not an error yet, since a new token may help.
#[derive(Debug)]
pub(super) enum Sent {
    Page(Box<Reply>),
    Unauthorised(Box<Exchanged>),
}

/// A wait that is longer than this is nonsense, and no reason to ask for nothing until then.
const PARKED_MAX: Duration = Duration::from_hours(24 * 31);

/// How patient a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// As the limits say.
    Full,
    /// One try, as a probe needs it.
    None,
}

/// The way to one source.
#[derive(Debug)]
pub(super) struct Transport {
    pub(super) source_name: String,
    pub(super) connector: String,
    /// What a person renews when the credential is refused.
    pub(super) credential_place: String,
    pub(super) exchanger: Exchanger,
    pub(super) budget: Arc<Budget>,
    pub(super) limits: RetryLimits,
    pub(super) clock: Clock,
}

impl Transport {
    /// Sends a call until there is a page of the right shape.
    pub(super) async fn send(
        &self,
        call: &Call,
        headers: &HeaderMap,
        fits: &(dyn Fn(Json<'_>) -> Result<(), String> + Sync),
        patience: Patience,
    ) -> Result<Sent, SourceError> {
        self.send_heard(call, headers, fits, patience, &|| {}).await
    }

    /// The same; `heard` is told of each answer that does not refuse the credential.
    pub(super) async fn send_heard(
        &self,
        call: &Call,
        headers: &HeaderMap,
        fits: &(dyn Fn(Json<'_>) -> Result<(), String> + Sync),
        patience: Patience,
        heard: &(dyn Fn() + Sync),
    ) -> Result<Sent, SourceError> {
        let started = Instant::now();
        let mut tries = 0_u32;
        let mut not_page_tries = 0_u32;
        loop {
            let admitted = self.budget.admit(&self.clock).await;
            let permit = admitted.map_err(|parked| self.parked(parked, None))?;
            let exchange = self
                .exchanger
                .send(call, headers, fits, self.clock.now())
                .await;
            drop(permit);
            tries += 1;
            if let Some(crossed) = exchange.crossed {
                self.park(crossed.wait, crossed.reason).await;
            }
            if !matches!(exchange.outcome, Outcome::Unauthorised(_)) {
                heard();
            }
            let (cause, asked) = match exchange.outcome {
                Outcome::Page(reply) => return Ok(Sent::Page(reply)),
                Outcome::Unauthorised(cause) => return Ok(Sent::Unauthorised(cause)),
                Outcome::Stop {
                    cause,
                    why: Stop::Quota(wait),
                } => {
                    let parked = self.park(wait, "the quota is used up".to_owned()).await;
                    return Err(self.parked(parked, Some(cause)));
                }
                Outcome::Stop { cause, why } => return Err(self.stopped(call, cause, why)),
                Outcome::Again { cause, wait } => (cause, wait),
                Outcome::NotPage(cause) => {
                    not_page_tries += 1;
                    if not_page_tries >= NOT_PAGE_TRIES_MAX || patience == Patience::None {
                        return Err(SourceError::NotRecords {
                            source_name: self.source_name.clone(),
                            tries: not_page_tries,
                            cause,
                        });
                    }
                    (cause, None)
                }
            };
            let spent = started.elapsed();
            let left = match patience {
                Patience::Full => self.limits.total.saturating_sub(spent),
                Patience::None => Duration::ZERO,
            };
            let wait = match asked {
                Some(asked) if asked > left && patience == Patience::Full => {
                    if asked <= PARKED_MAX {
                        let seconds = asked.as_secs();
                        let reason = format!("the vendor asked to wait {seconds} s");
                        self.park(asked, reason).await;
                    }
                    return Err(SourceError::Throttled {
                        source_name: self.source_name.clone(),
                        connector: self.connector.clone(),
                        seconds: asked.as_secs(),
                        cause,
                    });
                }
                Some(asked) => asked.max(Duration::from_millis(1)),
                None => self.backoff(tries),
            };
            if wait > left {
                return Err(SourceError::Unavailable {
                    source_name: self.source_name.clone(),
                    tries,
                    seconds: spent.as_secs(),
                    cause,
                });
            }
            tracing::debug!(
                source.name = %self.source_name,
                request = %call.shown(),
                status = cause.status,
                wait_ms = wait.as_millis(),
                "source asked again"
            );
            if asked.is_some() {
                self.budget.freeze(wait, &self.clock).await;
            } else {
                tokio::time::sleep(wait).await;
            }
        }
    }

    async fn park(&self, wait: Duration, reason: String) -> Parked {
        let until = self.budget.park(wait, reason.clone(), &self.clock).await;
        tracing::warn!(
            source.name = %self.source_name,
            "source `{}` is parked until {until}: {reason}",
            self.source_name,
        );
        Parked { until, reason }
    }

    fn parked(&self, parked: Parked, cause: Option<Box<Exchanged>>) -> SourceError {
        SourceError::Parked {
            source_name: self.source_name.clone(),
            until: parked.until,
            reason: parked.reason,
            cause,
        }
    }

    /// The error of a credential that was refused for good.
    pub(super) fn unauthorised(&self, cause: Box<Exchanged>) -> SourceError {
        SourceError::Unauthorised {
            source_name: self.source_name.clone(),
            connector: self.connector.clone(),
            credential: self.credential_place.clone(),
            cause,
        }
    }

    /// A random wait up to a bound that doubles with every try, so that many clients scatter.
    fn backoff(&self, tries: u32) -> Duration {
        let doubled = 2_u32
            .checked_pow(tries.saturating_sub(1))
            .unwrap_or(u32::MAX);
        let bound = self
            .limits
            .first
            .saturating_mul(doubled)
            .min(self.limits.longest);
        let mut bytes = [0; 4];
        // Without randomness the bound itself is waited, which is merely less scattered.
        let share = match SystemRandom::new().fill(&mut bytes) {
            Ok(()) => u32::from_le_bytes(bytes),
            Err(_) => u32::MAX,
        };
        let micros = bound.as_micros().saturating_mul(u128::from(share)) / u128::from(u32::MAX);
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    fn stopped(&self, call: &Call, cause: Box<Exchanged>, why: Stop) -> SourceError {
        let source_name = self.source_name.clone();
        let connector = self.connector.clone();
        match why {
            Stop::Forbidden => SourceError::Forbidden {
                source_name,
                connector,
                stream: call.what.clone(),
                cause,
            },
            Stop::Expired => SourceError::Expired {
                source_name,
                stream: call.what.clone(),
                cause,
            },
            Stop::NoField(fields) => SourceError::NoField {
                source_name,
                stream: call.what.clone(),
                fields,
                cause,
            },
            // Told before, with the end of it.
            Stop::Quota(_) => SourceError::Throttled {
                source_name,
                connector,
                seconds: 0,
                cause,
            },
            Stop::NotFound => SourceError::NotFound {
                source_name,
                connector,
                cause,
            },
            Stop::Refused => SourceError::Refused {
                source_name,
                connector,
                cause,
            },
            Stop::Redirected(target, to) => SourceError::Redirected {
                source_name,
                target,
                to,
                cause,
            },
            Stop::TooLarge(limit) => SourceError::TooMuch {
                source_name,
                limit,
                detail: cause.to_string(),
            },
            Stop::Untrusted => SourceError::Certificates {
                source_name,
                detail: cause.to_string(),
            },
        }
    }
}
