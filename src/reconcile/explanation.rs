//! An item told in full: both sides field by field, the records with their own numbers, and what the
//! tolerances made of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use crate::canonical::{Entity, Record, Value};
use crate::money::decimal_text;

use super::acceptance::Acceptance;
use super::discrepancy::{Candidate, Side};
use super::engine::Session;
use super::error::ReconcileError;

/// How many different values of a field are told, at most.
const VALUES_MAX: usize = 5;

/// An item told in full, from the records as they were known at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The instant.
    pub as_of: Timestamp,
    /// Digest of the rules and settings of now, by which the tolerances are told.
    pub rules_version: String,
    /// Both sides, field by field.
    pub fields: Vec<FieldTold>,
    /// The records on both sides.
    pub records: Vec<RecordTold>,
    /// Where several units of other currencies could be its other side: these units.
    pub candidates: Vec<Candidate>,
    /// The measures that were compared, each with its tolerance.
    pub tolerance: Vec<Acceptance>,
    /// The smallest tolerance that would have accepted it, on one line.
    pub accepted_by: Option<String>,
    /// Why no tolerance is told.
    pub not_accepted: Option<String>,
}

/// One field of a unit, by leg. Several values stand beside each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FieldTold {
    /// The field's name.
    pub field: &'static str,
    /// What the contracts say.
    pub contract: Option<String>,
    /// What the usage says.
    pub usage: Option<String>,
    /// What vendors count.
    pub vendor: Option<String>,
    /// What the rule makes of these.
    pub expected: Option<String>,
    /// What was billed.
    pub billed: Option<String>,
}

/// One record with the numbers of its own source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordTold {
    /// `base`, `peer`, or absent for a record that only belongs to one of these: an invoice.
    pub side: Option<String>,
    /// The source's name.
    pub source: String,
    /// The entity's name.
    pub entity: &'static str,
    /// The id within the source.
    pub id: String,
    /// Its fields, those that are present.
    pub fields: BTreeMap<&'static str, String>,
}

/// Which records to tell, by entity.
pub(crate) type RecordKeys = BTreeMap<Entity, BTreeSet<(String, String)>>;

/// The keys of the records that an item names.
pub(crate) fn keys_of(sides: &[Side]) -> RecordKeys {
    let mut keys = RecordKeys::new();
    for side in sides {
        if let Ok(entity) = side.entity.parse::<Entity>() {
            let key = (side.source.clone(), side.id.clone());
            keys.entry(entity).or_default().insert(key);
        }
    }
    keys
}

/// Reads records and tells them.
pub(crate) async fn tell_records(
    session: &Session,
    keys: &RecordKeys,
    sides: &[Side],
) -> Result<Vec<RecordTold>, ReconcileError> {
    let mut told = Vec::new();
    for (entity, keys) in keys {
        for record in session.records_named(*entity, keys).await? {
            told.push(tell(&record, sides));
        }
    }
    Ok(told)
}

fn tell(record: &Record, sides: &[Side]) -> RecordTold {
    let entity = record.entity.name();
    let side = sides.iter().find(|side| {
        side.entity == entity && side.source == record.source() && side.id == record.id()
    });
    let fields = record
        .entity
        .columns()
        .map(|column| column.name)
        .filter(|name| !matches!(*name, "source" | "id" | "deleted"))
        .filter_map(|name| Some((name, value_text(record.get(name)?))))
        .collect();
    RecordTold {
        side: side.map(|side| side.side.clone()),
        source: record.source().to_owned(),
        entity,
        id: record.id().to_owned(),
        fields,
    }
}

fn value_text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::List(texts) => texts.join(" / "),
        Value::Decimal(number) => decimal_text(*number),
        Value::Date(day) => day.to_string(),
        Value::Instant(instant) => instant.to_string(),
        Value::Bool(flag) => flag.to_string(),
    }
}

/// The different values of a field beside each other; `None` where there is none.
pub(crate) fn joined(values: impl IntoIterator<Item = String>) -> Option<String> {
    let mut distinct: Vec<String> = Vec::new();
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    if distinct.len() > VALUES_MAX {
        let more = distinct.len() - VALUES_MAX;
        distinct.truncate(VALUES_MAX);
        distinct.push(format!("and {more} more"));
    }
    (!distinct.is_empty()).then(|| distinct.join(" / "))
}

/// The smallest tolerance that would have accepted all measures, on one line.
pub(crate) fn accepted_by(tolerance: &[Acceptance]) -> Option<String> {
    let lines: Vec<String> = tolerance
        .iter()
        .filter_map(Acceptance::smallest_line)
        .collect();
    (!lines.is_empty()).then(|| lines.join("; and "))
}
