//! What would put a discrepancy right: which record of which system to update, delete, merge,
//! create or credit. Proposals and nothing more: no vendor is ever written to.

mod choices;
mod correction;
mod drafts;
mod propose;
mod records;

pub use correction::{Act, Correction};
pub use propose::{CorrectionFacts, propose_corrections};
pub use records::BilledFacts;
