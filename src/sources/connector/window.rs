//! `incremental` of a stream and `start` of a list: which part of the time is asked for.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::config::HumanDuration;

/// How a stream is asked for what changed since the last pull. Its window reaches from the end of
/// the last one, less `overlap`, to the vendor's clock now, less `settle`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct IncrementalSpec {
    /// The query parameter that takes the window's start.
    pub(in crate::sources) parameter: Option<String>,
    /// Or the header that takes it. Without either, the requests name `{since}` or `{window}`.
    pub(in crate::sources) header: Option<String>,
    /// The query parameter that takes the window's end, where the vendor knows one.
    pub(in crate::sources) until_parameter: Option<String>,
    /// What `{window}` stands for in a request while there is a window; otherwise it is empty.
    pub(in crate::sources) clause: Option<String>,
    /// How the instants are spelled.
    pub(in crate::sources) format: InstantFormat,
    /// The zone of a spelling in strftime's letters; UTC, unless said otherwise.
    pub(in crate::sources) zone: Option<String>,
    /// How far the window reaches back over the last one: rows are stamped before they are seen.
    pub(in crate::sources) overlap: HumanDuration,
    /// How far the window ends before the vendor's clock: the newest rows may still be moving.
    #[serde(default = "nothing")]
    pub(in crate::sources) settle: HumanDuration,
    /// After a pause longer than this, everything is read: the vendor forgets changes, or their
    /// order.
    pub(in crate::sources) guard: Option<HumanDuration>,
    /// How often every living record is looked for: by the lists with `pass = "sweep"` where there
    /// are any, else by reading everything.
    pub(in crate::sources) sweep_every: Option<HumanDuration>,
    /// While the last full read brought fewer records than this, every pull reads everything:
    /// nothing can be missed then, and it costs little.
    pub(in crate::sources) full_below: Option<u64>,
}

/// How an instant is spelled in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sources) enum InstantFormat {
    /// `2026-11-20T23:45:00Z`
    Rfc3339,
    /// Seconds since 1970.
    EpochSeconds,
    /// Milliseconds since 1970.
    EpochMilliseconds,
    /// `Fri, 20 Nov 2026 23:45:00 GMT`, as `If-Modified-Since` wants it.
    HttpDate,
    /// In strftime's letters: `%Y-%m-%d %H:%M:%S`.
    Pattern(String),
}

impl<'de> Deserialize<'de> for InstantFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(match text.as_str() {
            "rfc3339" => Self::Rfc3339,
            "epoch_seconds" => Self::EpochSeconds,
            "epoch_milliseconds" => Self::EpochMilliseconds,
            "http_date" => Self::HttpDate,
            pattern if pattern.contains('%') => Self::Pattern(text),
            _ => {
                return Err(serde::de::Error::custom(format!(
                    "`{text}` spells no instant: write rfc3339, epoch_seconds, epoch_milliseconds, \
                     http_date, or letters of strftime such as %Y-%m-%d"
                )));
            }
        })
    }
}

/// `start` of a list: how `[source.x] start` is asked for. It bounds when a record came to be, not
/// when it changed: without it, `start` does not narrow the list.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct StartSpec {
    /// The query parameter that takes the instant.
    pub(in crate::sources) parameter: Option<String>,
    /// The query parameter that takes the end of a slice.
    pub(in crate::sources) until_parameter: Option<String>,
    /// What `{start}` stands for in the request while there is a start; otherwise it is empty. It
    /// may hold `{from}` and, where the list is cut into slices, `{to}`.
    pub(in crate::sources) clause: Option<String>,
    /// How it is spelled.
    pub(in crate::sources) format: InstantFormat,
    /// The zone of a spelling in strftime's letters; UTC, unless said otherwise.
    pub(in crate::sources) zone: Option<String>,
}

impl StartSpec {
    /// Whether a request can be bounded on both sides, so that the list can be cut into slices.
    pub(in crate::sources) fn has_end(&self) -> bool {
        self.until_parameter.is_some()
            || self
                .clause
                .as_ref()
                .is_some_and(|text| text.contains("{to}"))
    }
}

const fn nothing() -> HumanDuration {
    HumanDuration(Duration::ZERO)
}
