//! What can go wrong while a report is rendered. All of it is our own fault: the input is checked.

use crate::fault::{Fault, Retry};

/// Why a report could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A template does not fit its document.
    #[error("the template does not fit the document: `{name}`")]
    Template {
        /// The template's name.
        name: &'static str,
        /// What the template engine said.
        #[source]
        cause: minijinja::Error,
    },
    /// A chart could not be drawn.
    #[error("the chart could not be drawn: {reason}")]
    Chart {
        /// What the drawing said.
        reason: String,
    },
    /// The spreadsheet could not be written.
    #[error("the spreadsheet could not be written")]
    Sheet(#[from] rust_xlsxwriter::XlsxError),
    /// A sum does not fit an exact decimal.
    #[error("a sum does not fit an exact decimal: `{0}`")]
    Overflow(&'static str),
}

impl Fault for ReportError {
    fn code(&self) -> &'static str {
        match self {
            Self::Template { .. } => "XF-P001",
            Self::Chart { .. } => "XF-P002",
            Self::Sheet(_) => "XF-P003",
            Self::Overflow(_) => "XF-P004",
        }
    }

    fn retry(&self) -> Retry {
        match self {
            // The spreadsheet may need room in the temporary folder.
            Self::Sheet(_) => Retry::NextRun,
            Self::Template { .. } | Self::Chart { .. } | Self::Overflow(_) => Retry::Never,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Sheet(_) => Some("check that the temporary folder has room".into()),
            Self::Overflow(figure) => Some(format!(
                "look for an amount that cannot be right among what makes up {figure}"
            )),
            Self::Template { .. } | Self::Chart { .. } => None,
        }
    }

    fn effect(&self) -> Option<String> {
        Some("the report is not sent; the figures stay in the book".into())
    }
}
