//! `crossfoot discrepancies show`: one item in full.

use jiff::Timestamp;
use serde_json::json;

use super::context::Context;
use super::item::item_json;
use super::output::{self, Table};
use super::recurrence::Recurrences;
use crate::env::Env;
use crate::fault::{Exit, Failure};
use crate::money::money_text;
use crate::reconcile::{
    ACCOUNT_RULE, Acceptance, Discrepancy, DiscrepancyEvent, Explanation, FieldTold, Kind,
    RecordTold,
};
use crate::scheduler::jobs::explain_item;
use crate::store::{DiscrepancyFilter, Recurrence};

/// How many earlier periods of a recurring error are named.
const EARLIER_SHOWN: usize = 6;

/// An item as it was known at an instant.
pub(super) struct Shown {
    /// The instant.
    pub(super) at: Timestamp,
    /// The item.
    pub(super) item: Discrepancy,
    /// What happened to it until then.
    pub(super) events: Vec<DiscrepancyEvent>,
}

/// What is shown beside the item itself.
struct Beside {
    recurrences: Recurrences,
    /// The other half of it.
    linked: Option<Discrepancy>,
    /// Other items of the same unit and period.
    others: Vec<Discrepancy>,
    /// Absent where only the book was asked.
    explained: Option<Result<Explanation, Failure>>,
}

/// Shows an item; with `brief` only what the book holds.
pub(super) async fn show_item(
    context: &Context,
    env: &Env,
    shown: &Shown,
    brief: bool,
) -> Result<Exit, Failure> {
    let item = &shown.item;
    let linked = linked(env, item).await?;
    let others = beside(env, item).await?;
    let mut told: Vec<Discrepancy> = vec![item.clone()];
    told.extend(linked.iter().chain(&others).cloned());
    let beside = Beside {
        recurrences: Recurrences::of(env, &told).await?,
        linked,
        others,
        explained: if brief {
            None
        } else {
            Some(explain_item(env, item).await)
        },
    };
    if context.json() {
        return print_json(shown, &beside);
    }
    print_item(item, &beside)?;
    match &beside.explained {
        Some(Ok(explanation)) => print_explanation(item, explanation)?,
        Some(Err(failure)) => {
            print_sides(item)?;
            let line = output::without_controls(&failure.line());
            output::line(format!("the records behind it could not be read: {line}"))?;
        }
        None => print_sides(item)?,
    }
    print_candidates(item, &beside)?;
    print_history(item, &shown.events)?;
    Ok(Exit::Done)
}

async fn linked(env: &Env, item: &Discrepancy) -> Result<Option<Discrepancy>, Failure> {
    let Some(id) = &item.linked_id else {
        return Ok(None);
    };
    let filter = DiscrepancyFilter {
        id: Some(id.clone()),
        ..DiscrepancyFilter::default()
    };
    Ok(env.store.discrepancies(&filter).await?.into_iter().next())
}

async fn beside(env: &Env, item: &Discrepancy) -> Result<Vec<Discrepancy>, Failure> {
    let filter = DiscrepancyFilter {
        periods: vec![item.period],
        rule: Some(item.rule.clone()),
        account: Some(item.account.clone()),
        ..DiscrepancyFilter::default()
    };
    let mut found = env.store.discrepancies(&filter).await?;
    found.retain(|one| one.id != item.id && one.sku == item.sku && one.currency == item.currency);
    Ok(found)
}

fn print_json(shown: &Shown, beside: &Beside) -> Result<Exit, Failure> {
    let item = &shown.item;
    let item_json = |one: &Discrepancy| item_json(one, shown.at, &beside.recurrences);
    let mut told = item_json(item);
    let named = |one: &&Recurrence| json!({ "id": one.id, "period": one.period });
    told["earlier"] = beside.recurrences.earlier(item).iter().map(named).collect();
    told["sides"] = json!(item.sides);
    told["history"] = json!(shown.events);
    told["candidates"] = json!(item.candidates);
    told["linked"] = json!(beside.linked.as_ref().map(item_json));
    told["unit_items"] = beside.others.iter().map(item_json).collect();
    if let Some(explained) = &beside.explained {
        told["explanation"] = json!(explained.as_ref().ok());
        let failed = explained.as_ref().err().map(Failure::line);
        told["explanation_error"] = json!(failed);
    }
    output::json(&told)?;
    Ok(Exit::Done)
}

