//! What can keep the demo from starting.

use std::path::PathBuf;

use crate::fault::{Fault, Retry};

/// What can keep the demo from starting.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// No port of the loopback interface could be taken.
    #[error("no port of 127.0.0.1 could be taken for the demo's servers")]
    Listen(#[source] std::io::Error),
    /// A file of the demo could not be written or taken away.
    #[error("a file of the demo could not be changed: {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: std::io::Error,
    },
}

impl Fault for DemoError {
    fn code(&self) -> &'static str {
        match self {
            Self::Listen(_) => "XF-W001",
            Self::File { .. } => "XF-W002",
        }
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Listen(_) => "allow this process to listen on the loopback interface".into(),
            Self::File { .. } => "name a folder that can be written with `--dir`".into(),
        })
    }
}
