//! What can go wrong while KPIs are computed.

use crate::fault::{Fault, Retry};
use crate::money::MoneyError;

/// Why KPIs could not be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KpiError {
    /// A sum, a product or a quotient left the range of exact decimals.
    #[error("KPIs cannot be summed")]
    Sum(#[from] MoneyError),
}

impl Fault for KpiError {
    fn code(&self) -> &'static str {
        "XF-P801"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some("look for a discrepancy, a rate or an invoice of an impossible amount".into())
    }

    fn effect(&self) -> Option<String> {
        Some("the figures of the period are unknown".into())
    }
}
