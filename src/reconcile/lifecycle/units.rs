//! The units behind the items: how an outcome found them, and what that leaves of an item's money.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::currency::Currency;
use crate::reconcile::account_fields::ACCOUNT_RULE;
use crate::reconcile::billing::BILLING_RULE;
use crate::reconcile::discrepancy::{Discrepancy, Kind, Side};
use crate::reconcile::outcome::{Finding, Outcome};
use crate::reconcile::worth::{Amounts, Off, Standing};

/// The units that a book has items of, as (account, product).
pub fn watched_units(standing: &[Discrepancy]) -> BTreeSet<(String, String)> {
    standing
        .iter()
        .map(|item| (item.account.clone(), item.sku.clone()))
        .collect()
}

/// The records that a book has items of, as (source, id), where the units of its rule are records;
/// `None` where they are not all.
pub fn watched_records(standing: &[Discrepancy]) -> Option<BTreeSet<(String, String)>> {
    let records = standing.iter().map(|item| {
        let (source, id) = record_of(&item.rule, &item.sides)?;
        Some((source.to_owned(), id.to_owned()))
    });
    records.collect()
}

/// The units of standing items that an outcome could not decide: they are unknown or not due yet, or
/// they were not seen while some source is blind. They are in no figure until they are decided.
pub fn undecided_units(outcome: &Outcome, standing: &[Discrepancy]) -> Vec<(String, String)> {
    if standing.is_empty() {
        return Vec::new();
    }
    let undecided: BTreeSet<(&str, &str)> = keys(&outcome.unknown_units)
        .into_iter()
        .chain(keys(&outcome.timing_units))
        .collect();
    let seen: Option<BTreeSet<(&str, &str)>> = outcome.seen_units.as_deref().map(keys);
    let found: BTreeSet<(&str, &str)> = outcome
        .findings
        .iter()
        .map(|finding| (finding.account.id.as_str(), finding.sku.as_str()))
        .collect();
    watched_units(standing)
        .into_iter()
        .filter(|(account, sku)| {
            let key = (account.as_str(), sku.as_str());
            let is_hidden = seen.as_ref().is_some_and(|seen| !seen.contains(&key));
            !found.contains(&key) && (undecided.contains(&key) || is_hidden)
        })
        .collect()
}

/// Units as they are looked up.
pub(super) fn keys(units: &[(String, String)]) -> BTreeSet<(&str, &str)> {
    units
        .iter()
        .map(|(account, sku)| (account.as_str(), sku.as_str()))
        .collect()
}

/// Account, product and currency; of a rule whose units are records, source and id of the record too.
pub(super) type UnitKey<'a> = (&'a str, &'a str, Currency, RecordKey<'a>);

/// Source and id of a record, where the unit is one.
pub(super) type RecordKey<'a> = Option<(&'a str, &'a str)>;

/// The record that an item or a finding of a rule is. The unit of the billing rule is the product,
/// whatever records it is made of, and that of the rule of accounts is the customer.
pub(super) fn record_of<'a>(rule: &str, sides: &'a [Side]) -> RecordKey<'a> {
    let is_record = rule != BILLING_RULE && rule != ACCOUNT_RULE;
    let side = sides.first().filter(|_| is_record)?;
    Some((&side.source, &side.id))
}

/// The unit of a finding of a rule.
pub(super) fn unit_of<'a>(rule: &str, finding: &'a Finding) -> UnitKey<'a> {
    (
        &finding.account.id,
        &finding.sku,
        finding.currency,
        record_of(rule, &finding.sides),
    )
}

/// Its amounts.
pub(super) fn amounts_of(finding: &Finding) -> Amounts {
    Amounts {
        expected: finding.unit_expected,
        actual: finding.unit_actual,
    }
}

/// How the outcome found the units of findings and of standing items; `None` for one that it could
/// not decide.
pub(super) fn units_seen(outcome: &Outcome) -> BTreeMap<UnitKey<'_>, Option<(Amounts, Standing)>> {
    let seen = outcome.watched.iter().map(|unit| {
        let standing = if unit.is_discrepant {
            Standing::Differs
        } else {
            Standing::Agrees
        };
        let record = unit.record.as_ref();
        let key = (
            unit.account.as_str(),
            unit.sku.as_str(),
            unit.currency,
            record.map(|(source, id)| (source.as_str(), id.as_str())),
        );
        (key, unit.is_decided.then_some((unit.amounts, standing)))
    });
    let found = outcome.findings.iter().map(|finding| {
        let found = (amounts_of(finding), Standing::Differs);
        (unit_of(&outcome.rule, finding), Some(found))
    });
    seen.chain(found).collect()
}

/// The money of the findings that no item stands for, by unit.
pub(super) fn new_parts<'a>(
    rule: &str,
    findings: &'a [Finding],
    new: &[usize],
) -> BTreeMap<UnitKey<'a>, Decimal> {
    let mut parts: BTreeMap<UnitKey<'a>, Decimal> = BTreeMap::new();
    for finding in new.iter().map(|at| &findings[*at]) {
        if finding.kind != Kind::Tax {
            *parts.entry(unit_of(rule, finding)).or_default() += finding.impact;
        }
    }
    parts
}

/// Says what is left of an item's impact, and what later billing took off. What is off on the other
/// side by now leaves nothing of it.
pub(super) fn settle(item: &mut Discrepancy, present: Decimal) {
    let off = Off::of(item.impact);
    let largest = item.impact.abs();
    item.outstanding = if Off::of(present) == off {
        present.abs().min(largest)
    } else {
        Decimal::ZERO
    };
    let taken_off = largest - item.outstanding;
    let withdrawn = if item.kind == Kind::Tax {
        Decimal::ZERO
    } else {
        item.unit.found(off, Decimal::ZERO).withdrawn
    };
    item.recovered = taken_off - taken_off.min(withdrawn);
}

/// The part of an impact that belongs to new items of the same unit: no more than what the item's
/// own cause leaves of it, and nothing that is off on the other side.
pub(super) fn given_away(impact: Decimal, present: Decimal, part: Option<Decimal>) -> Decimal {
    let Some(part) = part.filter(|part| Off::of(*part) == Off::of(impact)) else {
        return Decimal::ZERO;
    };
    let own = if Off::of(present) == Off::of(impact) {
        present.abs()
    } else {
        Decimal::ZERO
    };
    let size = part.abs().min(impact.abs() - own);
    if impact.is_sign_negative() {
        -size
    } else {
        size
    }
}
