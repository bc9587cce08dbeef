//! What is different between the three reports: their figures, charts and tables.

mod closing;
mod collection_status;
mod discrepancy_rate;
mod items;
mod resolution_time;
mod trend;

use super::charts::Drawing;
use super::document::{Figure, Frame, Headline, Table};
use super::{ReportError, document};
use crate::config::ReportKind;

/// A chart with its place in the report.
pub(super) struct Chart {
    /// The part that is printed.
    pub(super) figure: Figure,
    /// The drawing, where there is enough to draw.
    pub(super) drawing: Option<Drawing>,
}

/// What a kind of report says.
pub(super) struct Body {
    /// The kind's name in the subject and on top.
    pub(super) title: &'static str,
    /// The one-sentence answer.
    pub(super) answer: String,
    /// The figure of the subject.
    pub(super) subject_figure: String,
    /// Its change.
    pub(super) subject_change: Option<String>,
    pub(super) headlines: Vec<Headline>,
    /// What must be said beside the headlines.
    pub(super) remarks: Vec<String>,
    pub(super) charts: Vec<Chart>,
    pub(super) top: Table,
    pub(super) changes: Vec<String>,
    pub(super) change_table: Option<Table>,
    pub(super) actions: Vec<String>,
    pub(super) action_table: Option<Table>,
    pub(super) definitions: Vec<(&'static str, &'static str)>,
}

/// The body of the report that was asked for.
pub(super) fn body_of(frame: &Frame<'_>) -> Result<Body, ReportError> {
    match frame.input.kind {
        ReportKind::DiscrepancyRate => discrepancy_rate::body(frame),
        ReportKind::ResolutionTime => resolution_time::body(frame),
        ReportKind::CollectionStatus => collection_status::body(frame),
    }
}

/// Where the rows are that a table has no room for.
fn rest(frame: &Frame<'_>, command: &'static str) -> document::Rest {
    if frame.has_attachment() {
        document::Rest::Attachment
    } else {
        document::Rest::Command(command)
    }
}
