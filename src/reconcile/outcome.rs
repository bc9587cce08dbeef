//! What a reconcile of one rule and period came to.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::discrepancy::{Candidate, Kind, Severity, Side};
use super::error::ReconcileError;
use super::worth::Amounts;
use crate::currency::Currency;
use crate::money::STORE_SCALE;
use crate::period::Period;

/// A golden account, as units and items name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountRef {
    /// The golden id.
    pub id: String,
    /// The name to show.
    pub name: String,
}

/// One difference as this run sees it; the book decides what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The primary kind, or a further one whose impact is its own.
    pub kind: Kind,
    /// The golden account.
    pub account: AccountRef,
    /// The branch.
    pub branch: Option<String>,
    /// The product code that the item shows.
    pub sku: String,
    /// The currency of the amounts.
    pub currency: Currency,
    /// The field that differs.
    pub field: String,
    /// Its expected value, as text.
    pub expected: Option<String>,
    /// Its actual value, as text.
    pub actual: Option<String>,
    /// The unit's expected amount.
    pub unit_expected: Decimal,
    /// The unit's actual amount.
    pub unit_actual: Decimal,
    /// The item's own money; over a unit they add up to actual less expected.
    pub impact: Decimal,
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
    /// The account and product of the finding that is the other half of this one.
    pub linked: Option<(String, String)>,
    /// The nearest counterparts that were not taken, at most three.
    pub candidates: Vec<Candidate>,
    /// The records on both sides.
    pub sides: Vec<Side>,
}

/// What takes findings as they are made, in the order of their units. There may be millions.
pub trait FindingSink: Send {
    /// Takes one.
    fn take(&mut self, finding: Finding) -> Result<(), ReconcileError>;
}

impl FindingSink for Vec<Finding> {
    fn take(&mut self, finding: Finding) -> Result<(), ReconcileError> {
        self.push(finding);
        Ok(())
    }
}

/// Counts and sums of the units of one account, branch and currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitTotals {
    /// The golden account's id.
    pub account: String,
    /// Its name.
    pub account_name: String,
    /// The branch.
    pub branch: Option<String>,
    /// The currency.
    pub currency: Currency,
    /// N: units that were compared, without timing, unknown and out of scope.
    pub units: u64,
    /// X: of these, how many differ beyond tolerance now.
    pub discrepant: u64,
    /// Sum of max(|E|, |A|) over the compared units.
    pub compared_value: Decimal,
    /// Sum of E over the compared units.
    pub expected_value: Decimal,
    /// Sum of |A| over the compared units.
    pub billed_value: Decimal,
    /// Sum of |A − E| over the discrepant units.
    pub discrepant_value: Decimal,
    /// Units that differ because one side is not due yet.
    pub timing: u64,
    /// Their max(|E|, |A|).
    pub timing_value: Decimal,
    /// Units that a failed, partial or stale source could decide.
    pub unknown: u64,
    /// Their max(|E|, |A|).
    pub unknown_value: Decimal,
    /// Units that differ within tolerance.
    pub within_tolerance: u64,
    /// The signed sum of A − E over these.
    pub within_tolerance_net: Decimal,
}

impl UnitTotals {
    /// The same with its amounts as the book keeps them: a rule may compare money to more decimals.
    #[must_use]
    pub fn storable(self) -> Self {
        Self {
            compared_value: storable(self.compared_value),
            expected_value: storable(self.expected_value),
            billed_value: storable(self.billed_value),
            discrepant_value: storable(self.discrepant_value),
            timing_value: storable(self.timing_value),
            unknown_value: storable(self.unknown_value),
            within_tolerance_net: storable(self.within_tolerance_net),
            ..self
        }
    }
}

/// An amount as the book keeps it.
pub(crate) fn storable(amount: Decimal) -> Decimal {
    amount
        .round_dp_with_strategy(STORE_SCALE, RoundingStrategy::MidpointAwayFromZero)
        .normalize()
}

/// A field of a unit: account, product, the record where the unit is one, and the field's name.
pub type SkippedField = (String, String, Option<(String, String)>, String);

/// A unit that the book has an item of, as this run saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenUnit {
    /// The golden account's id.
    pub account: String,
    /// The product.
    pub sku: String,
    /// The currency of the amounts.
    pub currency: Currency,
    /// Its amounts, as they are in the totals.
    pub amounts: Amounts,
    /// The record that the unit is, by source and id, where the rule's units are records.
    pub record: Option<(String, String)>,
    /// Whether it was compared: it is neither unknown nor a timing difference.
    pub is_decided: bool,
    /// Whether it differs beyond tolerance.
    pub is_discrepant: bool,
}

/// The completeness identity of one source and entity: extracted = matched + unmatched + out of
/// scope + rejected, where unmatched = discrepant + timing + unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the identity")]
pub struct Completeness {
    pub source: String,
    pub entity: String,
    pub extracted: u64,
    pub matched: u64,
    pub unmatched: u64,
    pub out_of_scope: u64,
    pub rejected: u64,
    /// Whether the identity holds.
    pub holds: bool,
}

/// What a reconcile of one rule and period came to. Its constructor (`engine`) proves that the
/// completeness identity holds.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The run.
    pub run_id: String,
    /// The rule.
    pub rule: String,
    /// The service period.
    pub period: Period,
    /// What was known: records extracted by this instant.
    pub as_of: Timestamp,
    /// Digest of the rules, tolerances and settings.
    pub rules_version: String,
    /// Digest of the list of input files.
    pub input_digest: String,
    /// Counts and sums by account, branch and currency.
    pub totals: Vec<UnitTotals>,
    /// What base and peer say of the compared units, added with their signs, by currency.
    pub sums: BTreeMap<Currency, Amounts>,
    /// The differences, in a stable order, as far as no other sink has taken them.
    pub findings: Vec<Finding>,
    /// Units that nothing can be said of: (account, product). Their items do not move.
    pub unknown_units: Vec<(String, String)>,
    /// Units that differ only because one side is not due yet: (account, product).
    pub timing_units: Vec<(String, String)>,
    /// Of a rule whose units are records: those that nothing can be said of, by source and id, and
    /// whether that is only because one side is not due yet. Its items are these records.
    pub undecided_records: BTreeMap<(String, String), bool>,
    /// Fields that could not be compared, since a row lacks them: the items of these say as little as
    /// those of an unknown unit.
    pub skipped_fields: BTreeSet<SkippedField>,
    /// The units that were watched, of which there are rows.
    pub watched: Vec<SeenUnit>,
    /// While a source is blind: the units that were seen whole in spite of it, (account, product).
    /// The items of all others do not move, since a unit without any row may only not have been
    /// seen. `None` while nothing is blind: then a unit without a row agrees.
    pub seen_units: Option<Vec<(String, String)>>,
    /// The sources that make units unknown in this period, with the reason.
    pub blind_sources: Vec<(String, String)>,
    /// The completeness identity of every source and entity that took part.
    pub completeness: Vec<Completeness>,
}
