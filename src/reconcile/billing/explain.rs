//! An item of the rule told in full: its unit is built once more from the records as they were known,
//! by the same steps that found it.

use std::collections::{BTreeMap, BTreeSet};

use crate::canonical::Entity;
use crate::fault::Failure;
use crate::money::{decimal_text, money_text};
use crate::reconcile::acceptance::{Acceptance, Measured};
use crate::reconcile::discrepancy::{Candidate, Discrepancy, Kind};
use crate::reconcile::error::ReconcileError;
use crate::reconcile::explanation::{Explanation, accepted_by, keys_of, tell_records};
use crate::reconcile::input::ReconcileInput;
use crate::reconcile::legs::{BilledLine, LegGroup, UnitRecords};

use super::blind::Blindness;
use super::currencies::pair_currencies;
use super::fields::{Legs, fields_of};
use super::ground::Ground;
use super::judge::{Difference, difference_of};
use super::run::{BILLING_RULE, invoice_gaps};
use super::settings::{Settings, rules_digest};
use super::severity::SeverityScale;
use super::unit::{Unit, build_units};

/// How many invoices are told, at most.
const INVOICES_MAX: usize = 50;

/// Tells an item in full, from the records as the input knows them.
pub async fn explain_billing(
    input: &ReconcileInput<'_>,
    item: &Discrepancy,
) -> Result<Explanation, Failure> {
    Ok(explain(input, item).await?)
}

async fn explain(
    input: &ReconcileInput<'_>,
    item: &Discrepancy,
) -> Result<Explanation, ReconcileError> {
    let config = input.config;
    let ground = Ground::open(input).await?;
    let Ground {
        session,
        settings,
        scope,
        ..
    } = &ground;
    let scale = SeverityScale::new(config, &ground.rates);
    let mut context = ground.context(input, &scale, Blindness::default());
    let nearby = scope.reaching(context.reach());
    context.invoice_taxes = invoice_gaps(session, &nearby, settings).await?;

    let keys = units_of(item);
    let mut groups: BTreeMap<(String, String), LegGroup> = BTreeMap::new();
    session
        .billing_legs(scope, Some(&keys), |group| {
            groups.insert((group.account.clone(), group.sku.clone()), group);
            Ok(())
        })
        .await?;
    let records = session.unit_records(&nearby, &keys).await?;
    let own_key = (item.account.clone(), item.sku.clone());
    let none = UnitRecords::default();
    let own_records = records.get(&own_key).unwrap_or(&none);
    let lines: Vec<&BilledLine> = own_records
        .lines
        .iter()
        .filter(|line| line.offset == 0 && line.currency == item.currency)
        .collect();
    let mut tolerance = Vec::new();
    let mut own_unit = None;
    let mut candidates = Vec::new();
    if let Some(group) = groups.get(&own_key) {
        let mut built = build_units(group, &context)?;
        pair_currencies(&mut built, &context)?;
        let (own, others): (Vec<Unit>, Vec<Unit>) = built
            .units
            .into_iter()
            .partition(|unit| unit.currency == item.currency);
        let unit = own.into_iter().next();
        if let Some(unit) = &unit {
            let difference = difference_of(group, unit, &lines, &context)?;
            tolerance = measures(unit, &difference, settings)?;
            candidates = rivals(unit, &others, item);
        }
        own_unit = unit;
    }
    let mut record_keys = keys_of(&item.sides);
    let legs = Legs {
        item,
        unit: own_unit.as_ref(),
        groups: groups.values().collect(),
        records: records.values().collect(),
    };
    let contracts = record_keys.entry(Entity::Contracts).or_default();
    contracts.extend(
        legs.contracts()
            .map(|row| (row.source.clone(), row.id.clone())),
    );
    let invoices = record_keys.entry(Entity::Invoices).or_default();
    invoices.extend(
        legs.lines()
            .map(|line| (line.source.clone(), line.invoice_id.clone()))
            .take(INVOICES_MAX),
    );
    let told = tell_records(session, &record_keys, &item.sides).await?;
    let not_accepted = why_not(item.kind, own_unit.as_ref(), &tolerance);
    Ok(Explanation {
        as_of: input.as_of,
        rules_version: rules_digest(config, BILLING_RULE),
        fields: fields_of(&legs, &told)?,
        records: told,
        candidates,
        accepted_by: accepted_by(&tolerance).filter(|_| not_accepted.is_none()),
        tolerance,
        not_accepted: not_accepted.map(str::to_owned),
    })
}

