//! A record that does not fit: kept whole, with the reason, until a person has looked at it.

use serde::{Deserialize, Serialize};

use super::entity::Entity;

/// A quarantined record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// What it should have been a record of.
    pub entity: Entity,
    /// The source that it came from.
    pub source: String,
    /// Its id, where it had one that could be read.
    pub id: Option<String>,
    /// Where it stood: a file and line, or a page of a stream.
    pub origin: String,
    /// The field that did not fit.
    pub field: String,
    /// The field's raw text, cut at 200 characters.
    pub text: Option<String>,
    /// Why it did not fit.
    pub reason: String,
    /// The whole record as the source gave it.
    pub raw: String,
}
