//! What an answer means by the connector's own rules: `[[error]]` and `[[quota]]`.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use regex::Regex;
use reqwest::header::HeaderMap;

use crate::sources::connector::{ErrorSpec, Meaning, QuotaSpec, Resume};
use crate::sources::json::{Json, Path, Scope};

/// A quota comes back after this time where nothing says when.
const RESUME_UNTOLD: Duration = Duration::from_hours(1);
/// More names than this in one answer are no names of fields.
const FIELDS_MAX: usize = 50;

/// An answer, as the rules look at it.
#[derive(Clone, Copy)]
pub(super) struct Answered<'a> {
    pub(super) status: u16,
    pub(super) headers: &'a HeaderMap,
    /// The body, where it is JSON.
    pub(super) json: Option<Json<'a>>,
    /// The start of a body that is none.
    pub(super) text: &'a str,
    /// The server's clock.
    pub(super) now: Timestamp,
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Again,
    /// Nothing more for so long.
    Quota(Duration),
    Auth,
    Forbidden,
    Stop,
    Restart,
    Empty,
    Gone,
    Field(Vec<String>),
}

/// A long quota that is nearly used up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Crossed {
    pub(super) wait: Duration,
    pub(super) reason: String,
}

/// The rules of a connector, ready.
#[derive(Debug, Default)]
pub(super) struct Rules {
    errors: Vec<Rule>,
    quotas: Vec<Quota>,
    zone: Option<TimeZone>,
}

#[derive(Debug)]
struct Rule {
    spec: ErrorSpec,
    path: Option<Path>,
    field: Option<Regex>,
}

#[derive(Debug)]
struct Quota {
    spec: QuotaSpec,
    used: Option<Regex>,
    limit: Option<Regex>,
}

impl Rules {
    /// Compiles the rules; an error says which one cannot be.
    pub(super) fn new(
        errors: &[ErrorSpec],
        quotas: &[QuotaSpec],
        zone: &TimeZone,
    ) -> Result<Self, String> {
        let pattern = |text: &Option<String>| {
            let compiled = text.as_deref().map(Regex::new).transpose();
            compiled.map_err(|error| format!("a pattern cannot be read: {error}"))
        };
        let rules = errors.iter().map(|spec| {
            if (spec.means == Meaning::Field) != spec.field.is_some() {
                return Err("`field` and `means = \"field\"` of an [[error]] go together".into());
            }
            Ok(Rule {
                path: spec.path.as_deref().map(Path::new),
                field: pattern(&spec.field)?,
                spec: spec.clone(),
            })
        });
        let quotas = quotas.iter().map(|spec| {
            let by_share =
                spec.used.is_some() && spec.limit.is_some() && spec.stop_at_percent.is_some();
            if by_share == spec.stop_at_remaining.is_some() {
                return Err(
                    "a [[quota]] needs `used`, `limit` and `stop_at_percent`, or \
                            `stop_at_remaining`"
                        .to_owned(),
                );
            }
            Ok(Quota {
                used: pattern(&spec.used)?,
                limit: pattern(&spec.limit)?,
                spec: spec.clone(),
            })
        });
        Ok(Self {
            errors: rules.collect::<Result<_, String>>()?,
            quotas: quotas.collect::<Result<_, String>>()?,
            zone: Some(zone.clone()),
        })
    }

    /// What the first rule that holds says; of a page that is good otherwise, only the rules with
    /// `in_ok` speak.
    pub(super) fn judge(&self, answered: Answered<'_>, is_page: bool) -> Option<Verdict> {
        self.errors
            .iter()
            .filter(|rule| !is_page || rule.spec.in_ok)
            .find_map(|rule| self.verdict(rule, answered))
    }

    fn verdict(&self, rule: &Rule, answered: Answered<'_>) -> Option<Verdict> {
        if !rule.holds(answered) {
            return None;
        }
        Some(match rule.spec.means {
            Meaning::Again => Verdict::Again,
            Meaning::Quota => Verdict::Quota(self.wait(rule.spec.resume.as_ref(), answered.now)),
            Meaning::Auth => Verdict::Auth,
            Meaning::Forbidden => Verdict::Forbidden,
            Meaning::Stop => Verdict::Stop,
            Meaning::Restart => Verdict::Restart,
            Meaning::Empty => Verdict::Empty,
            Meaning::Gone => Verdict::Gone,
            Meaning::Field => {
                let fields = rule.fields(answered);
                if fields.is_empty() {
                    return None;
                }
                Verdict::Field(fields)
            }
        })
    }

