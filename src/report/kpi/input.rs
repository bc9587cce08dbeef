//! What a report is rendered from: one `as_of`, one scope, and the freshness of every source.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::figures::Kpi;
use crate::config::ReportKind;
use crate::currency::Currency;
use crate::reconcile::Discrepancy;

/// An open invoice, as the collection report lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceLine {
    /// `source:id`.
    pub invoice: String,
    /// The invoice's number.
    pub number: String,
    /// The golden account's id.
    pub account: String,
    /// The golden account's name.
    pub account_name: String,
    /// When it was issued.
    pub issued_on: Date,
    /// When it is due.
    pub due_on: Date,
    /// Days past due at the day the figures are taken; negative before.
    pub days_past_due: i64,
    /// The currency.
    pub currency: Currency,
    /// Its total.
    pub total: Decimal,
    /// What is open of it.
    pub open: Decimal,
}

/// A collection case, as the report lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseLine {
    /// The invoice's number.
    pub number: String,
    /// The golden account's name.
    pub account_name: String,
    /// The state, with the level's name.
    pub state: String,
    /// Days past due.
    pub days_past_due: i64,
    /// The currency.
    pub currency: Currency,
    /// What is open.
    pub open: Decimal,
    /// What the last evaluation did, and why it held.
    pub action: String,
}

/// What a report is rendered from.
#[derive(Debug, Clone)]
pub struct ReportInput {
    /// Which report.
    pub kind: ReportKind,
    /// The company's name.
    pub company: String,
    /// The scope's name: the branch, or the company.
    pub scope: String,
    /// The company's zone, for dates and the as-of.
    pub timezone: jiff::tz::TimeZone,
    /// The run that computed the figures.
    pub run_id: String,
    /// What was known; the same as in `kpi`.
    pub as_of: Timestamp,
    /// The figures of the period.
    pub kpi: Kpi,
    /// The figures of up to 12 earlier periods, oldest first; periods without figures are missing.
    pub history: Vec<Kpi>,
    /// All discrepancies of the period and all open ones, in the order of the book.
    pub discrepancies: Vec<Discrepancy>,
    /// Open invoices at the day the figures are taken.
    pub open_invoices: Vec<InvoiceLine>,
    /// Collection cases.
    pub cases: Vec<CaseLine>,
    /// Rows by source and entity that the landing has: (source, entity, rows), for the footer.
    pub extracts: Vec<(String, String, u64)>,
    /// The version of the report: 2 and more carry `CORRECTED`.
    pub version: u32,
    /// What changed since the version before: (figure, was, is).
    pub corrections: Vec<(String, String, String)>,
    /// Metrics and their thresholds.
    pub thresholds: Vec<(String, Decimal)>,
    /// Whether the spreadsheet is wanted.
    pub attachments: bool,
}
