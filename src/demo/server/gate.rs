//! The front door of both APIs: outages, tokens, and the headers of every answer.

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, DATE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::json;

use super::request::Answer;

/// Which of the two servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerName {
    /// What was sold.
    Crm,
    /// What was billed and paid.
    Billing,
}

/// How a server fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    /// Every request is answered with 503.
    Unavailable,
    /// Every request is answered with 429 and a `Retry-After` of one second.
    Throttled,
    /// No token is accepted any more.
    Revoked,
}

/// The vendor's answer to a request that may not pass, or nothing when it may.
pub(super) fn refusal(
    server: ServerName,
    outage: Option<Outage>,
    headers: &HeaderMap,
    token: &str,
) -> Option<Answer> {
    match outage {
        Some(Outage::Unavailable) => return Some(unavailable(server)),
        Some(Outage::Throttled) => return Some(throttled(server)),
        Some(Outage::Revoked) | None => {}
    }
    let expected = format!("Bearer {token}");
    let shown = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let is_welcome = outage.is_none() && shown == Some(expected.as_str());
    (!is_welcome).then(|| unauthorised(server, shown.is_some()))
}

fn unauthorised(server: ServerName, was_shown: bool) -> Answer {
    let body = match (server, was_shown) {
        (ServerName::Crm, false) => json!({
            "status": "error",
            "message": "Authentication credentials not found.",
            "correlationId": CORRELATION,
            "category": "INVALID_AUTHENTICATION",
        }),
        (ServerName::Crm, true) => json!({
            "status": "error",
            "message": "Authentication credentials are invalid or have expired.",
            "correlationId": CORRELATION,
            "category": "INVALID_AUTHENTICATION",
        }),
        (ServerName::Billing, false) => json!({"error": {
            "type": "invalid_request_error",
            "message": "You did not provide an API key.",
        }}),
        (ServerName::Billing, true) => json!({"error": {
            "type": "invalid_request_error",
            "message": "Invalid API Key provided: rk_test_****",
        }}),
    };
    Answer { status: 401, body }
}

fn unavailable(server: ServerName) -> Answer {
    let body = match server {
        ServerName::Crm => json!({
            "status": "error",
            "message": "Service temporarily unavailable",
            "correlationId": CORRELATION,
        }),
        ServerName::Billing => json!({"error": {
            "type": "api_error",
            "message": "The service is temporarily unavailable.",
        }}),
    };
    Answer { status: 503, body }
}

fn throttled(server: ServerName) -> Answer {
    let body = match server {
        ServerName::Crm => json!({
            "status": "error",
            "message": "You have reached your ten_secondly_rolling limit.",
            "errorType": "RATE_LIMIT",
            "correlationId": CORRELATION,
            "policyName": "TEN_SECONDLY_ROLLING",
        }),
        ServerName::Billing => json!({"error": {
            "type": "invalid_request_error",
            "code": "rate_limit",
            "message": "Request rate limit exceeded.",
        }}),
    };
    Answer { status: 429, body }
}

/// The id that the CRM puts into its errors.
pub(super) const CORRELATION: &str = "5f0d6a1e-7c3b-4d52-9a44-2c1d8e9b7f30";

/// An answer as it goes out: JSON, dated on the night, with the vendor's own headers.
pub(super) fn response(
    server: ServerName,
    answer: &Answer,
    at: Timestamp,
    request_count: u64,
) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut headers = HeaderMap::new();
    let mut put = |name: HeaderName, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    };
    let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
    if let Ok(date) = printer.timestamp_to_rfc9110_string(&at) {
        put(DATE, date);
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        put(RETRY_AFTER, "1".into());
    }
    match server {
        ServerName::Crm => {
            put(CONTENT_TYPE, "application/json;charset=utf-8".into());
            put(named("x-hubspot-correlation-id"), CORRELATION.into());
            put(named("x-hubspot-ratelimit-max"), "190".into());
            put(
                named("x-hubspot-ratelimit-interval-milliseconds"),
                "10000".into(),
            );
            let remaining = 189_u64.saturating_sub(request_count % 190);
            put(
                named("x-hubspot-ratelimit-remaining"),
                remaining.to_string(),
            );
        }
        ServerName::Billing => {
            put(CONTENT_TYPE, "application/json".into());
            put(named("request-id"), format!("req_Dm{request_count:010}"));
            put(named("stripe-version"), "2026-08-26.dahlia".into());
        }
    }
    (status, headers, answer.body.to_string()).into_response()
}

const fn named(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}
