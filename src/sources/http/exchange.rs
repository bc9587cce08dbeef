//! One request and what its answer means: a page, a reason to try again, or a reason to stop.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap, LINK, LOCATION, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};

use super::body::{self, Unread};
use super::call::{Body, Call, Reply};
use super::redact::redacted;
use super::{origin, retry_after};
use crate::secret::Secret;
use crate::sources::connector::Method;
use crate::sources::error::Exchanged;
use crate::sources::json::{self, Json, Path, Scope};

/// What an answer means.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The page.
    Page(Box<Reply>),
    /// The same call may succeed in a moment; the server may have said when.
    Again {
        cause: Box<Exchanged>,
        wait: Option<Duration>,
    },
    /// Something answered, and it is not the page.
    NotPage(Box<Exchanged>),
    /// The credential was not accepted.
    Unauthorised(Box<Exchanged>),
    /// Trying again gives the same answer.
    Stop { cause: Box<Exchanged>, why: Stop },
}

/// Why trying again does not help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    Forbidden,
    NotFound,
    Refused,
    Redirected(String),
    TooLarge,
    Untrusted,
}

/// What every exchange of a source shares.
#[derive(Debug)]
pub(super) struct Exchanger {
    pub(super) client: Client,
    pub(super) body_bytes_max: u64,
    pub(super) error_message: Vec<Path>,
    /// Texts that never may be shown, should the other side echo them.
    pub(super) secrets: Vec<Secret>,
}

