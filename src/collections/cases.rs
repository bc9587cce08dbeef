//! The daily evaluation of collection cases.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::aging::days_past_due;
use super::business_day::is_business_day;
use super::error::CollectionsError;
use crate::config::{CalendarConfig, CollectionsConfig, Level, PolicyNotice};
use crate::currency::Currency;
use crate::fault::Failure;
use crate::money::{minus, plus};
use crate::reconcile::cash::{CashBook, LedgerInvoice};
use crate::store::Case;

/// What cases are evaluated from.
pub struct EvaluateInput<'a> {
    /// Invoices and payments after cash application.
    pub book: &'a CashBook,
    /// The cases as they stand.
    pub standing: &'a [Case],
    /// The local day.
    pub day: Date,
    /// The instant, for cases that change.
    pub now: Timestamp,
    /// The levels and their rules.
    pub config: &'a CollectionsConfig,
    /// Working days and holidays.
    pub calendar: &'a CalendarConfig,
    /// Whether a source that lands payments is failed, partial or too old: then nobody is chased,
    /// since who has paid is not known.
    pub cash_stale: bool,
}

/// One case per invoice that is or was past due, by account and invoice. Evaluating the same day
/// again gives the same cases, and a day before a case's last evaluation does not change it.
///
/// A step is a change of the level; it is dated by `last_step_on`. No letter goes out with it, so
/// the action of the day on which it is taken is `none`.
pub fn evaluate_cases(input: &EvaluateInput<'_>) -> Result<Vec<Case>, Failure> {
    Ok(evaluate(input)?)
}

fn evaluate(input: &EvaluateInput<'_>) -> Result<Vec<Case>, CollectionsError> {
    let standing: BTreeMap<&str, &Case> = input
        .standing
        .iter()
        .map(|case| (case.invoice.as_str(), case))
        .collect();
    let mut credits = credits_by_account(input)?;
    let mut cases = Vec::new();
    let mut invoices: Vec<_> = input
        .book
        .invoices()
        .iter()
        .filter(|invoice| !invoice.is_credit && invoice.issued_on <= input.day)
        .collect();
    // Credits are set against what is owed longest.
    invoices.sort_by(|one, other| (one.due_on, &one.key).cmp(&(other.due_on, &other.key)));
    for invoice in &invoices {
        let open = invoice.open_on(input.day).max(Decimal::ZERO);
        let credited = match credits.get_mut(&(invoice.account.as_str(), invoice.currency)) {
            Some(credit) => {
                let credited = open.min(*credit);
                *credit = minus(*credit, credited)?;
                credited
            }
            None => Decimal::ZERO,
        };
        let before = standing.get(invoice.key.as_str()).copied();
        if before.is_none() && !invoice.was_past_due(input.day) {
            continue;
        }
        let eligible = minus(open, credited)?;
        let fresh = evaluated(input, invoice, before, open, eligible);
        cases.push(kept_if_equal(fresh, before, input));
    }
    let living: BTreeSet<&str> = invoices
        .iter()
        .map(|invoice| invoice.key.as_str())
        .collect();
    for gone in input.standing {
        if !living.contains(gone.invoice.as_str()) {
            cases.push(kept_if_equal(withdrawn(input, gone), Some(gone), input));
        }
    }
    cases.sort_by(|one, other| (&one.account, &one.invoice).cmp(&(&other.account, &other.invoice)));
    Ok(cases)
}

/// What each account has to its credit, where that is more than nothing.
fn credits_by_account<'a>(
    input: &'a EvaluateInput<'_>,
) -> Result<BTreeMap<(&'a str, Currency), Decimal>, CollectionsError> {
    let mut credits: BTreeMap<_, Decimal> = BTreeMap::new();
    for credit in input.book.credits(input.day) {
        let sum = credits
            .entry((credit.account, credit.currency))
            .or_default();
        *sum = plus(*sum, credit.amount)?;
    }
    credits.retain(|_, sum| *sum > Decimal::ZERO);
    Ok(credits)
}

