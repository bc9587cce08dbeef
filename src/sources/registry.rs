//! From the configuration of a source to the source itself.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::error::SourceError;
use super::source::Source;
use super::{connector, files, http};
use crate::clock::Clock;
use crate::config::{Role, SourceConfig};
use crate::currency::Currency;
use crate::fault::Failure;

/// The connector that reads files instead of an API.
const FILES: &str = "files";

/// Keeps refresh tokens that a vendor replaced. What it is given is sealed already.
#[async_trait]
pub trait TokenKeeper: Send + Sync {
    /// The sealed token of a source, if one was kept.
    async fn load(&self, source: &str) -> Result<Option<Vec<u8>>, Failure>;

    /// Keeps a sealed token in place of the last one. It must be durable when this returns: the
    /// vendor may accept no other from now on.
    async fn save(&self, source: &str, sealed: &[u8]) -> Result<(), Failure>;
}

/// What is left of a rate budget, as the next process must know it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeptBudget {
    /// When the requests so far are paid for, at the steady rate.
    pub paid_at: Option<Timestamp>,
    /// Before this instant nothing is asked for.
    pub not_before: Option<Timestamp>,
    /// Why, where that is longer than a run waits: nothing is waited for then.
    pub reason: Option<String>,
}

/// Keeps rate budgets over restarts. A budget's name says nothing of its credential.
#[async_trait]
pub trait BudgetKeeper: Send + Sync {
    /// What was kept of a budget last.
    async fn load(&self, budget: &str) -> Result<Option<KeptBudget>, Failure>;

    /// Keeps a budget in place of what was kept last.
    async fn save(&self, budget: &str, kept: &KeptBudget) -> Result<(), Failure>;
}

/// What a source is opened with.
pub struct OpenSource<'a> {
    /// Its name in the configuration.
    pub name: &'a str,
    /// Its table in the configuration.
    pub config: &'a SourceConfig,
    /// The folder of the configuration file; relative paths start there.
    pub base: &'a Path,
    /// The zone of its books.
    pub zone: TimeZone,
    /// The currency of the company, for amounts to which a vendor names none.
    pub currency: Currency,
    /// The time, where a server does not tell it.
    pub clock: Clock,
    /// Where rotated refresh tokens are kept.
    pub tokens: Arc<dyn TokenKeeper>,
    /// Where rate budgets are kept.
    pub budgets: Arc<dyn BudgetKeeper>,
}

/// Opens a source: reads its connector and its secrets. Asks nothing of the source itself.
pub fn open(request: OpenSource<'_>) -> Result<Arc<dyn Source>, Failure> {
    if request.config.connector == FILES {
        Ok(Arc::new(files::open(&request)?))
    } else {
        Ok(Arc::new(http::open(request)?))
    }
}

/// The roles of a source: its own, else its connector's. A `files` source must say them.
pub fn default_roles(config: &SourceConfig, base: &Path) -> Result<Vec<Role>, Failure> {
    if let Some(roles) = &config.role {
        return Ok(roles.as_slice().to_vec());
    }
    if config.connector == FILES {
        return Err(SourceError::NoRole {
            source_name: FILES.to_owned(),
        }
        .into());
    }
    let spec = connector::load(&config.connector, config, base)?;
    Ok(spec.role.as_slice().to_vec())
}
