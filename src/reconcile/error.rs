//! Why a comparison could not be made, or a move was refused.

use std::error::Error;
use std::path::PathBuf;

use crate::fault::{Exit, Fault, Retry};

use super::discrepancy::DiscrepancyState;

/// Everything that can go wrong while comparing.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The engine failed in the middle of its work.
    #[error("the comparing engine failed while {doing}")]
    Engine {
        /// What it was doing.
        doing: &'static str,
        /// What it said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The engine ran out of memory where it cannot spill.
    #[error("the comparing engine ran out of its memory limit while {doing}")]
    Memory {
        /// What it was doing.
        doing: &'static str,
        /// What it said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A statement that a person wrote is no query over the landed tables.
    #[error("the statement cannot be run: {statement}")]
    Statement {
        /// The statement, on one line.
        statement: String,
        /// What is wrong with it.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A landed file's path cannot be read.
    #[error("the landed file has no usable path: {0}")]
    Path(String),
    /// A sum or product does not fit an exact decimal.
    #[error("a figure does not fit an exact decimal: {0}")]
    Overflow(String),
    /// Rows went in that did not come out, or came out twice.
    #[error(
        "completeness does not hold for {entity} of source `{source_name}`: extracted {extracted}, \
         accounted for {accounted}"
    )]
    Untied {
        /// The source's name.
        source_name: String,
        /// The entity's name.
        entity: String,
        /// The living rows and the rejected ones.
        extracted: u64,
        /// Matched, unmatched, out of scope and rejected rows together.
        accounted: u64,
    },
    /// Rows that have no room in memory cannot be kept on disk.
    #[error("rows that have no room in memory cannot be {action} in `{}`", folder.display())]
    Spill {
        /// `written` or `read`.
        action: &'static str,
        /// The folder for them.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A value of a leg has a type that an exact comparison cannot use.
    #[error("column `{column}` must be {wanted}, found: {found}")]
    ColumnType {
        /// The column.
        column: String,
        /// What is needed.
        wanted: &'static str,
        /// What the leg gives.
        found: String,
    },
    /// A currency that is none.
    #[error("a landed amount has no currency of ISO 4217: {0}")]
    NoCurrency(String),
    /// A function of a rule or a query was given what it cannot take.
    #[error("a rule or query asks for a figure that is none: {0}")]
    Figure(String),
    /// A rule file cannot be used.
    #[error("rule file {file} cannot be used")]
    RuleFile {
        /// Its path or name.
        file: String,
        /// What is wrong with it.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A leg of a rule cannot be asked.
    #[error("leg `{leg}` of rule `{rule}` cannot be compared")]
    RuleLeg {
        /// The rule.
        rule: String,
        /// The leg.
        leg: String,
        /// Whether a column is missing or of a wrong type; else its text is no query.
        is_column: bool,
        /// What is wrong, and where.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// No rule has that name.
    #[error("there is no such rule; the rules are {known}: {name}")]
    NoRule {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// The table of states does not allow the move.
    #[error("{id} cannot go from {from} to {to}; a person may move it to: {legal}")]
    IllegalMove {
        /// The item.
        id: String,
        /// Its state.
        from: DiscrepancyState,
        /// The state that was asked for.
        to: DiscrepancyState,
        /// The states that a person may move it to.
        legal: String,
    },
    /// The move needs a second person.
    #[error("{id} needs an approver other than `{proposer}` to become {to}; legal moves: {legal}")]
    NeedsApprover {
        /// The item.
        id: String,
        /// Who proposed it.
        proposer: String,
        /// The state that was asked for.
        to: DiscrepancyState,
        /// The states that a person may move it to.
        legal: String,
    },
    /// The move needs something beside the state.
    #[error("{id} cannot become {to} without {what}; legal moves: {legal}")]
    Incomplete {
        /// The item.
        id: String,
        /// The state that was asked for.
        to: DiscrepancyState,
        /// What is missing, with the valid choices.
        what: String,
        /// The states that a person may move it to.
        legal: String,
    },
}

impl Fault for ReconcileError {
    fn code(&self) -> &'static str {
        match self {
            Self::Engine { .. } => "XF-R001",
            Self::Memory { .. } => "XF-R002",
            Self::Overflow(_) => "XF-R003",
            Self::Untied { .. } => "XF-R004",
            Self::Path(_) => "XF-R005",
            Self::Statement { .. }
            | Self::RuleLeg {
                is_column: false, ..
            } => "XF-R006",
            Self::ColumnType { .. } | Self::RuleLeg { .. } => "XF-R007",
            Self::NoCurrency(_) => "XF-R008",
            Self::Figure(_) => "XF-R020",
            Self::RuleFile { .. } => "XF-R009",
            Self::NoRule { .. } => "XF-R010",
            Self::IllegalMove { .. } => "XF-R011",
            Self::NeedsApprover { .. } => "XF-R012",
            Self::Incomplete { .. } => "XF-R013",
            Self::Spill { .. } => "XF-R019",
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::Engine { .. } | Self::Untied { .. } | Self::Spill { .. } => Retry::NextRun,
            _ => Retry::Never,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Memory { .. } => "raise `[engine] memory_limit`",
            Self::Engine { .. } => {
                "run `crossfoot landing verify`, and look at the free disk space"
            }
            Self::Spill { .. } => {
                "make room there, let `[engine] spill_dir` name another folder, or raise \
                 `[engine] memory_limit`"
            }
            Self::Untied { .. } => "run `crossfoot landing verify`; nothing was recorded",
            Self::Overflow(_) => "look for an absurd amount among the records of this unit",
            Self::Statement { .. } => {
                "tables are named as entities; `<entity>_versions` has every version"
            }
            Self::ColumnType { .. } => "cast the column in the rule's SQL, and keep money decimal",
            Self::Figure(_) => {
                "take texts that mean nothing out first: exact(nullif(text, 'NULL'))"
            }
            Self::RuleFile { .. } => "config/rules/README.md describes the file of a rule",
            Self::RuleLeg { .. } => {
                "`crossfoot landing query \"select * from invoices limit 1\"` shows an entity's columns"
            }
            Self::Path(_) | Self::NoCurrency(_) => "run `crossfoot landing verify`",
            Self::NoRule { .. } | Self::IllegalMove { .. } | Self::Incomplete { .. } => {
                return None;
            }
            Self::NeedsApprover { .. } => "name a second person with `--approver`",
        };
        Some(hint.into())
    }

    fn effect(&self) -> Option<String> {
        match self {
            Self::Engine { .. }
            | Self::Memory { .. }
            | Self::Spill { .. }
            | Self::Untied { .. }
            | Self::Overflow(_) => {
                Some("the period keeps the figures of its last reconcile".into())
            }
            Self::IllegalMove { .. } | Self::NeedsApprover { .. } | Self::Incomplete { .. } => {
                Some("nothing was changed".into())
            }
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::RuleFile { .. }
            | Self::RuleLeg { .. }
            | Self::NoRule { .. }
            | Self::Statement { .. } => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}
