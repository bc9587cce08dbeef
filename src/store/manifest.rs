//! The manifest of the landing: which pulls were committed, which files count, where each stream
//! stands, and therefore how fresh each source is.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::canonical::Entity;
use crate::fault::Failure;
use crate::landing::LandedFile;

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
    /// Extracted at or before this instant.
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