fn evaluated(
    input: &EvaluateInput<'_>,
    invoice: &LedgerInvoice,
    before: Option<&Case>,
    open: Decimal,
    eligible: Decimal,
) -> Case {
    // A settled invoice stays as late as it was when it was settled.
    let settled_on = invoice.movements.iter().map(|movement| movement.on);
    let aged_on = match settled_on.filter(|on| *on <= input.day).max() {
        Some(on) if open.is_zero() => on,
        _ => input.day,
    };
    let dpd = days_past_due(invoice.due_on, aged_on);
    let state = if invoice.charged_off {
        "written_off"
    } else if open.is_zero() {
        "paid"
    } else if dpd <= 0 {
        "current"
    } else {
        "overdue"
    };
    let mut case = Case {
        invoice: invoice.key.clone(),
        number: invoice.number.clone(),
        account: invoice.account.clone(),
        state: state.to_owned(),
        level: before.map_or(0, |case| case.level),
        days_past_due: dpd,
        currency: invoice.currency,
        open,
        eligible,
        last_step_on: before.and_then(|case| case.last_step_on),
        action: String::new(),
        hold_reason: None,
        evaluated_on: input.day,
        updated_at: input.now,
    };
    let verdict = if input.cash_stale {
        Verdict::Hold("cash_stale")
    } else if state == "overdue" {
        judge(input, &case)
    } else {
        Verdict::Nothing
    };
    if let Verdict::Step = verdict {
        case.level = case.level.saturating_add(1);
        case.last_step_on = Some(input.day);
    }
    let (action, hold_reason) = match verdict {
        Verdict::Nothing | Verdict::Step => ("none", None),
        Verdict::Wait => ("wait", None),
        Verdict::Hold(reason) => ("hold", Some(reason.to_owned())),
    };
    Case {
        action: action.to_owned(),
        hold_reason,
        ..case
    }
}

enum Verdict {
    Nothing,
    Wait,
    Hold(&'static str),
    Step,
}

/// What the day brings for an overdue case: at most one step, never a skipped level.
fn judge(input: &EvaluateInput<'_>, case: &Case) -> Verdict {
    let config = input.config;
    let reached = |level: &&Level| i64::from(level.days_past_due) <= case.days_past_due;
    let allowed = config.level.iter().take_while(reached).count();
    let current = usize::from(case.level);
    let stepped_today = case.last_step_on == Some(input.day);
    let Some(next) = config
        .level
        .get(current)
        .filter(|_| current < allowed && !stepped_today)
    else {
        return Verdict::Nothing;
    };
    if case.eligible.is_zero() || case.eligible < next.min_amount.0 {
        return Verdict::Nothing;
    }
    let waited = |last: Date| i64::from((input.day - last).get_days());
    let wait_days = current
        .checked_sub(1)
        .and_then(|at| config.level.get(at))
        .map_or(0, |level| i64::from(level.wait_days));
    let is_waiting = case
        .last_step_on
        .is_some_and(|last| waited(last) < wait_days);
    let is_closed = config.business_days_only && !is_business_day(input.day, input.calendar);
    if is_waiting || is_closed {
        return Verdict::Wait;
    }
    // No written policy can be recorded as sent in this version, so where it is required, nobody
    // gets beyond the first level.
    if current > 0 && config.policy_notice == PolicyNotice::Required {
        return Verdict::Hold("policy_notice");
    }
    if next.approval {
        return Verdict::Hold("approval");
    }
    if config.dry_run {
        return Verdict::Hold("dry_run");
    }
    Verdict::Step
}

/// A case whose invoice its source deleted or made void: nothing is owed any more.
fn withdrawn(input: &EvaluateInput<'_>, before: &Case) -> Case {
    Case {
        state: "adjusted".to_owned(),
        open: Decimal::ZERO,
        eligible: Decimal::ZERO,
        action: if input.cash_stale { "hold" } else { "none" }.to_owned(),
        hold_reason: input.cash_stale.then(|| "cash_stale".to_owned()),
        evaluated_on: input.day,
        updated_at: input.now,
        ..before.clone()
    }
}

fn kept_if_equal(fresh: Case, before: Option<&Case>, input: &EvaluateInput<'_>) -> Case {
    match before {
        Some(before) if input.day < before.evaluated_on => before.clone(),
        Some(before) => {
            let unchanged = Case {
                updated_at: before.updated_at,
                ..fresh.clone()
            };
            if unchanged == *before {
                unchanged
            } else {
                fresh
            }
        }
        None => fresh,
    }
}
