//! The endpoint: `/healthz`, `/readyz` and `/metrics`, for this machine only.

use std::io;
use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::connection::BoundedListener;
use super::error::OpsError;
use super::handle::{Health, OpsHandle};

/// The content type of OpenMetrics text.
const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// An endpoint that is being served.
#[derive(Debug)]
pub struct OpsServer {
    /// Where it really listens: the port is chosen by the system when 0 was asked for.
    pub address: SocketAddr,
    /// Ends after the token was cancelled.
    pub task: JoinHandle<()>,
}

/// Serves the endpoint at a loopback address until `cancel` is cancelled.
pub async fn serve(
    listen: SocketAddr,
    handle: OpsHandle,
    cancel: CancellationToken,
) -> Result<OpsServer, OpsError> {
    if !listen.ip().is_loopback() {
        return Err(OpsError::NotLoopback { listen });
    }
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => OpsError::InUse { listen },
        _ => OpsError::Listen { listen, source },
    };
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let router = router(handle);
    let task = tokio::spawn(async move {
        let served = axum::serve(BoundedListener::new(listener), router)
            .with_graceful_shutdown(cancel.cancelled_owned())
            .await;
        if let Err(error) = served {
            tracing::error!("the operations endpoint ended: {error}");
        }
    });
    tracing::info!(ops.listen = %address, "operations are served at http://{address}");
    Ok(OpsServer { address, task })
}

fn router(handle: OpsHandle) -> Router {
    Router::new()
        .route("/healthz", get(health))
        .route("/readyz", get(readiness))
        .route("/metrics", get(metrics))
        .with_state(handle)
        .layer(from_fn(guard))
}

/// The process is alive enough to say so.
async fn health() -> Response {
    json(StatusCode::OK, r#"{"status":"alive"}"#.to_owned())
}

async fn readiness(State(handle): State<OpsHandle>) -> Response {
    match handle.health().await {
        Health::Ready => json(StatusCode::OK, r#"{"status":"ready"}"#.to_owned()),
        Health::NotReady(reason) => json(
            StatusCode::SERVICE_UNAVAILABLE,
            serde_json::json!({ "status": "not ready", "reason": reason }).to_string(),
        ),
    }
}

async fn metrics(State(handle): State<OpsHandle>) -> Response {
    ([(CONTENT_TYPE, OPEN_METRICS)], handle.metrics_text().await).into_response()
}

fn json(status: StatusCode, body: String) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}

/// Lets in only what asks for this machine by a name of its own: a page in a browser that made its
/// name point here (DNS rebinding) still sends its own name. Each answer ends its connection.
async fn guard(request: Request, next: Next) -> Response {
    let mut response = if asks_for_loopback(request.headers()) {
        next.run(request).await
    } else {
        json(
            StatusCode::MISDIRECTED_REQUEST,
            r#"{"status":"refused","reason":"the Host header names another machine"}"#.to_owned(),
        )
    };
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        "x-content-type-options",
        HeaderValue::from_static("nosniff"),
    );
    response
}

fn asks_for_loopback(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    host.to_str().is_ok_and(is_loopback_host)
}

/// Whether a Host header names this machine: `localhost` or a loopback address, with any port.
fn is_loopback_host(host: &str) -> bool {
    if let Ok(address) = host.parse::<SocketAddr>() {
        return address.ip().is_loopback();
    }
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Ok(address) = bare.unwrap_or(host).parse::<IpAddr>() {
        return address.is_loopback();
    }
    let name = match host.split_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        Some(_) => return false,
        None => host,
    };
    name.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: only names of this machine pass.
    /// Method: names and addresses of both kinds, with and without port.
    #[test]
    fn host_names() {
        for host in [
            "localhost",
            "LOCALHOST:9464",
            "127.0.0.1",
            "127.0.0.1:9464",
            "127.8.9.1:1",
            "[::1]:9464",
            "[::1]",
        ] {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:9464",
            "localhost.evil.example",
            "10.0.0.1:9464",
            "localhost:port",
            "[::2]:1",
            "127.0.0.1.evil.example",
            "localhost@evil.example",
        ] {
            assert!(!is_loopback_host(host), "{host}");
        }
    }
}