fn print_item(item: &Discrepancy, beside: &Beside) -> Result<(), Failure> {
    let money = |amount| money_text(amount, item.currency);
    output::line(output::bold(&format!(
        "{} {} {}",
        item.id, item.kind, item.state
    )))?;
    output::line(format!(
        "{} | {} | {} | rule {} version {}",
        output::plain(&item.account_name),
        output::plain(&item.sku),
        item.period,
        output::plain(&item.rule),
        item.rules_version
    ))?;
    output::line(format!(
        "{}: expected {}, actual {}; the unit: expected {}, actual {}; impact {} {}",
        item.field,
        item.expected.as_deref().unwrap_or("nothing"),
        item.actual.as_deref().unwrap_or("nothing"),
        money(item.unit_expected),
        money(item.unit_actual),
        money(item.impact),
        item.currency
    ))?;
    output::line(format!(
        "severity {}; recovered {}, outstanding {}{}{}",
        item.severity,
        money(item.recovered),
        money(item.outstanding),
        if item.estimated {
            "; an amount in it is an estimate"
        } else {
            ""
        },
        if item.ambiguous {
            "; ambiguous: several candidates stand equally near, and none is taken"
        } else {
            ""
        },
    ))?;
    if is_unpriced(item) {
        output::line(
            "no price of the product is known, so its impact counts as nothing: land \
             `products.list_price`, or a contract",
        )?;
    }
    if !item.secondary.is_empty() {
        let kinds: Vec<&str> = item.secondary.iter().map(|kind| kind.name()).collect();
        output::line(format!("of the same unit as well: {}", kinds.join(", ")))?;
    }
    let earlier = beside.recurrences.earlier(item);
    if !earlier.is_empty() {
        let named: Vec<String> = earlier
            .iter()
            .take(EARLIER_SHOWN)
            .map(|one| format!("{} ({})", one.period, one.id))
            .collect();
        output::line(format!(
            "the same error stood in {}; {} periods in a row",
            named.join(", "),
            beside.recurrences.streak(item)
        ))?;
    }
    let others = beside.linked.iter().map(|one| ("the other half", one));
    let others = others.chain(beside.others.iter().map(|one| ("same unit", one)));
    for (what, one) in others {
        output::line(format!(
            "{what}: {} {} {} | {} | impact {} {}",
            one.id,
            one.kind,
            one.state,
            output::plain(&one.account_name),
            money_text(one.impact, one.currency),
            one.currency
        ))?;
    }
    Ok(())
}

/// What was used or is paid for and has no price anywhere is worth more than its amount says.
fn is_unpriced(item: &Discrepancy) -> bool {
    matches!(item.kind, Kind::OrphanUsage | Kind::VendorCost)
        && item.estimated
        && item.impact.is_zero()
}

fn print_explanation(item: &Discrepancy, explanation: &Explanation) -> Result<(), Failure> {
    if !explanation.fields.is_empty() {
        output::line("")?;
        if item.rule == ACCOUNT_RULE {
            print_account_fields(&explanation.fields)?;
        } else {
            print_fields(&explanation.fields)?;
        }
    }
    output::line("")?;
    output::line(output::bold(&format!(
        "records, as known at {}",
        explanation.as_of
    )))?;
    if explanation.records.is_empty() {
        print_sides(item)?;
    }
    for record in &explanation.records {
        print_record(record)?;
    }
    output::line("")?;
    output::line(output::bold("tolerance"))?;
    for one in &explanation.tolerance {
        output::line(tolerance_line(one))?;
    }
    if let Some(line) = &explanation.accepted_by {
        output::line(format!("the smallest that would have accepted it: {line}"))?;
    }
    if let Some(reason) = &explanation.not_accepted {
        output::line(format!("no tolerance is told: {reason}"))?;
    }
    if explanation.rules_version != item.rules_version {
        output::line(
            "the rules or settings have changed since it was decided: these are those of now",
        )?;
    }
    Ok(())
}

/// What a leg says of a field.
type Told = fn(&FieldTold) -> &Option<String>;

fn print_fields(fields: &[FieldTold]) -> Result<(), Failure> {
    let legs: [(&str, Told); 5] = [
        ("contract", |one| &one.contract),
        ("usage", |one| &one.usage),
        ("vendor", |one| &one.vendor),
        ("expected", |one| &one.expected),
        ("billed", |one| &one.billed),
    ];
    // A leg that says nothing of any field is no column.
    let legs: Vec<_> = legs
        .into_iter()
        .filter(|(_, told)| fields.iter().any(|one| told(one).is_some()))
        .collect();
    let names: Vec<&str> = std::iter::once("field")
        .chain(legs.iter().map(|(name, _)| *name))
        .collect();
    let mut table = Table::new(&names);
    for one in fields {
        let told = legs
            .iter()
            .map(|(_, told)| told(one).clone().unwrap_or_default());
        table.row(std::iter::once(one.field.to_string()).chain(told));
    }
    table.print("no field is known")
}

