//! Items, events and reconciles in a line each, and the KPIs of them.

use std::time::Duration;

use crossfoot::canonical::Entity;
use crossfoot::config::{CalendarConfig, Role};
use crossfoot::currency::Currency;
use crossfoot::period::Period;
use crossfoot::reconcile::cash::CashBook;
use crossfoot::reconcile::{
    Amounts, Completeness, Discrepancy, DiscrepancyEvent, DiscrepancyState, Kind, ResolutionCode,
    Severity, Side, Standing, UnitTotals, UnitWorth,
};
use crossfoot::report::kpi::{
    FirstPasses, Freshness, FreshnessState, KPI_RULE, Kpi, KpiInput, ReceivablesFigures,
    SourceTerms, compute_kpi,
};
use crossfoot::store::{Pull, PullState, Reconciliation};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::records::decimal;

/// An instant: a day, or a day and a time of UTC.
pub(super) fn at(text: &str) -> Timestamp {
    let full = if text.len() == 10 {
        format!("{text}T00:00:00Z")
    } else {
        text.to_owned()
    };
    full.parse().expect("an instant")
}

/// A currency by its code.
pub(super) fn currency(code: &str) -> Currency {
    code.parse().expect("a currency")
}

/// An item of March 2026 of one account and product, opened on 1 April.
pub(super) fn item(id: &str, account: &str, expected: &str, actual: &str) -> Discrepancy {
    let (expected, actual) = (decimal(expected), decimal(actual));
    Discrepancy {
        id: id.to_owned(),
        fingerprint: format!("{account}/{id}"),
        rule: KPI_RULE.to_owned(),
        period: "2026-03".parse().unwrap(),
        kind: Kind::Amount,
        state: DiscrepancyState::Open,
        account: account.to_owned(),
        account_name: format!("{account} Ltd"),
        branch: None,
        sku: format!("sku-{id}"),
        currency: currency("USD"),
        field: "amount".to_owned(),
        expected: None,
        actual: None,
        unit_expected: expected,
        unit_actual: actual,
        impact: actual - expected,
        outstanding: actual - expected,
        recovered: Decimal::ZERO,
        unit: UnitWorth::counted(Amounts { expected, actual }),
        annualised: None,
        severity: Severity::Low,
        estimated: false,
        ambiguous: false,
        secondary: Vec::new(),
        linked_id: None,
        owner: None,
        waiting_on: None,
        code: None,
        proposed_by: None,
        candidates: Vec::new(),
        sides: vec![Side {
            side: "base".to_owned(),
            source: "crm".to_owned(),
            entity: "contracts".to_owned(),
            id: id.to_owned(),
            label: id.to_owned(),
            quantity: None,
            unit_price: None,
            amount: None,
        }],
        rules_version: "r1".to_owned(),
        opened_run: "run".to_owned(),
        last_run: "run".to_owned(),
        opened_at: at("2026-04-01"),
        resolved_at: None,
        ended_at: None,
        updated_at: at("2026-04-01"),
    }
}

/// The item after its unit was seen again: what it is expected and billed now, and whether that
/// differs.
pub(super) fn seen(mut item: Discrepancy, expected: &str, actual: &str) -> Discrepancy {
    let present = Amounts {
        expected: decimal(expected),
        actual: decimal(actual),
    };
    let standing = if present.difference().is_zero() {
        Standing::Agrees
    } else {
        Standing::Differs
    };
    item.unit = item.unit.seen(present, standing);
    item.outstanding = present.difference().abs().min(item.impact.abs());
    item.recovered = item.impact.abs() - item.outstanding;
    item
}

/// Moves of an item: the day or instant, the state, and the code. The first opens it.
pub(super) fn moves(
    item: &Discrepancy,
    path: &[(&str, DiscrepancyState, Option<ResolutionCode>)],
) -> Vec<DiscrepancyEvent> {
    let mut from_state = None;
    path.iter()
        .map(|(when, to_state, code)| {
            let event = DiscrepancyEvent {
                discrepancy_id: item.id.clone(),
                at: at(when),
                actor: "crossfoot".to_owned(),
                action: if from_state.is_none() {
                    "opened"
                } else {
                    "moved"
                }
                .to_owned(),
                from_state,
                to_state: *to_state,
                code: *code,
                note: None,
                run_id: None,
                worth: None,
            };
            from_state = Some(*to_state);
            event
        })
        .collect()
}

/// Totals of an account: N, X, and the sums of what was expected and billed.
pub(super) fn totals(
    account: &str,
    units: u64,
    discrepant: u64,
    expected: &str,
    billed: &str,
) -> UnitTotals {
    let (expected, billed) = (decimal(expected), decimal(billed));
    UnitTotals {
        account: account.to_owned(),
        account_name: format!("{account} Ltd"),
        branch: None,
        currency: currency("USD"),
        units,
        discrepant,
        compared_value: expected.max(billed),
        expected_value: expected,
        billed_value: billed,
        discrepant_value: Decimal::ZERO,
        timing: 0,
        timing_value: Decimal::ZERO,
        unknown: 0,
        unknown_value: Decimal::ZERO,
        within_tolerance: 0,
        within_tolerance_net: Decimal::ZERO,
    }
}

