//! The legs of a comparison as they leave the engine: sums and records, not yet judged.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::currency::Currency;

/// One contract row, its words not yet interpreted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the columns of `contracts`")]
pub struct ContractRow {
    pub source: String,
    pub id: String,
    pub branch: Option<String>,
    pub currency: Currency,
    pub quantity: Decimal,
    pub unit_price: Decimal,
    pub discount_percent: Option<Decimal>,
    pub discount_ends_on: Option<Date>,
    pub starts_on: Timestamp,
    pub ends_on: Option<Timestamp>,
    pub frequency: Option<String>,
    pub model: Option<String>,
    pub commit_quantity: Option<Decimal>,
    pub overage_price: Option<Decimal>,
    pub proration: Option<String>,
    pub status: Option<String>,
}

/// Usage of one unit at one instant, summed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageSum {
    /// The source's name.
    pub source: String,
    /// The branch, where all rows name the same.
    pub branch: Option<String>,
    /// How many periods after the compared one it lies; negative before it.
    pub offset: i32,
    /// When the usage began.
    pub starts_on: Timestamp,
    /// The sum.
    pub quantity: Decimal,
    /// How many rows were summed.
    pub row_count: u64,
}

/// Billed lines of one unit, source, currency and period, summed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BilledSum {
    /// The source's name.
    pub source: String,
    /// The lowest branch that a line names.
    pub branch: Option<String>,
    /// The currency.
    pub currency: Currency,
    /// How many periods after the compared one they lie; negative before it.
    pub offset: i32,
    /// The sum of the quantities; absent when a line has none.
    pub quantity: Option<Decimal>,
    /// The sum of the net amounts, credits being negative.
    pub net: Decimal,
    /// How many lines were summed.
    pub line_count: u64,
}

/// All legs of one customer and product around one period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LegGroup {
    /// The golden account's id, or a stand-in for an account that resolves to none.
    pub account: String,
    /// The canonical product code.
    pub sku: String,
    /// The contract rows, drafts left out, whenever they are active.
    pub contracts: Vec<ContractRow>,
    /// The usage of the period and its neighbours.
    pub usage: Vec<UsageSum>,
    /// The bills of the period and its neighbours.
    pub billed: Vec<BilledSum>,
}

/// One billed line of a unit that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the names are the columns of `invoice_lines` and `invoices`"
)]
pub struct BilledLine {
    pub source: String,
    pub id: String,
    pub invoice_id: String,
    pub number: String,
    pub issued_on: Date,
    pub currency: Currency,
    /// How many periods after the compared one it lies.
    pub offset: i32,
    /// `service_from`, or the day of issue where that is absent.
    pub billed_on: Date,
    pub service_from: Option<Date>,
    pub service_to: Option<Date>,
    pub quantity: Option<Decimal>,
    pub unit_price: Option<Decimal>,
    pub net: Decimal,
}

/// One usage row of a unit that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the columns of `usage`")]
pub struct UsageRow {
    pub source: String,
    pub id: String,
    pub quantity: Decimal,
}

/// The records behind a unit that differs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitRecords {
    /// The billed lines of the period and its neighbours.
    pub lines: Vec<BilledLine>,
    /// The usage rows of the period.
    pub usage: Vec<UsageRow>,
}

/// How many living rows an entity of a source has, and how many of them no leg takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowCount {
    /// The source's name.
    pub source: String,
    /// The entity's name.
    pub entity: String,
    /// Living rows.
    pub extracted: u64,
    /// Rows that the legs leave out.
    pub excluded: u64,
}
