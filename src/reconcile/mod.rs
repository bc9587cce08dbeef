//! 3 compare: legs are added up to units, units that differ become discrepancies, and discrepancies
//! live until they are proven fixed.
//!
//! The way through: accounts of all systems become customers (`identity`), the `engine` adds up the
//! legs, `billing` builds units and tells why they differ, `rule` does the same for rules of one's
//! own, `tally` proves that no row was lost, and `lifecycle` says what becomes of each item.

mod acceptance;
mod account_fields;
mod billing;
pub mod cash;
mod catalog;
mod corrections;
mod discrepancy;
mod engine;
mod error;
mod explanation;
mod history;
mod identity;
mod input;
mod legs;
mod lifecycle;
mod likely_cause;
mod outcome;
mod overview;
mod rates;
mod rule;
mod short_id;
mod tally;
mod tolerance;
mod version;
mod worth;

pub use acceptance::{Acceptance, Way};
pub use account_fields::{ACCOUNT_RULE, explain_accounts, reconcile_accounts};
pub use billing::{BILLING_RULE, explain_billing, reconcile_billing};
pub use corrections::{Act, BilledFacts, Correction, CorrectionFacts, propose_corrections};
pub use discrepancy::{
    Candidate, Discrepancy, DiscrepancyEvent, DiscrepancyState, Kind, ResolutionCode, Severity,
    Side, WaitingOn,
};
pub use engine::{LandingQuestion, QueryResult, query, tables_named};
pub use error::ReconcileError;
pub use explanation::{Explanation, FieldTold, RecordTold};
pub use history::{PeriodHistory, STREAK_PERIODS};
pub use identity::{AccountDirectory, GoldenAccount, Provenance, resolve_identity};
pub use input::{BlindSource, EntityFiles, ReconcileInput, WhichRule};
pub use lifecycle::{
    Advance, Opened, Opening, PeriodAct, PeriodError, PeriodRequest, PeriodState, PersonMove,
    advance, as_known, decide_period_move, legal_moves, legal_period_acts, move_by_person,
    undecided_units, watched_records, watched_units,
};
pub use likely_cause::{OneSided, likely_cause, likely_cause_of_items};
pub use outcome::{
    AccountRef, Completeness, Finding, FindingSink, Outcome, SeenUnit, SkippedField, UnitTotals,
};
pub use overview::{FindingGroup, Glance, Groups, group_findings};
pub use rule::{
    Absent, Aggregate, Comparison, LegRows, Measure, MeasureType, NamedKind, RuleFile, RuleLeg,
    check_rule, explain_rule, reconcile_rule, reconcile_rule_into,
};
pub use version::rules_version;
pub use worth::{Amounts, Found, ItemWorth, Off, Standing, UnitWorth};