/// The fields of a customer, as the two systems keep them.
fn print_account_fields(fields: &[FieldTold]) -> Result<(), Failure> {
    let mut table = Table::new(&["field", "crm", "billing"]);
    for one in fields {
        table.row(vec![
            one.field.to_string(),
            one.contract.clone().unwrap_or_default(),
            one.billed.clone().unwrap_or_default(),
        ]);
    }
    table.print("no field is known")
}

fn print_record(record: &RecordTold) -> Result<(), Failure> {
    let fields: Vec<String> = record
        .fields
        .iter()
        .map(|(name, value)| format!("{name} {}", output::plain(value)))
        .collect();
    output::line(format!(
        "{} {}:{}: {}",
        record.entity,
        output::plain(&record.source),
        output::plain(&record.id),
        fields.join(", ")
    ))
}

fn tolerance_line(one: &Acceptance) -> String {
    let limits = [
        one.absolute
            .as_ref()
            .map(|limit| format!("absolute {limit}")),
        one.percent
            .as_ref()
            .zip(one.percent_limit.as_ref())
            .map(|(percent, limit)| format!("percent {percent} = {limit}")),
        one.floor.as_ref().map(|floor| format!("floor {floor}")),
        Some(format!("mode {:?}", one.mode).to_lowercase()),
    ];
    let limits: Vec<String> = limits.into_iter().flatten().collect();
    let decided = match one.decided_by {
        "none" => "none is configured, so nothing is accepted".to_owned(),
        bound => format!("{bound} decides"),
    };
    format!(
        "{}: expected {}, actual {}, difference {}; limit {} ({}; {decided}): {}",
        one.measure,
        one.expected,
        one.actual,
        one.difference,
        one.limit,
        limits.join(", "),
        if one.accepted { "within" } else { "outside" }
    )
}

fn print_sides(item: &Discrepancy) -> Result<(), Failure> {
    let mut sides = Table::new(&[
        "side",
        "source",
        "entity",
        "id",
        "label",
        ">quantity",
        ">unit price",
        ">amount",
    ]);
    for side in &item.sides {
        let shown = |text: &Option<String>| text.clone().unwrap_or_default();
        sides.row(vec![
            side.side.clone(),
            side.source.clone(),
            side.entity.clone(),
            side.id.clone(),
            side.label.clone(),
            shown(&side.quantity),
            shown(&side.unit_price),
            shown(&side.amount),
        ]);
    }
    output::line("")?;
    sides.print("no record stands on either side")
}

fn print_candidates(item: &Discrepancy, beside: &Beside) -> Result<(), Failure> {
    let explained = beside.explained.as_ref().and_then(|one| one.as_ref().ok());
    let rivals = explained.iter().flat_map(|one| &one.candidates);
    let mut candidates = item.candidates.iter().chain(rivals).peekable();
    if candidates.peek().is_none() {
        return Ok(());
    }
    output::line("")?;
    output::line(output::bold("candidates that were not taken"))?;
    for one in candidates {
        let account = one.account.as_ref();
        let account = account.map(|id| format!("{} ", output::plain(id)));
        let quantity = one.quantity.as_ref();
        let quantity = quantity.map(|figure| format!(", quantity {figure}"));
        output::line(format!(
            "other {}: {}{} {}{}, amount {} {}: {}",
            one.pass,
            account.unwrap_or_default(),
            output::plain(&one.sku),
            one.period,
            quantity.unwrap_or_default(),
            one.amount.as_deref().unwrap_or("not known"),
            one.currency,
            output::without_controls(&one.reason)
        ))?;
    }
    Ok(())
}

fn print_history(item: &Discrepancy, events: &[DiscrepancyEvent]) -> Result<(), Failure> {
    let mut history = Table::new(&[
        "at",
        "who",
        "what",
        "from",
        "to",
        "code",
        ">impact",
        ">outstanding",
        "note",
    ]);
    for event in events {
        let worth = event.worth.as_ref();
        let money = |amount| money_text(amount, item.currency);
        history.row(vec![
            event.at.to_string(),
            event.actor.clone(),
            event.action.clone(),
            event
                .from_state
                .map(|state| state.to_string())
                .unwrap_or_default(),
            event.to_state.to_string(),
            event.code.map(|code| code.to_string()).unwrap_or_default(),
            worth.map(|worth| money(worth.impact)).unwrap_or_default(),
            worth
                .map(|worth| money(worth.outstanding))
                .unwrap_or_default(),
            event.note.clone().unwrap_or_default(),
        ]);
    }
    output::line("")?;
    history.print("it has no history")
}
