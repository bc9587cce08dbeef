//! `[auth]` of a connector file. Its keys name keys of `[source.x]`; no credential stands here.

use std::collections::BTreeMap;

use serde::Deserialize;

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
        /// The token request's URL, or its path under the base URL.
        token_url: String,
        /// The scopes, blank-separated.
        scope: Option<String>,
        /// Where the client's id and secret stand.
        #[serde(default)]
        client_auth: ClientAuth,
        /// The word in front of the access token.
        #[serde(default = "bearer")]
        prefix: String,
    },
    /// OAuth 2, a refresh token, which may rotate.
    RefreshToken {
        /// The token request's URL, or its path under the base URL.
        token_url: String,
        /// Where the client's id and secret stand.
        #[serde(default)]
        client_auth: ClientAuth,
        /// The word in front of the access token.
        #[serde(default = "bearer")]
        prefix: String,
    },
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

fn bearer() -> String {
    "Bearer".into()
}
