//! The HTTP client of one source: its time-outs and the authorities it trusts.

use std::path::Path;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};

use super::origin::Origin;
use crate::config::Limits;
use crate::sources::error::SourceError;

/// A connection that was idle for longer is likely dead on the other side.
const IDLE: Duration = Duration::from_secs(30);

/// Builds the client. It follows no redirect: the session does, and only to the vendor's own hosts.
pub(super) fn build(
    source_name: &str,
    origin: &Origin,
    limits: &Limits,
    authority: Option<&Path>,
) -> Result<Client, SourceError> {
    // Another part of the process may have done it already; either way there is one afterwards.
    let _already = rustls::crypto::ring::default_provider().install_default();
    let bad = |detail: String| SourceError::Certificates {
        source_name: source_name.to_owned(),
        detail,
    };
    let mut builder = Client::builder()
        .user_agent(concat!("crossfoot/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .referer(false)
        .connect_timeout(limits.connect_timeout.0)
        .read_timeout(limits.read_timeout.0)
        .timeout(limits.total_timeout.0)
        .pool_idle_timeout(IDLE)
        // Retries are counted, timed and told by the transport alone.
        .retry(reqwest::retry::never());
    if origin.is_loopback() {
        builder = builder.no_proxy();
    }
    if let Some(path) = authority {
        let pem =
            std::fs::read(path).map_err(|error| bad(format!("`{}`: {error}", path.display())))?;
        let certificates = Certificate::from_pem_bundle(&pem)
            .map_err(|error| bad(format!("`{}`: {error}", path.display())))?;
        if certificates.is_empty() {
            return Err(bad(format!("`{}` holds no certificate", path.display())));
        }
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|error| bad(error.to_string()))
}
