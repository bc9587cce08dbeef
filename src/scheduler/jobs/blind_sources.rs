//! What cannot be trusted now: the sources that failed, are partial or too old, and what that hides.

use super::ledger::Ledger;
use crate::canonical::Entity;
use crate::config::Role;
use crate::env::Env;
use crate::reconcile::BlindSource;
use crate::report::kpi::{BannerLevel, Freshness, FreshnessState};
use crate::store::PullState;

/// The sources whose failure, gaps or age make that nothing can be said of what they could decide.
pub(super) fn blind_sources(env: &Env, ledger: &Ledger) -> Vec<BlindSource> {
    let blind = |source: &&Freshness| match source.state {
        FreshnessState::Failed | FreshnessState::Partial | FreshnessState::Never => true,
        FreshnessState::Stale => source.level == Some(BannerLevel::Red),
        FreshnessState::Ok => false,
    };
    ledger
        .freshness
        .iter()
        .filter(blind)
        .map(|source| BlindSource {
            source: source.source.clone(),
            entities: blind_entities(env, ledger, source),
            reason: source
                .reason
                .clone()
                .unwrap_or_else(|| "is not up to date".into()),
        })
        .collect()
}

/// The rows that the newest pull of each stream put into the quarantine. A stream that feeds several
/// entities counts them under its first.
pub(super) fn rejected_rows(ledger: &Ledger) -> Vec<(String, Entity, u64)> {
    ledger
        .newest_pulls
        .iter()
        .filter(|pull| pull.rejected_count > 0)
        .filter_map(|pull| {
            let entity = pull.entities.first()?;
            Some((pull.source.clone(), *entity, pull.rejected_count))
        })
        .collect()
}

/// What of a blind source cannot be trusted: the entities of its streams that did not end well, or
/// all that it lands when it is too old. Empty stands for everything.
fn blind_entities(env: &Env, ledger: &Ledger, source: &Freshness) -> Vec<Entity> {
    let all = || match env.config.source.get(&source.source) {
        Some(config) if config.connector == "files" => config.files.keys().copied().collect(),
        _ => Vec::new(),
    };
    if !matches!(
        source.state,
        FreshnessState::Failed | FreshnessState::Partial
    ) {
        return all();
    }
    let ended_badly = ledger.newest_pulls.iter().filter(|pull| {
        pull.source == source.source && !(pull.state == PullState::Ok && pull.sealed)
    });
    let mut entities = Vec::new();
    for pull in ended_badly {
        if pull.entities.is_empty() {
            return all();
        }
        entities.extend_from_slice(&pull.entities);
    }
    entities.sort_unstable();
    entities.dedup();
    entities
}

/// Whether some source lands payments that cannot be trusted now; the reason, where there is one.
pub(super) fn stale_cash(env: &Env, ledger: &Ledger) -> Option<String> {
    let lands_payments = |source: &str| {
        ledger.roles.get(source).is_some_and(|roles| {
            roles
                .iter()
                .any(|role| matches!(role, Role::Billing | Role::Bank))
        }) && env.config.source.get(source).is_some_and(|config| {
            let selected = config
                .streams
                .as_ref()
                .is_none_or(|streams| streams.contains(&Entity::Payments));
            selected
                && (config.connector != "files" || config.files.contains_key(&Entity::Payments))
        })
    };
    blind_sources(env, ledger)
        .into_iter()
        .find(|blind| lands_payments(&blind.source))
        .map(|blind| format!("{} {}", blind.source, blind.reason))
}