    /// Whether a header says that a long quota is nearly used up.
    pub(super) fn crossed(&self, headers: &HeaderMap, now: Timestamp) -> Option<Crossed> {
        self.quotas.iter().find_map(|quota| {
            let text = headers.get(quota.spec.header.as_str())?.to_str().ok()?;
            let reason = quota.reason(text)?;
            Some(Crossed {
                wait: self.wait(quota.spec.resume.as_ref(), now),
                reason,
            })
        })
    }

    fn wait(&self, resume: Option<&Resume>, now: Timestamp) -> Duration {
        let zone = match resume {
            None => return RESUME_UNTOLD,
            Some(Resume::After(time)) => return *time,
            Some(Resume::Midnight(zone)) => zone.as_ref().or(self.zone.as_ref()),
        };
        let local = now.to_zoned(zone.cloned().unwrap_or(TimeZone::UTC));
        let midnight = local.tomorrow().and_then(|day| day.start_of_day());
        midnight
            .ok()
            .and_then(|midnight| Duration::try_from(midnight.timestamp().duration_since(now)).ok())
            .unwrap_or(RESUME_UNTOLD)
    }
}

impl Rule {
    fn holds(&self, answered: Answered<'_>) -> bool {
        let spec = &self.spec;
        let of_status = spec
            .status
            .as_ref()
            .is_none_or(|statuses| statuses.as_slice().contains(&answered.status));
        let of_path = self.path.as_ref().is_none_or(|path| {
            let text = answered.json.and_then(|json| {
                let found = path.one(Scope::of(json))?;
                Some(found.scalar().unwrap_or_default().to_owned())
            });
            match (&spec.is, text) {
                (_, None) => false,
                (None, Some(_)) => true,
                (Some(texts), Some(text)) => texts.as_slice().contains(&text),
            }
        });
        let of_header = spec.header.as_ref().is_none_or(|name| {
            let text = answered.headers.get(name.as_str());
            let text = text.and_then(|value| value.to_str().ok());
            match (&spec.header_is, text) {
                (_, None) => false,
                (None, Some(_)) => true,
                (Some(texts), Some(text)) => {
                    let mut texts = texts.as_slice().iter();
                    texts.any(|one| one.eq_ignore_ascii_case(text.trim()))
                }
            }
        });
        let of_text = spec.contains.as_ref().is_none_or(|part| {
            answered.text.contains(part.as_str())
                || texts_of(answered).any(|text| text.contains(part.as_str()))
        });
        of_status && of_path && of_header && of_text
    }

    fn fields(&self, answered: Answered<'_>) -> Vec<String> {
        let Some(pattern) = &self.field else {
            return Vec::new();
        };
        let mut fields: Vec<String> = texts_of(answered)
            .flat_map(|text| {
                let found = pattern.captures_iter(&text);
                found
                    .filter_map(|groups| groups.get(1).map(|group| group.as_str().to_owned()))
                    .collect::<Vec<_>>()
            })
            .take(FIELDS_MAX)
            .collect();
        fields.sort();
        fields.dedup();
        fields
    }
}

/// All texts of a body, each by itself; of one that is no JSON, the whole of it.
fn texts_of(answered: Answered<'_>) -> impl Iterator<Item = String> {
    let mut texts = Vec::new();
    match answered.json {
        Some(json) => collect(json, &mut texts),
        None => texts.push(answered.text.to_owned()),
    }
    texts.into_iter()
}

fn collect(json: Json<'_>, texts: &mut Vec<String>) {
    if let Some(items) = json.items() {
        items.for_each(|item| collect(item, texts));
    } else if let Some(entries) = json.entries() {
        entries.for_each(|(_, value)| collect(value, texts));
    } else if let Some(text) = json.scalar() {
        texts.push(text.to_owned());
    }
}

