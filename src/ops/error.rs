//! What can go wrong with the operations endpoint and the log.

use std::io;
use std::net::SocketAddr;

use thiserror::Error;

use crate::fault::{Exit, Fault, Retry};

/// The errors of operations. They come of the configuration, and so have its letter.
#[derive(Debug, Error)]
pub enum OpsError {
    /// An address that other machines could reach.
    #[error("`ops.listen` is reachable from other machines: {listen}")]
    NotLoopback {
        /// The address as configured.
        listen: SocketAddr,
    },
    /// Somebody listens there already.
    #[error("another process listens at `ops.listen`: {listen}")]
    InUse {
        /// The address as configured.
        listen: SocketAddr,
    },
    /// Any other failure to listen.
    #[error("cannot listen at `ops.listen`: {listen}")]
    Listen {
        /// The address as configured.
        listen: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A second log in one process.
    #[error("the log is already set up")]
    LogTwice,
}

impl Fault for OpsError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotLoopback { .. } => "XF-K081",
            Self::InUse { .. } => "XF-K082",
            Self::Listen { .. } => "XF-K083",
            Self::LogTwice => "XF-K084",
        }
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotLoopback { .. } => Some(
                "write an address of this machine, as 127.0.0.1:9464; to read it from elsewhere, \
                 put a proxy that asks for credentials in front"
                    .into(),
            ),
            Self::InUse { .. } => Some(
                "stop the other process (is a daemon running already?), or set another port in \
                 `[ops] listen`"
                    .into(),
            ),
            Self::Listen { .. } => Some("set another address in `[ops] listen`".into()),
            Self::LogTwice => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::LogTwice => Exit::Failed,
            _ => Exit::Usage,
        }
    }
}
