//! 3 compare: legs are added up to units, units that differ become discrepancies, and discrepancies
//! live until they are proven fixed.

pub mod cash;
mod discrepancy;
mod outcome;

pub use discrepancy::{
    Discrepancy, DiscrepancyEvent, DiscrepancyState, Kind, ResolutionCode, Severity, Side,
    WaitingOn,
};
pub use outcome::{AccountRef, Completeness, Finding, Outcome, UnitTotals};
