//! The KPIs: what they are made of, and how each is computed.

mod figures;
mod input;

pub use figures::{
    Aging, Backlog, Banner, BannerLevel, BannerState, CurrencyFigures, DiscrepancyFigures,
    Freshness, FreshnessState, GroupFigures, KindFigures, Kpi, MatchFigures, OpenAges,
    ReceivablesFigures, ResolutionFigures, RollForward,
};
pub use input::{CaseLine, InvoiceLine, ReportInput};
