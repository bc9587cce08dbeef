//! OAuth 2: asking for an access token, once for all tasks that need it, and keeping the refresh
//! token that a vendor hands out in place of the last one.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::auth::{basic, sensitive};
use super::call::{Body, Call, Reply, Wants};
use super::jwt::SigningKey;
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

/// The grant of RFC 7523.
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// How the token is earned.
pub(super) enum Grant {
    ClientCredentials {
        scope: Option<String>,
    },
    Refresh {
        first: Secret,
        keeper: Arc<dyn TokenKeeper>,
    },
    Claim {
        key: Box<SigningKey>,
        subject: Secret,
        audience: String,
    },
}

/// The client, as the token endpoint knows it.
pub(super) struct Client {
    pub(super) token_url: Url,
    pub(super) auth: ClientAuth,
    /// The word in front of the access token.
    pub(super) prefix: String,
    pub(super) id: Secret,
    /// A client that signs has none.
    pub(super) secret: Option<Secret>,
    /// More fields of the form.
    pub(super) parameters: Vec<(String, String)>,
    /// Where the token's answer names the API's URL.
    pub(super) base_url_from: Option<Path>,
}

/// The tokens of one source.
pub(super) struct OAuth {
    client: Client,
    grant: Grant,
    /// Held while a token is asked for, so that many tasks ask once.
    present: Mutex<Present>,
    /// The last token that the API took.
    taken: AtomicU64,
}

#[derive(Default)]
struct Present {
    token: Option<Token>,
    generation: u64,
    /// The URL that the last token's answer named.
    api_url: Option<String>,
    /// A refusal does not change until a person renews the credential, which opens anew.
    refused: Option<Exchanged>,
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
    pub(super) fn new(client: Client, grant: Grant) -> Self {
        Self {
            client,
            grant,
            present: Mutex::default(),
            taken: AtomicU64::new(0),
        }
    }

    /// The API took a token.
    pub(super) fn took(&self, generation: u64) {
        self.taken.fetch_max(generation, Ordering::Relaxed);
    }

    /// Whether the API never took a token.
    pub(super) fn is_untried(&self, generation: u64) -> bool {
        self.taken.load(Ordering::Relaxed) < generation
    }

    /// The API's URL, where the token's answer names it.
    pub(super) async fn api_url(
        &self,
        transport: &Transport,
        patience: Patience,
    ) -> Result<Option<String>, Failure> {
        self.headers(transport, None, patience).await?;
        Ok(self.present.lock().await.api_url.clone())
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
        if let Some(cause) = &present.refused {
            return Err(transport.unauthorised(Box::new(cause.clone())).into());
        }
        let reply = match self.earn(transport, patience).await {
            Ok(reply) => reply,
            Err(Unearned::Refused(cause)) => {
                present.refused = Some((*cause).clone());
                return Err(transport.unauthorised(cause).into());
            }
            Err(Unearned::Failed(failure)) => return Err(failure),
        };
        let token = self.token(transport, &reply)?;
        if let Some(path) = &self.client.base_url_from {
            let named = path.text(Scope::of(reply.json.root()));
            present.api_url = named.map(str::to_owned).or(present.api_url.take());
        }
        present.generation += 1;
        let headers = token.headers.clone();
        present.token = Some(token);
        Ok((headers, present.generation))
    }

    async fn earn(&self, transport: &Transport, patience: Patience) -> Result<Reply, Unearned> {
        match &self.grant {
            Grant::ClientCredentials { scope } => {
                let mut form = vec![("grant_type", Secret::new("client_credentials".into()))];
                form.extend(scope.clone().map(|scope| ("scope", Secret::new(scope))));
                self.ask(transport, form, patience).await
            }
            Grant::Refresh { first, keeper } => {
                self.refresh(transport, first, keeper.as_ref(), patience)
                    .await
            }
            Grant::Claim {
                key,
                subject,
                audience,
            } => {
                let (issuer, now) = (self.client.id.expose(), transport.clock.now());
                let claim = key
                    .claim(issuer, subject.expose(), audience, now)
                    .ok_or_else(|| SourceError::PrivateKey {
                        source_name: transport.source_name.clone(),
                        detail: "it could not sign".to_owned(),
                    })?;
                let form = vec![
                    ("grant_type", Secret::new(JWT_BEARER.into())),
                    ("assertion", claim),
                ];
                self.ask(transport, form, patience).await
            }
        }
    }

