//! A contract row's words, interpreted.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::config::Proration;
use crate::currency::Currency;
use crate::reconcile::legs::ContractRow;

/// How often a contract's amount is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frequency {
    Once,
    Month,
    Quarter,
    Year,
}

impl Frequency {
    /// How many months a cycle has; a single charge has none.
    pub(super) const fn months(self) -> Option<i32> {
        match self {
            Self::Once => None,
            Self::Month => Some(1),
            Self::Quarter => Some(3),
            Self::Year => Some(12),
        }
    }

    /// How many cycles a year has; a single charge does not recur.
    pub(super) const fn cycles_per_year(self) -> Option<i64> {
        match self {
            Self::Once => None,
            Self::Month => Some(12),
            Self::Quarter => Some(4),
            Self::Year => Some(1),
        }
    }
}

/// What decides the quantity that is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    /// The contract's quantity.
    Fixed,
    /// The larger of the contract's quantity and the usage.
    PerSeatTrueup,
    /// The usage.
    Usage,
    /// The larger of the commitment and the usage.
    Commit,
}

impl Model {
    /// Whether usage can change what is expected.
    pub(super) const fn is_metered(self) -> bool {
        !matches!(self, Self::Fixed)
    }

    /// Whether it is billed after the period, on the day for arrears.
    pub(super) const fn is_arrears(self) -> bool {
        matches!(self, Self::PerSeatTrueup | Self::Usage)
    }
}

/// A contract row that can be charged. Percentages are percent figures; ends are exclusive.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    pub(super) source: String,
    pub(super) id: String,
    pub(super) branch: Option<String>,
    pub(super) currency: Currency,
    pub(super) quantity: Decimal,
    pub(super) unit_price: Decimal,
    pub(super) discount_percent: Decimal,
    pub(super) discount_ends_on: Option<Date>,
    pub(super) starts_at: Timestamp,
    pub(super) ends_at: Option<Timestamp>,
    pub(super) frequency: Frequency,
    pub(super) model: Model,
    pub(super) commit_quantity: Option<Decimal>,
    pub(super) overage_price: Option<Decimal>,
    pub(super) proration: Option<Proration>,
    /// The tax in percent; absent where tax is not compared.
    pub(super) tax_rate: Option<Decimal>,
    /// Whether it was cancelled.
    pub(super) is_cancelled: bool,
    /// Cancelled or ended without an end: it cannot say when it was active.
    pub(super) is_void: bool,
}

/// Interprets a row; `None` where it has a word that crossfoot does not know, so that nothing can be
/// said of its unit.
pub(super) fn interpret(row: &ContractRow) -> Option<Terms> {
    let frequency = match row.frequency.as_deref() {
        None | Some("month") => Frequency::Month,
        Some("once") => Frequency::Once,
        Some("quarter") => Frequency::Quarter,
        Some("year") => Frequency::Year,
        Some(_) => return None,
    };
    let model = match row.model.as_deref() {
        None | Some("fixed") => Model::Fixed,
        Some("per_seat_trueup") => Model::PerSeatTrueup,
        Some("usage") => Model::Usage,
        Some("commit") => Model::Commit,
        Some(_) => return None,
    };
    let proration = match row.proration.as_deref() {
        None => None,
        Some("second") => Some(Proration::Second),
        Some("day_actual") => Some(Proration::DayActual),
        Some("day_30") => Some(Proration::Day30),
        Some("none") => Some(Proration::None),
        Some("next_cycle") => Some(Proration::NextCycle),
        Some(_) => return None,
    };
    let is_over = matches!(row.status.as_deref(), Some("cancelled" | "ended"));
    Some(Terms {
        source: row.source.clone(),
        id: row.id.clone(),
        branch: row.branch.clone(),
        currency: row.currency,
        quantity: row.quantity,
        unit_price: row.unit_price,
        discount_percent: row.discount_percent.unwrap_or_default(),
        discount_ends_on: row.discount_ends_on,
        starts_at: row.starts_on,
        ends_at: row.ends_on,
        frequency,
        model,
        commit_quantity: row.commit_quantity,
        overage_price: row.overage_price,
        proration,
        tax_rate: row.tax_rate,
        is_cancelled: row.status.as_deref() == Some("cancelled"),
        is_void: is_over && row.ends_on.is_none(),
    })
}
