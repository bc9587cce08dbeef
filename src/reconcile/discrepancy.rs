//! A discrepancy: what differs, in which state it is, and who said so.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::worth::{ItemWorth, UnitWorth};
use crate::currency::Currency;
use crate::period::Period;

/// Defines an enum whose variants have one spelling in JSON, in the store and on the command line.
macro_rules! spelled {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// All of them, in their order.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The one spelling.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(self.name())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|one| one.name() == text).ok_or_else(|| {
                    let names: Vec<_> = Self::ALL.iter().map(|one| one.name()).collect();
                    format!("`{text}` is none of: {}", names.join(", "))
                })
            }
        }
    };
}
pub(super) use spelled;

spelled! {
    /// What kind of difference it is.
    #[expect(missing_docs, reason = "the codes are defined in the taxonomy of the manual")]
    Kind {
        MissingInBilling = "MISSING_IN_BILLING",
        MissingInCrm = "MISSING_IN_CRM",
        Quantity = "QUANTITY",
        UnitPrice = "UNIT_PRICE",
        DiscountExpired = "DISCOUNT_EXPIRED",
        Amount = "AMOUNT",
        Tax = "TAX",
        Currency = "CURRENCY",
        PeriodCutoff = "PERIOD_CUTOFF",
        Proration = "PRORATION",
        Duplicate = "DUPLICATE",
        WrongCode = "WRONG_CODE",
        CancelledBilled = "CANCELLED_BILLED",
        BilledAfterEnd = "BILLED_AFTER_END",
        CustomerMismatch = "CUSTOMER_MISMATCH",
        StaleContact = "STALE_CONTACT",
        OrphanUsage = "ORPHAN_USAGE",
        UnbilledOverage = "UNBILLED_OVERAGE",
        TermsMismatch = "TERMS_MISMATCH",
        VendorCost = "VENDOR_COST",
    }
}

spelled! {
    /// How much it matters.
    Severity {
        /// No money.
        Info = "info",
        /// Less than 5 % of the materiality.
        Low = "low",
        /// From 5 %.
        Medium = "medium",
        /// From 25 %.
        High = "high",
        /// From the materiality on.
        Critical = "critical",
    }
}

spelled! {
    /// Where it stands.
    #[expect(missing_docs, reason = "the states and their moves are in the manual")]
    DiscrepancyState {
        Open = "open",
        Acknowledged = "acknowledged",
        InProgress = "in_progress",
        Waiting = "waiting",
        Proposed = "proposed",
        Approved = "approved",
        Resolved = "resolved",
        Verified = "verified",
        Closed = "closed",
        Dismissed = "dismissed",
        SelfCleared = "self_cleared",
        Reopened = "reopened",
    }
}

impl DiscrepancyState {
    /// Whether it is still somebody's work: what `discrepancies list` shows.
    pub const fn is_listed(self) -> bool {
        !matches!(
            self,
            Self::Verified | Self::Closed | Self::Dismissed | Self::SelfCleared
        )
    }

    /// Whether it is in the open set of the roll-forward and of the ages: not yet claimed fixed.
    pub const fn is_open(self) -> bool {
        self.is_listed() && !matches!(self, Self::Resolved)
    }
}

spelled! {
    /// Whom a waiting item waits for.
    #[expect(missing_docs, reason = "the names say it")]
    WaitingOn {
        Customer = "customer",
        Vendor = "vendor",
        Internal = "internal",
    }
}

spelled! {
    /// How it was resolved, or why it was dismissed.
    #[expect(missing_docs, reason = "the names say it")]
    ResolutionCode {
        BillingCorrected = "billing_corrected",
        CrmCorrected = "crm_corrected",
        UsageCorrected = "usage_corrected",
        CreditIssued = "credit_issued",
        Rebilled = "rebilled",
        ContractAmended = "contract_amended",
        RecordMerged = "record_merged",
        RecordDeleted = "record_deleted",
        WrittenOff = "written_off",
        FalsePositive = "false_positive",
        Timing = "timing",
        DuplicateItem = "duplicate_item",
        AcceptedRisk = "accepted_risk",
    }
}

/// A record that stands on one side of a difference, named by its own numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// `base` (what was sold or used) or `peer` (what was billed).
    pub side: String,
    /// The source's name.
    pub source: String,
    /// The entity's name.
    pub entity: String,
    /// The record's id in its source.
    pub id: String,
    /// What people call it: an invoice's number, a contract's product.
    pub label: String,
    /// Its quantity, as decimal text.
    pub quantity: Option<String>,
    /// Its unit price, as decimal text.
    pub unit_price: Option<String>,
    /// Its amount, as decimal text.
    pub amount: Option<String>,
}

