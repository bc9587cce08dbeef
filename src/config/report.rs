//! `[report.x]`: which reports go to whom.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::DecimalText;

/// The kinds of reports.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ReportKind {
    /// How much of what was billed is wrong.
    DiscrepancyRate,
    /// How long it takes to put right.
    ResolutionTime,
    /// How much of what is owed comes in.
    CollectionStatus,
}

impl ReportKind {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::DiscrepancyRate,
        Self::ResolutionTime,
        Self::CollectionStatus,
    ];

    /// The name in configuration, file names and keys.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DiscrepancyRate => "discrepancy-rate",
            Self::ResolutionTime => "resolution-time",
            Self::CollectionStatus => "collection-status",
        }
    }
}

/// A report and its recipients.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReportConfig {
    /// The kind; the report's name by default.
    pub kind: Option<ReportKind>,
    /// The recipients: addresses, or names of users, who get the branches that they may see.
    pub to: Vec<String>,
    /// The branch that it is about; the whole company by default.
    pub branch: Option<String>,
    /// Metrics and the values from which they are worth a warning.
    pub thresholds: BTreeMap<String, DecimalText>,
    /// Whether the spreadsheet is attached.
    pub attachments: Option<bool>,
}

impl ReportConfig {
    /// The kind of the report that is configured under `name`.
    pub fn kind_of(&self, name: &str) -> Option<ReportKind> {
        self.kind.or_else(|| {
            ReportKind::ALL
                .iter()
                .copied()
                .find(|kind| kind.name() == name)
        })
    }
}
