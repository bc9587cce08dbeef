//! A report as it is sent or written to files.

use crate::config::ReportKind;

/// A chart as a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartImage {
    /// Its content id, unique in the report; the HTML names it as `cid:<this>`.
    pub content_id: String,
    /// The message of the chart in one sentence.
    pub alt: String,
    /// PNG, at twice the size that it is shown at.
    pub png: Vec<u8>,
}

/// A spreadsheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Its file name.
    pub file_name: String,
    /// XLSX.
    pub bytes: Vec<u8>,
}

/// A rendered report. The same input gives the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Which report it is.
    pub kind: ReportKind,
    /// The subject, at most 70 characters, figures first, no customer's name.
    pub subject: String,
    /// The HTML part, under 80 KB.
    pub html: String,
    /// The plain text part, with every headline figure and the top ten.
    pub text: String,
    /// The charts that the HTML names.
    pub charts: Vec<ChartImage>,
    /// The attachment.
    pub sheet: Option<Sheet>,
    /// Every printed headline figure: name and text.
    pub figures: Vec<(String, String)>,
    /// Every printed figure whose change makes a new version: the headlines and what stands beside
    /// them and in the tables, without what changes by the mere passing of time.
    pub printed: Vec<(String, String)>,
}
