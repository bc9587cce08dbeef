//! How fresh each source is at an instant: the worst of its streams.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::figures::{BannerLevel, Freshness, FreshnessState};
use crate::config::Role;
use crate::store::{Pull, PullState};

/// What the configuration says of a source's age and legs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceTerms {
    /// The source's name.
    pub name: String,
    /// Which legs it has.
    pub roles: Vec<Role>,
    /// Past this age it is stale, level amber.
    pub warn_age: Option<Duration>,
    /// Past this age it is stale, level red.
    pub max_age: Duration,
}

/// The state of every configured source, by name. `newest` has per source and stream the newest
/// pull at `as_of`, `committed` the newest one that was complete.
///
/// A source's last success is that of the stream whose last complete pull is the longest ago.
pub fn freshness(
    sources: &[SourceTerms],
    newest: &[Pull],
    committed: &[Pull],
    as_of: Timestamp,
) -> Vec<Freshness> {
    let mut states: Vec<_> = sources
        .iter()
        .map(|terms| of_source(terms, newest, committed, as_of))
        .collect();
    states.sort_by(|one, other| one.source.cmp(&other.source));
    states
}

fn of_source(
    terms: &SourceTerms,
    newest: &[Pull],
    committed: &[Pull],
    as_of: Timestamp,
) -> Freshness {
    let own = |pulls: &'_ [Pull]| -> BTreeMap<String, Pull> {
        pulls
            .iter()
            .filter(|pull| pull.source == terms.name)
            .map(|pull| (pull.stream.clone(), pull.clone()))
            .collect()
    };
    let (newest, committed) = (own(newest), own(committed));
    let complete = |pull: &Pull| pull.state == PullState::Ok && pull.sealed;
    let last_success = newest
        .keys()
        .map(|stream| {
            let pull = committed.get(stream).filter(|pull| complete(pull));
            pull.map(|pull| pull.started_at)
        })
        .min()
        .flatten();
    let reasons = |wanted: &dyn Fn(&Pull) -> bool, otherwise: &str| {
        let told: Vec<String> = newest
            .values()
            .filter(|pull| wanted(pull))
            .map(|pull| {
                let reason = pull.reason.as_deref().unwrap_or(otherwise);
                format!("{}: {reason}", pull.stream)
            })
            .collect();
        (!told.is_empty()).then(|| told.join("; "))
    };
    let failed = reasons(&|pull| pull.state == PullState::Failed, "the pull failed");
    let partial = reasons(
        &|pull| pull.state != PullState::Failed && !complete(pull),
        "the window is not proven complete",
    );
    let (state, level, reason) = if newest.is_empty() {
        (FreshnessState::Never, None, Some("never pulled".to_owned()))
    } else if failed.is_some() {
        (FreshnessState::Failed, None, failed)
    } else if partial.is_some() {
        (FreshnessState::Partial, None, partial)
    } else {
        match last_success.and_then(|success| staleness(terms, as_of.duration_since(success))) {
            Some((level, limit)) => {
                let reason = format!("older than {} hours", limit.as_secs() / 3600);
                (FreshnessState::Stale, Some(level), Some(reason))
            }
            None => (FreshnessState::Ok, None, None),
        }
    };
    Freshness {
        source: terms.name.clone(),
        state,
        level,
        last_success,
        reason,
    }
}

fn staleness(terms: &SourceTerms, age: SignedDuration) -> Option<(BannerLevel, Duration)> {
    let is_past = |limit: Duration| SignedDuration::try_from(limit).is_ok_and(|limit| age > limit);
    if is_past(terms.max_age) {
        Some((BannerLevel::Red, terms.max_age))
    } else {
        let warn_age = terms.warn_age.filter(|limit| is_past(*limit))?;
        Some((BannerLevel::Amber, warn_age))
    }
}
