//! `crossfoot store`.

use std::path::PathBuf;

use clap::Subcommand;

use super::context::{Context, store_request};
use super::output;
use crate::fault::{Exit, Failure};
use crate::store::Access;

#[derive(Debug, Subcommand)]
pub(super) enum StoreVerb {
    /// Bring the store's schema up to this version
    Migrate,
    /// Copy a SQLite store while it may be in use
    Backup {
        /// The new file
        to: PathBuf,
    },
}

pub(super) async fn run(context: &Context, verb: &StoreVerb) -> Result<Exit, Failure> {
    match verb {
        StoreVerb::Migrate => {
            context.open(Access::Write).await?;
            output::line("the store is up to date")?;
        }
        StoreVerb::Backup { to } => {
            let config = context.config()?;
            context.begin_log(Some(&config));
            crate::store::backup(store_request(&config, Access::Read)?, to).await?;
            output::line(format!("wrote {}", to.display()))?;
        }
    }
    Ok(Exit::Done)
}
