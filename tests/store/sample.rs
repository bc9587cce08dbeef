//! Things to keep.

use crossfoot::canonical::Entity;
use crossfoot::landing::LandedFile;
use crossfoot::reconcile::{
    Amounts, Completeness, Discrepancy, DiscrepancyEvent, DiscrepancyState, ItemWorth, Kind,
    Severity, Side, UnitTotals, UnitWorth,
};
use crossfoot::store::{
    Case, CrosswalkEntry, DiscrepancyChange, MailState, NewRun, OutboxMail, Pull, PullState,
    Reconciliation,
};
use crossfoot::totals::ControlTotals;
use jiff::{Timestamp, ToSpan};
use rust_decimal::Decimal;

/// An instant so many minutes after the tests' day began.
pub(crate) fn minute(count: i64) -> Timestamp {
    let day: Timestamp = "2026-04-01T00:00:00Z".parse().unwrap();
    day.checked_add(count.minutes()).unwrap()
}

pub(crate) fn run(id: &str, job: &str, fire_at: Option<Timestamp>) -> NewRun {
    NewRun {
        run_id: id.into(),
        job: job.into(),
        fire_at,
        started_at: minute(0),
        owner: "host:1".into(),
        lease_until: minute(5),
    }
}

pub(crate) fn pull(id: &str, source: &str, at: i64, state: PullState) -> Pull {
    Pull {
        pull_id: id.into(),
        run_id: "run-1".into(),
        source: source.into(),
        stream: "invoices".into(),
        entities: vec![Entity::Invoices, Entity::InvoiceLines],
        started_at: minute(at),
        finished_at: minute(at + 1),
        state,
        sealed: state == PullState::Ok,
        row_count: 10,
        landed_count: 4,
        rejected_count: 1,
        reported_count: Some(10),
        listed_count: Some(7),
        reason: (state != PullState::Ok).then(|| "the window is not proven".into()),
    }
}

pub(crate) fn file(path: &str, pull: &Pull, entity: Entity) -> LandedFile {
    let mut totals = ControlTotals::default();
    totals.count_row();
    totals
        .add("total:USD", Decimal::new(12_345_678_901, 10))
        .unwrap();
    LandedFile {
        path: path.into(),
        pull_id: pull.pull_id.clone(),
        source: pull.source.clone(),
        entity,
        period: "2026-03".parse().unwrap(),
        quarantine: false,
        size_bytes: 4_096,
        digest: "ab".repeat(32),
        totals,
        extracted_at: pull.started_at,
        first_extracted_at: pull.started_at,
        key_id: None,
    }
}

pub(crate) fn membership(source_id: &str, golden_id: &str, by: &str, from: i64) -> CrosswalkEntry {
    CrosswalkEntry {
        source: "crm".into(),
        source_id: source_id.into(),
        golden_id: golden_id.into(),
        valid_from: minute(from),
        valid_to: None,
        decided_by: by.into(),
        rule: "tax_id".into(),
        score: "0.97".into(),
    }
}

pub(crate) fn reconciliation(id: &str, at: i64) -> Reconciliation {
    Reconciliation {
        reconciliation_id: id.into(),
        run_id: "run-1".into(),
        rule: "contract_vs_invoice".into(),
        period: "2026-03".parse().unwrap(),
        at: minute(at),
        as_of: minute(at - 1),
        rules_version: "rules-1".into(),
        input_digest: "input-1".into(),
        blind_sources: vec![("erp".into(), "stale since 2026-03-30".into())],
        undecided_units: vec![("alpha".into(), "M365-E3".into())],
        completeness: vec![Completeness {
            source: "crm".into(),
            entity: "contracts".into(),
            extracted: 3,
            matched: 1,
            unmatched: 1,
            out_of_scope: 1,
            rejected: 0,
            holds: true,
        }],
        totals: vec![totals("zeta"), totals("alpha")],
    }
}

fn totals(account: &str) -> UnitTotals {
    UnitTotals {
        account: account.into(),
        account_name: "Blåbær A/S".into(),
        branch: None,
        currency: "USD".parse().unwrap(),
        units: 3,
        discrepant: 1,
        compared_value: Decimal::new(1_000_005, 4),
        expected_value: Decimal::new(100, 0),
        billed_value: Decimal::new(90, 0),
        discrepant_value: Decimal::new(10, 0),
        timing: 1,
        timing_value: Decimal::new(5, 1),
        unknown: 0,
        unknown_value: Decimal::ZERO,
        within_tolerance: 1,
        within_tolerance_net: Decimal::new(-1, 2),
    }
}

