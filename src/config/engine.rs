//! `[store]`, `[landing]`, `[engine]` and `[ops]`.

use std::net::SocketAddr;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{ByteSize, Retention};
use crate::secret::SecretRef;

/// Where discrepancies, runs and mails are kept.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// `sqlite:path` or `postgres://user@host/db`.
    pub url: String,
    /// The password of the Postgres user.
    pub password: Option<SecretRef>,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            url: "sqlite:var/crossfoot.db".into(),
            password: None,
        }
    }
}

/// Where records land.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LandingConfig {
    /// `file:path`.
    pub url: String,
    /// The key by which new files are encrypted: 16 or 32 bytes in base64 or hex, as
    /// `openssl rand -base64 32` makes them. Without it files are not encrypted.
    pub encryption_key: Option<SecretRef>,
    /// Keys that older files were encrypted by.
    pub old_encryption_keys: Vec<SecretRef>,
    /// When so many files of an entity, source and month can be merged, a job that pulls merges
    /// them at its end; 0 merges none.
    pub compact_after: u16,
    /// For how long superseded versions and dead records are kept: `7 years`, `18 months`,
    /// `90 days` or `forever`. The newest version of a living record is always kept, and so is what
    /// open periods and open items need.
    pub retention: Retention,
    /// For how long a superseded version keeps the record as the source gave it, and for how long
    /// rejects are kept; as long as `retention` where it is not set.
    pub raw_retention: Option<Retention>,
    /// A legal hold: nothing is let go, whatever its age.
    pub hold: bool,
}

impl Default for LandingConfig {
    fn default() -> Self {
        Self {
            url: "file:var/landing".into(),
            encryption_key: None,
            old_encryption_keys: Vec::new(),
            compact_after: 16,
            retention: Retention::years(7),
            raw_retention: None,
            hold: false,
        }
    }
}

/// The comparing engine's limits.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EngineConfig {
    /// How much memory it may take before it spills to disk.
    pub memory_limit: ByteSize,
    /// Where it spills; a folder under the landing by default.
    pub spill_dir: Option<PathBuf>,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            memory_limit: ByteSize(2 << 30),
            spill_dir: None,
        }
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// Lines for people.
    Text,
}

/// The operations endpoint and the log.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OpsConfig {
    /// Where `/metrics`, `/healthz` and `/readyz` are served. Loopback only.
    pub listen: SocketAddr,
    /// `json` or `text`; by default text on a terminal.
    pub log: Option<LogFormat>,
}

impl Default for OpsConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 9464)),
            log: None,
        }
    }
}
