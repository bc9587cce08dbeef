//! What a pull may be asked for: the sources and streams that are configured.

use crate::fault::{Exit, Fault, Retry};

/// A name in the request that the configuration does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SyncScopeError {
    /// No such source.
    #[error("there is no source `{name}`")]
    NoSource {
        /// What was asked for.
        name: String,
        /// The nearest one that is there.
        near: Option<String>,
    },
    /// No source that was asked for has such a stream.
    #[error("no source has a stream `{0}`")]
    NoStream(String),
}

impl Fault for SyncScopeError {
    fn code(&self) -> &'static str {
        "XF-J101"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoSource {
                near: Some(near), ..
            } => Some(format!("did you mean `{near}`?")),
            _ => Some("`crossfoot status` lists the sources and their streams".into()),
        }
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}
