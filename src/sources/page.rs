//! What a pull is asked for, what travels page by page, and what it says at the end.

use jiff::Timestamp;

use crate::canonical::{CanonicalBatch, Entity, Reject};

/// One page, mapped: typed records, and what did not fit.
#[derive(Debug, Default)]
pub struct MappedPage {
    /// Records by entity; one page of a stream may feed several entities.
    pub batches: Vec<CanonicalBatch>,
    /// Records that did not fit, for the quarantine.
    pub rejects: Vec<Reject>,
    /// Records that the source says are gone. Those that were landed are buried; of others nothing
    /// lands.
    pub gone: Vec<Gone>,
    /// Records that the source still has, of which no more is known.
    pub seen: Vec<Seen>,
    /// Parents that were read with all of their children.
    pub whole: Vec<Whole>,
}

/// A record that the source no longer has, or no longer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// What it is a record of.
    pub entity: Entity,
    /// Its id.
    pub id: String,
    /// When it went, where the source says so. A version of it in the same pull that changed later
    /// counts more; without a stamp, none does.
    pub at: Option<Timestamp>,
}

/// Ids of living records, from a sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What they are records of.
    pub entity: Entity,
    /// The ids.
    pub ids: Vec<String>,
}

/// A parent whose children all came: the landed ones that did not come are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// What the children are.
    pub entity: Entity,
    /// The children's column that names the parent.
    pub column: &'static str,
    /// The parent, as that column names it.
    pub parent: String,
}

/// One stream, from where to where.
#[derive(Debug, Clone)]
pub struct PullRequest {
    /// The stream's name in the connector.
    pub stream: String,
    /// Where the last committed pull of this stream ended; `None` pulls all since `start`.
    pub cursor: Option<String>,
    /// Ignore the cursor and read everything.
    pub full: bool,
    /// The instant of the pull; it stands in for an absent `updated_at`.
    pub now: Timestamp,
}

/// Whether the window is proven complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seal {
    /// The end was proven and, where the source counts, its count ties.
    Sealed,
    /// It was not, and why.
    Unsealed(String),
}

/// What a finished pull says of itself.
#[derive(Debug, Clone)]
pub struct PullReport {
    /// Where the next pull starts; committed together with the files.
    pub cursor: Option<String>,
    /// Whether the window is proven complete.
    pub seal: Seal,
    /// Entities of which the pull saw every living record, so that an id that was landed before
    /// and did not come is gone.
    pub full_sweeps: Vec<Entity>,
    /// How many records the source itself counted.
    pub reported_rows: Option<u64>,
    /// How many different records came from what it counted. Not the rows: an invoice that is
    /// counted once also brings its lines.
    pub listed_rows: Option<u64>,
    /// How many pages were read.
    pub page_count: u64,
    /// Why the records are not all understood although all came: statuses that the map does not
    /// know. They land, and the source is partial.
    pub gaps: Vec<String>,
    /// What a person should know: unknown columns.
    pub warnings: Vec<String>,
}
