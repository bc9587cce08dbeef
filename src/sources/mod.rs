//! 1 pull: from a CRM, a billing API or a file to canonical records. A connector is data; the
//! engine owns loops, retries and limits.
//!
//! `registry` opens a source from its configuration; `connector` is the form of a connector file;
//! `http` pulls from an API that such a file describes; `files` reads files of many formats;
//! `mapping` turns their records into canonical ones; `json` reads numbers by their own text.

mod connector;
mod error;
mod exchanged;
mod files;
mod http;
mod json;
mod mapping;
mod page;
mod registry;
mod source;

pub use error::{Exchanged, SourceError};
pub use page::{Gone, MappedPage, PullReport, PullRequest, Seal, Seen, Whole};
pub use registry::{BudgetKeeper, KeptBudget, OpenSource, TokenKeeper, default_roles, open};
pub use source::{MappedField, ProbeReport, Source, StreamInfo};
