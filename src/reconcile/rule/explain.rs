//! An item of a rule of one's own told in full: its records, and what the tolerance of the measure that
//! differs made of it.

use rust_decimal::Decimal;

use crate::canonical::{Entity, parse_decimal};
use crate::fault::Failure;
use crate::reconcile::acceptance::{Acceptance, Measured};
use crate::reconcile::discrepancy::Discrepancy;
use crate::reconcile::engine::Session;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::explanation::{Explanation, accepted_by, keys_of, tell_records};
use crate::reconcile::input::{ReconcileInput, WhichRule};
use crate::reconcile::version::rules_version;

use super::file::RuleFile;
use super::judge::tolerance;
use super::measure::{Measure, MeasureType};

/// Tells an item in full, from the records as the input knows them.
pub async fn explain_rule(
    input: &ReconcileInput<'_>,
    rule: &RuleFile,
    item: &Discrepancy,
) -> Result<Explanation, Failure> {
    Ok(explain(input, rule, item).await?)
}

async fn explain(
    input: &ReconcileInput<'_>,
    rule: &RuleFile,
    item: &Discrepancy,
) -> Result<Explanation, ReconcileError> {
    let keys = keys_of(&item.sides);
    let entities: Vec<Entity> = keys.keys().copied().collect();
    let session = Session::open(
        &entities,
        &input.files,
        input.config.engine.memory_limit.0,
        input.spill_dir,
    )
    .await?;
    let records = tell_records(&session, &keys, &item.sides).await?;
    let differs = named_measure(rule, &item.field).zip(figures(item));
    let measures = match differs {
        Some((measure, (expected, actual))) => {
            let is_money = measure.kind != MeasureType::Number || measure.has_floor;
            let rows_of = |side: &str| item.sides.iter().filter(|one| one.side == side).count();
            let rows = rows_of("base").max(rows_of("peer"));
            let measured = Measured {
                measure: &measure.name,
                expected,
                actual,
                currency: is_money.then_some(item.currency),
                floor_lines: u64::try_from(rows).ok().filter(|_| measure.has_floor),
            };
            vec![Acceptance::of(tolerance(input.config, measure), &measured)?]
        }
        None => Vec::new(),
    };
    let not_accepted = if measures.is_empty() {
        Some("no tolerance decides what differs here")
    } else if measures.iter().all(|one| one.accepted) {
        Some("by the settings of now it is within tolerance, or another measure of it differs")
    } else {
        None
    };
    Ok(Explanation {
        as_of: input.as_of,
        rules_version: rules_version(input.config, WhichRule::File(rule)),
        fields: Vec::new(),
        records,
        candidates: Vec::new(),
        accepted_by: accepted_by(&measures),
        tolerance: measures,
        not_accepted: not_accepted.map(str::to_owned),
    })
}

/// The measure that an item shows as its field, under its own name or the one its kind gives it.
fn named_measure<'r>(rule: &'r RuleFile, field: &str) -> Option<&'r Measure> {
    let by_kind = rule.comparisons.iter().flat_map(|one| &one.measures);
    let mut by_kind =
        by_kind.filter(|(_, named)| named.as_ref().is_some_and(|named| named.field == field));
    let named = by_kind.next().and_then(|(at, _)| rule.measures.get(*at));
    named.or_else(|| rule.measures.iter().find(|measure| measure.name == field))
}

fn figures(item: &Discrepancy) -> Option<(Decimal, Decimal)> {
    let expected = parse_decimal(item.expected.as_deref()?).ok()?;
    let actual = parse_decimal(item.actual.as_deref()?).ok()?;
    Some((expected, actual))
}
