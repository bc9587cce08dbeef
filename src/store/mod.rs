//! 5 the book: runs, the manifest of the landing, discrepancies, cases, mails and the audit trail,
//! in SQLite or Postgres behind one contract.

mod audit;
mod book;
mod case;
mod cash;
mod close;
mod crosswalk;
mod error;
mod lock;
mod manifest;
mod migrations;
mod open;
mod outbox;
mod period;
#[cfg(feature = "postgres")]
mod postgres;
mod run;
mod snapshot;
mod sql;
mod sqlite;

pub use audit::{AuditEntry, AuditStore, NewAuditEntry};
pub use book::{
    BookStore, ChangeParts, ChangeSender, DiscrepancyChange, DiscrepancyFilter, Reconciliation,
    Recurrence,
};
pub use case::{Case, CaseStore};
pub use cash::{CASH_PASSED_AT, CASH_PASSES_SINCE, CashDecision, CashPart, CashStore, CashWait};
pub use close::CloseStore;
pub use crosswalk::{CrosswalkEntry, CrosswalkStore};
pub use error::StoreError;
pub use manifest::{
    FileFilter, FileReplacement, KEPT_SINCE, KnownField, ManifestStore, Pull, PullState,
    RAW_KEPT_SINCE, RETAINED_UNTIL, RateBudget, RetiredFile, RotatedToken, STORE_ID,
};
pub use open::{Access, OpenStore, backup, open, open_folder};
pub use outbox::{MailState, OutboxMail, OutboxStore};
pub use period::{PeriodClose, PeriodMove, PeriodStore};
pub use run::{NewRun, ParkedSource, Run, RunState, RunStore, Schedule};
pub use snapshot::{KpiSnapshot, ReportVersion, SnapshotStore};

/// Everything that crossfoot keeps. One behaviour suite holds every implementation to it.
pub trait Store:
    RunStore
    + ManifestStore
    + CrosswalkStore
    + BookStore
    + CaseStore
    + CashStore
    + OutboxStore
    + SnapshotStore
    + PeriodStore
    + AuditStore
    + CloseStore
{
}

impl<S> Store for S where
    S: RunStore
        + ManifestStore
        + CrosswalkStore
        + BookStore
        + CaseStore
        + CashStore
        + OutboxStore
        + SnapshotStore
        + PeriodStore
        + AuditStore
        + CloseStore
{
}
