//! One request and what its answer means: a page, a reason to try again, or a reason to stop.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap, HeaderName, LINK, LOCATION, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};
use url::Url;

use super::body::{self, Unread};
use super::call::{Body, Call, Reply, Wants};
use super::content::{self, BodyLimits, Content};
use super::meaning::{Answered, Crossed, Rules, Verdict};
use super::redact::redacted;
use super::{origin, retry_after};
use crate::secret::Secret;
use crate::sources::connector::Method;
use crate::sources::error::Exchanged;
use crate::sources::files::RowFormat;
use crate::sources::json::{self, Json, Path, Scope};

/// So much of a body is looked at where it is no JSON.
const TEXT_BYTES_MAX: usize = 4 << 10;

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
    /// The place in the list is not known any more.
    Expired,
    /// Fields that were asked for do not exist.
    NoField(Vec<String>),
    /// A quota is used up, and comes back after a time.
    Quota(Duration),
    /// To there; the text may be shown.
    Redirected(String, Option<Box<Url>>),
    /// Larger than this limit.
    TooLarge(&'static str),
    Untrusted,
}

/// An outcome, and what the answer says beside it.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) outcome: Outcome,
    /// A long quota that is nearly used up.
    pub(super) crossed: Option<Crossed>,
}

/// What every exchange of a source shares.
#[derive(Debug)]
pub(super) struct Exchanger {
    pub(super) client: Client,
    pub(super) limits: BodyLimits,
    pub(super) error_message: Vec<Path>,
    /// What answers mean by the connector's own rules.
    pub(super) rules: Rules,
    /// Headers by which the vendor finds an answer again.
    pub(super) request_id: Vec<String>,
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
    ) -> Exchange {
        let response = match self.request(call, headers).send().await {
            Ok(response) => response,
            Err(error) => return self.broken(call, None, error).into(),
        };
        let status = response.status();
        let answered = response.headers().clone();
        let id = self.request_id_of(&answered);
        tracing::debug!(
            request = %call.shown(),
            status = status.as_u16(),
            request.id = id,
            "source answered"
        );
        let date = text_of(&answered, &DATE).and_then(|text| retry_after::http_date(&text));
        let crossed = self.rules.crossed(&answered, date.unwrap_or(now));
        let outcome = match self.read(call, response, date.unwrap_or(now), fits).await {
            Outcome::Page(mut reply) => {
                reply.date = date;
                Outcome::Page(reply)
            }
            other => other.with_id(id),
        };
        Exchange { outcome, crossed }
    }

    async fn read(
        &self,
        call: &Call,
        response: Response,
        now: Timestamp,
        fits: &(dyn Fn(Json<'_>) -> Result<(), String> + Sync),
    ) -> Outcome {
        let status = response.status();
        if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
            return self.redirected(call, &response);
        }
        let headers = response.headers().clone();
        let wait =
            text_of(&headers, &RETRY_AFTER).and_then(|text| retry_after::wait_of(&text, now));
        let bytes = match body::read(response, self.limits.body_bytes).await {
            Ok(bytes) => bytes,
            Err(Unread::TooLarge) => {
                let cause = self.exchanged(call, Some(status), "the body is larger than the limit");
                return Outcome::Stop {
                    cause,
                    why: Stop::TooLarge("page_bytes"),
                };
            }
            Err(Unread::Broken(error)) => return self.broken(call, Some(status), error),
        };
        let text = opening_text(&bytes);
        let parsed = content::read(call.wants, status.is_success(), bytes, self.limits);
        let parsed = match parsed {
            Ok(content) => Ok(content),
            Err(misread) if misread.is_too_large => {
                let cause = self.exchanged(call, Some(status), &misread.told);
                let why = Stop::TooLarge("export_bytes");
                return Outcome::Stop { cause, why };
            }
            Err(misread) => Err(misread.told),
        };
        let judge = |is_page: bool| {
            // A token is no record: its refusals have their own meaning.
            if matches!(call.body, Body::Form(_)) {
                return None;
            }
            let answered = Answered {
                status: status.as_u16(),
                headers: &headers,
                json: parsed.as_ref().ok().map(|content| content.json.root()),
                text: &text,
                now,
            };
            self.rules.judge(answered, is_page)
        };
        let reply = |content: Content| {
            Outcome::Page(Box::new(Reply {
                url: call.url.clone(),
                date: None,
                link: text_of(&headers, &LINK),
                headers: headers.clone(),
                json: content.json,
                rows: content.rows,
            }))
        };
        let misfit = match &parsed {
            Err(error) => Err(format!("the body is {error}{}", opening(&text))),
            Ok(content) => fits(content.json.root()),
        };
        let is_page = status.is_success() && misfit.is_ok();
        let message = parsed.as_ref().ok();
        let message = message.and_then(|content| self.message_of(content.json.root()));
        let told = match (&misfit, status.is_success()) {
            (Err(reason), true) => message.clone().unwrap_or_else(|| reason.clone()),
            _ => message.clone().unwrap_or_default(),
        };
        let cause = || self.exchanged(call, Some(status), &told);
        let stop = |why| Outcome::Stop {
            cause: cause(),
            why,
        };
        match judge(is_page) {
            Some(Verdict::Empty) => match json::parse(&b"null"[..]) {
                Ok(json) => reply(Content { json, rows: None }),
                Err(_) => Outcome::NotPage(cause()),
            },
            Some(Verdict::Again) => Outcome::Again {
                cause: cause(),
                wait,
            },
            Some(Verdict::Quota(resume)) => stop(Stop::Quota(wait.unwrap_or(resume))),
            Some(Verdict::Auth) => Outcome::Unauthorised(cause()),
            Some(Verdict::Forbidden) => stop(Stop::Forbidden),
            Some(Verdict::Stop) => stop(Stop::Refused),
            Some(Verdict::Restart) => stop(Stop::Expired),
            Some(Verdict::Gone) => stop(Stop::NotFound),
            Some(Verdict::Field(fields)) => stop(Stop::NoField(fields)),
            None if !status.is_success() => refused(status, cause(), wait),
            None => match (misfit, parsed) {
                (Ok(()), Ok(content)) => reply(content),
                _ => Outcome::NotPage(cause()),
            },
        }
    }

    fn request_id_of(&self, headers: &HeaderMap) -> Option<String> {
        let mut names = self.request_id.iter();
        let id = names.find_map(|name| headers.get(name.as_str())?.to_str().ok())?;
        Some(Exchanged::shown(id))
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
            builder.header(reqwest::header::ACCEPT, accepted(call.wants))
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
                    .map(|(name, secret)| (name.as_str(), secret.expose()))
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
        let to = text_of(response.headers(), &LOCATION).and_then(|text| call.url.join(&text).ok());
        let target = to.as_ref();
        let target = target.map_or_else(|| "nowhere".to_owned(), origin::target_of);
        let cause = self.exchanged(call, Some(response.status()), "");
        Outcome::Stop {
            cause,
            why: Stop::Redirected(target, to.map(Box::new)),
        }
    }

    pub(super) fn message_of(&self, json: Json<'_>) -> Option<String> {
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
            request_id: None,
        })
    }
}