/// A reconcile of a period, made on 1 April 2026.
pub(super) fn reconciliation(period: &str, totals: Vec<UnitTotals>) -> Reconciliation {
    Reconciliation {
        reconciliation_id: format!("rec-{period}"),
        run_id: "run".to_owned(),
        rule: KPI_RULE.to_owned(),
        period: period.parse().unwrap(),
        at: at("2026-04-01"),
        as_of: at("2026-04-01"),
        rules_version: "r1".to_owned(),
        input_digest: "d".to_owned(),
        blind_sources: Vec::new(),
        undecided_units: Vec::new(),
        completeness: vec![Completeness {
            source: "billing".to_owned(),
            entity: "invoice_lines".to_owned(),
            extracted: 10,
            matched: 7,
            unmatched: 2,
            out_of_scope: 1,
            rejected: 0,
            holds: true,
        }],
        totals,
    }
}

/// A source that is as it should be, or not.
pub(super) fn fresh(source: &str, state: FreshnessState) -> Freshness {
    Freshness {
        source: source.to_owned(),
        state,
        level: None,
        last_success: Some(at("2026-04-01T01:30:00Z")),
        reason: (state != FreshnessState::Ok).then(|| "it said no".to_owned()),
    }
}

/// The configured sources: CRM, billing and usage, with 26 hours.
pub(super) fn sources() -> Vec<SourceTerms> {
    [
        ("crm", Role::Crm),
        ("billing", Role::Billing),
        ("seats", Role::Usage),
    ]
    .map(|(name, role)| SourceTerms {
        name: name.to_owned(),
        roles: vec![role],
        warn_age: None,
        max_age: Duration::from_hours(26),
    })
    .to_vec()
}

/// A pull of one stream.
pub(super) fn pull(source: &str, stream: &str, started: &str, state: PullState) -> Pull {
    Pull {
        pull_id: format!("{source}-{stream}-{started}"),
        run_id: "run".to_owned(),
        source: source.to_owned(),
        stream: stream.to_owned(),
        entities: vec![Entity::Invoices],
        started_at: at(started),
        finished_at: at(started),
        state,
        sealed: state == PullState::Ok,
        row_count: 0,
        landed_count: 0,
        rejected_count: 0,
        reported_count: None,
        listed_count: None,
        reason: (state != PullState::Ok).then(|| "it said no".to_owned()),
    }
}

/// All that KPIs are computed from, with defaults: March 2026 as of 2 April.
pub(super) struct Desk {
    pub(super) span: &'static str,
    pub(super) as_of: &'static str,
    pub(super) branch: Option<&'static str>,
    pub(super) freshness: Vec<Freshness>,
    pub(super) reconciliations: Vec<Reconciliation>,
    pub(super) reconciled: Vec<Period>,
    pub(super) items: Vec<Discrepancy>,
    pub(super) events: Vec<DiscrepancyEvent>,
    pub(super) book: Option<CashBook>,
    pub(super) passes: FirstPasses,
}

impl Desk {
    pub(super) fn new(totals: Vec<UnitTotals>, items: Vec<Discrepancy>) -> Self {
        let sources = ["billing", "crm", "seats"];
        Self {
            span: "2026-03",
            as_of: "2026-04-02",
            branch: None,
            freshness: sources
                .map(|source| fresh(source, FreshnessState::Ok))
                .to_vec(),
            reconciliations: vec![reconciliation("2026-03", totals)],
            reconciled: vec!["2026-03".parse().unwrap()],
            items,
            events: Vec::new(),
            book: None,
            passes: FirstPasses::default(),
        }
    }

    /// The KPIs; one EUR is 1.10 USD, and nothing else has a rate.
    pub(super) fn kpi(&self) -> Kpi {
        compute_kpi(&KpiInput {
            span: self.span.parse().unwrap(),
            as_of: at(self.as_of),
            branch: self.branch,
            currency: currency("USD"),
            zone: &TimeZone::UTC,
            calendar: &CalendarConfig::default(),
            recurring_periods: 3,
            sources: &sources(),
            freshness: &self.freshness,
            reconciliations: &self.reconciliations,
            reconciled_periods: &self.reconciled,
            discrepancies: &self.items,
            events: &self.events,
            receivables: ReceivablesFigures {
                gross: Some(Decimal::ONE),
                ..ReceivablesFigures::default()
            },
            excluded_currencies: &[],
            book: self.book.as_ref(),
            payment_accuracy: None,
            accounts: None,
            passes: &self.passes,
            promises: None,
            rate_on: &|from, into, _| {
                (from == currency("EUR") && into == currency("USD")).then(|| decimal("1.10"))
            },
        })
        .expect("KPIs")
    }
}