fn unit() -> UnitWorth {
    UnitWorth::counted(Amounts {
        expected: Decimal::new(2_200, 1),
        actual: Decimal::new(1_980_001, 4),
    })
}

pub(crate) fn discrepancy(id: &str, state: DiscrepancyState) -> Discrepancy {
    Discrepancy {
        id: id.into(),
        fingerprint: "finger-1".into(),
        rule: "contract_vs_invoice".into(),
        period: "2026-03".parse().unwrap(),
        kind: Kind::Quantity,
        state,
        account: "alpha".into(),
        account_name: "Alpha; \"the\" 'first' %s {x}".into(),
        branch: Some("north".into()),
        sku: "M365-E3".into(),
        currency: "USD".parse().unwrap(),
        field: "quantity".into(),
        expected: Some("10".into()),
        actual: None,
        unit_expected: Decimal::new(2_200, 1),
        unit_actual: Decimal::new(1_980_001, 4),
        impact: Decimal::new(-219_999, 4),
        outstanding: Decimal::new(-219_999, 4),
        recovered: Decimal::ZERO,
        unit: unit(),
        annualised: Some(Decimal::new(-2_639_988, 4)),
        severity: Severity::High,
        estimated: false,
        ambiguous: true,
        secondary: vec![Kind::Tax, Kind::PeriodCutoff],
        linked_id: None,
        owner: None,
        waiting_on: None,
        code: None,
        proposed_by: None,
        candidates: Vec::new(),
        sides: vec![
            Side {
                side: "base".into(),
                source: "crm".into(),
                entity: "contracts".into(),
                id: "c-1".into(),
                label: "C-1 E3".into(),
                quantity: Some("10".into()),
                unit_price: Some("22.00001".into()),
                amount: None,
            },
            Side {
                side: "peer".into(),
                source: "billing".into(),
                entity: "invoice_lines".into(),
                id: "il-1".into(),
                label: "il-1".into(),
                quantity: None,
                unit_price: None,
                amount: Some("0".into()),
            },
        ],
        rules_version: "rules-1".into(),
        opened_run: "run-1".into(),
        last_run: "run-1".into(),
        opened_at: minute(10),
        resolved_at: None,
        ended_at: None,
        updated_at: minute(10),
    }
}

/// A move of an item, with its event.
pub(crate) fn change(
    id: &str,
    was: Option<DiscrepancyState>,
    to: DiscrepancyState,
    actor: &str,
    at: i64,
) -> DiscrepancyChange {
    DiscrepancyChange {
        discrepancy: discrepancy(id, to),
        was,
        events: vec![DiscrepancyEvent {
            discrepancy_id: id.into(),
            at: minute(at),
            actor: actor.into(),
            action: if was.is_none() { "opened" } else { "moved" }.into(),
            from_state: was,
            to_state: to,
            code: None,
            note: Some("because".into()),
            run_id: None,
            worth: was.is_none().then(|| ItemWorth::of(&discrepancy(id, to))),
        }],
        approver: None,
    }
}

pub(crate) fn case(invoice: &str, account: &str, level: u16) -> Case {
    Case {
        invoice: invoice.into(),
        number: "INV-7".into(),
        account: account.into(),
        state: "overdue".into(),
        level,
        days_past_due: 12,
        currency: "KWD".parse().unwrap(),
        open: Decimal::new(1_234_567, 3),
        eligible: Decimal::new(1_000, 0),
        last_step_on: (level > 0).then(|| "2026-03-31".parse().unwrap()),
        action: "wait".into(),
        hold_reason: None,
        evaluated_on: "2026-04-01".parse().unwrap(),
        updated_at: minute(i64::from(level)),
    }
}

pub(crate) fn mail(key: &str, at: i64) -> OutboxMail {
    OutboxMail {
        mail_key: key.into(),
        message_id: format!("<{key}@crossfoot>"),
        recipient: "ann@example.com".into(),
        sender: "finance@example.com".into(),
        subject: "Überblick".into(),
        eml: vec![0, 255, 13, 10, 46],
        state: MailState::Pending,
        attempt_count: 0,
        next_attempt_at: minute(at),
        last_error: None,
        created_at: minute(at),
        sent_at: None,
    }
}
