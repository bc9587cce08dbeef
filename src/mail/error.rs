//! What can be wrong with mail before a server is asked.

use std::path::PathBuf;

use crate::fault::{Exit, Fault, Retry};
use crate::secret::SecretError;

/// Why mail cannot be composed or sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The URL of `[mail]` is none that mail can leave by.
    #[error("mail.url cannot be used, {reason}: `{url}`")]
    Url {
        /// What is wrong.
        reason: &'static str,
        /// The URL, without a password.
        url: String,
    },
    /// An address is not one.
    #[error("`{field}` is no mail address: `{address}`")]
    Address {
        /// Where it stands.
        field: String,
        /// The address.
        address: String,
    },
    /// An address lies outside of the allowed domains.
    #[error("the domain is not in mail.allowed_domains: `{address}`")]
    Domain {
        /// The address.
        address: String,
    },
    /// A part of a mail's key would blur it.
    #[error("a mail's key needs a {part} without `/` or control characters: `{value}`")]
    Key {
        /// Which part.
        part: &'static str,
        /// Its value.
        value: String,
    },
    /// The mail could not be put together.
    #[error("the mail could not be put together")]
    Compose(#[source] lettre::error::Error),
    /// The password could not be read.
    #[error("the password of `{user}` could not be read")]
    Password {
        /// The user in the URL.
        user: String,
        /// Why.
        #[source]
        cause: SecretError,
    },
    /// The certificate authority could not be read.
    #[error("mail.ca could not be read: `{path}`")]
    AuthorityFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The file of the certificate authority holds no certificate.
    #[error("mail.ca holds no certificate")]
    AuthorityEmpty,
    /// TLS could not be set up with the configured certificate authority.
    #[error("TLS to the mail server could not be set up")]
    Tls(#[source] lettre::transport::smtp::Error),
    /// A mail server refused, or could not be reached.
    #[error("the mail server did not let crossfoot in: {reason}")]
    Server {
        /// What it said.
        reason: String,
        /// Whether a retry may help.
        is_transient: bool,
    },
    /// The folder of `file:` mail cannot be written.
    #[error("the mail folder cannot be written: `{path}`")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
}

impl Fault for MailError {
    fn code(&self) -> &'static str {
        match self {
            Self::Url { .. } => "XF-M001",
            Self::Address { .. } => "XF-M002",
            Self::Domain { .. } => "XF-M003",
            Self::Key { .. } => "XF-M004",
            Self::Compose(_) => "XF-M005",
            Self::Password { .. } => "XF-M006",
            Self::AuthorityFile { .. } => "XF-M007",
            Self::Tls(_) => "XF-M008",
            Self::Server { .. } => "XF-M009",
            Self::Folder { .. } => "XF-M010",
            Self::AuthorityEmpty => "XF-M011",
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::Server {
                is_transient: true, ..
            }
            | Self::Folder { .. } => Retry::NextRun,
            _ => Retry::Never,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Url { .. } => "write smtps://user@host:465, smtp+starttls://user@host:587, \
                                 file:folder, or smtp://127.0.0.1:25 for a server on this machine"
                .into(),
            Self::Address { .. } => {
                "write name@domain, or `Name <name@domain>` for a sender".into()
            }
            Self::Domain { .. } => {
                "correct the address, or add its domain to mail.allowed_domains".into()
            }
            Self::Password { cause, .. } => cause.hint(),
            Self::AuthorityFile { .. } | Self::AuthorityEmpty | Self::Tls(_) => {
                "mail.ca is a PEM file with the certificate of an authority".into()
            }
            Self::Server { .. } => {
                "check user, password and certificate, then run `crossfoot check`".into()
            }
            Self::Folder { .. } => "check that crossfoot's user may write there".into(),
            Self::Key { .. } | Self::Compose(_) => return None,
        })
    }

    fn effect(&self) -> Option<String> {
        Some("no mail is sent; what is in the outbox stays there".into())
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Url { .. }
            | Self::Address { .. }
            | Self::Domain { .. }
            | Self::Password { .. }
            | Self::AuthorityFile { .. }
            | Self::AuthorityEmpty
            | Self::Tls(_) => Exit::Usage,
            Self::Key { .. } | Self::Compose(_) | Self::Server { .. } | Self::Folder { .. } => {
                Exit::Failed
            }
        }
    }
}
