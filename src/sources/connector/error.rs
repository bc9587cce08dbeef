//! `[[error]]` and `[[quota]]`: what a vendor's answers mean beyond their status.

use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer};

use crate::config::{HumanDuration, OneOrMany};

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::sources) enum Meaning {
    /// The same request may succeed in a moment.
    Again,
    /// Nothing more is given for hours: the source is parked.
    Quota,
    /// The token is not accepted; a new one may be.
    Auth,
    /// The credential lacks a right.
    Forbidden,
    /// The request is wrong.
    Stop,
    /// The place in the list is not known any more: the list starts anew.
    Restart,
    /// There are no records on this page.
    Empty,
    /// The record is not there any more.
    Gone,
    /// A field that was asked for does not exist: it is asked for no more.
    Field,
}

/// `[[error]]`: a rule on an answer that is no good page. All parts that it has must hold; the
/// first rule that holds says what the answer means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct ErrorSpec {
    /// One of these statuses.
    pub(in crate::sources) status: Option<OneOrMany<u16>>,
    /// A path in the body; without `is`, something must stand there.
    pub(in crate::sources) path: Option<String>,
    /// The texts of which the path has one.
    pub(in crate::sources) is: Option<OneOrMany<String>>,
    /// A part of the body.
    pub(in crate::sources) contains: Option<String>,
    /// A header of the answer; without `header_is`, it must be there.
    pub(in crate::sources) header: Option<String>,
    /// The texts of which the header has one.
    pub(in crate::sources) header_is: Option<OneOrMany<String>>,
    /// Whether the rule looks at pages that are good otherwise as well.
    #[serde(default)]
    pub(in crate::sources) in_ok: bool,
    /// What the answer means.
    pub(in crate::sources) means: Meaning,
    /// For `quota`: when there is more, unless the answer says it.
    pub(in crate::sources) resume: Option<Resume>,
    /// For `field`: a pattern whose first group is the field's name, found in the body's texts.
    pub(in crate::sources) field: Option<String>,
}

/// `[[quota]]`: a header that tells how much of a long quota is left. When it is crossed, nothing
/// more is asked for until `resume`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct QuotaSpec {
    /// The header.
    pub(in crate::sources) header: String,
    /// A pattern whose first group is what is used.
    pub(in crate::sources) used: Option<String>,
    /// A pattern whose first group is what there is in all.
    pub(in crate::sources) limit: Option<String>,
    /// The share of the limit at which to stop.
    pub(in crate::sources) stop_at_percent: Option<u64>,
    /// For a header that holds what is left: stop at so much.
    pub(in crate::sources) stop_at_remaining: Option<u64>,
    /// When there is more; an hour later, unless said otherwise.
    pub(in crate::sources) resume: Option<Resume>,
}

/// When a quota is filled again: `1h`, `24h`, `midnight` of the books, `midnight America/New_York`.
#[derive(Debug, Clone)]
pub(in crate::sources) enum Resume {
    /// After a time.
    After(Duration),
    /// At the next midnight of a zone; of the books' own without one.
    Midnight(Option<TimeZone>),
}

impl<'de> Deserialize<'de> for Resume {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let Some(zone) = text.strip_prefix("midnight") else {
            let text = serde::de::value::StringDeserializer::<D::Error>::new(text);
            return HumanDuration::deserialize(text).map(|time| Self::After(time.0));
        };
        match zone.trim() {
            "" => Ok(Self::Midnight(None)),
            name => TimeZone::get(name)
                .map(|zone| Self::Midnight(Some(zone)))
                .map_err(serde::de::Error::custom),
        }
    }
}