impl Quota {
    /// Why no more is asked for, if so.
    fn reason(&self, text: &str) -> Option<String> {
        let header = &self.spec.header;
        let number = |pattern: &Option<Regex>| -> Option<u64> {
            pattern
                .as_ref()?
                .captures(text)?
                .get(1)?
                .as_str()
                .parse()
                .ok()
        };
        if let Some(least) = self.spec.stop_at_remaining {
            let left: u64 = text.trim().parse().ok()?;
            return (left <= least)
                .then(|| format!("{left} requests are left of the quota (`{header}`)"));
        }
        let (used, limit) = (number(&self.used)?, number(&self.limit)?);
        let percent = self.spec.stop_at_percent?;
        let is_over = u128::from(used) * 100 >= u128::from(limit) * u128::from(percent);
        (is_over && limit > 0)
            .then(|| format!("{used} of {limit} requests of the quota are used (`{header}`)"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::json::parse;

    #[derive(serde::Deserialize)]
    struct Tables {
        #[serde(default)]
        error: Vec<ErrorSpec>,
        #[serde(default)]
        quota: Vec<QuotaSpec>,
    }

    fn rules(text: &str) -> Result<Rules, String> {
        let tables: Tables = toml::from_str(text).unwrap();
        Rules::new(&tables.error, &tables.quota, &TimeZone::UTC)
    }

    fn headers(name: &'static str, text: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, text.parse().unwrap());
        headers
    }

    fn now() -> Timestamp {
        "2026-11-21T01:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_first_rule_that_holds_speaks() {
        let rules = rules(
            r#"
            [[error]]
            status = 403
            path = "0.errorCode"
            is = ["REQUEST_LIMIT_EXCEEDED"]
            contains = "TotalRequests"
            means = "quota"
            resume = "midnight America/New_York"

            [[error]]
            status = [403, 429]
            path = "0.errorCode"
            is = "REQUEST_LIMIT_EXCEEDED"
            means = "again"

            [[error]]
            status = 429
            header = "X-Rate-Limit-Problem"
            header_is = "day"
            means = "quota"
            resume = "24h"

            [[error]]
            status = 400
            path = "0.errorCode"
            is = "INVALID_FIELD"
            means = "field"
            field = "No such column '(.+?)'"

            [[error]]
            path = "success"
            is = "false"
            in_ok = true
            means = "stop"

            [[error]]
            status = [204, 304]
            means = "empty"
            "#,
        )
        .unwrap();
        let none = HeaderMap::new();
        let day = headers("x-rate-limit-problem", "Day");
        for (status, headers, body, is_page, expected) in [
            (
                403,
                &none,
                r#"[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]"#,
                false,
                Some(Verdict::Quota(Duration::from_hours(4))),
            ),
            (
                403,
                &none,
                r#"[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"ConcurrentRequests"}]"#,
                false,
                Some(Verdict::Again),
            ),
            (
                429,
                &day,
                "",
                false,
                Some(Verdict::Quota(Duration::from_hours(24))),
            ),
            (429, &none, "", false, None),
            (
                400,
                &none,
                r#"[{"errorCode":"INVALID_FIELD","message":"\nNo such column 'Foo__c' on entity"}]"#,
                false,
                Some(Verdict::Field(vec!["Foo__c".to_owned()])),
            ),
            (
                400,
                &none,
                r#"[{"errorCode":"INVALID_FIELD"}]"#,
                false,
                None,
            ),
            (
                200,
                &none,
                r#"{"success":false,"data":[]}"#,
                true,
                Some(Verdict::Stop),
            ),
            (200, &none, r#"{"success":true,"data":[]}"#, true, None),
            (204, &none, "", false, Some(Verdict::Empty)),
        ] {
            let json = parse(body).ok();
            let answered = Answered {
                status,
                headers,
                json: json.as_ref().map(crate::sources::json::Document::root),
                text: "",
                now: now(),
            };
            assert_eq!(rules.judge(answered, is_page), expected, "{status} {body}");
        }
        assert!(
            super::Rules::default()
                .judge(
                    Answered {
                        status: 500,
                        headers: &none,
                        json: None,
                        text: "",
                        now: now()
                    },
                    false
                )
                .is_none()
        );
    }

    #[test]
    fn a_quota_is_crossed_by_its_share_or_by_what_is_left() {
        let rules = rules(
            r#"
            [[quota]]
            header = "Sforce-Limit-Info"
            used = 'api-usage=(\d+)/'
            limit = '/(\d+)'
            stop_at_percent = 80

            [[quota]]
            header = "X-DayLimit-Remaining"
            stop_at_remaining = 50
            resume = "midnight"
            "#,
        )
        .unwrap();
        for (name, text, expected) in [
            ("sforce-limit-info", "api-usage=79/100", None),
            ("sforce-limit-info", "api-usage=80/100", Some(1)),
            ("sforce-limit-info", "api-usage=x/100", None),
            ("x-daylimit-remaining", "51", None),
            ("x-daylimit-remaining", "50", Some(23)),
        ] {
            let crossed = rules.crossed(&headers(name, text), now());
            let hours = crossed.map(|crossed| crossed.wait.as_secs() / 3600);
            assert_eq!(hours, expected, "{name} {text}");
        }
    }

    #[test]
    fn rules_that_cannot_be_followed_are_refused() {
        for text in [
            "[[error]]\nmeans = \"field\"",
            "[[error]]\nmeans = \"field\"\nfield = \"(\"",
            "[[error]]\nmeans = \"again\"\nfield = \"x\"",
            "[[quota]]\nheader = \"X\"",
            "[[quota]]\nheader = \"X\"\nused = \"a\"\nstop_at_percent = 5",
        ] {
            assert!(rules(text).is_err(), "{text}");
        }
    }
}
