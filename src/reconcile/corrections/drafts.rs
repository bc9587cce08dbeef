//! The single acts: on which record of an item, which field, from what to what.

use rust_decimal::Decimal;

use crate::canonical::Entity;
use crate::config::Role;
use crate::money::{decimal_text, money_text};
use crate::reconcile::discrepancy::Side;

use super::correction::Act;
use super::propose::effect_of;
use super::records::{Records, System, number};

/// One act of it.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) act: Act,
    pub(super) system: Option<String>,
    pub(super) account_record: Option<String>,
    pub(super) entity: String,
    pub(super) record_id: Option<String>,
    pub(super) record_number: Option<String>,
    pub(super) field: String,
    pub(super) present: Option<String>,
    pub(super) proposed: Option<String>,
    pub(super) effect: Decimal,
}

/// An act on a record that is there.
fn on(records: &Records<'_>, act: Act, side: &Side, entity: Entity, field: &str) -> Draft {
    Draft {
        act,
        system: Some(side.source.clone()),
        account_record: records.account_in(&side.source),
        entity: entity.name().to_owned(),
        record_id: Some(side.id.clone()),
        record_number: Some(side.label.clone()),
        field: field.to_owned(),
        present: None,
        proposed: None,
        effect: Decimal::ZERO,
    }
}

/// A record that is missing in a system.
fn missing(system: System, entity: Entity, field: &str, proposed: String) -> Draft {
    Draft {
        act: Act::Create,
        system: system.name,
        account_record: system.account_record,
        entity: entity.name().to_owned(),
        record_id: None,
        record_number: None,
        field: field.to_owned(),
        present: None,
        proposed: Some(proposed),
        effect: Decimal::ZERO,
    }
}

/// What is left to be billed, or was billed too much, in words.
fn charge(records: &Records<'_>) -> String {
    let item = records.item;
    let amount = money_text(item.outstanding, item.currency);
    format!(
        "{} for {}: {amount} {}",
        item.sku, item.period, item.currency
    )
}

pub(super) fn missing_line(records: &Records<'_>) -> Draft {
    Draft {
        effect: effect_of(records.item),
        ..missing(
            records.system(Role::Billing),
            Entity::InvoiceLines,
            "net",
            charge(records),
        )
    }
}

pub(super) fn missing_contract(records: &Records<'_>) -> Draft {
    missing(
        records.system(Role::Crm),
        Entity::Contracts,
        "sku",
        charge(records),
    )
}

/// Lines taken back whole.
pub(super) fn credited(records: &Records<'_>, lines: &[&Side]) -> Vec<Draft> {
    let amounts: Vec<Option<Decimal>> = lines
        .iter()
        .map(|line| number(line.amount.as_ref()))
        .collect();
    let is_told = amounts.iter().all(Option::is_some);
    lines
        .iter()
        .zip(&amounts)
        .enumerate()
        .map(|(at, (line, amount))| {
            // What the lines do not tell themselves is told once.
            let whole = if at == 0 {
                effect_of(records.item)
            } else {
                Decimal::ZERO
            };
            let act = if records.is_issued(line) {
                Act::Credit
            } else {
                Act::Delete
            };
            Draft {
                present: line.amount.clone(),
                proposed: Some(money_text(Decimal::ZERO, records.item.currency)),
                effect: match amount {
                    Some(amount) if is_told => -*amount,
                    _ => whole,
                },
                ..on(records, act, line, Entity::InvoiceLines, "net")
            }
        })
        .collect()
}

pub(super) fn duplicates(records: &Records<'_>) -> Vec<Draft> {
    let copies = records.later_copies();
    if copies.is_empty() {
        return credited(
            records,
            &records.billed[records.billed.len().saturating_sub(1)..],
        );
    }
    // As many copies as the money of the item tells, the latest first.
    let mut left = records.item.outstanding;
    let mut taken = Vec::new();
    for copy in copies {
        let amount = number(copy.amount.as_ref()).unwrap_or_default();
        if taken.is_empty() || (amount > Decimal::ZERO && amount <= left) {
            left -= amount;
            taken.push(copy);
        }
    }
    credited(records, &taken)
}

