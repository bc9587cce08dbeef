//! 1 pull: from a CRM, a billing API or a file to canonical records. A connector is data; the
//! engine owns loops, retries and limits.

mod page;
mod source;

pub use page::{MappedPage, PullReport, PullRequest, Seal};
pub use source::{ProbeReport, Source, StreamInfo};
