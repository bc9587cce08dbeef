//! How much a difference matters, measured by the materiality M of its branch or the company.
//!
//! ```text
//! base:  |impact| >= M critical | >= 0.25 M high | >= 0.05 M medium | > 0 low | 0 info
//! +1:    an overcharge of at least 0.05 M; DUPLICATE; CANCELLED_BILLED; the third period in a row
//! floor: CURRENCY, CUSTOMER_MISMATCH high; MISSING_IN_CRM medium; a closed period, filed tax high
//! ```

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::config::Config;
use crate::currency::Currency;
use crate::period::Period;
use crate::reconcile::discrepancy::{Kind, Severity};
use crate::reconcile::history::PeriodHistory;
use crate::reconcile::lifecycle::fingerprint_of;
use crate::reconcile::outcome::Finding;
use crate::reconcile::rates::FxRates;

/// What of a finding decides its severity.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SeverityFacts<'a> {
    pub(crate) kind: Kind,
    pub(crate) impact: Decimal,
    pub(crate) currency: Currency,
    pub(crate) branch: Option<&'a str>,
}

/// The materialities, and the rates that bring an impact to them.
pub(crate) struct SeverityScale<'a> {
    company: Option<Decimal>,
    branches: BTreeMap<&'a str, (Decimal, Currency)>,
    currency: Currency,
    rates: &'a FxRates,
}

impl<'a> SeverityScale<'a> {
    pub(crate) fn new(config: &'a Config, rates: &'a FxRates) -> Self {
        let currency = config.company.currency;
        let branches = config
            .branch
            .iter()
            .filter_map(|(name, branch)| {
                let materiality = branch.materiality?.0;
                Some((
                    name.as_str(),
                    (materiality, branch.currency.unwrap_or(currency)),
                ))
            })
            .collect();
        Self {
            company: config.company.materiality.map(|amount| amount.0),
            branches,
            currency,
            rates,
        }
    }

    /// The severity of a finding by itself. Without a materiality, or without a rate to its currency,
    /// money is `low` and the raises and floors still hold.
    pub(crate) fn of(&self, facts: SeverityFacts<'_>) -> Severity {
        self.weighed(facts, false)
    }

    /// The findings of a rule and period, raised by what other periods and closes say of them.
    pub(crate) fn with_history(
        &self,
        rule: &str,
        period: Period,
        history: &PeriodHistory,
        findings: Vec<Finding>,
    ) -> Vec<Finding> {
        let raised = findings.into_iter();
        let raised = raised.map(|finding| self.raised(rule, period, history, finding));
        raised.collect()
    }

    /// One finding with the severity that other periods and closes give it.
    pub(crate) fn raised(
        &self,
        rule: &str,
        period: Period,
        history: &PeriodHistory,
        mut finding: Finding,
    ) -> Finding {
        let is_streak = !history.streaks.is_empty()
            && history.streaks.contains(&fingerprint_of(rule, &finding));
        if is_streak {
            let facts = SeverityFacts {
                kind: finding.kind,
                impact: finding.impact,
                currency: finding.currency,
                branch: finding.branch.as_deref(),
            };
            finding.severity = finding.severity.max(self.weighed(facts, true));
        }
        finding.severity = finding.severity.max(history.floor(period, &finding));
        finding
    }

    fn weighed(&self, facts: SeverityFacts<'_>, is_streak: bool) -> Severity {
        let materiality = facts
            .branch
            .and_then(|branch| self.branches.get(branch).copied())
            .or_else(|| self.company.map(|amount| (amount, self.currency)));
        let share = materiality.and_then(|(amount, currency)| {
            let rate = self.rates.rate(facts.currency, currency)?;
            let impact = facts.impact.abs().checked_mul(rate)?;
            crate::money::ratio(impact, amount)
        });
        let reaches = |percent: i64| share.is_some_and(|share| share >= Decimal::new(percent, 2));
        let base = match facts.impact {
            impact if impact.is_zero() => Severity::Info,
            _ if reaches(100) => Severity::Critical,
            _ if reaches(25) => Severity::High,
            _ if reaches(5) => Severity::Medium,
            _ => Severity::Low,
        };
        let is_raised = is_streak
            || matches!(facts.kind, Kind::Duplicate | Kind::CancelledBilled)
            || (facts.impact > Decimal::ZERO && reaches(5));
        let raised = if is_raised { raise(base) } else { base };
        let floor = match facts.kind {
            Kind::Currency | Kind::CustomerMismatch => Severity::High,
            Kind::MissingInCrm => Severity::Medium,
            _ => Severity::Info,
        };
        raised.max(floor)
    }
}

fn raise(severity: Severity) -> Severity {
    match severity {
        Severity::Info => Severity::Low,
        Severity::Low => Severity::Medium,
        Severity::Medium => Severity::High,
        Severity::High | Severity::Critical => Severity::Critical,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Goal: borders, raises and floors. Method: a table against M = 1000 in USD, and none.
    #[test]
    fn severities_follow_the_scale() {
        let dollar: Currency = "USD".parse().unwrap();
        let rates = FxRates::default();
        let scale = |materiality: Option<i64>| SeverityScale {
            company: materiality.map(Decimal::from),
            branches: BTreeMap::new(),
            currency: dollar,
            rates: &rates,
        };
        let table = [
            (Some(1000), Kind::Amount, "-1000", Severity::Critical),
            (Some(1000), Kind::Amount, "-250", Severity::High),
            (Some(1000), Kind::Amount, "-50", Severity::Medium),
            (Some(1000), Kind::Amount, "-49.99", Severity::Low),
            (Some(1000), Kind::Amount, "0", Severity::Info),
            (Some(1000), Kind::Amount, "50", Severity::High),
            (Some(1000), Kind::Amount, "49.99", Severity::Low),
            (Some(1000), Kind::Duplicate, "10", Severity::Medium),
            (Some(1000), Kind::Currency, "-1", Severity::High),
            (Some(1000), Kind::MissingInCrm, "1", Severity::Medium),
            (None, Kind::Amount, "-99999", Severity::Low),
            (None, Kind::Amount, "0", Severity::Info),
            (None, Kind::Duplicate, "5", Severity::Medium),
        ];
        for (materiality, kind, impact, expected) in table {
            let severity = scale(materiality).of(SeverityFacts {
                kind,
                impact: impact.parse().unwrap(),
                currency: dollar,
                branch: None,
            });
            assert_eq!(severity, expected, "{materiality:?} {kind} {impact}");
        }
    }
}
