//! How a source's calls are authorised: by headers that stand, or by tokens that are asked for.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use super::jwt::SigningKey;
use super::oauth::{Client, Grant, OAuth};
use super::origin::Origin;
use super::template;
use super::transport::{Patience, Transport};
use crate::config::{Credential, SourceConfig};
use crate::fault::Failure;
use crate::secret::{Secret, SecretRef};
use crate::sources::connector::{Algorithm, AuthSpec, AuthWays, ClientAuth};
use crate::sources::error::SourceError;
use crate::sources::json::Path as JsonPath;
use crate::sources::registry::TokenKeeper;

/// The keys of `[source.x]` that are no secrets, and may stand in a path.
const PLAIN_KEYS: [&str; 7] = [
    "client_id",
    "username",
    "tenant_id",
    "realm_id",
    "company",
    "public_key",
    "integration_code",
];

/// The credentials of a source, read from where they are kept.
#[derive(Debug)]
pub(super) struct Credentials<'c> {
    source_name: &'c str,
    config: &'c SourceConfig,
    base: &'c Path,
}

impl<'c> Credentials<'c> {
    pub(super) fn new(source_name: &'c str, config: &'c SourceConfig, base: &'c Path) -> Self {
        Self {
            source_name,
            config,
            base,
        }
    }

    /// A credential that the connector needs.
    pub(super) fn read(&self, key: &str) -> Result<Secret, SourceError> {
        let credential = self
            .config
            .credential(key)
            .ok_or_else(|| SourceError::NoCredential {
                source_name: self.source_name.to_owned(),
                connector: self.config.connector.clone(),
                key: key.to_owned(),
            })?;
        credential
            .resolve(self.base)
            .map_err(|cause| SourceError::Secret {
                source_name: self.source_name.to_owned(),
                key: key.to_owned(),
                cause,
            })
    }

    /// The plain keys that are configured, by name.
    pub(super) fn plain(&self) -> Result<BTreeMap<String, String>, SourceError> {
        PLAIN_KEYS
            .iter()
            .filter(|key| self.config.credential(key).is_some())
            .map(|key| Ok(((*key).to_owned(), self.read(key)?.expose().to_owned())))
            .collect()
    }

    /// Where a person finds a credential to renew it.
    pub(super) fn place(&self, key: &str) -> String {
        match self.config.credential(key) {
            Some(Credential::Secret(SecretRef::Env(name))) => name,
            Some(Credential::Secret(SecretRef::File(path))) => {
                format!("the file {}", path.display())
            }
            Some(Credential::Secret(SecretRef::Credential(name))) => {
                format!("the credential {name}")
            }
            _ => format!("`{key}` of `[source.{}]`", self.source_name),
        }
    }

    /// Text with plain keys filled in, which may be shown.
    fn fill_plain(&self, text: &str) -> Result<String, SourceError> {
        for key in template::keys_of(text) {
            if !PLAIN_KEYS.contains(&key.as_str()) {
                return Err(SourceError::BadConnector {
                    file: self.config.connector.clone(),
                    detail: format!(
                        "`{{{key}}}` cannot stand in a token request: it is no plain key"
                    ),
                });
            }
        }
        self.fill(text, &mut Vec::new())
            .map(|filled| filled.expose().to_owned())
    }

    fn fill(&self, text: &str, read: &mut Vec<Secret>) -> Result<Secret, SourceError> {
        let mut texts = BTreeMap::new();
        for key in template::keys_of(text) {
            let secret = self.read(&key)?;
            texts.insert(key, secret.expose().to_owned());
            read.push(secret);
        }
        template::fill(text, &|key| texts.get(key).cloned())
            .map(Secret::new)
            .map_err(|detail| SourceError::BadConnector {
                file: self.config.connector.clone(),
                detail,
            })
    }
}

/// How calls are authorised.
pub(super) enum Authoriser {
    /// By headers that stand.
    Fixed(HeaderMap),
    /// By a token that expires.
    OAuth(Box<OAuth>),
}

/// What opening the authorisation gave.
pub(super) struct Opened {
    pub(super) authoriser: Authoriser,
    /// Every secret that was read, to be kept out of messages.
    pub(super) secrets: Vec<Secret>,
    /// What a person renews when it is refused.
    pub(super) place: String,
    /// The hosts that a token may name as the API's, where it names one.
    pub(super) token_hosts: Option<Vec<String>>,
}

/// The first way whose keys are all configured.
pub(super) fn choose<'s>(
    ways: &'s AuthWays,
    credentials: &Credentials<'_>,
) -> Result<&'s AuthSpec, SourceError> {
    let has = |key: &String| credentials.config.credential(key).is_some();
    if let Some(way) = ways.0.iter().find(|way| way.keys().iter().all(has)) {
        return Ok(way);
    }
    // Of one way, the missing key itself is told, when it is read.
    match ways.0.as_slice() {
        [way] => Ok(way),
        several => {
            let list = |way: &AuthSpec| way.keys().join(", ");
            Err(SourceError::NoWay {
                source_name: credentials.source_name.to_owned(),
                connector: credentials.config.connector.clone(),
                ways: several.iter().map(list).collect::<Vec<_>>().join("; or "),
            })
        }
    }
}

