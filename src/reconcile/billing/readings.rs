//! What a unit's contracts would make expected if they were read otherwise: with another proration,
//! without a discount, without usage. A bill that agrees with such a reading tells its mistake.

use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::config::Proration;
use crate::currency::Currency;
use crate::period::Period;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::legs::LegGroup;

use super::expected::{Discounting, Expected, LineRules, expect};
use super::judge::Context;
use super::terms::{Terms, interpret};

/// The contracts of one unit, ready to be read in several ways.
pub(super) struct Readings<'c> {
    terms: Vec<Terms>,
    usage: Vec<(Timestamp, Decimal)>,
    period: Period,
    rules: LineRules<'c>,
}

impl<'c> Readings<'c> {
    /// The contracts of a unit in the compared period.
    pub(super) fn of(group: &LegGroup, currency: Currency, context: &Context<'c>) -> Self {
        let terms = terms_in(group, currency);
        let billed_by = group
            .billed
            .iter()
            .filter(|sum| sum.currency == currency)
            .map(|sum| sum.source.as_str())
            .min();
        let sold_by = terms.iter().map(|terms| terms.source.as_str()).min();
        let rules = context.settings.line_rules(billed_by, sold_by);
        Self {
            usage: group
                .usage
                .iter()
                .map(|usage| (usage.starts_on, usage.quantity))
                .collect(),
            period: context.period,
            rules,
            terms,
        }
    }

    /// What would be expected if every contract was prorated so.
    pub(super) fn prorated(
        &self,
        proration: Proration,
    ) -> Result<Option<Expected>, ReconcileError> {
        self.read(LineRules {
            forced_proration: Some(proration),
            ..self.rules
        })
    }

    /// What would be expected if discounts were given so.
    pub(super) fn discounted(
        &self,
        discounting: Discounting,
    ) -> Result<Option<Expected>, ReconcileError> {
        self.read(LineRules {
            discounting,
            ..self.rules
        })
    }

    /// What would be expected if nothing was used.
    pub(super) fn unused(&self) -> Result<Option<Expected>, ReconcileError> {
        let terms: Vec<&Terms> = self.terms.iter().collect();
        expect(&terms, &[], self.period, self.rules)
    }

    /// Whether a contract names a discount at all.
    pub(super) fn has_discount(&self) -> bool {
        self.terms
            .iter()
            .any(|terms| !terms.discount_percent.is_zero())
    }

    /// Whether a contract that ended was cancelled.
    pub(super) fn is_cancelled(&self) -> bool {
        self.terms.iter().any(|terms| terms.is_cancelled)
    }

    fn read(&self, rules: LineRules<'c>) -> Result<Option<Expected>, ReconcileError> {
        let terms: Vec<&Terms> = self.terms.iter().collect();
        expect(&terms, &self.usage, self.period, rules)
    }
}

/// The contracts of a group in one currency, as far as they can be read.
pub(super) fn terms_in(group: &LegGroup, currency: Currency) -> Vec<Terms> {
    group
        .contracts
        .iter()
        .filter(|row| row.currency == currency)
        .filter_map(interpret)
        .collect()
}
