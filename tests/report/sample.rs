//! A company's year, as the KPI stage would give it: what reports are rendered from in tests and for
//! screenshots. All numbers are made up; they tie with one another where a reader would add them up.

use std::collections::BTreeMap;

use crossfoot::config::ReportKind;
use crossfoot::currency::Currency;
use crossfoot::period::Period;
use crossfoot::reconcile::{
    Amounts, Completeness, Discrepancy, DiscrepancyState, Kind, ResolutionCode, Severity,
    UnitWorth, WaitingOn,
};
use crossfoot::report::kpi::{
    Aging, Backlog, Banner, BannerState, CaseLine, DiscrepancyFigures, Freshness, FreshnessState,
    GroupFigures, InvoiceLine, KindFigures, Kpi, MatchFigures, OpenAges, ReceivablesFigures,
    ReportInput, ResolutionFigures, RollForward,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

pub(crate) fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn usd() -> Currency {
    "USD".parse().unwrap()
}

/// The report of March 2026 with a year of history; all sources well, all periods closed.
pub(crate) fn input(kind: ReportKind) -> ReportInput {
    let march: Period = "2026-03".parse().unwrap();
    let kpi = kpi_of(march, 12);
    ReportInput {
        kind,
        company: "Northwind Managed Services".to_owned(),
        scope: "North".to_owned(),
        timezone: TimeZone::get("America/New_York").unwrap(),
        run_id: "0196f3a2-7c1e-7d60-9b43-5a1f0c2e8d77".to_owned(),
        as_of: kpi.as_of,
        kpi,
        history: (0..12_i32)
            .map(|index| kpi_of(march.shifted(index - 12), index))
            .collect(),
        discrepancies: discrepancies(),
        open_invoices: invoices(),
        cases: cases(),
        extracts: vec![
            ("crm".to_owned(), "contracts".to_owned(), 1_302),
            ("billing".to_owned(), "invoice_lines".to_owned(), 2_466),
            ("usage".to_owned(), "usage".to_owned(), 1_871),
        ],
        version: 1,
        corrections: Vec::new(),
        thresholds: vec![("count_rate".to_owned(), decimal("0.02"))],
        attachments: true,
    }
}

/// The figures of a month; `step` counts the months from the first of the history.
pub(crate) fn kpi_of(period: Period, step: i32) -> Kpi {
    let as_of = instant("2026-04-01T11:00:00Z");
    let place = usize::try_from(step).unwrap();
    let units = 1_180 + u64::try_from(step).unwrap() * 5;
    let discrepant = [39_u64, 41, 36, 33, 37, 35, 30, 31, 28, 26, 27, 28, 23][place];
    let gross = [
        "9120.40", "9844.00", "8710.25", "8020.00", "9300.10", "8850.00", "7400.75", "7610.00",
        "6900.30", "6210.00", "6480.55", "6744.20", "5330.22",
    ][place];
    let gross = decimal(gross);
    let leakage = (gross * decimal("0.78")).round_dp(2);
    let share = |part: &str| (gross * decimal(part)).round_dp(2);
    let kinds = [
        ("QUANTITY", 9, "0.46", "-0.40"),
        ("MISSING_IN_BILLING", 4, "0.24", "-0.24"),
        ("DISCOUNT_EXPIRED", 5, "0.12", "-0.08"),
        ("DUPLICATE", 2, "0.09", "0.09"),
        ("UNIT_PRICE", 2, "0.06", "0.04"),
        ("PRORATION", 1, "0.03", "0.03"),
    ];
    let by_kind = kinds
        .into_iter()
        .map(|(kind, count, part, net)| {
            let figures = KindFigures {
                count,
                gross: share(part),
                net: share(net),
            };
            (kind.to_owned(), figures)
        })
        .collect();
    let rate = Decimal::from(discrepant) / Decimal::from(units);
    let median = [
        "9.4", "9.1", "9.6", "8.8", "8.1", "8.4", "7.2", "7.5", "6.9", "6.1", "6.3", "5.9", "4.8",
    ];
    // Receivables grow by 900 a month backwards, all of it past due.
    let late = Decimal::from(12 - step) * decimal("900");
    let gross_receivables = decimal("446210.40") + late;
    let dso = [
        "39.2", "38.8", "39.5", "37.4", "36.9", "38.1", "36.2", "35.5", "34.9", "35.2", "33.8",
        "34.4", "31.6",
    ];
    Kpi {
        period: period.to_string(),
        as_of,
        branch: Some("north".to_owned()),
        currency: usd(),
        rules_version: Some("b3f1c2a97e".to_owned()),
        freshness: freshness(),
        banner: Banner {
            state: BannerState::Ok,
            level: None,
            text: String::new(),
        },
        provisional: false,
        discrepancy: DiscrepancyFigures {
            units,
            discrepant,
            count_rate: Some(rate),
            value_rate: Some(gross / decimal("412300")),
            billed_basis_rate: None,
            leakage_rate: None,
            density: None,
            recovery_rate: None,
            gross: Some(gross),
            leakage: Some(leakage),
            overbilling: Some(gross - leakage),
            net: Some(gross - leakage - leakage),
            tax_impact: Some(Decimal::ZERO),
            recovered: Some((leakage * decimal("0.25")).round_dp(2)),
            outstanding: Some(leakage - (leakage * decimal("0.25")).round_dp(2)),
            lost: Some(Decimal::ZERO),
            timing: 12,
            timing_value: Some(decimal("1840.00")),
            unknown: 0,
            unknown_value: Some(Decimal::ZERO),
            within_tolerance: 17,
            within_tolerance_net: Some(decimal("-0.31")),
            by_kind,
            by_account: [(
                "acc-0001".to_owned(),
                GroupFigures {
                    name: Some("Blue Harbor Clinics".to_owned()),
                    units: 14,
                    discrepant: 2,
                    count_rate: Some(decimal("2") / decimal("14")),
                    value_rate: Some(decimal("0.031")),
                    gross: decimal("1240.00"),
                    leakage: decimal("1240.00"),
                    overbilling: Decimal::ZERO,
                    net: decimal("-1240.00"),
                },
            )]
            .into(),
            by_branch: std::collections::BTreeMap::new(),
            by_currency: [(usd(), GroupFigures::default())].into(),
            excluded_currencies: Vec::new(),
            repeat_after_fix: None,
            recurring_rate: Some(decimal("0.2174")),
            false_positive_rate: Some(decimal("0.04")),
        },
        resolution: ResolutionFigures {
            n: 31 + u64::try_from(step % 5).unwrap(),
            mean_days: Some(decimal("6.9")),
            median_days: Some(decimal(median[place])),
            p90_days: Some(decimal(median[place]) * decimal("2.4")),
            max_days: Some(decimal("41.3")),
            first_median_days: Some(decimal("3.9")),
            active_median_days: Some(decimal("4.1")),
            hold_median_days: Some(decimal("0.7")),
            net_median_days: Some(decimal("4.1")),
            business_median_hours: Some(decimal("26.4")),
            km_median_days: Some(decimal(median[place]) + decimal("2.3")),
            reopen_rate: Some(decimal("0.0571") + Decimal::from(12 - step) * decimal("0.004")),
            self_cleared: 3,
            dismissed: 2,
            open: OpenAges {
                n: 22 + u64::try_from(12 - step).unwrap(),
                median_age_days: Some(decimal("11.4")),
                p90_age_days: Some(decimal("58.0")),
                max_age_days: Some(decimal("96.2")),
            },
            backlog: Backlog {
                week: 8,
                month: 7,
                two_months: 4,
                quarter: 2,
                older: 1,
            },
        },
        payment_accuracy: None,
        account_fields: None,
        matching: MatchFigures {
            first_pass_rate: Some(decimal("0.93")),
            auto_rate: Some(decimal("0.951")),
            manual_rate: Some(decimal("0.027")),
            total_rate: Some(decimal("0.978")),
        },
        receivables: ReceivablesFigures {
            taken_on: Some("2026-03-31".to_owned()),
            open_invoices: Some(98),
            gross: Some(gross_receivables),
            credits: Some(decimal("-8120.00")),
            net: Some(gross_receivables - decimal("8120.00")),
            aging: Some(Aging {
                current: decimal("361430.42"),
                month: decimal("52117.10"),
                two_months: decimal("19640.88"),
                quarter: decimal("8122.00"),
                older: decimal("4900.00") + late,
            }),
            sales: Some(decimal("412300.00") - late),
            dso: Some(decimal("32.9")),
            dso_countback: Some(decimal(dso[place])),
            dso_countback_at_least: None,
            bpdso: Some(decimal("27.2") + Decimal::from(step % 4) * decimal("0.3")),
            add: Some(decimal("32.9") - decimal("27.2") - Decimal::from(step % 4) * decimal("0.3")),
            cei: Some(decimal("0.8705") - Decimal::from(12 - step) * decimal("0.0031")),
            percent_current: Some(decimal("361430.42") / gross_receivables),
            percent_over_90: Some((decimal("4900.00") + late) / gross_receivables),
            ..ReceivablesFigures::default()
        },
        promises: None,
        deductions: None,
        unavailable: BTreeMap::new(),
        roll_forward: RollForward {
            open_start: 27 + u64::try_from(12 - step).unwrap(),
            new: 31,
            reopened: 2,
            resolved: 33,
            dismissed: 2,
            self_cleared: 3,
            timing: 0,
            open_end: 22 + u64::try_from(12 - step).unwrap(),
        },
        completeness: vec![
            completeness("crm", "contracts", 1_302, 1_217, 35, 48, 2),
            completeness("billing", "invoice_lines", 2_466, 2_391, 61, 14, 0),
            completeness("usage", "usage", 1_871, 1_836, 23, 12, 0),
        ],
        restated: None,
        prior_period_adjustments: None,
        close: None,
    }
}

fn completeness(
    source: &str,
    entity: &str,
    extracted: u64,
    matched: u64,
    unmatched: u64,
    out: u64,
    rejected: u64,
) -> Completeness {
    Completeness {
        source: source.to_owned(),
        entity: entity.to_owned(),
        extracted,
        matched,
        unmatched,
        out_of_scope: out,
        rejected,
        holds: extracted == matched + unmatched + out + rejected,
    }
}

fn freshness() -> Vec<Freshness> {
    ["billing", "crm", "usage"]
        .into_iter()
        .map(|source| Freshness {
            source: source.to_owned(),
            state: FreshnessState::Ok,
            level: None,
            last_success: Some(instant("2026-04-01T05:31:00Z")),
            reason: None,
        })
        .collect()
}

/// Takes billing away: the figures that depend on it are gone.
pub(crate) fn without_billing(mut input: ReportInput) -> ReportInput {
    let billing = &mut input.kpi.freshness[0];
    billing.state = FreshnessState::Failed;
    billing.last_success = Some(instant("2026-03-31T05:31:00Z"));
    billing.reason = Some("the token was refused".to_owned());
    input.kpi.banner = Banner {
        state: BannerState::Failed,
        level: None,
        text:
            "billing failed; its last success was 31 Mar 2026 01:31 EDT. 1,240 units are UNKNOWN."
                .to_owned(),
    };
    input.kpi.provisional = true;
    let figures = &mut input.kpi.discrepancy;
    *figures = DiscrepancyFigures {
        unknown: 1_240,
        ..DiscrepancyFigures::default()
    };
    input.kpi.receivables = ReceivablesFigures::default();
    input
}

pub(crate) fn discrepancy(
    number: u32,
    account: &str,
    sku: &str,
    kind: Kind,
    expected: &str,
    actual: &str,
) -> Discrepancy {
    let (expected, actual) = (decimal(expected), decimal(actual));
    let opened =
        instant("2026-03-28T05:31:00Z") - jiff::SignedDuration::from_hours(i64::from(number) * 67);
    let impact = actual - expected;
    Discrepancy {
        id: format!("D-{number:06}"),
        fingerprint: format!("f{number}"),
        rule: "contract_usage_billed".to_owned(),
        period: "2026-03".parse().unwrap(),
        kind,
        state: DiscrepancyState::Open,
        account: format!("acc-{number:04}"),
        account_name: account.to_owned(),
        branch: Some("north".to_owned()),
        sku: sku.to_owned(),
        currency: usd(),
        field: "quantity".to_owned(),
        expected: Some("40".to_owned()),
        actual: Some("31".to_owned()),
        unit_expected: expected,
        unit_actual: actual,
        impact,
        outstanding: impact,
        recovered: Decimal::ZERO,
        unit: UnitWorth::counted(Amounts { expected, actual }),
        annualised: Some(impact * Decimal::from(12)),
        severity: if impact.abs() > Decimal::from(700) {
            Severity::High
        } else {
            Severity::Medium
        },
        estimated: false,
        ambiguous: false,
        secondary: Vec::new(),
        linked_id: None,
        owner: None,
        waiting_on: None,
        code: None,
        proposed_by: None,
        sides: Vec::new(),
        candidates: Vec::new(),
        rules_version: "b3f1c2a97e".to_owned(),
        opened_run: "r1".to_owned(),
        last_run: "r2".to_owned(),
        opened_at: opened,
        resolved_at: None,
        ended_at: None,
        updated_at: opened,
    }
}

fn discrepancies() -> Vec<Discrepancy> {
    let mut items = vec![
        discrepancy(
            1,
            "Blue Harbor Clinics",
            "M365-BP",
            Kind::Quantity,
            "1760.00",
            "880.00",
        ),
        discrepancy(
            2,
            "Alder & Finch LLP",
            "BACKUP-TB",
            Kind::MissingInBilling,
            "742.50",
            "0.00",
        ),
        discrepancy(
            3,
            "Granite Peak Logistics",
            "EDR-SEAT",
            Kind::Quantity,
            "2450.00",
            "1911.00",
        ),
        discrepancy(
            4,
            "Kestrel Ridge Dental",
            "M365-E3",
            Kind::DiscountExpired,
            "1296.00",
            "972.00",
        ),
        discrepancy(
            5,
            "Orchard Street Bakery Co.",
            "VOIP-LINE",
            Kind::Duplicate,
            "310.00",
            "620.00",
        ),
        discrepancy(
            6,
            "Summit Orthopaedics",
            "M365-BP",
            Kind::Quantity,
            "924.00",
            "638.00",
        ),
        discrepancy(
            7,
            "Lakeview Property Group",
            "RMM-NODE",
            Kind::MissingInBilling,
            "276.00",
            "0.00",
        ),
        discrepancy(
            8,
            "Pinecrest School District",
            "EDR-SEAT",
            Kind::UnitPrice,
            "1805.00",
            "1995.00",
        ),
        discrepancy(
            9,
            "Müller Präzisionstechnik",
            "M365-E5",
            Kind::Proration,
            "570.00",
            "741.00",
        ),
        discrepancy(
            10,
            "Harbor Freight Forwarders",
            "SIEM-GB",
            Kind::UnbilledOverage,
            "655.20",
            "500.00",
        ),
        discrepancy(
            11,
            "Cedar & Vine Hospitality",
            "VOIP-LINE",
            Kind::Quantity,
            "403.00",
            "279.00",
        ),
        discrepancy(
            12,
            "North Shore Credit Union",
            "BACKUP-TB",
            Kind::WrongCode,
            "220.00",
            "297.00",
        ),
        discrepancy(
            13,
            "Tidewater Marine Supply",
            "RMM-NODE",
            Kind::Quantity,
            "138.00",
            "92.00",
        ),
    ];
    for (index, item) in items.iter_mut().enumerate() {
        let (state, owner) = match index % 6 {
            0 => (DiscrepancyState::InProgress, Some("Dana Whitfield")),
            1 => (DiscrepancyState::Open, None),
            2 => (DiscrepancyState::Waiting, Some("Priya Raman")),
            3 => (DiscrepancyState::Proposed, Some("Dana Whitfield")),
            4 => (DiscrepancyState::Resolved, Some("Priya Raman")),
            _ => (DiscrepancyState::Acknowledged, Some("Tom Okafor")),
        };
        item.state = state;
        item.owner = owner.map(ToOwned::to_owned);
        if state == DiscrepancyState::Waiting {
            item.waiting_on = Some(WaitingOn::Customer);
        }
        if state == DiscrepancyState::Resolved {
            item.code = Some(ResolutionCode::Rebilled);
            item.resolved_at = Some(instant("2026-03-30T15:00:00Z"));
        }
    }
    items
}

fn invoices() -> Vec<InvoiceLine> {
    let names = [
        "Granite Peak Logistics",
        "Blue Harbor Clinics",
        "Summit Orthopaedics",
        "Alder & Finch LLP",
        "Lakeview Property Group",
        "Kestrel Ridge Dental",
        "Orchard Street Bakery Co.",
        "Pinecrest School District",
        "Tidewater Marine Supply",
        "North Shore Credit Union",
        "Cedar & Vine Hospitality",
        "Harbor Freight Forwarders",
        "Müller Präzisionstechnik",
    ];
    names
        .into_iter()
        .zip(0_i64..)
        .map(|(name, index)| {
            let due = "2026-03-31".parse::<jiff::civil::Date>().unwrap()
                - jiff::Span::new().days(index * 9 - 4);
            InvoiceLine {
                invoice: format!("billing:in_{index:04}"),
                number: format!("INV-{}", 20_418 + index * 7),
                account: format!("acc-{index:04}"),
                account_name: name.to_owned(),
                issued_on: due - jiff::Span::new().days(30),
                due_on: due,
                days_past_due: index * 9 - 4,
                currency: usd(),
                total: Decimal::from(14_200 - index * 830) + decimal("0.40"),
                open: Decimal::from(14_200 - index * 830) - Decimal::from(index % 3 * 1_000)
                    + decimal("0.40"),
            }
        })
        .collect()
}

fn cases() -> Vec<CaseLine> {
    invoices()
        .into_iter()
        .filter(|line| line.days_past_due > 0)
        .map(|line| CaseLine {
            number: line.number,
            account_name: line.account_name,
            state: if line.days_past_due > 60 {
                "overdue, L3"
            } else if line.days_past_due > 14 {
                "overdue, L2"
            } else {
                "overdue, L1"
            }
            .to_owned(),
            days_past_due: line.days_past_due,
            currency: line.currency,
            open: line.open,
            action: if line.days_past_due > 60 {
                "hold: approval"
            } else {
                "wait"
            }
            .to_owned(),
        })
        .collect()
}