/// Reads the credentials that a connector needs.
pub(super) fn open(
    spec: &AuthSpec,
    credentials: &Credentials<'_>,
    origin: &Origin,
    keeper: Arc<dyn TokenKeeper>,
) -> Result<Opened, SourceError> {
    let mut secrets = Vec::new();
    let mut headers = HeaderMap::new();
    let bad_header = || SourceError::BadConnector {
        file: credentials.config.connector.clone(),
        detail: "a credential cannot stand in a header".to_owned(),
    };
    let place = match spec {
        AuthSpec::None => "nothing".to_owned(),
        AuthSpec::Bearer { token } => {
            let secret = credentials.read(token)?;
            headers.insert(
                AUTHORIZATION,
                sensitive("Bearer", &secret).ok_or_else(bad_header)?,
            );
            secrets.push(secret);
            credentials.place(token)
        }
        AuthSpec::Basic { username, password } => {
            let user = credentials.fill(username, &mut secrets)?;
            let word = credentials.fill(password, &mut secrets)?;
            headers.insert(AUTHORIZATION, basic(&user, &word).ok_or_else(bad_header)?);
            let keys = [template::keys_of(username), template::keys_of(password)].concat();
            keys.last()
                .map_or_else(|| "nothing".to_owned(), |key| credentials.place(key))
        }
        AuthSpec::Header { headers: own } => {
            let mut keys = Vec::new();
            for (name, text) in own {
                let filled = credentials.fill(text, &mut secrets)?;
                keys.extend(template::keys_of(text));
                let name: HeaderName = name.parse().map_err(|_| bad_header())?;
                let value = plain_header(&filled).ok_or_else(bad_header)?;
                headers.insert(name, value);
            }
            keys.last()
                .map_or_else(|| "nothing".to_owned(), |key| credentials.place(key))
        }
        AuthSpec::ClientCredentials {
            token_url,
            scope,
            client_auth,
            prefix,
            parameters,
            base_url_from,
            hosts,
        } => {
            let client_secret = credentials.read("client_secret")?;
            secrets.push(client_secret.clone());
            let form = TokenForm {
                token_url,
                client_auth: *client_auth,
                prefix,
                parameters,
                base_url_from: base_url_from.as_deref(),
            };
            let client = form.client(credentials, origin, Some(client_secret))?;
            let grant = Grant::ClientCredentials {
                scope: scope.clone(),
            };
            let place = credentials.place("client_secret");
            return Ok(Opened::with(client, grant, secrets, place, hosts));
        }
        AuthSpec::RefreshToken {
            token_url,
            client_auth,
            prefix,
            parameters,
            base_url_from,
            hosts,
        } => {
            let client_secret = credentials.read("client_secret")?;
            let first = credentials.read("refresh_token")?;
            secrets.extend([client_secret.clone(), first.clone()]);
            let form = TokenForm {
                token_url,
                client_auth: *client_auth,
                prefix,
                parameters,
                base_url_from: base_url_from.as_deref(),
            };
            let client = form.client(credentials, origin, Some(client_secret))?;
            let grant = Grant::Refresh { first, keeper };
            let place = credentials.place("refresh_token");
            return Ok(Opened::with(client, grant, secrets, place, hosts));
        }
        AuthSpec::JwtBearer {
            token_url,
            audience,
            algorithm: Algorithm::Rs256,
            prefix,
            parameters,
            base_url_from,
            hosts,
        } => {
            let pem = credentials.read("private_key")?;
            let key = SigningKey::read(&pem).map_err(|detail| SourceError::PrivateKey {
                source_name: credentials.source_name.to_owned(),
                detail: detail.to_owned(),
            })?;
            secrets.push(pem);
            let form = TokenForm {
                token_url,
                client_auth: ClientAuth::Form,
                prefix,
                parameters,
                base_url_from: base_url_from.as_deref(),
            };
            let client = form.client(credentials, origin, None)?;
            let grant = Grant::Claim {
                key: Box::new(key),
                subject: credentials.read("username")?,
                audience: match &credentials.config.auth_url {
                    Some(auth_url) => Origin::new(credentials.source_name, "auth_url", auth_url)?
                        .scheme_and_host(),
                    None => audience.clone(),
                },
            };
            let place = credentials.place("private_key");
            return Ok(Opened::with(client, grant, secrets, place, hosts));
        }
    };
    Ok(Opened {
        authoriser: Authoriser::Fixed(headers),
        secrets,
        place,
        token_hosts: None,
    })
}

