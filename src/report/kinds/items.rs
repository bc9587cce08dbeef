//! Which discrepancies a report is about, and what is to be done about them.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::rest;
use crate::currency::Currency;
use crate::reconcile::{Discrepancy, DiscrepancyState, ResolutionCode, Severity};
use crate::report::ReportError;
use crate::report::document::{
    Cell, Column, Frame, LABEL_MAX, NAME_MAX, Table, clean, count, days_between, kind_words,
    state_words,
};

/// Whether an item counts in its period: all but false positives and what cleared itself as timing.
pub(super) fn is_counted(item: &Discrepancy) -> bool {
    !matches!(
        (item.state, item.code),
        (
            DiscrepancyState::Dismissed,
            Some(ResolutionCode::FalsePositive)
        ) | (DiscrepancyState::SelfCleared, Some(ResolutionCode::Timing))
    )
}

/// The items of the period that count.
pub(super) fn counted<'a>(frame: &Frame<'a>) -> Vec<&'a Discrepancy> {
    let items = frame.input.discrepancies.iter();
    items
        .filter(|item| frame.covers(item.period) && is_counted(item))
        .collect()
}

/// The items that are open at the as-of, of whatever period.
pub(super) fn open<'a>(frame: &Frame<'a>) -> Vec<&'a Discrepancy> {
    let items = frame.input.discrepancies.iter();
    items.filter(|item| item.state.is_open()).collect()
}

/// Days from an item's opening to its end, or to the as-of.
pub(super) fn age_days(frame: &Frame<'_>, item: &Discrepancy) -> i64 {
    let end = if item.state.is_open() {
        frame.input.as_of
    } else {
        item.resolved_at
            .or(item.ended_at)
            .unwrap_or(frame.input.as_of)
    };
    days_between(item.opened_at, end).max(0)
}

/// The customer, and below it the kind, the product and where the item stands.
pub(super) fn item_cell(item: &Discrepancy) -> Cell {
    let mut parts = vec![kind_words(item.kind).to_owned()];
    if !item.sku.is_empty() {
        parts.push(clean(&item.sku, LABEL_MAX));
    }
    parts.push(state_words(item.state).to_owned());
    if let Some(owner) = &item.owner {
        parts.push(format!("owner {}", clean(owner, LABEL_MAX)));
    } else if item.state.is_open() {
        parts.push("no owner".to_owned());
    }
    if item.estimated {
        parts.push("estimated".to_owned());
    }
    Cell::two(clean(&item.account_name, NAME_MAX), parts.join(" · "))
}

/// Sorts by money, the report's own currency first: amounts of two currencies are not compared.
pub(super) fn by_impact(frame: &Frame<'_>, items: &mut [&Discrepancy]) {
    let own = frame.kpi.currency;
    items.sort_by(|one, other| {
        let key = |item: &Discrepancy| (item.currency != own, item.currency);
        key(one)
            .cmp(&key(other))
            .then_with(|| other.impact.abs().cmp(&one.impact.abs()))
            .then_with(|| one.id.cmp(&other.id))
    });
}

#[derive(Default)]
struct OwnerLoad {
    count: u64,
    impact: Decimal,
    oldest_days: i64,
    worst: Option<Severity>,
}

/// Open items by owner; those that nobody owns first.
pub(super) fn owner_table(frame: &Frame<'_>) -> Result<Option<Table>, ReportError> {
    let mut loads: BTreeMap<(Option<&str>, Currency), OwnerLoad> = BTreeMap::new();
    for item in open(frame) {
        let load = loads
            .entry((item.owner.as_deref(), item.currency))
            .or_default();
        load.count += 1;
        load.impact = load
            .impact
            .checked_add(item.impact.abs())
            .ok_or(ReportError::Overflow("the open items of an owner"))?;
        load.oldest_days = load.oldest_days.max(age_days(frame, item));
        load.worst = load.worst.max(Some(item.severity));
    }
    if loads.is_empty() {
        return Ok(None);
    }
    let rows = loads
        .into_iter()
        .map(|((owner, currency), load)| {
            vec![
                Cell::from(
                    owner.map_or_else(|| "nobody yet".to_owned(), |name| clean(name, LABEL_MAX)),
                ),
                count(load.count).into(),
                frame.money(load.impact, currency).into(),
                load.worst.map_or("", Severity::name).into(),
                load.oldest_days.to_string().into(),
            ]
        })
        .collect();
    Ok(Some(Table::new(
        "Open items by owner",
        vec![
            Column::words("Owner"),
            Column::figures("Open"),
            Column::figures("Gross impact"),
            Column::figures("Worst"),
            Column::figures("Oldest, days"),
        ],
        rows,
        rest(frame, "crossfoot discrepancies list"),
        "",
    )))
}

/// What is to be done about the open items.
pub(super) fn item_actions(frame: &Frame<'_>) -> Vec<String> {
    let items = &frame.input.discrepancies;
    let count_of = |matches: &dyn Fn(&Discrepancy) -> bool| {
        u64::try_from(items.iter().filter(|item| matches(item)).count()).unwrap_or_default()
    };
    let unowned = count_of(&|item| item.state.is_open() && item.owner.is_none());
    let urgent = count_of(&|item| {
        item.state.is_open() && item.owner.is_none() && item.severity >= Severity::High
    });
    let proposed = count_of(&|item| item.state == DiscrepancyState::Proposed);
    let unproven = count_of(&|item| item.state == DiscrepancyState::Resolved);
    let reopened = count_of(&|item| item.state == DiscrepancyState::Reopened);
    let mut actions = Vec::new();
    if unowned > 0 {
        actions.push(format!(
            "Give an owner to {}, {} of them high or critical.",
            things(unowned, "open item"),
            count(urgent)
        ));
    }
    if proposed > 0 {
        actions.push(format!(
            "Approve or reject {}.",
            things(proposed, "proposed correction")
        ));
    }
    if reopened > 0 {
        actions.push(format!(
            "Look again at {}: the difference was still there after it was called resolved.",
            things(reopened, "reopened item")
        ));
    }
    if unproven > 0 {
        actions.push(format!(
            "Nothing to do for {}: the next sync proves or reopens.",
            things(unproven, "resolved item")
        ));
    }
    actions
}

/// `1 open item`, `2 open items`.
pub(super) fn things(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", count(number))
}

/// How the open set moved, in one sentence that adds up.
pub(super) fn roll_forward(frame: &Frame<'_>) -> String {
    let moves = &frame.kpi.roll_forward;
    format!(
        "Open items: {} at the start + {} new + {} reopened - {} resolved - {} dismissed - {} \
         self-cleared - {} timing = {} at the end.",
        count(moves.open_start),
        count(moves.new),
        count(moves.reopened),
        count(moves.resolved),
        count(moves.dismissed),
        count(moves.self_cleared),
        count(moves.timing),
        count(moves.open_end)
    )
}
