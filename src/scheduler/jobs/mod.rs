//! The jobs: the only place where two stages meet. The decisions are made here, the loops run in
//! the stages.

mod backfill_periods;
mod close_checks;
mod close_period;
mod closed_item;
mod closed_kpi;
mod compute_kpi;
mod correct_records;
mod deliver_mails;
mod evaluate_collections;
mod ledger;
mod open_source;
mod owner;
mod period_book;
mod query_landing;
mod rates;
mod reconcile_periods;
mod run_job;
mod send_reports;
mod sync_sources;

pub use backfill_periods::{BackfillPeriod, BackfillRequest, BackfillSummary, backfill_periods};
pub use close_checks::Check;
pub use close_period::{PeriodChange, move_period, refuse_illegal};
pub use compute_kpi::{compute_kpi, keep_kpis, report_input, standing_kpi};
pub use correct_records::correct_records;
pub use deliver_mails::{DeliverySummary, deliver_mails};
pub(crate) use evaluate_collections::cash_book;
pub use evaluate_collections::{CollectionsSummary, evaluate_collections};
pub use ledger::{Ledger, load_ledger, source_roles, source_states};
pub(crate) use open_source::{open_source, open_source_offline};
pub use owner::this_process;
pub use period_book::{PeriodBook, refuse_kept, refuse_kept_period};
pub use query_landing::query_landing;
pub use reconcile_periods::{PeriodSummary, open_periods, reconcile_periods};
pub use run_job::{JobError, JobSummary, run_job, with_run};
pub use send_reports::{ReportSummary, send_report, write_report};
pub use sync_sources::{SyncScopeError, SyncSummary, sync_sources};