impl Opened {
    fn with(
        client: Client,
        grant: Grant,
        secrets: Vec<Secret>,
        place: String,
        hosts: &[String],
    ) -> Self {
        let token_hosts = client.base_url_from.as_ref().map(|_| hosts.to_vec());
        Self {
            authoriser: Authoriser::OAuth(Box::new(OAuth::new(client, grant))),
            secrets,
            place,
            token_hosts,
        }
    }
}

/// What all token requests have in a connector file.
struct TokenForm<'s> {
    token_url: &'s str,
    client_auth: ClientAuth,
    prefix: &'s str,
    parameters: &'s BTreeMap<String, String>,
    base_url_from: Option<&'s str>,
}

impl TokenForm<'_> {
    fn client(
        &self,
        credentials: &Credentials<'_>,
        origin: &Origin,
        client_secret: Option<Secret>,
    ) -> Result<Client, SourceError> {
        let mut parameters = Vec::new();
        for (name, text) in self.parameters {
            parameters.push((name.clone(), credentials.fill_plain(text)?));
        }
        let token_url = credentials.fill_plain(self.token_url)?;
        Ok(Client {
            token_url: token_origin(credentials, origin, &token_url)?,
            auth: self.client_auth,
            prefix: self.prefix.to_owned(),
            id: credentials.read("client_id")?,
            secret: client_secret,
            parameters,
            base_url_from: self.base_url_from.map(JsonPath::new),
        })
    }
}

/// The URL of the token request: under `auth_url` where it is set; under the overridden `base_url`,
/// so that a sandbox stands for all hosts of a vendor; else as the connector says.
fn token_origin(
    credentials: &Credentials<'_>,
    origin: &Origin,
    token_url: &str,
) -> Result<url::Url, SourceError> {
    let path_of = |text: &str| match text.split_once("://") {
        Some((_, rest)) => rest
            .split_once('/')
            .map_or(String::new(), |(_, path)| path.to_owned()),
        None => text.to_owned(),
    };
    if let Some(auth_url) = &credentials.config.auth_url {
        let other = Origin::new(credentials.source_name, "auth_url", auth_url)?;
        return Ok(other.join(&path_of(token_url)));
    }
    if credentials.config.base_url.is_some() || !token_url.contains("://") {
        return Ok(origin.join(&path_of(token_url)));
    }
    let host = token_url
        .strip_suffix(&path_of(token_url))
        .unwrap_or(token_url);
    let other = Origin::new(credentials.source_name, "token_url", host)?;
    Ok(other.join(&path_of(token_url)))
}

/// A header of a word and a secret, marked so that nothing prints it.
pub(super) fn sensitive(word: &str, secret: &Secret) -> Option<HeaderValue> {
    plain_header(&Secret::new(format!("{word} {}", secret.expose())))
}

/// `Basic`, with user and password.
pub(super) fn basic(user: &Secret, password: &Secret) -> Option<HeaderValue> {
    let pair = format!("{}:{}", user.expose(), password.expose());
    sensitive("Basic", &Secret::new(STANDARD.encode(pair)))
}

fn plain_header(secret: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(secret.expose()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl Authoriser {
    /// The API's URL, where the token's answer names it.
    pub(super) async fn api_url(
        &self,
        transport: &Transport,
        patience: Patience,
    ) -> Result<Option<String>, Failure> {
        match self {
            Self::Fixed(_) => Ok(None),
            Self::OAuth(oauth) => oauth.api_url(transport, patience).await,
        }
    }

    /// The headers for a call, and which token they hold.
    pub(super) async fn headers(
        &self,
        transport: &Transport,
        patience: Patience,
    ) -> Result<(HeaderMap, u64), Failure> {
        match self {
            Self::Fixed(headers) => Ok((headers.clone(), 0)),
            Self::OAuth(oauth) => oauth.headers(transport, None, patience).await,
        }
    }

    /// The API took the token of a call.
    pub(super) fn took(&self, generation: u64) {
        if let Self::OAuth(oauth) = self {
            oauth.took(generation);
        }
    }

    /// Whether a token is new, so that the API has never taken it.
    pub(super) fn is_untried(&self, generation: u64) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::OAuth(oauth) => oauth.is_untried(generation),
        }
    }

    /// Headers with another token than the one that was refused; nothing where there is no other.
    pub(super) async fn renewed(
        &self,
        transport: &Transport,
        refused: u64,
        patience: Patience,
    ) -> Result<Option<HeaderMap>, Failure> {
        match self {
            Self::Fixed(_) => Ok(None),
            Self::OAuth(oauth) => {
                let (headers, _) = oauth.headers(transport, Some(refused), patience).await?;
                Ok(Some(headers))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_follows_the_rfc() {
        for (plain, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
            ("Aladdin:open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ] {
            assert_eq!(STANDARD.encode(plain), expected);
        }
    }

    #[test]
    fn a_credential_in_a_header_is_not_printed() {
        let header = basic(&Secret::new("u".into()), &Secret::new("p".into())).unwrap();
        assert!(header.is_sensitive());
        assert_eq!(format!("{header:?}"), "Sensitive");
    }
}
