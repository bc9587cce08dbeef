//! The KPIs: what they are made of, and how each is computed.
//!
//! All of it is pure: from records of the book and the cash book to one object. Formulas are those
//! of the manual; where a figure cannot be told, it is absent, never zero.

mod adjustments;
mod banner;
mod business_hours;
mod compute;
mod counted;
mod discrepancy_rate;
mod error;
mod figures;
mod freshness;
mod input;
mod kaplan_meier;
mod matching;
mod percentile;
mod recurring;
mod resolution;
mod roll_forward;
mod scope;
mod tally;
mod timeline;
mod unavailable;

pub use adjustments::{Adjustments, UnitFigures, UnitInput, adjustments, unit_figures};
pub use business_hours::business_hours;
pub use compute::{KPI_RULE, KpiInput, compute_kpi};
pub use error::KpiError;
pub use figures::{
    Aging, Backlog, Banner, BannerLevel, BannerState, CloseFacts, CurrencyFigures,
    DiscrepancyFigures, Freshness, FreshnessState, GroupFigures, KindFigures, Kpi, MatchFigures,
    OpenAges, PromiseFigures, ReceivablesFigures, ResolutionFigures, RollForward,
};
pub use freshness::{SourceTerms, freshness};
pub use input::{CaseLine, InvoiceLine, ReportInput};
pub use kaplan_meier::kaplan_meier_median;
pub use matching::FirstPasses;
pub use percentile::percentile_cont;
pub use scope::scope_currency;
