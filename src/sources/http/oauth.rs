//! OAuth 2: asking for an access token, once for all tasks that need it, and keeping the refresh
//! token that a vendor hands out in place of the last one.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::auth::{basic, sensitive};
use super::call::{Body, Call, Reply};
use super::sealed;
use super::transport::{Patience, Sent, Transport};
use crate::fault::Failure;
use crate::secret::Secret;
use crate::sources::connector::{ClientAuth, Method};
use crate::sources::error::{Exchanged, SourceError};
use crate::sources::json::{Json, Path, Scope};
use crate::sources::registry::TokenKeeper;

/// A token whose lifetime the vendor does not tell is renewed after this time.
const LIFE_UNTOLD: Duration = Duration::from_mins(30);

/// How the token is earned.
pub(super) enum Grant {
    ClientCredentials {
        scope: Option<String>,
    },
    Refresh {
        first: Secret,
        keeper: Arc<dyn TokenKeeper>,
    },
}

/// The tokens of one source.
pub(super) struct OAuth {
    token_url: Url,
    client_auth: ClientAuth,
    prefix: String,
    client_id: Secret,
    client_secret: Secret,
    grant: Grant,
    /// Held while a token is asked for, so that many tasks ask once.
    present: Mutex<Present>,
}

#[derive(Default)]
struct Present {
    token: Option<Token>,
    generation: u64,
}

struct Token {
    headers: HeaderMap,
    /// By the monotonic clock: a step of the wall clock must not make a stale token look fresh.
    renew_at: Instant,
}

impl fmt::Debug for OAuth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OAuth").finish_non_exhaustive()
    }
}

impl OAuth {
    pub(super) fn new(
        token_url: Url,
        client_auth: ClientAuth,
        prefix: &str,
        client_id: Secret,
        client_secret: Secret,
        grant: Grant,
    ) -> Self {
        Self {
            token_url,
            client_auth,
            prefix: prefix.to_owned(),
            client_id,
            client_secret,
            grant,
            present: Mutex::default(),
        }
    }

    /// Headers with a token that lives; `refused` is the token that just was not accepted.
    pub(super) async fn headers(
        &self,
        transport: &Transport,
        refused: Option<u64>,
        patience: Patience,
    ) -> Result<(HeaderMap, u64), Failure> {
        let mut present = self.present.lock().await;
        if let Some(token) = &present.token
            && Instant::now() < token.renew_at
            && refused != Some(present.generation)
        {
            return Ok((token.headers.clone(), present.generation));
        }
        let token = match &self.grant {
            Grant::ClientCredentials { scope } => {
                let mut form = vec![("grant_type", Secret::new("client_credentials".into()))];
                form.extend(scope.clone().map(|scope| ("scope", Secret::new(scope))));
                let reply = self.ask(transport, form, patience).await?;
                self.token(transport, &reply)?
            }
            Grant::Refresh { first, keeper } => {
                self.refresh(transport, first, keeper.as_ref(), patience)
                    .await?
            }
        };
        present.generation += 1;
        let headers = token.headers.clone();
        present.token = Some(token);
        Ok((headers, present.generation))
    }

