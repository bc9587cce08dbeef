//! The CRM's API: lists of objects, objects by their ids, and associations by ids, in the wire format
//! of HubSpot's dated API.

use axum::http::Method;
use serde_json::{Value, json};

use super::crm_records::{self, CrmRecord, ObjectType};
use super::crm_search;
use super::gate::CORRELATION;
use super::request::{Answer, Request};
use crate::demo::view::NightState;

const VERSION: &str = "2026-09";
const PAGE_DEFAULT: usize = 10;
const PAGE_MAX: usize = 100;
// HubSpot may answer fewer records than were asked for. Here it always does, so that a reader who
// takes a short page for the end is found out.
const PAGE_SERVED: usize = 25;
const BATCH_MAX: usize = 100;
const SEARCH_MAX: usize = 200;

/// Answers a request that passed the gate.
pub(super) fn answer(state: &NightState<'_>, request: &Request) -> Answer {
    let answered = match (&request.method, request.parts().as_slice()) {
        (&Method::GET, ["crm", "objects", VERSION, kind]) => list(state, request, kind),
        (&Method::POST, ["crm", "objects", VERSION, kind, "search"]) => {
            search(state, request, kind)
        }
        (&Method::POST, ["crm", "objects", VERSION, kind, "batch", "read"]) => {
            read_objects(state, request, kind)
        }
        (&Method::POST, ["crm", "associations", VERSION, from, to, "batch", "read"]) => {
            read_associations(state, request, from, to)
        }
        _ => Err(Refused::NotFound),
    };
    answered.unwrap_or_else(Refused::answer)
}

enum Refused {
    NotFound,
    Invalid(String),
}

impl Refused {
    fn answer(self) -> Answer {
        let (status, message, category) = match self {
            Self::NotFound => (404, "resource not found".to_owned(), "OBJECT_NOT_FOUND"),
            Self::Invalid(message) => (400, message, "VALIDATION_ERROR"),
        };
        let body = json!({
            "status": "error",
            "message": message,
            "correlationId": CORRELATION,
            "category": category,
        });
        Answer { status, body }
    }
}

fn object_type(name: &str) -> Result<ObjectType, Refused> {
    ObjectType::named(name)
        .ok_or_else(|| Refused::Invalid(format!("Unable to infer object type from: {name}")))
}

fn list(state: &NightState<'_>, request: &Request, kind: &str) -> Result<Answer, Refused> {
    let kind = object_type(kind)?;
    let invalid = |text| Refused::Invalid(format!("Invalid integer: {text}"));
    let limit = request
        .number("limit")
        .map_err(invalid)?
        .unwrap_or(PAGE_DEFAULT);
    if limit == 0 || limit > PAGE_MAX {
        let message = format!("Invalid limit: {limit}. Must be between 1 and {PAGE_MAX}");
        return Err(Refused::Invalid(message));
    }
    let after: Option<u64> = request.number("after").map_err(invalid)?;
    // Nothing was archived in this world.
    let mut records = if request.value("archived") == Some("true") {
        Vec::new()
    } else {
        crm_records::all(state, kind)
    };
    records.sort_by_key(|record| record.number);
    // `after` names the first record of the next page, as HubSpot's own cursors do.
    let mut due = records
        .iter()
        .filter(|record| after.is_none_or(|after| record.number >= after));
    let page: Vec<&CrmRecord> = due.by_ref().take(limit.min(PAGE_SERVED)).collect();
    let properties = asked(request, "properties");
    let associations = asked(request, "associations");
    let results: Vec<Value> = page
        .iter()
        .map(|record| record.wire(&properties, &associations))
        .collect();
    let mut body = json!({ "results": results });
    if let Some(next) = due.next() {
        let after = next.number.to_string();
        let link = format!(
            "{}/crm/objects/{VERSION}/{}?limit={limit}&after={after}",
            request.origin,
            kind.name()
        );
        body["paging"] = json!({ "next": { "after": after, "link": link } });
    }
    Ok(Answer::ok(body))
}

