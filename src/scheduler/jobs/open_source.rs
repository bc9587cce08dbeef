//! From the name of a source to the source: its configuration, and the store as the keeper of its
//! rotated tokens and of rate budgets.

use std::sync::Arc;

use async_trait::async_trait;

use super::sync_scope::SyncScopeError;
use crate::clock::Clock;
use crate::config::{Config, nearest_name};
use crate::env::Env;
use crate::fault::Failure;
use crate::sources::{BudgetKeeper, KeptBudget, OpenSource, Source, TokenKeeper};
use crate::store::{RateBudget, RotatedToken, Store};

/// Opens a configured source.
pub(crate) fn open_source(env: &Env, name: &str) -> Result<Arc<dyn Source>, Failure> {
    let store = Arc::clone(&env.store);
    let keeper = Arc::new(Keeper {
        store,
        clock: env.clock.clone(),
    });
    let tokens = Arc::clone(&keeper) as Arc<dyn TokenKeeper>;
    open_with(&env.config, &env.clock, name, tokens, keeper)
}

/// Opens a configured source without a store, only to see that its settings and secrets are right.
/// Gives what it can miss.
pub(crate) fn open_source_offline(
    config: &Config,
    clock: &Clock,
    name: &str,
) -> Result<Vec<String>, Failure> {
    open_with(
        config,
        clock,
        name,
        Arc::new(Forgetful),
        Arc::new(Forgetful),
    )
    .map(|source| source.can_miss())
}

fn open_with(
    config: &Config,
    clock: &Clock,
    name: &str,
    tokens: Arc<dyn TokenKeeper>,
    budgets: Arc<dyn BudgetKeeper>,
) -> Result<Arc<dyn Source>, Failure> {
    let Some(source) = config.source.get(name) else {
        let near = nearest_name(name, config.source.keys().map(String::as_str));
        return Err(SyncScopeError::NoSource {
            name: name.to_owned(),
            near,
        }
        .into());
    };
    crate::sources::open(OpenSource {
        name,
        config: source,
        base: &config.base,
        zone: config.zone(None),
        currency: config.company.currency,
        clock: clock.clone(),
        tokens,
        budgets,
    })
}

/// Keeps rotated refresh tokens and rate budgets in the store.
struct Keeper {
    store: Arc<dyn Store>,
    clock: Clock,
}

/// Knows no rotated token and no budget, and keeps none.
struct Forgetful;

#[async_trait]
impl TokenKeeper for Forgetful {
    async fn load(&self, _: &str) -> Result<Option<Vec<u8>>, Failure> {
        Ok(None)
    }

    async fn save(&self, _: &str, _: &[u8]) -> Result<(), Failure> {
        Ok(())
    }
}

#[async_trait]
impl TokenKeeper for Keeper {
    async fn load(&self, source: &str) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.store.token(source).await?.map(|token| token.sealed))
    }

    async fn save(&self, source: &str, sealed: &[u8]) -> Result<(), Failure> {
        let token = RotatedToken {
            source: source.to_owned(),
            sealed: sealed.to_vec(),
            received_at: self.clock.now(),
        };
        self.store.save_token(&token).await
    }
}

#[async_trait]
impl BudgetKeeper for Forgetful {
    async fn load(&self, _: &str) -> Result<Option<KeptBudget>, Failure> {
        Ok(None)
    }

    async fn save(&self, _: &str, _: &KeptBudget) -> Result<(), Failure> {
        Ok(())
    }
}

#[async_trait]
impl BudgetKeeper for Keeper {
    async fn load(&self, budget: &str) -> Result<Option<KeptBudget>, Failure> {
        let kept = self.store.budget(budget).await?;
        Ok(kept.map(|kept| KeptBudget {
            paid_at: kept.paid_at,
            not_before: kept.not_before,
            reason: kept.reason,
        }))
    }

    async fn save(&self, budget: &str, kept: &KeptBudget) -> Result<(), Failure> {
        let budget = RateBudget {
            budget: budget.to_owned(),
            paid_at: kept.paid_at,
            not_before: kept.not_before,
            reason: kept.reason.clone(),
            saved_at: self.clock.now(),
        };
        self.store.save_budget(&budget).await
    }
}