/// The line that is changed where several make a unit: the one of the largest quantity, so that what
/// is left of it is no less than nothing.
fn largest<'a>(lines: &[&'a Side]) -> Option<(&'a Side, Decimal)> {
    lines
        .iter()
        .filter_map(|line| Some((*line, number(line.quantity.as_ref())?)))
        .max_by(|(one, first), (other, second)| {
            first.cmp(second).then_with(|| other.id.cmp(&one.id))
        })
}

/// Expected less actual quantity, where the item is about one.
fn short(records: &Records<'_>) -> Option<Decimal> {
    let item = records.item;
    if item.field != "quantity" {
        return None;
    }
    number(item.expected.as_ref())?.checked_sub(number(item.actual.as_ref())?)
}

pub(super) fn billed_quantity(records: &Records<'_>) -> Vec<Draft> {
    let Some(short) = short(records) else {
        return billed_amount(records, "net");
    };
    let Some((line, quantity)) = largest(&records.billed) else {
        return vec![missing_line(records)];
    };
    vec![Draft {
        present: Some(decimal_text(quantity)),
        proposed: Some(decimal_text(quantity + short)),
        effect: effect_of(records.item),
        ..on(records, Act::Update, line, Entity::InvoiceLines, "quantity")
    }]
}

pub(super) fn sold_quantity(records: &Records<'_>) -> Vec<Draft> {
    quantity_of(records, &records.contracts, Entity::Contracts)
}

pub(super) fn used_quantity(records: &Records<'_>) -> Vec<Draft> {
    quantity_of(records, &records.usage, Entity::Usage)
}

fn quantity_of(records: &Records<'_>, sides: &[&Side], entity: Entity) -> Vec<Draft> {
    let (Some(short), Some((side, quantity))) = (short(records), largest(sides)) else {
        return Vec::new();
    };
    vec![Draft {
        present: Some(decimal_text(quantity)),
        proposed: Some(decimal_text(quantity - short)),
        ..on(records, Act::Update, side, entity, "quantity")
    }]
}

pub(super) fn billed_prices(records: &Records<'_>) -> Vec<Draft> {
    let item = records.item;
    let Some(expected) = number(item.expected.as_ref()).filter(|_| item.field == "unit_price")
    else {
        return billed_amount(records, "net");
    };
    let wrong: Vec<&Side> = records
        .billed
        .iter()
        .copied()
        .filter(|line| number(line.unit_price.as_ref()) != Some(expected))
        .collect();
    let mut left = effect_of(item);
    let last = wrong.len().saturating_sub(1);
    wrong
        .iter()
        .enumerate()
        .map(|(at, line)| {
            let own = number(line.unit_price.as_ref())
                .zip(number(line.quantity.as_ref()))
                .and_then(|(price, quantity)| (expected - price).checked_mul(quantity));
            // The last one tells what is left, so that the parts add up.
            let effect = own.filter(|_| at < last).unwrap_or(left);
            left -= effect;
            Draft {
                present: line.unit_price.clone(),
                proposed: item.expected.clone(),
                effect,
                ..on(
                    records,
                    Act::Update,
                    line,
                    Entity::InvoiceLines,
                    "unit_price",
                )
            }
        })
        .collect()
}

pub(super) fn sold_price(records: &Records<'_>) -> Vec<Draft> {
    let item = records.item;
    if item.field != "unit_price" {
        return Vec::new();
    }
    let contract = records.contracts.first().copied();
    contract
        .map(|contract| Draft {
            present: contract.unit_price.clone(),
            proposed: item.actual.clone(),
            ..on(
                records,
                Act::Update,
                contract,
                Entity::Contracts,
                "unit_price",
            )
        })
        .into_iter()
        .collect()
}

