//! What every source can do, whether an API or a folder of files.

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::page::{MappedPage, PullReport, PullRequest};
use crate::canonical::Entity;
use crate::fault::Failure;

/// A stream of a source: what is pulled and committed as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamInfo {
    /// Its name, unique in the source.
    pub name: String,
    /// The entities that it feeds.
    pub entities: Vec<Entity>,
}

/// A field of the source's records that a column is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedField {
    /// What the records are.
    pub entity: Entity,
    /// The column.
    pub column: &'static str,
    /// The field's path, dotted, in the record as the source gives it.
    pub path: String,
}

/// What a probe found: that the source answers, and what it can miss.
#[derive(Debug, Clone, Default)]
pub struct ProbeReport {
    /// One line per thing that was seen to work.
    pub works: Vec<String>,
    /// One line per thing that the source can miss by its nature.
    pub can_miss: Vec<String>,
}

/// A configured source.
#[async_trait]
pub trait Source: Send + Sync {
    /// Its name in the configuration.
    fn name(&self) -> &str;

    /// Its streams, in the order in which they are best pulled.
    fn streams(&self) -> Vec<StreamInfo>;

    /// One line per thing that it can miss by the way in which it is read.
    fn can_miss(&self) -> Vec<String> {
        Vec::new()
    }

    /// The fields that its columns are read from, as far as they stand in the records themselves.
    fn mapped_fields(&self) -> Vec<MappedField> {
        Vec::new()
    }

    /// How many of its streams may be pulled side by side.
    fn streams_at_once(&self) -> usize {
        1
    }

    /// Pulls one stream. Pages go into `pages` as they come; the channel's bound is the only
    /// buffer. An error means that nothing of this pull may be committed.
    async fn pull(
        &self,
        request: PullRequest,
        pages: mpsc::Sender<MappedPage>,
    ) -> Result<PullReport, Failure>;

    /// Asks for the least that proves credentials, reach and rights.
    async fn probe(&self) -> Result<ProbeReport, Failure>;
}
