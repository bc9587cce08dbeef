//! Codes in the words of the people who read the mail.

use crate::reconcile::{DiscrepancyState, Kind};

/// A kind of discrepancy in words.
pub(in crate::report) fn kind_words(kind: Kind) -> &'static str {
    match kind {
        Kind::MissingInBilling => "Missing in billing",
        Kind::MissingInCrm => "Missing in CRM",
        Kind::Quantity => "Quantity",
        Kind::UnitPrice => "Unit price",
        Kind::DiscountExpired => "Discount expired",
        Kind::Amount => "Amount",
        Kind::Tax => "Tax",
        Kind::Currency => "Currency",
        Kind::PeriodCutoff => "Period cut-off",
        Kind::Proration => "Proration",
        Kind::Duplicate => "Duplicate",
        Kind::WrongCode => "Wrong code",
        Kind::CancelledBilled => "Cancelled but billed",
        Kind::BilledAfterEnd => "Billed after end",
        Kind::CustomerMismatch => "Customer mismatch",
        Kind::StaleContact => "Stale contact",
        Kind::OrphanUsage => "Orphan usage",
        Kind::UnbilledOverage => "Unbilled overage",
        Kind::TermsMismatch => "Terms mismatch",
        Kind::VendorCost => "Vendor cost",
    }
}

/// A state in words.
pub(in crate::report) fn state_words(state: DiscrepancyState) -> &'static str {
    match state {
        DiscrepancyState::Open => "open",
        DiscrepancyState::Acknowledged => "acknowledged",
        DiscrepancyState::InProgress => "in progress",
        DiscrepancyState::Waiting => "waiting",
        DiscrepancyState::Proposed => "proposed",
        DiscrepancyState::Approved => "approved",
        DiscrepancyState::Resolved => "resolved, not yet proven",
        DiscrepancyState::Verified => "verified",
        DiscrepancyState::Closed => "closed",
        DiscrepancyState::Dismissed => "dismissed",
        DiscrepancyState::SelfCleared => "self-cleared",
        DiscrepancyState::Reopened => "reopened",
    }
}
