//! The settings that decide a comparison, read once, and the digest that names them.

use crate::config::{Config, Proration, ReconcileConfig, Role, SourceRounding, TaxRounding};
use crate::reconcile::input::ReconcileInput;
use crate::reconcile::short_id::fingerprint;
use crate::reconcile::tolerance::Tolerance;

use super::expected::{Discounting, LineRules};

/// Raised whenever the code would decide a unit differently.
const RULES_REVISION: &str = "2";

/// How the billing side works, by configuration.
pub(super) struct Settings<'a> {
    input: &'a ReconcileInput<'a>,
    billing_sources: Vec<&'a str>,
}

impl<'a> Settings<'a> {
    pub(super) fn new(input: &'a ReconcileInput<'a>) -> Self {
        Self {
            input,
            billing_sources: input.sources_with(Role::Billing),
        }
    }

    /// How a unit's lines are computed: by the source that billed it, else by the first that bills.
    pub(super) fn line_rules(
        &self,
        billed_by: Option<&str>,
        sold_by: Option<&str>,
    ) -> LineRules<'a> {
        let config = self.input.config;
        let source = |name: Option<&str>| name.and_then(|name| config.source.get(name));
        let billing = source(billed_by.or(self.billing_sources.first().copied()));
        let rounding = billing.map_or(SourceRounding::default(), |source| source.rounding);
        let proration: Option<Proration> = billing
            .and_then(|source| source.proration)
            .or_else(|| source(sold_by).and_then(|source| source.proration));
        LineRules {
            rounding,
            proration: proration.unwrap_or(config.reconcile.proration),
            forced_proration: None,
            discounting: Discounting::AsAgreed,
            arrears_bill_day: billing
                .and_then(|source| source.arrears_bill_day)
                .unwrap_or(config.reconcile.arrears_bill_day),
            zone: &self.input.zone,
        }
    }

    /// The days of grace before what is missing is true: the longest of the billing sources.
    pub(super) fn lag_days(&self) -> u16 {
        self.billing_sources
            .iter()
            .map(|name| self.lag_days_of(name))
            .max()
            .unwrap_or(self.input.config.reconcile.lag_days)
    }

    /// How many days a source's bill may lie beyond the border of its period.
    pub(super) fn lag_days_of(&self, source: &str) -> u16 {
        let config = self.input.config;
        config
            .source
            .get(source)
            .and_then(|source| source.lag_days)
            .unwrap_or(config.reconcile.lag_days)
    }

    pub(super) fn amount_tolerance(&self) -> Tolerance<'a> {
        let tolerance = &self.input.config.tolerance;
        Tolerance::new(&tolerance.amount, tolerance.mode)
    }

    /// Of tax; as of amounts where it has none of its own.
    pub(super) fn tax_tolerance(&self) -> Tolerance<'a> {
        let tolerance = &self.input.config.tolerance;
        let limits = tolerance.tax.as_ref().unwrap_or(&tolerance.amount);
        Tolerance::new(limits, tolerance.mode)
    }

    /// At which level a source rounds tax.
    pub(super) fn tax_rounding(&self, source: &str) -> TaxRounding {
        let config = self.input.config;
        config
            .source
            .get(source)
            .and_then(|source| source.tax_rounding)
            .unwrap_or(config.reconcile.tax_rounding)
    }

    /// How a source rounds a line.
    pub(super) fn rounding(&self, source: &str) -> SourceRounding {
        let config = self.input.config;
        config
            .source
            .get(source)
            .map_or(SourceRounding::default(), |source| source.rounding)
    }

    /// The billing sources that round tax by the invoice.
    pub(super) fn invoice_taxed(&self) -> Vec<&'a str> {
        self.billing_sources
            .iter()
            .copied()
            .filter(|source| self.tax_rounding(source) == TaxRounding::Invoice)
            .collect()
    }

    pub(super) fn quantity_tolerance(&self) -> Tolerance<'a> {
        let tolerance = &self.input.config.tolerance;
        Tolerance::new(&tolerance.quantity, tolerance.mode)
    }

    pub(super) fn price_tolerance(&self) -> Tolerance<'a> {
        let tolerance = &self.input.config.tolerance;
        Tolerance::new(&tolerance.unit_price, tolerance.mode)
    }
}

/// The digest of everything in the configuration that can decide a unit.
pub(crate) fn rules_digest(config: &Config, rule_text: &str) -> String {
    // Which further rules are compared decides nothing of this one, and what the rule of accounts
    // compares stands in its own text.
    let reconcile = ReconcileConfig {
        rules: Vec::new(),
        account_fields: Vec::new(),
        ..config.reconcile.clone()
    };
    let mut text = format!(
        "{RULES_REVISION}|{rule_text}|{:?}|{:?}|{:?}|{:?}|{:?}|{:?}",
        config.tolerance,
        reconcile,
        config.identity,
        config.company.materiality,
        config.company.currency,
        config.company.timezone,
    );
    let branches = config
        .branch
        .iter()
        .map(|(name, branch)| format!("|branch {name} {:?}", branch.materiality));
    let sources = config.source.iter().map(|(name, source)| {
        format!(
            "|source {name} {:?} {:?} {:?} {:?} {:?} {:?}",
            source.role,
            source.rounding,
            source.proration,
            source.tax_rounding,
            source.lag_days,
            source.arrears_bill_day,
        )
    });
    text.extend(branches.chain(sources));
    fingerprint(&[&text])[..16].to_owned()
}
