//! What can go wrong while cash is applied.

use crate::fault::{Fault, Retry};
use crate::money::MoneyError;

/// Why cash could not be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CashError {
    /// A sum of amounts left the range of exact decimals.
    #[error("cash cannot be summed")]
    Sum(#[from] MoneyError),
    /// The receipt or invoice does not add up after application, which is a fault of crossfoot.
    #[error("cash does not add up after application: {0}")]
    Untied(String),
}

impl Fault for CashError {
    fn code(&self) -> &'static str {
        match self {
            Self::Sum(_) => "XF-R801",
            Self::Untied(_) => "XF-R802",
        }
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Sum(_) => "look for an invoice or payment of an impossible amount".into(),
            Self::Untied(_) => "this is an error of crossfoot itself; please report it".into(),
        })
    }

    fn effect(&self) -> Option<String> {
        Some("no payment is applied, and receivables are unknown".into())
    }
}
