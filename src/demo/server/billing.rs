//! The billing API: lists with a cursor, in the wire format of Stripe's API.

use axum::http::Method;
use serde_json::{Value, json};

use super::billing_events::events;
use super::billing_records as records;
use super::request::{Answer, Request};
use crate::demo::view::NightState;

const PAGE_DEFAULT: i64 = 10;
const PAGE_MAX: usize = 100;

/// Answers a request that passed the gate.
pub(super) fn answer(state: &NightState<'_>, request: &Request) -> Answer {
    let parts = request.parts();
    let answered = match (&request.method, parts.as_slice()) {
        (&Method::GET, ["v1", "invoices", invoice, "lines"]) => {
            records::invoice_lines(state, invoice)
                .ok_or_else(|| Refused::missing("id", "invoice", invoice))
                .and_then(|lines| list(request, "line item", lines))
        }
        (&Method::GET, ["v1", kind]) => match *kind {
            "customers" => list(request, "customer", records::customers(state)),
            "products" => list(request, "product", records::products()),
            "prices" => list(request, "price", records::prices(state)),
            "subscriptions" => subscriptions(state, request),
            "invoices" => invoices(state, request),
            "payment_intents" => list(request, "payment_intent", records::payments(state)),
            "invoice_payments" => {
                list(request, "invoice_payment", records::invoice_payments(state))
            }
            "events" => list(request, "event", events(state, &request.values("types[]"))),
            // Nothing was credited by a note of its own, given back or disputed in this world.
            "credit_notes" => list(request, "credit_note", Vec::new()),
            "refunds" => list(request, "refund", Vec::new()),
            "disputes" => list(request, "dispute", Vec::new()),
            _ => Err(Refused::Unknown),
        },
        (&Method::GET, ["v1", kind, id]) => one(state, kind, id),
        _ => Err(Refused::Unknown),
    };
    answered.unwrap_or_else(|refused| refused.answer(request))
}

// One object by its id.
fn one(state: &NightState<'_>, kind: &str, id: &str) -> Result<Answer, Refused> {
    let (all, noun) = match kind {
        "customers" => (records::customers(state), "customer"),
        "products" => (records::products(), "product"),
        "subscriptions" => (records::subscriptions(state), "subscription"),
        "invoices" => (records::invoices(state), "invoice"),
        "payment_intents" => (records::payments(state), "payment_intent"),
        "invoice_payments" => (records::invoice_payments(state), "invoice_payment"),
        _ => return Err(Refused::Unknown),
    };
    all.into_iter()
        .find(|object| object["id"].as_str() == Some(id))
        .map(Answer::ok)
        .ok_or_else(|| Refused::missing("id", noun, id))
}

enum Refused {
    Unknown,
    Missing {
        parameter: &'static str,
        message: String,
    },
    Invalid {
        parameter: String,
        message: String,
    },
}

impl Refused {
    fn missing(parameter: &'static str, kind: &str, id: &str) -> Self {
        Self::Missing {
            parameter,
            message: format!("No such {kind}: '{id}'"),
        }
    }

    fn answer(self, request: &Request) -> Answer {
        let (status, error) = match self {
            Self::Unknown => {
                let path = request.path.join("/");
                let message = format!("Unrecognized request URL ({}: /{path}).", request.method);
                (
                    404,
                    json!({ "type": "invalid_request_error", "message": message }),
                )
            }
            Self::Missing { parameter, message } => (
                404,
                json!({
                    "type": "invalid_request_error",
                    "code": "resource_missing",
                    "param": parameter,
                    "message": message,
                }),
            ),
            Self::Invalid { parameter, message } => (
                400,
                json!({
                    "type": "invalid_request_error",
                    "param": parameter,
                    "message": message,
                }),
            ),
        };
        Answer {
            status,
            body: json!({ "error": error }),
        }
    }
}

fn subscriptions(state: &NightState<'_>, request: &Request) -> Result<Answer, Refused> {
    // All of them are active; the word `all` only adds cancelled ones.
    let all = match request.value("status") {
        None | Some("all" | "active") => records::subscriptions(state),
        Some(_) => Vec::new(),
    };
    list(request, "subscription", all)
}

fn invoices(state: &NightState<'_>, request: &Request) -> Result<Answer, Refused> {
    let all = records::invoices(state)
        .into_iter()
        .filter(|invoice| {
            ["status", "customer"].into_iter().all(|key| {
                request
                    .value(key)
                    .is_none_or(|wanted| invoice[key].as_str() == Some(wanted))
            })
        })
        .collect();
    list(request, "invoice", all)
}

// The records come newest first. `starting_after` names the last one of the page before.
fn list(request: &Request, kind: &str, all: Vec<Value>) -> Result<Answer, Refused> {
    let limit = number(request, "limit")?.unwrap_or(PAGE_DEFAULT);
    let limit = usize::try_from(limit)
        .ok()
        .filter(|limit| (1..=PAGE_MAX).contains(limit))
        .ok_or_else(|| Refused::Invalid {
            parameter: "limit".into(),
            message: format!("This value must be between 1 and {PAGE_MAX}."),
        })?;
    let mut due = created_within(request, all)?.into_iter();
    if let Some(last) = request.value("starting_after") {
        due.by_ref()
            .find(|record| record["id"].as_str() == Some(last))
            .ok_or_else(|| Refused::missing("starting_after", kind, last))?;
    }
    let page: Vec<Value> = due.by_ref().take(limit).collect();
    Ok(Answer::ok(json!({
        "object": "list",
        "url": format!("/{}", request.path.join("/")),
        "has_more": due.next().is_some(),
        "data": page,
    })))
}

// Whether an instant, in seconds, keeps to a bound.
type Bound = fn(i64, i64) -> bool;

fn created_within(request: &Request, all: Vec<Value>) -> Result<Vec<Value>, Refused> {
    let mut kept = all;
    let bounds: [(&str, Bound); 4] = [
        ("created[gt]", |created, bound| created > bound),
        ("created[gte]", |created, bound| created >= bound),
        ("created[lt]", |created, bound| created < bound),
        ("created[lte]", |created, bound| created <= bound),
    ];
    for (key, is_within) in bounds {
        if let Some(bound) = number(request, key)? {
            kept.retain(|record| {
                record["created"]
                    .as_i64()
                    .is_some_and(|created| is_within(created, bound))
            });
        }
    }
    Ok(kept)
}

fn number(request: &Request, key: &str) -> Result<Option<i64>, Refused> {
    request.number(key).map_err(|text| Refused::Invalid {
        parameter: key.to_owned(),
        message: format!("Invalid integer: {text}"),
    })
}
