//! The legs of a comparison as they leave the engine: sums and records, not yet judged.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::currency::Currency;

/// One contract row, its words not yet interpreted; the names are the columns of `contracts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContractRow {
    pub(crate) source: String,
    pub(crate) id: String,
    pub(crate) branch: Option<String>,
    pub(crate) currency: Currency,
    pub(crate) quantity: Decimal,
    pub(crate) unit_price: Decimal,
    pub(crate) discount_percent: Option<Decimal>,
    pub(crate) discount_ends_on: Option<Date>,
    pub(crate) starts_on: Timestamp,
    pub(crate) ends_on: Option<Timestamp>,
    pub(crate) frequency: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) commit_quantity: Option<Decimal>,
    pub(crate) overage_price: Option<Decimal>,
    pub(crate) proration: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) tax_rate: Option<Decimal>,
}

/// Usage of one unit at one instant, summed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UsageSum {
    /// The source's name.
    pub(crate) source: String,
    /// The branch, where all rows name the same.
    pub(crate) branch: Option<String>,
    /// When the usage began.
    pub(crate) starts_on: Timestamp,
    /// The sum.
    pub(crate) quantity: Decimal,
    /// How many rows were summed.
    pub(crate) row_count: u64,
}

/// Billed lines of one unit, source and currency in the period, summed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BilledSum {
    /// The source's name.
    pub(crate) source: String,
    /// The lowest branch that a line names.
    pub(crate) branch: Option<String>,
    /// The currency.
    pub(crate) currency: Currency,
    /// The sum of the quantities; absent when a line has none.
    pub(crate) quantity: Option<Decimal>,
    /// The sum of the net amounts, credits being negative.
    pub(crate) net: Decimal,
    /// The sum of the taxes; absent when a line tells none.
    pub(crate) tax: Option<Decimal>,
    /// How many lines were summed.
    pub(crate) line_count: u64,
}

/// All legs of one customer and product in one period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LegGroup {
    /// The golden account's id, or a stand-in for an account that resolves to none.
    pub(crate) account: String,
    /// The canonical product code.
    pub(crate) sku: String,
    /// The contract rows, drafts left out, whenever they are active.
    pub(crate) contracts: Vec<ContractRow>,
    /// The usage of the period.
    pub(crate) usage: Vec<UsageSum>,
    /// The bills of the period.
    pub(crate) billed: Vec<BilledSum>,
    /// What vendors count in the period.
    pub(crate) vended: Vec<UsageSum>,
}

/// One billed line of a unit that differs, with the columns of its invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BilledLine {
    pub(crate) source: String,
    pub(crate) id: String,
    pub(crate) invoice_id: String,
    pub(crate) number: String,
    pub(crate) issued_on: Date,
    pub(crate) currency: Currency,
    /// How many periods after the compared one it lies; negative before it.
    pub(crate) offset: i32,
    /// `service_from`, or the day of issue where that is absent.
    pub(crate) billed_on: Date,
    pub(crate) service_from: Option<Date>,
    pub(crate) service_to: Option<Date>,
    pub(crate) quantity: Option<Decimal>,
    pub(crate) unit_price: Option<Decimal>,
    pub(crate) net: Decimal,
    pub(crate) tax: Option<Decimal>,
}

/// A line of an invoice whose tax is rounded as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TaxedLine {
    pub(crate) account: String,
    pub(crate) sku: String,
    pub(crate) currency: Currency,
    /// How many periods after the compared one it lies; negative before it.
    pub(crate) offset: i32,
    pub(crate) net: Decimal,
    pub(crate) tax: Option<Decimal>,
    /// The contract's rate in percent, where there is exactly one.
    pub(crate) rate: Option<Decimal>,
}

/// An invoice whose tax is rounded as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TaxedInvoice {
    /// Its source and id.
    pub(crate) key: String,
    /// The source of its lines.
    pub(crate) source: String,
    /// The tax that the invoice itself tells.
    pub(crate) tax: Option<Decimal>,
    pub(crate) lines: Vec<TaxedLine>,
}

/// One usage row of a unit that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UsageRow {
    pub(crate) source: String,
    pub(crate) id: String,
    /// How many periods after the compared one it lies; negative before it.
    pub(crate) offset: i32,
    pub(crate) starts_on: Timestamp,
    pub(crate) quantity: Decimal,
}

/// The records behind a unit that differs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct UnitRecords {
    /// The billed lines of the period and its neighbours.
    pub(crate) lines: Vec<BilledLine>,
    /// The usage rows of the period and its neighbours.
    pub(crate) usage: Vec<UsageRow>,
    /// The rows of vendors in the period.
    pub(crate) vended: Vec<UsageRow>,
}

/// How many living rows an entity of a source has, and how many of them no leg takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowCount {
    /// The source's name.
    pub(crate) source: String,
    /// The entity's name.
    pub(crate) entity: String,
    /// Living rows.
    pub(crate) extracted: u64,
    /// Rows that the legs leave out.
    pub(crate) excluded: u64,
}
