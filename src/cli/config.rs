//! `crossfoot config`.

use clap::Subcommand;

use super::context::Context;
use super::output;
use crate::config::Config;
use crate::fault::{Exit, Failure, Fault, Retry};

#[derive(Debug, Subcommand)]
pub(super) enum ConfigVerb {
    /// The JSON Schema of crossfoot.toml, for editors
    Schema,
    /// The configuration that is in force, defaults included; secrets are shown as references
    Show,
}

/// A configuration that cannot be written as TOML.
#[derive(Debug, thiserror::Error)]
#[error("the configuration could not be written")]
struct UnwritableError(#[from] toml::ser::Error);

impl Fault for UnwritableError {
    fn code(&self) -> &'static str {
        "XF-K012"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }
}

pub(super) fn run(context: &Context, verb: &ConfigVerb) -> Result<Exit, Failure> {
    match verb {
        ConfigVerb::Schema => output::json(&Config::json_schema())?,
        ConfigVerb::Show => show(context)?,
    }
    Ok(Exit::Done)
}

fn show(context: &Context) -> Result<(), Failure> {
    let table = context
        .config()?
        .to_table()
        .map_err(UnwritableError::from)?;
    if context.json() {
        return output::json(&table);
    }
    let text = toml::to_string_pretty(&table).map_err(UnwritableError::from)?;
    output::line(format!(
        "# {}\n\n{}",
        context.config_path()?.display(),
        text.trim_end()
    ))
}
