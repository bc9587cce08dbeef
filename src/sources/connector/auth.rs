//! `auth` of a connector file. Its keys name keys of `[source.x]`; no credential stands here.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// The ways in which requests can be authorised; the first whose keys are all configured is taken.
/// A connector file has one table, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sources) struct AuthWays(pub(in crate::sources) Vec<AuthSpec>);

impl<'de> Deserialize<'de> for AuthWays {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // By hand, since an untagged enum would not tell what is wrong inside a table.
        let tables = match toml::Value::deserialize(deserializer)? {
            toml::Value::Array(tables) => tables,
            table => vec![table],
        };
        if tables.is_empty() {
            return Err(serde::de::Error::custom("`auth` has no way"));
        }
        tables
            .into_iter()
            .map(|table| AuthSpec::deserialize(table).map_err(serde::de::Error::custom))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// How requests are authorised.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::sources) enum AuthSpec {
    /// Not at all.
    None,
    /// `Authorization: Bearer <token>`.
    Bearer {
        /// The key of `[source.x]` that holds the token.
        token: String,
    },
    /// `Authorization: Basic <username:password>`.
    Basic {
        /// The user: text with `{key}` for a key of `[source.x]`.
        username: String,
        /// The password, in the same way; empty where the vendor wants none.
        #[serde(default)]
        password: String,
    },
    /// Headers of the vendor's own.
    Header {
        /// Name and text, with `{key}` for a key of `[source.x]`.
        headers: BTreeMap<String, String>,
    },
    /// OAuth 2, client credentials.
    ClientCredentials {
        /// The token request's URL, or its path under the base URL; `{key}` stands for a plain key.
        token_url: String,
        /// The scopes, blank-separated.
        scope: Option<String>,
        /// Where the client's id and secret stand.
        #[serde(default)]
        client_auth: ClientAuth,
        /// The word in front of the access token.
        #[serde(default = "bearer")]
        prefix: String,
        /// More fields of the form; `{key}` stands for a plain key.
        #[serde(default)]
        parameters: BTreeMap<String, String>,
        /// The path of the API's URL in the token's answer, where the vendor names it there.
        base_url_from: Option<String>,
        /// The hosts, and those below them, that such a URL may have.
        #[serde(default)]
        hosts: Vec<String>,
    },
    /// OAuth 2, a refresh token, which may rotate.
    RefreshToken {
        /// The token request's URL, or its path under the base URL; `{key}` stands for a plain key.
        token_url: String,
        /// Where the client's id and secret stand.
        #[serde(default)]
        client_auth: ClientAuth,
        /// The word in front of the access token.
        #[serde(default = "bearer")]
        prefix: String,
        /// More fields of the form; `{key}` stands for a plain key.
        #[serde(default)]
        parameters: BTreeMap<String, String>,
        /// The path of the API's URL in the token's answer, where the vendor names it there.
        base_url_from: Option<String>,
        /// The hosts, and those below them, that such a URL may have.
        #[serde(default)]
        hosts: Vec<String>,
    },
    /// OAuth 2, a claim signed with the `private_key` for the `username` of the client
    /// `client_id`.
    JwtBearer {
        /// The token request's URL, or its path under the base URL; `{key}` stands for a plain key.
        token_url: String,
        /// Whom the claim is made to; the origin of `auth_url`, where that is configured.
        audience: String,
        /// How the claim is signed.
        #[serde(default)]
        algorithm: Algorithm,
        /// The word in front of the access token.
        #[serde(default = "bearer")]
        prefix: String,
        /// More fields of the form; `{key}` stands for a plain key.
        #[serde(default)]
        parameters: BTreeMap<String, String>,
        /// The path of the API's URL in the token's answer, where the vendor names it there.
        base_url_from: Option<String>,
        /// The hosts, and those below them, that such a URL may have.
        #[serde(default)]
        hosts: Vec<String>,
    },
}

impl AuthSpec {
    /// The keys of `[source.x]` that it needs.
    pub(in crate::sources) fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = match self {
            Self::None => Vec::new(),
            Self::Bearer { token } => vec![token.clone()],
            Self::Basic { username, password } => names_in([username, password]),
            Self::Header { headers } => names_in(headers.values()),
            Self::ClientCredentials {
                token_url,
                parameters,
                ..
            } => [
                owned(&["client_id", "client_secret"]),
                names_in(parameters.values().chain([token_url])),
            ]
            .concat(),
            Self::RefreshToken {
                token_url,
                parameters,
                ..
            } => [
                owned(&["client_id", "client_secret", "refresh_token"]),
                names_in(parameters.values().chain([token_url])),
            ]
            .concat(),
            Self::JwtBearer {
                token_url,
                parameters,
                ..
            } => [
                owned(&["client_id", "username", "private_key"]),
                names_in(parameters.values().chain([token_url])),
            ]
            .concat(),
        };
        let mut seen = std::collections::BTreeSet::new();
        keys.retain(|key| seen.insert(key.clone()));
        keys
    }
}

fn owned(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

/// The names in braces.
fn names_in<'t>(texts: impl IntoIterator<Item = &'t String>) -> Vec<String> {
    let parts = texts.into_iter().flat_map(|text| text.split('{').skip(1));
    parts
        .filter_map(|part| part.split_once('}'))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// Where a token request has the client's id and secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::sources) enum ClientAuth {
    /// In the form.
    #[default]
    Form,
    /// In a Basic header.
    Basic,
}

/// How a claim is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(in crate::sources) enum Algorithm {
    /// RSA with SHA-256.
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
}

fn bearer() -> String {
    "Bearer".into()
}
