//! The manifest of the landing: which pulls were committed, which files count, where each stream
//! stands, and therefore how fresh each source is.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::canonical::Entity;
use crate::fault::Failure;
use crate::landing::LandedFile;

use super::audit::NewAuditEntry;

/// How a pull ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullState {
    /// Everything was read and everything fitted.
    Ok,
    /// Committed, but rows were quarantined or the window is not proven complete.
    Partial,
    /// Nothing of it was committed.
    Failed,
}

impl PullState {
    /// The spelling in the store and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }

    /// The state of a spelling.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Ok, Self::Partial, Self::Failed]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// One pull of one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// A UUID of version 7.
    pub pull_id: String,
    /// The run that it belongs to.
    pub run_id: String,
    /// The source's name.
    pub source: String,
    /// The stream's name.
    pub stream: String,
    /// The entities that the stream feeds.
    pub entities: Vec<Entity>,
    /// When it began, by our clock; the `extracted_at` of its rows.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// How it ended.
    pub state: PullState,
    /// Whether the window is proven complete.
    pub sealed: bool,
    /// Rows that came.
    pub row_count: u64,
    /// Rows that were landed as new versions, tombstones among them.
    pub landed_count: u64,
    /// Rows that were quarantined.
    pub rejected_count: u64,
    /// What the source itself counted.
    pub reported_count: Option<u64>,
    /// How many different records came from what it counted, which is what its count is compared
    /// with: rows also hold children.
    pub listed_count: Option<u64>,
    /// Why it is partial or failed, on one line.
    pub reason: Option<String>,
}

/// Which files to list.
#[derive(Debug, Clone, Default)]
pub struct FileFilter {
    /// Of this entity.
    pub entity: Option<Entity>,
    /// Of this source.
    pub source: Option<String>,
    /// With rows that were extracted at or before this instant.
    pub as_of: Option<Timestamp>,
    /// The quarantine's files instead of the records'.
    pub quarantine: bool,
}

/// A refresh token that the vendor replaced, sealed with a key that is not in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotatedToken {
    /// The source's name.
    pub source: String,
    /// Ciphertext, nonce in front.
    pub sealed: Vec<u8>,
    /// When it was received.
    pub received_at: Timestamp,
}

/// What is left of a rate budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateBudget {
    /// Its name, a digest.
    pub budget: String,
    /// When the requests so far are paid for, at the steady rate.
    pub paid_at: Option<Timestamp>,
    /// Before this instant nothing is asked for.
    pub not_before: Option<Timestamp>,
    /// Why, where that is longer than a run waits.
    pub reason: Option<String>,
    /// When it was noted.
    pub saved_at: Timestamp,
}

/// A file that was replaced by another one, and whose bytes may be there still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetiredFile {
    /// Its path, relative to the landing's root.
    pub path: String,
    /// Its length in bytes.
    pub size_bytes: u64,
    /// When it was replaced.
    pub retired_at: Timestamp,
    /// Why: `compacted` or `retention`.
    pub reason: String,
}

/// What is known of a field of a source's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownField {
    /// The source's name.
    pub source: String,
    /// What the records are.
    pub entity: Entity,
    /// The field's path in the record as the source gives it, of two names at the most.
    pub path: String,
    /// The pull that first had it.
    pub first_seen_at: Timestamp,
    /// The last pull that had it.
    pub last_seen_at: Timestamp,
    /// Records that were looked at since it was first seen.
    pub records: u64,
    /// Those of them that had it.
    pub present: u64,
}

/// A replacement of files by others that hold the same rows, or what is to be kept of them.
#[derive(Debug, Clone, Default)]
pub struct FileReplacement {
    /// The files that do not count any more.
    pub retired: Vec<LandedFile>,
    /// The files that count from here on.
    pub added: Vec<LandedFile>,
    /// Why: `compacted` or `retention`.
    pub reason: &'static str,
    /// What the trail is to say of it.
    pub audit: Option<NewAuditEntry>,
    /// Landmarks that change with it, by name.
    pub landmarks: Vec<(&'static str, String)>,
}

/// The landmark that names the store: a landing belongs to one store.
pub const STORE_ID: &str = "store_id";
/// The landmark that says from which instant on every version of a record is kept.
pub const KEPT_SINCE: &str = "kept_since";

/// The landmark that says from which instant on superseded versions have their raw record.
pub const RAW_KEPT_SINCE: &str = "raw_kept_since";
/// The landmark that says up to where the last look for what may be let go has come.
pub const RETAINED_UNTIL: &str = "retained_until";

/// Pulls, files and cursors.
#[async_trait]
pub trait ManifestStore: Send + Sync {
    /// Commits a pull: the pull's row, its files and, where given, the stream's cursor, in one
    /// transaction. For a failed pull `files` is empty and `cursor` is `None`, and the cursor that
    /// was there stays.
    async fn commit_pull(
        &self,
        pull: &Pull,
        files: &[LandedFile],
        cursor: Option<&str>,
    ) -> Result<(), Failure>;

    /// Where a stream stands.
    async fn cursor(&self, source: &str, stream: &str) -> Result<Option<String>, Failure>;

    /// Replaces files by others in one transaction. Says `false`, and changes nothing, when one of
    /// the replaced files does not count any more: somebody else was faster.
    async fn replace_files(
        &self,
        replacement: &FileReplacement,
        at: Timestamp,
    ) -> Result<bool, Failure>;

    /// The files that were replaced and may be there still, oldest first.
    async fn retired_files(&self) -> Result<Vec<RetiredFile>, Failure>;

    /// Forgets replaced files, whose bytes are gone.
    async fn forget_retired(&self, paths: &[String]) -> Result<(), Failure>;

    /// One thing that is true of the whole store.
    async fn landmark(&self, name: &str) -> Result<Option<String>, Failure>;

    /// What is known of the fields of a source's records.
    async fn known_fields(&self, source: &str) -> Result<Vec<KnownField>, Failure>;

    /// Keeps what is known of fields, in place of what was known of the same ones.
    async fn save_fields(&self, fields: &[KnownField]) -> Result<(), Failure>;

    /// The committed files that a filter takes, by extraction instant and then path.
    async fn files(&self, filter: &FileFilter) -> Result<Vec<LandedFile>, Failure>;

    /// Per source and stream the newest pull that began at or before `as_of`.
    async fn newest_pulls(&self, as_of: Timestamp) -> Result<Vec<Pull>, Failure>;

    /// Per source and stream the newest complete pull: sealed, and ended `ok` at or before `as_of`.
    async fn newest_committed_pulls(&self, as_of: Timestamp) -> Result<Vec<Pull>, Failure>;

    /// The pulls of a run, in order.
    async fn pulls_of_run(&self, run_id: &str) -> Result<Vec<Pull>, Failure>;

    /// Keeps a rotated refresh token, durably before this returns.
    async fn save_token(&self, token: &RotatedToken) -> Result<(), Failure>;

    /// The last rotated refresh token of a source.
    async fn token(&self, source: &str) -> Result<Option<RotatedToken>, Failure>;

    /// Keeps what is left of a rate budget, in place of what was kept before.
    async fn save_budget(&self, budget: &RateBudget) -> Result<(), Failure>;

    /// What was kept of a rate budget last.
    async fn budget(&self, budget: &str) -> Result<Option<RateBudget>, Failure>;
}