/// The amount of the unit put right on its largest line: by a credit where too much was billed.
pub(super) fn billed_amount(records: &Records<'_>, field: &str) -> Vec<Draft> {
    let item = records.item;
    let amount = |line: &&&Side| number(line.amount.as_ref()).map(|amount| amount.abs());
    let Some(line) = records.billed.iter().max_by_key(amount) else {
        return vec![missing_line(records)];
    };
    let effect = effect_of(item);
    let is_credit = effect.is_sign_negative() && records.is_issued(line);
    let (present, proposed) = if field == "net" {
        let present = number(line.amount.as_ref());
        let proposed = present.and_then(|present| present.checked_add(effect));
        (
            line.amount.clone(),
            proposed.map(|amount| money_text(amount, item.currency)),
        )
    } else {
        (item.actual.clone(), item.expected.clone())
    };
    let act = if is_credit { Act::Credit } else { Act::Update };
    vec![Draft {
        present,
        proposed,
        effect,
        ..on(records, act, line, Entity::InvoiceLines, field)
    }]
}

/// A field that is wrong on every line.
pub(super) fn updated_lines(records: &Records<'_>, field: &str) -> Vec<Draft> {
    let item = records.item;
    records
        .billed
        .iter()
        .enumerate()
        .map(|(at, line)| Draft {
            present: item.actual.clone(),
            proposed: item.expected.clone(),
            effect: if at == 0 {
                effect_of(item)
            } else {
                Decimal::ZERO
            },
            ..on(records, Act::Update, line, Entity::InvoiceLines, field)
        })
        .collect()
}

pub(super) fn alias(records: &Records<'_>) -> Draft {
    let item = records.item;
    Draft {
        act: Act::Update,
        system: Some("crossfoot".into()),
        account_record: None,
        entity: "configuration".into(),
        record_id: item.actual.clone(),
        record_number: None,
        field: "reconcile.sku_aliases".into(),
        present: None,
        proposed: item.expected.clone(),
        effect: Decimal::ZERO,
    }
}

/// Both customers of a linked pair made one. It is told once, by the half that was billed.
pub(super) fn merged(records: &Records<'_>) -> Option<Draft> {
    let item = records.item;
    let (other, _) = records.linked_account()?;
    (!item.impact.is_sign_negative()).then(|| Draft {
        act: Act::Merge,
        system: Some("crossfoot".into()),
        account_record: None,
        entity: Entity::Accounts.name().to_owned(),
        record_id: Some(item.account.clone()),
        record_number: Some(item.account_name.clone()),
        field: "golden_id".into(),
        present: Some(item.account.clone()),
        proposed: Some(other.clone()),
        effect: Decimal::ZERO,
    })
}

pub(super) fn attribute(
    records: &Records<'_>,
    role: Role,
    present: Option<String>,
    proposed: Option<String>,
) -> Vec<Draft> {
    // A null never beats a value.
    if proposed.is_none() {
        return Vec::new();
    }
    let item = records.item;
    let system = records.system(role);
    let wanted = if role == Role::Crm { "base" } else { "peer" };
    let side = item.sides.iter().find(|side| side.side == wanted);
    let (name, id) = match side {
        Some(side) => (Some(side.source.clone()), Some(side.id.clone())),
        None => (system.name, system.account_record),
    };
    vec![Draft {
        act: Act::Update,
        account_record: name.as_deref().and_then(|name| records.account_in(name)),
        system: name,
        entity: side.map_or_else(
            || Entity::Accounts.name().to_owned(),
            |side| side.entity.clone(),
        ),
        record_id: id,
        record_number: side.map(|side| side.label.clone()),
        field: item.field.clone(),
        present,
        proposed,
        effect: Decimal::ZERO,
    }]
}

/// The service that nobody sold is stopped.
pub(super) fn stopped(records: &Records<'_>) -> Vec<Draft> {
    records
        .usage
        .iter()
        .map(|usage| Draft {
            present: usage.quantity.clone(),
            ..on(records, Act::Delete, usage, Entity::Usage, "quantity")
        })
        .collect()
}
