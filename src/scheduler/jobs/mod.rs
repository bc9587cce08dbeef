//! The jobs: the only place where two stages meet. The decisions are made here, the loops run in
//! the stages.

mod apply_payment;
mod backfill_periods;
mod blind_sources;
mod claimed_lines;
mod close_checks;
mod close_period;
mod closed_item;
mod closed_kpi;
mod compact_landing;
mod compute_kpi;
mod correct_records;
mod deliver_mails;
mod evaluate_collections;
mod explain_item;
mod field_watch;
mod ledger;
mod match_landing;
mod open_landing;
mod open_source;
mod owner;
mod parked;
mod period_book;
mod query_landing;
mod rates;
mod reconcile_periods;
mod record_outcome;
mod replay_rules;
mod resume_source;
mod retain_landing;
mod run_job;
mod send_reports;
mod separate_duties;
mod sync_scope;
mod sync_sources;
mod tend_landing;

pub use apply_payment::{ApplyRequest, apply_payment};
pub use backfill_periods::{BackfillPeriod, BackfillRequest, BackfillSummary, backfill_periods};
pub use close_checks::Check;
pub use close_period::{PeriodChange, move_period, refuse_illegal};
pub use compact_landing::{CompactSummary, compact_landing};
pub use compute_kpi::{compute_kpi, keep_kpis, report_input, standing_kpi};
pub use correct_records::correct_records;
pub use deliver_mails::{DeliverySummary, deliver_mails};
pub(crate) use evaluate_collections::cash_book;
pub use evaluate_collections::{CollectionsSummary, evaluate_collections};
pub use explain_item::explain_item;
pub use ledger::{Ledger, load_ledger, source_roles, source_states};
pub use match_landing::{AdoptSummary, adopt_landing, match_landing};
pub use open_landing::{landing_keys, open_landing, read_landing};
pub(crate) use open_source::{open_source, open_source_offline};
pub use owner::this_process;
pub use period_book::{PeriodBook, refuse_kept, refuse_kept_period};
pub use query_landing::query_landing;
pub use reconcile_periods::{CurrencySums, PeriodSummary, open_periods, reconcile_periods};
pub use replay_rules::{
    ReplayChange, ReplayFigures, ReplayItem, ReplayMoney, ReplayPeriod, ReplaySight, replay_rules,
};
pub use resume_source::resume_source;
pub use retain_landing::{RetentionSummary, retain_landing};
pub use run_job::{JobError, JobSummary, run_job, with_run};
pub use send_reports::{ReportSummary, send_report, write_report};
pub use separate_duties::refuse_own_cash;
pub use sync_scope::SyncScopeError;
pub use sync_sources::{SyncSummary, sync_sources};
pub use tend_landing::{GcSummary, TendSummary, collect_garbage, every_file, tend_landing};