/// What could have been the other side of an item that has none, and why it was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// What was looked past to find it: `currency`, `period`, `sku` or `customer`.
    pub pass: String,
    /// The golden account's id, where that is another one.
    pub account: Option<String>,
    /// The product code.
    pub sku: String,
    /// The service period.
    pub period: Period,
    /// The currency of the amount.
    pub currency: Currency,
    /// Its quantity, as decimal text.
    pub quantity: Option<String>,
    /// Its amount, as decimal text.
    pub amount: Option<String>,
    /// Why it was not taken.
    pub reason: String,
}

/// One item of the book: one fingerprint in one service period. Its id never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discrepancy {
    /// The stable id, derived from the rule, the unit and the kind when it was first opened.
    pub id: String,
    /// Hash of rule, account, product, kind and field: the same over periods.
    pub fingerprint: String,
    /// The rule that found it.
    pub rule: String,
    /// The service period.
    pub period: Period,
    /// What kind it is.
    pub kind: Kind,
    /// Where it stands.
    pub state: DiscrepancyState,
    /// The golden account's id.
    pub account: String,
    /// The golden account's name, as it was last seen.
    pub account_name: String,
    /// The branch.
    pub branch: Option<String>,
    /// The contract's product code where there is one, else the billed or used one.
    pub sku: String,
    /// The currency of the amounts.
    pub currency: Currency,
    /// The field that differs.
    pub field: String,
    /// The field's expected value, as text.
    pub expected: Option<String>,
    /// The field's actual value, as text.
    pub actual: Option<String>,
    /// The unit's expected amount.
    pub unit_expected: Decimal,
    /// The unit's actual amount.
    pub unit_actual: Decimal,
    /// The money of this item: plus is an overcharge, minus is leakage. Kept at the value with the
    /// largest absolute since it opened, also when its cause or its direction changed; only another
    /// currency, or tax instead of revenue, begins anew.
    pub impact: Decimal,
    /// What of the impact is there still, in its direction; zero when the unit agrees, or is off on
    /// the other side by now. Never negative.
    pub outstanding: Decimal,
    /// What later billing took off the size of the impact. What a corrected contract or usage took
    /// off is neither recovered nor outstanding: it was never owed. Never negative.
    pub recovered: Decimal,
    /// The unit as it stands, and as it stood when it was furthest off since this item opened.
    pub unit: UnitWorth,
    /// Impact times the cycles per year, for a recurring charge.
    pub annualised: Option<Decimal>,
    /// How much it matters.
    pub severity: Severity,
    /// Whether an amount in it is an estimate.
    pub estimated: bool,
    /// Whether several candidates stood equally near.
    pub ambiguous: bool,
    /// Other kinds that apply to the same unit.
    pub secondary: Vec<Kind>,
    /// An item that is the other half of this one.
    pub linked_id: Option<String>,
    /// Who works it.
    pub owner: Option<String>,
    /// Whom it waits for.
    pub waiting_on: Option<WaitingOn>,
    /// How it was resolved or why it was dismissed.
    pub code: Option<ResolutionCode>,
    /// Who proposed the resolution, for the separation of duties.
    pub proposed_by: Option<String>,
    /// The records on both sides.
    pub sides: Vec<Side>,
    /// The nearest counterparts that were not taken, at most three.
    pub candidates: Vec<Candidate>,
    /// Digest of the rules, tolerances and settings that decided it.
    pub rules_version: String,
    /// The run that opened it.
    pub opened_run: String,
    /// The last run that saw it.
    pub last_run: String,
    /// When it was first seen; kept when it is carried forward or reopened.
    pub opened_at: Timestamp,
    /// When a person last said that it is resolved.
    pub resolved_at: Option<Timestamp>,
    /// When a sync proved it, or it cleared itself, or it was dismissed.
    pub ended_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// One entry of an item's history. Never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscrepancyEvent {
    /// The item.
    pub discrepancy_id: String,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it: a person's name, or `crossfoot`.
    pub actor: String,
    /// `opened`, `moved`, `updated`, `assigned`, `noted`.
    pub action: String,
    /// The state before.
    pub from_state: Option<DiscrepancyState>,
    /// The state after.
    pub to_state: DiscrepancyState,
    /// The code that was given.
    pub code: Option<ResolutionCode>,
    /// What was said: a note, an owner, the record and run that cured it.
    pub note: Option<String>,
    /// The run, for moves of the system.
    pub run_id: Option<String>,
    /// What the item was worth from then on; absent where that did not change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worth: Option<ItemWorth>,
}
