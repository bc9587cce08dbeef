//! `[mail]`: how mail leaves.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::SecretRef;

/// How mail leaves.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// `smtps://user@host:465`, `smtp+starttls://user@host:587`, `smtp://127.0.0.1:25` (loopback
    /// only), or `file:folder`.
    pub url: String,
    /// The password of the user in the URL.
    pub password: Option<SecretRef>,
    /// The sender: `Name <address>`.
    pub from: String,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// Domains that mail may go to; every one by default.
    pub allowed_domains: Option<Vec<String>>,
    /// A PEM file of a certificate authority that is trusted for the mail server.
    pub ca: Option<PathBuf>,
}
