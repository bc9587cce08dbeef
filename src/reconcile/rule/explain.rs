//! An item of a rule of one's own told in full: both legs column by column, the records behind them, and
//! what the tolerance of the measure that differs made of it.

use rust_decimal::Decimal;

use crate::canonical::parse_decimal;
use crate::fault::Failure;
use crate::reconcile::acceptance::{Acceptance, Measured};
use crate::reconcile::discrepancy::{Discrepancy, Side};
use crate::reconcile::engine::{LegRow, Session, UnitName};
use crate::reconcile::error::ReconcileError;
use crate::reconcile::explanation::{
    Explanation, FieldTold, RecordTold, accepted_by, joined, keys_of, tell_records,
};
use crate::reconcile::input::{ReconcileInput, WhichRule};
use crate::reconcile::version::rules_version;

use super::file::{Comparison, LegRows, RuleFile};
use super::judge::tolerance;
use super::legs::{Cut, query, shapes};
use super::measure::{Measure, MeasureType};
use super::run::entities_of;

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
    let session = Session::open(
        &entities_of(rule),
        &input.files,
        input.config.engine.memory_limit.0,
        input.spill_dir,
    )
    .await?;
    let legs = LegsTold::read(&session, input, rule, item).await?;
    let records = legs.records(&session, rule).await?;
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
        fields: legs.fields(),
        records,
        candidates: Vec::new(),
        accepted_by: accepted_by(&measures),
        tolerance: measures,
        not_accepted: not_accepted.map(str::to_owned),
    })
}

/// The rows of an item's unit on both sides.
struct LegsTold {
    base: (usize, Vec<LegRow>),
    peer: (usize, Vec<LegRow>),
}

impl LegsTold {
    async fn read(
        session: &Session,
        input: &ReconcileInput<'_>,
        rule: &RuleFile,
        item: &Discrepancy,
    ) -> Result<Self, ReconcileError> {
        let config = input.config;
        session.know_names_of(input).await?;
        let cut = Cut {
            period: input.period,
            zone: &input.zone,
            currency: config.company.currency,
        };
        let query = query(rule, cut)?;
        let shapes = shapes(session, rule, &query).await?;
        let unit = UnitName {
            account: &item.account,
            sku: &item.sku,
            currency: item.currency,
            record: item
                .sides
                .first()
                .filter(|_| !rule.key.is_empty())
                .map(|side| (side.source.as_str(), side.id.as_str())),
        };
        let (base, peer) = compared_legs(rule, item);
        Ok(Self {
            base: (
                base,
                session
                    .rule_unit_rows(&query, (base, &shapes[base]), unit)
                    .await?,
            ),
            peer: (
                peer,
                session
                    .rule_unit_rows(&query, (peer, &shapes[peer]), unit)
                    .await?,
            ),
        })
    }

    /// Every column that one of the legs has, with the values of both.
    fn fields(&self) -> Vec<FieldTold> {
        let rows = || self.base.1.iter().chain(&self.peer.1);
        let mut names: Vec<&String> = Vec::new();
        for name in rows().flat_map(|row| &row.values).map(|(name, _)| name) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let of = |rows: &[LegRow], name: &str| {
            let values = rows.iter().flat_map(|row| &row.values);
            joined(
                values
                    .filter(|(column, _)| column == name)
                    .map(|(_, value)| value.clone()),
            )
        };
        let told = names.into_iter().map(|name| FieldTold {
            field: name.clone().into(),
            expected: of(&self.base.1, name),
            billed: of(&self.peer.1, name),
            ..FieldTold::default()
        });
        told.collect()
    }

    /// The records that the rows are, with all that these say.
    async fn records(
        &self,
        session: &Session,
        rule: &RuleFile,
    ) -> Result<Vec<RecordTold>, ReconcileError> {
        let mut sides = Vec::new();
        for (name, (leg, rows)) in [("base", &self.base), ("peer", &self.peer)] {
            let LegRows::Entity { entity, .. } = &rule.legs[*leg].rows else {
                continue;
            };
            for (source, id) in rows.iter().filter_map(|row| row.origin.clone()) {
                sides.push(Side {
                    side: name.to_owned(),
                    source,
                    entity: entity.name().to_owned(),
                    label: id.clone(),
                    id,
                    quantity: None,
                    unit_price: None,
                    amount: None,
                });
            }
        }
        tell_records(session, &keys_of(&sides), &sides).await
    }
}

/// The legs of the comparison that an item is of: the first one that has a name for its kind and field.
fn compared_legs(rule: &RuleFile, item: &Discrepancy) -> (usize, usize) {
    let names = |one: &&Comparison| {
        let measures = one.measures.iter().map(|(_, named)| named);
        let fields = one.fields.iter().map(|(_, named)| named);
        [&one.base_only, &one.peer_only]
            .into_iter()
            .chain(measures)
            .chain(fields)
            .flatten()
            .any(|named| named.kind == item.kind && named.field == item.field)
    };
    let found = rule.comparisons.iter().find(names);
    let found = found.or(rule.comparisons.first());
    found.map_or((0, 1), |one| (one.base, one.peer))
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
