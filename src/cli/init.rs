//! `crossfoot init`.

use std::fs;
use std::path::PathBuf;

use clap::Args;

use super::context::Context;
use super::output;
use crate::fault::{Exit, Failure, Fault, Retry};

/// The annotated configuration that ships with crossfoot.
const STARTER: &str = include_str!("../../config/crossfoot.toml");

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  crossfoot init /etc/crossfoot")]
pub(super) struct InitArguments {
    /// The folder that crossfoot.toml is written to
    #[arg(default_value = ".")]
    folder: PathBuf,
}

#[derive(Debug, thiserror::Error)]
enum InitError {
    #[error("there is a configuration already: {0}")]
    Exists(PathBuf),
    #[error("the starter configuration could not be written: {path}")]
    Unwritable {
        path: PathBuf,
        #[source]
        cause: std::io::Error,
    },
}

impl Fault for InitError {
    fn code(&self) -> &'static str {
        match self {
            Self::Exists(_) => "XF-K006",
            Self::Unwritable { .. } => "XF-K007",
        }
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Exists(_) => "name another folder, or edit the file that is there".into(),
            Self::Unwritable { .. } => "name a folder that you may write to".into(),
        })
    }
}

pub(super) fn run(context: &Context, arguments: &InitArguments) -> Result<Exit, Failure> {
    use std::io::Write;
    context.begin_log(None);
    let path = arguments.folder.join("crossfoot.toml");
    let unwritable = |cause| InitError::Unwritable {
        path: path.clone(),
        cause,
    };
    fs::create_dir_all(&arguments.folder).map_err(unwritable)?;
    let created = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path);
    let mut file = match created {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(InitError::Exists(path).into());
        }
        Err(error) => return Err(unwritable(error).into()),
    };
    file.write_all(STARTER.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(unwritable)?;
    output::line(format!("wrote {}", path.display()))?;
    output::line("next: fill in your sources, then run `crossfoot check`")?;
    Ok(Exit::Done)
}
