//! `crossfoot store`.

use std::path::PathBuf;

use clap::Subcommand;

use super::context::{Context, landing_root, store_request};
use super::output;
use crate::fault::{Exit, Failure};
use crate::scheduler::jobs::adopt_landing;
use crate::store::Access;

#[derive(Debug, Subcommand)]
pub(super) enum StoreVerb {
    /// Bring the store's schema up to this version
    Migrate,
    /// Take the files of a landing whose store was lost into this new one
    ///
    /// The files tell whose they are; lengths, digests and totals are taken anew. Discrepancies, mails
    /// and closes do not come back with them: a backup of the store is better. The next pull reads
    /// every source in full and lands only what is new.
    Adopt,
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
        StoreVerb::Adopt => {
            let config = context.config()?;
            context.begin_log(Some(&config));
            let store = context.open_store(&config, Access::Write).await?;
            let root = landing_root(&config)?;
            let summary = adopt_landing(store.as_ref(), &config, &root).await?;
            if context.json() {
                output::json(&summary)?;
                return Ok(Exit::Done);
            }
            for path in &summary.foreign {
                output::line(format!("left alone: {path}"))?;
            }
            output::line(format!(
                "took over {} files with {} rows of {} pulls; run `crossfoot sync` next",
                summary.files, summary.rows, summary.pulls
            ))?;
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
