//! What can go wrong while receivables are computed.

use crate::fault::{Fault, Retry};
use crate::money::MoneyError;

/// Why receivables or cases could not be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CollectionsError {
    /// A sum, a product or a quotient left the range of exact decimals.
    #[error("receivables cannot be summed")]
    Sum(#[from] MoneyError),
}

impl Fault for CollectionsError {
    fn code(&self) -> &'static str {
        "XF-C001"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some("look for an invoice or payment of an impossible amount".into())
    }

    fn effect(&self) -> Option<String> {
        Some("receivables are unknown, and no collection step is taken".into())
    }
}