/// The account and product of an item's unit, and of the unit that a bill under another product took.
fn units_of(item: &Discrepancy) -> BTreeSet<(String, String)> {
    let taken = item
        .expected
        .clone()
        .filter(|_| item.kind == Kind::WrongCode);
    std::iter::once(item.sku.clone())
        .chain(taken)
        .map(|sku| (item.account.clone(), sku))
        .collect()
}

/// The units of other currencies that could be the other side of an ambiguous one.
fn rivals(unit: &Unit, others: &[Unit], item: &Discrepancy) -> Vec<Candidate> {
    let is_billed = |one: &Unit| one.billed.line_count > 0;
    let candidate = |other: &Unit| {
        let (quantity, amount) = if is_billed(other) {
            (other.billed.quantity, other.billed.net)
        } else {
            let expected = other.expected.as_ref();
            (
                expected.and_then(|one| one.quantity),
                other.expected_amount(),
            )
        };
        Candidate {
            pass: "currency".into(),
            account: None,
            sku: item.sku.clone(),
            period: item.period,
            currency: other.currency,
            quantity: quantity.map(decimal_text),
            amount: Some(money_text(amount, other.currency)),
            reason: "others match as well, or it matches others".into(),
        }
    };
    others
        .iter()
        .filter(|other| unit.is_ambiguous && other.is_ambiguous)
        .filter(|other| is_billed(other) != is_billed(unit))
        .map(candidate)
        .collect()
}

fn measures(
    unit: &Unit,
    difference: &Difference,
    settings: &Settings<'_>,
) -> Result<Vec<Acceptance>, ReconcileError> {
    let lines = Some(unit.billed.line_count);
    let amount = Measured {
        measure: "amount",
        expected: unit.expected_amount(),
        actual: unit.billed.net,
        currency: Some(unit.currency),
        floor_lines: lines,
    };
    let mut told = vec![Acceptance::of(settings.amount_tolerance(), &amount)?];
    // A vendor's count is compared with what was billed, which is the expected figure there.
    let vended = difference.vended.map(|gap| (gap.billed, gap.vended));
    for (expected, actual) in difference.quantities.into_iter().chain(vended) {
        let quantity = Measured {
            measure: "quantity",
            expected,
            actual,
            currency: None,
            floor_lines: None,
        };
        told.push(Acceptance::of(settings.quantity_tolerance(), &quantity)?);
    }
    if let Some(gap) = difference.tax {
        let tax = Measured {
            measure: "tax",
            expected: gap.expected,
            actual: gap.actual,
            ..amount
        };
        told.push(Acceptance::of(settings.tax_tolerance(), &tax)?);
    }
    Ok(told)
}

/// Why no tolerance would have accepted an item, where that is so.
fn why_not(kind: Kind, unit: Option<&Unit>, tolerance: &[Acceptance]) -> Option<&'static str> {
    match kind {
        Kind::WrongCode => {
            Some("it is billed under another product, which is no matter of amounts")
        }
        Kind::CustomerMismatch => Some("another customer is billed, which is no matter of amounts"),
        Kind::PeriodCutoff => Some("it is billed in another period, which is no matter of amounts"),
        _ => match unit {
            None => Some("nothing is sold, used or billed of it in these records"),
            Some(unit) if unit.sold_in.is_some() => {
                Some("it is billed in another currency, which is no matter of amounts")
            }
            Some(unit) if unit.is_orphan => {
                Some("usage that nobody sold or billed is told whatever it costs")
            }
            Some(_) if tolerance.iter().all(|one| one.accepted) => {
                Some("in these records and by the settings of now it is within tolerance")
            }
            Some(_) => None,
        },
    }
}
