//! `crossfoot config`.

use clap::Subcommand;

use super::context::Context;
use super::output;
use crate::config::Config;
use crate::fault::{Exit, Failure};

#[derive(Debug, Subcommand)]
pub(super) enum ConfigVerb {
    /// The JSON Schema of crossfoot.toml, for editors
    Schema,
    /// The configuration that is in force, defaults included; secrets are shown as references
    Show,
}

pub(super) fn run(context: &Context, verb: &ConfigVerb) -> Result<Exit, Failure> {
    match verb {
        ConfigVerb::Schema => output::json(&Config::json_schema())?,
        ConfigVerb::Show => {
            let config = context.config()?;
            output::line(format!("# {}", context.config_path()?.display()))?;
            output::line(format!("{config:#?}"))?;
        }
    }
    Ok(Exit::Done)
}