    /// Uses the refresh token that was kept last, else the configured one: a person who consented
    /// anew configures a new one while the kept one is dead.
    async fn refresh(
        &self,
        transport: &Transport,
        first: &Secret,
        keeper: &dyn TokenKeeper,
        patience: Patience,
    ) -> Result<Reply, Unearned> {
        let source_name = transport.source_name.as_str();
        let kept = keeper
            .load(source_name)
            .await?
            .zip(self.client.secret.as_ref())
            .and_then(|(bytes, secret)| sealed::open(source_name, secret, &bytes))
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
                    return Ok(reply);
                }
                Err(Unearned::Refused(cause)) => refused = Some(Unearned::Refused(cause)),
                Err(failed) => return Err(failed),
            }
        }
        Err(refused.unwrap_or_else(|| unsealable(source_name).into()))
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
            let secret = self.client.secret.as_ref();
            let sealed = secret
                .and_then(|secret| sealed::seal(source_name, secret, &rotated))
                .ok_or_else(|| unsealable(source_name))?;
            keeper.save(source_name, &sealed).await?;
        }
        Ok(())
    }

    async fn ask(
        &self,
        transport: &Transport,
        fields: Vec<(&'static str, Secret)>,
        patience: Patience,
    ) -> Result<Reply, Unearned> {
        let client = &self.client;
        let mut form: Vec<(String, Secret)> = fields
            .into_iter()
            .map(|(name, secret)| (name.to_owned(), secret))
            .collect();
        for (name, text) in &client.parameters {
            form.push((name.clone(), Secret::new(text.clone())));
        }
        let mut headers = HeaderMap::new();
        if let Some(secret) = &client.secret {
            match client.auth {
                ClientAuth::Form => {
                    form.push(("client_id".to_owned(), client.id.clone()));
                    form.push(("client_secret".to_owned(), secret.clone()));
                }
                ClientAuth::Basic => {
                    let value = basic(&client.id, secret);
                    headers.extend(value.map(|value| (AUTHORIZATION, value)));
                }
            }
        }
        let call = Call {
            method: Method::Post,
            url: client.token_url.clone(),
            headers: HeaderMap::new(),
            body: Body::Form(form),
            wants: Wants::Json,
            what: "the token".to_owned(),
        };
        match transport.send(&call, &headers, &is_token, patience).await {
            Ok(Sent::Page(reply)) => {
                let scope = Scope::of(reply.json.root());
                if Path::new("access_token").text(scope).is_some() {
                    return Ok(*reply);
                }
                // Some vendors refuse with status 200.
                let exchanger = &transport.exchanger;
                let message = exchanger.message_of(reply.json.root());
                let cause = exchanger.exchanged(&call, None, &message.unwrap_or_default());
                Err(Unearned::Refused(cause))
            }
            Ok(Sent::Unauthorised(cause))
            | Err(SourceError::Refused { cause, .. } | SourceError::Forbidden { cause, .. }) => {
                Err(Unearned::Refused(cause))
            }
            Err(other) => Err(other.into()),
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
            .and_then(|token| sensitive(&self.client.prefix, &token))
            .ok_or_else(|| SourceError::NotRecords {
                source_name: transport.source_name.clone(),
                tries: 1,
                cause: Box::new(Exchanged {
                    request: format!("POST {}", super::origin::shown(&self.client.token_url)),
                    status: None,
                    message: "the access token cannot stand in a header".to_owned(),
                    request_id: None,
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

/// Why there is no token.
enum Unearned {
    /// The vendor does not accept the credential.
    Refused(Box<Exchanged>),
    /// It could not be asked, or did not answer.
    Failed(Failure),
}

impl From<SourceError> for Unearned {
    fn from(error: SourceError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Failure> for Unearned {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

fn unsealable(source_name: &str) -> SourceError {
    SourceError::Unsealable {
        source_name: source_name.to_owned(),
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
