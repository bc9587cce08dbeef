//! Secrets and where they are kept. A secret is never written inline in the configuration, and its
//! text never reaches a log, a URL, the store, a report or an argument list.

use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// A secret's text. `Debug` and `Display` print a placeholder.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(SecretString::from(text))
    }

    /// The text itself. Call this only where the secret is used.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

/// Writes a file that only its owner can read, over one that is there: what it holds is the
/// company's alone, though no secret of ours.
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    file.write_all(bytes)
}

/// Where a secret is kept: exactly one of the three.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum SecretRef {
    /// An environment variable.
    Env(String),
    /// A file that only its owner can read; relative to the configuration file.
    File(PathBuf),
    /// A systemd credential's name, under `$CREDENTIALS_DIRECTORY`.
    Credential(String),
}

/// Why a secret could not be read. Never holds the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set, or is empty.
    #[error("environment variable `{0}` is not set")]
    Unset(String),
    /// The file could not be read.
    #[error("secret file `{path}` could not be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: std::io::Error,
    },
    /// Others than the owner can read the file.
    #[error("secret file `{path}` can be read by others (mode {mode:o})")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// systemd gave no credentials to this process.
    #[error("credential `{0}` is not there: systemd set no $CREDENTIALS_DIRECTORY")]
    NoCredentials(String),
}

impl SecretError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Unset(name) => format!("set {name} in the environment of crossfoot"),
            Self::Unreadable { .. } => {
                "check the path and that crossfoot's user may read it".into()
            }
            Self::Exposed { path, .. } => format!("run `chmod 600 {}`", path.display()),
            Self::NoCredentials(name) => {
                format!("add `LoadCredential={name}:/path/to/file` to the unit")
            }
        }
    }
}

impl SecretRef {
    /// Reads the secret; surrounding white space is not part of it. `base` is the folder of the
    /// configuration file.
    pub fn resolve(&self, base: &Path) -> Result<Secret, SecretError> {
        match self {
            Self::Env(name) => environment(name)
                .filter(|text| !text.trim().is_empty())
                .map(|text| Secret::new(text.trim().to_owned()))
                .ok_or_else(|| SecretError::Unset(name.clone())),
            Self::File(path) => read_private(&base.join(path)),
            Self::Credential(name) => {
                let folder = environment("CREDENTIALS_DIRECTORY")
                    .ok_or_else(|| SecretError::NoCredentials(name.clone()))?;
                read_text(&Path::new(&folder).join(name))
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one home of secrets")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn read_private(path: &Path) -> Result<Secret, SecretError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(path).map_err(|cause| SecretError::Unreadable {
        path: path.to_owned(),
        cause,
    })?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(SecretError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    read_text(path)
}

fn read_text(path: &Path) -> Result<Secret, SecretError> {
    std::fs::read_to_string(path)
        .map(|text| Secret::new(text.trim().to_owned()))
        .map_err(|cause| SecretError::Unreadable {
            path: path.to_owned(),
            cause,
        })
}