fn accepted(wants: Wants) -> &'static str {
    match wants {
        Wants::Json | Wants::Nothing => "application/json",
        Wants::Rows(RowFormat::Csv) => "text/csv",
        // Files of lines have no type of their own.
        Wants::Rows(RowFormat::Jsonl) => "*/*",
    }
}

fn text_of(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// What a refusal means where the connector has no rule for it.
fn refused(status: StatusCode, cause: Box<Exchanged>, wait: Option<Duration>) -> Outcome {
    let why = match status.as_u16() {
        401 => return Outcome::Unauthorised(cause),
        408 | 425 | 429 | 500 | 502 | 503 | 504 => return Outcome::Again { cause, wait },
        403 => Stop::Forbidden,
        404 => Stop::NotFound,
        _ => Stop::Refused,
    };
    Outcome::Stop { cause, why }
}

impl From<Outcome> for Exchange {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            crossed: None,
        }
    }
}

impl Outcome {
    /// Names the answer as the vendor does.
    fn with_id(mut self, id: Option<String>) -> Self {
        match &mut self {
            Self::Page(_) => {}
            Self::Again { cause, .. }
            | Self::NotPage(cause)
            | Self::Unauthorised(cause)
            | Self::Stop { cause, .. } => cause.request_id = id,
        }
        self
    }
}

/// The start of a body, of which the rest says no more.
fn opening_text(bytes: &[u8]) -> String {
    let start = bytes.get(..TEXT_BYTES_MAX).unwrap_or(bytes);
    String::from_utf8_lossy(start).into_owned()
}

/// The first letters of a body that is no JSON: an HTML page tells itself apart by them.
fn opening(text: &str) -> String {
    let start: String = text.trim_start().chars().take(15).collect();
    if start.starts_with('<') {
        format!(", but starts `{start}`")
    } else {
        String::new()
    }
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
fn is_certificate_fault(error: &(dyn std::error::Error + 'static)) -> bool {
    let of_tls = error.downcast_ref::<rustls::Error>();
    if matches!(of_tls, Some(rustls::Error::InvalidCertificate(_))) {
        return true;
    }
    // What an I/O error wraps is not its source: that is the source of what it wraps.
    let wrapped = error
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::get_ref)
        .is_some_and(|inside| is_certificate_fault(inside));
    wrapped || error.source().is_some_and(is_certificate_fault)
}
