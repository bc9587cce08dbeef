//! One proposed correction.

use rust_decimal::Decimal;

use crate::currency::Currency;
use crate::period::Period;
use crate::reconcile::discrepancy::{DiscrepancyState, Kind, ResolutionCode, Severity, spelled};

use serde::{Deserialize, Serialize};

spelled! {
    /// What is to be done to a record.
    Act {
        /// A field of it gets another value.
        Update = "update",
        /// It is removed.
        Delete = "delete",
        /// It is the same as another one.
        Merge = "merge",
        /// It is missing.
        Create = "create",
        /// It is issued, and taken back by a credit memo.
        Credit = "credit",
    }
}

/// A proposal: one act on one field of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// A stable id, derived from the item, the act and the record.
    pub id: String,
    /// What is to be done.
    pub act: Act,
    /// 1 for what is usually done; 2 and more stand in place of it.
    pub choice: u8,
    /// The system: a source's name, or `crossfoot` for its own configuration.
    pub system: Option<String>,
    /// What kind of record.
    pub entity: String,
    /// The record's id in its system; `None` where it is to be created.
    pub record_id: Option<String>,
    /// What people call it: an invoice's number, a contract's product.
    pub record_number: Option<String>,
    /// The customer's record in that system.
    pub account_record: Option<String>,
    /// The field.
    pub field: String,
    /// Its present value.
    pub present: Option<String>,
    /// The value that it should have.
    pub proposed: Option<String>,
    /// What it changes of what is billed: plus bills more, minus bills less.
    pub effect: Decimal,
    /// The currency of the effect.
    pub currency: Currency,
    /// Whether the effect is an estimate.
    pub estimated: bool,
    /// The code with which the item would be resolved by it.
    pub code: ResolutionCode,
    /// How it is usually done, in a sentence.
    pub how: String,
    /// The records on both sides that show it.
    pub evidence: String,
    /// The item.
    pub discrepancy: String,
    /// Its kind.
    pub kind: Kind,
    /// Where it stands.
    pub state: DiscrepancyState,
    /// How much it matters.
    pub severity: Severity,
    /// The rule that found it.
    pub rule: String,
    /// The service period.
    pub period: Period,
    /// The golden account.
    pub account: String,
    /// Its name.
    pub account_name: String,
    /// The branch.
    pub branch: Option<String>,
    /// The product.
    pub sku: String,
}