impl Exchanger {
    /// Sends a call once. `fits` says what is wrong with the shape of a body, if anything; `now`
    /// stands in for a missing `Date`.
    pub(super) async fn send(
        &self,
        call: &Call,
        headers: &HeaderMap,
        fits: &(dyn Fn(Json<'_>) -> Result<(), String> + Sync),
        now: Timestamp,
    ) -> Outcome {
        let response = match self.request(call, headers).send().await {
            Ok(response) => response,
            Err(error) => return self.broken(call, None, error),
        };
        let status = response.status();
        if status.is_redirection() {
            return self.redirected(call, &response);
        }
        let date = header_text(&response, &DATE).and_then(|text| retry_after::http_date(&text));
        let wait = header_text(&response, &RETRY_AFTER)
            .and_then(|text| retry_after::wait_of(&text, date.unwrap_or(now)));
        let link = header_text(&response, &LINK);
        let answered = response.headers().clone();
        let bytes = match body::read(response, self.body_bytes_max).await {
            Ok(bytes) => bytes,
            Err(Unread::TooLarge) => {
                let cause = self.exchanged(call, Some(status), "the body is larger than the limit");
                return Outcome::Stop {
                    cause,
                    why: Stop::TooLarge,
                };
            }
            Err(Unread::Broken(error)) => return self.broken(call, Some(status), error),
        };
        if !status.is_success() {
            return self.refused(call, status, &bytes, wait);
        }
        let wrong = |reason: &str| Outcome::NotPage(self.exchanged(call, Some(status), reason));
        let opening = opening(&bytes);
        match json::parse(bytes) {
            Err(error) => wrong(&format!("the body is {error}{opening}")),
            Ok(json) => match fits(json.root()) {
                Ok(()) => Outcome::Page(Box::new(Reply {
                    url: call.url.clone(),
                    date,
                    link,
                    headers: answered,
                    json,
                })),
                Err(reason) => match self.message_of(json.root()) {
                    Some(message) => wrong(&message),
                    None => wrong(&reason),
                },
            },
        }
    }

    fn request(&self, call: &Call, headers: &HeaderMap) -> reqwest::RequestBuilder {
        let builder = match call.method {
            Method::Get => self.client.get(call.url.clone()),
            Method::Post => self.client.post(call.url.clone()),
            Method::Delete => self.client.delete(call.url.clone()),
        };
        let builder = if call.headers.contains_key(reqwest::header::ACCEPT) {
            builder
        } else {
            builder.header(reqwest::header::ACCEPT, "application/json")
        };
        let builder = builder
            .headers(call.headers.clone())
            .headers(headers.clone());
        match &call.body {
            Body::Empty => builder,
            Body::Json(json) => builder
                .header(reqwest::header::CONTENT_TYPE, "application/json")
                .body(json.to_text()),
            Body::Form(fields) => {
                let pairs: Vec<(&str, &str)> = fields
                    .iter()
                    .map(|(name, secret)| (*name, secret.expose()))
                    .collect();
                builder.form(&pairs)
            }
        }
    }

    fn broken(&self, call: &Call, status: Option<StatusCode>, error: reqwest::Error) -> Outcome {
        // The URL of a request may hold what only the server should see.
        let error = error.without_url();
        let is_untrusted = is_certificate_fault(&error);
        let cause = self.exchanged(call, status, &innermost(&error));
        if is_untrusted {
            Outcome::Stop {
                cause,
                why: Stop::Untrusted,
            }
        } else if error.is_builder() {
            Outcome::Stop {
                cause,
                why: Stop::Refused,
            }
        } else {
            Outcome::Again { cause, wait: None }
        }
    }

    fn redirected(&self, call: &Call, response: &Response) -> Outcome {
        let target = header_text(response, &LOCATION)
            .and_then(|text| call.url.join(&text).ok())
            .map_or_else(|| "nowhere".to_owned(), |url| origin::target_of(&url));
        let cause = self.exchanged(call, Some(response.status()), "");
        Outcome::Stop {
            cause,
            why: Stop::Redirected(target),
        }
    }

    fn refused(
        &self,
        call: &Call,
        status: StatusCode,
        bytes: &[u8],
        wait: Option<Duration>,
    ) -> Outcome {
        let message = json::parse(bytes)
            .ok()
            .and_then(|json| self.message_of(json.root()));
        let cause = self.exchanged(call, Some(status), &message.unwrap_or_default());
        match status.as_u16() {
            401 => Outcome::Unauthorised(cause),
            403 => Outcome::Stop {
                cause,
                why: Stop::Forbidden,
            },
            404 => Outcome::Stop {
                cause,
                why: Stop::NotFound,
            },
            408 | 425 | 429 | 500 | 502 | 503 | 504 => Outcome::Again { cause, wait },
            _ => Outcome::Stop {
                cause,
                why: Stop::Refused,
            },
        }
    }

    fn message_of(&self, json: Json<'_>) -> Option<String> {
        let scope = Scope::of(json);
        let own = self.error_message.iter().find_map(|path| path.text(scope));
        own.or_else(|| {
            ["error_description", "error", "message"]
                .iter()
                .find_map(|key| json.get(key).and_then(Json::scalar))
        })
        .map(str::to_owned)
    }

    #[expect(
        clippy::unnecessary_box_returns,
        reason = "every error that holds it keeps it boxed, to stay small itself"
    )]
    pub(super) fn exchanged(
        &self,
        call: &Call,
        status: Option<StatusCode>,
        message: &str,
    ) -> Box<Exchanged> {
        let plain = redacted(message, &self.secrets);
        Box::new(Exchanged {
            request: call.shown(),
            status: status.map(|status| status.as_u16()),
            message: Exchanged::shown(&plain),
        })
    }
}

fn header_text(response: &Response, name: &reqwest::header::HeaderName) -> Option<String> {
    response
        .headers()
        .get(name)?
        .to_str()
        .ok()
        .map(str::to_owned)
}

/// The first letters of a body that is no JSON: an HTML page tells itself apart by them.
fn opening(bytes: &[u8]) -> String {
    if bytes.trim_ascii_start().first() != Some(&b'<') {
        return String::new();
    }
    let start: String = String::from_utf8_lossy(bytes)
        .trim_start()
        .chars()
        .take(15)
        .collect();
    format!(", but starts `{start}`")
}

/// The cause at the bottom says most: `connection refused`, not `error sending request`.
fn innermost(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = inner.to_string();
        cause = inner.source();
    }
    if error.is_timeout() && !text.contains("time") {
        format!("timed out: {text}")
    } else {
        text
    }
}

/// Whether the other side's certificate is at fault, which no retry heals.
fn is_certificate_fault(error: &reqwest::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let by_io = inner
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref)
            .and_then(|inside| inside.downcast_ref::<rustls::Error>());
        let tls = inner.downcast_ref::<rustls::Error>().or(by_io);
        if matches!(tls, Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        cause = inner.source();
    }
    false
}