fn search(state: &NightState<'_>, request: &Request, kind: &str) -> Result<Answer, Refused> {
    let kind = object_type(kind)?;
    let body = parse(request)?;
    let limit = body["limit"].as_u64().unwrap_or(10);
    let limit = usize::try_from(limit)
        .ok()
        .filter(|limit| (1..=SEARCH_MAX).contains(limit))
        .ok_or_else(|| Refused::Invalid(format!("Invalid limit: {limit}")))?;
    let after = body["after"].as_str().unwrap_or("0");
    let after: usize = after
        .parse()
        .map_err(|_| Refused::Invalid(format!("Invalid integer: {after}")))?;
    if after + limit > crm_search::REACH {
        let message = format!("paging beyond {} is not supported", crm_search::REACH);
        return Err(Refused::Invalid(message));
    }
    let found = crm_search::search(crm_records::all(state, kind), &body);
    let found = found.map_err(Refused::Invalid)?;
    let properties = texts(&body["properties"]);
    let served = limit.min(PAGE_SERVED);
    let page = found.iter().skip(after).take(served);
    let results: Vec<Value> = page.map(|record| record.wire(&properties, &[])).collect();
    let mut answer = json!({ "total": found.len(), "results": results });
    if after + served < found.len() {
        answer["paging"] = json!({ "next": { "after": (after + served).to_string() } });
    }
    Ok(Answer::ok(answer))
}

fn texts(list: &Value) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

// A list in a query: separated by commas, repeated, or both.
fn asked(request: &Request, key: &str) -> Vec<String> {
    request
        .query
        .iter()
        .filter(|(name, _)| name == key)
        .flat_map(|(_, value)| value.split(','))
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

fn read_objects(state: &NightState<'_>, request: &Request, kind: &str) -> Result<Answer, Refused> {
    let kind = object_type(kind)?;
    let body = parse(request)?;
    let ids = inputs(&body)?;
    let properties = texts(&body["properties"]);
    let records = crm_records::all(state, kind);
    let mut results = Vec::new();
    let mut absent = Vec::new();
    for id in ids {
        match records
            .iter()
            .find(|record| record.number.to_string() == id)
        {
            Some(record) => results.push(record.wire(&properties, &[])),
            None => absent.push(id),
        }
    }
    let mut answer = batch(state, &results);
    if !absent.is_empty() {
        answer.status = 207;
        answer.body["numErrors"] = json!(1);
        answer.body["errors"] = json!([{
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "message": format!("Could not get some {}", kind.name()),
            "context": { "ids": absent },
        }]);
    }
    Ok(answer)
}

fn read_associations(
    state: &NightState<'_>,
    request: &Request,
    from: &str,
    to: &str,
) -> Result<Answer, Refused> {
    let (from, to) = (object_type(from)?, object_type(to)?);
    let body = parse(request)?;
    let records = crm_records::all(state, from);
    let mut results = Vec::new();
    let mut errors = Vec::new();
    for id in inputs(&body)? {
        let ends: Vec<Value> = records
            .iter()
            .filter(|record| record.number.to_string() == id)
            .flat_map(|record| record.associated(to))
            .map(|(end, type_id)| {
                let label = json!({
                    "category": "HUBSPOT_DEFINED", "typeId": type_id, "label": null,
                });
                json!({ "toObjectId": end, "associationTypes": [label] })
            })
            .collect();
        if ends.is_empty() {
            errors.push(json!({
                "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
                "message": format!("No {} is associated with {} {id}.", to.singular(), from.singular()),
                "context": { "fromObjectId": [id] },
            }));
        } else {
            results.push(json!({ "from": { "id": id }, "to": ends, "paging": {} }));
        }
    }
    let mut answer = batch(state, &results);
    if !errors.is_empty() {
        answer.status = 207;
        answer.body["numErrors"] = json!(errors.len());
        answer.body["errors"] = json!(errors);
    }
    Ok(answer)
}

fn batch(state: &NightState<'_>, results: &[Value]) -> Answer {
    let at = state.at().to_string();
    Answer::ok(json!({
        "status": "COMPLETE", "startedAt": at, "completedAt": at, "results": results,
    }))
}

fn parse(request: &Request) -> Result<Value, Refused> {
    serde_json::from_str(&request.body)
        .map_err(|_| Refused::Invalid("Invalid input JSON".to_owned()))
}

fn inputs(body: &Value) -> Result<Vec<String>, Refused> {
    let inputs = body["inputs"]
        .as_array()
        .ok_or_else(|| Refused::Invalid("Some required fields were not set: [inputs]".into()))?;
    if inputs.len() > BATCH_MAX {
        let message = format!("The maximum number of inputs is {BATCH_MAX}");
        return Err(Refused::Invalid(message));
    }
    inputs
        .iter()
        .map(|input| input["id"].as_str().map(str::to_owned))
        .collect::<Option<_>>()
        .ok_or_else(|| Refused::Invalid("Some required fields were not set: [id]".into()))
}
