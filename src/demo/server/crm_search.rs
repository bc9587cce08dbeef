//! The CRM's search: filters on when an object changed and on its id, in the order of the ids, and
//! never more than so many rows of one search.

use jiff::Timestamp;
use serde_json::Value;

use super::crm_records::CrmRecord;

/// So far one search can be paged through.
pub(super) const REACH: usize = 10_000;

/// A filter, made ready.
struct Filter {
    of_change: bool,
    low: i128,
    high: i128,
}

/// The records that a search's filters let pass, in the order of their ids; otherwise what is wrong
/// with them.
pub(super) fn search(records: Vec<CrmRecord>, body: &Value) -> Result<Vec<CrmRecord>, String> {
    let groups = body["filterGroups"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let groups: Vec<Vec<Filter>> = groups
        .iter()
        .map(|group| {
            let filters = group["filters"].as_array().into_iter().flatten();
            filters.map(filter).collect()
        })
        .collect::<Result<_, _>>()?;
    let mut found: Vec<CrmRecord> = records
        .into_iter()
        .filter(|record| {
            let passes = |filters: &Vec<Filter>| filters.iter().all(|one| one.lets_pass(record));
            groups.is_empty() || groups.iter().any(passes)
        })
        .collect();
    found.sort_by_key(|record| record.number);
    Ok(found)
}

fn filter(filter: &Value) -> Result<Filter, String> {
    let property = filter["propertyName"].as_str().unwrap_or_default();
    let of_change = match property {
        "hs_lastmodifieddate" => true,
        "hs_object_id" => false,
        _ => return Err(format!("Property {property} cannot be filtered by")),
    };
    let value = bound(&filter["value"])?;
    let (low, high) = match filter["operator"].as_str().unwrap_or_default() {
        "BETWEEN" => (value, bound(&filter["highValue"])?),
        "GT" => (value + 1, i128::MAX),
        "GTE" => (value, i128::MAX),
        "LT" => (i128::MIN, value - 1),
        "LTE" => (i128::MIN, value),
        "EQ" => (value, value),
        other => return Err(format!("Invalid operator: {other}")),
    };
    Ok(Filter {
        of_change,
        low,
        high,
    })
}

/// A number, or an instant in milliseconds.
fn bound(value: &Value) -> Result<i128, String> {
    let text = value.as_str().unwrap_or_default();
    let instant = || -> Option<i128> {
        let instant: Timestamp = text.parse().ok()?;
        Some(i128::from(instant.as_millisecond()))
    };
    text.parse()
        .ok()
        .or_else(instant)
        .ok_or_else(|| format!("Invalid value: {value}"))
}

impl Filter {
    fn lets_pass(&self, record: &CrmRecord) -> bool {
        let own = if self.of_change {
            i128::from(record.updated_at().as_millisecond())
        } else {
            i128::from(record.number)
        };
        (self.low..=self.high).contains(&own)
    }
}