    /// Uses the refresh token that was kept last, else the configured one: a person who consented
    /// anew configures a new one while the kept one is dead.
    async fn refresh(
        &self,
        transport: &Transport,
        first: &Secret,
        keeper: &dyn TokenKeeper,
        patience: Patience,
    ) -> Result<Token, Failure> {
        let source_name = transport.source_name.as_str();
        let kept = keeper
            .load(source_name)
            .await?
            .and_then(|bytes| sealed::open(source_name, &self.client_secret, &bytes))
            .filter(|kept| kept.expose() != first.expose());
        let mut refused = None;
        for used in kept.iter().chain([first]) {
            let form = vec![
                ("grant_type", Secret::new("refresh_token".into())),
                ("refresh_token", used.clone()),
            ];
            match self.ask(transport, form, patience).await {
                Ok(reply) => {
                    self.keep_rotated(source_name, &reply, used, keeper).await?;
                    return Ok(self.token(transport, &reply)?);
                }
                Err(error @ SourceError::Unauthorised { .. }) => refused = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        Err(refused.map_or_else(
            || {
                SourceError::Unsealable {
                    source_name: source_name.to_owned(),
                }
                .into()
            },
            Failure::from,
        ))
    }

    /// Keeps a new refresh token before the access token that came with it is used: the vendor may
    /// have killed the old one already.
    async fn keep_rotated(
        &self,
        source_name: &str,
        reply: &Reply,
        used: &Secret,
        keeper: &dyn TokenKeeper,
    ) -> Result<(), Failure> {
        let rotated = Path::new("refresh_token")
            .text(Scope::of(reply.json.root()))
            .filter(|text| *text != used.expose())
            .map(|text| Secret::new(text.to_owned()));
        if let Some(rotated) = rotated {
            let sealed =
                sealed::seal(source_name, &self.client_secret, &rotated).ok_or_else(|| {
                    SourceError::Unsealable {
                        source_name: source_name.to_owned(),
                    }
                })?;
            keeper.save(source_name, &sealed).await?;
        }
        Ok(())
    }

    async fn ask(
        &self,
        transport: &Transport,
        mut form: Vec<(&'static str, Secret)>,
        patience: Patience,
    ) -> Result<Reply, SourceError> {
        let mut headers = HeaderMap::new();
        match self.client_auth {
            ClientAuth::Form => {
                form.push(("client_id", self.client_id.clone()));
                form.push(("client_secret", self.client_secret.clone()));
            }
            ClientAuth::Basic => {
                headers.extend(
                    basic(&self.client_id, &self.client_secret).map(|value| (AUTHORIZATION, value)),
                );
            }
        }
        let call = Call {
            method: Method::Post,
            url: self.token_url.clone(),
            headers: HeaderMap::new(),
            body: Body::Form(form),
            what: "the token".to_owned(),
        };
        let unauthorised = |cause: Box<Exchanged>| transport.unauthorised(cause);
        match transport.send(&call, &headers, &is_token, patience).await {
            Ok(Sent::Page(reply)) => match Path::new("error").text(Scope::of(reply.json.root())) {
                // Some vendors refuse with status 200.
                Some(error) => Err(unauthorised(
                    transport.exchanger.exchanged(&call, None, error),
                )),
                None => Ok(*reply),
            },
            Ok(Sent::Unauthorised(cause)) => Err(unauthorised(cause)),
            Err(SourceError::Refused { cause, .. } | SourceError::Forbidden { cause, .. }) => {
                Err(unauthorised(cause))
            }
            Err(other) => Err(other),
        }
    }

    fn token(&self, transport: &Transport, reply: &Reply) -> Result<Token, SourceError> {
        let scope = Scope::of(reply.json.root());
        let life = Path::new("expires_in")
            .text(scope)
            .and_then(|seconds| seconds.parse().ok())
            .map_or(LIFE_UNTOLD, Duration::from_secs);
        let value = Path::new("access_token")
            .text(scope)
            .map(|text| Secret::new(text.to_owned()))
            .and_then(|token| sensitive(&self.prefix, &token))
            .ok_or_else(|| SourceError::NotRecords {
                source_name: transport.source_name.clone(),
                tries: 1,
                cause: Box::new(Exchanged {
                    request: format!("POST {}", super::origin::shown(&self.token_url)),
                    status: None,
                    message: "the access token cannot stand in a header".to_owned(),
                }),
            })?;
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, value);
        // At four fifths of its life, so that no page is asked for with a token about to die.
        Ok(Token {
            headers,
            renew_at: Instant::now() + life / 5 * 4,
        })
    }
}

fn is_token(json: Json<'_>) -> Result<(), String> {
    let scope = Scope::of(json);
    let has = |key: &str| Path::new(key).text(scope).is_some();
    if has("access_token") || has("error") {
        Ok(())
    } else {
        Err("the body has no access token".to_owned())
    }
}
